// Package webui serves the embedded web UI: a single-page application whose files under /assets carry a hash in their names. It holds no logic.
package webui

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
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

type handler struct {
	dist fs.FS
	zip  sync.Map // name → gzipped content
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
	b, err := fs.ReadFile(h.dist, name)
	switch {
	case err == nil && strings.HasPrefix(name, "assets/"):
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	case err == nil && name != "index.html":
		w.Header().Set("Cache-Control", "public, max-age=3600")
	case notAPage(name):
		http.NotFound(w, r)
		return
	default:
		if name, b, err = h.index(); err != nil {
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
	h.write(w, r, name, b)
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

func (h *handler) index() (string, []byte, error) {
	b, err := fs.ReadFile(h.dist, "index.html")
	return "index.html", b, err
}

func (h *handler) write(w http.ResponseWriter, r *http.Request, name string, b []byte) {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		w.Header().Set("Content-Type", t)
	}
	w.Header().Set("Vary", "Accept-Encoding")
	if len(b) > 1024 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && compressible(name) {
		if z, err := h.gzipped(name, b); err == nil {
			w.Header().Set("Content-Encoding", "gzip")
			b = z
		}
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(b)
	}
}

func compressible(name string) bool {
	switch path.Ext(name) {
	case ".js", ".css", ".html", ".svg", ".json", ".webmanifest":
		return true
	}
	return false
}

func (h *handler) gzipped(name string, b []byte) ([]byte, error) {
	if z, ok := h.zip.Load(name); ok {
		if zb, ok := z.([]byte); ok {
			return zb, nil
		}
	}
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := zw.Write(b); err != nil {
		return nil, errors.Join(err, zw.Close())
	}
	if err := zw.Close(); err != nil {
		return nil, err
	}
	h.zip.Store(name, buf.Bytes())
	return buf.Bytes(), nil
}
