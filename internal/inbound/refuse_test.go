package inbound

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// faults are what the simulator can do wrong, with the answer each must get (design §6.6).
var faults = []struct {
	fault  string
	status int
	reason string
}{
	{"tampered_signature", 401, "bad_signature"},
	{"no_signature", 401, "bad_signature"},
	{"wrong_token", 401, "bad_signature"},
	{"tampered_cipher", 401, "bad_signature"},
	{"truncated_cipher", 401, "bad_cipher"},
	{"bad_base64", 401, "bad_cipher"},
	{"bad_padding", 401, "bad_cipher"},
	{"bad_length", 401, "bad_cipher"},
	{"wrong_appid", 403, "wrong_appid"},
	{"doctype", 400, "doctype"},
	{"doctype_inside", 400, "doctype"},
	{"not_xml", 400, "malformed"},
	{"huge", 413, "too_large"},
	{"plain_body", 400, "malformed"},
}

func TestFaultyPushesAreRefusedAndLeaveNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		number := e.file(shop)
		for _, target := range []struct{ name, source string }{{"messages", "platform_messages"}, {"events", "platform_events"}} {
			for _, f := range faults {
				t.Run(target.name+" "+f.fault, func(t *testing.T) {
					e.t = t
					before, counted := testkit.Counts(t, d), e.counted()
					push := wechatsim.RawPush{Target: target.name, Fault: f.fault, ComplaintOrderID: number}
					if target.name == "events" {
						push.ComplaintOrderID, push.Ticket = "", true
					}
					res := e.send(push)
					if res.Status != f.status || res.Acknowledged || strings.TrimSpace(res.Body) != f.reason {
						t.Errorf("answered %d %q, want %d %s", res.Status, res.Body, f.status, f.reason)
					}
					e.unchanged(before)
					key := target.source + " " + f.reason
					if got := e.counted()[key] - counted[key]; got != 1 {
						t.Errorf("%s was counted %v times", key, got)
					}
					if got := e.counted()[target.source+" ok"]; got != 0 {
						t.Errorf("%v pushes count as good", got)
					}
				})
			}
		}
	})
}

func TestEveryKnownFaultIsTested(t *testing.T) {
	known := map[string]bool{"previous_key": true, "old_timestamp": true, "unknown_event": true} // not faults: accepted below
	for _, f := range faults {
		known[f.fault] = true
	}
	for _, f := range wechatsim.RawFaults {
		if !known[f] {
			t.Errorf("fault %s has no test", f)
		}
	}
}

