package app

import (
	"maps"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
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
