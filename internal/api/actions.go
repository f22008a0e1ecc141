package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) actionRoutes() {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		del  = http.MethodDelete
	)
	act := identity.RightCasesAct
	handle(a, act, accepted(op(post, "/complaints/{id}/respond", "respond-complaint", "actions", "回应处理: agree or refuse, with a text, pictures, or both")), a.respond)
	handle(a, act, accepted(op(post, "/complaints/{id}/supplement", "supplement-complaint", "actions", "补充凭证")), a.supplement)
	handle(a, act, accepted(op(post, "/complaints/{id}/refund-proof", "prove-complaint", "actions", "退款处理凭证")), a.refundProof)
	handle(a, act, accepted(op(post, "/complaints/{id}/appeal", "appeal-complaint", "actions", "申诉")), a.appeal)
	handle(a, act, op(post, "/complaints/{id}/preview", "preview-action", "actions", "Look over what is about to be sent; changes nothing"), a.preview)
	handle(a, act, op(get, "/complaints/{id}/advice", "get-advice", "actions", "Texts and evidence that fit the case"), a.advice)
	handle(a, act, op(post, "/complaints/{id}/editing", "edit-complaint", "actions", "Say that somebody is working on the case; lasts a minute"), a.edit)
	handleAs(a, act, op(del, "/complaints/{id}/editing", "stop-editing-complaint", "actions", "Give the case back"), a.stopEditing)
	handle(a, identity.RightCasesRead, op(get, "/actions/{id}", "get-action", "actions", "What became of an action"), a.getAction)
	a.templateRoutes()
}

type actionView struct {
	ID          string   `json:"id"`
	ComplaintID string   `json:"complaint_id"`
	Kind        string   `json:"kind" enum:"respond,supplement,refund_proof,appeal"`
	Decision    *string  `json:"decision" doc:"agree or refuse, for respond"`
	Content     string   `json:"content"`
	EvidenceIDs []string `json:"evidence_ids"`
	// AcceptReturn is null where nothing is returned.
	AcceptReturn *bool                 `json:"accept_return"`
	State        string                `json:"state" enum:"queued,running,done,failed,unknown"`
	Actor        string                `json:"actor"`
	CreatedAt    int64                 `json:"created_at" doc:"Unix ms"`
	FinishedAt   *int64                `json:"finished_at" doc:"Unix ms"`
	Error        nullable[actionError] `json:"error"`
}

type actionError struct {
	Code          string  `json:"code"`
	Text          string  `json:"text"`
	WechatErrcode *int64  `json:"wechat_errcode"`
	RID           *string `json:"rid"`
}

func actionViewOf(x *action.Action) actionView {
	v := actionView{
		ID: x.ID, ComplaintID: x.ComplaintID, Kind: string(x.Kind), Decision: orNil(string(x.Decision)), Content: x.Content, EvidenceIDs: orEmpty(x.EvidenceIDs.V), State: string(x.State),
		Actor: x.ActorName, CreatedAt: int64(x.CreatedAt), FinishedAt: x.FinishedAt.Ptr(),
	}
	if x.AcceptReturn != nil {
		yes := *x.AcceptReturn == 1
		v.AcceptReturn = &yes
	}
	if x.ErrorCode != "" || (x.State != action.Done && x.Errcode != nil) {
		e := actionError{Code: x.ErrorCode, Text: x.Problem(), WechatErrcode: x.Errcode, RID: orNil(x.RID)}
		if x.ErrorCode == "" {
			e.Code, e.Text = "retrying", "微信暂时没有正常返回，正在重试"
			if x.State == action.Unknown {
				e.Code, e.Text = "checking", "没有收到微信的结果，正在向微信核实"
			}
		}
		v.Error = someOf(e)
	}
	return v
}

type actionAccepted struct {
	ActionID string `json:"action_id"`
}

// ActBody is what every action has.
type ActBody struct {
	Content     string   `json:"content,omitempty" doc:"Text, pictures, or both"`
	EvidenceIDs []string `json:"evidence_ids,omitempty" maxItems:"9"`
	TakeOver    bool     `json:"take_over,omitempty" doc:"Also when somebody else is working on the case"`
	ByHand      bool     `json:"by_hand,omitempty" doc:"Managers: also when it is not known whether WeChat takes it now"`
}

// ActInput names the case of an action.
type ActInput struct {
	ByID
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key and body give the same answer for 24 h"`
}

type respondInput struct {
	ActInput
	Body struct {
		Decision string `json:"decision" enum:"agree,refuse"`
		ActBody
	}
}

type plainActInput struct {
	ActInput
	Body ActBody
}

type proofInput struct {
	ActInput
	Body struct {
		ActBody
		AcceptReturn *bool `json:"accept_return,omitempty" doc:"Whether the returned goods arrived; needed while goods come back, absent otherwise"`
	}
}

func (a *API) respond(ctx context.Context, in *respondInput) (*body[actionAccepted], error) {
	return a.submit(ctx, in.ActInput, in.Body.ActBody, action.Intent{Kind: complaint.Respond, Decision: action.Decision(in.Body.Decision)})
}

func (a *API) supplement(ctx context.Context, in *plainActInput) (*body[actionAccepted], error) {
	return a.submit(ctx, in.ActInput, in.Body, action.Intent{Kind: complaint.Supplement})
}

func (a *API) refundProof(ctx context.Context, in *proofInput) (*body[actionAccepted], error) {
	return a.submit(ctx, in.ActInput, in.Body.ActBody, action.Intent{Kind: complaint.RefundProof, AcceptReturn: in.Body.AcceptReturn})
}

