package wechatsim

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// reach is one way to each status, starting from a fresh complaint; merchant calls are written as call:…
var reach = map[int][]string{
	201: {},
	203: {"call:agree"},
	204: {"call:refuse"},
	205: {"call:agree", "user_accepts"},
	101: {"call:refuse", "user_asks_platform"},
	103: {"call:refuse", "user_asks_platform", "platform_takes"},
	104: {"call:refuse", "user_asks_platform", "platform_asks_evidence user"},
	105: {"call:refuse", "user_asks_platform", "platform_asks_evidence user", "user_supplies"},
	106: {"call:refuse", "user_asks_platform", "platform_asks_evidence"},
	107: {"call:refuse", "user_asks_platform", "platform_asks_evidence", "call:supplement"},
	108: {"call:refuse", "user_asks_platform", "platform_asks_evidence both"},
	109: {"call:refuse", "user_asks_platform", "platform_asks_evidence both", "time_out"},
	305: {"call:refuse", "user_asks_platform", "platform_asks_evidence user", "time_out"},
	307: {"call:refuse", "user_asks_platform", "platform_asks_evidence", "time_out"},
	112: {"call:refuse", "user_asks_platform", "platform_rules_user"},
	206: {"call:refuse", "user_asks_platform", "platform_rules_merchant"},
	207: {"call:refuse", "user_asks_platform", "platform_rules_merchant", "call:proof"},
	208: {"call:refuse", "user_asks_platform", "platform_rules_merchant", "time_out"},
	312: {"call:refuse", "user_asks_platform", "platform_rules_merchant", "time_out", "time_out"},
	308: {"call:refuse", "user_asks_platform", "platform_rules_merchant return"},
	309: {"call:refuse", "user_asks_platform", "platform_rules_merchant return", "return_shipped"},
	311: {"call:refuse", "user_asks_platform", "platform_rules_merchant return", "return_shipped", "return_problem"},
	115: {"call:refuse", "user_asks_platform", "platform_rules_merchant", "call:proof", "proof_ok"},
	209: {"call:refuse", "user_asks_platform", "platform_rules_merchant", "call:proof", "proof_bad"},
	102: {"withdraw"},
}

