package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/standing"
)

func (a *API) standingRoutes() {
	handle(a, identity.RightReports, op(http.MethodGet, "/penalties", "list-penalties", "standing", "Deductions from the 交易体验分, newest first"), a.listPenalties)
	handle(a, identity.RightReports, op(http.MethodGet, "/programs/{id}/standing", "get-standing", "standing", "Score, guarantee badge and violations of a program"), a.getStanding)
}

type listPenaltiesInput struct {
	Paging
	ProgramID string `query:"program_id"`
	Status    int64  `query:"status" doc:"2 deducted, 4 under appeal, 5 appeal rejected, 6 appeal won; WeChat may send others"`
}

type penaltyView struct {
	ID               string  `json:"id"`
	ProgramID        string  `json:"program_id"`
	ProgramName      string  `json:"program_name"`
	IllegalOrderID   string  `json:"illegal_order_id" doc:"WeChat's number of the deduction"`
	ComplaintOrderID *string `json:"complaint_order_id"`
	ComplaintID      *string `json:"complaint_id" doc:"null while the complaint is not known here"`
	Wording          string  `json:"wording"`
	Status           int64   `json:"status"`
	StatusText       string  `json:"status_text"`
	MinusScore       int64   `json:"minus_score"`
	TransactionID    *string `json:"transaction_id"`
	At               *int64  `json:"at" doc:"Unix ms"`
	UpdatedAt        *int64  `json:"updated_at"`
	AppealUntil      *int64  `json:"appeal_until" doc:"Usually 7 days after the deduction; not WeChat's word. null when there is nothing to begin"`
	Found            bool    `json:"found" doc:"The complaint is known only because the deduction names it: its push never came"`

	Complaint nullable[penaltyCase] `json:"complaint"`
}

type penaltyCase struct {
	Type     int64   `json:"type"`
	TypeText string  `json:"type_text"`
	Amount   *int64  `json:"amount" doc:"Fen"`
	Content  *string `json:"content" doc:"The first words, masked"`
	// Handled says what was done then.
	Handled  string  `json:"handled" enum:"agree,refuse,elsewhere,lapsed,open,none" doc:"Answered here, answered in WeChat's console, not answered in time, still to be answered, or not known"`
	By       *string `json:"by" doc:"Who, or which rule, answered here"`
	Refunded int64   `json:"refunded" doc:"Fen that arrived"`
}

type standingView struct {
	ProgramID    string          `json:"program_id"`
	Score        *int64          `json:"score"`
	ScoreReadAt  *int64          `json:"score_read_at"`
	ReadAt       *int64          `json:"read_at" doc:"When everything was read last"`
	Problem      *string         `json:"problem" doc:"Why the last reading told less than it should"`
	History      []scoreChange   `json:"history" doc:"The last 90 days, oldest first; the first may be older"`
	Deducted30d  int64           `json:"deducted_30d" doc:"Points, without those that were restored"`
	Penalties30d int64           `json:"penalties_30d"`
	Appealing    int64           `json:"appealing" doc:"Deductions under appeal"`
	AppealPoints int64           `json:"appeal_points" doc:"Points that come back if these appeals are won"`
	Guarantee    guaranteeView   `json:"guarantee"`
	Violations   []violationView `json:"violations" doc:"The last 90 days, newest first"`
	ViolationsAt *int64          `json:"violations_read_at"`
}

type scoreChange struct {
	At    int64  `json:"at"`
	Score int64  `json:"score"`
	Was   *int64 `json:"was"`
}

type guaranteeView struct {
	Active  *bool    `json:"active" doc:"null = not known"`
	Reasons []string `json:"reasons" doc:"Why not, in WeChat's words"`
	ReadAt  *int64   `json:"read_at"`
}

type violationView struct {
	ID       string  `json:"id"`
	At       *int64  `json:"at"`
	Kind     string  `json:"kind" enum:"record,warning,ban,punish,appeal,appeal_running,appeal_won,appeal_lost,appeal_withdrawn"`
	KindText string  `json:"kind_text"`
	Code     *int64  `json:"code" doc:"WeChat's event_type or appeal_status, for what was pushed"`
	Reason   string  `json:"reason"`
	Content  *string `json:"content"`
	GuideURL *string `json:"guide_url" doc:"How to put it right"`
	RuleName *string `json:"rule_name"`
	RuleURL  *string `json:"rule_url"`
}

func (a *API) listPenalties(ctx context.Context, in *listPenaltiesInput) (*body[page[penaltyView]], error) {
	f := standing.Filter{ProgramIDs: scope(ctx), Status: standing.Status(in.Status), Cursor: in.Cursor, Limit: in.Limit}
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return nil, errNotFound
		}
		f.ProgramIDs = []string{in.ProgramID}
	}
	ps, next, err := a.Standing.Penalties(ctx, f)
	if errors.Is(err, standing.ErrBadCursor) {
		return nil, invalid("cursor", "翻页参数无效，请从第一页开始")
	}
	if err != nil {
		return nil, err
	}
	views, err := a.penaltyViews(ctx, ps)
	return pageOf(views, next), err
}

