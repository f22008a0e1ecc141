package refund

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Advance does AdvanceArgs.
func (s *Service) Advance(ctx context.Context, j AdvanceArgs) error {
	r, err := s.ByID(ctx, j.RefundID)
	if err != nil {
		return err
	}
	if r.Turn != j.Turn {
		return nil // the row has changed since, and the change has its own job
	}
	switch r.State {
	case Queued, Parked:
		return s.send(ctx, r)
	case Running:
		return s.interrupted(ctx, r)
	case Unknown, Processing, Abnormal:
		return s.look(ctx, r)
	default:
		return nil
	}
}

// move stores what became of a refund.
func (s *Service) move(ctx context.Context, was, r *Refund, at *Attempt) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.endAttempt(ctx, tx, at); err != nil {
			return err
		}
		_, err := s.settle(ctx, tx, was, r)
		return err
	})
}

func (s *Service) endAttempt(ctx context.Context, tx db.Tx, at *Attempt) error {
	if at == nil {
		return nil
	}
	at.FinishedAt = s.now()
	if _, err := tx.NewUpdate().Model(at).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("store attempt: %w", err)
	}
	return nil
}

// defer_ puts a refund off without anything having been called.
func (s *Service) defer_(ctx context.Context, r *Refund, code string, until db.Time) error {
	next := *r
	next.ErrorCode, next.NextAt = code, until
	return s.move(ctx, r, &next, nil)
}

// fail ends a refund that certainly moved no money.
func (s *Service) fail(ctx context.Context, r *Refund, code string, at *Attempt) error {
	next := *r
	next.State, next.ErrorCode = Failed, code
	return s.move(ctx, r, &next, at)
}

// interrupted: the process died between the attempt's row and its outcome.
func (s *Service) interrupted(ctx context.Context, r *Refund) error {
	next := *r
	next.State, next.ErrorCode, next.UnclearAt, next.NextAt = Unknown, CodeChecking, s.now(), s.now()
	return s.move(ctx, r, &next, nil)
}

// send checks once more, writes the attempt, calls WeChat Pay and stores the outcome.
func (s *Service) send(ctx context.Context, r *Refund) error {
	m, err := s.Merchant(ctx, r.MerchantID)
	if err != nil {
		return err
	}
	ok, until, err := s.admit(ctx, m)
	if err != nil {
		return err
	}
	if !ok {
		code := CodeHold
		if m.HoldUntil < until || m.HoldUntil.IsZero() {
			code = CodePaused
		}
		return s.defer_(ctx, r, code, until+spread(r.ID))
	}
	if r.Tries == 0 {
		if done, err := s.reread(ctx, r); done || err != nil {
			return err
		}
		if done, err := s.confirm(ctx, r, m); done || err != nil {
			return err
		}
	}
	a, err := s.ready(ctx, m)
	if err != nil {
		return s.notReady(ctx, r, m, err)
	}
	if r.Tries == 0 {
		r.NotifyURL = s.notifyURL(m)
	}
	run, at, err := s.begin(ctx, r)
	if err != nil || at == nil {
		return err
	}
	cctx, cancel := context.WithTimeout(ctx, submitTimeout)
	got, err := s.pay.CreateRefund(cctx, a, orderOf(run))
	cancel()
	// The outcome must be stored even when this job's time is up.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err == nil {
		if err := s.works(ctx, m); err != nil {
			return err
		}
		return s.told(ctx, run, got, at)
	}
	return s.afterSubmit(ctx, run, m, at, err)
}

// orderOf is what is asked for: the same at every repeat.
func orderOf(r *Refund) wxpay.Order {
	return wxpay.Order{
		OutRefundNo: r.OutRefundNo, TransactionID: r.TransactionID, Reason: r.Reason, NotifyURL: r.NotifyURL, Amount: r.Amount, Total: *r.OrderTotal,
	}
}

// notifyURL is sent along when WeChat Pay can use it.
func (s *Service) notifyURL(m *Merchant) string {
	if u := s.NotifyURL(m); s.tell && len(u) <= 256 {
		return u
	}
	return ""
}

// spread keeps refunds that wait for the same moment from coming all at once: up to five seconds, in ms.
func spread(id string) db.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return db.Time(h.Sum32() % 5000)
}

// caseFresh is how old what we know of a case may be when a rule's refund is sent.
const caseFresh = time.Minute

// reread has the case of a rule's refund at hand as WeChat tells it now: the refund may have waited for hours, and nobody looks before the brake does. done means that the
// refund does not go on now.
func (s *Service) reread(ctx context.Context, r *Refund) (done bool, err error) {
	if r.Source != complaint.FromRule || r.ApproverID != "" {
		return false, nil
	}
	c, err := s.cases.ByID(ctx, r.ComplaintID)
	if err != nil || c.SyncedAt > s.in(-caseFresh) {
		return false, err
	}
	if _, err = s.cases.SyncNow(ctx, r.ComplaintID); err == nil || ctx.Err() != nil {
		return false, err
	}
	s.log.WarnContext(ctx, "case not read before a rule's refund", "complaint", r.ComplaintID, "err", err)
	next := *r
	next.Queries++
	next.ErrorCode, next.NextAt = CodeCaseUnread, s.in(db.Backoff(int(next.Queries)))
	return true, s.move(ctx, r, &next, nil)
}

