package wecom_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook/hooktest"
	"github.com/zhisu/zhisu/internal/notify/channel/wecom"
)

// Source: reference/notification-channels.md §4.1.
func TestContract(t *testing.T) {
	hooktest.Run(t, hooktest.Provider{
		New: wecom.New, OK: `{"errcode":0,"errmsg":"ok"}`, Limits: []channel.Limit{{N: 20, Per: time.Minute}}, Burst: 20,
		Check: func(t *testing.T, r *http.Request, body []byte) {
			v := hooktest.Object(t, body)
			if v["msgtype"] != "text" || r.URL.Query().Get("key") != "k-1" || len(r.URL.Query()) != 1 {
				t.Errorf("got %v at %s", v["msgtype"], r.URL)
			}
			hooktest.Content(t, v, "text", "content")
		},
		Answers: []hooktest.Answer{
			hooktest.Says(200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, channel.Config, "93000", true),
			hooktest.Says(200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, channel.Retry, "45009", true),
			hooktest.Says(200, `{"errcode":45033,"errmsg":"api concurrent out of limit"}`, channel.Retry, "45033", true),
			hooktest.Says(200, `{"errcode":40008,"errmsg":"invalid message type"}`, channel.Permanent, "40008", false),
			hooktest.Says(200, `{"errcode":-1,"errmsg":"system busy"}`, channel.Retry, "-1", true),
			hooktest.Says(200, `{"errcode":99999,"errmsg":"?"}`, channel.Retry, "99999", false),
			hooktest.Says(200, `<html>`, channel.Config, "not_json", true),
			hooktest.Says(200, `{"code":0}`, channel.Config, "not_json", true),
			hooktest.Says(502, ``, channel.Retry, "502", true),
		},
	})
}
