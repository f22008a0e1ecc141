package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

// Idempotency-Key (design §6.6): per user and path, kept 24 h; the same key with the same body gives the same answer. The answer is stored, so operations whose
// answer is secret don't take part.
const (
	idempotencyKept = 24 * time.Hour
	// abandonedAfter frees a key whose request never finished although its process seems to live.
	abandonedAfter = time.Minute
	maxIdempotent  = 1 << 20
	maxKey         = 200
)

type idempotencyRow struct {
	bun.BaseModel `bun:"table:idempotency"`

	UserID      string `bun:",pk"`
	Path        string `bun:",pk"`
	Key         string `bun:",pk"`
	RequestHash string
	Status      int    // 0 while the first request runs
	Body        string // the answer; while the first request runs, the instance that works on it
	CreatedAt   db.Time
}

func takesPart(r *http.Request) bool {
	p := strings.TrimPrefix(r.URL.Path, "/api/v1")
	secret := p == "/session" || p == "/setup" || p == "/tokens" || p == "/link" || strings.HasPrefix(p, "/me/totp") || p == "/platform/generate" || strings.HasSuffix(p, "/reveal")
	// An upload is large, and one picture too many harms nobody.
	secret = secret || p == "/evidence"
	return r.Method == http.MethodPost && !secret && r.Header.Get("Idempotency-Key") != ""
}

func (a *API) idempotent(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := identity.FromContext(r.Context())
		if !ok || !takesPart(r) {
			next.ServeHTTP(w, r)
			return
		}
		if err := a.once(w, r, p.UserID, next); err != nil {
			var problem *Problem
			if !errors.As(a.problem(r.Context(), err), &problem) {
				problem = problemOf(http.StatusInternalServerError, CodeInternal, "服务出错了，请稍后再试")
			}
			a.writeProblem(w, r, problem)
		}
	})
}

func (a *API) once(w http.ResponseWriter, r *http.Request, userID string, next http.Handler) error {
	if len(r.Header.Get("Idempotency-Key")) > maxKey {
		return invalid("Idempotency-Key", "Idempotency-Key 最长 200 个字符")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxIdempotent))
	if err != nil {
		return problemOf(http.StatusRequestEntityTooLarge, CodeTooLarge, "请求内容太大")
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	sum := sha256.Sum256(raw)
	row := &idempotencyRow{
		UserID: userID, Path: r.URL.Path, Key: r.Header.Get("Idempotency-Key"), RequestHash: hex.EncodeToString(sum[:]), Body: a.DB.Instance(),
		CreatedAt: db.At(a.Clock.Now()),
	}
	prev, err := a.claim(r.Context(), row)
	if err != nil {
		return err
	}
	if prev != nil {
		return replay(w, prev, row)
	}
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(rec, r)
	return a.settle(r, row, rec)
}

// claim takes the key for this request, or returns the row of the request that has it.
func (a *API) claim(ctx context.Context, row *idempotencyRow) (*idempotencyRow, error) {
	var prev *idempotencyRow
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		fresh, err := db.Changed(tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx))
		if err != nil || fresh {
			return err
		}
		found := &idempotencyRow{UserID: row.UserID, Path: row.Path, Key: row.Key}
		if err := tx.NewSelect().Model(found).WherePK().Scan(ctx); err != nil {
			return err
		}
		age := a.Clock.Now().Sub(found.CreatedAt.Time())
		if age < idempotencyKept && (found.Status != 0 || age < abandonedAfter) {
			prev = found
			return nil
		}
		_, err = tx.NewUpdate().Model(row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if prev == nil || prev.Status != 0 || prev.RequestHash != row.RequestHash {
		return prev, nil
	}
	return a.inherit(ctx, prev, row)
}

// inherit takes the key of a request whose process died, so that who repeats it after a crash need not wait.
func (a *API) inherit(ctx context.Context, prev, row *idempotencyRow) (*idempotencyRow, error) {
	gone, err := a.DB.Gone(ctx, prev.Body)
	if err != nil || !gone {
		return prev, err
	}
	ok, err := db.Changed(a.DB.Write().NewUpdate().Model(row).WherePK().Where("status = 0 AND body = ?", prev.Body).Exec(ctx))
	if err != nil {
		return nil, fmt.Errorf("inherit idempotency key: %w", err)
	}
	if !ok {
		return prev, nil
	}
	return nil, nil
}

func replay(w http.ResponseWriter, prev, row *idempotencyRow) error {
	switch {
	case prev.RequestHash != row.RequestHash:
		return problemOf(http.StatusUnprocessableEntity, CodeIdempotency, "同一个 Idempotency-Key 不能用于不同的请求")
	case prev.Status == 0:
		return problemOf(http.StatusConflict, CodeConflict, "同样的请求正在处理，请稍候")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(prev.Status)
	_, err := w.Write([]byte(prev.Body))
	return err
}

// settle keeps a success; anything else frees the key, since nothing was done and the same request may be right later.
func (a *API) settle(r *http.Request, row *idempotencyRow, rec *recorder) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	if rec.status >= 200 && rec.status < 300 {
		row.Status, row.Body = rec.status, rec.body.String()
		if _, err := a.DB.Write().NewUpdate().Model(row).Column("status", "body").WherePK().Exec(ctx); err != nil {
			a.Logger.ErrorContext(ctx, "store idempotent answer", "err", err)
		}
		return nil
	}
	if _, err := a.DB.Write().NewDelete().Model(row).WherePK().Exec(ctx); err != nil {
		a.Logger.ErrorContext(ctx, "free idempotency key", "err", err)
	}
	return nil
}

// DeleteExpired forgets old keys.
func (a *API) DeleteExpired(ctx context.Context) error {
	_, err := a.DB.Write().NewDelete().Model((*idempotencyRow)(nil)).Where("created_at < ?", db.At(a.Clock.Now().Add(-idempotencyKept))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget idempotency keys: %w", err)
	}
	return nil
}

// recorder passes an answer through and keeps a copy.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}
