package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/zhisu/zhisu/internal/evidence/picture"
)

// marked is a picture whose top left quarter is red.
func marked(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{250, 250, 250, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{220, 20, 20, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// noise does not compress.
func noise(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32()) | 1
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif puts an EXIF segment with an orientation, and a place, into a JPEG.
func withExif(jpg []byte, orientation uint16, order binary.ByteOrder) []byte {
	var tiff bytes.Buffer
	if order == binary.BigEndian {
		tiff.WriteString("MM")
	} else {
		tiff.WriteString("II")
	}
	put := func(v any) { _ = binary.Write(&tiff, order, v) }
	put(uint16(42))
	put(uint32(8))
	put(uint16(2))
	for _, e := range []struct {
		tag, kind uint16
		n         uint32
		v         uint16
	}{{0x010F, 2, 4, 0}, {0x0112, 3, 1, orientation}} {
		put(e.tag)
		put(e.kind)
		put(e.n)
		put(e.v)
		put(uint16(0))
	}
	put(uint32(0))
	tiff.WriteString("GPS 30.2741N")
	seg := append([]byte("Exif\x00\x00"), tiff.Bytes()...)
	out := append([]byte{}, jpg[:2]...)
	out = append(out, 0xFF, 0xE1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(seg)+2))
	return append(append(out, seg...), jpg[2:]...)
}

func open(t *testing.T, p picture.Picture) image.Image {
	t.Helper()
	m, format, err := image.Decode(bytes.NewReader(p.Content))
	if err != nil || "image/"+format != p.ContentType || m.Bounds().Dx() != p.Width || m.Bounds().Dy() != p.Height {
		t.Fatalf("%s %d×%d: %v", format, p.Width, p.Height, err)
	}
	return m
}

func red(m image.Image, x, y int) bool {
	r, g, _, _ := m.At(x, y).RGBA()
	return r>>8 > 180 && g>>8 < 90
}

func TestWhatIsTakenIsUprightAndWithoutMetadata(t *testing.T) {
	jpg := asJPEG(t, marked(64, 32))
	// Where the red quarter of the stored pixels is after turning it upright: left or right, top or bottom.
	for held, want := range map[uint16][2]int{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, original, err := picture.Prepare(withExif(jpg, held, order))
			if err != nil || original != "image/jpeg" {
				t.Fatalf("%d: %s %v", held, original, err)
			}
			if bytes.Contains(p.Content, []byte("Exif")) || bytes.Contains(p.Content, []byte("GPS")) {
				t.Errorf("%d: metadata is left", held)
			}
			m := open(t, p)
			if turned := held >= 5; turned != (p.Height > p.Width) {
				t.Errorf("%d: %d×%d", held, p.Width, p.Height)
			}
			x, y := p.Width/4+want[0]*p.Width/2, p.Height/4+want[1]*p.Height/2
			if !red(m, x, y) || red(m, p.Width-1-x, p.Height-1-y) {
				t.Errorf("held %d: the red quarter is not at %v", held, want)
			}
		}
	}
}

func TestEveryKindIsTakenByItsContent(t *testing.T) {
	var g bytes.Buffer
	if err := gif.Encode(&g, marked(40, 30), nil); err != nil {
		t.Fatal(err)
	}
	// The smallest lossless WebP: one pixel (RIFF, VP8L).
	webp := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")
	for kind, raw := range map[string][]byte{"image/png": asPNG(t, marked(40, 30)), "image/jpeg": asJPEG(t, marked(40, 30)), "image/gif": g.Bytes(), "image/webp": webp} {
		p, original, err := picture.Prepare(raw)
		if err != nil || original != kind {
			t.Errorf("%s: taken as %s, %v", kind, original, err)
			continue
		}
		open(t, p)
	}
}

func TestLargePicturesShrinkUntilWeChatTakesThem(t *testing.T) {
	for name, raw := range map[string][]byte{"a noisy screenshot": asPNG(t, noise(1100, 900)), "a photo": asJPEG(t, noise(3400, 400))} {
		p, _, err := picture.Prepare(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(p.Content) > picture.MaxStored || p.ContentType != "image/jpeg" || max(p.Width, p.Height) > 3200 {
			t.Errorf("%s: %d bytes, %s, %d×%d", name, len(p.Content), p.ContentType, p.Width, p.Height)
		}
		open(t, p)
	}
	sharp, _, err := picture.Prepare(asPNG(t, marked(1200, 900)))
	if err != nil || sharp.ContentType != "image/png" || sharp.Width != 1200 {
		t.Errorf("a small screenshot became %s of %d, %v", sharp.ContentType, sharp.Width, err)
	}
}

// bomb claims a size in a few bytes.
func bomb(w, h uint32) []byte {
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	head = append(head, 8, 6, 0, 0, 0)
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

func TestWhatIsRefused(t *testing.T) {
	jpg := asJPEG(t, marked(300, 300))
	for name, c := range map[string]struct {
		raw  []byte
		want *picture.Refused
	}{
		"nothing":          {nil, picture.ErrType},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), picture.ErrType},
		"HTML":             {[]byte("<!doctype html><html></html>"), picture.ErrType},
		"PDF":              {[]byte("%PDF-1.7\n"), picture.ErrType},
		"a bomb":           {bomb(60_000, 60_000), picture.ErrPixels},
		"no pixels":        {bomb(0, 10), picture.ErrBroken},
		"half a file":      {jpg[:len(jpg)/2], picture.ErrBroken},
		"too many bytes":   {append(jpg, make([]byte, picture.MaxUpload)...), picture.ErrSize},
		"a head and noise": {append(bomb(100, 100), []byte("garbage")...), picture.ErrBroken},
	} {
		_, _, err := picture.Prepare(c.raw)
		var r *picture.Refused
		if !errors.As(err, &r) || r.Code != c.want.Code || r.Text == "" {
			t.Errorf("%s: %v, want %s", name, err, c.want.Code)
		}
	}
}

func TestHidingLeavesNothingToRead(t *testing.T) {
	// Two pictures that say different things with the same amount of ink look alike afterwards, to one step of brightness.
	text := func(dark bool) []byte {
		m := marked(200, 100)
		for y := 60; y < 80; y++ {
			for x := 110; x < 190; x++ {
				if ((x/4+y/4)%2 == 0) == dark {
					m.SetRGBA(x, y, color.RGBA{0, 0, 0, 255})
				}
			}
		}
		return asPNG(t, m)
	}
	hidden := func(raw []byte) image.Image {
		p, err := picture.Edit(raw, 0, []picture.Region{{X: 100, Y: 55, Width: 100, Height: 30}})
		if err != nil {
			t.Fatal(err)
		}
		return open(t, p)
	}
	a, b := hidden(text(true)), hidden(text(false))
	colours := map[color.Color]bool{}
	for y := 55; y < 85; y++ {
		for x := 100; x < 200; x++ {
			r1, _, _, _ := a.At(x, y).RGBA()
			r2, _, _, _ := b.At(x, y).RGBA()
			if d := int(r1>>8) - int(r2>>8); d > 32 || d < -32 {
				t.Fatalf("%d,%d still tells them apart", x, y)
			}
			colours[a.At(x, y)] = true
		}
	}
	if len(colours) > 8 {
		t.Errorf("%d colours are left", len(colours))
	}
	if !red(a, 50, 25) {
		t.Error("what is outside was touched")
	}
}

func TestTurningAndRegionsOutside(t *testing.T) {
	raw := asPNG(t, marked(60, 40))
	p, err := picture.Edit(raw, 90, nil)
	if err != nil || p.Width != 40 || p.Height != 60 || !red(open(t, p), 30, 10) {
		t.Errorf("turned: %d×%d, %v", p.Width, p.Height, err)
	}
	for _, r := range []picture.Region{{X: 60, Y: 0, Width: 5, Height: 5}, {X: 0, Y: 0, Width: 0, Height: 5}, {X: -9, Y: 0, Width: 5, Height: 5}, {X: 1, Y: 1, Width: -1, Height: 1}} {
		var refused *picture.Refused
		if _, err := picture.Edit(raw, 0, []picture.Region{r}); !errors.As(err, &refused) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if b, err := picture.Thumb(asPNG(t, marked(1000, 500))); err != nil {
		t.Error(err)
	} else if m, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || m.Width != 320 || m.Height != 160 {
		t.Errorf("thumb %d×%d, %v", m.Width, m.Height, err)
	}
}

// BenchmarkPhoto prepares what a phone takes: 12 megapixels, held upright.
func BenchmarkPhoto(b *testing.B) {
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, marked(4032, 3024), &jpeg.Options{Quality: 90}); err != nil {
		b.Fatal(err)
	}
	photo := withExif(raw.Bytes(), 6, binary.BigEndian)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := picture.Prepare(photo); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzPrepare(f *testing.F) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, marked(8, 8), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(withExif(b.Bytes(), 6, binary.LittleEndian))
	f.Add(bomb(10, 10))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, _, err := picture.Prepare(raw)
		var r *picture.Refused
		if err != nil && !errors.As(err, &r) {
			t.Fatalf("an error that is no refusal: %v", err)
		}
		if err == nil && len(p.Content) > picture.MaxStored {
			t.Fatalf("%d bytes", len(p.Content))
		}
	})
}
