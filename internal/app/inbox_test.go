package app

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// me returns the caller's id.
func (c caller) me() string { return c.want(200, "GET", "/me", nil).text("id") }

func ids(items []map[string]any) []string {
	out := []string{}
	for _, x := range items {
		out = append(out, x["complaint_order_id"].(string))
	}
	slices.Sort(out)
	return out
}

func TestTheInboxIsSearchedSavedAssignedAndExported(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		shop, other := s.authorise(tea), s.authorise(park)
		owner, manager, agent, viewer := s.as(identity.Owner), s.as(identity.Manager), s.as(identity.Agent, shop.ID), s.as(identity.Viewer)
		owner.want(200, "PATCH", "/programs/"+shop.ID, obj{"owner_id": agent.me()})
		first := s.file(wechatsim.Filing{Type: 642, Amount: 16800, ProductName: "明前龙井 250g 礼盒", Content: "罐子瘪了，茶叶洒了一半"})
		second := s.file(wechatsim.Filing{AppID: park, Type: 633, Amount: 39900, ProductName: "=1+1", Content: "说好都能进，到门口又要补票"})
		s.idle()
		id, foreign := s.caseID(first), s.caseID(second)
		s.idle()

		find := func(c caller, query ...string) []string {
			t.Helper()
			v := url.Values{}
			for i := 0; i < len(query); i += 2 {
				v.Add(query[i], query[i+1])
			}
			return ids(c.want(200, "GET", "/complaints?"+v.Encode(), nil).items())
		}
		for _, q := range []string{"瘪", "茶叶", "叶洒了一", "250G", first, first[1:]} {
			if got := find(owner, "q", q); !slices.Equal(got, []string{first}) {
				t.Errorf("%q finds %v", q, got)
			}
		}
		if got := find(agent, "q", "门口"); len(got) != 0 {
			t.Errorf("a search finds cases outside the scope: %v", got)
		}
		if got := find(owner, "stage", "to_respond", "stage", "closed"); len(got) != 2 {
			t.Errorf("two stages: %v", got)
		}

		// The program's responsible person has its new cases.
		if got := find(agent, "assignee", "me"); !slices.Equal(got, []string{first}) {
			t.Errorf("the agent has %v", got)
		}
		if got := find(owner, "assignee", "none"); !slices.Equal(got, []string{second}) {
			t.Errorf("nobody has %v", got)
		}
		people := owner.want(200, "GET", "/assignees?program_id="+other.ID, nil).items()
		if len(people) != 2 { // neither the agent, who doesn't see it, nor the viewer
			t.Errorf("who can be responsible: %v", people)
		}
		if a := owner.do("PATCH", "/complaints/"+foreign, obj{"assignee_id": agent.me()}); a.status != 422 || a.text("code") != "validation" {
			t.Errorf("somebody who doesn't see the case: %d %s", a.status, a.raw)
		}
		k := owner.want(200, "PATCH", "/complaints/"+foreign, obj{"assignee_id": manager.me()})
		if who, _ := k.body["assignee"].(map[string]any); who["name"] != "王manager" || k.text("assignee_id") != manager.me() || !hasEntry(k, "staff", "王owner", "由王manager负责") {
			t.Errorf("assigned: %s", k.raw)
		}
		if k = owner.want(200, "PATCH", "/complaints/"+foreign, obj{"assignee_id": nil}); k.body["assignee"] != nil || k.body["assignee_id"] != nil {
			t.Errorf("nobody's: %s", k.raw)
		}
		agent.want(404, "PATCH", "/complaints/"+foreign, obj{"assignee_id": agent.me()})
		viewer.want(403, "PATCH", "/complaints/"+id, obj{"assignee_id": nil})
		if n := len(owner.want(200, "GET", "/audit?object=complaint&object_id="+foreign, nil).items()); n != 2 {
			t.Errorf("%d audit rows", n)
		}

		s.views(owner, manager, agent, other.ID)

		// Export.
		status, header, raw := owner.get("/api/v1/complaints/export?view=all&format=csv")
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
		if status != 200 || err != nil || len(rows) != 3 || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment;") || !strings.HasPrefix(string(raw), "\ufeff") {
			t.Fatalf("%d %v %q", status, err, raw)
		}
		for _, r := range rows[1:] {
			if strings.HasPrefix(r[6], "=") || strings.Contains(r[9], userPhone) || len(r) != len(rows[0]) {
				t.Errorf("row: %q", r)
			}
		}
		if status, _, raw := agent.get("/api/v1/complaints/export?view=all&format=xlsx&q=" + url.QueryEscape("茶叶")); status != 200 || string(raw[:2]) != "PK" {
			t.Errorf("%d %q", status, raw[:min(len(raw), 80)])
		}
		if _, _, raw := agent.get("/api/v1/complaints/export?view=all"); strings.Contains(string(raw), second) || !strings.Contains(string(raw), first) {
			t.Errorf("the agent's export: %s", raw)
		}
		s.reports(owner, agent, shop.ID, other.ID)
	})
}

