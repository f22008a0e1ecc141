package wechat

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// MaxTempMedia is the largest image that is sent, in bytes. The page names both
// 2 MB and 10 MB; this is the safe one (complaint §7).
const MaxTempMedia = 2 << 20

// Media is an uploaded image. WeChat keeps it for 3 days; the id may be used
// several times until then.
type Media struct {
	ID   string
	Type string
	// CreatedAt is in unix seconds; 0 = not told.
	CreatedAt int64
}

// UploadTempMedia uploads an image (PNG, JPEG or GIF, at most MaxTempMedia bytes)
// as temporary material for complaints. filename needs an extension; contentType
// is a MIME type such as image/jpeg. Repeating it is harmless.
//
// Page: api_uploadtempmedia (complaint §7, read 2026-11-23); POST
// /cgi-bin/media/upload?type=image, multipart part "media"; token of the program;
// one of SetsUpload. Codes: 40004, 40005, 41005 Never; 48001, 61007 NoPermission.
func (c *Client) UploadTempMedia(ctx context.Context, token, filename, contentType string, r io.Reader) (Media, error) {
	k := &call{
		api: APIUploadTempMedia, method: http.MethodPost, path: "/cgi-bin/media/upload",
		tokenParam: "access_token", token: token, query: url.Values{"type": {"image"}}, codes: never(40004, 40005, 41005),
	}
	if !strings.Contains(strings.Trim(filename, "."), ".") {
		return Media{}, k.argument("the file name has no extension")
	}
	image, err := io.ReadAll(io.LimitReader(r, MaxTempMedia+1))
	switch {
	case err != nil:
		return Media{}, &Error{API: k.api, Class: Again, Cause: fmt.Errorf("read the image: %w", err)}
	case len(image) == 0 || len(image) > MaxTempMedia:
		return Media{}, k.argument("the image is empty or too large")
	}
	if k.form, err = mediaForm(filename, contentType, image); err != nil {
		return Media{}, k.argument("the form cannot be written")
	}
	var out struct {
		ID      looseText `json:"media_id"`
		Type    looseText `json:"type"`
		Created looseInt  `json:"created_at"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Media{}, err
	}
	if out.ID == "" {
		return Media{}, k.badAnswer("media_id")
	}
	return Media{ID: string(out.ID), Type: string(out.Type), CreatedAt: out.Created.value}, nil
}

// mediaForm writes the form in memory, so that the request has a length.
func mediaForm(filename, contentType string, image []byte) (*form, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition("media", filename))
	h.Set("Content-Type", oneLine(contentType))
	h.Set("Content-Length", strconv.Itoa(len(image)))
	part, err := w.CreatePart(h)
	if err != nil {
		return nil, fmt.Errorf("write the form: %w", err)
	}
	if _, err := part.Write(image); err != nil {
		return nil, fmt.Errorf("write the form: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("write the form: %w", err)
	}
	return &form{contentType: w.FormDataContentType(), body: b.Bytes()}, nil
}

// oneLine keeps a value from adding header lines of its own.
func oneLine(s string) string {
	return strings.NewReplacer("\r", "", "\n", "").Replace(s)
}
