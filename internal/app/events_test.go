package app

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/wechatsim"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// Every kind of event that WeChat, WeChat Pay or a channel causes is told once, from where it really happens. What time alone causes — deadline.near,
// push.silent — is tested with a clock that moves, in notify and gap; merchant.expiring in expiring_test.go.
func TestEveryEventIsToldOnceFromItsSource(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.subscribe()
		p := s.authorise(tea)
		// Now, and not somewhere on the way by its schedule: the ruling below costs points.
		if err := s.app.Standing.Read(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		owner := s.as(identity.Owner)
		s.hearEverything(owner)
		s.till(owner, p.ID)
		told := map[string]int{}
		expect := func(what string, kinds ...string) {
			t.Helper()
			for _, k := range kinds {
				told[k]++
			}
			var got map[string]int
			s.until(what, func() bool {
				got = map[string]int{}
				for _, n := range owner.want(200, "GET", "/notices?limit=200", nil).items() {
					if n["reason_text"] == "订阅「全部」" {
						event, _ := n["event"].(string)
						got[event]++
					}
				}
				return maps.Equal(got, told)
			})
		}
		var number, id string
		file := func() {
			t.Helper()
			number = s.file(wechatsim.Filing{Amount: 16800})
			id = s.caseID(number)
			expect("a new complaint", notify.EventComplaintNew)
		}
		move := func(e wechatsim.Event, kinds ...string) {
			t.Helper()
			if err := s.sim.Advance(number, e, wechatsim.AdvanceOptions{}); err != nil {
				t.Fatal(err)
			}
			expect(string(e), kinds...)
		}
		act := func(path string, in obj, kinds ...string) {
			t.Helper()
			owner.want(202, "POST", "/complaints/"+id+"/"+path, in)
			expect(path, kinds...)
		}

		file()
		act("respond", obj{"decision": "refuse", "content": "包裹完好，见发货记录。"}, notify.EventComplaintProgress)
		move(wechatsim.UserAsksPlatform, notify.EventComplaintProgress) // the platform steps in
		move(wechatsim.PlatformAsksEvidence, notify.EventEvidenceWanted)
		act("supplement", obj{"content": "发货记录见附件。"}, notify.EventComplaintProgress)
		move(wechatsim.PlatformRulesMerchant, notify.EventRuledAgainst)
		act("appeal", obj{"content": "附件可以证明发货时完好。"}, notify.EventComplaintProgress)
		move(wechatsim.AppealWon, notify.EventAppealResult)

		file()
		if err := s.sim.Pay().AddFault(paysim.Fault{Target: "pay.refund.create", Mode: "not_enough"}); err != nil {
			t.Fatal(err)
		}
		act("refunds", obj{"amount": 200, "reason": "破损"}, notify.EventRefundFailed)
		// The channel for this event answers 404: it fails, and that is told on another.
		move(wechatsim.Withdraw, notify.EventWithdrawn, notify.EventChannelFailing)
		health := owner.want(200, "GET", "/workbench", nil)
		if h, _ := health.body["health"].([]any); len(h) == 0 || h[0].(obj)["id"] != "channel" {
			t.Errorf("the workbench does not begin with the failing channel: %s", health.raw)
		}

		file()
		act("refunds", obj{"amount": 100, "reason": "破损"}, notify.EventRefundDone)
		act("respond", obj{"decision": "agree", "content": "好的，为您退款。"}, notify.EventComplaintProgress)
		move(wechatsim.UserAccepts, notify.EventClosed)

		less := 80
		if err := s.sim.SetStanding(wechatsim.StandingChange{AppID: tea, Score: &less}); err != nil {
			t.Fatal(err)
		}
		owner.want(200, "POST", "/programs/"+p.ID+"/refresh", nil)
		expect("the score", notify.EventScoreDropped)
		if err := s.sim.Unauthorize(tea); err != nil {
			t.Fatal(err)
		}
		expect("the lost permission", notify.EventPermissionLost)
		s.idle()
		expect("nothing more")
	})
}

// hearEverything subscribes to all kinds, and a second channel, whose server refuses everything, to one.
func (s *stage) hearEverything(owner caller) {
	s.t.Helper()
	mail, _ := owner.want(200, "GET", "/channels", nil).items()[0]["id"].(string)
	first, _ := owner.want(200, "GET", "/subscriptions", nil).items()[0]["id"].(string)
	owner.want(204, "DELETE", "/subscriptions/"+first, nil)
	owner.want(201, "POST", "/subscriptions", obj{
		"name": "全部", "events": notify.Kinds(), "group": false, "receivers": []obj{{"channel_id": mail, "address": receiver}},
	})
	gone := httptest.NewServer(http.NotFoundHandler())
	s.t.Cleanup(gone.Close)
	hook := owner.want(201, "POST", "/channels", obj{"kind": "webhook", "name": "旧系统", "settings": obj{"url": gone.URL, "secret": "a-shared-secret"}}).text("id")
	owner.want(201, "POST", "/subscriptions", obj{
		"name": "旧系统", "events": []string{notify.EventWithdrawn}, "channel_ids": []string{hook}, "receivers": []obj{{"channel_id": hook, "address": ""}},
	})
}

// till gives the program a merchant whose refunds settle at once.
func (s *stage) till(owner caller, programID string) {
	s.t.Helper()
	at := int64(0)
	if err := s.sim.Pay().Set(paysim.Settings{SettleMS: &at}); err != nil {
		s.t.Fatal(err)
	}
	c, err := s.sim.Pay().AddMerchant(paysim.Merchant{MchID: "1900000109", AppIDs: []string{tea}})
	if err != nil {
		s.t.Fatal(err)
	}
	m := owner.want(201, "POST", "/merchants", obj{
		"name": "满山茶铺", "mchid": c.MchID, "api_v3_key": c.APIv3Key, "private_key_pem": c.PrivateKeyPEM, "cert_pem": c.CertPEM, "verify": obj{"mode": "platform_cert"},
	}).text("id")
	owner.want(200, "PATCH", "/programs/"+programID, obj{"merchant_id": m})
	if check := owner.want(200, "POST", "/merchants/"+m+"/check", nil); check.body["ok"] != true {
		s.t.Fatal(fmt.Sprint("WeChat Pay does not take the merchant: ", check.raw))
	}
}
