package refund

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Filter narrows the ledger. ProgramIDs nil means all programs; empty means none.
type Filter struct {
	ProgramIDs             []string
	MerchantID             string
	ComplaintID            string
	States                 []State
	CreatedFrom, CreatedTo db.Time
	// Query is a number, whole: complaint, transaction, out_trade_no, out_refund_no, refund_id.
	Query  string
	Cursor string
	Limit  int
}

func (f Filter) apply(q *bun.SelectQuery) *bun.SelectQuery {
	if f.ProgramIDs != nil {
		if len(f.ProgramIDs) == 0 {
			return q.Where("1 = 0")
		}
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if f.MerchantID != "" {
		q = q.Where("merchant_id = ?", f.MerchantID)
	}
	if f.ComplaintID != "" {
		q = q.Where("complaint_id = ?", f.ComplaintID)
	}
	if len(f.States) > 0 {
		q = q.Where("state IN (?)", bun.List(f.States))
	}
	if f.CreatedFrom != 0 {
		q = q.Where("created_at >= ?", int64(f.CreatedFrom))
	}
	if f.CreatedTo != 0 {
		q = q.Where("created_at < ?", int64(f.CreatedTo))
	}
	if n := strings.TrimSpace(f.Query); n != "" {
		q = q.Where("(complaint_order_id = ? OR transaction_id = ? OR out_trade_no = ? OR out_refund_no = ? OR refund_id = ?)", n, n, n, n, n)
	}
	return q
}

// List returns a page of the ledger, newest first. It returns ErrBadCursor.
func (s *Service) List(ctx context.Context, f Filter) (out []Refund, next string, err error) {
	out = []Refund{}
	q := f.apply(s.db.Read.NewSelect().Model(&out)).Order("created_at DESC", "id DESC").Limit(int64(f.Limit) + 1)
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(created_at, id) < (?, ?)", at, id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list refunds: %w", err)
	}
	if len(out) > f.Limit {
		out = out[:f.Limit]
		last := out[f.Limit-1]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(last.CreatedAt), 10) + " " + last.ID))
	}
	return out, next, nil
}

func parseCursor(c string) (at int64, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return 0, "", ErrBadCursor
	}
	first, id, ok := strings.Cut(string(b), " ")
	if at, err = strconv.ParseInt(first, 10, 64); err != nil || !ok || strings.ContainsRune(id, 0) {
		return 0, "", ErrBadCursor
	}
	return at, id, nil
}

// Attempts returns a refund's calls, oldest first.
func (s *Service) Attempts(ctx context.Context, refundID string) ([]Attempt, error) {
	out := []Attempt{}
	if err := s.db.Read.NewSelect().Model(&out).Where("refund_id = ?", refundID).Order("started_at", "id").Limit(500).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	return out, nil
}

// Total is a sum of refunds. Amounts in fen.
type Total struct {
	Key                              string
	Done, DoneCount, Open, OpenCount int64
	Failed, FailedCount              int64
}

func (t *Total) add(state State, amount, count int64) {
	switch {
	case state == Done:
		t.Done, t.DoneCount = t.Done+amount, t.DoneCount+count
	case state.Open():
		t.Open, t.OpenCount = t.Open+amount, t.OpenCount+count
	case state == Failed || state == Closed:
		t.Failed, t.FailedCount = t.Failed+amount, t.FailedCount+count
	}
}

// Groups of totals.
const (
	ByProgram  = "program"
	ByMerchant = "merchant"
	ByDay      = "day" // of the request, Beijing
)

// dayMS is a day; Beijing has no summer time, so its days begin eight hours before those of UTC.
const (
	dayMS     = 24 * 3600 * 1000
	beijingMS = 8 * 3600 * 1000
)

// Totals sums the ledger by program, merchant or day.
func (s *Service) Totals(ctx context.Context, f Filter, by string) ([]Total, Total, error) {
	key := map[string]string{ByProgram: "program_id", ByMerchant: "merchant_id", ByDay: fmt.Sprintf("CAST((created_at + %d) / %d AS text)", beijingMS, dayMS)}[by]
	if key == "" {
		return nil, Total{}, &FieldError{"by", "只能按小程序、商户号或日期汇总"}
	}
	var rows []struct {
		Key           string
		State         State
		Amount, Count int64
	}
	q := f.apply(s.db.Read.NewSelect().TableExpr("refunds")).
		ColumnExpr(key + " AS key, state, CAST(sum(amount) AS bigint) AS amount, count(*) AS count").GroupExpr(key + ", state").OrderExpr("1")
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, Total{}, fmt.Errorf("sum refunds: %w", err)
	}
	out, all := []Total{}, Total{}
	for _, r := range rows {
		if by == ByDay {
			n, err := strconv.ParseInt(r.Key, 10, 64)
			if err != nil {
				return nil, Total{}, fmt.Errorf("read day: %w", err)
			}
			r.Key = db.Time(n*dayMS - beijingMS).Time().In(complaint.Beijing).Format("2006-01-02")
		}
		if len(out) == 0 || out[len(out)-1].Key != r.Key {
			out = append(out, Total{Key: r.Key})
		}
		out[len(out)-1].add(r.State, r.Amount, r.Count)
		all.add(r.State, r.Amount, r.Count)
	}
	return out, all, nil
}

// Refunded returns what arrived for each of some cases, in fen; a case without refunds is left out.
func (s *Service) Refunded(ctx context.Context, complaintIDs []string) (map[string]int64, error) {
	out := map[string]int64{}
	if len(complaintIDs) == 0 {
		return out, nil
	}
	var rows []struct {
		ComplaintID string
		Amount      int64
	}
	err := s.db.Read.NewSelect().TableExpr("refunds").ColumnExpr("complaint_id, CAST(sum(CASE WHEN state = 'done' THEN amount ELSE 0 END) AS bigint) AS amount").
		Where("complaint_id IN (?)", bun.List(complaintIDs)).GroupExpr("complaint_id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sum refunds of cases: %w", err)
	}
	for _, r := range rows {
		out[r.ComplaintID] = r.Amount
	}
	return out, nil
}

// Watch is what an operator wants an alarm for.
type Watch struct {
	ByState map[State]int64
	// Oldest is when the oldest refund on its way was asked for; zero = none. Those that wait for people don't count.
	Oldest db.Time
	Paused int64 // merchants
}

// Watch counts open refunds.
func (s *Service) Watch(ctx context.Context) (Watch, error) {
	w := Watch{ByState: map[State]int64{}}
	var rows []struct {
		State  State
		Count  int64
		Oldest db.Time
	}
	err := s.db.Read.NewSelect().TableExpr("refunds").ColumnExpr("state, count(*) AS count, min(created_at) AS oldest").Where("finished_at IS NULL").GroupExpr("state").Scan(ctx, &rows)
	if err != nil {
		return w, fmt.Errorf("count refunds: %w", err)
	}
	for _, st := range openStates {
		w.ByState[st] = 0
	}
	for _, r := range rows {
		w.ByState[r.State] = r.Count
		if r.State != WaitingApproval && r.State != Parked && r.State != Abnormal && (w.Oldest == 0 || r.Oldest < w.Oldest) {
			w.Oldest = r.Oldest
		}
	}
	n, err := s.db.Read.NewSelect().Model((*Merchant)(nil)).Where("paused_until IS NOT NULL AND archived_at IS NULL").Count(ctx)
	if err != nil {
		return w, fmt.Errorf("count paused merchants: %w", err)
	}
	w.Paused = int64(n)
	return w, nil
}
