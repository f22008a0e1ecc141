package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/report"
	"github.com/zhisu/zhisu/internal/table"
)

func (a *API) reportRoutes() {
	handle(a, identity.RightReports, op(http.MethodGet, "/reports/complaints", "get-complaint-report", "reports", "What became of the complaints filed in a period"), a.complaintReport)
	o := op(http.MethodGet, "/reports/complaints/export", "export-complaint-report", "reports", "The same as a table")
	o.Responses = map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{
		table.CSV.ContentType(): {}, table.XLSX.ContentType(): {},
	}}}
	handleAs(a, identity.RightReports, o, a.exportReport)
}

// ReportFilter is what a report is about.
type ReportFilter struct {
	From      int64  `query:"from" minimum:"0" doc:"Filed at or after; 30 days ago when absent"`
	To        int64  `query:"to" minimum:"0" doc:"Filed before; now when absent. At most 366 days after from"`
	ProgramID string `query:"program_id"`
	By        string `query:"by" enum:"day,program,type,member" default:"program"`
}

type exportReportInput struct {
	ReportFilter
	Format string `query:"format" enum:"csv,xlsx" default:"csv"`
}

type reportView struct {
	From  int64       `json:"from"`
	To    int64       `json:"to"`
	By    string      `json:"by"`
	All   reportRow   `json:"all"`
	Items []reportRow `json:"items" doc:"Most complaints first; days in order, each with a row"`
}

type reportRow struct {
	Key           string `json:"key" doc:"Program id, problem number, member id, or day (2006-01-02, Beijing); a rule and what was not answered here have no member id"`
	Name          string `json:"name" doc:"Empty for what was not answered here"`
	Filed         int64  `json:"filed"`
	Closed        int64  `json:"closed" doc:"Of these, closed by now"`
	Withdrawn     int64  `json:"withdrawn"`
	Answered      int64  `json:"answered" doc:"By the merchant, here or in WeChat's console"`
	Lapsed        int64  `json:"lapsed" doc:"Not answered in time, as WeChat noted"`
	Agreed        int64  `json:"agreed" doc:"Answered here with 同意和解"`
	Refused       int64  `json:"refused" doc:"Answered here with 拒绝和解"`
	Ruled         int64  `json:"ruled" doc:"Found to be the merchant's fault"`
	Amount        int64  `json:"amount" doc:"Fen, of the orders"`
	Refunded      int64  `json:"refunded" doc:"Fen that arrived"`
	RefundedCases int64  `json:"refunded_cases"`
	AnswerMedian  *int64 `json:"answer_median" doc:"Milliseconds from the complaint to its answer, half took no longer, to the next minute, 10 minutes from an hour on, hours from a day on; null when none was answered"`
	AnswerSlow    *int64 `json:"answer_slow" doc:"The same, nine tenths took no longer"`
}

// defaultSpan is the period of a report when nobody says.
const defaultSpan = 30 * 24 * time.Hour

func (a *API) makeReport(ctx context.Context, in ReportFilter) (*reportView, error) {
	q := report.Query{ProgramIDs: scope(ctx), From: db.Time(in.From), To: db.Time(in.To), By: report.By(in.By)}
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return nil, errNotFound
		}
		q.ProgramIDs = []string{in.ProgramID}
	}
	if q.To.IsZero() {
		q.To = db.At(a.Clock.Now())
	}
	if q.From.IsZero() {
		q.From = db.At(q.To.Time().Add(-defaultSpan))
	}
	r, err := a.Reports.Complaints(ctx, q)
	switch {
	case errors.Is(err, report.ErrPeriod):
		return nil, invalid("from", "起止时间不对：开始要早于结束，最长 366 天")
	case errors.Is(err, report.ErrBy):
		return nil, invalid("by", "只能按日期、小程序、问题类型或成员汇总")
	case err != nil:
		return nil, err
	}
	programs, err := a.Programs.Names(ctx)
	if err != nil {
		return nil, err
	}
	v := &reportView{From: int64(q.From), To: int64(q.To), By: in.By, All: reportRowOf(&r.All), Items: []reportRow{}}
	for i := range r.Rows {
		row := reportRowOf(&r.Rows[i])
		switch q.By {
		case report.ByProgram:
			row.Name = programs[row.Key]
		case report.ByProblem:
			n, err := strconv.ParseInt(row.Key, 10, 64)
			if err != nil {
				return nil, err
			}
			row.Name = complaint.Problem(n).Text()
		case report.ByDay:
			row.Name = row.Key
		}
		v.Items = append(v.Items, row)
	}
	return v, nil
}

func reportRowOf(r *report.Row) reportRow {
	return reportRow{
		Key: r.Key, Name: r.Name, Filed: r.Filed, Closed: r.Closed, Withdrawn: r.Withdrawn, Answered: r.Answered, Lapsed: r.Lapsed, Agreed: r.Agreed, Refused: r.Refused,
		Ruled: r.Ruled, Amount: r.Amount, Refunded: r.Refunded, RefundedCases: r.RefundedCases, AnswerMedian: r.Median, AnswerSlow: r.Slow,
	}
}

func (a *API) complaintReport(ctx context.Context, in *ReportFilter) (*body[reportView], error) {
	v, err := a.makeReport(ctx, *in)
	if err != nil {
		return nil, err
	}
	return &body[reportView]{*v}, nil
}

// reportHeads name the first column of an exported report.
var reportHeads = map[string]string{"day": "日期", "program": "小程序", "type": "问题类型", "member": "成员"}

func (a *API) exportReport(ctx context.Context, in *exportReportInput) (*huma.StreamResponse, error) {
	v, err := a.makeReport(ctx, in.ReportFilter)
	if err != nil {
		return nil, err
	}
	if err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "export", Object: "report", ObjectID: in.Format, ProgramID: in.ProgramID, Detail: map[string]any{"by": in.By}}); err != nil {
		return nil, err
	}
	return a.tableAnswer("report", "报表", in.Format, func(_ context.Context, t table.Writer) error {
		if err := t.Row(reportHeads[v.By], "新增投诉", "已完结", "用户撤销", "已回应", "超时未回应", "同意和解", "拒绝和解", "判商家责任", "订单金额（元）", "退款金额（元）", "退款单数", "回应用时中位数（小时）", "九成在多久内回应（小时）"); err != nil {
			return err
		}
		v.All.Name = "合计"
		for _, r := range append(v.Items, v.All) {
			if err := t.Row(r.cells()...); err != nil {
				return err
			}
		}
		return nil
	}), nil
}

func (r reportRow) cells() []any {
	name := r.Name
	switch {
	case name == "" && r.Key == "":
		name = "没有在知诉回应"
	case name == "":
		name = r.Key
	}
	return []any{
		name, r.Filed, r.Closed, r.Withdrawn, r.Answered, r.Lapsed, r.Agreed, r.Refused, r.Ruled, table.Fen(r.Amount), table.Fen(r.Refunded), r.RefundedCases, hours(r.AnswerMedian), hours(r.AnswerSlow),
	}
}

// hours as tables show them, with one decimal; empty when there are none.
func hours(ms *int64) any {
	if ms == nil {
		return nil
	}
	return strconv.FormatFloat(float64(*ms)/float64(time.Hour.Milliseconds()), 'f', 1, 64)
}
