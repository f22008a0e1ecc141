package link

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	// Life is how long a link works at most.
	Life = 14 * 24 * time.Hour
	// AfterClose is how long it works after the case is closed.
	AfterClose = 3 * 24 * time.Hour
	// fresh is how long a link must still work to be put into another message.
	fresh = 24 * time.Hour
	// kept is how long an ended link is remembered, so that its page can say more than that it is unknown.
	kept = 60 * 24 * time.Hour
	// tokenBytes are the random bytes of a token.
	tokenBytes = 20
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("link not found")
	// ErrRevoked says that the receiver's link to this case was revoked, so that he gets no other one.
	ErrRevoked = errors.New("link was revoked")
)

// Rights say what a link is good for.
type Rights string

// The rights. A group has no single person behind it who could answer for what is sent out.
const (
	See Rights = "see" // read masked facts, acknowledge, write notes
	Act Rights = "act" // also answer and add evidence
)

// State of a link at a moment.
type State string

// The states.
const (
	Active  State = "active"
	Expired State = "expired"
	Revoked State = "revoked"
)

// Link is one receiver's way to one case.
type Link struct {
	bun.BaseModel `bun:"table:links"`

	ID            string `bun:",pk"`
	ComplaintID   string
	ProgramID     string
	ChannelID     string
	UserID        string // the member; empty for an address that belongs to none
	ReceiverKey   string
	AddressMasked string
	Series        int64
	Rights        Rights
	TokenHash     string
	TokenSealed   string
	CreatedAt     db.Time
	ExpiresAt     db.Time
	RevokedAt     db.Time
	RevokedBy     string
	LastUsedAt    db.Time
	Uses          int64
}

// State returns what a link is at a moment.
func (l *Link) State(now time.Time) State {
	switch {
	case !l.RevokedAt.IsZero():
		return Revoked
	case db.At(now) >= l.ExpiresAt:
		return Expired
	}
	return Active
}

// Options are what New needs.
type Options struct {
	DB     *db.DB
	Sealer *secret.Sealer
	Clock  clock.Clock
}

// Service owns the links.
type Service struct{ Options }

// New builds the service.
func New(o Options) *Service { return &Service{Options: o} }

func (s *Service) now() db.Time { return db.At(s.Clock.Now()) }

// Grant says for whom and to what a link is.
type Grant struct {
	ComplaintID, ProgramID, ChannelID, UserID string
	// ReceiverKey tells receivers apart without naming them; AddressMasked is shown.
	ReceiverKey, AddressMasked string
	Rights                     Rights
}

// Token returns the token of the receiver's link to a case, and makes the link if there is none that still works for a while. It returns ErrRevoked.
func (s *Service) Token(ctx context.Context, g Grant) (secret.Text, error) {
	// Two instances may make the first link at once; the second time around one of them finds the other's.
	for tries := 0; ; tries++ {
		token, err := s.token(ctx, g)
		if err == nil || tries > 0 || !db.IsUnique(err) {
			return token, err
		}
	}
}

