package app

import (
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