func TestHandMadePushesAreRefused(t *testing.T) {
	good := complaintXML(shop, "gh_shop1", "11897048")
	authorized := "<xml><AppId>" + component + "</AppId><InfoType>authorized</InfoType><AuthorizerAppid>" + shop + "</AuthorizerAppid>" +
		"<AuthorizationCode>queryauthcode@@@x</AuthorizationCode></xml>"
	cases := map[string]struct {
		letter sealed
		status int
		reason string
	}{
		"signature instead of msg_signature": {sealed{plain: good, query: func(q url.Values) {
			q.Set("msg_signature", q.Get("signature"))
		}}, 401, "bad_signature"},
		"signature alone": {sealed{plain: good, query: func(q url.Values) { q.Del("msg_signature") }}, 401, "bad_signature"},
		"no encryption claimed": {sealed{plain: good, query: func(q url.Values) {
			q.Set("encrypt_type", "raw")
			q.Del("msg_signature")
		}}, 401, "bad_signature"},
		"another time":   {sealed{plain: good, query: func(q url.Values) { q.Set("timestamp", "1") }}, 401, "bad_signature"},
		"another nonce":  {sealed{plain: good, query: func(q url.Values) { q.Set("nonce", "x") }}, 401, "bad_signature"},
		"an empty token": {sealed{plain: good, query: func(q url.Values) { q.Set("msg_signature", "") }}, 401, "bad_signature"},
		"upper case signature": {sealed{plain: good, query: func(q url.Values) {
			q.Set("msg_signature", strings.ToUpper(q.Get("msg_signature")))
		}}, 401, "bad_signature"},
		"a key that isn't ours": {sealed{plain: good, key: otherKey}, 401, "bad_cipher"},
		"of another platform":   {sealed{plain: good, inner: "wxcomponent000002"}, 403, "wrong_appid"},
		"of the program itself": {sealed{plain: good, inner: shop}, 403, "wrong_appid"},
		"the path names another program": {
			sealed{plain: complaintXML(otherShop, "gh_shop2", "1"), path: messages + shop}, 403, "wrong_appid",
		},
		"the payload alone names another program": {sealed{plain: complaintXML(otherShop, "gh_shop1", "1")}, 403, "wrong_appid"},
		"the path names one that is not connected": {
			sealed{plain: complaintXML(shop, "gh_shop1", "1"), path: messages + otherShop}, 403, "wrong_appid",
		},
		"ToUserName names another program": {sealed{plain: complaintXML(shop, "gh_shop2", "1")}, 403, "wrong_appid"},
		"an event of another platform": {
			sealed{plain: strings.Replace(authorized, component, "wxcomponent000002", 1), path: events}, 403, "wrong_appid",
		},
		"no message inside": {sealed{plain: "", path: messages + shop}, 400, "malformed"},
		"JSON inside":       {sealed{plain: `{"MsgType":"event","Event":"complaint_callback","complaint_order_id":"1"}`}, 400, "malformed"},
		"an event without InfoType": {
			sealed{plain: "<xml><AppId>" + component + "</AppId></xml>", path: events}, 400, "malformed",
		},
		"a ticket without ticket": {
			sealed{plain: "<xml><AppId>" + component + "</AppId><InfoType>component_verify_ticket</InfoType></xml>", path: events}, 400, "malformed",
		},
		"DOCTYPE inside":   {sealed{plain: `<!DOCTYPE xml [<!ENTITY a "b">]>` + good}, 400, "doctype"},
		"an entity inside": {sealed{plain: `<!ENTITY a "b">` + good}, 400, "doctype"},
		"an empty body":    {sealed{plain: good, body: func(string) string { return "" }}, 400, "malformed"},
		"two Encrypts": {sealed{plain: good, body: func(b string) string {
			return strings.Replace(b, "</xml>", "<Encrypt>x</Encrypt></xml>", 1)
		}}, 400, "malformed"},
		"one byte too long": {sealed{plain: good, body: func(b string) string { return b + strings.Repeat(" ", MaxBody+1-len(b)) }}, 413, "too_large"},
	}
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := configured(t, d)
		before := testkit.Counts(t, d)
		for name, c := range cases {
			if status, body := e.post(c.letter); status != c.status || strings.TrimSpace(body) != c.reason {
				t.Errorf("%s: answered %d %q, want %d %s", name, status, body, c.status, c.reason)
			}
		}
		e.unchanged(before)
		all := sealed{plain: good, body: func(b string) string { return b + strings.Repeat(" ", MaxBody-len(b)) }}
		if status, body := e.post(all); status != 200 || body != "success" {
			t.Errorf("a body of just the limit: %d %q", status, body)
		}
	})
}

func TestOnlyPOSTIsHeard(t *testing.T) {
	e := configured(t, testkit.SQLite(t))
	before := testkit.Counts(t, e.db)
	for _, path := range []string{events, messages + shop} {
		for _, m := range []string{http.MethodGet, http.MethodPut, http.MethodDelete} {
			if status, _ := e.raw(m, path, nil); status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", m, path, status)
			}
		}
	}
	e.unchanged(before)
}

func TestWithoutAPlatformWeChatIsAskedToComeAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := newEar(t, d)
		number := e.file(shop)
		before := testkit.Counts(t, d)
		for _, push := range []wechatsim.RawPush{{ComplaintOrderID: number}, {Ticket: true, Target: "events"}} {
			if res := e.send(push); res.Status != 503 || res.Acknowledged {
				t.Errorf("answered %d %q", res.Status, res.Body)
			}
		}
		e.unchanged(before)
		e.setPlatform(token, pushKey)
		for _, push := range []wechatsim.RawPush{{ComplaintOrderID: number}, {Ticket: true, Target: "events"}} {
			if res := e.send(push); !res.Acknowledged {
				t.Errorf("once the platform is set: %d %q", res.Status, res.Body)
			}
		}
	})
}

func TestAFloodOfForgedPushesWritesOneLineInTenSeconds(t *testing.T) {
	e := configured(t, testkit.SQLite(t))
	flood := func(fault string) {
		for range 20 {
			e.send(wechatsim.RawPush{Fault: fault})
		}
	}
	flood("tampered_signature")
	flood("bad_padding")
	lines := e.logged()
	if len(lines) != 2 || lines[0]["reason"] != "bad_signature" || lines[1]["reason"] != "bad_cipher" {
		t.Errorf("two kinds of forgery wrote %v", lines)
	}
	e.clock.Advance(9 * time.Second)
	flood("tampered_signature")
	if n := len(e.logged()); n != 2 {
		t.Errorf("%d lines after 9 s", n)
	}
	e.clock.Advance(time.Second)
	flood("tampered_signature")
	if n := len(e.logged()); n != 3 {
		t.Errorf("%d lines after 10 s", n)
	}
	if got := e.counted()["platform_messages bad_signature"]; got != 60 {
		t.Errorf("%v forgeries were counted", got)
	}
	for _, secret := range []string{token, pushKey, "component-secret", "msg_signature"} {
		if strings.Contains(e.log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
}
