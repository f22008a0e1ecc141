package inbound

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestAComplaintIsStoredWithItsJobAndThenAcknowledged(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		number := e.file(shop)
		res := e.send(wechatsim.RawPush{ComplaintOrderID: number})
		if res.Status != 200 || res.Body != "success" {
			t.Fatalf("answered %d %q", res.Status, res.Body)
		}
		ds := e.deliveries()
		if len(ds) != 1 || e.receivedJobs() != 1 {
			t.Fatalf("%d deliveries, %d jobs", len(ds), e.receivedJobs())
		}
		got := ds[0]
		if got.Source != FromMessages || got.AppID != shop || got.ProgramID == "" || got.Event != "complaint_callback" || got.State != Stored || got.Repeats != 0 ||
			got.ReceivedAt != db.At(testkit.Start) || !got.ProcessedAt.IsZero() {
			t.Errorf("stored %+v", got)
		}
		stored, plain, err := e.inbound.Delivery(t.Context(), got.ID)
		if err != nil || stored.ID != got.ID || !strings.Contains(string(plain), number) {
			t.Errorf("opened %q, %v", plain, err)
		}
		if jobs := testkit.Jobs(t, d, ReceivedArgs{}.Kind()); !strings.Contains(jobs[0], got.ID) {
			t.Errorf("job %s", jobs[0])
		}
		for _, clear := range []string{"13812346021", "oHSiY5RkWq3zL0Xv7pT9bN2mC4dE"} {
			if strings.Contains(testkit.Dump(t, d), clear) {
				t.Errorf("%s is stored in clear", clear)
			}
		}
		var pushed db.Time
		if err := d.Read.NewRaw(`SELECT last_push_at FROM programs WHERE appid = ?`, shop).Scan(t.Context(), &pushed); err != nil || pushed != db.At(testkit.Start) {
			t.Errorf("the program was last pushed at %d, %v", pushed, err)
		}
		if got := e.counted()["platform_messages ok"]; got != 1 {
			t.Errorf("%v good pushes counted", got)
		}
		if e.log.Len() != 0 {
			t.Errorf("a good push was logged: %s", e.log)
		}
	})
}

func TestARepeatIsCountedAndChangesNothingElse(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		number := e.file(shop)
		const times = 6
		var wg sync.WaitGroup
		for range times { // each is sealed anew, with another nonce
			wg.Go(func() {
				if res, err := e.sim.SendRaw(t.Context(), wechatsim.RawPush{ComplaintOrderID: number}); err != nil || res.Body != "success" {
					t.Errorf("answered %+v, %v", res, err)
				}
			})
		}
		wg.Wait()
		ds := e.deliveries()
		if len(ds) != 1 || e.receivedJobs() != 1 || ds[0].Repeats != times-1 {
			t.Fatalf("%d deliveries, %d jobs, %d repeats", len(ds), e.receivedJobs(), ds[0].Repeats)
		}
		if err := e.inbound.Finish(t.Context(), ds[0].ID, Done, ""); err != nil {
			t.Fatal(err)
		}
		e.exec(`DELETE FROM river_job`)
		e.send(wechatsim.RawPush{ComplaintOrderID: number})
		if ds = e.deliveries(); len(ds) != 1 || ds[0].State != Done || e.receivedJobs() != 0 {
			t.Errorf("a late repeat started it again: %+v, %d jobs", ds, e.receivedJobs())
		}
		e.clock.Advance(time.Second)
		e.send(wechatsim.RawPush{ComplaintOrderID: number}) // pushed anew a second later: another message
		if ds = e.deliveries(); len(ds) != 2 || e.receivedJobs() != 1 {
			t.Errorf("%d deliveries, %d jobs", len(ds), e.receivedJobs())
		}
	})
}

