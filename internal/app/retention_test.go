package app

import (
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// What is old enough goes when the owner says so; who said it, and what went, is recorded.
func TestTheOwnerHasOldDataDeletedNowOverHTTP(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		owner := s.as(identity.Owner)
		id := s.caseID(s.file(wechatsim.Filing{}))
		s.idle()
		for _, role := range []identity.Role{identity.Manager, identity.Agent, identity.Finance, identity.Viewer} {
			s.as(role).want(403, "POST", "/settings/retention/run", nil)
		}
		if a := owner.want(409, "POST", "/settings/retention/run", nil); a.body["code"] != "conflict" {
			t.Errorf("with everything kept: %s", a.raw)
		}
		none := obj{"deliveries_days": 0, "snapshots_days": 0, "images_days": 0, "originals_days": 0, "personal_days": 0}
		none["snapshots_days"] = 30
		owner.want(200, "PUT", "/settings/retention", none)
		ago := time.Now().Add(-40 * 24 * time.Hour).UnixMilli()
		for _, q := range []string{`UPDATE complaints SET stage = 'closed', closed_at = ? WHERE id = ?`, `UPDATE snapshots SET taken_at = ? WHERE complaint_id = ?`} {
			if _, err := s.app.DB.Write().NewRaw(q, ago, id).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		snapshots := func(a answer, of string) any {
			n, _ := a.body[of].(map[string]any)
			return n["snapshots"]
		}
		if a := owner.want(200, "GET", "/settings/retention", nil); snapshots(a, "now") != 1.0 {
			t.Fatalf("to be deleted: %s", a.raw)
		}
		if a := owner.want(202, "POST", "/settings/retention/run", nil); a.body["last_run"] == nil {
			t.Errorf("begun: %s", a.raw)
		}
		s.until("the run's end", func() bool {
			last, _ := owner.want(200, "GET", "/settings/retention", nil).body["last_run"].(map[string]any)
			deleted, _ := last["deleted"].(map[string]any)
			return last["finished_at"] != nil && deleted["snapshots"] == 1.0
		})
		if a := owner.want(200, "GET", "/settings/retention", nil); snapshots(a, "now") != 0.0 {
			t.Errorf("left: %s", a.raw)
		}
		a := owner.want(200, "GET", "/audit", nil)
		if strings.Count(a.raw, `"verb":"forget_now"`) != 1 || strings.Count(a.raw, `"verb":"forget"`) != 1 {
			t.Errorf("recorded: %s", a.raw)
		}
	})
}
