package app

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/api"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// linkTo gives somebody a link to a case.
func (s *stage) linkTo(id, receiver, userID string, rights link.Rights) string {
	s.t.Helper()
	c, err := s.app.Complaints.ByID(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	token, err := s.app.Links.Token(s.t.Context(), link.Grant{
		ComplaintID: id, ProgramID: c.ProgramID, ChannelID: "mail", UserID: userID, ReceiverKey: receiver, AddressMasked: "z***@example.com", Rights: rights,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return token.Reveal()
}

// through speaks to the API with a link.
func (s *stage) through(token string) func(method, path string, body any) answer {
	return func(method, path string, body any) answer {
		return caller{s: s}.do(method, path, body, "Authorization", "Link "+token)
	}
}

// allowed are the operations of a link, with a body that is fit for them.
var allowed = map[string]any{
	"get-complaint": nil, "get-complaint-image": nil, "get-action": nil, "get-evidence": nil, "get-evidence-file": nil, "delete-evidence": nil, "upload-evidence": nil, "get-advice": nil,
	"stop-editing-complaint": nil, "stop-automation": nil, "acknowledge-complaint": nil, "edit-complaint": obj{}, "edit-evidence": obj{"rotate": 90}, "add-note": obj{"text": "x"},
	"respond-complaint": obj{"decision": "agree", "content": "x"}, "supplement-complaint": obj{"content": "x"}, "prove-complaint": obj{"content": "x"},
	"appeal-complaint": obj{"content": "x"}, "preview-action": obj{"kind": "respond"},
}

type route struct {
	method, path string
	op           *huma.Operation
}

func routes() []route {
	var out []route
	for path, item := range api.OpenAPI("test").Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op != nil {
				out = append(out, route{method, strings.TrimPrefix(path, "/api/v1"), op})
			}
		}
	}
	return out
}

func TestALinkReachesOnlyItsOwnCaseAndItsOwnOperations(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	owner := s.as(identity.Owner)
	mine, other := s.caseID(s.file(wechatsim.Filing{Content: "一"})), s.caseID(s.file(wechatsim.Filing{Content: "二"}))
	link := s.through(s.linkTo(mine, "r", "", link.Act))
	foreign := map[string]string{"evidence": owner.upload(drawn(t, 200), "a.png", other).text("id")}
	loose := owner.upload(drawn(t, 201), "a.png", "").text("id")
	foreign["actions"] = owner.want(202, "POST", "/complaints/"+other+"/respond", obj{"decision": "refuse", "content": "发货时完好"}).text("action_id")

	for _, r := range routes() {
		if r.op.Security != nil && len(r.op.Security) == 0 {
			continue // open to all
		}
		name := r.method + " " + r.path
		_, may := allowed[r.op.OperationID]
		id := other
		for prefix, v := range foreign {
			if strings.HasPrefix(r.path, "/"+prefix) {
				id = v
			}
		}
		// What belongs to another case, or to none, is as if it did not exist; what a link can't do is refused before anything is read.
		for _, id := range []string{id, loose} {
			a := link(r.method, fill(r.path, id), allowed[r.op.OperationID])
			switch {
			case !may && (a.status != 403 || a.text("code") != "login_required"):
				t.Errorf("%s answers a link %d %s", name, a.status, a.raw)
			case may && r.op.OperationID == "upload-evidence":
			case may && a.status != 404:
				t.Errorf("%s answers a link to another case %d %s", name, a.status, a.raw)
			}
		}
		if !may {
			if a := link(r.method, fill(r.path, mine), nil); a.status != 403 {
				t.Errorf("%s answers the link to this case %d %s", name, a.status, a.raw)
			}
		}
	}
}

func fill(path, id string) string {
	path = strings.ReplaceAll(path, "{sha}", strings.Repeat("a", 64))
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		path = path[:from] + id + path[to+1:]
	}
	return path
}