// confirm asks WeChat Pay about the order before the first call, and checks the refund against it and the ledger. done means that the refund does not go on now.
func (s *Service) confirm(ctx context.Context, r *Refund, m *Merchant) (done bool, err error) {
	x, err := s.find(ctx, r.ComplaintID)
	if err != nil {
		return false, err
	}
	if x.complaint.TransactionID != r.TransactionID {
		return true, s.fail(ctx, r, BlockNotOurOrder, nil)
	}
	o, err := s.askOrder(ctx, m, x.program, x.complaint)
	if no, ok := errors.AsType[*Refused](err); ok {
		return true, s.fail(ctx, r, no.Code, nil)
	}
	if err != nil {
		return true, s.notReady(ctx, r, m, err)
	}
	l, err := s.ledger(ctx, s.db.Read, r.TransactionID)
	if err != nil {
		return false, err
	}
	if no := s.blocked(x.complaint, o, l, r); no != nil {
		return true, s.fail(ctx, r, no.Code, nil)
	}
	if l.taken() > *o.Total {
		return true, s.fail(ctx, r, BlockNothingLeft, nil)
	}
	r.OrderTotal, r.OutTradeNo = o.Total, o.OutTradeNo
	return false, nil
}

// notReady handles what failed before anything could move: our credentials, or WeChat Pay can't be read.
func (s *Service) notReady(ctx context.Context, r *Refund, m *Merchant, err error) error {
	e := wxErr(err)
	switch {
	case e != nil && e.Class == wxpay.Config:
		until, err := s.pause(ctx, m, e)
		if err != nil {
			return err
		}
		return s.defer_(ctx, r, CodePaused, until+spread(r.ID))
	case errors.Is(err, wxpay.ErrUnknownSerial):
		if err := s.fetchCerts(ctx, m); err != nil {
			s.log.WarnContext(ctx, "platform certificates not fetched", "merchant", m.ID, "err", err)
		}
	case errors.Is(err, errNoCerts), e != nil && e.Class == wxpay.Absent:
		return s.defer_(ctx, r, CodeNoCerts, s.in(certsAskEvery)+spread(r.ID))
	case e == nil:
		return err
	}
	next := *r
	next.Queries++
	next.ErrorCode, next.NextAt = CodeUpstream, s.in(db.Backoff(int(next.Queries)))
	if e != nil && e.After > 0 {
		next.NextAt = max(next.NextAt, s.in(e.After))
	}
	return s.move(ctx, r, &next, nil)
}

// begin writes the attempt with the outcome it has if the process dies now, in one transaction with the refund's running. A nil attempt means that it does not go on: somebody
// else has the refund, or the minute between two refunds is not over.
func (s *Service) begin(ctx context.Context, r *Refund) (*Refund, *Attempt, error) {
	run := *r
	at := &Attempt{ID: db.NewID(), RefundID: r.ID, Kind: AttemptSubmit, StartedAt: s.now(), Outcome: attemptUnknown}
	won := false
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, err := s.lock(ctx, tx, r.TransactionID)
		if err != nil {
			return err
		}
		if wait := o.LastCallAt.Time().Add(gap); r.Tries == 0 && !o.LastCallAt.IsZero() && wait.After(s.clock.Now()) {
			run.ErrorCode, run.NextAt = CodeGap, db.At(wait)
			_, err := s.settle(ctx, tx, r, &run)
			return err
		}
		if why, err := s.braked(ctx, tx, r); err != nil || why != "" {
			run.State, run.RejectReason = Cancelled, why
			if err == nil {
				_, err = s.settle(ctx, tx, r, &run)
			}
			return err
		}
		run.State, run.Tries, run.ErrorCode, run.UpdatedAt = Running, r.Tries+1, "", s.now()
		if run.SubmittedAt.IsZero() {
			run.SubmittedAt = s.now()
		}
		// The turn stays: if the process dies, the job that comes back finds the refund running.
		won, err = db.Changed(tx.NewUpdate().Model(&run).WherePK().Where("turn = ? AND state = ?", r.Turn, r.State).Exec(ctx))
		if err != nil {
			return fmt.Errorf("begin attempt: %w", err)
		}
		if !won {
			return nil
		}
		if _, err := tx.NewUpdate().Model((*order)(nil)).Set("last_call_at = ?", s.now()).Where("transaction_id = ?", r.TransactionID).Exec(ctx); err != nil {
			return fmt.Errorf("note call: %w", err)
		}
		if _, err := tx.NewInsert().Model(at).Exec(ctx); err != nil {
			return fmt.Errorf("store attempt: %w", err)
		}
		return nil
	})
	if err != nil || !won {
		return nil, nil, err
	}
	return &run, at, nil
}

// braked asks the brake of rules before the first call; a refund that was sent once is seen through.
func (s *Service) braked(ctx context.Context, tx db.Tx, r *Refund) (string, error) {
	if r.Source != complaint.FromRule || r.Tries > 0 || s.allow == nil {
		return "", nil
	}
	return s.allow(ctx, tx, r)
}
