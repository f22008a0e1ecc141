package identity

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// maxName is the longest name of a user or token, in characters.
const maxName = 64

// User is a person with an account.
type User struct {
	ID    string
	Email string // normalised: trimmed, lower case
	Name  string
	Role  Role
	// ProgramIDs confine the user to these programs; empty means all. Always empty for an owner.
	ProgramIDs []string
	// TOTP reports whether a one-time code is asked for at login.
	TOTP bool
	// DisabledAt is zero for an active user.
	DisabledAt  db.Time
	LastLoginAt db.Time
	CreatedAt   db.Time
	UpdatedAt   db.Time
}

// NewUser is what CreateUser needs.
type NewUser struct {
	Email string
	// Name is shown in timelines and the audit trail; empty means the part of the e-mail before the @.
	Name       string
	Role       Role
	ProgramIDs []string
	Password   secret.Text
}

// Patch changes the fields that are not nil.
type Patch struct {
	Name       *string
	Role       *Role
	ProgramIDs *[]string
	Password   *secret.Text
	Disabled   *bool

	from string // the password hash that Password takes the place of; empty = whichever
}

type userRow struct {
	bun.BaseModel `bun:"table:users"`

	ID              string            `bun:"id,pk"`
	Email           string            `bun:"email"`
	Name            string            `bun:"name"`
	Role            Role              `bun:"role"`
	PasswordHash    string            `bun:"password_hash"`
	TOTPSealed      string            `bun:"totp_sealed"`
	TOTPConfirmedAt db.Time           `bun:"totp_confirmed_at"`
	TOTPStep        int64             `bun:"totp_step"`
	ProgramIDs      db.JSON[[]string] `bun:"program_ids"`
	DisabledAt      db.Time           `bun:"disabled_at"`
	LastLoginAt     db.Time           `bun:"last_login_at"`
	CreatedAt       db.Time           `bun:"created_at"`
	UpdatedAt       db.Time           `bun:"updated_at"`
}

func (r *userRow) user() User {
	return User{
		ID: r.ID, Email: r.Email, Name: r.Name, Role: r.Role, ProgramIDs: r.ProgramIDs.V, TOTP: r.totp(), DisabledAt: r.DisabledAt,
		LastLoginAt: r.LastLoginAt, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func (r *userRow) principal(via string) Principal {
	return Principal{UserID: r.ID, Email: r.Email, Name: r.Name, Role: r.Role, ProgramIDs: r.ProgramIDs.V, TOTP: r.totp(), Via: via}
}

func (r *userRow) active() bool { return r.DisabledAt.IsZero() }

func (r *userRow) totp() bool { return !r.TOTPConfirmedAt.IsZero() }

// CreateUser adds a user. It returns ErrEmail, ErrName, ErrRole, ErrScope, ErrWeakPassword or ErrEmailTaken.
func (s *Service) CreateUser(ctx context.Context, n NewUser) (User, error) {
	row, err := s.newRow(ctx, n)
	if err != nil {
		return User{}, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := insertUser(ctx, tx, row); err != nil {
			return err
		}
		return s.Record(ctx, tx, Entry{
			Verb: "create", Object: ObjectUser, ObjectID: row.ID,
			Detail: map[string]any{"email": row.Email, "role": row.Role, "program_ids": row.ProgramIDs.V},
		})
	})
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// newRow checks n and hashes its password.
func (s *Service) newRow(ctx context.Context, n NewUser) (*userRow, error) {
	email, err := parseEmail(n.Email)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(n.Name) == "" {
		n.Name, _, _ = strings.Cut(email, "@")
	}
	name, err := parseName(n.Name)
	if err != nil {
		return nil, err
	}
	if !n.Role.Valid() {
		return nil, ErrRole
	}
	programs, err := parseScope(n.Role, n.ProgramIDs)
	if err != nil {
		return nil, err
	}
	if err := checkPassword(n.Password.Reveal()); err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, n.Password.Reveal())
	if err != nil {
		return nil, err
	}
	now := s.now()
	return &userRow{
		ID: db.NewID(), Email: email, Name: name, Role: n.Role, PasswordHash: hash, ProgramIDs: db.AsJSON(programs), CreatedAt: now,
		UpdatedAt: now,
	}, nil
}

func insertUser(ctx context.Context, tx db.Tx, row *userRow) error {
	_, err := tx.NewInsert().Model(row).Exec(ctx)
	if db.IsUnique(err) {
		return ErrEmailTaken
	}
	if err != nil {
		return fmt.Errorf("insert user: %w", err)
	}
	return nil
}

// UpdateUser changes a user. A new password, and disabling, end all the user's sessions, the asking one included. It returns ErrNotFound,
// ErrLastOwner, ErrName, ErrRole, ErrScope or ErrWeakPassword.
func (s *Service) UpdateUser(ctx context.Context, id string, p Patch) (User, error) {
	if !storable(id) {
		return User{}, ErrNotFound
	}
	hash, err := s.checkPatch(ctx, &p)
	if err != nil {
		return User{}, err
	}
	var row userRow
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		// Owners first and in one order: of two owners who demote each other at once, one waits and then finds itself the last.
		var owners []userRow
		err := s.forUpdate(tx.NewSelect().Model(&owners).Where("role = ?", Owner).Where("disabled_at IS NULL").Order("id")).Scan(ctx)
		if err != nil {
			return fmt.Errorf("lock owners: %w", err)
		}
		if err := s.forUpdate(tx.NewSelect().Model(&row).Where("id = ?", id)).Scan(ctx); err != nil {
			return orNotFound(err, "read user")
		}
		wasOwner := row.Role == Owner && row.active()
		detail, err := s.apply(&row, p, hash)
		if err != nil {
			return err
		}
		if wasOwner && (row.Role != Owner || !row.active()) && len(owners) == 1 {
			return ErrLastOwner
		}
		if len(detail) == 0 {
			return nil
		}
		return s.storeUpdate(ctx, tx, &row, p, detail)
	})
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// checkPatch normalises p and returns the hash of its password, if it has one. Hashing must not happen in a transaction.
func (s *Service) checkPatch(ctx context.Context, p *Patch) (hash string, err error) {
	if p.Name != nil {
		name, err := parseName(*p.Name)
		if err != nil {
			return "", err
		}
		p.Name = &name
	}
	if p.Role != nil && !p.Role.Valid() {
		return "", ErrRole
	}
	if p.Password == nil {
		return "", nil
	}
	if err := checkPassword(p.Password.Reveal()); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, p.Password.Reveal())
}

