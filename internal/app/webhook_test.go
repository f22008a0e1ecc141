package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// A channel without addresses is its own receiver: one message for one complaint, and the key it is reached by is never shown.
func TestARobotAndAWebhookAreTold(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		owner := s.as(identity.Owner)
		var mu sync.Mutex
		got := map[string][]map[string]any{}
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var v map[string]any
			if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[r.URL.Path] = append(got[r.URL.Path], v)
			_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
		}))
		t.Cleanup(srv.Close)
		var channels []string
		var receivers []obj
		for kind, set := range map[string]obj{
			"wecom":   {"url": srv.URL + "/wecom?key=693a91f6-7xxx"},
			"webhook": {"url": srv.URL + "/webhook", "secret": "a-shared-secret"},
		} {
			c := owner.want(201, "POST", "/channels", obj{"kind": kind, "name": kind, "settings": set})
			for _, hidden := range []string{"693a91f6", "a-shared-secret"} {
				if strings.Contains(c.raw, hidden) {
					t.Errorf("%s shows %s: %s", kind, hidden, c.raw)
				}
			}
			channels = append(channels, c.text("id"))
			receivers = append(receivers, obj{"channel_id": c.text("id"), "address": ""})
			if r := owner.want(200, "POST", "/channels/"+c.text("id")+"/test", nil); r.body["ok"] != true {
				t.Errorf("testing %s: %s", kind, r.raw)
			}
		}
		owner.want(201, "POST", "/subscriptions", obj{"name": "群", "events": []string{"complaint.new"}, "channel_ids": channels, "receivers": receivers})

		s.authorise(tea)
		number := s.file(wechatsim.Filing{})
		s.caseID(number)
		s.idle()
		mu.Lock()
		defer mu.Unlock()
		for _, path := range []string{"/wecom", "/webhook"} {
			if len(got[path]) != 2 { // the test and the complaint
				t.Errorf("%s got %d messages", path, len(got[path]))
			}
		}
		data, _ := got["/webhook"][len(got["/webhook"])-1]["data"].(map[string]any)
		if data["order_no"] != number || data["program"] != "满山茶铺" {
			t.Errorf("the webhook was told %v", data)
		}
	})
}
