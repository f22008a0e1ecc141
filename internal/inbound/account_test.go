package inbound

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
)

const (
	accountApp   = "wxaccount000000001"
	accountToken = "accountToken1"
	receiver     = "oABCDEFGHIJKLMNOPQRSTUVWXYZ12"
	reportKey    = "0123456789abcdef0123456789abcdef0123456789abcdef"
)

// channels is one official account and one SMS channel.
type channels struct{ account Account }

func (c channels) Account(_ context.Context, id string) (Account, error) {
	if id != "acc" {
		return Account{}, ErrNotFound
	}
	return c.account, nil
}

func (channels) ReportKey(_ context.Context, id string) (secret.Text, error) {
	switch id {
	case "sms":
		return secret.New(reportKey), nil
	case "fresh":
		return secret.Text{}, nil
	}
	return secret.Text{}, ErrNotFound
}

// hearing is an ear for notice channels.
func hearing(t *testing.T, d *db.DB, mode string) *ear {
	t.Helper()
	e := newEar(t, d)
	e.inbound.channels = channels{Account{AppID: accountApp, Token: secret.New(accountToken), Key: secret.New(pushKey), Mode: mode}}
	mux := http.NewServeMux()
	e.inbound.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	e.url = srv.URL
	return e
}

func (e *ear) call(method, path, body string) (int, string) {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, e.url+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func eventXML(inner string) string {
	return "<xml><ToUserName><![CDATA[gh_account]]></ToUserName><FromUserName><![CDATA[" + receiver + "]]></FromUserName><CreateTime>1795500428</CreateTime><MsgType><![CDATA[event]]></MsgType>" + inner + "</xml>"
}

var scanned = eventXML("<Event><![CDATA[SCAN]]></Event><EventKey><![CDATA[bind_1]]></EventKey><Ticket><![CDATA[x]]></Ticket>")

// account is a push to an official account's address. cipher, clear: which halves it has. Empty values are right ones.
type accountPush struct {
	channel, token, key, appID string
	plain                      string
	cipher, clear              bool
}

func (e *ear) push(p accountPush) (int, string) {
	e.t.Helper()
	or := func(v, otherwise string) string {
		if v == "" {
			return otherwise
		}
		return v
	}
	plain, tok := or(p.plain, scanned), or(p.token, accountToken)
	q := url.Values{"timestamp": {"1795500428"}, "nonce": {"n1"}, "signature": {msgcrypt.Sign(tok, "1795500428", "n1")}}
	body := ""
	if p.clear {
		body = strings.TrimSuffix(strings.TrimPrefix(plain, "<xml>"), "</xml>")
	}
	if p.cipher {
		key, err := msgcrypt.ParseKey(or(p.key, pushKey))
		if err != nil {
			e.t.Fatal(err)
		}
		encrypt, err := msgcrypt.Encrypt(e.inbound.rand, key, []byte(plain), or(p.appID, accountApp))
		if err != nil {
			e.t.Fatal(err)
		}
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", msgcrypt.Sign(tok, "1795500428", "n1", encrypt))
		if !p.clear {
			body = "<ToUserName><![CDATA[gh_account]]></ToUserName>"
		}
		body += "<Encrypt><![CDATA[" + encrypt + "]]></Encrypt>"
	}
	return e.call("POST", "/wechat/offiaccount/"+or(p.channel, "acc")+"?"+q.Encode(), "<xml>"+body+"</xml>")
}

func TestAccountAddressIsChecked(t *testing.T) {
	e := hearing(t, testkit.SQLite(t), "safe")
	good := url.Values{"timestamp": {"1"}, "nonce": {"n"}, "signature": {msgcrypt.Sign(accountToken, "1", "n")}, "echostr": {"4711"}}.Encode()
	for _, c := range []struct {
		name, path string
		status     int
		body       string
	}{
		{"the right signature", "acc?" + good, 200, "4711"},
		{"a wrong one", "acc?timestamp=1&nonce=n&signature=x&echostr=4711", 401, ""},
		{"no echostr", "acc?timestamp=1&nonce=n&signature=" + msgcrypt.Sign(accountToken, "1", "n"), 400, ""},
		{"another channel", "other?" + good, 404, ""},
	} {
		if status, body := e.call("GET", "/wechat/offiaccount/"+c.path, ""); status != c.status || c.body != "" && body != c.body {
			t.Errorf("%s: %d %q", c.name, status, body)
		}
	}
}

func TestAccountPushIsNeverTakenWeakerThanConfigured(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		push       accountPush
		status     int
	}{
		{"safe takes a cipher text", "safe", accountPush{cipher: true}, 200},
		{"safe refuses a message in the clear", "safe", accountPush{clear: true}, 403},
		{"safe refuses both", "safe", accountPush{clear: true, cipher: true}, 403},
		{"compat takes both", "compat", accountPush{clear: true, cipher: true}, 200},
		{"compat refuses a message in the clear", "compat", accountPush{clear: true}, 403},
		{"plain takes a message in the clear", "plain", accountPush{clear: true}, 200},
		{"plain takes a cipher text", "plain", accountPush{cipher: true}, 200},
		{"a wrong token", "safe", accountPush{cipher: true, token: "other"}, 401},
		{"a wrong token in the clear", "plain", accountPush{clear: true, token: "other"}, 401},
		{"a wrong key", "safe", accountPush{cipher: true, key: otherKey}, 401},
		{"another account", "safe", accountPush{cipher: true, appID: "wxother0000000001"}, 403},
		{"another channel", "safe", accountPush{cipher: true, channel: "other"}, 404},
		{"nothing inside", "plain", accountPush{clear: true, plain: "<xml></xml>"}, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := hearing(t, testkit.SQLite(t), c.mode)
			status, body := e.push(c.push)
			if status != c.status || status == 200 && body != "" {
				t.Fatalf("%d %q", status, body)
			}
			ds := e.deliveries()
			if (len(ds) == 1) != (status == 200) || e.receivedJobs() != len(ds) {
				t.Fatalf("%d deliveries, %d jobs", len(ds), e.receivedJobs())
			}
			if len(ds) == 1 && (ds[0].Source != FromAccount || ds[0].ChannelID != "acc" || ds[0].Event != "SCAN" || ds[0].State != Stored) {
				t.Errorf("stored %+v", ds[0])
			}
		})
	}
}

