package feishu_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/feishu"
	"github.com/zhisu/zhisu/internal/notify/channel/hook/hooktest"
)

// Source: reference/notification-channels.md §4.4. The signature is worked out again: time and secret are the key of an empty text.
func TestContract(t *testing.T) {
	hooktest.Run(t, hooktest.Provider{
		New: feishu.New, OK: `{"code":0,"msg":"success"}`, Limits: []channel.Limit{{N: 100, Per: time.Minute}, {N: 5, Per: time.Second}}, Burst: 5,
		Check: func(t *testing.T, _ *http.Request, body []byte) {
			v := hooktest.Object(t, body)
			if v["msg_type"] != "text" || v["timestamp"] != hooktest.Unix || v["sign"] != hooktest.MAC(hooktest.Unix+"\n"+hooktest.Key, "") {
				t.Errorf("signed as %v", v)
			}
			hooktest.Content(t, v, "content", "text")
		},
		Answers: []hooktest.Answer{
			hooktest.Says(200, `{"code":19021,"msg":"sign match fail"}`, channel.Config, "19021", true),
			hooktest.Says(200, `{"code":19022,"msg":"ip not allowed"}`, channel.Config, "19022", true),
			hooktest.Says(200, `{"code":19024,"msg":"key words not found"}`, channel.Config, "19024", true),
			hooktest.Says(200, `{"code":11232,"msg":"too many request"}`, channel.Retry, "11232", true),
			hooktest.Says(200, `{"code":9499,"msg":"bad request"}`, channel.Permanent, "9499", false),
			hooktest.Says(200, `{"code":19036,"msg":"too large"}`, channel.Permanent, "19036", false),
			hooktest.Says(200, `{"StatusCode":0,"StatusMessage":"success"}`, channel.Sent, "0", false),
			hooktest.Says(200, `{}`, channel.Config, "not_json", true),
		},
	})
}
