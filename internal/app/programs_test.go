package app

import (
	"html"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestARemovedProgramKeepsItsCasesAndComesBack(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		manager, viewer := s.as(identity.Manager), s.as(identity.Viewer)
		id := manager.want(200, "GET", "/programs", nil).items()[0]["id"].(string)
		number := s.file(wechatsim.Filing{})
		c := s.caseID(number)
		viewer.want(403, "DELETE", "/programs/"+id, nil)
		if a := manager.want(409, "DELETE", "/programs/"+id, nil); !strings.Contains(a.text("detail"), "1 张投诉单") {
			t.Errorf("with an open case: %s", a.raw)
		}
		if err := s.sim.Advance(number, wechatsim.Withdraw, wechatsim.AdvanceOptions{}); err != nil {
			t.Fatal(err)
		}
		s.until("the end of the case", func() bool { return manager.want(200, "GET", "/complaints/"+c, nil).text("stage") == "closed" })
		s.idle()
		manager.want(204, "DELETE", "/programs/"+id, nil)
		manager.want(404, "GET", "/programs/"+id, nil)
		manager.want(404, "DELETE", "/programs/"+id, nil)
		if n := len(manager.want(200, "GET", "/programs", nil).items()); n != 0 {
			t.Errorf("%d programs are listed", n)
		}
		if k := manager.want(200, "GET", "/complaints/"+c, nil); k.text("program_name") != "满山茶铺" {
			t.Errorf("its case: %s", k.raw)
		}
		if _, err := s.sim.Authorize(wechatsim.AuthorizeRequest{AppID: tea, FuncIDs: []int{76, 151, 19}}); err != nil {
			t.Fatal(err)
		}
		s.until("the program's return", func() bool {
			items := manager.want(200, "GET", "/programs", nil).items()
			return len(items) == 1 && items[0]["id"] == id && items[0]["state"] == "active"
		})
	})
}

func TestWhatCanBeSaidOfAProgramIsChecked(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	manager := s.as(identity.Manager)
	id := manager.want(200, "GET", "/programs", nil).items()[0]["id"].(string)
	me := manager.want(200, "GET", "/me", nil).text("id")
	for field, wrong := range map[string]obj{
		"owner_id": {"owner_id": "nobody"}, "merchant_id": {"merchant_id": "nothing"}, "tags": {"tags": []string{"华东", ""}}, "tags ": {"tags": []string{strings.Repeat("长", 21)}},
		"tags  ": {"tags": make([]string, 21)}, "state": {"state": "revoked"},
	} {
		if a := manager.want(422, "PATCH", "/programs/"+id, wrong); a.text("code") != "validation" {
			t.Errorf("%s: %s", field, a.raw)
		}
	}
	a := manager.want(200, "PATCH", "/programs/"+id, obj{"owner_id": me, "tags": []string{"华东", "茶"}, "state": "disabled"})
	if a.text("owner_id") != me || a.text("state") != "disabled" || len(a.body["tags"].([]any)) != 2 {
		t.Errorf("changed: %s", a.raw)
	}
	if a := manager.want(422, "PATCH", "/programs/"+id, obj{"tags": []string{"a\x00b"}}); a.text("code") != "validation" {
		t.Errorf("NUL: %s", a.raw)
	}
}

// The code on a program's page is the link of this answer: whoever scans it comes to WeChat's page for this program and no other.
func TestTheCodeThatRenewsAnAuthorisationIsForOneProgramOverHTTP(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		p, other := s.authorise(tea), s.authorise(park)
		manager, viewer, elsewhere := s.as(identity.Manager), s.as(identity.Viewer), s.as(identity.Manager, other.ID)
		renew := obj{"program_id": p.ID}
		viewer.want(403, "POST", "/programs/authorizations", renew)
		elsewhere.want(404, "POST", "/programs/authorizations", renew)
		elsewhere.want(403, "POST", "/programs/authorizations", obj{}) // a new one concerns the whole installation
		link := manager.want(201, "POST", "/programs/authorizations", renew).text("url")
		if again := manager.want(201, "POST", "/programs/authorizations", renew).text("url"); again == link {
			t.Error("two codes are the same link")
		}
		path, ours := strings.CutPrefix(link, s.app.Config.PublicURL)
		if !ours {
			t.Fatalf("the code leads to %s", link)
		}
		status, _, b := caller{s: s}.get(path) // who scans is not logged in
		page := html.UnescapeString(string(b))
		if status != 200 || !strings.Contains(page, "满山茶铺") || !strings.Contains(page, "biz_appid="+tea) || strings.Contains(page, park) {
			t.Errorf("%d, the page: %s", status, page)
		}
		if a := s.as(identity.Owner).want(200, "GET", "/audit", nil); strings.Count(a.raw, `"verb":"authorize"`) != 2 {
			t.Errorf("recorded: %s", a.raw)
		}
	})
}

func TestAProgramsMemberHasItsNewCasesAndItsTagsAreKept(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		p, other := s.authorise(tea), s.authorise(park)
		manager, agent, viewer := s.as(identity.Manager), s.as(identity.Agent), s.as(identity.Viewer)
		elsewhere := s.as(identity.Agent, other.ID)
		path := "/programs/" + p.ID
		agent.want(403, "PATCH", path, obj{"tags": []string{"茶"}})
		viewer.want(403, "PATCH", path, obj{"owner_id": viewer.me()})
		manager.want(422, "PATCH", path, obj{"owner_id": elsewhere.me()}) // does not see this program
		manager.want(422, "PATCH", path, obj{"owner_id": viewer.me()})    // may not answer
		before := s.caseID(s.file(wechatsim.Filing{}))
		if a := manager.want(200, "PATCH", path, obj{"owner_id": agent.me()}); a.text("owner_id") != agent.me() || !strings.Contains(a.raw, `"tags":[]`) {
			t.Errorf("the member alone: %s", a.raw)
		}
		if a := manager.want(200, "PATCH", path, obj{"tags": []string{"华东", "茶"}}); a.text("owner_id") != agent.me() || !strings.Contains(a.raw, `"tags":["华东","茶"]`) {
			t.Errorf("the tags alone: %s", a.raw)
		}
		assignee := func(id string) any { return manager.want(200, "GET", "/complaints/"+id, nil).body["assignee_id"] }
		if who := assignee(s.caseID(s.file(wechatsim.Filing{}))); who != agent.me() {
			t.Errorf("a new case is %v's", who)
		}
		if who := assignee(before); who != nil {
			t.Errorf("a case from before is %v's", who)
		}
		if a := manager.want(200, "PATCH", path, obj{"owner_id": "", "tags": []string{}}); a.body["owner_id"] != nil || !strings.Contains(a.raw, `"tags":[]`) {
			t.Errorf("nobody and nothing: %s", a.raw)
		}
		if who := assignee(s.caseID(s.file(wechatsim.Filing{}))); who != nil {
			t.Errorf("a new case is %v's, it is nobody's", who)
		}
	})
}
