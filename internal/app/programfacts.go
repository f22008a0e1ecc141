package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
)

// ProgramFacts implements notify.FactsReader. What is said is true when it is read: a certificate that was changed meanwhile is not called old.
func (f facts) ProgramFacts(ctx context.Context, programID string, ev notify.Event) (notify.Facts, error) {
	p, err := f.programs.ByID(ctx, programID)
	if err != nil {
		return notify.Facts{}, err
	}
	out := notify.Facts{Tags: p.Tags.V, ProgramID: p.ID, ProgramName: p.Name, ProgramState: string(p.State)}
	if out.ProgramName == "" {
		out.ProgramName = p.AppID
	}
	switch ev.Kind {
	case notify.EventMerchantExpiring:
		out.URL = f.publicURL + "/settings/merchants"
		out.Note, err = f.expiry(ctx, ev.Key)
	case notify.EventScoreDropped:
		out.Note = scoreNote(ev.Key)
	case notify.EventPermissionLost:
		out.Note = permissionNote(p)
	}
	return out, err
}

func permissionNote(p *program.Program) (note string) {
	if p.State == program.Revoked {
		return "小程序已取消授权，收不到新投诉。请管理员重新授权。"
	}
	for _, id := range p.Missing() {
		s := program.SetByID(id)
		note += "缺少「" + s.Name + "」权限：" + s.Without + "。"
	}
	return note
}

// scoreKey is what tells one drop of a score from another, scoreNote says it in words.
func scoreKey(j program.ScoreDroppedArgs) string { return fmt.Sprintf("%d/%d/%d", j.From, j.To, j.At) }

func scoreNote(key string) string {
	var from, to, at int64
	if _, err := fmt.Sscanf(key, "%d/%d/%d", &from, &to, &at); err != nil {
		return ""
	}
	return fmt.Sprintf("交易体验分从 %d 分降到 %d 分。", from, to)
}

// expiryKey names a merchant's certificate and the reminder; expiry says which merchant it is, and how long is left.
func expiryKey(j refund.ExpiringArgs) string {
	return fmt.Sprintf("%s/%d/%d", j.MerchantID, j.At, j.Days)
}

func (f facts) expiry(ctx context.Context, key string) (string, error) {
	id, rest, _ := strings.Cut(key, "/")
	at, _, _ := strings.Cut(rest, "/")
	m, err := f.refunds.Merchant(ctx, id)
	switch {
	case errors.Is(err, refund.ErrNoSuch):
		return "商户号已经删除，不用处理。", nil
	case err != nil:
		return "", err
	}
	whose := "「" + m.Name + "」（商户号 " + m.MchID + "）"
	if strconv.FormatInt(int64(m.CertExpiresAt), 10) != at {
		return whose + "的证书已经换新，不用处理。", nil
	}
	left := m.CertExpiresAt.Time().Sub(f.now())
	day := m.CertExpiresAt.Time().In(complaint.Beijing).Format("2006-01-02 15:04")
	if left <= 0 {
		return whose + "的证书已在 " + day + " 过期，现在不能退款。" + renew, nil
	}
	return fmt.Sprintf("%s的证书 %s 到期，还有 %d 天。%s", whose, day, int64(left/(24*time.Hour)), renew), nil
}

// renew is the way out: a certificate ends hard, nothing switches by itself (reference/wechat-pay.md §2.4).
const renew = "请到商户平台「账户中心 → API 安全 → 商户 API 证书」申请新证书，再到知诉「设置 → 商户号」换上。"
