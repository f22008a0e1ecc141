package complaint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // what WeChat shows
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/uptrace/bun"
	_ "golang.org/x/image/webp" // what WeChat shows

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/outbound"
)

// ErrNoImage says that there is no copy of such a picture.
var ErrNoImage = errors.New("no such picture")

// States of a picture's copy.
const (
	imageWanted   = "wanted"
	imageArchived = "archived"
	imageFailed   = "failed"
	imageExpired  = "expired" // the copy was kept as long as it was to be
)

// Bounds of a picture that is fetched.
const (
	maxImageBytes  = 10 << 20
	maxImagePixels = 50_000_000
	maxImages      = 200 // of one case
	imageTries     = 10
	imagesPerJob   = 9
)

// imageHosts are the domains on which WeChat keeps pictures; with any other a link is not followed.
var imageHosts = []string{"qq.com", "qpic.cn", "qlogo.cn", "myqcloud.com", "tencent-cloud.com", "weixinbridge.com"}

// Image is our copy of a picture that WeChat shows with a case. WeChat's link to it expires.
type Image struct {
	bun.BaseModel `bun:"table:images"`

	ID          string `bun:",pk"`
	ComplaintID string
	Link        string // the address without its query, which is a signature that changes
	URL         string `bun:"url"`
	State       string
	SHA256      string `bun:"sha256"` // of the original bytes, and the file's name
	ContentType string
	Width       int64
	Height      int64
	Size        int64
	Attempts    int64
	Error       string
	NextTryAt   db.Time
	CreatedAt   db.Time
	ArchivedAt  db.Time
}

// ArchiveArgs is the job that copies a case's pictures.
type ArchiveArgs struct {
	ComplaintID string `json:"complaint_id"`
}

// Kind implements river.JobArgs.
func (ArchiveArgs) Kind() string { return "complaint.archive" }

// ImageLink is what stays the same of a picture's address.
func ImageLink(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// wantImages notes pictures to copy and has it done. A link that was renewed is tried at once.
func (s *Service) wantImages(ctx context.Context, tx db.Tx, id string, urls []string) error {
	if s.files == nil || len(urls) == 0 {
		return nil
	}
	for _, raw := range urls[:min(len(urls), maxImages)] {
		row := Image{ID: db.NewID(), ComplaintID: id, Link: ImageLink(raw), URL: raw, State: imageWanted, NextTryAt: s.now(), CreatedAt: s.now()}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (complaint_id, link) DO UPDATE").
			Set("url = EXCLUDED.url, next_try_at = EXCLUDED.next_try_at").Where("?TableAlias.state = ? AND ?TableAlias.url <> EXCLUDED.url", imageWanted).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note picture: %w", err)
		}
	}
	open, err := tx.NewSelect().Model((*Image)(nil)).Where("complaint_id = ? AND state = ? AND next_try_at <= ?", id, imageWanted, s.now()).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for pictures to copy: %w", err)
	}
	if !open {
		return nil
	}
	return tx.Enqueue(ctx, ArchiveArgs{ComplaintID: id}, db.Once(db.QueueDefault))
}

// Archive does ArchiveArgs. A link that WeChat no longer answers is renewed by reading the case again.
func (s *Service) Archive(ctx context.Context, id string) error {
	if s.files == nil {
		return nil
	}
	var rows []Image
	err := s.db.Read.NewSelect().Model(&rows).Where("complaint_id = ? AND state = ? AND next_try_at <= ?", id, imageWanted, s.now()).
		Order("id").Limit(imagesPerJob).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list pictures to copy: %w", err)
	}
	expired := false
	for i := range rows {
		r := &rows[i]
		cause := s.copyImage(ctx, r)
		if ctx.Err() != nil {
			return fmt.Errorf("copy pictures: %w", ctx.Err())
		}
		if err := s.finishImage(ctx, r, cause); err != nil {
			return err
		}
		expired = expired || cause != nil && r.State == imageWanted
	}
	if !expired {
		return nil
	}
	return s.db.Enqueue(ctx, SyncArgs{ComplaintID: id}, db.Once(db.QueueDefault))
}

// finishImage stores how copying went, if nobody else did meanwhile.
func (s *Service) finishImage(ctx context.Context, r *Image, cause error) error {
	r.Attempts++
	var refused *refusedImage
	switch {
	case cause == nil:
		r.State, r.Error, r.NextTryAt, r.ArchivedAt = imageArchived, "", 0, s.now()
	case errors.As(cause, &refused) || r.Attempts >= imageTries:
		r.State, r.Error, r.NextTryAt = imageFailed, cause.Error(), 0
	default:
		r.Error, r.NextTryAt = cause.Error(), db.At(s.clock.Now().Add(max(db.Backoff(int(r.Attempts)), 30*time.Second)))
	}
	if _, err := s.db.Write().NewUpdate().Model(r).Column("state", "sha256", "content_type", "width", "height", "size", "attempts", "error", "next_try_at", "archived_at").
		WherePK().Where("state = ?", imageWanted).Exec(ctx); err != nil {
		return fmt.Errorf("store copied picture: %w", err)
	}
	return nil
}

