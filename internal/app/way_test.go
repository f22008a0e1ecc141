package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// TestTheWholeWay walks authorise → push → stored → told → answered, as people and WeChat do it.
func TestTheWholeWay(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, longDir(t), databaseURL)
		owner := s.as(identity.Owner)
		s.subscribe()

		// Authorise, in a browser that is not logged in: the merchant was sent the link.
		entry := owner.want(201, "POST", "/programs/authorizations", nil).text("url")
		res, page := newBrowser(t).agree(entry, tea, "76", "151", "19", "30")
		if res.StatusCode != 200 || !strings.Contains(page, "授权成功") || !strings.Contains(page, "满山茶铺") {
			t.Fatalf("after agreeing: %d %s", res.StatusCode, page)
		}
		programs := owner.want(200, "GET", "/programs", nil).items()
		if len(programs) != 1 || programs[0]["appid"] != tea || programs[0]["name"] != "满山茶铺" || programs[0]["state"] != "active" ||
			programs[0]["principal_name"] != "杭州满山茶业有限公司" || len(programs[0]["missing_permission_sets"].([]any)) != 0 {
			t.Fatalf("programs: %v", programs)
		}
		shop := programs[0]["id"].(string)

		// Complain. WeChat pushes everything three times.
		if err := s.sim.SetVariants(tea, "", wechatsim.Variants{Duplicates: 2}); err != nil {
			t.Fatal(err)
		}
		number := s.file(wechatsim.Filing{Type: 642, Amount: 16800, ProductName: "明前龙井 250g 礼盒", Content: "罐子瘪了，请打 " + userPhone})
		mail := s.mails(1)[0]
		if !slices.Equal(mail.To, []string{receiver}) {
			t.Errorf("the mail went to %v", mail.To)
		}
		for _, said := range []string{"满山茶铺", "商品-破损", "168.00", "明前龙井 250g 礼盒", s.app.Config.PublicURL + "/"} {
			if !strings.Contains(mail.Subject+mail.Text+mail.HTML, said) {
				t.Errorf("the mail does not say %q:\n%s\n%s", said, mail.Subject, mail.Text)
			}
		}
		if strings.Contains(mail.Text+mail.HTML, userPhone) {
			t.Error("the user's phone number is in the mail")
		}
		s.idle()
		list := owner.want(200, "GET", "/complaints", nil).items()
		if len(list) != 1 || list[0]["complaint_order_id"] != number || list[0]["stage"] != "to_respond" || list[0]["amount"] != 16800.0 ||
			list[0]["program_id"] != shop || list[0]["phone_masked"] != "138****6021" {
			t.Fatalf("complaints: %v", list)
		}
		id := list[0]["id"].(string)

		// Answer.
		done := owner.want(202, "POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "非常抱歉，今天补发。"})
		act := done.text("action_id")
		s.until("the action's end", func() bool { return owner.want(200, "GET", "/actions/"+act, nil).text("state") == "done" })
		view, err := s.sim.Complaint(number)
		if err != nil || view.Status != 203 {
			t.Fatalf("at WeChat: %d, %v", view.Status, err)
		}
		var k answer
		s.until("the answered case", func() bool {
			k = owner.want(200, "GET", "/complaints/"+id, nil)
			return k.body["status"] == 203.0
		})
		if !hasEntry(k, "staff", "王owner", "同意和解：非常抱歉，今天补发。") || !hasEntry(k, "wechat", "", "商家已回应") || k.text("stage") != "waiting_user" {
			t.Errorf("the case: %s", k.raw)
		}

		// Everything happened once.
		s.idle()
		calls := 0
		for _, c := range view.Calls {
			if strings.HasSuffix(c.Path, "/bussiRespondComplaint") {
				calls++
			}
		}
		if n := len(s.sim.Outbox().Emails); n != 1 || calls != 1 {
			t.Errorf("%d mails, %d answers", n, calls)
		}
		notices := owner.want(200, "GET", "/notices?complaint_id="+id, nil).items()
		if len(notices) != 1 || notices[0]["state"] != "sent" {
			t.Errorf("notices: %v", notices)
		}
		for _, p := range s.sim.Pushes("") {
			if p.Event == "component_verify_ticket" {
				continue // comes on a schedule of its own, perhaps just now
			}
			if p.State != "delivered" || len(p.Tries) != 1 {
				t.Errorf("push %s: %s after %d tries", p.Event, p.State, len(p.Tries))
			}
		}
	})
}