func (a *API) penaltyViews(ctx context.Context, ps []standing.Penalty) ([]penaltyView, error) {
	programs, err := a.Programs.Names(ctx)
	if err != nil {
		return nil, err
	}
	ids := []string{}
	for i := range ps {
		if id := ps[i].ComplaintID; id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	cases, err := a.penaltyCases(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]penaltyView, len(ps))
	for i := range ps {
		p := &ps[i]
		out[i] = penaltyView{
			ID: p.ID, ProgramID: p.ProgramID, ProgramName: programs[p.ProgramID], IllegalOrderID: p.IllegalOrderID, ComplaintOrderID: orNil(p.ComplaintOrderID), ComplaintID: orNil(p.ComplaintID),
			Wording: p.Wording, Status: int64(p.Status), StatusText: p.Status.Text(), MinusScore: p.MinusScore, TransactionID: orNil(p.TransactionID), At: p.IllegalAt.Ptr(), UpdatedAt: p.ChangedAt.Ptr(),
			AppealUntil: p.AppealUntil().Ptr(), Found: p.Found,
		}
		if c, ok := cases[p.ComplaintID]; ok {
			out[i].Complaint = someOf(c)
		}
	}
	return out, nil
}

// penaltyCases tells of cases what matters beside a deduction: what they were about, and what was done then.
func (a *API) penaltyCases(ctx context.Context, ids []string) (map[string]penaltyCase, error) {
	cs, err := a.Complaints.Told(ctx, ids)
	if err != nil {
		return nil, err
	}
	answers, err := a.Actions.Answers(ctx, ids)
	if err != nil {
		return nil, err
	}
	back, err := a.Refunds.Refunded(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]penaltyCase, len(cs))
	for _, c := range cs {
		v := penaltyCase{Type: int64(c.Type), TypeText: c.Type.Text(), Amount: c.Amount, Content: orNil(firstWords(c.ContentMasked)), Refunded: back[c.ID], Handled: "none"}
		answer, answered := answers[c.ID]
		switch {
		case answered && answer.Decision == action.Agree:
			v.Handled, v.By = "agree", orNil(answer.ActorName)
		case answered:
			v.Handled, v.By = "refuse", orNil(answer.ActorName)
		case !c.AnsweredAt.IsZero():
			v.Handled = "elsewhere"
		case !c.LapsedAt.IsZero():
			v.Handled = "lapsed"
		case complaint.StageOf(c.Status, complaint.AppealNone) == complaint.ToRespond:
			v.Handled = "open"
		}
		out[c.ID] = v
	}
	return out, nil
}

// casePenalty is a deduction that names a case, as the case tells of it.
type casePenalty struct {
	ID         string `json:"id"`
	Wording    string `json:"wording"`
	MinusScore int64  `json:"minus_score"`
	Status     int64  `json:"status"`
	StatusText string `json:"status_text"`
	At         *int64 `json:"at" doc:"Unix ms"`
	Found      bool   `json:"found" doc:"The case is known only because of this deduction: its push never came"`
}

func (a *API) addPenalties(ctx context.Context, id string, v *complaintView) error {
	v.Penalties = []casePenalty{}
	if who(ctx).Via == identity.ViaLink {
		return nil
	}
	ps, err := a.Standing.OfComplaint(ctx, id)
	for i := range ps {
		p := &ps[i]
		v.Penalties = append(v.Penalties, casePenalty{p.ID, p.Wording, p.MinusScore, int64(p.Status), p.Status.Text(), p.IllegalAt.Ptr(), p.Found})
	}
	return err
}

// firstWords is what fits into a line.
func firstWords(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

const (
	historyDays = 90 * 24 * time.Hour
	recentDays  = 30 * 24 * time.Hour
)

func (a *API) getStanding(ctx context.Context, in *ByID) (*body[standingView], error) {
	if _, err := a.program(ctx, in.ID); err != nil {
		return nil, err
	}
	now := a.Clock.Now()
	st, changes, violations, err := a.Standing.Of(ctx, in.ID, db.At(now.Add(-historyDays)))
	if err != nil {
		return nil, err
	}
	sum, err := a.Standing.Sums(ctx, in.ID, db.At(now.Add(-recentDays)))
	if err != nil {
		return nil, err
	}
	v := standingView{
		ProgramID: in.ID, Score: st.Score, ScoreReadAt: st.ScoreAt.Ptr(), ReadAt: st.ReadAt.Ptr(), Problem: orNil(st.Error), History: []scoreChange{}, Deducted30d: sum.Points, Penalties30d: sum.Count,
		Appealing: sum.AppealCount, AppealPoints: sum.AppealedPoints, Guarantee: guaranteeView{Reasons: orEmpty(st.GuaranteeReasons.V), ReadAt: st.GuaranteeAt.Ptr()},
		Violations: []violationView{}, ViolationsAt: st.ViolationsAt.Ptr(),
	}
	if st.Guarantee != standing.BadgeUnknown {
		on := st.Guarantee == standing.BadgeOn
		v.Guarantee.Active = &on
	}
	for _, c := range changes {
		v.History = append(v.History, scoreChange{int64(c.At), c.Score, c.Was})
	}
	for i := range violations {
		x := &violations[i]
		name, text := x.Words()
		v.Violations = append(v.Violations, violationView{
			ID: x.RecordID, At: x.At.Ptr(), Kind: name, KindText: text, Code: nonZero(x.Code), Reason: x.Reason, Content: orNil(x.Content), RuleName: orNil(x.RuleName),
			RuleURL: orNil(x.RuleURL), GuideURL: orNil(x.GuideURL),
		})
	}
	return &body[standingView]{v}, nil
}
