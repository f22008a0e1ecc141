package notify

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Notice is one message to one receiver, with every try.
type Notice struct {
	ID, ComplaintID, ProgramID string
	Event                      string
	ChannelID                  string
	AddressMasked              string
	State                      State
	// Error is why it was not sent, or not yet, in words.
	Error     string
	NextTryAt db.Time
	CreatedAt db.Time
	SentAt    db.Time
	Attempts  []Attempt

	UserID     string
	Reason     Reason
	ReasonText string
	Urgent     bool
	// ListID names the message that tells this one together with others, or, with IsList, that message itself; empty for one told alone. Grouped is how many the
	// message tells.
	ListID               string
	IsList               bool
	Grouped              int64
	FallbackOf, ResendOf string
}

// Attempt is one try. An unfinished one is under way or was cut off.
type Attempt struct {
	At, FinishedAt             db.Time
	Outcome                    string
	ProviderCode, ProviderText string
	Text                       string
	// ProviderID is what the provider calls the message. Receipt is what it said of it later, one of the verdicts, empty for nothing yet.
	ProviderID           string
	Receipt, ReceiptCode string
	ReceiptAt            db.Time
}

// NoticeFilter narrows ListNotices. Zero values don't narrow, except ProgramIDs: nil means all, empty means none.
type NoticeFilter struct {
	ProgramIDs  []string
	ComplaintID string
	ChannelID   string
	Event       string
	State       State
	Cursor      string
	Limit       int // 1 to 200
}

func (f NoticeFilter) where(q *bun.SelectQuery) *bun.SelectQuery {
	if f.ProgramIDs != nil {
		if len(f.ProgramIDs) == 0 {
			return q.Where("1 = 0")
		}
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if f.ComplaintID != "" {
		q = q.Where("complaint_id = ?", f.ComplaintID)
	}
	if f.ChannelID != "" {
		q = q.Where("channel_id = ?", f.ChannelID)
	}
	if f.Event != "" {
		q = q.Where("event = ?", f.Event)
	}
	switch f.State {
	case "":
	case Queued:
		q = q.Where("state IN (?)", bun.List([]State{Queued, sending}))
	default:
		q = q.Where("state = ?", f.State)
	}
	return q
}

// ListNotices returns one page, newest first, and the cursor of the next, empty at the end.
func (s *Service) ListNotices(ctx context.Context, f NoticeFilter) ([]Notice, string, error) {
	f.Limit = min(max(f.Limit, 1), 200)
	var rows []noticeRow
	q := f.where(s.db.Read.NewSelect().Model(&rows)).OrderExpr("created_at DESC, id DESC").Limit(int64(f.Limit) + 1)
	if f.Cursor != "" {
		at, id, err := decodeCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(created_at, id) < (?, ?)", at, id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list notices: %w", err)
	}
	cursor := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[f.Limit-1]
		cursor = encodeCursor(last.CreatedAt, last.ID)
	}
	out, err := s.withAttempts(ctx, rows)
	return out, cursor, err
}

func (s *Service) withAttempts(ctx context.Context, rows []noticeRow) ([]Notice, error) {
	out := make([]Notice, len(rows))
	at := map[string]int{}
	ids := make([]string, len(rows))
	for i, n := range rows {
		if n.State == sending {
			n.State = Queued
		}
		out[i] = Notice{
			ID: n.ID, ComplaintID: n.ComplaintID, ProgramID: n.ProgramID, Event: n.Event, ChannelID: n.ChannelID, AddressMasked: n.AddressMasked,
			State: n.State, Error: n.Error, NextTryAt: n.NextTryAt, CreatedAt: n.CreatedAt, SentAt: n.SentAt, Attempts: []Attempt{},
			UserID: n.UserID, Reason: n.Reason, ReasonText: n.ReasonText, Urgent: n.Urgent, ListID: n.ListID, IsList: n.IsList,
			FallbackOf: n.FallbackOf, ResendOf: n.ResendOf,
		}
		at[n.ID], ids[i] = i, n.ID
	}
	if len(ids) == 0 {
		return out, nil
	}
	if err := s.countLists(ctx, out); err != nil {
		return nil, err
	}
	var tries []attemptRow
	if err := s.db.Read.NewSelect().Model(&tries).Where("notice_id IN (?)", bun.List(ids)).Order("started_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	for _, a := range tries {
		n := &out[at[a.NoticeID]]
		n.Attempts = append(n.Attempts, Attempt{
			At: a.StartedAt, FinishedAt: a.FinishedAt, Outcome: a.Outcome, ProviderCode: a.ProviderCode, ProviderText: a.ProviderText, Text: a.Text,
			ProviderID: a.ProviderID, Receipt: a.Receipt, ReceiptCode: a.ReceiptCode, ReceiptAt: a.ReceiptAt,
		})
	}
	return out, nil
}

// countLists fills in how many each list tells.
func (s *Service) countLists(ctx context.Context, ns []Notice) error {
	var lists []string
	for _, n := range ns {
		if n.ListID != "" {
			lists = append(lists, n.ListID)
		}
	}
	if len(lists) == 0 {
		return nil
	}
	var counts []struct {
		ListID string
		N      int64
	}
	err := s.db.Read.NewSelect().Model((*noticeRow)(nil)).ColumnExpr("list_id, count(*) AS n").Where("list_id IN (?) AND NOT is_list", bun.List(unique(lists))).
		GroupExpr("list_id").Scan(ctx, &counts)
	if err != nil {
		return fmt.Errorf("count grouped notices: %w", err)
	}
	for i := range ns {
		for _, c := range counts {
			if ns[i].ListID == c.ListID {
				ns[i].Grouped = c.N
			}
		}
	}
	return nil
}

// Notice returns one notice, or ErrNotFound.
func (s *Service) Notice(ctx context.Context, id string) (Notice, error) {
	row := noticeRow{ID: id}
	if err := s.db.Read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return Notice{}, ErrNotFound
		}
		return Notice{}, fmt.Errorf("read notice: %w", err)
	}
	out, err := s.withAttempts(ctx, []noticeRow{row})
	if err != nil {
		return Notice{}, err
	}
	return out[0], nil
}

// FailedSince counts notices that were given up at or after a moment; programIDs as in NoticeFilter.
func (s *Service) FailedSince(ctx context.Context, programIDs []string, since db.Time) (int64, error) {
	q := NoticeFilter{ProgramIDs: programIDs, State: Failed}.where(s.db.Read.NewSelect().Model((*noticeRow)(nil)))
	n, err := q.Where("created_at >= ?", since).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count failed notices: %w", err)
	}
	return n, nil
}

func encodeCursor(at db.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(at), 10) + "|" + id))
}

func decodeCursor(c string) (at db.Time, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return 0, "", ErrBadCursor
	}
	left, id, ok := strings.Cut(string(b), "|")
	n, err := strconv.ParseInt(left, 10, 64)
	if err != nil || !ok || id == "" {
		return 0, "", ErrBadCursor
	}
	return db.Time(n), id, nil
}