// reports counts the two complaints, each for who may see it.
func (s *stage) reports(owner, agent caller, mine, other string) {
	t := s.t
	for by, rows := range map[string]int{"program": 2, "type": 2, "member": 1, "day": 31} {
		r := owner.want(200, "GET", "/reports/complaints?by="+by, nil)
		all, _ := r.body["all"].(map[string]any)
		if got := r.items(); len(got) != rows || all["filed"] != 2.0 || all["amount"] != 56700.0 || all["answer_median"] != nil {
			t.Errorf("by %s: %s", by, r.raw)
		}
	}
	if got := agent.want(200, "GET", "/reports/complaints", nil).items(); len(got) != 1 || got[0]["key"] != mine || got[0]["name"] != "满山茶铺" {
		t.Errorf("the agent's report: %v", got)
	}
	agent.want(404, "GET", "/reports/complaints?program_id="+other, nil)
	owner.want(422, "GET", "/reports/complaints?by=moon", nil)
	if a := owner.do("GET", "/reports/complaints?from=5&to=4", nil); a.status != 422 || a.text("code") != "validation" {
		t.Errorf("a period that ends before it begins: %d %s", a.status, a.raw)
	}
	_, _, raw := owner.get("/api/v1/reports/complaints/export?by=type")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(raw), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[0][0] != "问题类型" || rows[3][0] != "合计" || rows[3][1] != "2" || rows[3][9] != "567.00" {
		t.Errorf("%v %q", err, rows)
	}
	if n := len(owner.want(200, "GET", "/audit?object=report", nil).items()); n != 1 {
		t.Errorf("%d audit rows", n)
	}
}

// views saves, shares, counts and removes.
func (s *stage) views(owner, manager, agent caller, other string) {
	t := s.t
	mine := agent.want(201, "POST", "/views", obj{"name": "龙井", "query": "?view=all&q=龙井"})
	if mine.text("query") != "view=all&q=龙井" || mine.body["count"] != nil || mine.body["can_change"] != true {
		t.Errorf("view: %s", mine.raw)
	}
	shared := manager.want(201, "POST", "/views", obj{"name": "小禾", "query": "view=all&program=" + other, "shared": true})
	if shared.body["count"] != 1.0 || shared.body["count_more"] != false {
		t.Errorf("shared view: %s", shared.raw)
	}
	all := manager.want(201, "POST", "/views", obj{"name": "全部", "query": "view=all", "shared": true})
	list := agent.want(200, "GET", "/views", nil).items()
	if len(list) != 3 {
		t.Fatalf("the agent sees %v", list)
	}
	for _, v := range list {
		// Everybody counts within his programs.
		if v["name"] == "全部" && (v["count"] != 1.0 || v["can_change"] != false) || v["name"] == "小禾" && v["count"] != nil {
			t.Errorf("the agent sees %v", v)
		}
	}
	if n := len(owner.want(200, "GET", "/views", nil).items()); n != 2 {
		t.Errorf("the owner sees %d views", n)
	}
	agent.want(403, "PATCH", "/views/"+all.text("id"), obj{"name": "x"})
	manager.want(404, "PATCH", "/views/"+mine.text("id"), obj{"name": "x"})
	owner.want(200, "PATCH", "/views/"+all.text("id"), obj{"name": "所有", "position": 9})
	agent.want(422, "POST", "/views", obj{"name": "", "query": ""})
	agent.want(204, "DELETE", "/views/"+mine.text("id"), nil)
	if list := agent.want(200, "GET", "/views", nil).items(); len(list) != 2 || list[1]["name"] != "所有" {
		t.Errorf("left: %v", list)
	}
}

