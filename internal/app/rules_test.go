package app

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// rulesStage is a shop and the people round its rules.
type rulesStage struct {
	*moneyStage
	manager, scoped, agent caller
	other                  string
}

func newRulesStage(t *testing.T, databaseURL string) *rulesStage {
	m := &rulesStage{moneyStage: &moneyStage{stage: start(t, t.TempDir(), databaseURL)}}
	m.program, m.other = m.authorise(tea).ID, m.authorise(park).ID
	m.owner, m.manager, m.scoped = m.as(identity.Owner), m.as(identity.Manager), m.as(identity.Manager, m.program)
	m.finance, m.agent, m.outsider = m.as(identity.Finance), m.as(identity.Agent), m.as(identity.Agent, m.other)
	return m
}

// refundRule is a rule that gives everything back.
func (m *rulesStage) refundRule(more obj) obj {
	r := obj{
		"name": "少发补差", "program_ids": []string{m.program}, "types": []int{613}, "amount_max": 5000, "decision": "agree", "content": "已为您全额退款，单号 {退款单号}。", "refund": "full",
		"max_amount_per_case": 5000, "max_cases_per_day": 10, "max_amount_per_day": 20000,
	}
	maps.Copy(r, more)
	return r
}

func TestRulesAreWrittenByManagersInTheirScope(t *testing.T) {
	m := newRulesStage(t, "")
	in := m.refundRule(nil)
	for _, c := range []caller{m.finance, m.agent} {
		m.code(c.do("POST", "/rules", in), 403, "forbidden")
		m.code(c.do("POST", "/rules/stop", nil), 403, "forbidden")
	}
	for field, bad := range map[string]any{
		"types": []int{}, "amount_max": 0, "content": "没有这个 {变量}", "refund": "fixed", "max_cases_per_day": 0, "max_amount_per_day": 4999, "wait_minutes": 1441,
		"first_in_days": 366, "name": "",
	} {
		m.code(m.manager.do("POST", "/rules", m.refundRule(obj{field: bad})), 422, "validation")
	}
	m.code(m.manager.do("POST", "/rules", m.refundRule(obj{"types": []int{999}})), 422, "validation")
	m.code(m.manager.do("POST", "/rules", m.refundRule(obj{"decision": "refuse"})), 422, "validation")
	m.code(m.scoped.do("POST", "/rules", m.refundRule(obj{"program_ids": []string{}})), 422, "validation")
	m.code(m.scoped.do("POST", "/rules", m.refundRule(obj{"program_ids": []string{m.other}})), 422, "validation")

	mine := m.scoped.want(201, "POST", "/rules", in)
	path := "/rules/" + mine.text("id")
	if mine.text("state") != "draft" || mine.body["version"] != 1.0 || mine.body["position"] != 1.0 || mine.body["editable"] != true || mine.body["replayed_version"] != nil {
		t.Errorf("a new rule: %s", mine.raw)
	}
	all := m.manager.want(201, "POST", "/rules", m.refundRule(obj{"name": "全部", "program_ids": []string{}, "position": 1})).text("id")
	m.code(m.scoped.do("PATCH", "/rules/"+all, obj{"name": "x"}), 403, "forbidden")
	m.code(m.outsider.do("GET", path, nil), 404, "not_found")
	if got := m.outsider.want(200, "GET", "/rules", nil); len(got.items()) != 1 || got.items()[0]["id"] != all || got.items()[0]["editable"] != false {
		t.Errorf("who sees another program sees %s", got.raw)
	}
	if got := m.finance.want(200, "GET", "/rules", nil); len(got.items()) != 2 || got.items()[0]["id"] != all || got.body["stopped"] != nil {
		t.Errorf("finance reads %s", got.raw)
	}

	// A name is no edit of what it does; a limit is.
	if r := m.scoped.want(200, "PATCH", path, obj{"name": "补差"}); r.body["version"] != 1.0 {
		t.Errorf("a new name made version %v", r.body["version"])
	}
	if r := m.scoped.want(200, "PATCH", path, obj{"max_cases_per_day": 11, "first_in_days": 30}); r.body["version"] != 2.0 || r.body["first_in_days"] != 30.0 {
		t.Errorf("an edit: %s", r.raw)
	}
	if r := m.scoped.want(200, "PATCH", path, obj{"first_in_days": nil, "position": 1}); r.body["first_in_days"] != nil || r.body["position"] != 1.0 {
		t.Errorf("an edit: %s", r.raw)
	}
	m.code(m.scoped.do("PATCH", path, obj{"state": "active"}), 409, "replay_first")
	m.code(m.scoped.do("PATCH", path, obj{"state": "paused"}), 422, "validation")
	m.code(m.outsider.do("POST", path+"/replay", nil), 403, "forbidden")
	m.code(m.scoped.do("POST", "/rules/"+all+"/replay", nil), 403, "forbidden")
	if r := m.scoped.want(200, "POST", path+"/replay", nil); r.body["version"] != 3.0 || r.body["hits"] != 0.0 || len(r.body["weeks"].([]any)) < 13 {
		t.Errorf("replay: %s", r.raw)
	}
	if a := m.scoped.do("PATCH", path, obj{"state": "active"}); a.status != 409 || !strings.Contains(a.text("detail"), "商户号") {
		t.Errorf("a rule that refunds without a merchant: %s", a.raw)
	}
	m.code(m.agent.do("POST", "/complaints/nothing/automation/stop", nil), 404, "not_found")

	if got := m.scoped.want(200, "POST", "/rules/stop", nil); got.body["stopped"] == nil {
		t.Errorf("stop: %s", got.raw)
	}
	if got := m.agent.want(200, "GET", "/rules", nil); got.body["stopped"].(obj)["by"] != "王manager" {
		t.Errorf("stopped: %s", got.raw)
	}
	m.code(m.scoped.do("POST", "/rules/resume", nil), 403, "forbidden") // it concerns every program
	if got := m.manager.want(200, "POST", "/rules/resume", nil); got.body["stopped"] != nil {
		t.Errorf("resume: %s", got.raw)
	}
	m.scoped.want(204, "DELETE", path, nil)
	m.code(m.scoped.do("GET", path, nil), 404, "not_found")
	verbs := map[any]int{}
	for _, e := range m.owner.want(200, "GET", "/audit", nil).items() {
		if e["object"] == "rule" || e["object"] == "automation" {
			verbs[e["verb"]]++
		}
	}
	if verbs["create"] != 2 || verbs["update"] != 3 || verbs["delete"] != 1 || verbs["stop"] != 1 || verbs["resume"] != 1 {
		t.Errorf("the audit trail has %v", verbs)
	}
}

