package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

// SceneCode implements channel.Binder.
func (f fakeSender) SceneCode(_ context.Context, scene string, life time.Duration) (string, *channel.Result) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if len(f.p.results) > 0 {
		r := f.p.results[0]
		f.p.results = f.p.results[1:]
		return "", &r
	}
	return "http://weixin.qq.com/q/" + scene + "/" + life.String(), nil
}

// code starts a binding and returns it with its scene.
func (w *world) code(channelID, name string) (notify.Binding, string) {
	w.t.Helper()
	b, code, failed, err := w.StartBinding(w.t.Context(), channelID, name, "", "boss")
	if err != nil || failed != nil {
		w.t.Fatalf("start binding: %v, %+v", err, failed)
	}
	scene, ok := strings.CutPrefix(code, "http://weixin.qq.com/q/")
	scene, life, _ := strings.Cut(scene, "/")
	if !ok || life != "10m0s" || !strings.HasPrefix(scene, "bind_") || len(scene) != len("bind_")+32 || len(scene) > 64 {
		w.t.Errorf("code %q", code)
	}
	return b, scene
}

func (w *world) scan(channelID, scene, address string) {
	w.t.Helper()
	if err := w.Scanned(w.t.Context(), channelID, scene, address); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) binding(channelID, id string) notify.Binding {
	w.t.Helper()
	b, err := w.Binding(w.t.Context(), channelID, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func TestAReceiverWhoScannedIsCalledByHisName(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("服务号")
		_, scene := w.code(ch, "老张")
		w.scan(ch, scene, "zhang@163.com")
		w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "zhang@163.com", "li@163.com")
		w.plan(notify.EventComplaintNew, "c1", "new")
		got := map[string]bool{}
		for _, n := range w.notices() {
			got[n.AddressMasked] = true
		}
		if len(got) != 2 || !got["老张（z***@163.com）"] || !got["l***@163.com"] {
			t.Errorf("receivers are shown as %v", got)
		}
	})
}

func TestScannedCodeBindsOnceAndGreets(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, other := w.channel("甲"), w.channel("乙")
		b, scene := w.code(ch, "老张")
		if b.State != notify.BindingWaiting {
			t.Errorf("fresh: %+v", b)
		}
		w.scan(ch, "some_other_campaign", "zhang@163.com")
		w.scan(ch, "bind_0000", "zhang@163.com")
		w.scan(other, scene, "zhang@163.com")
		if b = w.binding(ch, b.ID); b.State != notify.BindingWaiting {
			t.Fatalf("bound by a wrong code: %+v", b)
		}
		w.scan(ch, scene, "zhang@163.com")
		w.scan(ch, scene, "thief@163.com")
		b = w.binding(ch, b.ID)
		if b.State != notify.BindingBound || b.Address != "zhang@163.com" || b.AddressMasked != "z***@163.com" || b.Name != "老张" || b.BoundAt.IsZero() {
			t.Fatalf("bound: %+v", b)
		}
		if jobs := testkit.Jobs(t, d, "notice.greet"); len(jobs) != 1 {
			t.Errorf("greetings %v", jobs)
		}
		for range 2 {
			if err := w.Greet(t.Context(), b.ID); err != nil {
				t.Fatal(err)
			}
		}
		ms := w.provider.messages()
		if len(ms) != 1 || ms[0].To != "zhang@163.com" || ms[0].Vars["event"] != "这是一条测试消息" {
			t.Errorf("greeted with %+v", ms)
		}
		if b = w.binding(ch, b.ID); b.Greeting != "sent" || b.GreetingText == "" {
			t.Errorf("greeting %+v", b)
		}
		if dump := testkit.Dump(t, d); strings.Contains(dump, "zhang@163.com") || strings.Contains(dump, scene) {
			t.Error("an address or a scene is stored in clear")
		}
	})
}

func TestMemberWhoScansIsReachedOnThatChannel(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("甲")
		for range 2 { // scanning anew replaces the address
			b, code, failed, err := w.StartBinding(t.Context(), ch, "周敏", "u1", "boss")
			if err != nil || failed != nil || b.UserID != "u1" {
				t.Fatalf("%+v, %+v, %v", b, failed, err)
			}
			scene, _, _ := strings.Cut(strings.TrimPrefix(code, "http://weixin.qq.com/q/"), "/")
			w.scan(ch, scene, "zhang@163.com")
		}
		var masked []string
		err := d.Read.NewRaw(`SELECT address_masked FROM contacts WHERE user_id = 'u1' AND channel_id = ?`, ch).Scan(t.Context(), &masked)
		if err != nil || len(masked) != 1 || masked[0] != "z***@163.com" {
			t.Errorf("contacts %v, %v", masked, err)
		}
		if strings.Contains(testkit.Dump(t, d), "zhang@163.com") {
			t.Error("an address is stored in clear")
		}
	})
}

func TestCodeExpiresAfterTenMinutes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("甲")
		b, scene := w.code(ch, "")
		w.clock.Advance(10 * time.Minute)
		w.scan(ch, scene, "zhang@163.com")
		if b = w.binding(ch, b.ID); b.State != notify.BindingExpired {
			t.Errorf("after ten minutes: %+v", b)
		}
		w.clock.Advance(11 * time.Minute)
		if err := w.ForgetCodes(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Binding(t.Context(), ch, b.ID); err == nil {
			t.Error("an old code is kept")
		}
	})
}

func TestRefusedCodeLeavesNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("甲")
		w.provider.script(channel.Result{Outcome: channel.Config, ProviderCode: "48001", Text: "没有权限。"})
		_, _, failed, err := w.StartBinding(t.Context(), ch, "", "", "boss")
		if err != nil || failed == nil || failed.Text != "没有权限。" || failed.ProviderCode != "48001" {
			t.Errorf("%+v, %v", failed, err)
		}
		if n := testkit.Counts(t, d)["channel_bindings"]; n != 0 {
			t.Errorf("%d bindings", n)
		}
	})
}

func TestReceiverWhoLeavesIsSwitchedOffAndForgotten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		b, scene := w.code(ch, "老张")
		w.scan(ch, scene, "zhang@163.com")
		if err := w.Left(t.Context(), ch, "zhang@163.com"); err != nil {
			t.Fatal(err)
		}
		if b = w.binding(ch, b.ID); b.State != notify.BindingOff || b.Address != "" || b.Reason == "" {
			t.Errorf("off: %+v", b)
		}
		w.deliver(id)
		if n := w.notices()[0]; n.State != notify.Failed || n.Error != b.Reason || len(w.provider.messages()) != 0 {
			t.Errorf("notice to somebody who left: %+v", n)
		}
		if err := w.Followed(t.Context(), ch, "zhang@163.com"); err != nil {
			t.Fatal(err)
		}
		if b = w.binding(ch, b.ID); b.State != notify.BindingBound || b.Address != "zhang@163.com" || b.Reason != "" {
			t.Errorf("back: %+v", b)
		}
		w.plan(notify.EventComplaintNew, "c2", "new")
		w.deliver(w.notices()[1].ID)
		if len(w.provider.messages()) != 1 {
			t.Error("nothing is sent to somebody who came back")
		}
	})
}

func TestTypedReceiverWhoRefusesIsListedUntilATestReachesHim(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.Service = notify.New(notify.Options{
			DB: d, Sealer: w.sealer, Clock: w.clock, Facts: w, Providers: map[string]channel.Provider{"offiaccount": w.provider, "email": w.provider},
		})
		t.Cleanup(w.Close)
		c, err := w.CreateChannel(t.Context(), notify.ChannelInput{Kind: "offiaccount", Name: "服务号", Settings: settings(nil)})
		if err != nil {
			t.Fatal(err)
		}
		w.subscribe(c.ID, []string{notify.EventComplaintNew}, nil, "typed@163.com")
		w.plan(notify.EventComplaintNew, "c1", "new")
		w.provider.script(channel.Result{Outcome: channel.Permanent, BadAddress: true, Text: "没有关注服务号。"})
		w.deliver(w.notices()[0].ID)
		bs, err := w.Bindings(t.Context(), c.ID)
		if err != nil || len(bs) != 1 || bs[0].State != notify.BindingOff || bs[0].Reason != "没有关注服务号。" || bs[0].AddressMasked != "t***@163.com" {
			t.Fatalf("bindings %+v, %v", bs, err)
		}
		w.plan(notify.EventComplaintNew, "c2", "new")
		w.deliver(w.notices()[1].ID)
		if n := w.notices()[1]; n.State != notify.Failed || len(w.provider.messages()) != 1 {
			t.Errorf("the second notice: %+v", n)
		}
		if r, err := w.Test(t.Context(), c.ID, "typed@163.com"); err != nil || !r.OK {
			t.Fatalf("test %+v, %v", r, err)
		}
		if bs, _ = w.Bindings(t.Context(), c.ID); len(bs) != 1 || bs[0].State != notify.BindingBound || bs[0].Address != "typed@163.com" {
			t.Errorf("after a test that arrived: %+v", bs)
		}
	})
}

func TestReceiverWhoRefusesIsSwitchedOff(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		b, scene := w.code(ch, "老张")
		w.scan(ch, scene, "zhang@163.com")
		w.provider.script(channel.Result{Outcome: channel.Permanent, BadAddress: true, Text: "没有关注服务号。"})
		w.deliver(id)
		if b = w.binding(ch, b.ID); b.State != notify.BindingOff || b.Reason != "没有关注服务号。" {
			t.Fatalf("after a refusal: %+v", b)
		}
		// Scanning anew replaces the row and keeps the name.
		fresh, scene := w.code(ch, "")
		w.scan(ch, scene, "zhang@163.com")
		bs, err := w.Bindings(t.Context(), ch)
		if err != nil || len(bs) != 1 || bs[0].ID != fresh.ID || bs[0].Name != "老张" || bs[0].State != notify.BindingBound {
			t.Errorf("bindings %+v, %v", bs, err)
		}
		if err := w.RemoveBinding(t.Context(), ch, fresh.ID); err != nil {
			t.Fatal(err)
		}
		if bs, _ = w.Bindings(t.Context(), ch); len(bs) != 0 {
			t.Errorf("still there: %+v", bs)
		}
	})
}
