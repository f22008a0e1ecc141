// Package picture makes pictures fit for WeChat and hides what nobody should see in them: bytes in, bytes out. It keeps nothing.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // read
	"image/jpeg"
	"image/png"
	"math"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // read
)

// Limits of a picture (design §6.6, reference/wechat-complaint-api.md §7).
const (
	MaxUpload = 20 << 20   // bytes that are taken
	MaxPixels = 50_000_000 // pixels that are decoded
	MaxStored = 2 << 20    // bytes that WeChat surely takes
	maxSide   = 3200       // pixels: a photographed page stays readable
	thumbSide = 320
)

// Refused says why a picture is not taken. Code is stable.
type Refused struct{ Code, Text string }

// Error implements error.
func (r *Refused) Error() string { return r.Code }

// Why pictures are refused.
var (
	ErrType   = &Refused{"evidence_type", "只能上传 JPEG、PNG、GIF 或 WebP 图片"}
	ErrSize   = &Refused{"evidence_too_large", "图片不能超过 20 MB"}
	ErrPixels = &Refused{"evidence_pixels", "图片太大了，请缩小到 5000 万像素以内"}
	ErrBroken = &Refused{"evidence_broken", "图片打不开，文件可能不完整，请重新选择"}
	ErrRegion = &Refused{"validation", "遮挡的区域不在图片里"}
)

// formats are what is taken, by what the content is, whatever the name says.
var formats = map[string]string{"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}

// Picture is an encoded picture.
type Picture struct {
	Content       []byte
	ContentType   string // image/jpeg or image/png
	Width, Height int
}

// Prepare makes an uploaded file fit for WeChat: upright, without metadata, at most MaxStored bytes. original is what the file really is. Its errors are *Refused.
func Prepare(raw []byte) (p Picture, original string, err error) {
	m, format, err := decode(raw)
	if err != nil {
		return Picture{}, "", err
	}
	m = fit(m, maxSide) // before turning: a phone's photo has many times the pixels
	if format == "jpeg" {
		m = upright(m, orientation(raw))
	}
	p, err = encode(m, format == "png" || format == "gif")
	return p, formats[format], err
}

func decode(raw []byte) (image.Image, string, error) {
	if len(raw) > MaxUpload {
		return nil, "", ErrSize
	}
	// The size first: a few bytes can claim to be a picture that fills the memory.
	cfg, format, err := image.DecodeConfig(bytes.NewReader(raw))
	if errors.Is(err, image.ErrFormat) {
		return nil, "", ErrType
	}
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 {
		return nil, "", ErrBroken
	}
	if _, ok := formats[format]; !ok {
		return nil, "", ErrType
	}
	if int64(cfg.Width)*int64(cfg.Height) > MaxPixels {
		return nil, "", ErrPixels
	}
	m, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, "", ErrBroken
	}
	return m, format, nil
}

// encode keeps sharp edges (screenshots) as PNG while that is small enough, and makes anything else a JPEG as good as the limit allows.
func encode(m image.Image, sharp bool) (Picture, error) {
	size := func() (int, int) { return m.Bounds().Dx(), m.Bounds().Dy() }
	var b bytes.Buffer
	if sharp {
		if err := png.Encode(&b, m); err != nil {
			return Picture{}, fmt.Errorf("encode picture: %w", err)
		}
		if b.Len() <= MaxStored {
			w, h := size()
			return Picture{b.Bytes(), "image/png", w, h}, nil
		}
	}
	m = onWhite(m)
	for {
		for _, quality := range []int{88, 78, 65} {
			b.Reset()
			if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
				return Picture{}, fmt.Errorf("encode picture: %w", err)
			}
			if b.Len() <= MaxStored {
				w, h := size()
				return Picture{bytes.Clone(b.Bytes()), "image/jpeg", w, h}, nil
			}
		}
		w, h := size()
		m = fit(m, max(w, h)*3/4)
	}
}

// onWhite gives a picture with transparency the ground it is seen on.
func onWhite(m image.Image) image.Image {
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		return m
	}
	out := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Over)
	return out
}

// fit shrinks a picture until no side is longer than most.
func fit(m image.Image, most int) image.Image {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	longest := max(w, h)
	if longest <= most {
		return m
	}
	scale := func(v int) int { return max(1, int(math.Round(float64(v)*float64(most)/float64(longest)))) }
	out := image.NewRGBA(image.Rect(0, 0, scale(w), scale(h)))
	draw.ApproxBiLinear.Scale(out, out.Bounds(), m, m.Bounds(), draw.Src, nil)
	return out
}

// turn rotates clockwise by a multiple of 90 degrees.
func turn(m image.Image, degrees int) image.Image {
	if degrees%360 == 0 {
		return m
	}
	in := canvas(m)
	w, h := in.Rect.Dx(), in.Rect.Dy()
	size := image.Rect(0, 0, h, w)
	if degrees%180 == 0 {
		size = image.Rect(0, 0, w, h)
	}
	out := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			to := 0
			switch degrees % 360 {
			case 90:
				to = out.PixOffset(h-1-y, x)
			case 180:
				to = out.PixOffset(w-1-x, h-1-y)
			case 270:
				to = out.PixOffset(y, w-1-x)
			}
			from := in.PixOffset(x, y)
			copy(out.Pix[to:to+4], in.Pix[from:from+4])
		}
	}
	return out
}

// canvas copies a picture to where its pixels can be written, with its corner at zero.
func canvas(m image.Image) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Bounds(), m, m.Bounds().Min, draw.Src)
	return out
}

// Region is a rectangle in pixels of the turned picture.
type Region struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Edit turns a stored picture and hides regions of it for good.
func Edit(content []byte, degrees int, regions []Region) (Picture, error) {
	m, format, err := decode(content)
	if err != nil {
		return Picture{}, err
	}
	out := canvas(onWhite(turn(m, degrees)))
	for _, r := range regions {
		area := image.Rect(r.X, r.Y, r.X+r.Width, r.Y+r.Height).Intersect(out.Bounds())
		if r.Width <= 0 || r.Height <= 0 || area.Empty() {
			return Picture{}, ErrRegion
		}
		hide(out, area)
	}
	return encode(out, format == "png")
}

// hide replaces an area by a few large tiles of its mean colours. A finer mosaic can be read again by trying out what would give it; this cannot.
func hide(m *image.RGBA, area image.Rectangle) {
	tile := max(24, min(area.Dx(), area.Dy())/2)
	for y := area.Min.Y; y < area.Max.Y; y += tile {
		for x := area.Min.X; x < area.Max.X; x += tile {
			part := image.Rect(x, y, x+tile, y+tile).Intersect(area)
			draw.Draw(m, part, image.NewUniform(mean(m, part)), image.Point{}, draw.Src)
		}
	}
}

func mean(m *image.RGBA, area image.Rectangle) color.Color {
	var r, g, b, n uint64
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			c := m.RGBAAt(x, y)
			r, g, b, n = r+uint64(c.R), g+uint64(c.G), b+uint64(c.B), n+1
		}
	}
	// Eight steps per colour: what is left of the original is less than its brightness.
	coarse := func(v uint64) uint8 { return uint8(v / n / 32 * 32) }
	return color.RGBA{coarse(r), coarse(g), coarse(b), 255}
}

// Thumb is a small JPEG of a stored picture.
func Thumb(content []byte) ([]byte, error) {
	m, _, err := decode(content)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, onWhite(fit(m, thumbSide)), &jpeg.Options{Quality: 80}); err != nil {
		return nil, fmt.Errorf("encode thumb: %w", err)
	}
	return b.Bytes(), nil
}
