package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

const (
	historyDays  = 90
	reportsAsked = 20
)

// addHistory stores what reports and replays read beside the complaints of the last days: how WeChat says they were answered, and most answers given here.
func (s *shelf) addHistory(ctx context.Context) error {
	last := idAt(s.now.Add(-historyDays*24*time.Hour), s.rand)
	for {
		var cs []complaint.Complaint
		q := s.db.Read.NewSelect().Model(&cs).Column("id", "program_id", "status", "created_at").Where("id > ?", last).Order("id").Limit(2000)
		if err := q.Scan(ctx); err != nil || len(cs) == 0 {
			return err
		}
		last = cs[len(cs)-1].ID
		if err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.answer(ctx, tx, cs) }); err != nil {
			return err
		}
	}
}

// noteReplies brings answers given here to where reports count them, as an upgrade does.
func (s *shelf) noteReplies(ctx context.Context) error {
	_, err := s.db.SQL().ExecContext(ctx, `UPDATE outcomes SET replied = a.finished_at, reply = 1, member_id = a.actor_id, member = a.actor_name
		FROM actions AS a JOIN inbox AS i ON i.complaint_id = a.complaint_id WHERE outcomes.no = i.no`)
	return err
}

// answer gives most of some complaints an answer.
func (s *shelf) answer(ctx context.Context, tx db.Tx, cs []complaint.Complaint) error {
	var entries []complaint.Entry
	var acts []action.Action
	for i := range cs {
		c := &cs[i]
		if c.Status == 201 || s.rand.IntN(10) == 0 {
			continue
		}
		at := c.CreatedAt + db.Time(s.rand.Int64N(48*3600_000))
		e := complaint.Entry{ID: db.NewID(), ComplaintID: c.ID, DedupeKey: "node:109", At: at, Source: complaint.FromWeChat, Kind: "node_109", Text: "商家已回应"}
		e.Images.V = []string{}
		entries = append(entries, e)
		if s.rand.IntN(4) == 0 {
			continue // at WeChat's console
		}
		who := staff(s.rand.IntN(manyStaff))
		a := action.Action{
			ID: db.NewID(), ComplaintID: c.ID, ProgramID: c.ProgramID, Kind: complaint.Respond, Decision: action.Agree, State: action.Done, ActorID: who, ActorName: who,
			Source: complaint.FromStaff, RequestKey: who + "/" + c.ID, StatusBefore: 201, CreatedAt: at, UpdatedAt: at, FinishedAt: at,
		}
		a.EvidenceIDs.V = []string{}
		acts = append(acts, a)
	}
	for len(entries) > 0 {
		n := min(500, len(entries))
		part := entries[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
		entries = entries[n:]
	}
	for len(acts) > 0 {
		n := min(500, len(acts))
		part := acts[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return err
		}
		acts = acts[n:]
	}
	return nil
}

// history measures the report page over 90 days, and the replay of rules.
func (w *world) history(ctx context.Context, engine string) ([]figure, error) {
	var out []figure
	for _, by := range []string{"day", "program"} {
		q := url.Values{"by": {by}, "from": {fmt.Sprint(time.Now().AddDate(0, 0, -historyDays).UnixMilli())}}
		var ds []time.Duration
		for range reportsAsked {
			began := time.Now()
			if err := w.call(ctx, http.MethodGet, "/reports/complaints?"+q.Encode(), nil, nil); err != nil {
				return nil, err
			}
			ds = append(ds, time.Since(began))
		}
		s := spreadOf(ds)
		out = append(out, figure{fmt.Sprintf("report of %d days by %s, %s", historyDays, by, engine), fmt.Sprintf("p50 %s  p99 %s", ms(s.p50), ms(s.p99)), ""})
	}
	for _, x := range []struct {
		name string
		more map[string]any
	}{{"a rule", nil}, {"a rule about a user's first complaint", map[string]any{"first_in_days": 30}}} {
		in := map[string]any{
			"name": x.name, "types": types, "amount_max": 50_000, "wait_minutes": 10, "decision": "agree", "content": "已安排补发，请留意。", "refund": "none", "max_cases_per_day": 10_000,
		}
		for k, v := range x.more {
			in[k] = v
		}
		var r struct {
			ID string `json:"id"`
		}
		if err := w.call(ctx, http.MethodPost, "/rules", in, &r); err != nil {
			return nil, err
		}
		var replay struct {
			Hits int64 `json:"hits"`
		}
		began := time.Now()
		if err := w.call(ctx, http.MethodPost, "/rules/"+r.ID+"/replay", nil, &replay); err != nil {
			return nil, err
		}
		took := time.Since(began)
		if replay.Hits == 0 {
			return nil, errors.New("a replay without a hit proves nothing")
		}
		out = append(out, figure{fmt.Sprintf("replay of %s, %d hits, %s", x.name, replay.Hits, engine), ms(took), ""})
	}
	for _, f := range out {
		fmt.Fprintf(os.Stderr, "  %s: %s\n", f.name, f.value)
	}
	return out, nil
}
