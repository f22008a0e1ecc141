package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/outbound"
)

// openFiles opens the store of pictures. Its host is set by whoever runs the process, so private addresses are allowed.
func openFiles(cfg config.Config) (blob.Store, error) {
	roots, err := outbound.Roots(cfg.ExtraCAFile)
	if err != nil {
		return nil, fmt.Errorf("read ZHISU_EXTRA_CA_FILE: %w", err)
	}
	return blob.Open(blob.Options{
		URL: cfg.BlobURL, DataDir: cfg.DataDir, AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey,
		Transport: outbound.Transport(outbound.Options{Roots: roots, AllowPrivate: true, UseProxy: true}),
	})
}

// checkFiles is the doctor's look at the store of pictures.
func (a *App) checkFiles(ctx context.Context) []finding {
	where, _, _ := strings.Cut(a.Config.BlobURL, "?")
	if where == "" {
		where = "the data directory"
	}
	f := finding{ok: true, what: "pictures can be stored, read and deleted in " + where}
	if err := blob.Check(ctx, a.files); err != nil {
		f.ok, f.what, f.hint = false, "pictures cannot be kept in "+where+": "+err.Error(), "check ZHISU_BLOB_URL, the keys and what they may do: get, put and delete objects"
	}
	return []finding{f}
}
