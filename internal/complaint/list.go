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
	"github.com/uptrace/bun/dialect"

	"github.com/zhisu/zhisu/internal/db"
)

// ErrBadCursor says that a cursor was not made by List.
var ErrBadCursor = errors.New("the cursor is not valid")

// Sort orders a list.
type Sort string

// The orders. Paging costs the same at any depth: a page starts where the last one ended.
const (
	ByDue    Sort = "due"    // least time left first, cases without a deadline last
	ByNewest Sort = "newest" // last heard first
)

// Filter narrows List and Counts. Zero values don't narrow, except ProgramIDs: nil means all, empty means none.
type Filter struct {
	ProgramIDs  []string
	Status      Status
	Stages      []Stage
	Type        Problem
	Query       string // part of an order number, the product or the text, or the end of a phone number
	DueBefore   db.Time
	CreatedFrom db.Time
	CreatedTo   db.Time
	Sort        Sort
	Cursor      string
	Limit       int // 1 to 200
}

func (f Filter) where(q *bun.SelectQuery) *bun.SelectQuery {
	if f.ProgramIDs != nil {
		if len(f.ProgramIDs) == 0 {
			return q.Where("1 = 0")
		}
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if f.Status != 0 {
		q = q.Where("status = ?", f.Status)
	}
	switch len(f.Stages) {
	case 0:
	case 1:
		q = q.Where("stage = ?", f.Stages[0])
	default:
		q = q.Where("stage IN (?)", bun.List(f.Stages))
	}
	if f.Type != 0 {
		q = q.Where("type = ?", f.Type)
	}
	if f.DueBefore != 0 {
		q = q.Where("due_sort < ?", int64(f.DueBefore))
	}
	if f.CreatedFrom != 0 {
		q = q.Where("created_at >= ?", f.CreatedFrom)
	}
	if f.CreatedTo != 0 {
		q = q.Where("created_at < ?", f.CreatedTo)
	}
	if f.Query != "" {
		// SQLite's LIKE doesn't tell A from a; PostgreSQL's does.
		op := "LIKE"
		if q.Dialect().Name() == dialect.PG {
			op = "ILIKE"
		}
		like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Query) + "%"
		q = q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, col := range []string{"complaint_order_id", "transaction_id", "out_trade_no", "product_name", "content_masked", "phone_masked"} {
				q = q.WhereOr("? "+op+" ? ESCAPE '\\'", bun.Ident(col), like)
			}
			return q
		})
	}
	return q
}

// List returns one page and the cursor of the next, empty at the end.
func (s *Service) List(ctx context.Context, f Filter) ([]Complaint, string, error) {
	out := []Complaint{}
	q := f.where(s.db.Read.NewSelect().Model(&out)).Limit(int64(f.Limit) + 1)
	col, cmp, dir := "due_sort", ">", "ASC"
	if f.Sort == ByNewest {
		col, cmp, dir = "first_seen_at", "<", "DESC"
	}
	q = q.OrderExpr("? "+dir+", id "+dir, bun.Ident(col))
	if f.Cursor != "" {
		at, id, err := decodeCursor(f.Cursor, f.Sort)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(?, id) "+cmp+" (?, ?)", bun.Ident(col), at, id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list complaints: %w", err)
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	out = out[:f.Limit]
	last := out[f.Limit-1]
	at := last.DueSort
	if f.Sort == ByNewest {
		at = int64(last.FirstSeenAt)
	}
	return out, encodeCursor(f.Sort, at, last.ID), nil
}

func encodeCursor(s Sort, at int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(s) + "|" + strconv.FormatInt(at, 10) + "|" + id))
}

func decodeCursor(c string, s Sort) (at int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return 0, "", ErrBadCursor
	}
	parts := strings.Split(string(b), "|")
	if len(parts) != 3 || (parts[0] != string(s) && (s != "" || parts[0] != string(ByDue))) {
		return 0, "", ErrBadCursor
	}
	if at, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
		return 0, "", ErrBadCursor
	}
	return at, parts[2], nil
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

// Counts returns the number of cases of every view within the programs of a scope.
func (s *Service) Counts(ctx context.Context, programIDs []string) (map[View]int64, error) {
	var rows []struct {
		Stage Stage
		Soon  bool
		N     int64
	}
	soon := db.At(s.clock.Now().Add(DueSoon))
	q := Filter{ProgramIDs: programIDs}.where(s.db.Read.NewSelect().Model((*Complaint)(nil))).
		ColumnExpr("stage, due_sort < ? AS soon, count(*) AS n", int64(soon)).GroupExpr("stage, due_sort < ?", int64(soon))
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("count complaints: %w", err)
	}
	out := map[View]int64{
		ViewMine: 0, ViewDueSoon: 0, ViewSupplement: 0, ViewProve: 0, ViewAppeal: 0, ViewPlatform: 0,
		ViewWaitingUser: 0, ViewClosed: 0, ViewUnknown: 0, ViewAll: 0,
	}
	for _, r := range rows {
		out[ViewAll] += r.N
		if r.Stage != ToRespond {
			out[View(r.Stage)] += r.N
		}
		if r.Stage.WaitsForMerchant() {
			out[ViewMine] += r.N
			if r.Soon {
				out[ViewDueSoon] += r.N
			}
		}
	}
	return out, nil
}

// Totals are the workbench's numbers besides the views.
type Totals struct {
	NewToday int64 // heard since midnight, Beijing time
	Overdue  int64 // waiting for the merchant although the deadline has passed
}

// Totals counts within the programs of a scope.
func (s *Service) Totals(ctx context.Context, programIDs []string) (Totals, error) {
	now := s.clock.Now().In(Beijing)
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, Beijing)
	var t Totals
	var err error
	if t.NewToday, err = (Filter{ProgramIDs: programIDs}).where(s.db.Read.NewSelect().Model((*Complaint)(nil))).
		Where("first_seen_at >= ?", db.At(midnight)).Count(ctx); err != nil {
		return t, fmt.Errorf("count new complaints: %w", err)
	}
	if t.Overdue, err = (Filter{ProgramIDs: programIDs, Stages: merchantStages, DueBefore: db.At(now)}).
		where(s.db.Read.NewSelect().Model((*Complaint)(nil))).Count(ctx); err != nil {
		return t, fmt.Errorf("count overdue complaints: %w", err)
	}
	return t, nil
}

// Beijing is the clock WeChat and its merchants live by; China has no daylight saving.
var Beijing = time.FixedZone("UTC+8", 8*3600)

// Unfinished returns the number of a program's cases that WeChat has not closed.
func (s *Service) Unfinished(ctx context.Context, programID string) (int, error) {
	n, err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Where("program_id = ? AND stage <> ?", programID, Closed).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count unfinished complaints: %w", err)
	}
	return int(n), nil
}

// OpenByProgram returns the number of cases per program that wait for the merchant.
func (s *Service) OpenByProgram(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		ProgramID string
		N         int64
	}
	err := s.db.Read.NewSelect().Model((*Complaint)(nil)).ColumnExpr("program_id, count(*) AS n").
		Where("stage IN (?)", bun.List(merchantStages)).GroupExpr("program_id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count open complaints: %w", err)
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.ProgramID] = r.N
	}
	return out, nil
}
