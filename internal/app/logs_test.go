package app

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// TestNothingSecretIsLogged runs the whole way with every kind of failure in it and searches the log, debug lines included.
func TestNothingSecretIsLogged(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		owner := s.as(identity.Owner)
		s.subscribe()

		// Whatever travels in WeChat's direction is remembered.
		var mu sync.Mutex
		seen := map[string]bool{}
		remember := func(v string) {
			mu.Lock()
			defer mu.Unlock()
			if len(v) > 12 {
				seen[v] = true
			}
		}
		s.mu.Lock()
		s.between = func(w http.ResponseWriter, r *http.Request, sim http.Handler) {
			for _, name := range []string{"access_token", "component_access_token"} {
				remember(r.URL.Query().Get(name))
			}
			sim.ServeHTTP(w, r)
		}
		s.mu.Unlock()

		entry := owner.want(201, "POST", "/programs/authorizations", nil).text("url")
		remember(entry[strings.LastIndex(entry, "/")+1:])
		newBrowser(t).agree(entry, tea, "76", "151", "19", "30")
		_, _ = newBrowser(t).open("GET", entry+"/done?auth_code=queryauthcode@@@forgedforgedforged&expires_in=1", "", nil)
		number := s.file(wechatsim.Filing{Content: "请打 " + userPhone, NickName: "昵称李四"})
		id := s.caseID(number)
		s.mails(1)

		busy, denied, bad := -1, 61007, 40001
		for _, f := range []wechatsim.Fault{
			{Target: "complaintOrderDetail", Hangup: true, Times: 4},
			{Target: "complaintOrderDetail", HTTPStatus: 502},
			{Target: "complaintOrderDetail", Errcode: &bad},
			{Target: "complaintOrderDetail", Errcode: &busy, Errmsg: "system error for " + userOpenID},
			{Target: "complaintOrderDetail", Errcode: &denied},
			{Target: "bussiRespondComplaint", Errcode: &busy},
			{Target: "bussiRespondComplaint", Hangup: true},
			{Target: "smtp", Errcode: ptr(451)},
		} {
			if err := s.sim.AddFault(f); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			owner.do("POST", "/complaints/"+id+"/sync", nil)
		}
		s.sim.ClearFaults()
		for _, fault := range []string{"tampered_signature", "bad_padding", "wrong_appid", "not_xml"} {
			if _, err := s.sim.SendRaw(t.Context(), wechatsim.RawPush{ComplaintOrderID: number, Fault: fault}); err != nil {
				t.Fatal(err)
			}
		}
		anonymous := caller{s: s}
		anonymous.do("POST", "/session", obj{"email": "owner0@example.com", "password": "wrongpassword1"})
		login := anonymous.want(200, "POST", "/session", obj{"email": "owner0@example.com", "password": password})
		remember(login.header.Get("Set-Cookie"))
		for _, c := range login.header.Values("Set-Cookie") {
			value, _, _ := strings.Cut(c[strings.Index(c, "=")+1:], ";")
			remember(value)
		}
		owner.do("POST", "/complaints/"+id+"/reveal", nil)
		owner.want(202, "POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "已电话 " + userPhone + " 说明。"})
		s.until("the answer", func() bool {
			v, err := s.sim.Complaint(number)
			return err == nil && v.Status == 203
		})
		(caller{s: s, token: "zhisu_wrong_token_wrong_token"}).do("GET", "/me", nil)
		s.idle()
		s.end()

		for _, x := range atRest(t, s.app.DB) {
			v, err := s.app.Sealer.Open(x.place, x.v)
			if err != nil {
				t.Fatal(err)
			}
			switch x.place.Table {
			case "platform", "credentials", "auth_codes", "complaints":
				remember(v.Reveal())
			case "notices", "subscriptions":
			}
		}
		log := s.logs.String()
		if !strings.Contains(log, "push refused") || !strings.Contains(log, "serving") {
			t.Fatalf("the log is not the one that was meant:\n%s", log)
		}
		for _, v := range []string{
			componentSecret, pushToken, pushKey, password, "wrongpassword1", owner.token, "zhisu_wrong_token_wrong_token", userPhone, userOpenID, "昵称李四", receiver,
			"queryauthcode@@@", "preauthcode@@@", "refreshtoken@@@", "ticket@@@", "access_token=", "msg_signature=", "auth_code=", "已电话", "请打",
		} {
			seen[v] = true
		}
		for v := range seen {
			if i := strings.Index(log, v); i >= 0 {
				line := log[strings.LastIndex(log[:i], "\n")+1:]
				t.Errorf("%q is in the log: %s", v, line[:strings.Index(line, "\n")])
			}
		}
		if len(seen) < 25 {
			t.Errorf("only %d secrets were looked for", len(seen))
		}
		named := regexp.MustCompile(`^[a-z0-9_]+$`)
		for line := range strings.Lines(log) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatalf("a line is no JSON: %s", line)
			}
			for key := range m {
				if !named.MatchString(key) {
					t.Errorf("an attribute is called %q: %s", key, line)
				}
			}
		}
	})
}

func ptr[T any](v T) *T { return &v }
