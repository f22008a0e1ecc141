package action

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// every is the enum of reference/wechat-complaint-api.md §3 with the call that fits, restated: what is not named takes nothing. 110, 777 and 401 are in no list.
var every = map[int]complaint.Action{
	101: "", 102: "", 103: "", 104: "", 105: "", 106: complaint.Supplement, 107: "", 108: complaint.Supplement, 109: "", 112: "", 115: "", 116: "",
	201: complaint.Respond, 202: "", 203: "", 204: "", 205: "", 206: complaint.RefundProof, 207: "", 208: "", 209: "", 305: "", 307: "", 308: "",
	309: complaint.RefundProof, 310: "", 311: "", 312: "", 110: "", 777: "", 401: "",
}

// appeals are the appeal states of §4.3 and one nobody knows; only 401 takes an appeal.
var appeals = []int{complaint.AppealNone, complaint.AppealOpen, complaint.AppealExpired, complaint.AppealRunning, complaint.AppealAccepted, complaint.AppealRejected, 499}

// The independent WeChat is put into every state there is. What fits is performed, and heard there exactly once; anything else is refused with a reason before
// anything is called.
func TestEveryActionInEveryStateThereIs(t *testing.T) {
	onEngines(t, func(w *world) {
		for status, fits := range every {
			c := w.file()
			for _, appeal := range appeals {
				// The appeal runs beside the status: all its states with a few statuses tell as much as with all.
				if appeal != complaint.AppealNone && appeal != complaint.AppealOpen && status != 201 && status != 112 && status != 777 {
					continue
				}
				now := w.force(c, status, appeal)
				fitting := []complaint.Action{}
				for _, kind := range complaint.Actions() {
					if kind == fits || kind == complaint.Appeal && appeal == complaint.AppealOpen {
						fitting = append(fitting, kind)
					} else {
						w.refused(now, kind, fmt.Sprintf("%s in %d, appeal %d", kind, status, appeal))
					}
				}
				if got := complaint.LegalActions(now.Situation()); !slices.Equal(got, fitting) {
					w.t.Errorf("%d, appeal %d offers %v, want %v", status, appeal, got, fitting)
				}
				for _, kind := range fitting {
					w.performed(w.force(c, status, appeal), kind, fmt.Sprintf("%s in %d, appeal %d", kind, status, appeal))
				}
			}
		}
		// A return without a parcel: nothing to prove yet.
		without, other := 309, w.file()
		w.must(w.sim.SetComplaint(other.ComplaintOrderID, wechatsim.ComplaintChange{Status: &without, Silent: true}))
		w.refused(w.fresh(other), complaint.RefundProof, "refund_proof in 309 without a parcel")
	})
}

// refused wants a reason, and no call.
func (w *world) refused(c *complaint.Complaint, kind complaint.Action, name string) {
	w.t.Helper()
	calls := len(w.sim.APICalls(""))
	_, err := w.actions.Submit(w.t.Context(), of(c, kind))
	var no *NotLegalError
	if !errors.As(err, &no) || no.Legality.Reason == "" {
		w.t.Errorf("%s: %v, want a refusal with its reason", name, err)
	} else if no.Legality.When == "" && no.Legality.ByHand {
		w.t.Errorf("%s: left to a person without a word about where to look", name)
	}
	if n := len(w.sim.APICalls("")) - calls; n != 0 {
		w.t.Errorf("%s: refused after %d calls", name, n)
	}
}

// performed wants one call that WeChat took, however often it is asked for.
func (w *world) performed(c *complaint.Complaint, kind complaint.Action, name string) {
	w.t.Helper()
	heard := len(w.received(c, kind))
	a, err := w.actions.Submit(w.t.Context(), of(c, kind))
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	w.drive(a)
	w.ended(a, Done, "")
	w.drive(a) // the job may come twice
	if _, err := w.actions.Submit(w.t.Context(), of(c, kind)); !errors.Is(err, ErrInFlight) {
		w.t.Errorf("%s: the second click gives %v", name, err)
	}
	if got := w.received(c, kind)[heard:]; len(got) != 1 || got[0].Errcode != 0 {
		w.t.Errorf("%s: WeChat heard %+v", name, got)
	}
}

// What we last read may be old: the case has gone on behind our back into every state there is. The fresh look finds out, and the call is not made.
func TestWhateverTheCaseHasBecomeMeanwhileIsSeenBeforeTheCall(t *testing.T) {
	onOneEngine(t, func(w *world) {
		c := w.file()
		for status := range every {
			if status == 201 {
				continue
			}
			c = w.force(c, 201, complaint.AppealNone)
			a := w.submit(c)
			heard := len(w.received(c, complaint.Respond))
			w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Status: &status, Silent: true}))
			w.clock.Advance(time.Second)
			w.drive(a)
			w.ended(a, Failed, CodeMovedOn)
			if n := len(w.received(c, complaint.Respond)) - heard; n != 0 {
				w.t.Errorf("in %d WeChat was sent %d answers", status, n)
			}
			if now, err := w.complaints.ByID(w.t.Context(), c.ID); err != nil || int(now.Status) != status {
				w.t.Errorf("the case was not refreshed to %d: %d, %v", status, now.Status, err)
			}
		}
	})
}