func TestEveryShapeOfAComplaintPushIsStored(t *testing.T) {
	e := configured(t, testkit.SQLite(t))
	for name, v := range map[string]wechatsim.Variants{
		"wrapped": {}, "flat": {Flat: true}, "one history": {History: "single"}, "no history": {History: "none"}, "a spaced event": {SpacedEvent: true},
		"no appid inside": {PushOmit: []string{"appid"}}, "hardly anything": {PushOmit: []string{"appid", "status", "type", "create_time", "expire_time", "order_id"}},
	} {
		number := e.file(shop)
		if err := e.sim.SetVariants("", number, v); err != nil {
			t.Fatal(err)
		}
		before := e.receivedJobs()
		if res := e.send(wechatsim.RawPush{ComplaintOrderID: number}); res.Body != "success" || e.receivedJobs() != before+1 {
			t.Errorf("%s: %d %q, %d new jobs", name, res.Status, res.Body, e.receivedJobs()-before)
		}
	}
}

func TestUnknownEventsAreKeptAndAcknowledged(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		for i, target := range []string{"messages", "events"} {
			if res := e.send(wechatsim.RawPush{Target: target, Fault: "unknown_event"}); res.Status != 200 || res.Body != "success" {
				t.Errorf("%s: %d %q", target, res.Status, res.Body)
			}
			ds := e.deliveries()
			if len(ds) != i+1 {
				t.Fatalf("%s: %d deliveries", target, len(ds))
			}
			want := []struct{ event, state string }{{"sim_unknown_event", Ignored}, {"sim_unknown_info", Done}}[i]
			if ds[i].Event != want.event || ds[i].State != want.state {
				t.Errorf("%s: stored %+v", target, ds[i])
			}
		}
		for name, plain := range map[string]string{
			"a text":       "<xml><ToUserName>gh_shop1</ToUserName><MsgType>text</MsgType><Content>你好</Content></xml>",
			"no type":      "<xml><ToUserName>gh_shop1</ToUserName><Whatever>1</Whatever></xml>",
			"to nobody":    "<xml><MsgType>event</MsgType><Event>kf_close_session</Event></xml>",
			"the QUERY of": "<xml><ToUserName>gh_shop1</ToUserName><MsgType>text</MsgType><Content>QUERY_AUTH_CODE:queryauthcode@@@1</Content></xml>",
		} {
			if status, body := e.post(sealed{plain: plain}); status != 200 || body != "success" {
				t.Errorf("%s: %d %q", name, status, body)
			}
		}
		if n := len(e.deliveries()); n != 6 || e.receivedJobs() != 0 {
			t.Errorf("%d deliveries, %d jobs", n, e.receivedJobs())
		}
		if n := len(testkit.Jobs(t, d, "program.release_reply")); n != 0 {
			t.Error("a user's text to an ordinary program was taken for the release check")
		}
	})
}

func TestOldTokenAndKeyStayGoodForPushes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		e.setPlatform("newtoken1", otherKey)
		for name, l := range map[string]sealed{
			"old token, old key": {token: token, key: pushKey}, "new token, new key": {token: "newtoken1", key: otherKey},
			"new token, old key": {token: "newtoken1", key: pushKey}, "old token, new key": {token: token, key: otherKey},
		} {
			l.plain = complaintXML(shop, "gh_shop1", name)
			if status, body := e.post(l); status != 200 || body != "success" {
				t.Errorf("%s: %d %q", name, status, body)
			}
		}
		if err := e.sim.RotateKeys(wechatsim.Keys{Token: "newtoken1", AESKey: otherKey}); err != nil {
			t.Fatal(err)
		}
		if res := e.send(wechatsim.RawPush{ComplaintOrderID: e.file(shop), Fault: "previous_key"}); !res.Acknowledged {
			t.Errorf("the simulator's previous key: %d %q", res.Status, res.Body)
		}
		e.setPlatform("thirdtoken1", pushKey)
		if status, _ := e.post(sealed{plain: complaintXML(shop, "gh_shop1", "x"), token: token}); status != 401 {
			t.Errorf("the token before the previous one: %d", status)
		}
	})
}

