package app

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// Who sees the copies of WeChat's pictures, what may have been missed, and how long things are kept.
func TestCopiesGapsAndRetentionOverHTTP(t *testing.T) {
	s := start(t, t.TempDir(), "")
	p := s.authorise(tea)
	other := s.authorise(park)
	owner, manager, elsewhere := s.as(identity.Owner), s.as(identity.Manager), s.as(identity.Manager, other.ID)
	agent, viewer, stranger := s.as(identity.Agent), s.as(identity.Viewer), s.as(identity.Agent, "another-program")
	number := s.file(wechatsim.Filing{Type: 642, ImageCount: 1})
	id := s.caseID(number)

	var path, sha string
	s.until("the copy of the picture", func() bool {
		images, _ := agent.want(200, "GET", "/complaints/"+id, nil).body["images"].([]any)
		if len(images) != 1 {
			return false
		}
		img, _ := images[0].(map[string]any)
		path, _ = img["url"].(string)
		sha, _ = img["sha256"].(string)
		return img["archived"] == true
	})
	for name, c := range map[string]caller{"agent": agent, "viewer": viewer, "manager": manager} {
		status, header, b := c.get(path)
		_, format, err := image.Decode(bytes.NewReader(b))
		if status != 200 || err != nil || header.Get("Content-Type") != "image/"+format || header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(header.Get("Cache-Control"), "private") {
			t.Errorf("%s: %d %v %v", name, status, header, err)
		}
	}
	for name, want := range map[string]int{"outside the scope": 404, "without credentials": 401, "another hash": 404, "no hash": 422, "another case": 404} {
		c, at := stranger, path
		switch name {
		case "without credentials":
			c = caller{s: s}
		case "another hash":
			c, at = agent, strings.Replace(path, sha, strings.Repeat("0", 64), 1)
		case "no hash":
			c, at = agent, strings.Replace(path, sha, "..%2f..%2fmaster.key", 1)
		case "another case":
			c, at = agent, strings.Replace(path, id, "another", 1)
		}
		if status, _, b := c.get(at); status != want || bytes.Contains(b, []byte("\x89PNG")) {
			t.Errorf("%s: %d, want %d", name, status, want)
		}
	}

	// What may have been missed: of the programs one sees, for those who can mend it.
	s.idle() // a reading under way would take the error away
	if _, err := s.app.DB.Write().NewRaw(`UPDATE complaints SET sync_error = '微信繁忙' WHERE id = ?`, id).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	codes := func(c caller) []string {
		out := []string{}
		for _, i := range c.want(200, "GET", "/gaps", nil).items() {
			out = append(out, i["code"].(string))
			if i["code"] == "sync_failed" && (i["complaint_id"] != id || i["program_id"] != p.ID || i["fix"] != "sync" || i["kind"] != "complaint") {
				t.Errorf("item: %v", i)
			}
		}
		return out
	}
	if got := codes(manager); !slices.Equal(got, []string{"sync_failed"}) {
		t.Errorf("a manager sees %v", got)
	}
	if got := codes(elsewhere); len(got) != 0 {
		t.Errorf("a manager of another program sees %v", got)
	}
	agent.want(403, "GET", "/gaps", nil)
	if r, err := s.app.doctor(t.Context()); err != nil || !strings.Contains(r.Out, "sync_failed: 投诉单 "+number) || !r.Failed {
		t.Errorf("doctor: %v\n%s", err, r.Out)
	}

	// How long things are kept is the owner's decision.
	manager.want(403, "GET", "/settings/retention", nil)
	manager.want(403, "PUT", "/settings/retention", obj{"deliveries_days": 90, "snapshots_days": 0, "images_days": 0, "originals_days": 0, "personal_days": 0})
	if a := owner.want(200, "GET", "/settings/retention", nil); !strings.Contains(a.raw, `"deliveries_days":0`) || !strings.Contains(a.raw, `"last_run":null`) {
		t.Errorf("by default: %s", a.raw)
	}
	owner.want(422, "PUT", "/settings/retention", obj{"deliveries_days": 29, "snapshots_days": 0, "images_days": 0, "originals_days": 0, "personal_days": 0})
	keep := obj{"deliveries_days": 90, "snapshots_days": 0, "images_days": 0, "originals_days": 0, "personal_days": 730}
	owner.want(200, "POST", "/settings/retention/preview", keep)
	if a := owner.want(200, "PUT", "/settings/retention", keep); !strings.Contains(a.raw, `"personal_days":730`) {
		t.Errorf("stored: %s", a.raw)
	}
	if a := owner.want(200, "GET", "/audit", nil); !strings.Contains(a.raw, `"object_id":"retention"`) {
		t.Errorf("not recorded: %s", a.raw)
	}

	// A program that is silent for longer than ever is told of, once, by mail.
	s.subscribe()
	ch, _ := owner.want(200, "GET", "/channels", nil).items()[0]["id"].(string)
	owner.want(201, "POST", "/subscriptions", obj{"events": []string{"push.silent"}, "receivers": []obj{{"channel_id": ch, "address": "silence@example.com"}}})
	const day = 86_400_000
	now := time.Now().UnixMilli()
	for i := range int64(20) {
		_, err := s.app.DB.Write().NewRaw(`INSERT INTO complaints (id, program_id, complaint_order_id, stage, due_sort, first_seen_at, closed_at) VALUES (?, ?, ?, 'closed', 1, ?, 1)`,
			fmt.Sprint("old", i), other.ID, fmt.Sprint(5000+i), now-(40-i)*day).Exec(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.app.DB.Write().NewRaw(`UPDATE programs SET last_push_at = ? WHERE id = ?`, now-20*day, other.ID).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.app.Gaps.Measure(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.mails(1)
	s.idle()
	told := s.sim.Outbox().Emails
	if len(told) != 1 || !slices.Contains(told[0].To, "silence@example.com") || !strings.Contains(told[0].Text, "最近一次推送在") || !strings.Contains(told[0].Subject, "小禾亲子乐园") {
		t.Errorf("told: %+v", told)
	}
	if got := codes(elsewhere); !slices.Equal(got, []string{"push_silent"}) {
		t.Errorf("the manager of the silent program sees %v", got)
	}
	if a := elsewhere.want(200, "GET", "/workbench", nil); !strings.Contains(a.raw, "没有推送，比以往都久") {
		t.Errorf("workbench: %s", a.raw)
	}
}