// refusedImage is a picture that is never taken, however often it is tried.
type refusedImage struct{ text string }

// Error implements error.
func (e *refusedImage) Error() string { return e.text }

// copyImage fetches one picture, looks at what it really is, and stores it byte for byte.
func (s *Service) copyImage(ctx context.Context, r *Image) error {
	u, err := url.Parse(r.URL)
	if err != nil || !s.allowedImage(u) {
		return &refusedImage{"图片不在微信的域名上，没有下载"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return &refusedImage{"图片的链接无法识别"}
	}
	resp, err := s.pictures.Do(req)
	if err != nil {
		return fmt.Errorf("图片暂时下载不了：%w", outbound.CleanError(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("图片的链接已失效（HTTP %d）", resp.StatusCode)
	}
	content, err := outbound.ReadBody(resp.Body, maxImageBytes)
	if errors.Is(err, outbound.ErrTooLarge) {
		return &refusedImage{"图片超过 10 MB，没有保存"}
	}
	if err != nil {
		return fmt.Errorf("图片没有下载完：%w", outbound.CleanError(err))
	}
	if err := r.describe(content); err != nil {
		return err
	}
	r.SHA256, err = s.files.Put(ctx, content)
	return err
}

// describe reads what the bytes are; what the server calls them does not count.
func (r *Image) describe(content []byte) error {
	cfg, format, err := image.DecodeConfig(bytes.NewReader(content))
	kind, known := map[string]string{"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}[format]
	switch {
	case err != nil || !known:
		return &refusedImage{"下载到的不是图片，没有保存"}
	case int64(cfg.Width)*int64(cfg.Height) > maxImagePixels:
		return &refusedImage{"图片的尺寸太大，没有保存"}
	}
	r.ContentType, r.Width, r.Height, r.Size = kind, int64(cfg.Width), int64(cfg.Height), int64(len(content))
	return nil
}

// allowedImage reports whether a picture may be fetched from an address, also after a redirect.
func (s *Service) allowedImage(u *url.URL) bool {
	if s.anyImageHost {
		return u.Scheme == "https" || u.Scheme == "http"
	}
	host := strings.ToLower(u.Hostname())
	for _, d := range imageHosts {
		if host == d || strings.HasSuffix(host, "."+d) {
			return (u.Scheme == "https" || u.Scheme == "http") && u.User == nil && (u.Port() == "" || u.Port() == "443" || u.Port() == "80")
		}
	}
	return false
}

// pictureClient follows a few redirects, to allowed hosts only.
func (s *Service) pictureClient(hc *http.Client) *http.Client {
	own := *hc
	own.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > 3 || !s.allowedImage(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &own
}

// Owns implements blob.Owner.
func (s *Service) Owns(ctx context.Context, q bun.IDB, name string) (bool, error) {
	return q.NewSelect().Model((*Image)(nil)).Where("sha256 = ? AND state = ?", name, imageArchived).Exists(ctx) //nolint:wrapcheck // the sweeper says what it was doing
}

// FileNames lists the names of all copies, for a backup.
func (s *Service) FileNames(ctx context.Context) ([]string, error) {
	var out []string
	err := s.db.Read.NewSelect().Model((*Image)(nil)).ColumnExpr("DISTINCT sha256").Where("state = ?", imageArchived).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list copies of pictures: %w", err)
	}
	return out, nil
}

// ReconcileImages has pictures copied that wait for it and that no job works on.
func (s *Service) ReconcileImages(ctx context.Context) error {
	var ids []string
	err := s.db.Read.NewSelect().Model((*Image)(nil)).ColumnExpr("DISTINCT complaint_id").
		Where("state = ? AND next_try_at <= ?", imageWanted, s.now()).Limit(100).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("list pictures to copy: %w", err)
	}
	for _, id := range ids {
		if err := s.db.Enqueue(ctx, ArchiveArgs{ComplaintID: id}, db.Once(db.QueueDefault)); err != nil {
			return err
		}
	}
	return nil
}

// Archived returns the hash of every picture of a case of which we hold a copy, by ImageLink.
func (s *Service) Archived(ctx context.Context, complaintID string) (map[string]string, error) {
	var rows []Image
	if err := s.db.Read.NewSelect().Model(&rows).Column("link", "sha256").Where("complaint_id = ? AND state = ?", complaintID, imageArchived).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list copied pictures: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Link] = r.SHA256
	}
	return out, nil
}

// OpenImage returns our copy of a case's picture; ErrNoImage when the case has none of that hash.
func (s *Service) OpenImage(ctx context.Context, complaintID, sha string) (content []byte, contentType string, err error) {
	r := new(Image)
	err = s.db.Read.NewSelect().Model(r).Where("complaint_id = ? AND sha256 = ? AND state = ?", complaintID, sha, imageArchived).Limit(1).Scan(ctx)
	if db.IsNotFound(err) || err == nil && s.files == nil {
		return nil, "", ErrNoImage
	}
	if err != nil {
		return nil, "", fmt.Errorf("look for picture: %w", err)
	}
	content, err = s.files.Get(ctx, sha)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, "", ErrNoImage
	}
	return content, r.ContentType, err
}
