package app

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	accountApp   = "wx5c1d9e0f3a7b2846"
	accountToken = "accountTokenOfTheTests"
	accountKey   = "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
	openID       = "oABCDEFGHIJKLMNOPQRSTUVWXYZ12"
)

// hosts plays the official account and the operator of text messages.
type hosts struct {
	mu        sync.Mutex
	templates []obj
	texts     []obj
	scenes    []string
}

func (h *hosts) serve(w http.ResponseWriter, r *http.Request, sim http.Handler) {
	var v obj
	switch {
	case r.URL.Path == "/cgi-bin/message/template/send", r.URL.Path == "/cgi-bin/qrcode/create", r.Header.Get("X-TC-Action") == "SendSms":
		if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case r.URL.Path == "/cgi-bin/stable_token":
		_, _ = io.WriteString(w, `{"access_token":"ACCOUNT","expires_in":7200}`)
	case r.URL.Path == "/cgi-bin/qrcode/create":
		info, _ := v["action_info"].(map[string]any)
		scene, _ := info["scene"].(map[string]any)
		h.scenes = append(h.scenes, fmt.Sprint(scene["scene_str"]))
		_, _ = io.WriteString(w, `{"ticket":"t","expire_seconds":600,"url":"http://weixin.qq.com/q/x"}`)
	case r.URL.Path == "/cgi-bin/message/template/send":
		h.templates = append(h.templates, v)
		_, _ = fmt.Fprintf(w, `{"errcode":0,"errmsg":"ok","msgid":%d}`, 1000+len(h.templates))
	case r.Header.Get("X-TC-Action") == "SendSms":
		h.texts = append(h.texts, v)
		_, _ = fmt.Fprintf(w, `{"Response":{"SendStatusSet":[{"SerialNo":"sms:%d","PhoneNumber":"+8613800138000","Fee":1,"Code":"Ok","Message":"ok"}],"RequestId":"r"}}`, len(h.texts))
	default:
		sim.ServeHTTP(w, r)
	}
}

// sent returns how many template messages and texts went out.
func (h *hosts) sent() (templates, texts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.templates), len(h.texts)
}

// happens pushes an event of the official account, encrypted, as WeChat does.
func (s *stage) happens(channelID, event string) {
	s.t.Helper()
	key, err := msgcrypt.ParseKey(accountKey)
	if err != nil {
		s.t.Fatal(err)
	}
	plain := "<xml><ToUserName>gh_account</ToUserName><FromUserName>" + openID + "</FromUserName><CreateTime>1795500428</CreateTime><MsgType>event</MsgType>" + event + "</xml>"
	encrypt, err := msgcrypt.Encrypt(rand.Reader, key, []byte(plain), accountApp)
	if err != nil {
		s.t.Fatal(err)
	}
	q := url.Values{"timestamp": {"1795500428"}, "nonce": {"n"}, "msg_signature": {msgcrypt.Sign(accountToken, "1795500428", "n", encrypt)}}
	s.tells("/wechat/offiaccount/"+channelID+"?"+q.Encode(), "<xml><ToUserName>gh_account</ToUserName><Encrypt>"+encrypt+"</Encrypt></xml>")
}

func (s *stage) tells(path, body string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.app.Config.PublicURL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", path, res.Status)
	}
	s.idle()
}

// A receiver binds by scanning and is greeted; a complaint comes as a template message and a text; both providers' later words decide what became of them.
func TestFromTheScannedCodeToTheReceipt(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		h := &hosts{}
		s.mu.Lock()
		s.between = h.serve
		s.mu.Unlock()
		owner := s.as(identity.Owner)
		account := owner.want(201, "POST", "/channels", obj{"kind": "offiaccount", "name": "服务号", "settings": obj{
			"appid": accountApp, "secret": "an-app-secret", "template_id": "TPL_1", "token": accountToken, "encoding_aes_key": accountKey,
			"fields": obj{"thing1": "problem", "character_string2": "order_no", "time3": "due"},
		}}).text("id")
		sms := owner.want(201, "POST", "/channels", obj{"kind": "sms", "name": "短信", "settings": obj{
			"secret_id": "AKIDz8krbsJ5yKBZQpn74WFk", "secret_key": "a-secret-key", "sdk_app_id": "1400006666", "sign_name": "满山茶铺", "template_id": "1110",
			"params": []string{"order_tail", "left_hours"},
		}}).text("id")

		callback := owner.want(200, "GET", "/channels/"+sms+"/callback", nil).text("url")
		bid := owner.want(201, "POST", "/channels/"+account+"/bindings", obj{"name": "老张"}).text("id")
		s.happens(account, "<Event>subscribe</Event><EventKey>qrscene_"+h.scenes[0]+"</EventKey><Ticket>t</Ticket>")
		b := owner.want(200, "GET", "/channels/"+account+"/bindings/"+bid, nil)
		if b.text("state") != "bound" || b.text("greeting") != "sent" || b.text("address") != openID {
			t.Fatalf("after the scan: %s", b.raw)
		}
		owner.want(201, "POST", "/subscriptions", obj{"name": "老张", "events": []string{"complaint.new"}, "channel_ids": []string{account, sms}, "receivers": []obj{
			{"channel_id": account, "address": b.text("address")}, {"channel_id": sms, "address": "138 0013 8000"},
		}})

		s.authorise(tea)
		number := s.file(wechatsim.Filing{})
		s.caseID(number)
		s.idle()
		templates, texts := h.sent()
		if templates != 2 || texts != 1 { // the greeting and the complaint
			t.Fatalf("%d template messages, %d texts", templates, texts)
		}
		data, _ := h.templates[1]["data"].(map[string]any)
		if order, _ := data["character_string2"].(map[string]any); order["value"] != number || h.templates[1]["touser"] != openID {
			t.Errorf("sent %v", h.templates[1])
		}
		if got := fmt.Sprint(h.texts[0]["PhoneNumberSet"], h.texts[0]["TemplateParamSet"]); got != "[+8613800138000] ["+number[len(number)-6:]+" 47]" {
			t.Errorf("texted %s", got)
		}

		s.happens(account, "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1002</MsgID><Status>failed: system failed</Status>")
		if templates, _ = h.sent(); templates != 3 || h.templates[2]["client_msg_id"] == h.templates[1]["client_msg_id"] {
			t.Errorf("a lost message: %d sent", templates)
		}
		s.happens(account, "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>1003</MsgID><Status>success</Status>")
		s.tells(strings.TrimPrefix(callback, s.app.Config.PublicURL), `[{"mobile":"13800138000","report_status":"FAIL","errmsg":"MK:0005","description":"空号","sid":"sms:1"}]`)
		for _, n := range owner.want(200, "GET", "/notices", nil).body["items"].([]any) {
			n := n.(map[string]any)
			want := map[any]string{account: "delivered", sms: "failed"}[n["channel_id"]]
			if n["state"] != want {
				t.Errorf("%v is %v: %v", n["channel_id"], n["state"], n)
			}
		}

		s.happens(account, "<Event>unsubscribe</Event>")
		if b = owner.want(200, "GET", "/channels/"+account+"/bindings/"+bid, nil); b.text("state") != "off" || b.text("address") != "" {
			t.Errorf("after leaving: %s", b.raw)
		}
		for _, hidden := range []string{"an-app-secret", "a-secret-key", accountToken, accountKey, openID, "13800138000", h.scenes[0], callback[len(callback)-48:]} {
			if strings.Contains(s.logs.String(), hidden) {
				t.Errorf("%s is logged", hidden)
			}
		}
	})
}