func TestManyCasesAreAnsweredEachOnItsOwn(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		shop := s.authorise(tea)
		s.authorise(park)
		owner, agent := s.as(identity.Owner), s.as(identity.Agent, shop.ID)
		var numbers, cases []string
		for i := range 4 {
			f := wechatsim.Filing{Amount: int64(1000 + i), ProductName: fmt.Sprintf("茶 %d", i)}
			if i == 3 {
				f.AppID = park
			}
			numbers = append(numbers, s.file(f))
		}
		for _, n := range numbers {
			cases = append(cases, s.caseID(n))
		}
		s.idle()
		// One is past its stage, one is outside the agent's scope.
		done := owner.want(202, "POST", "/complaints/"+cases[1]+"/respond", obj{"decision": "refuse", "content": "请先看物流信息。"})
		s.until("the single answer", func() bool {
			return owner.want(200, "GET", "/actions/"+done.text("action_id"), nil).text("state") == "done"
		})
		s.idle()

		request := obj{"ids": append(cases, cases[0]), "kind": "respond", "decision": "agree", "content": "同意退款 {金额}，商品 {商品}。"}
		items := agent.want(200, "POST", "/complaints/bulk/preview", request).items()
		if len(items) != 4 {
			t.Fatalf("previews: %v", items)
		}
		said := func(i int) string { return fmt.Sprintf("同意退款 10.%02d 元，商品 茶 %d。", i, i) }
		for i, want := range []string{"", "not_legal_now", "", "not_found"} {
			problem, _ := items[i]["problem"].(map[string]any)
			if code, _ := problem["code"].(string); code != want || items[i]["ok"] != (want == "") || want == "" && items[i]["text"] != said(i) {
				t.Errorf("preview %d: %v", i, items[i])
			}
		}
		var last string
		for range 2 { // a repeat with the same key answers the same and does nothing
			a := agent.want(200, "POST", "/complaints/bulk", request, "Idempotency-Key", "all-of-them")
			if last != "" && a.raw != last {
				t.Errorf("the repeat: %s", a.raw)
			}
			last = a.raw
			results, _ := a.body["results"].([]any)
			for i, want := range []bool{true, false, true, false} {
				r, _ := results[i].(map[string]any)
				if r["ok"] != want || (r["action_id"] != nil) != want || r["complaint_id"] != cases[i] {
					t.Errorf("result %d: %v", i, r)
				}
			}
		}
		s.idle()
		for i, n := range numbers {
			v, err := s.sim.Complaint(n)
			calls := 0
			for _, c := range v.Calls {
				if strings.HasSuffix(c.Path, "/bussiRespondComplaint") {
					calls++
				}
			}
			if want := []int{1, 1, 1, 0}[i]; err != nil || calls != want {
				t.Errorf("WeChat was answered %d times for case %d: %v", calls, i, err)
			}
		}
		if k := agent.want(200, "GET", "/complaints/"+cases[2], nil); !hasEntry(k, "staff", "王agent", "同意和解："+said(2)) {
			t.Errorf("the case: %s", k.raw)
		}

		// What can't be filled in is not sent.
		if items := owner.want(200, "POST", "/complaints/bulk/preview", obj{"ids": cases[3:], "kind": "respond", "decision": "agree", "content": "退款单号 {退款单号}"}).items(); items[0]["ok"] != false {
			t.Errorf("an unfilled variable: %v", items)
		}
		// Assigning and notes.
		a := owner.want(200, "POST", "/complaints/bulk", obj{"ids": cases, "kind": "assign", "assignee_id": agent.me()})
		results, _ := a.body["results"].([]any)
		if r, _ := results[3].(map[string]any); r["ok"] != false {
			t.Errorf("assigned to somebody who doesn't see it: %v", r)
		}
		if n := len(agent.want(200, "GET", "/complaints?assignee=me", nil).items()); n != 3 {
			t.Errorf("the agent has %d cases", n)
		}
		agent.want(200, "POST", "/complaints/bulk", obj{"ids": cases[:2], "kind": "note", "content": "已电话联系"})
		if notes, _ := owner.want(200, "GET", "/complaints/"+cases[1], nil).body["notes"].([]any); len(notes) != 1 {
			t.Errorf("notes: %v", notes)
		}
		a = agent.want(200, "POST", "/complaints/bulk", obj{"ids": cases[2:], "kind": "acknowledge"})
		if results, _ := a.body["results"].([]any); results[0].(obj)["ok"] != true || results[1].(obj)["ok"] != false {
			t.Errorf("acknowledged: %s", a.raw)
		}
		if k := owner.want(200, "GET", "/complaints/"+cases[2], nil); k.body["acknowledged"] == nil {
			t.Errorf("nobody has seen it: %s", k.raw)
		}
		agent.want(422, "POST", "/complaints/bulk", obj{"ids": []string{}, "kind": "note", "content": "x"})
		agent.want(422, "POST", "/complaints/bulk", obj{"ids": cases, "kind": "respond", "content": "x"})
	})
}