func TestTheCaseIsAnsweredThroughALink(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		manager := s.as(identity.Manager)
		number := s.file(wechatsim.Filing{Content: "包裹破损，请打 " + userPhone})
		id := s.caseID(number)
		token := s.linkTo(id, "r", "", link.Act)
		with := s.through(token)

		opened := caller{s: s}.want(200, "POST", "/link", obj{"token": token})
		if opened.text("state") != "active" || opened.text("complaint_id") != id || opened.text("name") != "链接：z***@example.com" {
			t.Errorf("opened %s", opened.raw)
		}
		cookie := opened.header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/api/v1/"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie %q lacks %s", strings.ReplaceAll(cookie, token, "…"), want)
			}
		}
		view := with("GET", "/complaints/"+id, nil)
		if view.status != 200 || strings.Contains(view.raw, userPhone) || strings.Contains(view.raw, userOpenID) {
			t.Errorf("the case: %d %s", view.status, view.raw)
		}
		manager.want(201, "POST", "/complaints/"+id+"/notes", obj{"text": "回电 " + userPhone})
		if view = with("GET", "/complaints/"+id, nil); strings.Contains(view.raw, userPhone) || !strings.Contains(view.raw, "回电") {
			t.Errorf("a number in a note is shown through a link: %s", view.raw)
		}

		up := s.uploadThrough(token, id)
		file, _ := up.body["url"].(string)
		if status := s.fetch(file, "Cookie", strings.SplitN(cookie, ";", 2)[0]); up.status != 201 || status != 200 {
			t.Errorf("upload %d %s, shown %d", up.status, up.raw, status)
		}
		if status := s.fetch(file); status != 401 {
			t.Errorf("the picture answers nobody %d", status)
		}
		// The cookie is for looking: it does not act.
		if a := (caller{s: s}).do("POST", "/complaints/"+id+"/notes", obj{"text": "x"}, "Cookie", strings.SplitN(cookie, ";", 2)[0]); a.status != 401 {
			t.Errorf("the cookie alone wrote a note: %d", a.status)
		}
		act := with("POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "为您退款", "evidence_ids": []string{up.text("id")}})
		if act.status != 202 {
			t.Fatalf("answered %d %s", act.status, act.raw)
		}
		s.until("the answer", func() bool { return with("GET", "/actions/"+act.text("action_id"), nil).text("state") == "done" })
		if a := with("GET", "/actions/"+act.text("action_id"), nil); a.text("actor") != "链接：z***@example.com" {
			t.Errorf("the answer was given by %s", a.raw)
		}
		trail := manager.want(200, "GET", "/audit?object=link", nil)
		verbs := []string{}
		for _, e := range trail.items() {
			verb, _ := e["verb"].(string)
			verbs = append(verbs, verb)
			if e["actor_name"] != "链接：z***@example.com" {
				t.Errorf("recorded %v", e)
			}
		}
		if want := []string{"use", "use", "open"}; !slices.Equal(verbs, want) {
			t.Errorf("recorded %v, want %v", verbs, want)
		}
		if strings.Contains(s.logs.String(), token) {
			t.Error("the token is in the log")
		}
	})
}

