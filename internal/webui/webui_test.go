package webui

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	page   = "<!doctype html><title>知诉</title>"
	script = "console.log(1);"
)

func built() *handler {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return &handler{dist: fstest.MapFS{
		"index.html":                 file(page),
		"favicon.svg":                file("<svg/>"),
		"assets/index-a1b2c3.js.gz":  file(zipped(strings.Repeat(script, 200))),
		"assets/index-d4e5f6.css.gz": file(zipped(strings.Repeat("a{}", 1000))),
		"assets/small-1.js":          file(script),
		"assets/logo-7.png":          file(strings.Repeat("\x89PNG", 1000)),
	}}
}

func zipped(s string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func get(h http.Handler, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryPageAddressGetsTheApplication(t *testing.T) {
	h := built()
	for _, path := range []string{"/", "/index.html", "/complaints", "/complaints/0198-abc", "/c/token", "/setup", "/programs?authorized=1", "/a/../login", "/apiary"} {
		res := get(h, "GET", path)
		if got := body(t, res); res.StatusCode != 200 || got != page {
			t.Errorf("%s: %d %q", path, res.StatusCode, got)
		}
		if c := res.Header.Get("Cache-Control"); c != "no-cache" {
			t.Errorf("%s may be cached: %q; a new version would not be seen", path, c)
		}
		if p := res.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'self'") || strings.Contains(p, "script-src") {
			t.Errorf("%s has policy %q", path, p)
		}
		if ct := res.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/html") {
			t.Errorf("%s is %q", path, ct)
		}
	}
}

func TestWhatMachinesAskForIsNoPage(t *testing.T) {
	h := built()
	for _, path := range []string{
		"/assets/index-gone.js", "/assets", "/assets/", "/assets/../assets/x.css", "/api/v2/me", "/api", "/wechat/platform/events", "/wechat/other",
		"/wechatpay/notify/1",
	} {
		res := get(h, "GET", path)
		if got := body(t, res); res.StatusCode != 404 || strings.Contains(got, "doctype") {
			t.Errorf("%s: %d %q", path, res.StatusCode, got)
		}
		if c := res.Header.Get("Cache-Control"); strings.Contains(c, "max-age") {
			t.Errorf("the 404 of %s would be cached: %q", path, c)
		}
	}
}

func TestFilesWithAHashAreKeptForEver(t *testing.T) {
	h := built()
	for path, want := range map[string][2]string{
		"/assets/index-a1b2c3.js":  {"public, max-age=31536000, immutable", "text/javascript"},
		"/assets/index-d4e5f6.css": {"public, max-age=31536000, immutable", "text/css"},
		"/favicon.svg":             {"public, max-age=3600", "image/svg+xml"},
	} {
		res := get(h, "GET", path)
		if res.StatusCode != 200 || res.Header.Get("Cache-Control") != want[0] || !strings.HasPrefix(res.Header.Get("Content-Type"), want[1]) {
			t.Errorf("%s: %d %v", path, res.StatusCode, res.Header)
		}
	}
}

func TestGzip(t *testing.T) {
	h := built()
	for _, c := range []struct {
		path, accepts string
		zipped        bool
	}{
		{"/assets/index-a1b2c3.js", "gzip, deflate, br", true},
		{"/assets/index-d4e5f6.css", "br;q=1.0, gzip;q=0.8", true},
		{"/assets/index-a1b2c3.js", "", false},
		{"/assets/index-a1b2c3.js", "br", false},
		{"/assets/small-1.js", "gzip", false},
		{"/assets/logo-7.png", "gzip", false},
	} {
		res := get(h, "GET", c.path, "Accept-Encoding", c.accepts)
		plain := get(h, "GET", c.path)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != c.zipped {
			t.Errorf("%s for %q: zipped %v", c.path, c.accepts, got)
			continue
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s would be mixed up in a shared cache", c.path)
		}
		r := io.Reader(res.Body)
		if c.zipped {
			var err error
			if r, err = gzip.NewReader(res.Body); err != nil {
				t.Fatal(err)
			}
		}
		b, err := io.ReadAll(r)
		if want := body(t, plain); err != nil || string(b) != want || strings.HasPrefix(want, "\x1f\x8b") {
			t.Errorf("%s for %q is another file, %v", c.path, c.accepts, err)
		}
	}
}

func TestMethods(t *testing.T) {
	h := built()
	if res := get(h, "HEAD", "/assets/small-1.js"); res.StatusCode != 200 || body(t, res) != "" {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
	for _, m := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		res := get(h, m, "/")
		if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %d %q", m, res.StatusCode, res.Header.Get("Allow"))
		}
	}
}

func TestWithoutABuiltUI(t *testing.T) {
	res := get(&handler{dist: fstest.MapFS{".gitkeep": &fstest.MapFile{}}}, "GET", "/")
	if got := body(t, res); res.StatusCode != 404 || !strings.Contains(got, "make build") {
		t.Errorf("%d %q", res.StatusCode, got)
	}
}

func TestHandlerServesTheEmbeddedFiles(t *testing.T) {
	if res := get(Handler(), "GET", "/assets/none.js"); res.StatusCode != 404 {
		t.Errorf("an asset that doesn't exist: %d", res.StatusCode)
	}
}
