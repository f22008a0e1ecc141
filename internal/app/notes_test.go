package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestANoteTellsWhomItNames(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		shop, other := s.authorise(tea), s.authorise(park)
		s.subscribe()
		owner, agent, foreign := s.as(identity.Owner), s.as(identity.Agent, shop.ID), s.as(identity.Manager, other.ID)
		number := s.file(wechatsim.Filing{})
		id := s.caseID(number)
		before := len(s.mails(1))

		// Only who sees the case can be named.
		if got := names(owner.want(200, "GET", "/colleagues?program_id="+shop.ID, nil).items()); slices.Contains(got, foreign.me()) || !slices.Contains(got, agent.me()) || slices.Contains(got, owner.me()) {
			t.Errorf("colleagues: %v", got)
		}
		foreign.want(404, "GET", "/colleagues?program_id="+shop.ID, nil)
		owner.want(422, "POST", "/complaints/"+id+"/notes", obj{"text": "@别人 看一下", "mentions": []string{foreign.me()}})
		owner.want(422, "POST", "/complaints/"+id+"/notes", obj{"text": "@谁 看一下", "mentions": []string{"nobody"}})

		const secret = "仓库说外箱完好，帮忙调一下监控"
		note := owner.want(201, "POST", "/complaints/"+id+"/notes", obj{"text": "@王agent " + secret, "mentions": []string{agent.me(), agent.me()}})
		if m, _ := note.body["mentions"].([]any); len(m) != 1 {
			t.Errorf("the note: %s", note.raw)
		}
		mails := s.mails(before + 1)[before:]
		s.idle()
		if len(s.sim.Outbox().Emails) != before+1 {
			t.Fatalf("%d mails", len(s.sim.Outbox().Emails)-before)
		}
		m := mails[0]
		if !strings.Contains(m.Subject, "备注里提到你") || !strings.Contains(m.Text, "王owner在备注里提到了你") || strings.Contains(m.Text+m.HTML, secret) {
			t.Errorf("%s\n%s", m.Subject, m.Text)
		}
		// A note without a name is nobody's mail.
		owner.want(201, "POST", "/complaints/"+id+"/notes", obj{"text": "已经联系仓库"})
		s.idle()
		if n := len(s.sim.Outbox().Emails); n != before+1 {
			t.Errorf("%d mails after a note that names nobody", n-before)
		}
		view, err := s.sim.Complaint(number)
		if err != nil || strings.Contains(fmt.Sprint(view.Calls), secret) {
			t.Errorf("WeChat heard of the note: %v", err)
		}
	})
}

func names(items []map[string]any) []string {
	out := []string{}
	for _, i := range items {
		out = append(out, i["id"].(string))
	}
	return out
}
