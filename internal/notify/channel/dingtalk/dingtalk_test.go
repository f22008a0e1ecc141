package dingtalk_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/dingtalk"
	"github.com/zhisu/zhisu/internal/notify/channel/hook/hooktest"
)

// Source: reference/notification-channels.md §4.3. The signature is worked out again: the secret is the key and part of the text.
func TestContract(t *testing.T) {
	hooktest.Run(t, hooktest.Provider{
		New: dingtalk.New, OK: `{"errcode":0,"errmsg":"ok"}`, NeedsSecret: true, Limits: []channel.Limit{{N: 18, Per: time.Minute}}, Burst: 18,
		Check: func(t *testing.T, r *http.Request, body []byte) {
			q := r.URL.Query()
			if q.Get("key") != "k-1" || q.Get("timestamp") != hooktest.Millis || q.Get("sign") != hooktest.MAC(hooktest.Key, hooktest.Millis+"\n"+hooktest.Key) {
				t.Errorf("signed as %s", r.URL)
			}
			v := hooktest.Object(t, body)
			if v["msgtype"] != "text" {
				t.Errorf("msgtype %v", v["msgtype"])
			}
			hooktest.Content(t, v, "text", "content")
		},
		Answers: []hooktest.Answer{
			hooktest.Says(200, `{"errcode":310000,"errmsg":"sign not match"}`, channel.Config, "310000", true),
			hooktest.Says(200, `{"errcode":130101,"errmsg":"send too fast"}`, channel.Retry, "130101", true),
			hooktest.Says(200, `{"errcode":400013,"errmsg":"token"}`, channel.Config, "400013", true),
			hooktest.Says(200, `{"errcode":-1,"errmsg":"system busy"}`, channel.Retry, "-1", true),
			hooktest.Says(200, `{"errcode":1,"errmsg":"?"}`, channel.Retry, "1", false),
			hooktest.Says(200, `not found`, channel.Config, "not_json", true),
		},
	})
}
