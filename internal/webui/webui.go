// Package webui serves the embedded web UI: a single-page application whose files under /assets carry a hash in their names. It holds no logic.
//
// The build leaves as name.gz what gets smaller that way (see Makefile), and so it is kept and sent; the few who cannot read it get it unpacked.
package webui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var files embed.FS

// Handler serves files as they are and index.html for every other page address. Without a built UI it says how to build one.
func Handler() http.Handler {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		return http.NotFoundHandler()
	}
	return &handler{dist: dist}
}

type handler struct{ dist fs.FS }

// file is one of the build, packed or not.
type file struct {
	name   string
	data   []byte
	zipped bool
}

func (h *handler) read(name string) (file, error) {
	b, err := fs.ReadFile(h.dist, name)
	if err == nil {
		return file{name: name, data: b}, nil
	}
	z, zerr := fs.ReadFile(h.dist, name+".gz")
	if zerr != nil {
		return file{}, err
	}
	return file{name: name, data: z, zipped: true}, nil
}

// policy lets the UI load only what it brings along; images also come from WeChat.
const policy = "default-src 'self'; img-src 'self' data: blob: https: http:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	f, err := h.read(name)
	switch {
	case err == nil && strings.HasPrefix(name, "assets/"):
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	case err == nil && name != "index.html":
		w.Header().Set("Cache-Control", "public, max-age=3600")
	case notAPage(name):
		http.NotFound(w, r)
		return
	default:
		if f, err = h.read("index.html"); err != nil {
			http.Error(w, "The web UI was not built into this binary; run `make build`.", http.StatusNotFound)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Security-Policy", policy)
		// A header and no <meta>, which would win over the stricter policy of pages whose address is secret.
		if w.Header().Get("Referrer-Policy") != "no-referrer" {
			w.Header().Set("Referrer-Policy", "same-origin")
		}
	}
	f.write(w, r)
}

// notAPage tells addresses that machines ask for: answering them with a page would look like success.
func notAPage(name string) bool {
	for _, dir := range []string{"api", "assets", "wechat", "wechatpay"} {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			return true
		}
	}
	return false
}

func (f file) write(w http.ResponseWriter, r *http.Request) {
	if t := mime.TypeByExtension(path.Ext(f.name)); t != "" {
		w.Header().Set("Content-Type", t)
	}
	w.Header().Set("Vary", "Accept-Encoding")
	content := io.Reader(bytes.NewReader(f.data))
	if f.zipped && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
	} else if f.zipped {
		z, err := gzip.NewReader(content)
		if err != nil {
			http.Error(w, "The web UI in this binary is damaged.", http.StatusInternalServerError)
			return
		}
		content = z
	}
	if r.Method == http.MethodGet {
		_, _ = io.Copy(w, content) // The client went away; there is nobody to tell.
	}
}
