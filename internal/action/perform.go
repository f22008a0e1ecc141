package action

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Waits and limits of performing.
const (
	maxAttempts   = 6                // calls to WeChat per action
	callTimeout   = 20 * time.Second // one attempt: token, call, and the one repeat with a new token
	readBackAfter = 2 * time.Second  // the first look after an unknown outcome
	settleAfter   = 10 * time.Second // a case that hasn't moved this long after an attempt ended was not acted on
	maxWait       = time.Minute      // between two tries that did not get as far as a call
	maxLookWait   = 10 * time.Minute // between two looks while WeChat can't be read
)

// Perform does PerformArgs.
func (s *Service) Perform(ctx context.Context, id string) error {
	a, err := s.ByID(ctx, id)
	if err != nil {
		return err
	}
	switch a.State {
	case Queued:
		return s.send(ctx, a)
	case Running, Unknown:
		return s.readBack(ctx, a)
	default:
		return nil
	}
}

// send looks at the case once more, writes the attempt, calls WeChat and stores the outcome.
func (s *Service) send(ctx context.Context, a *Action) error {
	c, err := s.complaints.SyncNow(ctx, a.ComplaintID)
	if err != nil {
		return s.afterError(ctx, a, nil, err, false)
	}
	if l := complaint.Legal(a.Kind, c.Situation()); !l.OK && (!a.ByHand || !l.ByHand) {
		return s.movedOn(ctx, a, c)
	}
	p, err := s.programs.ByID(ctx, a.ProgramID)
	if err != nil {
		return err
	}
	// Pictures first: uploading them changes nothing, however often it is repeated.
	media, err := s.upload(ctx, a, p)
	if err != nil {
		return s.afterUpload(ctx, a, err)
	}
	at, err := s.begin(ctx, a, c)
	if errors.Is(err, errNotAllowed) {
		return s.finish(ctx, a, nil, failure{code: CodeHandedOver})
	}
	if err != nil || at == nil {
		return err
	}
	called, err := s.call(ctx, a, p, c, media)
	// The outcome must be stored even when this job's time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err != nil {
		return s.afterError(ctx, a, at, err, called)
	}
	return s.finish(ctx, a, at, failure{})
}

// movedOn ends an action that is not legal any more. An earlier attempt whose answer never came may be the reason: then it was taken after all.
func (s *Service) movedOn(ctx context.Context, a *Action, c *complaint.Complaint) error {
	n, err := s.attempts(ctx, a.ID)
	if err != nil {
		return err
	}
	f := failure{code: CodeMovedOn, errcode: a.Errcode, rid: a.RID}
	if n > 0 {
		taken, err := s.taken(ctx, a, c)
		if err != nil {
			return err
		}
		if taken {
			f = failure{}
		}
	}
	return s.finish(ctx, a, nil, f)
}

// call makes the one call that changes something. called tells whether it came that far; without it WeChat has certainly done nothing.
func (s *Service) call(ctx context.Context, a *Action, p *program.Program, c *complaint.Complaint, media []string) (called bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	parcel, err := c.Return()
	if err != nil {
		return false, err
	}
	proof := wechat.Proof{ComplaintOrderID: c.ComplaintOrderID, Content: a.Content, MediaIDs: media}
	err = s.programs.Call(ctx, p, program.ComplaintSets, func(ctx context.Context, token string) error {
		called = true
		switch a.Kind {
		case complaint.Supplement:
			return s.wechat.SupplyProof(ctx, token, proof)
		case complaint.RefundProof:
			r := wechat.RefundProof{Proof: proof}
			if a.AcceptReturn != nil {
				accept := int(*a.AcceptReturn)
				r.AcceptReturn, r.ReturnID = &accept, parcel.ReturnID
			}
			return s.wechat.SubmitRefundProof(ctx, token, r)
		case complaint.Appeal:
			return s.wechat.Appeal(ctx, token, proof)
		default:
			handle := wechat.HandleRefuse
			if a.Decision == Agree {
				handle = wechat.HandleAgree
			}
			return s.wechat.Respond(ctx, token, handle, proof)
		}
	})
	return called, err
}

