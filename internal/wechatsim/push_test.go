package wechatsim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRunPushesATicketAtOnceAndByTheClock(t *testing.T) {
	w := newWorld(t).run()
	w.waitPushes(infoTicket, 1)
	first := w.product.received("[component_verify_ticket]")[0]
	must(t, first.err)
	equal(t, "path", first.path, "/events")
	equal(t, "appid inside", first.appid, testComponent)
	equal(t, "envelope", first.outer, testComponent)
	equal(t, "openid", first.query.Get("openid"), "")
	equal(t, "encrypt_type", first.query.Get("encrypt_type"), "aes")
	equal(t, "signature", first.query.Get("signature"), codec{token: testToken}.sign(first.query.Get("timestamp"), first.query.Get("nonce")))
	contains(t, first.plain, "<ComponentVerifyTicket><![CDATA[ticket@@@")

	must(t, w.sim.AdvanceClock(10*time.Minute))
	w.waitPushes(infoTicket, 2)
	s := w.sim.Settings()
	s.TicketsStopped = true
	must(t, w.sim.SetSettings(s))
	must(t, w.sim.AdvanceClock(time.Hour))
	w.idle()
	equal(t, "tickets while stopped", len(w.sim.Pushes(infoTicket)), 2)
	w.post(pathStart, "", answer{"component_appid": testComponent, "component_secret": testSecret})
	w.waitPushes(infoTicket, 3)
}

// waitPushes waits until n pushes of an event are done.
func (w *world) waitPushes(event string, n int) []PushView {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	must(w.t, w.sim.WaitUntil(ctx, func() bool { return len(w.sim.Pushes(event)) >= n }))
	w.idle()
	return w.sim.Pushes(event)
}

// quiet is a world whose first ticket is out of the way.
func quiet(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	w := newWorld(t, change...).run()
	w.waitPushes(infoTicket, 1)
	w.product.forget()
	return w
}

func TestWhatCountsAsAcknowledged(t *testing.T) {
	for _, c := range []struct {
		name             string
		status           int
		body             string
		events, messages bool
	}{
		{"success", 200, "success", true, true},
		{"an empty body", 200, "", false, true},
		{"success with a newline", 200, "success\n", false, false},
		{"upper case", 200, "SUCCESS", false, false},
		{"quoted JSON", 200, `"success"`, false, false},
		{"HTML", 200, "<html>success</html>", false, false},
		{"success with a 201", 201, "success", false, false},
		{"a refusal", 401, "", false, false},
		{"an error", 503, "success", false, false},
		{"a redirect", 302, "", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := quiet(t)
			w.authorizer(shopID)
			w.product.answerText(c.status, c.body)
			w.sim.PushTicket()
			w.file()
			w.idle()
			for event, ok := range map[string]bool{infoTicket: c.events, "complaint_callback": c.messages} {
				list := w.sim.Pushes(event)
				p := list[len(list)-1]
				state, tries := stateDelivered, 1
				if !ok {
					state, tries = stateFailed, 3
				}
				equal(t, event+" state", p.state(), state)
				equal(t, event+" tries", len(p.Tries), tries)
			}
		})
	}
}

func (p PushView) state() string { return p.State }

