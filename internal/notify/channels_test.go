package notify_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

// field returns the wrong field that err names.
func field(t *testing.T, err error) string {
	t.Helper()
	var f *notify.FieldError
	if !errors.As(err, &f) {
		return fmt.Sprintf("(%v)", err)
	}
	if f.Text == "" {
		t.Errorf("field %s has no text", f.Field)
	}
	return f.Field
}

func TestChannelSecretsGoInAndNeverComeOut(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		c := w.get(ch)
		if strings.Contains(fmt.Sprintf("%+v %s", c, c.Settings), password) || !slices.Equal(c.SecretsSet, []string{"password"}) {
			t.Errorf("channel = %+v", c)
		}
		w.deliver(id)

		for _, in := range []string{
			`{"from_name":"新名字"}`, `{"password":"","from_name":"新名字"}`, `{"password":"***","from_name":"新名字"}`,
		} {
			c, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(in)})
			if err != nil || !strings.Contains(string(c.Settings), "新名字") || !strings.Contains(string(c.Settings), "smtp.163.com") {
				t.Fatalf("%s: %s, %v", in, c.Settings, err)
			}
			if _, err := w.Test(t.Context(), ch, "a@163.com"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(`{"password":"NEUERCODE"}`)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Test(t.Context(), ch, "a@163.com"); err != nil {
			t.Fatal(err)
		}
		if want := []string{password, password, password, password, "NEUERCODE"}; !slices.Equal(w.provider.opened, want) {
			t.Errorf("opened with %v", w.provider.opened)
		}
	})
}

func TestPointingAChannelElsewhereNeedsTheSecretAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		for _, in := range []string{`{"host":"smtp.evil.example"}`, `{"username":"other@163.com"}`, `{"security":"none"}`} {
			if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(in)}); field(t, err) != "password" {
				t.Errorf("%s: %v", in, err)
			}
		}
		c, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(`{"host":"smtp.qq.com","username":"1@qq.com","password":"x"}`)})
		if err != nil || !strings.Contains(string(c.Settings), "smtp.qq.com") {
			t.Errorf("%s, %v", c.Settings, err)
		}
	})
}

func TestChannelIsChecked(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, c := range []struct {
			in   notify.ChannelInput
			want string
		}{
			{notify.ChannelInput{Kind: "pigeon", Name: "x", Settings: settings(nil)}, "kind"},
			{notify.ChannelInput{Kind: "email", Name: " ", Settings: settings(nil)}, "name"},
			{notify.ChannelInput{Kind: "email", Name: "x", Settings: json.RawMessage(`null`)}, "settings"},
			{notify.ChannelInput{Kind: "email", Name: "x", Settings: settings(map[string]any{"host": ""})}, "host"},
			{notify.ChannelInput{Kind: "email", Name: "x", Settings: settings(map[string]any{"password": 5})}, "password"},
			{notify.ChannelInput{Kind: "email", Name: "x", Settings: settings(map[string]any{"password": "absent"})}, "password"},
		} {
			if _, err := w.CreateChannel(t.Context(), c.in); field(t, err) != c.want {
				t.Errorf("%+v: %v, want %s", c.in, err, c.want)
			}
		}
		cs, err := w.ListChannels(t.Context())
		if err != nil || len(cs) != 0 {
			t.Errorf("%d channels were stored, %v", len(cs), err)
		}
		if _, err := w.UpdateChannel(t.Context(), "none", notify.ChannelPatch{}); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("update: %v", err)
		}
		if _, err := w.Test(t.Context(), "none", ""); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("test: %v", err)
		}
	})
}

func TestATestPromisesNoSecondTry(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		for _, o := range []channel.Outcome{channel.Retry, channel.Unknown} {
			w.provider.script(channel.Result{Outcome: o, ProviderCode: "x", Text: "服务器没有及时答复。"})
			if r, err := w.Test(t.Context(), ch, "a@163.com"); err != nil || r.OK || r.Text != "服务器没有及时答复。测试消息不会自动重发，请稍后再试。" {
				t.Errorf("%s: %q, %v", o, r.Text, err)
			}
		}
		w.provider.script(channel.Result{Outcome: channel.Config, ProviderCode: "535", Text: "授权码不对。"})
		if r, err := w.Test(t.Context(), ch, "a@163.com"); err != nil || r.Text != "授权码不对。" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestChannelInUseStays(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		sub := w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "a@163.com")
		if err := w.DeleteChannel(t.Context(), ch); !errors.Is(err, notify.ErrChannelInUse) {
			t.Errorf("delete: %v", err)
		}
		if err := w.DeleteSubscription(t.Context(), sub.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.DeleteChannel(t.Context(), ch); err != nil {
			t.Errorf("delete: %v", err)
		}
		if err := w.DeleteChannel(t.Context(), ch); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("delete again: %v", err)
		}
	})
}