// lead files a complaint and takes the way.
func (w *world) lead(token string, way []string) string {
	w.t.Helper()
	id := w.file()
	for _, step := range way {
		if rest, ok := cutPrefix(step, "call:"); ok {
			wantCode(w.t, w.act(token, id, rest), 0)
			continue
		}
		var o AdvanceOptions
		ev := step
		for suffix, set := range map[string]func(){
			" user": func() { o.Who = "user" }, " both": func() { o.Who = "both" }, " return": func() { o.WithReturn = true },
		} {
			if len(step) > len(suffix) && step[len(step)-len(suffix):] == suffix {
				ev = step[:len(step)-len(suffix)]
				set()
			}
		}
		must(w.t, w.sim.Advance(id, Event(ev), o))
	}
	return id
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

// act makes one of the merchant's calls with a good body.
func (w *world) act(token, id, name string) answer {
	w.t.Helper()
	body := answer{"complaintOrderId": id, "content": "已为您处理"}
	path := map[string]string{
		"agree": "bussiRespondComplaint", "refuse": "bussiRespondComplaint", "supplement": "bussiSupplyProof",
		"proof": "bussiSupplyRefund", "proof of return": "bussiSupplyRefund", "appeal": "busiAppeal",
	}[name]
	switch name {
	case "agree":
		body["bussiHandle"] = 1
	case "refuse":
		body["bussiHandle"] = 2
	case "proof of return":
		body["acceptReturn"], body["returnId"] = 1, w.view(id).ReturnID
	}
	return w.post(complaintPrefix+path, token, body)
}

func TestEveryStatusIsReachedAndOffersItsEvents(t *testing.T) {
	legal := map[int][]Event{
		201: {Withdraw, TimeOut},
		203: {UserAccepts, UserAsksPlatform, Withdraw, TimeOut},
		204: {UserAccepts, UserAsksPlatform, Withdraw, TimeOut},
		101: {PlatformTakes, PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		103: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		105: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		107: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		109: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		305: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		307: {PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser, Withdraw},
		104: {UserSupplies, Withdraw, TimeOut},
		106: {Withdraw, TimeOut},
		108: {UserSupplies, Withdraw, TimeOut},
		// after a ruling the appeal's window runs beside the status and can lapse
		206: {Withdraw, TimeOut}, 207: {ProofOK, ProofBad, Withdraw, TimeOut}, 208: {Withdraw, TimeOut},
		308: {ReturnShipped, Withdraw, TimeOut}, 309: {ReturnSigned, ReturnProblem, Withdraw, TimeOut}, 311: {Withdraw, TimeOut},
		115: {TimeOut}, 209: {TimeOut}, 312: {TimeOut},
		102: {}, 112: {}, 205: {},
	}
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for status, way := range reach {
		v := w.view(w.lead(token, way))
		if v.Status != status {
			t.Errorf("way to %d led to %d", status, v.Status)
			continue
		}
		if !slices.Equal(v.LegalEvents, legal[status]) {
			t.Errorf("%d offers %v, want %v", status, v.LegalEvents, legal[status])
		}
		if v.StatusText == "" {
			t.Errorf("%d has no name", status)
		}
	}
}

func TestEventsOutOfStateChangeNothing(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for status, way := range reach {
		id := w.lead(token, way)
		before := w.view(id)
		pushes := len(w.sim.Pushes(""))
		for _, ev := range eventOrder {
			if slices.Contains(before.LegalEvents, ev) {
				continue
			}
			if err := w.sim.Advance(id, ev, AdvanceOptions{}); !errors.Is(err, ErrNotNow) {
				t.Errorf("%s in %d: %v", ev, status, err)
			}
		}
		after := w.view(id)
		if after.Status != before.Status || len(after.Items) != len(before.Items) || len(w.sim.Pushes("")) != pushes {
			t.Errorf("a refused event changed %d", status)
		}
	}
}

func TestMerchantCallsAreLegalInTheirStatusOnly(t *testing.T) {
	allowed := map[string][]int{
		"agree": {201}, "refuse": {201}, "supplement": {106, 108}, "proof": {206}, "proof of return": {206, 309},
	}
	next := map[string]map[int]int{
		"agree": {201: 203}, "refuse": {201: 204}, "supplement": {106: 107, 108: 107}, "proof": {206: 207},
		"proof of return": {206: 207, 309: 207},
	}
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for status, way := range reach {
		for call, from := range allowed {
			if call == "proof of return" && status != 309 && status != 206 {
				continue // without a parcel there is no returnId to send
			}
			id := w.lead(token, way)
			pushes := len(w.sim.Pushes("complaint_callback"))
			if call == "proof of return" && status == 206 {
				continue
			}
			a := w.act(token, id, call)
			if slices.Contains(from, status) {
				if a.errcode() != 0 || w.view(id).Status != next[call][status] {
					t.Errorf("%s in %d: %v, then %d", call, status, a, w.view(id).Status)
				}
				equal(t, "pushes of the progress", len(w.sim.Pushes("complaint_callback")), pushes+1)
				continue
			}
			want := 309
			if call == "proof" && status == 309 {
				want = 10001 // while goods come back, acceptReturn and returnId are required
			}
			if a.errcode() != want || w.view(id).Status != status {
				t.Errorf("%s in %d: %v, then %d", call, status, a, w.view(id).Status)
			}
			equal(t, "pushes after a refusal", len(w.sim.Pushes("complaint_callback")), pushes)
		}
	}
}

func TestNodesTellWhatHappened(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for _, c := range []struct {
		status int
		nodes  []int
	}{
		{201, []int{1}},
		{203, []int{1, 109}},
		{205, []int{1, 109, 104}},
		{101, []int{1, 109, 11, 13}},
		{104, []int{1, 109, 11, 13, 14}},
		{105, []int{1, 109, 11, 13, 14, 7}},
		{107, []int{1, 109, 11, 13, 16, 8}},
		{109, []int{1, 109, 11, 13, 18, 113}},
		{305, []int{1, 109, 11, 13, 14, 111}},
		{307, []int{1, 109, 11, 13, 16, 112}},
		{112, []int{1, 109, 11, 13, 30}},
		{312, []int{1, 109, 11, 13, 31, 107, 118}},
		{115, []int{1, 109, 11, 13, 31, 110, 36}},
		{209, []int{1, 109, 11, 13, 31, 110, 26}},
		{102, []int{1, 12}},
	} {
		var got []int
		for _, n := range w.view(w.lead(token, reach[c.status])).Items {
			got = append(got, n.ItemType)
		}
		if !slices.Equal(got, c.nodes) {
			t.Errorf("%d has nodes %v, want %v", c.status, got, c.nodes)
		}
	}
}

func TestDeadlinesAre48HoursWhereSomebodyMustAct(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	timed := []int{201, 104, 106, 108, 206}
	for status, way := range reach {
		v := w.view(w.lead(token, way))
		if slices.Contains(timed, status) {
			if v.ExpiresAt == nil || *v.ExpiresAt != testStart.Add(48*time.Hour).UnixMilli() {
				t.Errorf("%d expires at %v", status, v.ExpiresAt)
			}
		} else if v.ExpiresAt != nil {
			t.Errorf("%d has a deadline", status)
		}
	}
}

func TestClockPlaysDeadlinesInOrder(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	silent := w.file()
	must(t, w.sim.AdvanceClock(time.Hour))
	ruled := w.lead(token, reach[206])
	must(t, w.sim.AdvanceClock(47*time.Hour-time.Second))
	equal(t, "a second before", w.view(silent).Status, 201)
	must(t, w.sim.AdvanceClock(time.Second))
	equal(t, "48 silent hours", w.view(silent).Status, 101)
	equal(t, "the other one", w.view(ruled).Status, 206)
	must(t, w.sim.AdvanceClock(time.Hour))
	equal(t, "no proof in time", w.view(ruled).Status, 208)
	equal(t, "appeal still open", w.view(ruled).AppealState, appealOpen)
	must(t, w.sim.AdvanceClock(24*time.Hour))
	v := w.view(ruled)
	equal(t, "72 h later", v.AppealState, appealLate)
	equal(t, "when", v.Items[len(v.Items)-1].At, testStart.Add(73*time.Hour).UnixMilli())
	wantCode(t, w.act(w.own(), ruled, "appeal"), 1002)
	if err := w.sim.AdvanceClock(-time.Second); !errors.Is(err, ErrInvalid) {
		t.Errorf("backwards: %v", err)
	}
}

func TestSilenceIn201GoesTheWayThatWasSet(t *testing.T) {
	for way, want := range map[string]int{"platform": 101, "user_confirms": 202, "platform_pays": 312} {
		w := newWorld(t)
		s := w.sim.Settings()
		s.Timeout201 = way
		must(t, w.sim.SetSettings(s))
		byClock, byHand := w.file(), w.file()
		must(t, w.sim.Advance(byHand, TimeOut, AdvanceOptions{}))
		must(t, w.sim.AdvanceClock(48*time.Hour))
		equal(t, way+" by the clock", w.view(byClock).Status, want)
		equal(t, way+" by hand", w.view(byHand).Status, want)
		if want == 202 {
			w.advance(byClock, UserAsksPlatform)
			equal(t, "from 202", w.view(byClock).Status, 101)
		}
		if want == 312 {
			equal(t, "appeal after 312", w.view(byClock).AppealState, appealOpen)
		}
	}
	w := newWorld(t)
	s := w.sim.Settings()
	s.Timeout201 = "somehow"
	if err := w.sim.SetSettings(s); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown way: %v", err)
	}
}

func TestAppealRunsBesideTheStatus(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for _, c := range []struct {
		ev    Event
		state int
	}{{AppealWon, appealWon}, {AppealLost, appealLost}} {
		id := w.lead(token, reach[206])
		if err := w.sim.Advance(id, c.ev, AdvanceOptions{}); !errors.Is(err, ErrNotNow) {
			t.Errorf("a verdict without an appeal: %v", err)
		}
		wantCode(t, w.act(token, id, "appeal"), 0)
		equal(t, "appealing", w.view(id).AppealState, appealRunning)
		wantCode(t, w.act(token, id, "appeal"), 1002)
		w.advance(id, c.ev)
		v := w.view(id)
		equal(t, "appeal", v.AppealState, c.state)
		equal(t, "status", v.Status, 206)
		equal(t, "node", v.Items[len(v.Items)-1].AppealItemType, c.state)
		wantCode(t, w.act(token, id, "appeal"), 1002)
	}
}

func TestAppealInTheWrongStateHasABareRid(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	a := w.act(token, w.file(), "appeal")
	equal(t, "errcode", a.errcode(), 1002)
	if _, has := a["errmsg"]; has {
		t.Errorf("errmsg is there: %v", a)
	}
	if !ridPattern.MatchString(a.text("rid")) {
		t.Errorf("no rid: %v", a)
	}
}

func TestReturnNeedsTheParcelAndTheConsent(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	for _, c := range []struct {
		name string
		body answer
		code int
	}{
		{"neither", answer{}, 10001},
		{"no consent", answer{"returnId": "id"}, 10001},
		{"no parcel", answer{"acceptReturn": 1}, 10001},
		{"another parcel", answer{"acceptReturn": 1, "returnId": 12345}, 10001},
		{"consent as text", answer{"acceptReturn": "yes", "returnId": "id"}, 10001},
		{"parcel as number", answer{"acceptReturn": 1, "returnId": "number"}, 0},
		{"parcel as text", answer{"acceptReturn": 1, "returnId": "id"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := w.lead(token, reach[309])
			body := answer{"complaintOrderId": id, "content": "已收到退货"}
			for k, v := range c.body {
				body[k] = v
			}
			switch body["returnId"] {
			case "id":
				body["returnId"] = w.view(id).ReturnID
			case "number":
				body["returnId"] = rawNumber(w.view(id).ReturnID)
			}
			wantCode(t, w.post(complaintPrefix+"bussiSupplyRefund", token, body), c.code)
			equal(t, "status", w.view(id).Status, map[bool]int{true: 207, false: 309}[c.code == 0])
		})
	}
}

func TestAdvanceRefusesNonsense(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	if err := w.sim.Advance("1", UserAccepts, AdvanceOptions{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown complaint: %v", err)
	}
	id := w.lead(token, reach[101])
	if err := w.sim.Advance(id, "dance", AdvanceOptions{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an unknown event: %v", err)
	}
	if err := w.sim.Advance(id, PlatformAsksEvidence, AdvanceOptions{Who: "nobody"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("nobody must bring evidence: %v", err)
	}
	equal(t, "status", w.view(id).Status, 101)
	must(t, w.sim.Advance(id, PlatformRulesUser, AdvanceOptions{Content: "证据充分"}))
	v := w.view(id)
	equal(t, "text of the node", v.Items[len(v.Items)-1].Content, "证据充分")
}

func TestSilencedEventsAreNotPushed(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	s := w.sim.Settings()
	s.SilentEvents = []string{"withdraw", "appeal"}
	must(t, w.sim.SetSettings(s))
	id := w.file()
	w.advance(id, Withdraw)
	equal(t, "status", w.view(id).Status, 102)
	equal(t, "pushes", len(w.sim.Pushes("complaint_callback")), 1)
	id = w.lead(token, reach[206])
	n := len(w.sim.Pushes("complaint_callback"))
	wantCode(t, w.act(token, id, "appeal"), 0)
	equal(t, "pushes of the appeal", len(w.sim.Pushes("complaint_callback")), n)
}

func TestOldCasesHaveLittleTimeLeft(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	id, err := w.sim.FileComplaint(Filing{AppID: shopID, AgeSeconds: 46 * 3600})
	must(t, err)
	equal(t, "created", w.view(id).CreatedAt, testStart.Add(-46*time.Hour).UnixMilli())
	equal(t, "expires", *w.view(id).ExpiresAt, testStart.Add(2*time.Hour).UnixMilli())
	ruled := w.lead(token, reach[101])
	must(t, w.sim.Advance(ruled, PlatformRulesMerchant, AdvanceOptions{AgeSeconds: 47 * 3600}))
	equal(t, "expires", *w.view(ruled).ExpiresAt, testStart.Add(time.Hour).UnixMilli())
	must(t, w.sim.AdvanceClock(2*time.Hour))
	equal(t, "the old one", w.view(id).Status, 101)
	equal(t, "the ruled one", w.view(ruled).Status, 208)
	if _, err := w.sim.FileComplaint(Filing{AppID: shopID, AgeSeconds: -1}); !errors.Is(err, ErrInvalid) {
		t.Errorf("from the future: %v", err)
	}
	if err := w.sim.Advance(ruled, Withdraw, AdvanceOptions{AgeSeconds: -1}); !errors.Is(err, ErrInvalid) {
		t.Errorf("an event from the future: %v", err)
	}
}
