package standing

import (
	"testing"

	"github.com/zhisu/zhisu/internal/db"
)

func TestEveryDeductionIsNamedAndOnlyAFreshOneCanBeAppealed(t *testing.T) {
	const at, week = db.Time(1773000000000), db.Time(7 * 24 * 3600 * 1000)
	for _, tt := range []struct {
		status Status
		at     db.Time
		text   string
		until  db.Time
	}{
		{Deducted, at, "已扣分", at + week},
		{Deducted, 0, "已扣分", 0}, // WeChat did not say when it was
		{Appealed, at, "申诉中", 0},
		{Rejected, at, "申诉驳回", 0},
		{Restored, at, "申诉成功", 0},
		{3, at, "未公开的状态 3", 0},
	} {
		p := Penalty{Status: tt.status, IllegalAt: tt.at}
		if p.Status.Text() != tt.text || p.AppealUntil() != tt.until {
			t.Errorf("%d: %q until %d", tt.status, p.Status.Text(), p.AppealUntil())
		}
	}
}

func TestEveryViolationIsNamed(t *testing.T) {
	for want, v := range map[string]Violation{
		"违规记录": {Kind: KindRecord}, "警告": {Kind: KindPunish, Code: 1}, "功能限制": {Kind: KindPunish, Code: 2}, "处罚": {Kind: KindPunish, Code: 9}, "申诉处理中": {Kind: KindAppeal, Code: 1},
		"申诉通过": {Kind: KindAppeal, Code: 2}, "申诉不通过": {Kind: KindAppeal, Code: 3}, "申诉已撤销": {Kind: KindAppeal, Code: 4}, "申诉": {Kind: KindAppeal},
	} {
		if _, text := v.Words(); text != want {
			t.Errorf("%+v: %q", v, text)
		}
	}
}