func TestARuleRefundsAnswersAndTellsOverHTTP(t *testing.T) {
	m := newRulesStage(t, "")
	elsewhere := m.outsider
	m.viewer, m.outsider = m.agent, m.as(identity.Finance, m.other)
	m.merchants()
	m.outsider = elsewhere
	m.subscribeTo("rule.acted", "rule.stopped")
	past := m.caseID(m.file(wechatsim.Filing{Type: 613, Amount: 2000}))
	m.agent.want(202, "POST", "/complaints/"+past+"/respond", obj{"decision": "refuse", "content": "已按订单发货"})
	m.until("the person's answer", func() bool {
		return m.owner.want(200, "GET", "/complaints/"+past, nil).body["actions"].([]any)[0].(obj)["state"] == "done"
	})
	path := "/rules/" + m.manager.want(201, "POST", "/rules", m.refundRule(nil)).text("id")
	if r := m.manager.want(200, "POST", path+"/replay", nil); r.body["hits"] != 1.0 || r.body["amount"] != 2000.0 || r.body["differing"] != 1.0 || r.body["compared"] != 1.0 {
		t.Errorf("replay: %s", r.raw)
	}
	m.manager.want(200, "PATCH", path, obj{"state": "active"})
	id := ""
	for id == "" { // WeChat tells times in seconds: what was filed in the second of the switch came before it
		c := m.caseID(m.file(wechatsim.Filing{Type: 613, Amount: 3000, OpenID: "oUserOfARule", PhoneNumber: "13812340000"}))
		m.idle()
		if m.owner.want(200, "GET", "/complaints/"+c, nil).body["automation"] != nil {
			id = c
		}
	}
	var k answer
	m.until("the rule's answer", func() bool {
		k = m.agent.want(200, "GET", "/complaints/"+id, nil)
		return k.body["automation"].(obj)["state"] == "done"
	})
	if moved := m.sim.Pay().Ledger().Totals[k.text("transaction_id")]; moved != 3000 {
		t.Errorf("%d fen moved", moved)
	}
	if !hasEntry(k, "rule", "少发补差", "同意和解") {
		t.Errorf("the timeline does not tell of the rule: %s", k.raw)
	}
	mails := m.mails(1)
	if got := fmt.Sprintf("%+v", mails[0]); !strings.Contains(subjects(mails), "已自动处理") || !strings.Contains(got, "已退款 ¥30.00") {
		t.Errorf("the mail: %s", got)
	}
	list := m.agent.want(200, "GET", "/rules", nil)
	if today := list.body["today"].(obj); today["cases"] != 1.0 || today["amount"] != 3000.0 || today["failed"] != 0.0 {
		t.Errorf("today: %v", today)
	}
	m.code(m.agent.do("POST", "/complaints/"+id+"/automation/stop", nil), 409, "conflict")

	// A case that waits is taken over, and one that waits is stopped.
	m.manager.want(200, "PATCH", path, obj{"wait_minutes": 60})
	m.manager.want(200, "POST", path+"/replay", nil)
	m.manager.want(200, "PATCH", path, obj{"state": "active"})
	waits := func(openID string) string {
		for {
			c := m.caseID(m.file(wechatsim.Filing{Type: 613, Amount: 3000, OpenID: openID, PhoneNumber: "13812340000"}))
			m.idle()
			if a, ok := m.owner.want(200, "GET", "/complaints/"+c, nil).body["automation"].(obj); ok {
				if a["state"] != "waiting" || a["stoppable"] != true {
					t.Fatalf("it is %v", a)
				}
				return c
			}
		}
	}
	one, two := waits("oA"), waits("oB")
	m.code(m.outsider.do("POST", "/complaints/"+one+"/automation/stop", nil), 404, "not_found")
	if a := m.agent.want(200, "POST", "/complaints/"+one+"/automation/stop", nil).body["automation"].(obj); a["state"] != "handed_over" {
		t.Errorf("taken over: %v", a)
	}
	m.scoped.want(200, "POST", "/rules/stop", nil)
	if a := m.agent.want(200, "GET", "/complaints/"+two, nil).body["automation"].(obj); a["state"] != "handed_over" || !strings.Contains(a["text"].(string), "停止了全部自动处理") {
		t.Errorf("stopped: %v", a)
	}
}

// subscribeTo sets up a mail channel and somebody who hears of some events.
func (s *stage) subscribeTo(events ...string) {
	s.t.Helper()
	s.subscribe()
	if _, err := s.app.DB.Write().NewRaw("UPDATE subscriptions SET events = ?", db.AsJSON(events)).Exec(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}
