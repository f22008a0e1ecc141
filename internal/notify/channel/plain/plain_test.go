package plain_test

import (
	"testing"

	"github.com/zhisu/zhisu/internal/notify/channel/plain"
)

func TestTextsAreMadeFit(t *testing.T) {
	for in, want := range map[string]string{
		"罐子 碎了\n\t请  退款": "罐子 碎了 请 退款", "好😀的👨‍👩‍👧！": "好的！", "a\u200bb\x00c\ufeff": "abc", "☎️138": "138", "\xff坏": "坏", "→ ▲ ™": "", "": "",
	} {
		if got := plain.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
	if got := plain.Clip("明前龙井 250g 礼盒", 6); got != "明前龙井…" {
		t.Errorf("Clip = %q", got)
	}
	if plain.Clip("茶", 1) != "茶" || plain.Cut("明前龙井", 2) != "明前" || plain.Cut("茶", 5) != "茶" || plain.Or("", "无") != "无" {
		t.Error("lengths do not count characters")
	}
	if got := plain.Only("茶a1!", plain.IsHan) + plain.Only("茶a1!", plain.IsLatin) + plain.Only("茶a1!", plain.IsDigit); got != "茶a1" {
		t.Errorf("Only = %q", got)
	}
}
