package refund

import (
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
)

func TestARefundArrivesAndIsTold(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		r := w.submit(c, 5000)
		got := w.drive(r, 3)
		w.state(r, Done, "")
		w.moved(c, 5000, 1)
		if got.RefundID == "" || got.FinishedAt.IsZero() || got.SubmittedAt.IsZero() || *got.OrderTotal != total || got.ReceivedAccount == "" {
			t.Errorf("the row is not complete: %+v", got)
		}
		if w.jobs("refund.settled") != 1 || w.jobs("complaint.sync") != 1 {
			t.Error("nobody was told")
		}
		ats, err := w.refunds.Attempts(t.Context(), r.ID)
		w.must(err)
		if len(ats) != 1 || ats[0].Outcome != attemptDone || ats[0].FinishedAt.IsZero() {
			t.Errorf("attempts %+v", ats)
		}
	})
}

// Every row of reference §1.8, and every way of losing an answer: how the refund stands after the first call, how it ends, and that money moved once or not at all.
func TestEveryAnswerOfWeChatPay(t *testing.T) {
	rows := []struct {
		name, mode  string
		first       State // after the first call
		code        string
		last        State
		lastCode    string
		moved       bool
		submits     int
		wantsPeople bool
	}{
		{name: "accepted, then 500", mode: "accept_then_500", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "accepted, then hung up", mode: "accept_then_hang_up", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "accepted, then 429", mode: "accept_then_429", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "accepted, then INVALID_REQUEST", mode: "invalid_request_after_accept", first: Unknown, code: CodeReused, last: Done, moved: true, submits: 1},
		{name: "accepted with a bad signature", mode: "bad_signature", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "accepted without a signature", mode: "no_signature", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "hung up before anything", mode: "drop", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "accepted, then 202", mode: "accept_then_202", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "accepted, then no JSON", mode: "garbled", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 1},
		{name: "SYSTEM_ERROR", mode: "500 SYSTEM_ERROR", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "502", mode: "502 SERVICE_UNAVAILABLE", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "202", mode: "202 X", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "FREQUENCY_LIMITED", mode: "429 FREQUENCY_LIMITED", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "RATELIMIT_EXCEEDED", mode: "429 RATELIMIT_EXCEEDED", first: Unknown, code: CodeChecking, last: Done, moved: true, submits: 2},
		{name: "NOT_ENOUGH", mode: "403 NOT_ENOUGH", first: Parked, code: CodeFunds, last: Done, moved: true, submits: 2, wantsPeople: true},
		{name: "USER_ACCOUNT_ABNORMAL", mode: "403 USER_ACCOUNT_ABNORMAL", first: Failed, code: CodeAccount, last: Failed, lastCode: CodeAccount, submits: 1},
		{name: "NO_AUTH", mode: "403 NO_AUTH", first: Failed, code: CodeNoAuth, last: Failed, lastCode: CodeNoAuth, submits: 1},
		{name: "INVALID_REQUEST", mode: "400 INVALID_REQUEST", first: Unknown, code: CodeInvalid, last: Failed, lastCode: CodeInvalid, submits: 1},
		{name: "PARAM_ERROR", mode: "400 PARAM_ERROR", first: Failed, code: CodeBadRequest, last: Failed, lastCode: CodeBadRequest, submits: 1},
		{name: "RESOURCE_NOT_EXISTS", mode: "404 RESOURCE_NOT_EXISTS", first: Queued, code: CodeOrderMissing, last: Done, moved: true, submits: 2},
		{name: "MCH_NOT_EXISTS", mode: "404 MCH_NOT_EXISTS", first: Queued, code: CodePaused, last: Done, moved: true, submits: 2},
		{name: "SIGN_ERROR", mode: "401 SIGN_ERROR", first: Queued, code: CodePaused, last: Done, moved: true, submits: 2},
		{name: "an unlisted 4xx", mode: "403 REQUEST_BLOCKED", first: Unknown, code: CodeUnlisted, last: Parked, lastCode: CodeUnlisted, submits: 1, wantsPeople: true},
	}
	onEngines(t, func(w *world) {
		for _, row := range rows {
			c := w.file()
			r := w.submit(c, total)
			w.fail("pay.refund.create", row.mode)
			got := w.step(r)
			if got.State == Queued && got.Tries == 0 { // a hold of the row before
				got = w.step(r)
			}
			if got.State != row.first || got.ErrorCode != row.code {
				t.Errorf("%s: after the first call %s %q, want %s %q", row.name, got.State, got.ErrorCode, row.first, row.code)
			}
			got = w.drive(r, 12)
			if got.State != row.last || got.ErrorCode != row.lastCode {
				t.Errorf("%s: in the end %s %q, want %s %q", row.name, got.State, got.ErrorCode, row.last, row.lastCode)
			}
			want, n := int64(0), 0
			if row.moved {
				want, n = total, 1
			}
			if fen, k := paykit.Moved(w.pay, c.TransactionID); fen != want || k != n {
				t.Errorf("%s: moved %d fen in %d refunds", row.name, fen, k)
			}
			if got.Tries != int64(row.submits) {
				t.Errorf("%s: %d calls, want %d", row.name, got.Tries, row.submits)
			}
		}
	})
}