func (s *Service) token(ctx context.Context, g Grant) (secret.Text, error) {
	last := new(Link)
	err := s.DB.Read.NewSelect().Model(last).Where("complaint_id = ? AND receiver_key = ?", g.ComplaintID, g.ReceiverKey).Order("series DESC").Limit(1).Scan(ctx)
	switch {
	case db.IsNotFound(err):
	case err != nil:
		return secret.Text{}, fmt.Errorf("read link: %w", err)
	case !last.RevokedAt.IsZero():
		return secret.Text{}, ErrRevoked
	case last.ExpiresAt > s.now()+db.Time(fresh.Milliseconds()):
		return s.Sealer.Open(place(last.ID), last.TokenSealed)
	}
	raw := make([]byte, tokenBytes)
	if _, err := rand.Read(raw); err != nil {
		return secret.Text{}, fmt.Errorf("make link: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(raw)
	l := &Link{
		ID: db.NewID(), ComplaintID: g.ComplaintID, ProgramID: g.ProgramID, ChannelID: g.ChannelID, UserID: g.UserID, ReceiverKey: g.ReceiverKey,
		AddressMasked: g.AddressMasked, Series: last.Series + 1, Rights: g.Rights, TokenHash: hash(token), CreatedAt: s.now(),
		ExpiresAt: s.now() + db.Time(Life.Milliseconds()),
	}
	if l.TokenSealed, err = s.Sealer.Seal(place(l.ID), secret.New(token)); err != nil {
		return secret.Text{}, err
	}
	if _, err := s.DB.Write().NewInsert().Model(l).Exec(ctx); err != nil {
		return secret.Text{}, fmt.Errorf("store link: %w", err)
	}
	return secret.New(token), nil
}

func place(id string) secret.Place {
	return secret.Place{Table: "links", Column: "token_sealed", ID: id}
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Find returns the link that a token opens, ended ones included, or ErrNotFound.
func (s *Service) Find(ctx context.Context, token string) (*Link, error) {
	if n := base64.RawURLEncoding.EncodedLen(tokenBytes); len(token) != n {
		return nil, ErrNotFound
	}
	return s.one(ctx, "token_hash = ?", hash(token))
}

// ByID returns a link or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (*Link, error) {
	return s.one(ctx, "id = ?", id)
}

func (s *Service) one(ctx context.Context, where, value string) (*Link, error) {
	l := new(Link)
	err := s.DB.Read.NewSelect().Model(l).Where(where, value).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	return l, nil
}

// OfComplaint returns a case's links, newest first.
func (s *Service) OfComplaint(ctx context.Context, complaintID string) ([]Link, error) {
	out := []Link{}
	if err := s.DB.Read.NewSelect().Model(&out).Where("complaint_id = ?", complaintID).Order("id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return out, nil
}

// Used counts a use.
func (s *Service) Used(ctx context.Context, q bun.IDB, id string) error {
	if _, err := q.NewUpdate().Model((*Link)(nil)).Set("uses = uses + 1, last_used_at = ?", s.now()).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("count use of link: %w", err)
	}
	return nil
}

// Revoke ends a link at once; false if it was revoked already. by is shown to people.
func (s *Service) Revoke(ctx context.Context, q bun.IDB, id, by string) (bool, error) {
	ok, err := db.Changed(q.NewUpdate().Model((*Link)(nil)).Set("revoked_at = ?, revoked_by = ?", s.now(), by).Where("id = ? AND revoked_at IS NULL", id).Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("revoke link: %w", err)
	}
	return ok, nil
}

// RevokeReceivers ends the links of receivers, by their keys, to all cases. They get no other link to these.
func (s *Service) RevokeReceivers(ctx context.Context, q bun.IDB, keys []string, by string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := q.NewUpdate().Model((*Link)(nil)).Set("revoked_at = ?, revoked_by = ?", s.now(), by).
		Where("receiver_key IN (?) AND revoked_at IS NULL AND expires_at > ?", bun.List(keys), s.now()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("revoke links: %w", err)
	}
	return nil
}

// RevokeMember ends a member's links to all cases, except those that came to him on some channels. He gets no other link to these.
func (s *Service) RevokeMember(ctx context.Context, q bun.IDB, userID string, butChannels []string, by string) error {
	u := q.NewUpdate().Model((*Link)(nil)).Set("revoked_at = ?, revoked_by = ?", s.now(), by).
		Where("user_id = ? AND revoked_at IS NULL AND expires_at > ?", userID, s.now())
	if len(butChannels) > 0 {
		u = u.Where("channel_id NOT IN (?)", bun.List(butChannels))
	}
	if _, err := u.Exec(ctx); err != nil {
		return fmt.Errorf("revoke links of member: %w", err)
	}
	return nil
}

// CaseClosed lets a case's links run out AfterClose from now.
func (s *Service) CaseClosed(ctx context.Context, complaintID string) error {
	at := s.now() + db.Time(AfterClose.Milliseconds())
	_, err := s.DB.Write().NewUpdate().Model((*Link)(nil)).Set("expires_at = ?", at).Where("complaint_id = ? AND expires_at > ?", complaintID, at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("end links of a closed case: %w", err)
	}
	return nil
}

// DeleteExpired forgets links that ended long ago.
func (s *Service) DeleteExpired(ctx context.Context) error {
	_, err := s.DB.Write().NewDelete().Model((*Link)(nil)).Where("expires_at < ?", s.now()-db.Time(kept.Milliseconds())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget links: %w", err)
	}
	return nil
}
