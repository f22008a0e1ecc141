package complaint

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Whose a complaint is stays sealed. To find the same user's other complaints there is a hash of his openid, or of his phone number where WeChat gave no openid, with a key
// that nobody sees and that no rotation changes. An openid belongs to one program, so the same person in another one is another user.
const (
	userKeyID = "user"
	// userLost is the hash of a case whose personal data were deleted before they were hashed: it may be anybody's.
	userLost = "?"
)

// loadUserKey has the key at hand for whoever stores a case next. Without it cases are stored all the same: their users are not known for a while.
func (s *Service) loadUserKey(ctx context.Context) {
	if s.userKey.Load() != nil {
		return
	}
	key, err := s.readUserKey(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.ErrorContext(ctx, "the key that tells users apart is not there", "err", err)
		}
		return
	}
	s.userKey.Store(&key)
}

func (s *Service) readUserKey(ctx context.Context) ([]byte, error) {
	if s.sealer == nil {
		return nil, fmt.Errorf("there is no sealer")
	}
	place := secret.Place{Table: "hash_keys", Column: "key_sealed", ID: userKeyID}
	var sealed string
	read := func() error {
		return s.db.Read.NewSelect().TableExpr("hash_keys").ColumnExpr("key_sealed").Where("id = ?", userKeyID).Scan(ctx, &sealed)
	}
	err := read()
	if db.IsNotFound(err) {
		raw := make([]byte, 32)
		if _, err := rand.Read(raw); err != nil {
			return nil, fmt.Errorf("make user key: %w", err)
		}
		fresh, err := s.sealer.Seal(place, secret.New(base64.StdEncoding.EncodeToString(raw)))
		if err != nil {
			return nil, err
		}
		if _, err := s.db.Write().NewRaw("INSERT INTO hash_keys (id, key_sealed, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", userKeyID, fresh, s.now()).Exec(ctx); err != nil {
			return nil, fmt.Errorf("store user key: %w", err)
		}
		if err := read(); err != nil { // another instance may have been faster
			return nil, fmt.Errorf("read user key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("read user key: %w", err)
	}
	text, err := s.sealer.Open(place, sealed)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text.Reveal())
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("the user key is damaged")
	}
	return key, nil
}

func userHash(key []byte, openID, phone string) string {
	what := "openid:" + openID
	if openID == "" {
		if phone == "" {
			return ""
		}
		what = "phone:" + phone
	}
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(what)) // never fails
	return hex.EncodeToString(m.Sum(nil))
}

// setUser notes whose a case is, after its personal data were set.
func (s *Service) setUser(c *Complaint, f facts) {
	key := s.userKey.Load()
	if key == nil || !c.ErasedAt.IsZero() {
		return
	}
	var h string
	switch {
	case f.openID != "":
		h = userHash(*key, f.openID, "")
	case f.phone != "" && c.OpenIDSealed == "":
		h = userHash(*key, "", f.phone)
	case c.OpenIDSealed != "" || c.PhoneSealed != "":
		return // as it was, or as the background fills it in
	}
	c.UserHash = &h
}

// Repeated reports whether a case's user filed another complaint between two moments. known is false while that can't be said: whose the case is is not known, or whose
// another case of that time is.
func (s *Service) Repeated(ctx context.Context, q bun.IDB, c *Complaint, from, to db.Time) (repeated, known bool, err error) {
	if !c.userKnown() {
		return false, false, nil
	}
	exists := func(where string, args ...any) (bool, error) {
		ok, err := q.NewSelect().TableExpr("complaints").ColumnExpr("1").Where("id <> ?", c.ID).Where(where, args...).
			Where("(created_at IS NULL OR created_at >= ? AND created_at <= ?)", from, to).Limit(1).Exists(ctx)
		if err != nil {
			return false, fmt.Errorf("look for the user's other complaints: %w", err)
		}
		return ok, nil
	}
	if repeated, err = exists("user_hash = ?", *c.UserHash); err != nil || repeated {
		return repeated, true, err
	}
	some, err := someUnknown(ctx, q, from, to, c.ID)
	return false, err == nil && !some, err
}

func (c *Complaint) userKnown() bool {
	return c.UserHash != nil && *c.UserHash != "" && *c.UserHash != userLost
}

// someUnknown reports whether a case between two moments, other than one, may be anybody's.
func someUnknown(ctx context.Context, q bun.IDB, from, to db.Time, but string) (bool, error) {
	for _, unknown := range []string{"user_hash IS NULL", "user_hash = '" + userLost + "'"} {
		ok, err := q.NewSelect().TableExpr("complaints").ColumnExpr("1").Where("id <> ?", but).Where(unknown).
			Where("(created_at IS NULL OR created_at >= ? AND created_at <= ?)", from, to).Limit(1).Exists(ctx)
		if err != nil || ok {
			return ok, wrapNotNil("look for cases of unknown users", err)
		}
	}
	return false, nil
}

