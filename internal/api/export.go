package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/table"
)

func (a *API) exportRoutes() {
	o := op(http.MethodGet, "/complaints/export", "export-complaints", "complaints", "Complaints of a filter as a table, personal data masked, at most 100,000")
	o.Responses = map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{
		table.CSV.ContentType(): {}, table.XLSX.ContentType(): {},
	}}}
	handleAs(a, identity.RightReports, o, a.exportComplaints)
}

type exportComplaintsInput struct {
	ComplaintFilter
	Format string `query:"format" enum:"csv,xlsx" default:"csv"`
}

// exportPage is how many complaints are read at a time: what an export holds in memory.
const exportPage = 500

func (a *API) exportComplaints(ctx context.Context, in *exportComplaintsInput) (*huma.StreamResponse, error) {
	f, err := a.filter(ctx, in.ComplaintFilter)
	if err != nil {
		return nil, err
	}
	f.Limit = exportPage
	// Read before it begins: an error here is still answered as one.
	first, next, err := a.Complaints.List(ctx, f)
	if err != nil {
		return nil, err
	}
	if err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{
		Verb: "export", Object: "complaint", ObjectID: in.Format, ProgramID: in.ProgramID, Detail: map[string]any{"view": in.View, "status": in.Status, "type": in.Type, "search": in.Query != ""},
	}); err != nil {
		return nil, err
	}
	return a.tableAnswer("complaints", "投诉", in.Format, func(ctx context.Context, t table.Writer) error { return a.exportRows(ctx, t, f, first, next) }), nil
}

// tableAnswer streams a table under a file name of its own; rows writes it.
func (a *API) tableAnswer(file, sheet, as string, rows func(context.Context, table.Writer) error) *huma.StreamResponse {
	format := table.Format(as)
	name := file + "-" + a.Clock.Now().In(complaint.Beijing).Format("20060102-1504") + "." + as
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", format.ContentType())
		hc.SetHeader("Content-Disposition", `attachment; filename="`+name+`"`)
		t, err := table.New(hc.BodyWriter(), format, sheet)
		if err == nil {
			err = rows(hc.Context(), t)
		}
		if err == nil {
			err = t.Close()
		}
		if err != nil && hc.Context().Err() == nil {
			a.Logger.ErrorContext(hc.Context(), "export broken off", "err", err)
			panic(http.ErrAbortHandler) // the answer has begun: cutting it off is the only way to say that it is not whole
		}
	}}
}

// cellTime is a moment as tables show it, in Beijing; empty when there is none.
func cellTime(t db.Time) table.Time {
	if t.IsZero() {
		return table.Time{}
	}
	return table.Time{Time: t.Time().In(complaint.Beijing)}
}

func (a *API) exportRows(ctx context.Context, t table.Writer, f complaint.Filter, cs []complaint.Complaint, next string) error {
	if err := t.Row("投诉单号", "小程序", "环节", "微信状态", "问题类型", "订单金额（元）", "已退款（元）", "商品", "支付单号", "商户单号", "用户手机", "投诉内容", "投诉时间", "截止时间", "负责人", "最近操作", "与微信同步于"); err != nil {
		return err
	}
	people, err := a.people(ctx)
	if err != nil {
		return err
	}
	for rows := 0; ; {
		items, err := a.summaries(ctx, cs)
		if err != nil {
			return err
		}
		for i := range items {
			if err := t.Row(exportRow(&cs[i], &items[i], people)...); err != nil {
				return err
			}
		}
		if rows += len(items); next == "" || rows >= table.MaxRows {
			return nil
		}
		f.Cursor = next
		if cs, next, err = a.Complaints.List(ctx, f); err != nil {
			return err
		}
		cs = cs[:min(len(cs), table.MaxRows-rows)]
	}
}

var (
	stageTexts = map[string]string{
		"to_respond": "待回应", "to_supplement": "待补凭证", "to_prove": "待上传处理凭证", "to_appeal": "可申诉", "waiting_user": "待用户确认", "platform": "平台处理中", "closed": "已完结", "unknown": "状态不明",
	}
	actionTexts = map[string]string{"queued": "等待发送", "running": "正在发送", "done": "已送达微信", "failed": "失败", "unknown": "正在核实"}
)

func exportRow(c *complaint.Complaint, s *ComplaintSummary, people map[string]string) []any {
	var amount, back any
	if c.Amount != nil {
		amount = table.Fen(*c.Amount)
	}
	if s.RefundedAmount != nil {
		back = table.Fen(*s.RefundedAmount)
	}
	last := ""
	if s.ActionState != nil {
		last = actionTexts[*s.ActionState]
	}
	return []any{
		c.ComplaintOrderID, s.ProgramName, stageTexts[s.Stage], s.StatusText, s.TypeText, amount, back, c.ProductName, c.TransactionID, c.OutTradeNo, c.PhoneMasked, c.ContentMasked,
		cellTime(c.CreatedAt), cellTime(c.DueAt), people[c.AssigneeID], last, cellTime(c.SyncedAt),
	}
}