// begin moves the action to running and writes the attempt, with the outcome it has if the process dies now. A nil attempt means that somebody
// else has the action.
func (s *Service) begin(ctx context.Context, a *Action, c *complaint.Complaint) (*attempt, error) {
	nodes, err := s.nodes(ctx, a.Kind, c.ID)
	if err != nil {
		return nil, err
	}
	status := c.Status
	at := &attempt{ID: db.NewID(), ActionID: a.ID, StartedAt: s.now(), Outcome: attemptUnknown}
	won := false
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.allowed(ctx, tx, a); err != nil {
			return err
		}
		var err error
		won, err = db.Changed(tx.NewUpdate().Model((*Action)(nil)).
			Set("state = ?, status_before = ?, nodes_before = ?, updated_at = ?", Running, status, nodes, s.now()).
			Where("id = ? AND state = ?", a.ID, Queued).Exec(ctx))
		if err != nil || !won {
			return err
		}
		_, err = tx.NewInsert().Model(at).Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin attempt: %w", err)
	}
	if !won {
		return nil, nil
	}
	a.State, a.StatusBefore, a.NodesBefore = Running, status, nodes
	return at, nil
}

// errNotAllowed says that what a rule decided may not be sent any more.
var errNotAllowed = errors.New("the rule's answer may not be sent any more")

// allowed asks the brake of rules before each call of what a rule decided.
func (s *Service) allowed(ctx context.Context, tx db.Tx, a *Action) error {
	if a.Source != complaint.FromRule || s.allow == nil {
		return nil
	}
	why, err := s.allow(ctx, tx, a)
	if err == nil && why != "" {
		err = errNotAllowed
	}
	return err
}

// failure is why an action ended; the zero value is success.
type failure struct {
	code    string
	errcode *int64
	rid     string
}

func failureOf(we *wechat.Error, code string) failure {
	n := int64(we.Code)
	return failure{code: code, errcode: &n, rid: we.RID}
}

// afterError decides by the error's class. called tells whether WeChat may have acted.
func (s *Service) afterError(ctx context.Context, a *Action, at *attempt, cause error, called bool) error {
	var we *wechat.Error
	if gone(cause) || !errors.As(cause, &we) {
		return s.afterOwnError(ctx, a, at, cause, called)
	}
	f := failureOf(we, codeFor(we))
	if !called && we.API != wechat.APIComplaintDetail {
		return s.again(ctx, a, at, f, cause) // getting a token failed; that says nothing about the answer
	}
	if f.code == CodeMovedOn {
		if n, err := s.attempts(ctx, a.ID); err != nil || n > 1 {
			// It may be our own earlier attempt that moved the case: reading back tells.
			return errors.Join(err, s.unknown(ctx, a, at, f, cause))
		}
	}
	switch we.Class {
	case wechat.Again, wechat.Later, wechat.NewToken:
		return s.again(ctx, a, at, f, cause)
	case wechat.Unknown:
		if !called {
			return s.again(ctx, a, at, f, cause)
		}
		return s.unknown(ctx, a, at, f, cause)
	default:
		return s.finish(ctx, a, at, f)
	}
}

// gone reports whether the authorisation is not there any more, or never was.
func gone(err error) bool {
	return errors.Is(err, program.ErrRevoked) || errors.Is(err, program.ErrNeedsReauth) || errors.Is(err, program.ErrModeMismatch)
}

// afterOwnError handles what failed on our side: a revoked program is final, anything else is tried again or, after a call, read back.
func (s *Service) afterOwnError(ctx context.Context, a *Action, at *attempt, cause error, called bool) error {
	switch {
	case gone(cause):
		return s.finish(ctx, a, at, failure{code: CodeRevoked})
	case called && !errors.Is(cause, program.ErrTooSoon):
		return s.unknown(ctx, a, at, failure{}, cause)
	}
	return s.again(ctx, a, at, failure{code: CodeGaveUp}, cause)
}

func codeFor(we *wechat.Error) string {
	switch {
	case we.Code == 309 || we.Code == 1002:
		return CodeMovedOn
	case we.Code == 1:
		return CodeNoSuchCase
	case we.Code == 2 || we.Code == 10001:
		return CodeBadContent
	case we.Class == wechat.NoPermission:
		return CodeNoPermission
	case we.Class == wechat.Revoked:
		return CodeRevoked
	case we.Class == wechat.Never:
		return CodeRefused
	}
	return CodeGaveUp
}