// Span are two moments.
type Span struct{ From, To db.Time }

// RepeatedEach is Repeated for some cases at once, each with its own span: for looking back at many. A case is in repeated only when that is known; known are those of which
// it can be said.
func (s *Service) RepeatedEach(ctx context.Context, q bun.IDB, cs []*Complaint, spans []Span) (repeated, known map[string]bool, err error) {
	repeated, known = map[string]bool{}, map[string]bool{}
	of := map[string][]int{}
	var all Span
	for i, c := range cs {
		if c.userKnown() {
			of[*c.UserHash] = append(of[*c.UserHash], i)
		}
		if i == 0 || spans[i].From < all.From {
			all.From = spans[i].From
		}
		all.To = max(all.To, spans[i].To)
	}
	if len(of) == 0 {
		return repeated, known, nil
	}
	var others []Complaint
	err = q.NewSelect().Model(&others).Column("id", "user_hash", "created_at").Where("user_hash IN (?)", bun.List(slices.Collect(maps.Keys(of)))).
		Where("(created_at IS NULL OR created_at >= ? AND created_at <= ?)", all.From, all.To).Scan(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("look for other complaints of users: %w", err)
	}
	for i := range others {
		o := &others[i]
		for _, at := range of[*o.UserHash] {
			if c := cs[at]; c.ID != o.ID && (o.CreatedAt.IsZero() || o.CreatedAt >= spans[at].From && o.CreatedAt <= spans[at].To) {
				repeated[c.ID], known[c.ID] = true, true
			}
		}
	}
	some, err := someUnknown(ctx, q, all.From, all.To, "")
	if err != nil {
		return nil, nil, err
	}
	for i, c := range cs {
		if !c.userKnown() || repeated[c.ID] {
			continue
		}
		mine := false
		if some { // among all; perhaps none in this one's time
			if mine, err = someUnknown(ctx, q, spans[i].From, spans[i].To, c.ID); err != nil {
				return nil, nil, err
			}
		}
		known[c.ID] = !mine
	}
	return repeated, known, nil
}

// UsersArgs is the job that fills in whose older cases are.
type UsersArgs struct{}

// Kind implements river.JobArgs.
func (UsersArgs) Kind() string { return "complaint.users" }

const usersBatch = 500

// FillUsers does UsersArgs: cases of an older version get their user's hash, some at a time. pause says that something more urgent wants the database.
func (s *Service) FillUsers(ctx context.Context, pause func() bool) error {
	s.loadUserKey(ctx)
	key := s.userKey.Load()
	if key == nil {
		return nil
	}
	until := s.clock.Now().Add(35 * time.Second)
	for s.clock.Now().Before(until) {
		if pause() {
			return nil
		}
		n, err := s.fillSomeUsers(ctx, *key)
		if err != nil || n < usersBatch {
			return err
		}
	}
	return s.db.Enqueue(ctx, UsersArgs{}, nil)
}

func (s *Service) fillSomeUsers(ctx context.Context, key []byte) (int, error) {
	var rows []Complaint
	err := s.db.Read.NewSelect().Model(&rows).Column("id", "openid_sealed", "phone_sealed", "erased_at").Where("user_hash IS NULL").Limit(usersBatch).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return 0, wrapNotNil("list cases without a user", err)
	}
	values, args := make([]string, len(rows)), make([]any, 0, 2*len(rows))
	for i := range rows {
		values[i] = "(?, ?)"
		args = append(args, rows[i].ID, s.olderUser(ctx, key, &rows[i]))
	}
	_, err = s.db.Write().NewRaw("UPDATE complaints SET user_hash = v.column2 FROM (VALUES "+strings.Join(values, ",")+") AS v WHERE complaints.id = v.column1 AND complaints.user_hash IS NULL", args...).Exec(ctx)
	return len(rows), wrapNotNil("store users of cases", err)
}

// olderUser is whose a stored case is; what can't be read any more may be anybody's.
func (s *Service) olderUser(ctx context.Context, key []byte, c *Complaint) string {
	if !c.ErasedAt.IsZero() {
		return userLost
	}
	openID, err := s.sealer.Open(place("openid_sealed", c.ID), c.OpenIDSealed)
	if err == nil && openID.IsEmpty() {
		var phone secret.Text
		if phone, err = s.sealer.Open(place("phone_sealed", c.ID), c.PhoneSealed); err == nil {
			return userHash(key, "", phone.Reveal())
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "whose a case is can't be read", "complaint", c.ID, "err", err)
		return userLost
	}
	return userHash(key, openID.Reveal(), "")
}
