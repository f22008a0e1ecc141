package wechatsim

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// strictProduct checks a push as the reference tells a platform to, and names what is wrong with it.
func strictProduct(keys ...codec) func(r *http.Request) string {
	return func(r *http.Request) string {
		body, err := io.ReadAll(io.LimitReader(r.Body, 256<<10+1))
		switch {
		case err != nil:
			return "read"
		case len(body) > 256<<10:
			return "too large"
		case strings.Contains(string(body), "<!DOCTYPE"):
			return "doctype"
		}
		var outer struct{ Encrypt string }
		if xml.Unmarshal(body, &outer) != nil {
			return "not xml"
		}
		q := r.URL.Query()
		for _, k := range keys {
			if k.sign(q.Get("timestamp"), q.Get("nonce"), outer.Encrypt) != q.Get("msg_signature") {
				continue
			}
			plain, appid, err := k.decrypt(outer.Encrypt)
			switch {
			case err != nil:
				continue
			case appid != testComponent:
				return "appid"
			case strings.Contains(string(plain), "<!DOCTYPE"):
				return "doctype"
			case xml.Unmarshal(plain, &struct{}{}) != nil:
				return "plain"
			}
			return ""
		}
		for _, k := range keys {
			if k.sign(q.Get("timestamp"), q.Get("nonce"), outer.Encrypt) == q.Get("msg_signature") {
				return "cipher"
			}
		}
		return "signature"
	}
}

func TestRawPushesAreWrongInTheWayAskedFor(t *testing.T) {
	w := newWorld(t)
	w.authorizer(shopID)
	id := w.file()
	check := strictProduct(testCodec(t))
	var verdict string
	var query url.Values
	w.product.srv.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		if verdict = check(r); verdict != "" {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(rw, "success")
	})
	for fault, want := range map[string]string{
		"": "", "tampered_signature": "signature", "no_signature": "signature", "wrong_token": "signature", "tampered_cipher": "signature",
		"previous_key": "", "truncated_cipher": "cipher", "bad_base64": "cipher", "bad_padding": "cipher", "bad_length": "cipher",
		"wrong_appid": "appid", "doctype": "doctype", "doctype_inside": "doctype", "not_xml": "not xml", "huge": "too large",
		"plain_body": "signature", "old_timestamp": "", "unknown_event": "",
	} {
		for _, target := range []string{"messages", "events"} {
			raw := RawPush{Target: target, Fault: fault}
			if target == "messages" {
				raw.ComplaintOrderID = id
			}
			res, err := w.sim.SendRaw(context.Background(), raw)
			must(t, err)
			if verdict != want {
				t.Errorf("%s to %s is found to be wrong in %q, want %q", fault, target, verdict, want)
			}
			equal(t, fault+" acknowledged", res.Acknowledged, want == "")
		}
	}
	if query == nil {
		t.Error("nothing was sent")
	}
}

func TestPreviousKeyAfterARotation(t *testing.T) {
	w := newWorld(t)
	old := testCodec(t)
	must(t, w.sim.RotateKeys(Keys{Token: "new-token", AESKey: strings.Repeat("k", 43)}))
	fresh, err := newCodec("new-token", strings.Repeat("k", 43))
	must(t, err)
	for _, c := range []struct {
		keys []codec
		raw  RawPush
		ok   bool
	}{
		{[]codec{fresh, old}, RawPush{Fault: "previous_key"}, true},
		{[]codec{fresh}, RawPush{Fault: "previous_key"}, false},
		{[]codec{fresh}, RawPush{}, true},
		{[]codec{old}, RawPush{Token: testToken, AESKey: testAESKey}, true},
	} {
		check := strictProduct(c.keys...)
		w.product.srv.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if check(r) != "" {
				rw.WriteHeader(http.StatusUnauthorized)
			}
		})
		res, err := w.sim.SendRaw(context.Background(), c.raw)
		must(t, err)
		equal(t, "acknowledged", res.Acknowledged, c.ok)
	}
}

func TestRawPushTakesItsOwnXML(t *testing.T) {
	w := newWorld(t)
	res, err := w.sim.SendRaw(context.Background(), RawPush{AppID: otherID, XML: "<xml><a>1</a></xml>", InnerAppID: "wxinner"})
	must(t, err)
	equal(t, "acknowledged", res.Acknowledged, true)
	got := w.product.received("<a>1</a>")
	equal(t, "pushes", len(got), 1)
	equal(t, "path", got[0].path, "/messages/"+otherID)
	equal(t, "appid inside", got[0].appid, "wxinner")
	equal(t, "in the delivery log", len(w.sim.Pushes("")), 0)
}

func TestRawPushIsChecked(t *testing.T) {
	w := newWorld(t)
	for _, r := range []RawPush{{Fault: "nonsense"}, {Target: "nowhere"}, {AESKey: "short"}} {
		if _, err := w.sim.SendRaw(context.Background(), r); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if _, err := w.sim.SendRaw(context.Background(), RawPush{ComplaintOrderID: "1"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown complaint: %v", err)
	}
	lost := newWorld(t, func(c *Config) { c.MessagesURL = "" })
	if _, err := lost.sim.SendRaw(context.Background(), RawPush{}); !errors.Is(err, ErrNotNow) {
		t.Errorf("without an address: %v", err)
	}
	equal(t, "requests", len(w.product.received("")), 0)
}

func TestTruncationLeavesHalfABlock(t *testing.T) {
	good, err := testCodec(t).encrypt(make([]byte, 16), []byte("x"), "wx")
	must(t, err)
	bad, err := shorten(good)
	must(t, err)
	raw, err := base64.StdEncoding.DecodeString(bad)
	must(t, err)
	if len(raw)%16 == 0 {
		t.Errorf("%d bytes are whole blocks", len(raw))
	}
	if flipBase64("AAAA") == "AAAA" || flipBase64("BBBB") == "BBBB" || flipHex("0a") == "0a" || flipHex("1a") == "1a" {
		t.Error("flipping changes nothing")
	}
}

func TestRawTicketIsAValidOne(t *testing.T) {
	w := newWorld(t)
	res, err := w.sim.SendRaw(context.Background(), RawPush{Ticket: true})
	must(t, err)
	equal(t, "acknowledged", res.Acknowledged, true)
	got := w.product.received("component_verify_ticket")
	equal(t, "pushes", len(got), 1)
	ticket := between(got[0].plain, "<ComponentVerifyTicket><![CDATA[", "]]>")
	a := w.post(pathComponentToken, "", answer{
		"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": ticket,
	})
	wantCode(t, a, 0)
}