func (a *API) appeal(ctx context.Context, in *plainActInput) (*body[actionAccepted], error) {
	return a.submit(ctx, in.ActInput, in.Body, action.Intent{Kind: complaint.Appeal})
}

func (a *API) submit(ctx context.Context, in ActInput, b ActBody, intent action.Intent) (*body[actionAccepted], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	if b.ByHand && p.Role != identity.Owner && p.Role != identity.Manager {
		return nil, problemOf(http.StatusForbidden, CodeForbidden, "微信的状态不明确时，只有管理员可以尝试发送")
	}
	if err := a.usable(ctx, c.ID, b.EvidenceIDs); err != nil {
		return nil, err
	}
	if !b.TakeOver {
		if err := a.Complaints.Held(ctx, c.ID, p.UserID); err != nil {
			return nil, err
		}
	}
	key := in.IdempotencyKey
	if key == "" {
		key = db.NewID()
	}
	intent.ComplaintID, intent.Content, intent.EvidenceIDs, intent.ByHand = c.ID, b.Content, b.EvidenceIDs, b.ByHand
	intent.ActorID, intent.ActorName, intent.Source, intent.RequestKey = p.UserID, p.Name, complaint.FromStaff, p.UserID+"/"+key
	act, err := a.Actions.Submit(ctx, intent)
	if err != nil {
		return nil, err
	}
	if err := a.Complaints.Acknowledge(ctx, c.ID, p.UserID, p.Name, false); err != nil {
		a.Logger.WarnContext(ctx, "case not acknowledged", "complaint", c.ID, "err", err)
	}
	if err := a.Complaints.StopEditing(ctx, c.ID, p.UserID); err != nil {
		a.Logger.WarnContext(ctx, "case not given back", "complaint", c.ID, "err", err)
	}
	a.personActs(ctx, c.ID, "已经在处理")
	return &body[actionAccepted]{actionAccepted{act.ID}}, nil
}

type previewInput struct {
	ByID
	Body struct {
		Kind         string   `json:"kind" enum:"respond,supplement,refund_proof,appeal"`
		Decision     string   `json:"decision,omitempty" enum:"agree,refuse"`
		Content      string   `json:"content,omitempty"`
		EvidenceIDs  []string `json:"evidence_ids,omitempty"`
		AcceptReturn *bool    `json:"accept_return,omitempty"`
	}
}

type warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

type previewView struct {
	Warnings []warning `json:"warnings" doc:"What a careful colleague would mention; they keep nobody from sending"`
}

func (a *API) preview(ctx context.Context, in *previewInput) (*body[previewView], error) {
	if _, err := a.complaint(ctx, in.ID); err != nil {
		return nil, err
	}
	v := previewView{Warnings: []warning{}}
	b := in.Body
	for _, w := range action.Warnings(action.Intent{
		Kind: complaint.Action(b.Kind), Decision: action.Decision(b.Decision), Content: b.Content, EvidenceIDs: b.EvidenceIDs,
	}, false) {
		v.Warnings = append(v.Warnings, warning{w.Code, w.Text})
	}
	return &body[previewView]{v}, nil
}

type adviceInput struct {
	ByID
	Kind string `query:"kind" enum:"respond,supplement,refund_proof,appeal" default:"respond"`
}

type adviceView struct {
	Templates []renderedTemplate `json:"templates" doc:"Filled in for this case, the best match first"`
	Checklist []string           `json:"checklist" doc:"Evidence that usually helps"`
}

type renderedTemplate struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Decision *string  `json:"decision"`
	Text     string   `json:"text"`
	Unfilled []string `json:"unfilled" doc:"Variables whose value is not known"`
}

func (a *API) advice(ctx context.Context, in *adviceInput) (*body[adviceView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Programs.ByID(ctx, c.ProgramID)
	if err != nil {
		return nil, err
	}
	all, err := a.Actions.Templates(ctx)
	if err != nil {
		return nil, err
	}
	kind := complaint.Action(in.Kind)
	v := adviceView{Templates: []renderedTemplate{}, Checklist: action.Checklist(kind, c.Type)}
	values, err := a.templateValues(ctx, c, p.Name)
	if err != nil {
		return nil, err
	}
	for _, t := range action.Suggest(all, kind, c.Type) {
		r := action.Render(t, values)
		v.Templates = append(v.Templates, renderedTemplate{t.ID, t.Name, orNil(string(t.Decision)), r.Text, r.Unfilled})
	}
	return &body[adviceView]{v}, nil
}

type editInput struct {
	ByID
	Body *struct {
		TakeOver bool `json:"take_over,omitempty"`
	} `required:"false"`
}

type editingView struct {
	Editing editing `json:"editing"`
}

func (a *API) edit(ctx context.Context, in *editInput) (*body[editingView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	e, err := a.Complaints.Edit(ctx, c.ID, p.UserID, p.Name, in.Body != nil && in.Body.TakeOver)
	if err != nil {
		return nil, err
	}
	// Whoever writes an answer has seen what is asked for.
	if err := a.Complaints.Acknowledge(ctx, c.ID, p.UserID, p.Name, false); err != nil {
		return nil, err
	}
	a.personActs(ctx, c.ID, "正在写回应")
	return &body[editingView]{editingView{editing{e.UserID, e.UserName, e.Until}}}, nil
}

func (a *API) stopEditing(ctx context.Context, in *ByID) (*empty, error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &empty{}, a.Complaints.StopEditing(ctx, c.ID, who(ctx).UserID)
}

func (a *API) getAction(ctx context.Context, in *ByID) (*body[actionView], error) {
	x, err := a.Actions.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !seesCase(ctx, x.ComplaintID, x.ProgramID) {
		return nil, errNotFound
	}
	return &body[actionView]{actionViewOf(x)}, nil
}