// again puts the action back in the queue: WeChat has certainly not acted. After the last attempt it fails.
func (s *Service) again(ctx context.Context, a *Action, at *attempt, f failure, cause error) error {
	n, err := s.attempts(ctx, a.ID)
	if err != nil {
		return err
	}
	if n >= maxAttempts || s.clock.Now().Sub(a.CreatedAt.Time()) > giveUpAfter {
		f.code = CodeGaveUp
		return s.finish(ctx, a, at, f)
	}
	if err := s.note(ctx, a, at, Queued, attemptRetry, f, cause); err != nil {
		return err
	}
	wait := db.Backoff(n)
	if at == nil {
		wait = patience(s.clock.Now().Sub(a.CreatedAt.Time()), time.Second, maxWait)
	}
	var we *wechat.Error
	if errors.As(cause, &we) && we.RetryAfter > wait {
		wait = we.RetryAfter
	}
	return river.JobSnooze(wait)
}

// patience is how long to wait when no attempt counts the tries: as long again as it took so far.
func patience(sofar, least, most time.Duration) time.Duration {
	return min(max(sofar, least), most)
}

// giveUpAfter bounds how long an action waits in the queue: people watch it, and may decide otherwise.
const giveUpAfter = time.Hour

// reconcileAfter is how long an unfinished action may stand still before it gets a new job.
const reconcileAfter = 2 * time.Minute

// unknown keeps the action as it is until reading the case back tells what became of it.
func (s *Service) unknown(ctx context.Context, a *Action, at *attempt, f failure, cause error) error {
	if err := s.note(ctx, a, at, Unknown, attemptUnknown, f, cause); err != nil {
		return err
	}
	return river.JobSnooze(readBackAfter)
}

// note stores an attempt's outcome together with the action's next state.
func (s *Service) note(ctx context.Context, a *Action, at *attempt, next State, outcome string, f failure, cause error) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.endAttempt(ctx, tx, at, outcome, f, cause); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*Action)(nil)).Set("state = ?, errcode = ?, rid = ?, updated_at = ?", next, f.errcode, f.rid, s.now()).
			Where("id = ? AND state IN ('queued', 'running', 'unknown')", a.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("store action state: %w", err)
		}
		return nil
	})
}

func (s *Service) endAttempt(ctx context.Context, tx db.Tx, at *attempt, outcome string, f failure, cause error) error {
	if at == nil {
		return nil
	}
	at.Outcome, at.FinishedAt, at.Errcode, at.RID = outcome, s.now(), f.errcode, f.rid
	if cause != nil {
		at.Error = cause.Error()
	}
	if _, err := tx.NewUpdate().Model(at).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("store attempt: %w", err)
	}
	return nil
}

// finish ends the action, tells the timeline who did what, and has the case read again.
func (s *Service) finish(ctx context.Context, a *Action, at *attempt, f failure) error {
	state, outcome := Done, attemptDone
	if f.code != "" {
		state, outcome = Failed, attemptWrong
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.endAttempt(ctx, tx, at, outcome, f, nil); err != nil {
			return err
		}
		ok, err := db.Changed(tx.NewUpdate().Model((*Action)(nil)).
			Set("state = ?, error_code = ?, errcode = ?, rid = ?, updated_at = ?, finished_at = ?", state, f.code, f.errcode, f.rid, s.now(), s.now()).
			Where("id = ? AND state IN ('queued', 'running', 'unknown')", a.ID).Exec(ctx))
		if err != nil {
			return fmt.Errorf("end action: %w", err)
		}
		if !ok {
			return nil
		}
		if err := s.noteReply(ctx, tx, a, f); err != nil {
			return err
		}
		if f.code == CodeBadContent || f.code == CodeBadPicture {
			if err := s.forget(ctx, tx, a); err != nil {
				return err
			}
		}
		if err := s.complaints.AddEntry(ctx, tx, entry(a, f.code)); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, complaint.SyncArgs{ComplaintID: a.ComplaintID}, nil); err != nil {
			return err
		}
		return tx.Enqueue(ctx, FinishedArgs{ActionID: a.ID}, nil)
	})
}

func (s *Service) attempts(ctx context.Context, id string) (int, error) {
	n, err := s.db.Read.NewSelect().Model((*attempt)(nil)).Where("action_id = ?", id).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count attempts: %w", err)
	}
	return int(n), nil
}
