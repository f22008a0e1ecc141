package action

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// apis are the calls of the actions.
var apis = map[complaint.Action]string{
	complaint.Respond: "bussiRespondComplaint", complaint.Supplement: "bussiSupplyProof", complaint.RefundProof: "bussiSupplyRefund", complaint.Appeal: "busiAppeal",
}

// step moves a case: an event, or a call of the merchant.
type step struct {
	event wechatsim.Event
	opts  wechatsim.AdvanceOptions
	act   complaint.Action
}

func ev(e wechatsim.Event) step { return step{event: e} }

// ways lead from 201 to a status of reference/wechat-complaint-api.md §3, as far as the flow of §11 does.
var ways = map[complaint.Status][]step{
	201: nil,
	202: {ev(wechatsim.TimeOut)},
	312: {ev(wechatsim.TimeOut)},
	101: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform)},
	102: {ev(wechatsim.Withdraw)},
	103: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformTakes)},
	104: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformAsksEvidence, opts: wechatsim.AdvanceOptions{Who: "user"}}},
	105: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformAsksEvidence, opts: wechatsim.AdvanceOptions{Who: "user"}}, ev(wechatsim.UserSupplies)},
	106: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformAsksEvidence)},
	107: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformAsksEvidence), {act: complaint.Supplement}},
	108: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformAsksEvidence, opts: wechatsim.AdvanceOptions{Who: "both"}}},
	109: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformAsksEvidence, opts: wechatsim.AdvanceOptions{Who: "both"}}, ev(wechatsim.TimeOut)},
	112: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesUser)},
	203: {{act: complaint.Respond}},
	205: {{act: complaint.Respond}, ev(wechatsim.UserAccepts)},
	305: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformAsksEvidence, opts: wechatsim.AdvanceOptions{Who: "user"}}, ev(wechatsim.TimeOut)},
	307: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformAsksEvidence), ev(wechatsim.TimeOut)},
	206: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesMerchant)},
	207: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesMerchant), {act: complaint.RefundProof}},
	208: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesMerchant), ev(wechatsim.TimeOut)},
	115: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesMerchant), {act: complaint.RefundProof}, ev(wechatsim.ProofOK)},
	209: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), ev(wechatsim.PlatformRulesMerchant), {act: complaint.RefundProof}, ev(wechatsim.ProofBad)},
	308: {{act: complaint.Respond}, ev(wechatsim.UserAsksPlatform), {event: wechatsim.PlatformRulesMerchant, opts: wechatsim.AdvanceOptions{WithReturn: true}}},
	309: {
		{act: complaint.Respond},
		ev(wechatsim.UserAsksPlatform),
		{event: wechatsim.PlatformRulesMerchant, opts: wechatsim.AdvanceOptions{WithReturn: true}},
		ev(wechatsim.ReturnShipped),
	},
	311: {
		{act: complaint.Respond},
		ev(wechatsim.UserAsksPlatform),
		{event: wechatsim.PlatformRulesMerchant, opts: wechatsim.AdvanceOptions{WithReturn: true}},
		ev(wechatsim.ReturnShipped), ev(wechatsim.ReturnProblem),
	},
}

// reach files a case and moves it into a status.
func (w *world) reach(st complaint.Status) *complaint.Complaint {
	w.t.Helper()
	c := w.file()
	if after, ok := map[complaint.Status]string{202: "user_confirms", 312: "platform_pays"}[st]; ok {
		set := wechatsim.DefaultSettings()
		set.Timeout201 = after
		w.must(w.sim.SetSettings(set))
		defer func() { w.must(w.sim.SetSettings(wechatsim.DefaultSettings())) }()
	}
	for _, s := range ways[st] {
		if s.act != "" {
			a := w.decide(c, s.act)
			w.drive(a)
			w.ended(a, Done, "")
		} else {
			w.must(w.sim.Advance(c.ComplaintOrderID, s.event, s.opts))
		}
		c = w.fresh(c)
	}
	if c.Status != st {
		w.t.Fatalf("the case is in %d instead of %d", c.Status, st)
	}
	return c
}

func (w *world) fresh(c *complaint.Complaint) *complaint.Complaint {
	w.t.Helper()
	c, err := w.complaints.SyncNow(w.t.Context(), c.ID)
	w.must(err)
	return c
}

func of(c *complaint.Complaint, kind complaint.Action) Intent {
	in := intent(c)
	in.Kind = kind
	if kind != complaint.Respond {
		in.Decision = ""
	}
	if kind == complaint.RefundProof && (c.Status == 309 || c.Status == 311) {
		yes := true
		in.AcceptReturn = &yes
	}
	return in
}

func (w *world) decide(c *complaint.Complaint, kind complaint.Action) *Action {
	w.t.Helper()
	a, err := w.actions.Submit(w.t.Context(), of(c, kind))
	w.must(err)
	return a
}

