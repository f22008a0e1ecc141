package wechatsim

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"time"
)

// Temporary material, reference/wechat-complaint-api.md §7: images only, PNG, JPEG or GIF, at most 2 MB, three days.
const (
	uploadPath   = "/cgi-bin/media/upload"
	mediaLife    = 72 * time.Hour
	maxMediaSize = 2 << 20
)

type mediaFile struct {
	appid   string
	kind    string // content type
	data    []byte
	created time.Time
}

func (s *Sim) upload(c *call) (fields, *apiError) {
	if c.query.Get("type") != "image" {
		return nil, refuse(40004)
	}
	name, data, aerr := mediaPart(c)
	if aerr != nil {
		return nil, aerr
	}
	kind := http.DetectContentType(data)
	switch {
	case len(data) == 0:
		return nil, refuse(41005)
	case path.Ext(name) == "":
		return nil, refusef(40005, "invalid file type hint: [the filename has no extension]")
	case !slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, kind):
		return nil, refuse(40005)
	case len(data) > maxMediaSize:
		return nil, refuse(40006)
	}
	id := s.random.text(64)
	s.media[id] = &mediaFile{appid: c.acc.AppID, kind: kind, data: data, created: c.now}
	return fields{"type": "image", "media_id": id, "created_at": c.now.Unix()}, nil
}

// mediaPart finds the part "media"; a missing part, name or boundary is 41005.
func mediaPart(c *call) (name string, data []byte, aerr *apiError) {
	kind, params, err := mime.ParseMediaType(c.contentType)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return "", nil, refuse(41005)
	}
	mr := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, refuse(41005)
		}
		if err != nil {
			return "", nil, refusef(41005, "media data missing hint: [the multipart body is broken]")
		}
		if part.FormName() != "media" || part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return "", nil, refusef(41005, "media data missing hint: [the multipart body is broken]")
		}
		return part.FileName(), data, nil
	}
}