func TestAccountRepeatsAreToldByWhatTheyAreAbout(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := hearing(t, d, "safe")
		finish := func(id string) string {
			return eventXML("<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>" + id + "</MsgID><Status><![CDATA[success]]></Status>")
		}
		for _, p := range []string{finish("1"), finish("1"), finish("2"), scanned, scanned, strings.Replace(scanned, "1795500428", "1795500429", 1)} {
			if status, _ := e.push(accountPush{cipher: true, plain: p}); status != 200 {
				t.Errorf("answered %d", status)
			}
		}
		if ds := e.deliveries(); len(ds) != 4 || e.receivedJobs() != 4 {
			t.Errorf("%d deliveries, %d jobs", len(ds), e.receivedJobs())
		}
		if status, _ := e.push(accountPush{cipher: true, plain: strings.Replace(scanned, "SCAN", "VIEW", 1)}); status != 200 || e.receivedJobs() != 4 {
			t.Errorf("an event of no use: %d, %d jobs", status, e.receivedJobs())
		}
		if strings.Contains(testkit.Dump(t, d), receiver) {
			t.Error("an openid is stored in clear")
		}
	})
}

func TestAccountWithoutCallbackHearsNothing(t *testing.T) {
	e := hearing(t, testkit.SQLite(t), "safe")
	e.inbound.channels = channels{Account{AppID: accountApp}}
	if status, _ := e.push(accountPush{cipher: true}); status != 503 || len(e.deliveries()) != 0 {
		t.Errorf("answered %d", status)
	}
}

func TestDeliveryReportsNeedTheSecretAddress(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := hearing(t, d, "safe")
		body := `[{"user_receive_time":"2026-11-24 14:07:20","nationcode":"86","mobile":"13800138000","report_status":"SUCCESS","errmsg":"DELIVRD","description":"用户短信送达成功","sid":"5000:1"}]`
		for _, c := range []struct {
			name, path, body string
			status           int
		}{
			{"the right address", "sms/" + reportKey, body, 200},
			{"the same again", "sms/" + reportKey, body, 200},
			{"a wrong key", "sms/" + strings.Repeat("0", 48), body, 401},
			{"nobody has asked for the address", "fresh/x", body, 401},
			{"another channel", "other/" + reportKey, body, 404},
			{"not a list", "sms/" + reportKey, `{"sid":"1"}`, 400},
		} {
			status, answer := e.call("POST", "/sms/reports/"+c.path, c.body)
			if status != c.status || status == 200 && answer != `{"result":0,"errmsg":"OK"}` {
				t.Errorf("%s: %d %q", c.name, status, answer)
			}
		}
		ds := e.deliveries()
		if len(ds) != 1 || ds[0].Repeats != 1 || ds[0].Source != FromReports || ds[0].ChannelID != "sms" || e.receivedJobs() != 1 {
			t.Errorf("stored %+v, %d jobs", ds, e.receivedJobs())
		}
		if dump := testkit.Dump(t, d); strings.Contains(dump, "13800138000") || strings.Contains(dump, reportKey) {
			t.Error("a number or the key is stored in clear")
		}
		if strings.Contains(e.log.String(), reportKey) {
			t.Error("the key is logged")
		}
	})
}

func TestReportsAreRead(t *testing.T) {
	got, err := ParseReports([]byte(`[{"report_status":"SUCCESS","errmsg":"DELIVRD","sid":"1"},{"report_status":"FAIL","errmsg":"MK:0005","description":"空号","sid":"2"},{"report_status":"","sid":"3"},{"report_status":"FAIL"}]`))
	if err != nil || fmt.Sprint(got) != "[{1 true DELIVRD } {2 false MK:0005 空号}]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "null2", `{"a":1}`, "[" + strings.Repeat(`{"sid":"1"},`, 200) + `{}]`} {
		if _, err := ParseReports([]byte(bad)); err == nil {
			t.Errorf("%.20s is read", bad)
		}
	}
}