// received are the calls of an action that WeChat got about a case, refused ones too.
func (w *world) received(c *complaint.Complaint, kind complaint.Action) []wechatsim.Call {
	w.t.Helper()
	v, err := w.sim.Complaint(c.ComplaintOrderID)
	w.must(err)
	return slices.DeleteFunc(slices.Clone(v.Calls), func(k wechatsim.Call) bool { return !strings.HasSuffix(k.Path, "/"+apis[kind]) })
}

// What is allowed is performed once and WeChat takes it; what is not is refused with a reason, and WeChat hears nothing.
func TestEveryActionInEveryStatus(t *testing.T) {
	allowed := map[complaint.Status][]complaint.Action{
		201: {complaint.Respond}, 106: {complaint.Supplement}, 108: {complaint.Supplement}, 206: {complaint.RefundProof}, 309: {complaint.RefundProof},
	}
	onEngines(t, func(w *world) {
		for st := range ways {
			c := w.reach(st)
			for _, kind := range complaint.Actions() {
				want := slices.Contains(allowed[st], kind)
				if kind == complaint.Appeal {
					want = c.AppealState == complaint.AppealOpen
				}
				if want {
					continue
				}
				before := len(w.received(c, kind))
				_, err := w.actions.Submit(w.t.Context(), of(c, kind))
				var illegal *NotLegalError
				if !errors.As(err, &illegal) || illegal.Legality.Reason == "" {
					w.t.Errorf("%s in %d: %v", kind, st, err)
				}
				if n := len(w.received(c, kind)); n != before {
					w.t.Errorf("%s in %d: WeChat heard of it", kind, st)
				}
			}
			// The appeal first: it does not move the status.
			kinds := slices.Clone(allowed[st])
			if c.AppealState == complaint.AppealOpen {
				kinds = append([]complaint.Action{complaint.Appeal}, kinds...)
			}
			if got := complaint.LegalActions(c.Situation()); len(got) != len(kinds) {
				w.t.Errorf("%d offers %v, want %v", st, got, kinds)
			}
			for _, kind := range kinds {
				before := len(w.received(c, kind))
				a := w.decide(c, kind)
				w.drive(a)
				w.ended(a, Done, "")
				calls := w.received(c, kind)[before:]
				if len(calls) != 1 || calls[0].Errcode != 0 {
					w.t.Errorf("%s in %d: calls %+v", kind, st, calls)
				}
				w.fresh(c)
				if _, err := w.actions.Submit(w.t.Context(), of(c, kind)); err == nil {
					w.t.Errorf("%s in %d could be done twice", kind, st)
				}
			}
		}
	})
}

func TestPicturesAreUploadedOnceAndAgainBeforeWeChatForgetsThem(t *testing.T) {
	onEngines(t, func(w *world) {
		uploads := func() int { return len(w.sim.APICalls("media_upload")) }
		send := func(c *complaint.Complaint, ids ...string) *Action {
			in := of(c, complaint.Respond)
			in.Content, in.EvidenceIDs = "", ids
			a, err := w.actions.Submit(w.t.Context(), in)
			w.must(err)
			w.drive(a)
			return a
		}
		before := uploads()
		a := send(w.file(), "first", "second", "first")
		w.ended(a, Done, "")
		if n := uploads() - before; n != 2 {
			t.Errorf("%d uploads of two pictures", n)
		}
		if got := w.reload(a).EvidenceIDs.V; !slices.Equal(got, []string{"first", "second"}) {
			t.Errorf("the action has %v", got)
		}
		before = uploads()
		w.ended(send(w.file(), "second", "first"), Done, "")
		if n := uploads() - before; n != 0 {
			t.Errorf("%d uploads of pictures WeChat knows", n)
		}
		w.clock.Advance(mediaFor + time.Minute)
		w.must(w.programs.SaveTicket(w.t.Context(), component, secret.New(w.sim.PushTicket()), 0))
		before = uploads()
		w.ended(send(w.file(), "first"), Done, "")
		if n := uploads() - before; n != 1 {
			t.Errorf("%d uploads of a picture WeChat is about to forget", n)
		}
		used, err := w.actions.UsesEvidence(w.t.Context(), w.db.Read, "second")
		if err != nil || !used {
			t.Errorf("a sent picture counts as unused: %v", err)
		}
	})
}