func hasEntry(k answer, source, actor, text string) bool {
	list, _ := k.body["timeline"].([]any)
	return slices.ContainsFunc(list, func(v any) bool {
		e, _ := v.(map[string]any)
		who, _ := e["actor"].(string)
		said, _ := e["text"].(string)
		return e["source"] == source && who == actor && strings.HasPrefix(said, text)
	})
}

func TestAPushBeforeItsProgramIsKnownBecomesACase(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.subscribe()
		// Neither redirect nor event tells of the authorisation; WeChat's list does.
		if _, err := s.sim.Authorize(wechatsim.AuthorizeRequest{AppID: tea, Event: "none"}); err != nil {
			t.Fatal(err)
		}
		number := s.file(wechatsim.Filing{})
		s.mails(1)
		s.caseID(number)
		s.idle()
		states := map[string]int{}
		ds, _, err := s.app.Inbound.List(t.Context(), inbound.Filter{Limit: 50})
		for _, d := range ds {
			states[d.State]++
		}
		if err != nil || states[inbound.Done] != 1 || len(states) != 1 || len(s.sim.Outbox().Emails) != 1 {
			t.Errorf("deliveries %v, %v, %d mails", states, err, len(s.sim.Outbox().Emails))
		}
	})
}

func TestReleaseCheck(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		before, err := s.app.Programs.Names(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for group := 1; group <= 5; group++ {
			rep, err := s.sim.ReleaseCheck(t.Context(), group)
			if err != nil {
				t.Fatal(err)
			}
			for _, st := range rep.Steps {
				if !st.OK {
					t.Errorf("group %d, %s, step %s %s: %s", st.Group, st.AppID, st.Step, st.Name, st.Detail)
				}
			}
		}
		s.idle()
		after, err := s.app.Programs.Names(t.Context())
		if err != nil || len(after) != len(before) {
			t.Errorf("WeChat's test accounts became programs: %v, %v", after, err)
		}
	})
}

func TestRolesAndScopeOverHTTP(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		shop, other := s.authorise(tea), s.authorise(park)
		number, foreign := s.file(wechatsim.Filing{}), s.file(wechatsim.Filing{AppID: park})
		id, foreignID := s.caseID(number), s.caseID(foreign)
		agent, viewer := s.as(identity.Agent, other.ID), s.as(identity.Viewer)
		respond := obj{"decision": "agree", "content": "好"}
		before := len(s.sim.APICalls("bussiRespondComplaint"))

		// Outside the scope it is as if it did not exist.
		outside := []struct{ method, path string }{
			{"GET", "/complaints/" + id},
			{"POST", "/complaints/" + id + "/respond"},
			{"POST", "/complaints/" + id + "/sync"},
			{"POST", "/complaints/" + id + "/reveal"},
			{"GET", "/programs/" + shop.ID},
			{"GET", "/complaints?program_id=" + shop.ID},
		}
		for _, o := range outside {
			var body any
			if strings.HasSuffix(o.path, "/respond") {
				body = respond
			}
			missing := strings.NewReplacer(id, "0198f0c0-0000-7000-8000-000000000000", shop.ID, "0198f0c0-0000-7000-8000-000000000000").Replace(o.path)
			a, b := agent.do(o.method, o.path, body), agent.do(o.method, missing, body)
			if a.status != 404 || a.text("code") != "not_found" || a.raw != b.raw {
				t.Errorf("agent of another program, %s %s: %d %s; of one that is not there: %s", o.method, o.path, a.status, a.raw, b.raw)
			}
		}
		if a := agent.do("POST", "/complaints/import", obj{"program_id": shop.ID, "complaint_order_id": number}); a.status != 404 {
			t.Errorf("import into another program: %d", a.status)
		}
		for path, want := range map[string]string{"/complaints": foreignID, "/programs": other.ID} {
			if list := agent.want(200, "GET", path, nil).items(); len(list) != 1 || list[0]["id"] != want {
				t.Errorf("agent, %s: %v", path, list)
			}
		}
		if n := agent.want(200, "GET", "/complaints/counts", nil).body["all"]; n != 1.0 {
			t.Errorf("agent counts %v", n)
		}
		if n := agent.want(200, "GET", "/workbench", nil).body["todo"]; n != 1.0 {
			t.Errorf("agent has %v to do", n)
		}
		if list := agent.want(200, "GET", "/complaints?q="+number, nil).items(); len(list) != 0 {
			t.Errorf("agent finds %v", list)
		}

		// Without the right it is refused, whatever the body.
		for _, path := range []string{"/complaints/" + id + "/respond", "/complaints/" + id + "/sync", "/complaints/" + id + "/reveal", "/complaints/import", "/programs/authorizations"} {
			for _, body := range []any{nil, obj{}, respond} {
				if a := viewer.do("POST", path, body); a.status != 403 || a.text("code") != "forbidden" {
					t.Errorf("viewer, POST %s: %d %s", path, a.status, a.raw)
				}
				if a := (caller{s: s}).do("POST", path, body); a.status != 401 || a.text("code") != "unauthenticated" {
					t.Errorf("nobody, POST %s: %d %s", path, a.status, a.raw)
				}
			}
		}
		for _, path := range []string{"/platform", "/users", "/deliveries", "/channels", "/audit"} {
			if a := viewer.do("GET", path, nil); a.status != 403 {
				t.Errorf("viewer, GET %s: %d", path, a.status)
			}
		}
		k := viewer.want(200, "GET", "/complaints/"+id, nil)
		for _, clear := range []string{userPhone, userOpenID} {
			if strings.Contains(k.raw, clear) {
				t.Errorf("a viewer sees %s", clear)
			}
		}
		if n := len(s.sim.APICalls("bussiRespondComplaint")); n != before {
			t.Errorf("%d answers reached WeChat", n-before)
		}

		// Inside both, it works; showing personal data is recorded.
		clear := agent.want(200, "POST", "/complaints/"+foreignID+"/reveal", nil)
		if clear.text("phone") != userPhone || clear.text("openid") != userOpenID {
			t.Errorf("revealed %s", clear.raw)
		}
		n := 0
		err := s.app.DB.Read.NewRaw(`SELECT count(*) FROM audit WHERE verb = 'reveal' AND object_id = ? AND actor_name = '王agent'`, foreignID).Scan(t.Context(), &n)
		if err != nil || n != 1 {
			t.Errorf("%d audit rows, %v", n, err)
		}
	})
}

