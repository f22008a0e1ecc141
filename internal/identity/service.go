package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Service owns the tables users, sessions, api_tokens, setup_links, login_failures and audit. It is safe for concurrent use, also by
// several processes on one database.
type Service struct {
	db     *db.DB
	sealer *secret.Sealer
	clock  clock.Clock
	hasher *hasher
}

// New returns a Service on a migrated database.
func New(d *db.DB, s *secret.Sealer, c clock.Clock) *Service {
	return &Service{db: d, sealer: s, clock: c, hasher: newHasher(argonParams)}
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// forUpdate locks the selected rows until the transaction ends. On SQLite a transaction holds the only write connection anyway.
func (s *Service) forUpdate(q *bun.SelectQuery) *bun.SelectQuery {
	if s.db.Engine == db.Postgres {
		return q.For("UPDATE")
	}
	return q
}

// storable reports whether the strings can be in a text column at all; PostgreSQL's cannot hold a NUL. What cannot be stored is not found.
func storable(ss ...string) bool {
	return !slices.ContainsFunc(ss, func(s string) bool { return strings.ContainsRune(s, 0) || !utf8.ValidString(s) })
}

// randomToken returns 256 random bits in hex. (crypto/rand does not fail: it ends the process instead.)
func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// digest is how tokens are stored and found: they are random, so a plain hash cannot be searched.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
