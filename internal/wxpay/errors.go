package wxpay

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says what a failed call means for who made it.
type Class string

// The classes.
const (
	// Query: nobody knows what WeChat Pay did. Ask by the same number before anything else.
	Query Class = "query"
	// Again: the call certainly did not arrive; it may be repeated as it is.
	Again Class = "again"
	// Later: certainly not done; repeat as it is, but not soon (Error.After).
	Later Class = "later"
	// Funds: refused for lack of money; repeat with the same number when there is some.
	Funds Class = "funds"
	// Never: refused; repeating does not help.
	Never Class = "never"
	// Config: our credentials or our clock are wrong. It says nothing about the refund.
	Config Class = "config"
	// Absent: a query found nothing under this number.
	Absent Class = "absent"
)

// Codes of WeChat Pay that callers name. Source: reference §1.8.
const (
	CodeNotEnough       = "NOT_ENOUGH"
	CodeAccountAbnormal = "USER_ACCOUNT_ABNORMAL"
	CodeNoAuth          = "NO_AUTH"
	CodeInvalidRequest  = "INVALID_REQUEST"
	CodeParamError      = "PARAM_ERROR"
	CodeNotExists       = "RESOURCE_NOT_EXISTS"
	CodeMchNotExists    = "MCH_NOT_EXISTS"
	CodeOrderNotExist   = "ORDER_NOT_EXIST"
	CodeOrderNotExists  = "ORDERNOTEXIST"
	CodeSignError       = "SIGN_ERROR"
	CodeSystemError     = "SYSTEM_ERROR"
	CodeFrequency       = "FREQUENCY_LIMITED"
)

// Causes that callers tell apart.
var (
	ErrSignature     = errors.New("the answer's signature is missing or wrong")
	ErrUnknownSerial = errors.New("the answer is signed with a key that is not known yet")
	ErrTimestamp     = errors.New("the answer's time is more than five minutes off")
	ErrBadAnswer     = errors.New("the answer cannot be read")
	ErrMismatch      = errors.New("the answer is about another refund")
	ErrTooLarge      = errors.New("the answer is too large")
)

// Error is a call that did not succeed.
type Error struct {
	// API is the call: refund, query, order or certificates.
	API string
	// HTTPStatus is 0 when there was no answer.
	HTTPStatus int
	// Code is WeChat Pay's, empty when it said none.
	Code string
	// Message is WeChat Pay's sentence, cut short.
	Message string
	// RequestID is for WeChat Pay's support.
	RequestID string
	Class     Class
	// After is how long to wait at least; 0 leaves it to the caller.
	After time.Duration
	Cause error
}

// Error implements error. It has no URL and no body.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "WeChat Pay %s: %s", e.API, e.Class)
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, ", HTTP %d", e.HTTPStatus)
	}
	if e.Code != "" {
		b.WriteString(", " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(" " + e.Message)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// clip keeps WeChat Pay's words short enough for a row and a page.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