func TestALatePushIsStillHeard(t *testing.T) {
	e := configured(t, testkit.SQLite(t))
	// WeChat promises nothing about the timestamp; an old one is a delayed push, and a replay finds its key.
	if res := e.send(wechatsim.RawPush{ComplaintOrderID: e.file(shop), Fault: "old_timestamp"}); !res.Acknowledged || e.receivedJobs() != 1 {
		t.Errorf("answered %d %q, %d jobs", res.Status, res.Body, e.receivedJobs())
	}
}

func TestDeliveryAndJobAreStoredTogetherOrNotAtAll(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		number := e.file(shop)
		authorized := "<xml><AppId>" + component + "</AppId><InfoType>authorized</InfoType><AuthorizerAppid>" + otherShop + "</AuthorizerAppid>" +
			"<AuthorizationCode>queryauthcode@@@x</AuthorizationCode></xml>"
		pushes := map[string]wechatsim.RawPush{
			"a complaint": {ComplaintOrderID: number}, "an authorisation": {Target: "events", XML: authorized}, "a ticket": {Target: "events", Ticket: true},
		}
		before := testkit.Counts(t, d)
		for _, table := range []string{"river_job", "deliveries"} {
			e.exec(`ALTER TABLE ` + table + ` RENAME TO hidden`)
			for name, p := range pushes {
				if table == "deliveries" && p.Ticket {
					continue // tickets are none
				}
				if res := e.send(p); res.Status != 503 || res.Acknowledged {
					t.Errorf("%s without %s: %d %q", name, table, res.Status, res.Body)
				}
			}
			e.exec(`ALTER TABLE hidden RENAME TO ` + table)
		}
		e.unchanged(before)
		var tickets int
		if err := d.Read.NewRaw(`SELECT count(*) FROM platform WHERE ticket_received_at IS NOT NULL`).Scan(t.Context(), &tickets); err != nil || tickets != 0 {
			t.Errorf("half a ticket was stored, %v", err)
		}
		for name, p := range pushes {
			if res := e.send(p); !res.Acknowledged {
				t.Errorf("%s, sent again: %d %q", name, res.Status, res.Body)
			}
		}
		if n := len(e.deliveries()); n != 2 || e.receivedJobs() != 1 {
			t.Errorf("%d deliveries, %d jobs", n, e.receivedJobs())
		}
	})
}

func TestAnAuthorisationBecomesAJobOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		xml := "<xml><AppId>" + component + "</AppId><InfoType>authorized</InfoType><AuthorizerAppid>" + otherShop + "</AuthorizerAppid>" +
			"<AuthorizationCode>queryauthcode@@@secret</AuthorizationCode></xml>"
		for range 3 {
			if res := e.send(wechatsim.RawPush{Target: "events", XML: xml}); res.Body != "success" {
				t.Errorf("answered %d %q", res.Status, res.Body)
			}
		}
		ds := e.deliveries()
		if len(ds) != 1 || ds[0].Source != FromEvents || ds[0].State != Done || ds[0].Repeats != 2 {
			t.Errorf("stored %+v", ds)
		}
		if n := len(testkit.Jobs(t, d, "program.exchange_code")); n != 1 {
			t.Errorf("%d exchanges", n)
		}
		if strings.Contains(testkit.Dump(t, d), "queryauthcode@@@secret") {
			t.Error("the code is stored in clear")
		}
	})
}

func TestTicketsReplaceEachOther(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		for range 2 {
			if res := e.send(wechatsim.RawPush{Target: "events", Ticket: true}); res.Body != "success" {
				t.Errorf("answered %d %q", res.Status, res.Body)
			}
		}
		if n := len(e.deliveries()); n != 0 {
			t.Errorf("%d tickets are kept as deliveries", n)
		}
		if strings.Contains(testkit.Dump(t, d), "ticket@@@") {
			t.Error("the ticket is stored in clear")
		}
		st, err := e.ps.Platform(t.Context())
		if err != nil || st.TicketReceived != db.At(testkit.Start) {
			t.Errorf("%+v, %v", st, err)
		}
	})
}

