package refund

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Reconciliation is one comparison of the ledger with WeChat Pay.
type Reconciliation struct {
	bun.BaseModel `bun:"table:reconciliations"`

	ID          string `bun:",pk"`
	State       string // running, done
	Cursor      string // id of the last refund compared
	Checked     int64
	Unreadable  int64
	Differences db.JSON[[]Difference]
	ActorName   string // empty = by schedule
	StartedAt   db.Time
	FinishedAt  db.Time
}

// Difference is a refund of which WeChat Pay says something else.
type Difference struct {
	RefundID    string `json:"refund_id"`
	ComplaintID string `json:"complaint_id"`
	ProgramID   string `json:"program_id"`
	OutRefundNo string `json:"out_refund_no"`
	Amount      int64  `json:"amount"`
	State       State  `json:"state"`
	WechatState string `json:"wechat_state"` // empty = unknown there
	Text        string `json:"text"`
}

// CompareArgs is the job that compares some refunds and goes on with the next.
type CompareArgs struct {
	ReconciliationID string `json:"reconciliation_id"`
	After            string `json:"after"`
}

// Kind implements river.JobArgs.
func (CompareArgs) Kind() string { return "refund.compare" }

// ScheduledArgs is the job that begins the daily comparison.
type ScheduledArgs struct{}

// Kind implements river.JobArgs.
func (ScheduledArgs) Kind() string { return "refund.reconcile" }

const (
	running = "running"
	ended   = "done"
	// compareBatch bounds one job, compareBack how far back refunds that are over are compared, keepDifferences a row.
	compareBatch    = 20
	compareBack     = 7 * 24 * time.Hour
	keepDifferences = 500
	staleRun        = 2 * time.Hour
)

// StartReconciliation begins a comparison, or returns the one that runs.
func (s *Service) StartReconciliation(ctx context.Context, actorName string) (*Reconciliation, error) {
	rec := &Reconciliation{ID: db.NewID(), State: running, ActorName: actorName, StartedAt: s.now()}
	rec.Differences.V = []Difference{}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		have := new(Reconciliation)
		err := tx.NewSelect().Model(have).Where("state = ? AND started_at > ?", running, s.in(-staleRun)).Order("started_at DESC").Limit(1).Scan(ctx)
		if err == nil {
			rec = have
			return nil
		}
		if !db.IsNotFound(err) {
			return fmt.Errorf("look for reconciliation: %w", err)
		}
		if _, err := tx.NewInsert().Model(rec).Exec(ctx); err != nil {
			return fmt.Errorf("store reconciliation: %w", err)
		}
		return tx.Enqueue(ctx, CompareArgs{ReconciliationID: rec.ID}, nil)
	})
	return rec, err
}

// LastReconciliation returns the newest; nil when there is none.
func (s *Service) LastReconciliation(ctx context.Context) (*Reconciliation, error) {
	rec := new(Reconciliation)
	err := s.db.Read.NewSelect().Model(rec).Order("started_at DESC", "id DESC").Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read reconciliation: %w", err)
	}
	return rec, nil
}

// Compare does CompareArgs: refunds that were sent and are open, or ended lately.
func (s *Service) Compare(ctx context.Context, j CompareArgs) error {
	rec := &Reconciliation{ID: j.ReconciliationID}
	if err := s.db.Read.NewSelect().Model(rec).WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("read reconciliation: %w", err)
	}
	if rec.State != running || rec.Cursor != j.After {
		return nil // done already
	}
	var batch []Refund
	err := s.db.Read.NewSelect().Model(&batch).Where("id > ? AND submitted_at IS NOT NULL AND (finished_at IS NULL OR finished_at > ?)", rec.Cursor, s.in(-compareBack)).
		Order("id").Limit(compareBatch).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list refunds to compare: %w", err)
	}
	for i := range batch {
		r := &batch[i]
		rec.Cursor = r.ID
		s.compare(ctx, rec, r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if len(batch) < compareBatch {
			rec.State, rec.FinishedAt = ended, s.now()
		}
		ok, err := db.Changed(tx.NewUpdate().Model(rec).WherePK().Where("cursor = ?", j.After).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store reconciliation: %w", err)
		}
		if !ok || rec.State == ended {
			return nil
		}
		return tx.Enqueue(ctx, CompareArgs{ReconciliationID: rec.ID, After: rec.Cursor}, nil)
	})
}

func (s *Service) compare(ctx context.Context, rec *Reconciliation, r *Refund) {
	got, err := s.ask(ctx, r)
	e := wxErr(err)
	absent := e != nil && e.Class == wxpay.Absent
	if err != nil && !absent {
		rec.Unreadable++
		return
	}
	rec.Checked++
	text := differs(r, got, absent)
	if text == "" {
		return
	}
	if len(rec.Differences.V) < keepDifferences {
		rec.Differences.V = append(rec.Differences.V, Difference{
			RefundID: r.ID, ComplaintID: r.ComplaintID, ProgramID: r.ProgramID, OutRefundNo: r.OutRefundNo, Amount: r.Amount, State: r.State, WechatState: string(got.Status), Text: text,
		})
	}
	if r.State.Open() {
		if err := s.db.Enqueue(ctx, LookArgs{RefundID: r.ID}, db.Once(db.QueueAct)); err != nil {
			s.log.WarnContext(ctx, "refund not looked at", "refund", r.ID, "err", err)
		}
	}
}

func (s *Service) ask(ctx context.Context, r *Refund) (wxpay.Refund, error) {
	m, err := s.Merchant(ctx, r.MerchantID)
	if err != nil {
		return wxpay.Refund{}, err
	}
	a, err := s.ready(ctx, m)
	if err != nil {
		return wxpay.Refund{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return s.pay.QueryRefund(ctx, a, r.OutRefundNo)
}

// differs says how WeChat Pay's word differs from ours; empty when it doesn't.
func differs(r *Refund, got wxpay.Refund, absent bool) string {
	switch {
	case absent && (r.State == Done || r.State == Processing || r.State == Abnormal || r.State == Closed):
		return "微信支付没有这笔退款"
	case absent:
		return ""
	case got.Amount != r.Amount:
		return "金额不一致：微信支付是 " + Yuan(got.Amount)
	case got.TransactionID != r.TransactionID:
		return "微信支付里这个退款单号属于另一笔订单"
	}
	want := map[wxpay.Status]State{wxpay.Success: Done, wxpay.Closed: Closed, wxpay.Abnormal: Abnormal, wxpay.Processing: Processing}[got.Status]
	switch {
	case want == r.State, want == Processing && r.State.Open() && r.State != Parked:
		return ""
	case r.State == Failed && want != Closed:
		return "知诉记为退款失败，微信支付却有这笔退款"
	case r.State == Failed:
		return ""
	}
	return "状态不一致：知诉是" + r.State.Text() + "，微信支付是 " + string(got.Status)
}