func TestPicturesThatCannotBeUploadedEndTheActionBeforeAnythingIsSent(t *testing.T) {
	onEngines(t, func(w *world) {
		for name, tc := range map[string]struct {
			id      string
			errcode int
			code    string
		}{
			"the file is gone":    {"gone", 0, CodeBadPicture},
			"40004 wrong type":    {"a", 40004, CodeBadPicture},
			"40005 wrong file":    {"b", 40005, CodeBadPicture},
			"48001 no permission": {"c", 48001, CodeNoUpload},
			"61007 no permission": {"d", 61007, CodeNoUpload},
		} {
			w.row(name, func() {
				c := w.file()
				in := of(c, complaint.Respond)
				in.EvidenceIDs = []string{tc.id}
				a, err := w.actions.Submit(w.t.Context(), in)
				w.must(err)
				if tc.errcode != 0 {
					w.fault(faultOf("media_upload", tc.errcode))
				}
				w.drive(a)
				w.ended(a, Failed, tc.code)
				w.called(respondAPI, 0)
				w.effects(c, 0)
				if Text(tc.code) == "" {
					w.t.Error("no words")
				}
			})
		}
	})
}

// A call whose answer never came: the case tells. If it doesn't, a person decides; nothing but an answer is ever repeated by itself.
func TestUnknownOutcomesOfTheOtherKinds(t *testing.T) {
	for kind, st := range map[complaint.Action]complaint.Status{complaint.Supplement: 106, complaint.RefundProof: 206, complaint.Appeal: 206} {
		t.Run(string(kind), func(t *testing.T) {
			onEngines(t, func(w *world) {
				lose := func(taken bool) *Action {
					c := w.reach(st)
					before := len(w.received(c, kind))
					a := w.decide(c, kind)
					w.onCall(apis[kind], func(rw http.ResponseWriter, r *http.Request, sim http.Handler) {
						if taken {
							sim.ServeHTTP(discard{http.Header{}}, r)
						}
						panic(http.ErrAbortHandler)
					})
					w.drive(a)
					w.onCall("", nil)
					want := 0
					if taken {
						want = 1
					}
					if n := len(w.received(c, kind)) - before; n != want {
						w.t.Errorf("WeChat got %d calls, want %d", n, want)
					}
					return a
				}
				w.ended(lose(true), Done, "")
				w.ended(lose(false), Failed, CodeUnclear)
			})
		})
	}
}

// discard is an answer that nobody gets.
type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestReturnedGoodsNeedAnAnswer(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.reach(309)
		in := of(c, complaint.RefundProof)
		in.AcceptReturn = nil
		var fe *FieldError
		if _, err := w.actions.Submit(w.t.Context(), in); !errors.As(err, &fe) || fe.Field != "accept_return" {
			w.t.Errorf("without an answer: %v", err)
		}
		no := false
		in.AcceptReturn = &no
		a, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		w.drive(a)
		w.ended(a, Done, "")
		calls := w.received(c, complaint.RefundProof)
		parcel, err := c.Return()
		w.must(err)
		if body := string(calls[0].Body); !strings.Contains(body, `"acceptReturn":0`) || !strings.Contains(body, parcel.ReturnID) {
			w.t.Errorf("WeChat was told %s", body)
		}
		d := w.reach(206)
		in = of(d, complaint.RefundProof)
		in.AcceptReturn = &no
		if _, err := w.actions.Submit(w.t.Context(), in); !errors.As(err, &fe) || fe.Field != "accept_return" {
			w.t.Errorf("an answer about goods that don't come back: %v", err)
		}
	})
}

func TestWhatNobodyKnowsIsLeftToAManagersHand(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.reach(208)
		in := of(c, complaint.RefundProof)
		var illegal *NotLegalError
		if _, err := w.actions.Submit(w.t.Context(), in); !errors.As(err, &illegal) || !illegal.Legality.ByHand {
			w.t.Fatalf("208: %v", err)
		}
		in.ByHand = true
		a, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		w.drive(a)
		w.ended(a, Failed, CodeMovedOn) // this WeChat says no
		if n := len(w.received(c, complaint.RefundProof)); n != 1 {
			w.t.Errorf("%d calls", n)
		}
		in = of(w.reach(203), complaint.Respond)
		in.ByHand = true
		if _, err := w.actions.Submit(w.t.Context(), in); !errors.As(err, &illegal) {
			w.t.Errorf("by hand is no way around what is known: %v", err)
		}
	})
}

func TestTheSameIsNotDoneAgainBeforeTheCaseWasReadAgain(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.clock.Advance(time.Second)
		// The answer takes a moment, and the job that reads the case again has not run yet.
		w.whileResponding(func(rw http.ResponseWriter, r *http.Request, sim http.Handler) {
			w.clock.Advance(time.Second)
			sim.ServeHTTP(rw, r)
		})
		w.drive(a)
		w.ended(a, Done, "")
		if _, err := w.actions.Submit(w.t.Context(), intent(c)); !errors.Is(err, ErrInFlight) {
			w.t.Errorf("a second click gives %v", err)
		}
		w.clock.Advance(time.Second)
		w.fresh(c)
		var illegal *NotLegalError
		if _, err := w.actions.Submit(w.t.Context(), intent(c)); !errors.As(err, &illegal) {
			w.t.Errorf("after reading the case again: %v", err)
		}
	})
}