func TestTestSaysWhatTheProviderSaid(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		w.provider.script(channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "535", ProviderText: "535 Error", Text: "授权码不对。"})
		r, err := w.Test(t.Context(), ch, "")
		if err != nil || r.OK || r.ProviderCode != "535" || r.ProviderText != "535 Error" || r.Text != "授权码不对。" {
			t.Errorf("%+v, %v", r, err)
		}
		if m := w.provider.messages()[0]; m.To != "shop@163.com" || !strings.Contains(m.Subject, "测试") {
			t.Errorf("message = %+v", m)
		}
		if c := w.get(ch); c.PausedUntil.IsZero() || c.LastFailureAt.IsZero() || !strings.Contains(c.LastError, "535") {
			t.Errorf("channel = %+v", c)
		}
		if r, err = w.Test(t.Context(), ch, "boss@163.com"); err != nil || !r.OK || !strings.Contains(r.Text, "b***@163.com") || strings.Contains(r.Text, "boss@") {
			t.Errorf("%+v, %v", r, err)
		}
		if c := w.get(ch); !c.PausedUntil.IsZero() || c.LastError != "" || c.LastSuccessAt.IsZero() {
			t.Errorf("channel = %+v", c)
		}
		if _, err := w.Test(t.Context(), ch, "nonsense"); field(t, err) != "address" {
			t.Errorf("bad address: %v", err)
		}
		if m := w.provider.messages(); m[0].ID == m[1].ID {
			t.Error("two tests have one Message-ID")
		}
	})
}

func TestSecretsAndAddressesRestSealedAndAreNotLogged(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		w.provider.script(channel.Result{Outcome: channel.Retry, WholeChannel: true, ProviderCode: "timeout", Text: "连不上。"})
		w.deliver(id)
		if _, err := w.Test(t.Context(), ch, "tester@163.com"); err != nil {
			t.Fatal(err)
		}
		w.deliver(id)
		seen := w.log.String()
		if seen == "" {
			t.Fatal("nothing was logged")
		}
		for _, table := range []string{"channels", "subscriptions", "notices", "notice_attempts", "river_job"} {
			var rows []map[string]any
			if err := d.Read.NewRaw("SELECT * FROM "+table).Scan(t.Context(), &rows); err != nil {
				t.Fatal(err)
			}
			if len(rows) == 0 {
				t.Fatalf("no rows in %s", table)
			}
			for _, r := range rows {
				for _, v := range r {
					if b, ok := v.([]byte); ok {
						v = string(b)
					}
					seen += fmt.Sprintln(v)
				}
			}
		}
		for _, hidden := range []string{password, "zhang@163.com", "zhang@", "tester@"} {
			if strings.Contains(seen, hidden) {
				t.Errorf("%q lies open in a row or a log line", hidden)
			}
		}
		if !strings.Contains(seen, "z***@163.com") {
			t.Error("the masked address is missing")
		}
	})
}

func TestChannelSealedWithALostKeyPausesAndCanBeMended(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		if _, err := d.Write().NewRaw(`UPDATE channels SET secrets_sealed = 's1.bm9uc2Vuc2U' WHERE id = ?`, ch).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if wait, cancelled := w.deliver(id); wait != 0 || cancelled {
			t.Errorf("wait %v, cancelled %v", wait, cancelled)
		}
		if c := w.get(ch); c.PausedUntil.IsZero() || c.LastError == "" {
			t.Errorf("channel = %+v", c)
		}
		if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(`{"from_name":"x"}`)}); field(t, err) != "password" {
			t.Errorf("without the password: %v", err)
		}
		if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: json.RawMessage(`{"password":"NEUERCODE"}`)}); err != nil {
			t.Fatal(err)
		}
		if w.deliver(id); w.notices()[0].State != notify.Sent {
			t.Errorf("notice = %+v", w.notices()[0])
		}
	})
}
