package app

import (
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
)

func TestAProgramIsConnectedWithItsOwnSecretAndChangedOverHTTP(t *testing.T) {
	s := start(t, t.TempDir(), "")
	manager, agent := s.as(identity.Manager), s.as(identity.Agent)
	body := obj{"appid": "wx5555666677778888", "name": "小店", "app_secret": "0123456789abcdef", "token": "ownToken1", "encoding_aes_key": pushKey, "push_mode": "safe"}
	agent.want(403, "POST", "/programs", body)
	a := manager.want(201, "POST", "/programs", body)
	id := a.text("id")
	d, _ := a.body["direct"].(map[string]any)
	if a.text("mode") != "direct" || a.text("last_error") == "" || d["push_url"] != s.app.Config.PublicURL+"/wechat/direct/wx5555666677778888" || d["has_app_secret"] != true {
		t.Errorf("created: %s", a.raw)
	}
	manager.want(409, "POST", "/programs", body)
	a = manager.want(200, "PATCH", "/programs/"+id, obj{"push_mode": "compat", "format": "json", "token": "ownToken2"})
	d, _ = a.body["direct"].(map[string]any)
	if d["push_mode"] != "compat" || d["format"] != "json" || d["previous_valid"] != true || d["token"] != nil {
		t.Errorf("changed: %s", a.raw)
	}
}
