package complaint

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// ErrBadCursor says that a cursor was not made by List.
var ErrBadCursor = errors.New("the cursor is not valid")

// Sort orders a list.
type Sort string

// The orders. Paging costs the same at any depth: a page starts where the last one ended.
const (
	ByDue    Sort = "due"    // least time left first, cases without a deadline last, the newest of them first
	ByNewest Sort = "newest" // last filed first
)

// Unassigned as a Filter's Assignee means that nobody is responsible.
const Unassigned = "none"

// Filter narrows List and CountUpTo. Zero values don't narrow, except ProgramIDs: nil means all, empty means none.
type Filter struct {
	ProgramIDs  []string
	Status      Status
	Stages      []Stage
	Type        Problem
	Assignee    string // a user, or Unassigned
	Query       string // parts of the complaint's number, an order number, the product, the text or the end of a phone number; all must be there
	DueBefore   db.Time
	CreatedFrom db.Time // a case whose filing time WeChat didn't tell counts as filed when it was heard of
	CreatedTo   db.Time
	Sort        Sort
	Cursor      string
	Limit       int // 1 to 200
}

// position is where a case stands in an order.
type position struct {
	At  int64
	No  int64
	Doc *int64 `bun:",scanonly"`
}

// List returns one page and the cursor of the next, empty at the end. A page of a search may be short and still have a next one, when so much was looked through.
func (s *Service) List(ctx context.Context, f Filter) ([]Complaint, string, error) {
	after, err := decodeCursor(f.Cursor, f.Sort)
	if err != nil {
		return nil, "", err
	}
	if f.ProgramIDs != nil && len(f.ProgramIDs) == 0 {
		return []Complaint{}, "", nil
	}
	if f.Query != "" {
		return s.search(ctx, f, after)
	}
	p, err := s.plan(ctx, f)
	if err != nil {
		return nil, "", err
	}
	at, err := p.page(ctx, s.db.Read, after, f.Limit+1, false)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(at) > f.Limit {
		at = at[:f.Limit]
		next = encodeCursor(f.Sort, at[f.Limit-1])
	}
	out, err := s.load(ctx, f, at)
	return out, next, err
}

// load reads the cases at some positions, in their order.
func (s *Service) load(ctx context.Context, f Filter, at []position) ([]Complaint, error) {
	out := make([]Complaint, 0, len(at))
	if len(at) == 0 {
		return out, nil
	}
	nos := make([]int64, len(at))
	for i, p := range at {
		nos[i] = p.No
	}
	var rows []Complaint
	err := s.db.Read.NewSelect().Model(&rows).Where("id IN (SELECT complaint_id FROM inbox WHERE no IN (?))", bun.List(nos)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read complaints of a page: %w", err)
	}
	byNo := make(map[int64]*Complaint, len(rows))
	for i := range rows {
		byNo[numberOf(rows[i].ID)] = &rows[i]
	}
	for _, p := range at {
		if c := byNo[p.No]; c != nil && f.sees(c.ProgramID) {
			out = append(out, *c)
		}
	}
	return out, nil
}

// sees makes sure that a scope is kept by its ids, not by their digests alone.
func (f Filter) sees(programID string) bool {
	if f.ProgramIDs == nil {
		return true
	}
	for _, id := range f.ProgramIDs {
		if id == programID {
			return true
		}
	}
	return false
}

func encodeCursor(s Sort, p position) string {
	if s == "" {
		s = ByDue
	}
	return base64.RawURLEncoding.EncodeToString([]byte(string(s) + "|" + strconv.FormatInt(p.At, 10) + "|" + strconv.FormatInt(p.No, 10)))
}

func decodeCursor(c string, s Sort) (*position, error) {
	if c == "" {
		return nil, nil
	}
	if s == "" {
		s = ByDue
	}
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return nil, ErrBadCursor
	}
	parts := strings.Split(string(b), "|")
	if len(parts) != 3 || parts[0] != string(s) {
		return nil, ErrBadCursor
	}
	p := &position{}
	if p.At, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return nil, ErrBadCursor
	}
	if p.No, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return nil, ErrBadCursor
	}
	return p, nil
}

// DueSoon is how near a deadline is when a case counts as 即将到期.
const DueSoon = 12 * time.Hour

// View is a named filter of the inbox.
type View string

// The views of the inbox.
const (
	ViewMine        View = "mine"
	ViewDueSoon     View = "due_soon"
	ViewSupplement  View = "to_supplement"
	ViewProve       View = "to_prove"
	ViewAppeal      View = "to_appeal"
	ViewPlatform    View = "platform"
	ViewWaitingUser View = "waiting_user"
	ViewClosed      View = "closed"
	ViewUnknown     View = "unknown"
	ViewAll         View = "all"
)

// Apply narrows f to a view at a moment.
func (v View) Apply(f Filter, now time.Time) Filter {
	switch v {
	case ViewMine:
		f.Stages = merchantStages
	case ViewDueSoon:
		f.Stages, f.DueBefore = merchantStages, db.At(now.Add(DueSoon))
	case ViewSupplement, ViewProve, ViewAppeal, ViewPlatform, ViewWaitingUser, ViewClosed, ViewUnknown:
		f.Stages = []Stage{Stage(v)}
	}
	return f
}
