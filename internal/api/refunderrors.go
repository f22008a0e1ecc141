package api

import (
	"errors"
	"net/http"

	"github.com/zhisu/zhisu/internal/refund"
)

// refundProblem translates what money back refuses.
func refundProblem(err error) *Problem {
	var no *refund.Refused
	var field *refund.FieldError
	switch {
	case errors.As(err, &no):
		return refusedProblem(no)
	case errors.As(err, &field):
		return invalid(field.Field, field.Text)
	case errors.Is(err, refund.ErrTwice):
		return problemOf(http.StatusConflict, CodeConflict, "刚刚已经发起过一笔同样的退款，请确认是不是点了两次")
	case errors.Is(err, refund.ErrMoved):
		return problemOf(http.StatusConflict, CodeConflict, "这笔退款的状态已经变化，请刷新后再看")
	case errors.Is(err, refund.ErrSamePerson):
		return problemOf(http.StatusForbidden, CodeForbidden, "发起退款的人不能复核自己的退款，请另一位有退款权限的同事复核")
	case errors.Is(err, refund.ErrInUse):
		return problemOf(http.StatusConflict, CodeConflict, "还有小程序在用这个商户号，或者还有退款没有结果，不能移除")
	case errors.Is(err, refund.ErrChanged):
		return problemOf(http.StatusConflict, CodeConflict, "这个商户号刚刚被别人修改，请刷新后再试")
	case errors.Is(err, refund.ErrBadCursor):
		return invalid("cursor", "翻页参数无效，请从第一页开始")
	case is(err, refund.ErrNotFound, refund.ErrNoSuch):
		return errNotFound
	}
	return nil
}

func refusedProblem(no *refund.Refused) *Problem {
	var p *Problem
	switch no.Code {
	case refund.BlockNoRight:
		p = problemOf(http.StatusForbidden, CodeForbidden, no.Reason)
	case refund.BlockInFlight:
		p = problemOf(http.StatusConflict, CodeConflict, no.Reason)
	case refund.BlockNothingLeft:
		p = invalid("amount", no.Reason)
	default:
		p = problemOf(http.StatusConflict, CodeNotLegalNow, no.Reason)
		p.LegalActions = &[]string{}
	}
	p.Block, p.When = no.Code, no.WayOut
	return p
}
