package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Objects that this package records facts about; other packages bring their own words (design.md §1).
const (
	ObjectUser  = "user"
	ObjectToken = "token"
)

// maxAuditPage is the longest page of ListAudit, and defaultAuditPage the one without a limit.
const (
	maxAuditPage     = 200
	defaultAuditPage = 50
)

// Entry is a fact for the audit trail.
type Entry struct {
	// Verb is what was done, one lower-case word: create, update, reveal …
	Verb string
	// Object is the kind of thing it was done to, a word of design.md §1; ObjectID says which.
	Object, ObjectID string
	// ProgramID is the program concerned; empty if none.
	ProgramID string
	// Detail is stored as JSON and shown to whoever may read the trail: no secrets, no personal data of complainants.
	Detail map[string]any
}

// AuditItem is an Entry with its author and moment.
type AuditItem struct {
	ID        string
	At        db.Time
	ActorID   string
	ActorName string
	Entry
}

type auditRow struct {
	bun.BaseModel `bun:"table:audit"`

	ID        string                  `bun:"id,pk"`
	At        db.Time                 `bun:"at"`
	ActorID   string                  `bun:"actor_id"`
	ActorName string                  `bun:"actor_name"`
	Verb      string                  `bun:"verb"`
	Object    string                  `bun:"object"`
	ObjectID  string                  `bun:"object_id"`
	ProgramID string                  `bun:"program_id"`
	Detail    db.JSON[map[string]any] `bun:"detail"`
}

// Record writes an audit row for the principal that ctx carries; without one it is System's doing. idb is the transaction that changes
// what is recorded, so that there is neither a fact without its record nor a record without its fact.
func (s *Service) Record(ctx context.Context, idb bun.IDB, e Entry) error {
	actor, ok := FromContext(ctx)
	if !ok {
		actor = System
	}
	detail := e.Detail
	if detail == nil {
		detail = map[string]any{}
	}
	row := &auditRow{
		ID: db.NewID(), At: s.now(), ActorID: actor.UserID, ActorName: actor.Name, Verb: e.Verb, Object: e.Object, ObjectID: e.ObjectID,
		ProgramID: e.ProgramID, Detail: db.AsJSON(detail),
	}
	if _, err := idb.NewInsert().Model(row).Exec(ctx); err != nil {
		return fmt.Errorf("record %s of %s: %w", e.Verb, e.Object, err)
	}
	return nil
}

// AuditFilter says which part of the trail to list. Empty fields do not filter.
type AuditFilter struct {
	// Cursor is the nextCursor of the page before.
	Cursor string
	// Limit is the length of the page: 1 to 200; 0 means 50, more means 200.
	Limit int
	// Object is a kind of thing, ObjectID one of them, ActorID a user (or System's).
	Object, ObjectID, ActorID string
	// ProgramIDs, if not empty, keep to rows that concern these programs: the scope of the one who asks.
	ProgramIDs []string
}

// ListAudit returns a page of the trail, newest first; nextCursor is empty on the last page. The cost does not grow with depth. It
// returns ErrBadCursor.
func (s *Service) ListAudit(ctx context.Context, f AuditFilter) (items []AuditItem, nextCursor string, err error) {
	limit := f.Limit
	switch {
	case limit <= 0:
		limit = defaultAuditPage
	case limit > maxAuditPage:
		limit = maxAuditPage
	}
	if !storable(f.Object, f.ObjectID, f.ActorID) {
		return []AuditItem{}, "", nil
	}
	var rows []auditRow
	q := s.db.Read.NewSelect().Model(&rows).Order("at DESC", "id DESC").Limit(int64(limit) + 1)
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(at, id) < (?, ?)", at, id)
	}
	for column, value := range map[string]string{"object": f.Object, "object_id": f.ObjectID, "actor_id": f.ActorID} {
		if value != "" {
			q = q.Where("? = ?", bun.Ident(column), value)
		}
	}
	if len(f.ProgramIDs) > 0 {
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list audit: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		nextCursor = formatCursor(rows[limit-1].At, rows[limit-1].ID)
	}
	items = make([]AuditItem, len(rows))
	for i, r := range rows {
		items[i] = AuditItem{
			ID: r.ID, At: r.At, ActorID: r.ActorID, ActorName: r.ActorName,
			Entry: Entry{Verb: r.Verb, Object: r.Object, ObjectID: r.ObjectID, ProgramID: r.ProgramID, Detail: r.Detail.V},
		}
	}
	return items, nextCursor, nil
}

func formatCursor(at db.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(at), 10) + " " + id))
}

func parseCursor(c string) (at int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return 0, "", ErrBadCursor
	}
	first, id, ok := strings.Cut(string(b), " ")
	if at, err = strconv.ParseInt(first, 10, 64); err != nil || !ok || id == "" || !storable(id) {
		return 0, "", ErrBadCursor
	}
	return at, id, nil
}