// Every documented error code of every call (reference/wechat-complaint-api.md §6.4), and those of the platform, ends in words with WeChat's own number for its
// support kept, and with what to do next; and an action that can be decided again, can.
func TestEveryErrorCodeOfEveryCallEndsInWords(t *testing.T) {
	type row struct {
		errcode int
		kinds   []complaint.Action
		code    string
		next    string // what the sentence says to do
	}
	three := []complaint.Action{complaint.Respond, complaint.Supplement, complaint.RefundProof}
	rows := []row{
		{309, three, CodeMovedOn, "刷新"},
		{1002, []complaint.Action{complaint.Appeal}, CodeMovedOn, "刷新"},
		{1, complaint.Actions(), CodeNoSuchCase, "核对单号"},
		{2, []complaint.Action{complaint.Appeal}, CodeBadContent, "修改"},
		{10001, complaint.Actions(), CodeBadContent, "修改"},
		{-1, []complaint.Action{complaint.Respond}, CodeNotTaken, "再发一次"},
		{-1, []complaint.Action{complaint.Supplement, complaint.RefundProof, complaint.Appeal}, CodeUnclear, "到微信后台核对"},
		{61007, complaint.Actions(), CodeNoPermission, "重新授权"},
		{40001, complaint.Actions(), CodeGaveUp, "稍后再试"},
		{47001, complaint.Actions(), CodeRefused, "rid"},
	}
	state := map[complaint.Action][2]int{
		complaint.Respond: {201, complaint.AppealNone}, complaint.Supplement: {106, complaint.AppealNone},
		complaint.RefundProof: {206, complaint.AppealNone}, complaint.Appeal: {112, complaint.AppealOpen},
	}
	onOneEngine(t, func(w *world) {
		for _, r := range rows {
			for _, kind := range r.kinds {
				w.row(fmt.Sprintf("%s %d", kind, r.errcode), func() {
					c := w.force(w.file(), state[kind][0], state[kind][1])
					w.fault(wechatsim.Fault{Target: apis[kind], Errcode: code(r.errcode), Times: 1000})
					a := w.decide(c, kind)
					w.drive(a)
					got := w.ended(a, Failed, r.code)
					if got.Errcode == nil || *got.Errcode != int64(r.errcode) || got.RID == "" {
						w.t.Errorf("errcode %v and rid %q are not kept", got.Errcode, got.RID)
					}
					w.says(c, got, r.next)
					w.sim.ClearFaults()
					w.clock.Advance(time.Second)
					again := w.decide(w.fresh(c), kind)
					w.drive(again)
					w.ended(again, Done, "")
				})
			}
		}
	})
}

// says wants one line of the timeline with the sentence, which tells what to do next.
func (w *world) says(c *complaint.Complaint, a *Action, next string) {
	w.t.Helper()
	if told := w.told(c); len(told) != 1 || !strings.Contains(told[0].Text, a.Problem()) {
		w.t.Errorf("the timeline says %+v, want %q", told, a.Problem())
	}
	if !strings.Contains(a.Problem(), next) {
		w.t.Errorf("%q does not say what to do next (%s)", a.Problem(), next)
	}
}

// The upload's own codes (§7), for each kind of action: nothing was sent, and the sentence says what to do.
func TestEveryErrorCodeOfTheUploadEndsInWords(t *testing.T) {
	onOneEngine(t, func(w *world) {
		for _, r := range []struct {
			errcode    int
			code, next string
		}{
			{40004, CodeBadPicture, "换一张"},
			{40005, CodeBadPicture, "换一张"},
			{40007, CodeBadPicture, "重新上传"},
			{41005, CodeBadPicture, "重新上传"},
			{48001, CodeNoUpload, "只发文字"},
			{61007, CodeNoUpload, "重新授权"},
		} {
			w.row(fmt.Sprint(r.errcode), func() {
				c := w.file()
				in := intent(c)
				in.EvidenceIDs = []string{fmt.Sprintf("picture-%d", r.errcode)}
				a, err := w.actions.Submit(w.t.Context(), in)
				w.must(err)
				w.fault(faultOf("media_upload", r.errcode))
				w.drive(a)
				got := w.ended(a, Failed, r.code)
				if got.Errcode == nil || *got.Errcode != int64(r.errcode) || got.RID == "" {
					w.t.Errorf("errcode %v and rid %q are not kept", got.Errcode, got.RID)
				}
				w.says(c, got, r.next)
				w.called(respondAPI, 0)
				if rows := w.attemptRows(a); len(rows) != 0 {
					w.t.Errorf("there are %d attempts of a call that was not made", len(rows))
				}
				if slices.Contains([]int{48001, 61007}, r.errcode) {
					p, err := w.programs.ByID(w.t.Context(), w.program.ID)
					w.must(err)
					if len(p.DeniedSets.V) == 0 {
						w.t.Error("the program does not show the missing permission")
					}
				}
			})
		}
	})
}
