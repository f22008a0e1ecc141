package api

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/evidence/picture"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
)

// Codes are stable: scripts rely on them (design §6.6).
const (
	CodeValidation      = "validation"
	CodeUnauthenticated = "unauthenticated"
	CodeForbidden       = "forbidden"
	CodeNotFound        = "not_found"
	CodeConflict        = "conflict"
	CodeNotLegalNow     = "not_legal_now"
	CodeRateLimited     = "rate_limited"
	CodeIdempotency     = "idempotency_mismatch"
	CodeUpstream        = "upstream"
	CodeInternal        = "internal"
	CodeOTPRequired     = "otp_required"
	CodeWrongPassword   = "wrong_password"
	CodeTooLarge        = "too_large"
)

// Problem is the answer to a failed request (RFC 9457). Detail is a sentence for a merchant, code is for programs.
type Problem struct {
	Type   string `json:"type" example:"about:blank"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Errors name the fields that are wrong.
	Errors []FieldProblem `json:"errors,omitempty"`
	// LegalActions come with not_legal_now: what may be done instead.
	LegalActions *[]string `json:"legal_actions,omitempty"`
	// When says when a refused action becomes possible.
	When string `json:"when,omitempty"`
	// Block names why a refund is refused (refund-options, blocked).
	Block string `json:"block,omitempty"`

	headers http.Header
}

// FieldProblem is one wrong field.
type FieldProblem struct {
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problemOf(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func invalid(field, text string) *Problem {
	p := problemOf(http.StatusUnprocessableEntity, CodeValidation, text)
	p.Errors = []FieldProblem{{field, text}}
	return p
}

var errNotFound = problemOf(http.StatusNotFound, CodeNotFound, "没有找到，或者不在您的管理范围内")

// problem turns an error of any package into the answer. What is not known here is logged and answered as internal.
func (a *API) problem(ctx context.Context, err error) error {
	var known *Problem
	if errors.As(err, &known) {
		return known
	}
	for _, m := range []func(error) *Problem{identityProblem, actionProblem, programProblem, refundProblem, notifyProblem, linkProblem, inboxProblem, retentionProblem, ruleProblem} {
		if p := m(err); p != nil {
			return p
		}
	}
	if ctx.Err() == nil {
		a.Logger.ErrorContext(ctx, "request failed", "err", err)
	}
	return problemOf(http.StatusInternalServerError, CodeInternal, "服务出错了，请稍后再试")
}

func is(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

func identityProblem(err error) *Problem {
	var throttled *identity.Throttled
	switch {
	case errors.As(err, &throttled):
		p := problemOf(http.StatusTooManyRequests, CodeRateLimited, "登录失败次数太多，请稍后再试")
		p.headers = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(throttled.RetryAfter.Seconds())))}}
		return p
	case errors.Is(err, identity.ErrBadOTP):
		return problemOf(http.StatusUnauthorized, CodeUnauthenticated, "动态码不对，或者已经用过")
	case errors.Is(err, identity.ErrBadLogin):
		return problemOf(http.StatusUnauthorized, CodeUnauthenticated, "邮箱或密码不对")
	case errors.Is(err, identity.ErrOTPRequired):
		return problemOf(http.StatusUnauthorized, CodeOTPRequired, "请输入动态码")
	case errors.Is(err, identity.ErrWrongPassword):
		return problemOf(http.StatusUnprocessableEntity, CodeWrongPassword, "当前密码不对")
	case errors.Is(err, identity.ErrBadToken):
		return problemOf(http.StatusUnauthorized, CodeUnauthenticated, "API 令牌无效或已停用")
	case errors.Is(err, identity.ErrNotFound):
		return errNotFound
	case errors.Is(err, identity.ErrEmailTaken):
		return invalid("email", "这个邮箱已经有成员在用")
	case errors.Is(err, identity.ErrEmail):
		return invalid("email", "邮箱格式不对")
	case errors.Is(err, identity.ErrName):
		return invalid("name", "名称需要 1 到 64 个字")
	case errors.Is(err, identity.ErrRole):
		return invalid("role", "没有这个角色")
	case errors.Is(err, identity.ErrScope):
		return invalid("program_ids", "小程序编号不能为空")
	case errors.Is(err, identity.ErrWeakPassword):
		return invalid("password", "密码至少 10 位")
	case errors.Is(err, identity.ErrLastOwner):
		return problemOf(http.StatusConflict, CodeConflict, "至少要保留一位所有者")
	case errors.Is(err, identity.ErrSetupDone):
		return problemOf(http.StatusConflict, CodeConflict, "已经完成初始设置，请直接登录")
	case errors.Is(err, identity.ErrSetupLink):
		return problemOf(http.StatusForbidden, CodeForbidden, "设置链接无效或已被新的链接替换，请查看服务启动时打印的最新链接")
	case is(err, identity.ErrOTPActive, identity.ErrOTPNotEnrolled):
		return problemOf(http.StatusConflict, CodeConflict, "两步验证的状态已经变化，请刷新页面")
	case is(err, identity.ErrBadCursor, complaint.ErrBadCursor):
		return invalid("cursor", "翻页参数无效，请从第一页开始")
	}
	return nil
}

func actionProblem(err error) *Problem {
	var illegal *action.NotLegalError
	var held *complaint.HeldError
	var refused *picture.Refused
	var field *action.FieldError
	switch {
	case errors.As(err, &illegal):
		p := problemOf(http.StatusConflict, CodeNotLegalNow, illegal.Legality.Reason)
		p.When = illegal.Legality.When
		legal := actionNames(illegal.Legal)
		p.LegalActions = &legal
		return p
	case errors.As(err, &field):
		return invalid(field.Field, field.Text)
	case errors.As(err, &held):
		return problemOf(http.StatusConflict, CodeConflict, held.Name+"正在处理这张投诉单")
	case errors.As(err, &refused):
		status := http.StatusUnprocessableEntity
		if refused == picture.ErrSize {
			status = http.StatusRequestEntityTooLarge
		}
		p := problemOf(status, refused.Code, refused.Text)
		p.Errors = []FieldProblem{{"file", refused.Text}}
		return p
	case errors.Is(err, evidence.ErrUsed):
		return problemOf(http.StatusConflict, CodeConflict, "这张图片已经发送给微信，不能删除")
	case errors.Is(err, complaint.ErrNote):
		return invalid("text", "备注需要 1 到 2000 个字")
	case errors.Is(err, action.ErrInFlight):
		return problemOf(http.StatusConflict, CodeConflict, "这张投诉单有一项操作正在发送或刚刚发出，请稍后再看")
	case errors.Is(err, inbound.ErrNotReplayable):
		return problemOf(http.StatusConflict, CodeConflict, "只有投诉推送可以重新处理")
	case is(err, action.ErrNotFound, complaint.ErrNotFound, complaint.ErrNoImage, evidence.ErrNotFound, blob.ErrNotFound, inbound.ErrNotFound):
		return errNotFound
	}
	return nil
}

func programProblem(err error) *Problem {
	var field *program.FieldError
	switch {
	case errors.As(err, &field):
		return invalid(field.Field, field.Text)
	case errors.Is(err, program.ErrNotFound):
		return errNotFound
	case errors.Is(err, program.ErrNoPlatform):
		return problemOf(http.StatusConflict, CodeConflict, "还没有填写第三方平台信息")
	case errors.Is(err, program.ErrNoTicket):
		return problemOf(http.StatusConflict, CodeConflict, "还没有收到微信的票据，一般每 10 分钟推送一次，请稍后再试")
	case errors.Is(err, program.ErrLinkExpired):
		return problemOf(http.StatusNotFound, CodeNotFound, "授权链接无效或已过期，请向发给您链接的人要一个新的")
	case errors.Is(err, program.ErrTooSoon):
		return problemOf(http.StatusBadGateway, CodeUpstream, "微信暂时不接受平台的令牌，半分钟后会自动重试")
	case errors.Is(err, program.ErrAlreadyDirect):
		return problemOf(http.StatusConflict, CodeConflict, "这个小程序已经用自己的 AppSecret 接入，请在小程序页修改")
	case errors.Is(err, program.ErrIsPlatform):
		return problemOf(http.StatusConflict, CodeConflict, "这个小程序已经授权给第三方平台。改为直连后用它自己的 AppSecret 调用，投诉单都会保留；确认要改请带上 confirm 再提交一次")
	case errors.Is(err, program.ErrNotAuthorized):
		return problemOf(http.StatusConflict, CodeConflict, "这个小程序还没有授权给第三方平台，请先用授权链接让管理员授权，授权后会自动改为平台接入")
	case errors.Is(err, program.ErrNoSecret):
		return problemOf(http.StatusConflict, CodeConflict, "还没有填写小程序的 AppSecret")
	case errors.Is(err, program.ErrModeMismatch):
		return problemOf(http.StatusConflict, CodeConflict, "这个小程序的接入方式不支持这项操作")
	case is(err, program.ErrRevoked, program.ErrNeedsReauth):
		return problemOf(http.StatusConflict, CodeConflict, "小程序的授权已失效，请重新授权")
	}
	if text, ok := program.UpstreamText(err); ok {
		return problemOf(http.StatusBadGateway, CodeUpstream, text)
	}
	return nil
}

func (a *API) writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	for k, v := range p.headers {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		a.Logger.DebugContext(r.Context(), "client hung up before the answer", "err", err)
	}
}

// notifyProblem is here so that every translation is on this page.
func notifyProblem(err error) *Problem {
	var field *notify.FieldError
	switch {
	case errors.As(err, &field):
		return invalid(field.Field, field.Text)
	case errors.Is(err, notify.ErrNotFound):
		return errNotFound
	case errors.Is(err, notify.ErrChannelInUse):
		return problemOf(http.StatusConflict, CodeConflict, "还有订阅在使用这个渠道，请先修改订阅")
	case errors.Is(err, notify.ErrNotResendable):
		return problemOf(http.StatusConflict, CodeConflict, "这条通知正在发送，请等它有结果后再重发")
	case errors.Is(err, notify.ErrChanged):
		return problemOf(http.StatusConflict, CodeConflict, "这个渠道刚刚被别人修改，请刷新后再试")
	case errors.Is(err, notify.ErrBadCursor):
		return invalid("cursor", "翻页参数无效，请从第一页开始")
	}
	return nil
}