func TestTheSameRequestActsOnce(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		owner := s.as(identity.Owner)
		body := obj{"decision": "refuse", "content": "包装完好，有照片。"}
		submit := func(id, key string, body any) answer {
			if key == "" {
				return owner.do("POST", "/complaints/"+id+"/respond", body)
			}
			return owner.do("POST", "/complaints/"+id+"/respond", body, "Idempotency-Key", key)
		}
		answers := func(number string) int {
			v, err := s.sim.Complaint(number)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, c := range v.Calls {
				if strings.HasSuffix(c.Path, "/bussiRespondComplaint") {
					n++
				}
			}
			return n
		}
		finished := func(number string) {
			t.Helper()
			s.until("the answer of "+number, func() bool {
				v, err := s.sim.Complaint(number)
				return err == nil && v.Status == 204
			})
			s.idle()
		}

		t.Run("one after the other", func(t *testing.T) {
			number := s.file(wechatsim.Filing{})
			id := s.caseID(number)
			first := submit(id, "k1", body)
			if first.status != 202 || first.text("action_id") == "" {
				t.Fatalf("%d %s", first.status, first.raw)
			}
			finished(number)
			again := submit(id, "k1", body) // also after the case has moved on
			if again.status != 202 || strings.TrimSpace(again.raw) != strings.TrimSpace(first.raw) || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("repeated: %d %s, first %s", again.status, again.raw, first.raw)
			}
			if a := submit(id, "k1", obj{"decision": "agree", "content": "x"}); a.status != 422 || a.text("code") != "idempotency_mismatch" {
				t.Errorf("another body: %d %s", a.status, a.raw)
			}
			a := submit(id, "k2", body)
			legal, ok := a.body["legal_actions"].([]any)
			if a.status != 409 || a.text("code") != "not_legal_now" || !ok || len(legal) != 0 || a.text("when") == "" {
				t.Errorf("another key: %d %s", a.status, a.raw)
			}
			if n := answers(number); n != 1 {
				t.Errorf("%d answers reached WeChat", n)
			}
		})
		for name, key := range map[string]string{"double click with a key": "k3", "double click without": ""} {
			t.Run(name, func(t *testing.T) {
				number := s.file(wechatsim.Filing{})
				id := s.caseID(number)
				const clicks = 6
				got := make([]answer, clicks)
				var wg sync.WaitGroup
				for i := range got {
					wg.Go(func() { got[i] = submit(id, key, body) })
				}
				wg.Wait()
				ids := map[string]bool{}
				for _, a := range got {
					switch {
					case a.status == 202:
						ids[a.text("action_id")] = true
					case a.status == 409 && (a.text("code") == "conflict" || a.text("code") == "not_legal_now"):
					default:
						t.Errorf("%d %s", a.status, a.raw)
					}
				}
				finished(number)
				if n := answers(number); n != 1 || len(ids) != 1 {
					t.Errorf("%d answers reached WeChat, %d actions were promised", n, len(ids))
				}
				actions, _ := owner.want(200, "GET", "/complaints/"+id, nil).body["actions"].([]any)
				if len(actions) != 1 {
					t.Errorf("actions: %v", actions)
				}
			})
		}
		t.Run("a refused request frees its key", func(t *testing.T) {
			number := s.file(wechatsim.Filing{})
			id := s.caseID(number)
			if a := submit(id, "k4", obj{"decision": "agree", "content": " "}); a.status != 422 || a.text("code") != "validation" {
				t.Errorf("an empty answer: %d %s", a.status, a.raw)
			}
			if a := submit(id, "k4", body); a.status != 202 {
				t.Errorf("the corrected answer: %d %s", a.status, a.raw)
			}
			finished(number)
		})
	})
}

