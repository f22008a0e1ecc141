package hook_test

import (
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
)

func TestTextsAreCutAtACharacterAndKeepTheLink(t *testing.T) {
	m := channel.Message{Subject: "【满山茶铺】商品-破损", Text: strings.Repeat("茶", 2000), Link: "https://zhisu.example/complaints/1"}
	got := hook.Plain(m, 2048)
	if len(got) > 2048 || !strings.HasSuffix(got, "…\n"+m.Link) || strings.Contains(got, "\ufffd") {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-60:])
	}
}
