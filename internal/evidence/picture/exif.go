package picture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation reads how a camera was held, 1 to 8, from a JPEG's EXIF segment (TIFF tag 0x0112); 1 when it doesn't say.
func orientation(jpeg []byte) int {
	for at := 2; at+4 <= len(jpeg) && jpeg[at] == 0xFF; {
		marker, length := jpeg[at+1], int(binary.BigEndian.Uint16(jpeg[at+2:]))
		if marker == 0xDA || length < 2 || at+2+length > len(jpeg) {
			break
		}
		if segment := jpeg[at+4 : at+2+length]; marker == 0xE1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		at += 2 + length
	}
	return 1
}

func tiffOrientation(b []byte) int {
	var order binary.ByteOrder
	switch {
	case len(b) < 8:
		return 1
	case b[0] == 'I' && b[1] == 'I':
		order = binary.LittleEndian
	case b[0] == 'M' && b[1] == 'M':
		order = binary.BigEndian
	default:
		return 1
	}
	start := int64(order.Uint32(b[4:]))
	if start+2 > int64(len(b)) {
		return 1
	}
	entries := b[start+2:]
	for range order.Uint16(b[start:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == 0x0112 {
			if v := int(order.Uint16(entries[8:])); v >= 1 && v <= 8 {
				return v
			}
			break
		}
		entries = entries[12:]
	}
	return 1
}

// upright undoes how the camera was held.
func upright(m image.Image, held int) image.Image {
	switch held {
	case 2:
		return mirror(m)
	case 3:
		return turn(m, 180)
	case 4:
		return turn(mirror(m), 180)
	case 5:
		return turn(mirror(m), 270)
	case 6:
		return turn(m, 90)
	case 7:
		return turn(mirror(m), 90)
	case 8:
		return turn(m, 270)
	}
	return m
}

func mirror(m image.Image) image.Image {
	in := canvas(m)
	w, h := in.Rect.Dx(), in.Rect.Dy()
	out := image.NewRGBA(in.Rect)
	for y := range h {
		for x := range w {
			from, to := in.PixOffset(x, y), out.PixOffset(w-1-x, y)
			copy(out.Pix[to:to+4], in.Pix[from:from+4])
		}
	}
	return out
}
