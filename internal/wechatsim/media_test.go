package wechatsim

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // the samples are JPEG and PNG
	"image/png"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

func testPNG(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	must(t, png.Encode(&buf, image.NewRGBA(image.Rect(0, 0, 3, 3))))
	return buf.Bytes()
}

// multipartBody is one part as a client library would write it; name "" leaves it out.
func multipartBody(t *testing.T, field, filename string, data []byte) (contentType, body string) {
	t.Helper()
	var buf bytes.Buffer
	mw := multipart.NewWriter(&buf)
	h := textproto.MIMEHeader{}
	disposition := fmt.Sprintf(`form-data; name=%q`, field)
	if filename != "" {
		disposition += fmt.Sprintf(`; filename=%q`, filename)
	}
	h.Set("Content-Disposition", disposition)
	part, err := mw.CreatePart(h)
	must(t, err)
	_, err = part.Write(data)
	must(t, err)
	must(t, mw.Close())
	return mw.FormDataContentType(), buf.String()
}

func (w *world) upload(token, query, contentType, body string) answer {
	w.t.Helper()
	rec := &responseRecorder{header: http.Header{}}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, withToken(uploadPath+query, token), strings.NewReader(body))
	must(w.t, err)
	req.Host = "sim.test"
	req.Header.Set("Content-Type", contentType)
	w.sim.Handler().ServeHTTP(rec, req)
	return decode(w.t, rec.body.String())
}

func (w *world) uploadPicture(token string) string {
	w.t.Helper()
	kind, body := multipartBody(w.t, "media", "proof.png", testPNG(w.t))
	a := w.upload(token, "?type=image", kind, body)
	if a.text("media_id") == "" {
		w.t.Fatalf("no media_id: %v", a)
	}
	return a.text("media_id")
}

func TestUploadChecks(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	picture := testPNG(t)
	big := append(bytes.Clone(picture), make([]byte, maxMediaSize)...)
	full := append(bytes.Clone(picture), make([]byte, maxMediaSize-len(picture))...)
	for _, c := range []struct {
		name, query, field, filename string
		data                         []byte
		code                         int
	}{
		{"a PNG", "?type=image", "media", "a.png", picture, 0},
		{"a JPEG", "?type=image", "media", "a.jpg", []byte("\xFF\xD8\xFF\xE0 jpeg"), 0},
		{"a GIF", "?type=image", "media", "a.gif", []byte("GIF89a gif"), 0},
		{"exactly 2 MB", "?type=image", "media", "a.png", full, 0},
		{"more than 2 MB", "?type=image", "media", "a.png", big, 40006},
		{"no type", "", "media", "a.png", picture, 40004},
		{"a video", "?type=video", "media", "a.png", picture, 40004},
		{"another part name", "?type=image", "file", "a.png", picture, 41005},
		{"no filename", "?type=image", "media", "", picture, 41005},
		{"a filename without extension", "?type=image", "media", "picture", picture, 40005},
		{"an empty file", "?type=image", "media", "a.png", nil, 41005},
		{"text called .png", "?type=image", "media", "a.png", []byte("hello"), 40005},
		{"a WebP", "?type=image", "media", "a.webp", []byte("RIFF\x24\x00\x00\x00WEBPVP8 "), 40005},
	} {
		t.Run(c.name, func(t *testing.T) {
			kind, body := multipartBody(t, c.field, c.filename, c.data)
			a := w.upload(token, c.query, kind, body)
			wantCode(t, a, c.code)
			if c.code == 0 {
				equal(t, "type", a.text("type"), "image")
				equal(t, "created_at", int64(a["created_at"].(float64)), testStart.Unix())
			} else if a.text("media_id") != "" {
				t.Error("a media_id came with the refusal")
			}
		})
	}
	wantCode(t, w.upload(token, "?type=image", "image/png", string(picture)), 41005)
	wantCode(t, w.upload(token, "?type=image", "multipart/form-data; boundary=x", "--x\r\nbroken"), 41005)
}

func TestOversizedBodiesAreCutOff(t *testing.T) {
	w := newWorld(t)
	status, _ := w.raw("POST", pathComponentToken, strings.Repeat(" ", maxJSONBody+1))
	equal(t, "status", status, http.StatusRequestEntityTooLarge)
}

func TestComplaintPicturesExpireAndCannotBeForged(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	id := w.file()
	links := func() []string {
		var out []string
		for _, u := range w.get(pathDetail+"?complaintOrderId="+id, token).obj("complaintOrder").obj("customerMaterial").list("mediaIdList") {
			out = append(out, strings.TrimPrefix(u.(string), w.srv.URL))
		}
		return out
	}
	first := links()
	equal(t, "pictures", len(first), 2)
	var formats []string
	for _, u := range first {
		status, data := w.raw("GET", u, "")
		equal(t, "status", status, 200)
		img, format, err := image.Decode(bytes.NewReader(data))
		must(t, err)
		equal(t, "width", img.Bounds().Dx(), 480)
		formats = append(formats, format)
	}
	equal(t, "formats", strings.Join(formats, " "), "png jpeg")
	for _, bad := range []string{
		strings.Replace(first[0], "key=", "key=0", 1), strings.Replace(first[0], "expires=", "expires=9", 1),
		strings.Replace(first[0], "sample-1", "sample-3", 1), cdnPrefix + "sample-1",
	} {
		status, _ := w.raw("GET", bad, "")
		equal(t, bad, status, 403)
	}
	must(t, w.sim.AdvanceClock(30*time.Minute))
	status, _ := w.raw("GET", first[0], "")
	equal(t, "after half an hour", status, 403)
	status, _ = w.raw("GET", links()[0], "")
	equal(t, "asked for again", status, 200)
	w.sim.mu.Lock()
	odd := w.sim.link(imageRef{media: "gone"})
	w.sim.mu.Unlock()
	status, _ = w.raw("GET", strings.TrimPrefix(odd, w.srv.URL), "")
	equal(t, "a file that is not there", status, 404)
}

func TestDrawingsDiffer(t *testing.T) {
	seen := map[string]int{}
	for n := range 9 {
		img, ok := drawing(n).(*image.RGBA)
		if !ok {
			t.Fatal("another kind of image")
		}
		if other, has := seen[string(img.Pix)]; has {
			t.Errorf("%d looks like %d", n, other)
		}
		seen[string(img.Pix)] = n
	}
}