func TestANumberThatIsUnknownGetsAMinuteBeforeFailureIsDeclared(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		r := w.submit(c, total)
		w.fail("pay.refund.create", "400 INVALID_REQUEST")
		w.step(r)
		began := w.clock.Now()
		got := w.step(r)
		if got.State != Unknown {
			t.Fatalf("after the first look it is %s", got.State)
		}
		w.drive(r, 10)
		w.state(r, Failed, CodeInvalid)
		if d := w.clock.Now().Sub(began); d < settleAfter {
			t.Errorf("failure was declared after %v", d)
		}
	})
}

func TestACrashBetweenAttemptAndOutcomeIsAskedAbout(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		r := w.submit(c, total)
		m, err := w.refunds.Merchant(t.Context(), r.MerchantID)
		w.must(err)
		done, err := w.refunds.confirm(t.Context(), r, m)
		if done || err != nil {
			t.Fatalf("confirm: %v, %v", done, err)
		}
		run, at, err := w.refunds.begin(t.Context(), r)
		if err != nil || at == nil {
			t.Fatalf("begin: %v", err)
		}
		// The process dies here; the same job comes back.
		w.must(w.refunds.Advance(t.Context(), AdvanceArgs{RefundID: run.ID, Turn: run.Turn}))
		w.state(r, Unknown, CodeChecking)
		w.drive(r, 8)
		w.state(r, Done, "")
		w.moved(c, total, 1)
	})
}

func TestAbnormalIsNeverRefundedASecondTime(t *testing.T) {
	onEngines(t, func(w *world) {
		w.outcome("ABNORMAL")
		c := w.file()
		r := w.submit(c, 5000)
		w.drive(r, 3)
		got := w.state(r, Abnormal, CodeAbnormal)
		_, err := w.refunds.Submit(t.Context(), intent(c, 100))
		w.refusedAs(err, BlockInFlight)
		if _, err := w.refunds.Retry(t.Context(), r.ID, staff, noAudit); err != nil {
			t.Fatal(err)
		}
		w.step(r)
		w.moved(c, 5000, 1)
		w.state(r, Abnormal, CodeAbnormal)
		w.must(w.pay.SetStatus(got.OutRefundNo, "PROCESSING"))
		w.step(r)
		w.state(r, Abnormal, CodeAbnormal) // states only move forward
		w.must(w.pay.SetStatus(got.OutRefundNo, "SUCCESS"))
		w.step(r)
		w.state(r, Done, "")
	})
}

func TestClosedIsDeadAndOnlyAPersonStartsAnew(t *testing.T) {
	onEngines(t, func(w *world) {
		w.outcome("CLOSED")
		c := w.file()
		r := w.submit(c, 5000)
		w.drive(r, 3)
		w.state(r, Closed, CodeClosed)
		byRule := intent(c, 5000)
		byRule.Actor.Source = "rule"
		_, err := w.refunds.Submit(t.Context(), byRule)
		w.refusedAs(err, BlockPersonNeeded)
		w.outcome("SUCCESS")
		again := w.submit(c, 5000)
		if again.OutRefundNo == r.OutRefundNo {
			t.Error("a closed refund's number was used again")
		}
		w.drive(again, 4)
		w.state(again, Done, "")
		w.moved(c, 5000, 1)
	})
}

func TestProcessingIsAskedAboutEachMinuteThenMoreRarely(t *testing.T) {
	onEngines(t, func(w *world) {
		w.outcome("PROCESSING")
		c := w.file()
		r := w.submit(c, 5000)
		got := w.drive(r, 1)
		for got.State == Queued {
			got = w.step(r)
		}
		for i, want := range []time.Duration{1, 1, 1, 1, 1, 5, 10, 20, 30, 30} {
			if wait := got.NextAt.Time().Sub(w.clock.Now()); wait != want*time.Minute {
				t.Fatalf("look %d comes after %v, want %v min", i, wait, int(want))
			}
			got = w.step(r)
		}
		w.must(w.pay.SetStatus(got.OutRefundNo, "SUCCESS"))
		w.step(r)
		w.state(r, Done, "")
	})
}

func TestTwoRefundsOfAnOrderAreAMinuteApart(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		first := w.drive(w.submit(c, 100), 3)
		second := w.submit(c, 200)
		w.state(second, Queued, CodeGap)
		w.drive(second, 4)
		got := w.state(second, Done, "")
		if d := got.SubmittedAt - first.SubmittedAt; d < db.Time(gap.Milliseconds()) {
			t.Errorf("the second was sent after %d ms", d)
		}
		w.moved(c, 300, 2)
	})
}

func TestAnOldTurnDoesNothing(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		r := w.submit(c, 100)
		w.step(r)
		w.must(w.refunds.Advance(t.Context(), AdvanceArgs{RefundID: r.ID, Turn: r.Turn}))
		w.moved(c, 100, 1)
		if got := w.reload(r); got.Tries != 1 {
			t.Errorf("%d calls", got.Tries)
		}
	})
}

func TestReconcileFindsARefundWithoutAJob(t *testing.T) {
	onEngines(t, func(w *world) {
		r := w.submit(w.file(), 100)
		_, err := w.db.SQL().ExecContext(t.Context(), "DELETE FROM river_job")
		w.must(err)
		w.must(w.refunds.Reconcile(t.Context()))
		if w.jobs("refund.advance") != 0 {
			t.Error("a refund that is not overdue got a job")
		}
		w.clock.Advance(5 * time.Minute)
		w.must(w.refunds.Reconcile(t.Context()))
		w.must(w.refunds.Reconcile(t.Context()))
		if n := w.jobs("refund.advance"); n != 1 {
			t.Errorf("%d jobs", n)
		}
		w.drive(r, 3)
		w.state(r, Done, "")
	})
}