func TestAPushBeforeItsProgramIsKnownIsKept(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		if res := e.send(wechatsim.RawPush{AppID: otherShop, ComplaintOrderID: e.file(otherShop)}); res.Body != "success" {
			t.Fatalf("answered %d %q", res.Status, res.Body)
		}
		ds := e.deliveries()
		if len(ds) != 1 || ds[0].AppID != otherShop || ds[0].ProgramID != "" || ds[0].State != Stored || e.receivedJobs() != 1 {
			t.Errorf("stored %+v, %d jobs", ds, e.receivedJobs())
		}
	})
}

func TestReconcileFindsDeliveriesNobodyWorksOn(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		e.send(wechatsim.RawPush{ComplaintOrderID: e.file(shop)})
		e.send(wechatsim.RawPush{ComplaintOrderID: e.file(shop)})
		e.send(wechatsim.RawPush{Fault: "unknown_event"})
		ds := e.deliveries()
		if err := e.inbound.Finish(t.Context(), ds[0].ID, Done, ""); err != nil {
			t.Fatal(err)
		}
		e.exec(`DELETE FROM river_job`)
		reconcile := func() int {
			t.Helper()
			if err := e.inbound.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			return e.receivedJobs()
		}
		if n := reconcile(); n != 0 {
			t.Errorf("%d jobs for deliveries that came just now", n)
		}
		e.clock.Advance(time.Minute + time.Millisecond)
		for range 2 {
			if n := reconcile(); n != 1 {
				t.Errorf("%d jobs", n)
			}
		}
		if jobs := testkit.Jobs(t, d, ReceivedArgs{}.Kind()); !strings.Contains(jobs[0], ds[1].ID) {
			t.Errorf("job %s", jobs[0])
		}
	})
}

func TestListAndReplay(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		for range 5 {
			e.send(wechatsim.RawPush{ComplaintOrderID: e.file(shop)})
		}
		e.send(wechatsim.RawPush{AppID: otherShop, ComplaintOrderID: e.file(otherShop)})
		all := e.deliveries()
		var got []string
		for f := (Filter{Limit: 4}); ; {
			page, next, err := e.inbound.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page {
				got = append(got, x.ID)
				if x.BodySealed != "" {
					t.Error("the list carries bodies")
				}
			}
			if next == "" {
				break
			}
			f.Cursor = next
		}
		slices.Reverse(got)
		if !slices.EqualFunc(got, all, func(id string, x Delivery) bool { return id == x.ID }) {
			t.Errorf("listed %v", got)
		}
		for name, c := range map[string]struct {
			f    Filter
			want int
		}{
			"a scope":   {Filter{ProgramIDs: []string{all[0].ProgramID}}, 5},
			"no scope":  {Filter{ProgramIDs: []string{}}, 0},
			"a state":   {Filter{State: Stored}, 6},
			"one state": {Filter{State: Failed}, 0},
		} {
			c.f.Limit = 50
			if page, _, err := e.inbound.List(t.Context(), c.f); err != nil || len(page) != c.want {
				t.Errorf("%s: %d deliveries, %v", name, len(page), err)
			}
		}
		if _, _, err := e.inbound.Delivery(t.Context(), db.NewID()); !errors.Is(err, ErrNotFound) {
			t.Errorf("a missing delivery gave %v", err)
		}

		if err := e.inbound.Finish(t.Context(), all[0].ID, Failed, "推送内容无法识别"); err != nil {
			t.Fatal(err)
		}
		e.exec(`DELETE FROM river_job`)
		x, _, err := e.inbound.Delivery(t.Context(), all[0].ID)
		if err != nil || x.State != Failed || x.Error == "" {
			t.Fatalf("%+v, %v", x, err)
		}
		if err := e.inbound.Replay(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		if x, _, err = e.inbound.Delivery(t.Context(), all[0].ID); err != nil || x.State != Stored || x.Error != "" || e.receivedJobs() != 1 {
			t.Errorf("replayed: %+v, %v, %d jobs", x, err, e.receivedJobs())
		}
	})
}
