package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

// render plans and sends one notice and returns the message.
func render(t *testing.T, kind string, change func(f *notify.Facts)) channel.Message {
	t.Helper()
	w := newWorld(t, testkit.SQLite(t))
	f := w.cases["c1"]
	if change != nil {
		change(&f)
	}
	w.cases["c1"] = f
	w.subscribe(w.channel("邮箱"), []string{kind}, nil, "zhang@163.com")
	w.plan(kind, "c1", "")
	w.deliver(w.notices()[0].ID)
	return w.provider.messages()[0]
}

func fen(v int64) *int64 { return &v }

func TestSubjectSaysItAll(t *testing.T) {
	in := func(d time.Duration) db.Time { return db.At(testkit.Start.Add(d)) }
	for _, c := range []struct {
		name, kind string
		change     func(f *notify.Facts)
		want       string
	}{
		{"a new case", notify.EventComplaintNew, nil, "【满山茶铺】商品-破损 ¥168.00，剩 47 小时 58 分回应"},
		{"less than an hour", notify.EventDeadlineNear, func(f *notify.Facts) { f.DueAt = in(59*time.Minute + 59*time.Second) }, "【满山茶铺】快到期了：商品-破损 ¥168.00，剩 59 分钟回应"},
		{"a whole hour", notify.EventDeadlineNear, func(f *notify.Facts) { f.DueAt = in(2 * time.Hour) }, "【满山茶铺】快到期了：商品-破损 ¥168.00，剩 2 小时回应"},
		{"seconds", notify.EventDeadlineNear, func(f *notify.Facts) { f.DueAt = in(30 * time.Second) }, "【满山茶铺】快到期了：商品-破损 ¥168.00，剩不到 1 分钟回应"},
		{"late", notify.EventComplaintNew, func(f *notify.Facts) { f.DueAt = in(-time.Minute) }, "【满山茶铺】商品-破损 ¥168.00，已过截止时间，请尽快回应"},
		{"no deadline known", notify.EventComplaintNew, func(f *notify.Facts) { f.DueAt = 0 }, "【满山茶铺】商品-破损 ¥168.00，请尽快回应"},
		{"no details known yet", notify.EventComplaintNew, func(f *notify.Facts) {
			f.TypeText, f.Amount, f.DueAt, f.Stage, f.StageText = "", nil, 0, "unknown", ""
		}, "【满山茶铺】交易投诉"},
		{"evidence", notify.EventEvidenceWanted, func(f *notify.Facts) { f.Stage = "to_supplement"; f.DueAt = in(24 * time.Hour) }, "【满山茶铺】平台要求补充凭证：商品-破损 ¥168.00，剩 24 小时补充凭证"},
		{"ruled against", notify.EventRuledAgainst, func(f *notify.Facts) { f.Stage = "to_prove"; f.DueAt = in(24 * time.Hour) }, "【满山茶铺】判定商家责任：商品-破损 ¥168.00，剩 24 小时上传处理凭证"},
		{"nothing to do", notify.EventClosed, func(f *notify.Facts) { f.Stage = "closed" }, "【满山茶铺】投诉已完结：商品-破损 ¥168.00"},
		{"a large amount", notify.EventClosed, func(f *notify.Facts) { f.Stage = "closed"; f.Amount = fen(12345678) }, "【满山茶铺】投诉已完结：商品-破损 ¥123,456.78"},
		{"one fen", notify.EventClosed, func(f *notify.Facts) { f.Stage = "closed"; f.Amount = fen(1) }, "【满山茶铺】投诉已完结：商品-破损 ¥0.01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := render(t, c.kind, c.change).Subject; got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestBodyIsEnoughToActOn(t *testing.T) {
	m := render(t, notify.EventComplaintNew, nil)
	for _, want := range []string{
		"收到一件新投诉", "满山茶铺", "商品-破损", "¥168.00", "明前龙井 250g", "收到时罐子已经碎了", "剩 47 小时 58 分", "2026-03-14 14:16（北京时间）", "11897048",
		"到期没有回应", "https://zhisu.example/complaints/c1",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("text lacks %q", want)
		}
		if !strings.Contains(m.HTML, want) {
			t.Errorf("HTML lacks %q", want)
		}
	}
	if strings.Contains(m.Short, "罐子") || strings.Contains(m.Short, "龙井") || !strings.Contains(m.Short, "https://zhisu.example/complaints/c1") {
		t.Errorf("short = %q", m.Short)
	}
	m = render(t, notify.EventComplaintNew, func(f *notify.Facts) { f.DueAt = 0 })
	if !strings.Contains(m.Text, "微信没有给出截止时间") || !strings.Contains(m.HTML, "微信没有给出截止时间") || strings.Contains(m.Text, "1970") {
		t.Errorf("text = %s", m.Text)
	}
	m = render(t, notify.EventClosed, func(f *notify.Facts) { f.Stage = "closed" })
	if strings.Contains(m.Text, "到期") || strings.Contains(m.Text, "剩 ") {
		t.Errorf("a closed case asks to act: %s", m.Text)
	}
}

func TestForeignWordsAreEscaped(t *testing.T) {
	evil := `<script>alert(1)</script><a href="https://evil.example">点这里</a>`
	m := render(t, notify.EventComplaintNew, func(f *notify.Facts) { f.ContentExcerpt, f.ProductName, f.ProgramName = evil, evil, evil })
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `href="https://evil`) {
		t.Errorf("HTML = %s", m.HTML)
	}
	m = render(t, notify.EventComplaintNew, func(f *notify.Facts) { f.ContentExcerpt = strings.Repeat("碎", 500) })
	if n := strings.Count(m.Text, "碎"); n != 119 {
		t.Errorf("%d characters of the complaint are quoted", n)
	}
}

func TestProgramEventLeadsToThePrograms(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	w.subscribe(w.channel("邮箱"), []string{notify.EventPermissionLost}, nil, "zhang@163.com")
	if err := w.Plan(t.Context(), notify.Event{Kind: notify.EventPermissionLost, ProgramID: "p1", Key: "76"}); err != nil {
		t.Fatal(err)
	}
	w.deliver(w.notices()[0].ID)
	m := w.provider.messages()[0]
	if m.Subject != "【满山茶铺】缺少权限" || !strings.Contains(m.Text, "缺少「交易投诉」权限") || m.Link != "https://zhisu.example/programs" || strings.Contains(m.Short, "投诉有新消息") {
		t.Errorf("message = %+v", m)
	}
}
