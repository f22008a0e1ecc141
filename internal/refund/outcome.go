package refund

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const (
	// settleAfter is how long a call whose outcome is not known gets to arrive before "there is no such refund" means that there never will be.
	settleAfter = time.Minute
	// missingTries bounds how often an order that WeChat Pay can't find is tried (reference §1.8).
	missingTries = 5
	// maxTries is after how many calls without success a person decides whether to go on.
	maxTries = 20
	// fundsRetry is how often a refund without funds is tried by itself, and fundsFor for how long.
	fundsRetry = 2 * time.Hour
	fundsFor   = 3 * 24 * time.Hour
)

// note copies what WeChat Pay said into the rows.
func note(r *Refund, at *Attempt, e *wxpay.Error, outcome string) {
	at.Outcome, at.Error = outcome, e.Error()
	at.WechatCode, at.RID = e.Code, e.RequestID
	r.WechatCode, r.WechatText, r.RID = e.Code, e.Message, e.RequestID
}

// afterSubmit decides by the error's class; see reference §1.8.
func (s *Service) afterSubmit(ctx context.Context, r *Refund, m *Merchant, at *Attempt, cause error) error {
	e := wxErr(cause)
	if e == nil {
		e = &wxpay.Error{API: "refund", Class: wxpay.Query, Cause: errors.New("failed on our side")}
	}
	if errors.Is(e, wxpay.ErrUnknownSerial) {
		if err := s.fetchCerts(ctx, m); err != nil {
			s.log.WarnContext(ctx, "platform certificates not fetched", "merchant", m.ID, "err", err)
		}
	}
	next := *r
	switch e.Class {
	case wxpay.Again:
		note(&next, at, e, attemptRetry)
		next.State, next.ErrorCode, next.NextAt = Queued, CodeUpstream, s.in(db.Backoff(int(r.Tries)))
	case wxpay.Config:
		until, err := s.pause(ctx, m, e)
		if err != nil {
			return err
		}
		note(&next, at, e, attemptRetry)
		next.State, next.ErrorCode, next.NextAt = Queued, CodePaused, until+spread(r.ID)
	case wxpay.Funds:
		note(&next, at, e, attemptWrong)
		next.State, next.ErrorCode, next.NextAt = Parked, CodeFunds, 0
		if s.clock.Now().Sub(r.CreatedAt.Time()) < fundsFor {
			next.NextAt = s.in(fundsRetry) + spread(r.ID)
		}
	case wxpay.Later:
		note(&next, at, e, attemptRetry)
		next.State, next.ErrorCode, next.NextAt = Queued, CodeOrderMissing, s.in(max(e.After, time.Duration(r.Tries*r.Tries)*time.Minute))
		if r.Tries >= missingTries {
			s.certainly(&next, CodeOrderMissing)
		}
	case wxpay.Never:
		note(&next, at, e, attemptWrong)
		s.certainly(&next, codeOf(e))
	default:
		note(&next, at, e, attemptUnknown)
		next.State, next.ErrorCode, next.UnclearAt, next.NextAt = Unknown, codeOf(e), s.now(), s.in(max(firstLook, e.After))
	}
	if e.Class == wxpay.Funds || e.Class == wxpay.Never || e.Class == wxpay.Later {
		if err := errors.Join(s.hold(ctx, m), s.works(ctx, m)); err != nil {
			return err
		}
	}
	return s.move(ctx, r, &next, at)
}

// certainly ends a refund as failed if no call of it is unaccounted for; else it is asked about first.
func (s *Service) certainly(r *Refund, code string) {
	r.ErrorCode = code
	if r.UnclearAt.IsZero() {
		r.State = Failed
		return
	}
	r.State, r.NextAt = Unknown, max(s.in(firstLook), r.UnclearAt+db.Time(settleAfter.Milliseconds()))
}

// codeOf names a refusal for people.
func codeOf(e *wxpay.Error) string {
	switch {
	case e.Code == wxpay.CodeAccountAbnormal:
		return CodeAccount
	case e.Code == wxpay.CodeNoAuth:
		return CodeNoAuth
	case e.Code == wxpay.CodeParamError:
		return CodeBadRequest
	case e.Code == wxpay.CodeInvalidRequest:
		return invalidCode(e.Message)
	case e.HTTPStatus >= 400 && e.HTTPStatus < 500 && e.HTTPStatus != 429 && e.HTTPStatus != 408:
		return CodeUnlisted
	}
	return CodeChecking
}

// invalidCode reads the sentence of an INVALID_REQUEST (reference §1.5, §1.8). It decides only what people are told once a query has shown that there is no refund.
func invalidCode(message string) string {
	switch {
	case strings.Contains(message, "全额退款"), strings.Contains(message, "已退完"):
		return CodeReached
	case strings.Contains(message, "不一致"):
		return CodeReused
	case strings.Contains(message, "超过"), strings.Contains(message, "过期"), strings.Contains(message, "有效期"):
		return CodeExpired
	}
	return CodeInvalid
}

// told applies WeChat Pay's word about a refund. States only move forward.
func (s *Service) told(ctx context.Context, r *Refund, got wxpay.Refund, at *Attempt) error {
	next := *r
	at.Outcome, at.Status = attemptDone, string(got.Status)
	if got.Amount != r.Amount || got.TransactionID != r.TransactionID {
		// The number belongs to another refund: nothing may be concluded, and nothing more may be sent.
		at.Outcome = attemptWrong
		next.State, next.ErrorCode, next.NextAt = Unknown, CodeMismatch, s.in(6*time.Hour)
		return s.move(ctx, r, &next, at)
	}
	next.RefundID, next.WechatCode, next.WechatText, next.RID, next.UnclearAt = got.RefundID, "", "", "", 0
	switch got.Status {
	case wxpay.Success:
		next.State, next.ErrorCode, next.SucceededAt, next.ReceivedAccount = Done, "", db.At(got.SuccessAt), got.ReceivedAccount
		payer := got.PayerRefund
		next.PayerRefund = &payer
	case wxpay.Closed:
		next.State, next.ErrorCode = Closed, CodeClosed
	case wxpay.Abnormal:
		next.State, next.ErrorCode = Abnormal, CodeAbnormal
		next.Queries++
		next.NextAt = s.in(abnormalWait(next.Queries))
	default:
		if r.State != Abnormal {
			next.State, next.ErrorCode = Processing, ""
		}
		next.Queries = r.Queries + 1
		if r.State != Processing && r.State != Abnormal {
			next.Queries = 0
		}
		next.NextAt = s.in(processingWait(next.Queries))
	}
	return s.move(ctx, r, &next, at)
}

const firstLook = 2 * time.Second // after an outcome that is not known

// processingWait is the schedule of reference §1.4: each minute for five minutes, then 5, 10, 20, 30 minutes; later rarely, since a bank may take days.
func processingWait(n int64) time.Duration {
	steps := []time.Duration{time.Minute, time.Minute, time.Minute, time.Minute, time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute}
	switch {
	case n < int64(len(steps)):
		return steps[n]
	case n < 50:
		return 30 * time.Minute
	}
	return 4 * time.Hour
}

func abnormalWait(n int64) time.Duration {
	if n < 20 {
		return 30 * time.Minute
	}
	return 6 * time.Hour
}

// unknownWait is between two looks for a refund whose fate is not known: everybody waits for it.
func unknownWait(n int64) time.Duration {
	steps := []time.Duration{firstLook, 5 * time.Second, 15 * time.Second, 30 * time.Second}
	if n < int64(len(steps)) {
		return steps[n]
	}
	return processingWait(n - int64(len(steps)))
}