// apply changes the row and returns what changed, in words for the audit trail; nothing if all was so already.
func (s *Service) apply(row *userRow, p Patch, hash string) (map[string]any, error) {
	before, detail := *row, map[string]any{}
	if p.from != "" && p.from != row.PasswordHash {
		return nil, ErrWrongPassword // changed at the same moment
	}
	if p.Name != nil && *p.Name != row.Name {
		row.Name = *p.Name
		detail["name"] = row.Name
	}
	if p.Role != nil && *p.Role != row.Role {
		row.Role = *p.Role
		detail["role"], detail["role_before"] = row.Role, before.Role
	}
	ids := row.ProgramIDs.V
	if p.ProgramIDs != nil {
		ids = *p.ProgramIDs
	}
	ids, err := parseScope(row.Role, ids)
	if err != nil {
		return nil, err
	}
	row.ProgramIDs = db.AsJSON(ids)
	if !slices.Equal(row.ProgramIDs.V, before.ProgramIDs.V) {
		detail["program_ids"], detail["program_ids_before"] = row.ProgramIDs.V, before.ProgramIDs.V
	}
	if p.Password != nil {
		row.PasswordHash = hash
		detail["password"] = "changed"
	}
	if p.Disabled != nil && *p.Disabled == row.active() {
		row.DisabledAt = 0
		if *p.Disabled {
			row.DisabledAt = s.now()
		}
		detail["disabled"] = *p.Disabled
	}
	return detail, nil
}

func (s *Service) storeUpdate(ctx context.Context, tx db.Tx, row *userRow, p Patch, detail map[string]any) error {
	row.UpdatedAt = s.now()
	_, err := tx.NewUpdate().Model(row).Column("name", "role", "password_hash", "program_ids", "disabled_at", "updated_at").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("update user: %w", err)
	}
	if p.Password != nil || !row.active() {
		if err := s.endSessions(ctx, tx, row.ID); err != nil {
			return err
		}
	}
	return s.Record(ctx, tx, Entry{Verb: "update", Object: ObjectUser, ObjectID: row.ID, Detail: detail})
}

// ListUsers returns all users, disabled ones included, oldest first.
func (s *Service) ListUsers(ctx context.Context) ([]User, error) {
	var rows []userRow
	if err := s.db.Read.NewSelect().Model(&rows).Order("created_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	out := make([]User, len(rows))
	for i := range rows {
		out[i] = rows[i].user()
	}
	return out, nil
}

// User returns one user, also a disabled one, or ErrNotFound.
func (s *Service) User(ctx context.Context, id string) (User, error) {
	row, err := s.userWhere(ctx, "id = ?", id)
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// UserByEmail returns one user, also a disabled one, or ErrNotFound.
func (s *Service) UserByEmail(ctx context.Context, email string) (User, error) {
	row, err := s.userWhere(ctx, "email = ?", normalizeEmail(email))
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// UserPrincipal returns who a session belongs to. It returns ErrNotFound if the user is disabled, so that the session is of no use.
func (s *Service) UserPrincipal(ctx context.Context, userID string) (Principal, error) {
	row, err := s.userWhere(ctx, "id = ?", userID)
	if err != nil {
		return Principal{}, err
	}
	if !row.active() {
		return Principal{}, ErrNotFound
	}
	return row.principal(ViaSession), nil
}

func (s *Service) userWhere(ctx context.Context, where, arg string) (*userRow, error) {
	if !storable(arg) {
		return nil, ErrNotFound
	}
	row := new(userRow)
	if err := s.db.Read.NewSelect().Model(row).Where(where, arg).Scan(ctx); err != nil {
		return nil, orNotFound(err, "read user")
	}
	return row, nil
}

func orNotFound(err error, doing string) error {
	if db.IsNotFound(err) {
		return ErrNotFound
	}
	return fmt.Errorf("%s: %w", doing, err)
}

func normalizeEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// parseEmail normalises and checks an e-mail: one bare address, as in RFC 5322.
func parseEmail(s string) (string, error) {
	s = normalizeEmail(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || a.Name != "" || len(s) > 254 {
		return "", ErrEmail
	}
	return s, nil
}

func parseName(s string) (string, error) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	if n == 0 || n > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", ErrName
	}
	return s, nil
}

// parseScope returns the stored form of program ids: sorted, each once; none for an owner, who sees all.
func parseScope(r Role, ids []string) ([]string, error) {
	if slices.ContainsFunc(ids, func(id string) bool { return strings.TrimSpace(id) == "" || !storable(id) }) {
		return nil, ErrScope
	}
	if r == Owner {
		return []string{}, nil
	}
	out := slices.Concat([]string{}, ids)
	slices.Sort(out)
	return slices.Compact(out), nil
}