func TestALinkEnds(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	owner, agent := s.as(identity.Owner), s.as(identity.Agent)
	id := s.caseID(s.file(wechatsim.Filing{}))
	token := s.linkTo(id, "r", "", link.Act)

	links := owner.want(200, "GET", "/complaints/"+id+"/links", nil).items()
	if len(links) != 1 || links[0]["state"] != "active" || links[0]["address_masked"] != "z***@example.com" {
		t.Fatalf("links %v", links)
	}
	lid, _ := links[0]["id"].(string)
	agent.want(403, "DELETE", "/links/"+lid, nil)
	owner.want(204, "DELETE", "/links/"+lid, nil)
	if a := s.through(token)("GET", "/complaints/"+id, nil); a.status != 401 || a.text("code") != "link_ended" {
		t.Errorf("a revoked link shows %d %s", a.status, a.raw)
	}
	ended := caller{s: s}.want(200, "POST", "/link", obj{"token": token})
	if clock, _ := ended.body["clock"].(map[string]any); ended.text("state") != "revoked" || clock["due_at"] == nil || ended.header.Get("Set-Cookie") != "" {
		t.Errorf("an ended link tells %s", ended.raw)
	}

	// A member's link goes with his account.
	user := agent.me()
	his := s.linkTo(id, "r2", user, link.Act)
	if a := s.through(his)("GET", "/complaints/"+id, nil); a.status != 200 {
		t.Errorf("a member's link shows %d", a.status)
	}
	owner.want(200, "PATCH", "/users/"+user, obj{"disabled": true})
	if a := s.through(his)("GET", "/complaints/"+id, nil); a.status != 401 {
		t.Errorf("the link of a disabled member shows %d", a.status)
	}
	owner.want(200, "PATCH", "/users/"+user, obj{"disabled": false})
	if a := s.through(his)("GET", "/complaints/"+id, nil); a.status != 401 {
		t.Errorf("the old link of a member who is back shows %d", a.status)
	}

	// And with his place in a subscription.
	s.subscribe()
	channel, _ := owner.want(200, "GET", "/channels", nil).items()[0]["id"].(string)
	manager := s.as(identity.Manager).me()
	sub := owner.want(201, "POST", "/subscriptions", obj{
		"events": []string{"complaint.new"}, "channel_ids": []string{channel}, "receivers": []obj{{"channel_id": channel, "user_id": manager}, {"channel_id": channel, "user_id": user}},
	}).text("id")
	told := s.linkTo(id, "r4", manager, link.Act)
	owner.want(200, "PATCH", "/subscriptions/"+sub, obj{"name": "店长"})
	if a := s.through(told)("GET", "/complaints/"+id, nil); a.status != 200 {
		t.Errorf("after a change that leaves him in, his link shows %d", a.status)
	}
	owner.want(200, "PATCH", "/subscriptions/"+sub, obj{"receivers": []obj{{"channel_id": channel, "user_id": user}}})
	if a := s.through(told)("GET", "/complaints/"+id, nil); a.status != 401 {
		t.Errorf("the link of a member who was taken off shows %d", a.status)
	}

	// A group's link answers nothing.
	group := s.through(s.linkTo(id, "r3", "", link.See))
	if a := group("POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "x"}); a.status != 403 {
		t.Errorf("a group answered: %d %s", a.status, a.raw)
	}
	if a := group("GET", "/complaints/"+id, nil); a.status != 200 {
		t.Errorf("a group sees %d", a.status)
	}

	// Who guesses is slowed down, on every way in.
	for range 25 {
		caller{s: s}.do("POST", "/link", obj{"token": strings.Repeat("a", 27)})
	}
	if a := (caller{s: s}).do("POST", "/link", obj{"token": strings.Repeat("b", 27)}); a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Errorf("guessing goes on: %d %s", a.status, a.raw)
	}
	if a := s.through(strings.Repeat("b", 27))("GET", "/complaints/"+id, nil); a.status != 429 {
		t.Errorf("guessing by header goes on: %d", a.status)
	}
}

func TestTheLinksPageSendsNoReferer(t *testing.T) {
	s := start(t, t.TempDir(), "")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app.Config.PublicURL+"/c/some-token", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(res.Header.Get("X-Robots-Tag"), "noindex") {
		t.Errorf("%v", res.Header)
	}
	if strings.Contains(s.logs.String(), "some-token") {
		t.Error("the address is in the log")
	}
}

// uploadThrough sends a picture with a link.
func (s *stage) uploadThrough(token, id string) answer {
	return caller{s: s, scheme: "Link", token: token}.upload(drawn(s.t, 200), "破损.png", id)
}

// fetch asks for a file and returns the status.
func (s *stage) fetch(path string, header ...string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.app.Config.PublicURL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

var linkInMail = regexp.MustCompile(`/c/([A-Za-z0-9_-]{27})\b`)

func TestTheMailsLinkOpensTheCaseUntilItsReceiverIsGone(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		s.subscribe()
		owner := s.as(identity.Owner)
		id := s.caseID(s.file(wechatsim.Filing{}))
		found := linkInMail.FindStringSubmatch(s.mails(1)[0].Text)
		if found == nil {
			t.Fatalf("the mail has no link: %s", s.mails(1)[0].Text)
		}
		token := found[1]
		if a := s.through(token)("GET", "/complaints/"+id, nil); a.status != 200 {
			t.Errorf("the mail's link shows %d %s", a.status, a.raw)
		}
		if dump := testkit.Dump(t, s.app.DB); strings.Contains(dump, token) || strings.Contains(s.logs.String(), token) {
			t.Error("the token is stored or logged in clear")
		}
		sub, _ := owner.want(200, "GET", "/subscriptions", nil).items()[0]["id"].(string)
		owner.want(204, "DELETE", "/subscriptions/"+sub, nil)
		if a := s.through(token)("GET", "/complaints/"+id, nil); a.status != 401 {
			t.Errorf("the link of a receiver who is gone shows %d", a.status)
		}
	})
}
