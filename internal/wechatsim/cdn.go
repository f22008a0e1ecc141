package wechatsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Complaint pictures are links that expire and must be asked for again (reference/wechat-complaint-api.md §2.2).
const (
	cdnPrefix = "/cdn/complaint/"
	cdnLife   = 30 * time.Minute
)

// imageRef is a picture: a link of somebody else's, an uploaded file, or one of our own drawings.
type imageRef struct {
	url    string
	media  string
	sample int
}

func (s *Sim) links(images []imageRef) []string {
	out := make([]string, 0, len(images))
	for _, i := range images {
		out = append(out, s.link(i))
	}
	return out
}

// link makes a fresh link that is good for cdnLife of this WeChat's clock.
func (s *Sim) link(i imageRef) string {
	name := ""
	switch {
	case i.url != "":
		return i.url
	case i.media != "":
		name = "media-" + i.media
	default:
		name = "sample-" + strconv.Itoa(i.sample)
	}
	end := strconv.FormatInt(s.now().Add(cdnLife).Unix(), 10)
	q := url.Values{"expires": {end}, "key": {s.cdnSign(name, end)}}
	return s.publicURL() + cdnPrefix + name + "?" + q.Encode()
}

func (s *Sim) cdnSign(name, end string) string {
	h := hmac.New(sha256.New, s.cdnKey)
	_, _ = h.Write([]byte(name + "|" + end)) // a hash never fails to write
	return hex.EncodeToString(h.Sum(nil))[:24]
}

func (s *Sim) serveCDN(w http.ResponseWriter, r *http.Request) {
	name, q := r.PathValue("name"), r.URL.Query()
	end, err := strconv.ParseInt(q.Get("expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(q.Get("key")), []byte(s.cdnSign(name, q.Get("expires")))) {
		http.Error(w, "403 Forbidden", http.StatusForbidden)
		return
	}
	if s.Now().Unix() >= end {
		http.Error(w, "403 Forbidden: expired", http.StatusForbidden)
		return
	}
	kind, data, err := s.picture(name)
	if err != nil {
		http.Error(w, "404 Not Found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) // the caller has gone; nobody is left to tell
}

func (s *Sim) picture(name string) (kind string, data []byte, err error) {
	if id, ok := strings.CutPrefix(name, "media-"); ok {
		s.mu.Lock()
		f := s.media[id]
		s.mu.Unlock()
		if f == nil {
			return "", nil, ErrNotFound
		}
		return f.kind, f.data, nil
	}
	raw, _ := strings.CutPrefix(name, "sample-")
	n, err := strconv.Atoi(raw)
	if err != nil {
		return "", nil, ErrNotFound
	}
	var buf bytes.Buffer
	img := drawing(n)
	if n%2 == 0 {
		err = jpeg.Encode(&buf, img, &jpeg.Options{Quality: 82})
		return "image/jpeg", buf.Bytes(), err
	}
	err = png.Encode(&buf, img)
	return "image/png", buf.Bytes(), err
}

// drawing is a small still life of a damaged parcel; n changes colours and the crack, so that no two look the same.
func drawing(n int) image.Image {
	const w, h = 480, 360
	hues := []color.RGBA{{0xC8, 0xA2, 0x6B, 0xFF}, {0x9D, 0xB4, 0xA0, 0xFF}, {0xB8, 0x8C, 0x7A, 0xFF}, {0x8F, 0xA3, 0xBF, 0xFF}}
	box := hues[((n%len(hues))+len(hues))%len(hues)]
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fillRect(img, img.Bounds(), color.RGBA{0xEE, 0xEC, 0xE6, 0xFF})
	fillRect(img, image.Rect(0, 250, w, h), color.RGBA{0xD9, 0xD3, 0xC7, 0xFF})
	fillRect(img, image.Rect(110, 90, 370, 290), box)
	fillRect(img, image.Rect(110, 90, 370, 130), shade(box, 18))
	fillRect(img, image.Rect(225, 90, 255, 290), shade(box, -26))
	fillRect(img, image.Rect(280, 220, 350, 265), color.RGBA{0xFA, 0xFA, 0xF7, 0xFF})
	for i := range 3 {
		fillRect(img, image.Rect(288, 228+i*11, 342-i*9, 232+i*11), color.RGBA{0x6B, 0x6B, 0x66, 0xFF})
	}
	x := 130 + (n*37)%70
	for y := 130; y < 250; y++ { // the crack
		x += []int{1, -1, 2, 0, -2, 1, 1}[(y*(n+3))%7]
		fillRect(img, image.Rect(x, y, x+3, y+1), color.RGBA{0x4A, 0x38, 0x2C, 0xFF})
	}
	return img
}

func fillRect(img draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

func shade(c color.RGBA, by int) color.RGBA {
	move := func(v uint8) uint8 { return uint8(min(255, max(0, int(v)+by))) }
	return color.RGBA{move(c.R), move(c.G), move(c.B), c.A}
}
