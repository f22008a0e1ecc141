package demo

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/db"
)

// seedRule writes a rule to look at: it was never replayed, so nothing is answered before the visitor has done so and enabled it.
func seedRule(ctx context.Context, a *app.App) error {
	rs, err := a.Rules.Rules(ctx)
	if err != nil || len(rs) > 0 {
		return err
	}
	p, err := a.Programs.ByAppID(ctx, park)
	if err != nil {
		return err
	}
	days := int64(30)
	r := &automate.Rule{
		Name: "亲子乐园，赠品漏发", AmountMax: 30_000, FirstInDays: &days, WaitMinutes: 30, Decision: action.Agree, Refund: automate.NoRefund, MaxCasesPerDay: 10,
		Content: "非常抱歉，{商品}的赠品是我们漏发了，24 小时内为您补寄，物流单号会发到您的手机。",
	}
	r.ProgramIDs.V, r.Types.V = []string{p.ID}, []int64{631}
	err = a.Rules.Create(ctx, r, "周敏", func(context.Context, db.Tx, *automate.Rule) error { return nil })
	if err != nil {
		return fmt.Errorf("write a rule: %w", err)
	}
	return nil
}
