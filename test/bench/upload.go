package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"time"
)

// A photo of today's phones.
const (
	photoWidth  = 4000
	photoHeight = 3000
	uploaded    = 20 // photos, one after the other
)

// uploads measures how long a photo takes from the first byte sent until it is stored, checked and made fit for WeChat.
func uploads(ctx context.Context, o options) (_ []figure, err error) {
	w, err := newWorld(ctx, o, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var took []time.Duration
	size := 0
	for i := range uploaded {
		photo, err := photo(uint64(i))
		if err != nil {
			return nil, err
		}
		size = max(size, len(photo))
		began := time.Now()
		if err := w.upload(ctx, photo); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	s := spreadOf(took)
	return []figure{{fmt.Sprintf("evidence upload, 12 MP JPEG of %.1f MB", float64(size)/1e6), fmt.Sprintf("p50 %s  p95 %s", ms(s.p50), ms(s.p95)), ""}}, nil
}

// photo is something with edges, areas and grain, so that it is compressed about as a photo is.
func photo(seed uint64) ([]byte, error) {
	r := rand.New(rand.NewPCG(seed, 1))
	m := image.NewRGBA(image.Rect(0, 0, photoWidth, photoHeight))
	for y := range photoHeight {
		for x := range photoWidth {
			v := 128 + 60*math.Sin(float64(x)/170)*math.Cos(float64(y)/230) + float64(r.IntN(24))
			if (x/400+y/300)%2 == 0 {
				v *= .7
			}
			m.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v * .9), uint8(v * .8), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 88})
	return b.Bytes(), err
}

func (w *world) upload(ctx context.Context, content []byte) error {
	var form bytes.Buffer
	mw := multipart.NewWriter(&form)
	part, err := mw.CreateFormFile("file", "photo.jpg")
	if err != nil {
		return err
	}
	if _, err := part.Write(content); err != nil {
		return err
	}
	if err := mw.Close(); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/api/v1/evidence", &form)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", mw.FormDataContentType())
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusCreated && res.StatusCode != http.StatusOK {
		return fmt.Errorf("the upload answered %d: %s", res.StatusCode, b)
	}
	return nil
}