func TestPushStopsTryingOnceAcknowledged(t *testing.T) {
	for good := 1; good <= 3; good++ {
		w := quiet(t)
		w.authorizer(shopID)
		w.product.answerWith(func(rw http.ResponseWriter, _ *http.Request, _ received, nth int) {
			if nth < good {
				rw.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		w.file()
		w.idle()
		list := w.sim.Pushes("complaint_callback")
		equal(t, "tries", len(list[0].Tries), good)
		equal(t, "requests", len(w.product.received("")), good)
		equal(t, "state", list[0].State, stateDelivered)
		if good > 1 {
			equal(t, "first try's status", list[0].Tries[0].Status, 503)
			equal(t, "first try's verdict", list[0].Tries[0].OK, false)
		}
	}
}

func TestSlowAnswerIsATimeoutAndIsTriedAgain(t *testing.T) {
	w := quiet(t, func(c *Config) { c.PushTimeout = 50 * time.Millisecond })
	w.authorizer(shopID)
	free := make(chan struct{})
	w.product.answerWith(func(rw http.ResponseWriter, r *http.Request, _ received, nth int) {
		if nth == 1 {
			select {
			case <-free:
			case <-r.Context().Done():
			}
		}
		_, _ = io.WriteString(rw, "success")
	})
	w.file()
	w.idle()
	close(free)
	p := w.sim.Pushes("complaint_callback")[0]
	equal(t, "tries", len(p.Tries), 2)
	contains(t, p.Tries[0].Error, "deadline")
	lacks(t, p.Tries[0].Error, "signature")
	equal(t, "second try", p.Tries[1].OK, true)
}

func TestRetryIsSealedAnewUnlessToldOtherwise(t *testing.T) {
	for _, same := range []bool{false, true} {
		w := quiet(t)
		w.authorizer(shopID)
		s := w.sim.Settings()
		s.RetrySameBytes = same
		must(t, w.sim.SetSettings(s))
		w.product.answerText(500, "")
		w.file()
		w.idle()
		got := w.product.received("")
		equal(t, "tries", len(got), 3)
		equal(t, "same plain text", got[0].plain == got[1].plain && got[1].plain == got[2].plain, true)
		equal(t, "same nonce", got[0].query.Get("nonce") == got[1].query.Get("nonce"), same)
	}
}

func TestComplaintPushGoesToTheMessageURLOfTheProgram(t *testing.T) {
	w := quiet(t)
	w.authorizer(shopID)
	id := w.file()
	w.idle()
	got := w.product.received("complaint_callback")
	equal(t, "pushes", len(got), 1)
	must(t, got[0].err)
	equal(t, "path", got[0].path, "/messages/"+shopID)
	equal(t, "envelope", got[0].outer, shopUser)
	equal(t, "appid inside", got[0].appid, testComponent)
	if got[0].query.Get("openid") == "" {
		t.Error("openid is missing in the query")
	}
	v := w.sim.Pushes("complaint_callback")[0]
	equal(t, "log's complaint", v.ComplaintOrderID, id)
	equal(t, "log's plain text", v.Plain, got[0].plain)
}

func TestNobodyIsToldWithoutAuthorisationOrSet76(t *testing.T) {
	w := quiet(t)
	w.file()
	w.authorizer(shopID, 30, 151)
	w.file()
	w.idle()
	equal(t, "requests", len(w.product.received("complaint_callback")), 0)
	list := w.sim.Pushes("complaint_callback")
	equal(t, "first", list[0].State+": "+list[0].Reason, "suppressed: the program is not authorised")
	equal(t, "second", list[1].State+": "+list[1].Reason, "suppressed: set 76 is not granted")
}

func TestHeldPushesComeWhenReleased(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		w := quiet(t)
		w.authorizer(shopID)
		w.sim.HoldPushes()
		first, second := w.file(), w.file()
		equal(t, "pending", w.sim.Pushes("complaint_callback")[0].State, statePending)
		equal(t, "requests while held", len(w.product.received("")), 0)
		w.sim.ReleasePushes(reverse)
		w.idle()
		equal(t, "requests", len(w.product.received(first))+len(w.product.received(second)), 2)
	}
}

func TestReleaseInReverseTurnsTheQueue(t *testing.T) {
	w := newWorld(t) // not running, so that the queue can be looked at
	w.authorizer(shopID)
	w.sim.HoldPushes()
	first, second := w.file(), w.file()
	w.sim.ReleasePushes(true)
	out := w.sim.beat()
	equal(t, "first out", out[0].complaintID, second)
	equal(t, "second out", out[1].complaintID, first)
}

func TestProductThatIsAwayIsTriedThreeTimes(t *testing.T) {
	w := quiet(t)
	w.authorizer(shopID)
	w.product.srv.Close()
	w.file()
	w.idle()
	p := w.sim.Pushes("complaint_callback")[0]
	equal(t, "state", p.State, stateFailed)
	equal(t, "tries", len(p.Tries), 3)
	equal(t, "status", p.Tries[0].Status, 0)
	lacks(t, p.Tries[0].Error, "msg_signature")
}

func TestPushesWithoutAnAddressAreSuppressed(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.EventsURL, c.MessagesURL = "", "" }).run()
	w.authorizer(shopID)
	w.file()
	w.idle()
	equal(t, "tickets", len(w.sim.Pushes(infoTicket)), 0)
	equal(t, "state", w.sim.Pushes("")[0].State, stateSuppressed)
	w.sim.SetEndpoints(Endpoints{EventsURL: w.product.srv.URL + "/events", MessagesURL: w.product.srv.URL + "/m/$APPID$"})
	w.sim.PushTicket()
	w.file()
	w.idle()
	equal(t, "complaints now", len(w.product.received("complaint_callback")), 1)
	equal(t, "address", w.product.received("complaint_callback")[0].path, "/m/"+shopID)
}

func TestWaitIdleGivesUpWithItsContext(t *testing.T) {
	w := newWorld(t)
	w.sim.PushTicket()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.sim.WaitIdle(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestRotatedKeysSealNewPushes(t *testing.T) {
	w := quiet(t)
	next := Keys{Token: "another-token", AESKey: strings.Repeat("Q", 43)}
	must(t, w.sim.RotateKeys(next))
	w.sim.PushTicket()
	w.idle()
	got := w.product.received("")
	if got[0].err == nil {
		t.Error("the old pair still verifies the push")
	}
	if err := w.sim.RotateKeys(Keys{Token: "x", AESKey: "short"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a short key: %v", err)
	}
}

func TestWaitUntilSeesCallsMailsAndPushes(t *testing.T) {
	w := quiet(t)
	token, _ := w.authorizer(shopID)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for name, c := range map[string]struct {
		act  func()
		cond func() bool
	}{
		"a call": {func() { w.get(pathDetail, token) }, func() bool { return len(w.sim.APICalls("complaintOrderDetail")) > 0 }},
		"a mail": {func() { w.sim.keepEmail(Email{}) }, func() bool { return len(w.sim.Outbox().Emails) > 0 }},
		"a push": {func() { w.file() }, func() bool {
			list := w.sim.Pushes("complaint_callback")
			return len(list) > 0 && list[0].State == stateDelivered
		}},
	} {
		done := make(chan error, 1)
		go func() { done <- w.sim.WaitUntil(ctx, c.cond) }()
		c.act()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	cancel()
	if err := w.sim.WaitUntil(ctx, func() bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("never: %v", err)
	}
}
