package api

import (
	"context"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/table"
)

func ledgerFilter(ctx context.Context, in RefundFilter) (refund.Filter, error) {
	f := refund.Filter{
		ProgramIDs: scope(ctx), MerchantID: in.MerchantID, ComplaintID: in.ComplaintID, CreatedFrom: db.Time(in.CreatedFrom), CreatedTo: db.Time(in.CreatedTo), Query: in.Query,
	}
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return f, errNotFound
		}
		f.ProgramIDs = []string{in.ProgramID}
	}
	for st := range strings.SplitSeq(in.State, ",") {
		if st = strings.TrimSpace(st); st == "" {
			continue
		}
		if !slices.Contains(refund.States(), refund.State(st)) {
			return f, invalid("state", "没有这个退款状态")
		}
		f.States = append(f.States, refund.State(st))
	}
	return f, nil
}

func (a *API) listRefunds(ctx context.Context, in *listRefundsInput) (*body[page[refundView]], error) {
	f, err := ledgerFilter(ctx, in.RefundFilter)
	if err != nil {
		return nil, err
	}
	f.Cursor, f.Limit = in.Cursor, in.Limit
	rs, next, err := a.Refunds.List(ctx, f)
	if err != nil {
		return nil, err
	}
	views, err := a.refundViews(ctx, rs)
	return pageOf(views, next), err
}

func (a *API) refundTotals(ctx context.Context, in *refundTotalsInput) (*body[refundTotalsView], error) {
	f, err := ledgerFilter(ctx, in.RefundFilter)
	if err != nil {
		return nil, err
	}
	sums, all, err := a.Refunds.Totals(ctx, f, in.By)
	if err != nil {
		return nil, err
	}
	n, err := a.names(ctx)
	if err != nil {
		return nil, err
	}
	v := refundTotalsView{Items: []refundTotal{}, All: totalView(all, "")}
	for _, t := range sums {
		name := t.Key
		switch in.By {
		case refund.ByProgram:
			name = n.programs[t.Key]
		case refund.ByMerchant:
			name = n.merchants[t.Key]
		}
		v.Items = append(v.Items, totalView(t, name))
	}
	return &body[refundTotalsView]{v}, nil
}

func totalView(t refund.Total, name string) refundTotal {
	return refundTotal{Key: t.Key, Name: name, Done: t.Done, DoneCount: t.DoneCount, Open: t.Open, OpenCount: t.OpenCount, Failed: t.Failed, FailCount: t.FailedCount}
}

func (a *API) exportRefunds(ctx context.Context, in *exportRefundsInput) (*huma.StreamResponse, error) {
	f, err := ledgerFilter(ctx, in.RefundFilter)
	if err != nil {
		return nil, err
	}
	f.Limit = exportPage
	// Read before it begins: an error here is still answered as one.
	first, next, err := a.Refunds.List(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "export", Object: "refund", ObjectID: in.Format, ProgramID: in.ProgramID}); err != nil {
		return nil, err
	}
	return a.tableAnswer("refunds", "退款", in.Format, func(ctx context.Context, t table.Writer) error { return a.refundRows(ctx, t, f, first, next) }), nil
}

func (a *API) refundRows(ctx context.Context, t table.Writer, f refund.Filter, rs []refund.Refund, next string) error {
	if err := t.Row("投诉单号", "小程序", "商户号", "支付单号", "商户退款单号", "微信退款单号", "退款金额（元）", "订单金额（元）", "状态", "说明", "退款原因", "发起人", "复核人", "发起时间", "提交时间", "结束时间"); err != nil {
		return err
	}
	n, err := a.names(ctx)
	if err != nil {
		return err
	}
	for rows := 0; ; {
		for i := range rs {
			if err := t.Row(refundRow(&rs[i], n)...); err != nil {
				return err
			}
		}
		if rows += len(rs); next == "" || rows >= table.MaxRows {
			return nil
		}
		f.Cursor = next
		if rs, next, err = a.Refunds.List(ctx, f); err != nil {
			return err
		}
		rs = rs[:min(len(rs), table.MaxRows-rows)]
	}
}

func refundRow(r *refund.Refund, n names) []any {
	var total any
	if r.OrderTotal != nil {
		total = table.Fen(*r.OrderTotal)
	}
	text, _ := refund.Words(r.ErrorCode)
	return []any{
		r.ComplaintOrderID, n.programs[r.ProgramID], n.merchants[r.MerchantID], r.TransactionID, r.OutRefundNo, r.RefundID, table.Fen(r.Amount), total, r.State.Text(), text, r.Reason,
		r.ActorName, r.ApproverName, cellTime(r.CreatedAt), cellTime(r.SubmittedAt), cellTime(r.FinishedAt),
	}
}

func (a *API) reconcileRefunds(ctx context.Context, _ *empty) (*body[reconciliationStarted], error) {
	rec, err := a.Refunds.StartReconciliation(ctx, who(ctx).Name)
	if err != nil {
		return nil, err
	}
	return &body[reconciliationStarted]{reconciliationStarted{rec.ID}}, nil
}

func (a *API) getReconciliation(ctx context.Context, _ *empty) (*body[reconciliationView], error) {
	rec, err := a.Refunds.LastReconciliation(ctx)
	if err != nil || rec == nil {
		return &body[reconciliationView]{}, err
	}
	v := reconciliation{
		ID: rec.ID, State: rec.State, StartedAt: rec.StartedAt, FinishedAt: rec.FinishedAt.Ptr(), Actor: orNil(rec.ActorName), Checked: rec.Checked, Unreadable: rec.Unreadable,
		Differences: []refundDifference{},
	}
	for _, d := range rec.Differences.V {
		if !who(ctx).Sees(d.ProgramID) {
			continue
		}
		v.Differences = append(v.Differences, refundDifference{
			RefundID: d.RefundID, ComplaintID: d.ComplaintID, OutRefundNo: d.OutRefundNo, Amount: d.Amount, State: string(d.State), WechatState: orNil(d.WechatState), Text: d.Text,
		})
	}
	return &body[reconciliationView]{reconciliationView{someOf(v)}}, nil
}