func TestProblemsLookAlike(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	owner := s.as(identity.Owner)
	id := s.caseID(s.file(wechatsim.Filing{}))
	missing := "0198f0c0-0000-7000-8000-000000000000"
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		code         string
	}{
		"not there":         {"GET", "/complaints/" + missing, nil, 404, "not_found"},
		"an odd id":         {"GET", "/complaints/x'y", nil, 404, "not_found"},
		"no such decision":  {"POST", "/complaints/" + id + "/respond", obj{"decision": "maybe", "content": "x"}, 422, "validation"},
		"no text":           {"POST", "/complaints/" + id + "/respond", obj{"decision": "agree", "content": ""}, 422, "validation"},
		"too long a text":   {"POST", "/complaints/" + id + "/respond", obj{"decision": "agree", "content": strings.Repeat("字", 2001)}, 422, "validation"},
		"too many at once":  {"GET", "/complaints?limit=201", nil, 422, "validation"},
		"no such order":     {"GET", "/complaints?sort=price", nil, 422, "validation"},
		"a broken cursor":   {"GET", "/complaints?cursor=x", nil, 422, "validation"},
		"a payment's no.":   {"POST", "/complaints/import", obj{"program_id": firstProgram(owner), "complaint_order_id": strings.Repeat("4", 28)}, 422, "validation"},
		"an unknown number": {"POST", "/complaints/import", obj{"program_id": firstProgram(owner), "complaint_order_id": "99999999"}, 502, "upstream"},
		"no such address":   {"GET", "/nothing", nil, 404, "not_found"},
	} {
		a := owner.do(c.method, c.path, c.body)
		if a.status != c.status || a.text("code") != c.code || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", name, a.status, a.header.Get("Content-Type"), a.raw)
			continue
		}
		if a.text("type") == "" || a.text("title") != http.StatusText(c.status) || a.body["status"] != float64(c.status) || a.text("detail") == "" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if _, named := a.body["errors"].([]any); named != (c.code == "validation") {
			t.Errorf("%s: errors in %s", name, a.raw)
		}
	}
	// What fails at WeChat is said in words, and nothing else changes.
	zero := -1
	if err := s.sim.AddFault(wechatsim.Fault{Target: "complaintOrderDetail", Errcode: &zero}); err != nil {
		t.Fatal(err)
	}
	if a := owner.do("POST", "/complaints/"+id+"/sync", nil); a.status != 502 || a.text("code") != "upstream" || a.text("detail") == "" {
		t.Errorf("a failed sync: %d %s", a.status, a.raw)
	}
	if k := owner.want(200, "GET", "/complaints/"+id, nil); k.text("sync_error") == "" || k.body["sync_errcode"] != -1.0 {
		t.Errorf("the case does not tell: %s", k.raw)
	}
	if k := owner.want(200, "POST", "/complaints/"+id+"/sync", nil); k.body["sync_error"] != nil {
		t.Errorf("after a good sync: %s", k.raw)
	}
}

func firstProgram(c caller) string {
	list := c.want(200, "GET", "/programs", nil).items()
	return fmt.Sprint(list[0]["id"])
}
