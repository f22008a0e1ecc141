package complaint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// pictureShop serves pictures, as WeChat's image hosts do, until a link is said to have expired.
type pictureShop struct {
	*httptest.Server
	body   []byte
	status int
	asked  int
}

func newPictureShop(t *testing.T) *pictureShop {
	t.Helper()
	s := &pictureShop{body: picture(t, 8, 6), status: 200}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked++
		w.Header().Set("Content-Type", "text/html") // what it is called does not count
		w.WriteHeader(s.status)
		_, _ = w.Write(s.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claiming gives a PNG's header another size.
func claiming(b []byte, w, h uint32) []byte {
	const ihdr, data, sum = 12, 16, 29 // the chunk's type, its data, its checksum
	binary.BigEndian.PutUint32(b[data:], w)
	binary.BigEndian.PutUint32(b[data+4:], h)
	binary.BigEndian.PutUint32(b[sum:], crc32.ChecksumIEEE(b[ihdr:sum]))
	return b
}

// keeping lets a world copy pictures.
func (w *world) keeping(anyHost bool) *world {
	w.t.Helper()
	files, err := blob.OpenDir(w.t.TempDir())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = files.Close() })
	w.cases.files, w.cases.anyImageHost = files, anyHost
	w.cases.pictures = w.cases.pictureClient(http.DefaultClient)
	return w
}

func (w *world) archive(c *Complaint) Image {
	w.t.Helper()
	if err := w.cases.Archive(w.t.Context(), c.ID); err != nil {
		w.t.Fatal(err)
	}
	var rows []Image
	if err := w.db.Read.NewSelect().Model(&rows).Where("complaint_id = ?", c.ID).Scan(w.t.Context()); err != nil || len(rows) != 1 {
		w.t.Fatalf("%d pictures: %v", len(rows), err)
	}
	return rows[0]
}

func TestPicturesAreKeptAsTheyCameAndOutliveTheirLinks(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, s := newWorld(t, d).keeping(true), newPictureShop(t)
		c := w.heard(wechatsim.Filing{Images: []string{s.URL + "/a.png?sign=1"}})
		w.sync(c)
		if n := len(testkit.Jobs(t, d, ArchiveArgs{}.Kind())); n != 1 {
			t.Fatalf("%d jobs", n)
		}
		r := w.archive(c)
		if r.State != imageArchived || r.SHA256 != blob.Name(s.body) || r.ContentType != "image/png" || r.Width != 8 || r.Height != 6 || r.Size != int64(len(s.body)) {
			t.Fatalf("kept as %+v", r)
		}
		s.status = 403
		content, kind, err := w.cases.OpenImage(t.Context(), c.ID, r.SHA256)
		if err != nil || !bytes.Equal(content, s.body) || kind != "image/png" {
			t.Errorf("opened %d bytes of %s: %v", len(content), kind, err)
		}
		if _, _, err := w.cases.OpenImage(t.Context(), "another-case", r.SHA256); !errors.Is(err, ErrNoImage) {
			t.Errorf("by another case: %v", err)
		}
		copies, err := w.cases.Archived(t.Context(), c.ID)
		if err != nil || copies[ImageLink(s.URL+"/a.png?sign=2")] != r.SHA256 {
			t.Errorf("copies %v, %v", copies, err)
		}
		w.sync(c)
		w.archive(c)
		if s.asked != 1 {
			t.Errorf("fetched %d times", s.asked)
		}
	})
}

func TestAnExpiredLinkIsRenewedByReadingTheCaseAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w, s := newWorld(t, d).keeping(true), newPictureShop(t)
		c := w.heard(wechatsim.Filing{Images: []string{s.URL + "/a.png?sign=1"}})
		w.sync(c)
		s.status = 403
		w.exec(`DELETE FROM river_job`)
		if r := w.archive(c); r.State != imageWanted || r.Attempts != 1 || !strings.Contains(r.Error, "失效") {
			t.Errorf("after an expired link: %+v", r)
		}
		if n := len(testkit.Jobs(t, d, SyncArgs{}.Kind())); n != 1 {
			t.Errorf("%d readings of the case", n)
		}
		s.status = 200
		w.clock.Advance(time.Hour)
		w.exec(`DELETE FROM river_job`)
		if err := w.cases.ReconcileImages(t.Context()); err != nil || len(testkit.Jobs(t, d, ArchiveArgs{}.Kind())) != 1 {
			t.Errorf("not tried again: %v", err)
		}
		if r := w.archive(c); r.State != imageArchived {
			t.Errorf("afterwards: %+v", r)
		}
	})
}

func TestWhatIsNoPictureIsNotKept(t *testing.T) {
	for name, change := range map[string]func(s *pictureShop){
		"html":            func(s *pictureShop) { s.body = []byte("<html><script>alert(1)</script>") },
		"svg":             func(s *pictureShop) { s.body = []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`) },
		"too many pixels": func(s *pictureShop) { s.body = claiming(picture(t, 1, 1), 10001, 5001) },
		"too many bytes":  func(s *pictureShop) { s.body = append(s.body, make([]byte, maxImageBytes)...) },
	} {
		t.Run(name, func(t *testing.T) {
			w, s := newWorld(t, testkit.SQLite(t)).keeping(true), newPictureShop(t)
			change(s)
			c := w.heard(wechatsim.Filing{Images: []string{s.URL + "/a.png"}})
			w.sync(c)
			if r := w.archive(c); r.State != imageFailed || r.SHA256 != "" || r.Error == "" {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestPicturesAreFetchedFromWeChatsHostsOnly(t *testing.T) {
	w, s := newWorld(t, testkit.SQLite(t)).keeping(false), newPictureShop(t)
	c := w.heard(wechatsim.Filing{Images: []string{s.URL + "/a.png"}})
	w.sync(c)
	if r := w.archive(c); r.State != imageFailed || s.asked != 0 {
		t.Errorf("asked %d times: %+v", s.asked, r)
	}
	for raw, want := range map[string]bool{
		"https://mmbiz.qpic.cn/a": true, "https://wx.qlogo.cn/a": true, "https://qpic.cn/a": true, "https://evilqpic.cn/a": false, "https://qpic.cn.evil.example/a": false,
		"https://qpic.cn:8443/a": false, "https://user@qpic.cn/a": false, "ftp://qpic.cn/a": false, "file:///etc/passwd": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.cases.allowedImage(r.URL); got != want {
			t.Errorf("%s: %v", raw, got)
		}
	}
}
