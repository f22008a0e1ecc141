package webhook_test

import (
	"net/http"
	"testing"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/notify/channel/hook/hooktest"
	"github.com/zhisu/zhisu/internal/notify/channel/webhook"
)

// Source: reference/notification-channels.md §4.5 (Standard Webhooks).
func TestContract(t *testing.T) {
	hooktest.Run(t, hooktest.Provider{
		New: func(o hook.Options) channel.Provider { return webhook.New(o) }, OK: `anything`, ShownURL: true, NeedsSecret: true,
		Check: func(t *testing.T, r *http.Request, body []byte) {
			m := hooktest.Message
			want := "v1," + hooktest.MAC(hooktest.Key, m.ID+"."+hooktest.Unix+"."+string(body))
			if r.Header.Get("Webhook-Id") != m.ID || r.Header.Get("Webhook-Timestamp") != hooktest.Unix || r.Header.Get("Webhook-Signature") != want {
				t.Errorf("headers %v", r.Header)
			}
			v := hooktest.Object(t, body)
			if v["event"] != m.Event || v["subject"] != m.Subject || v["link"] != m.Link || v["id"] != m.ID {
				t.Errorf("body %s", body)
			}
		},
		Answers: []hooktest.Answer{
			hooktest.Says(204, ``, channel.Sent, "204", false),
			hooktest.Says(429, ``, channel.Retry, "429", true),
			hooktest.Says(408, ``, channel.Retry, "408", true),
			hooktest.Says(503, ``, channel.Retry, "503", true),
			hooktest.Says(410, ``, channel.Config, "410", true),
			hooktest.Says(302, ``, channel.Config, "302", true),
			hooktest.Says(413, ``, channel.Permanent, "413", false),
		},
	})
}
