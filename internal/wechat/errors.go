package wechat

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Class says what a caller does about an Error. The package documentation has
// the table of codes. The zero value is the most careful one.
type Class int

// The classes of errors.
const (
	// Unknown: the outcome is not known; read back before repeating an acting call.
	Unknown Class = iota
	// Again: the request certainly did not reach WeChat; repeat soon.
	Again
	// Later: WeChat refused for now; repeat after RetryAfter.
	Later
	// NewToken: get a new access token and repeat once.
	NewToken
	// NoPermission: a permission set or ability is not granted.
	NoPermission
	// Revoked: the authorisation is gone; reconcile before believing it.
	Revoked
	// Never: the call will not succeed as it is.
	Never
)

// String returns the class as one lower-case word for logs and metrics.
func (c Class) String() string {
	switch c {
	case Again:
		return "again"
	case Later:
		return "later"
	case NewToken:
		return "new_token"
	case NoPermission:
		return "no_permission"
	case Revoked:
		return "revoked"
	case Never:
		return "never"
	case Unknown:
	}
	return "unknown"
}

// Error codes that callers look at. Sources: open platform §7, complaint §6.4.
const (
	CodeSystemBusy          = -1
	CodeNoSuchComplaint     = 1
	CodeBadEvidence         = 2
	CodeWrongStatus         = 309
	CodeAppealNotAllowed    = 1002
	CodeBadParameter        = 10001
	CodeTokenInvalid        = 40001
	CodeSecretWrong         = 40125
	CodeOwnIPNotAllowed     = 40164
	CodeSecretFrozen        = 40243
	CodeNotRelated          = 43007
	CodeQuotaUsedUp         = 45009
	CodeTooFast             = 45011
	CodeNotGranted          = 48001
	CodeNotAuthorized       = 61003
	CodeIPNotAllowed        = 61004
	CodeTicketExpired       = 61005
	CodeTicketInvalid       = 61006
	CodePermissionMissing   = 61007
	CodeAuthCodeInvalid     = 61009
	CodeAuthCodeExpired     = 61010
	CodeNotAPlatform        = 61011
	CodeRefreshTokenInvalid = 61023
)

// Causes inside an Error, to be used with errors.Is.
var (
	// ErrArgument: the call was not made because an argument is missing or out of range.
	ErrArgument = errors.New("bad argument")
	// ErrBadAnswer: the answer is not JSON or lacks what it promises.
	ErrBadAnswer = errors.New("the answer is not what the call promises")
	// ErrAnswerTooLarge: the answer is longer than MaxAnswer.
	ErrAnswerTooLarge = errors.New("the answer is too large")
	// ErrNoTokens: the account is authorised, but WeChat gave no tokens for it, because it has no API rights (open platform §1.4).
	ErrNoTokens = errors.New("the account has no API rights, no tokens were given")
)

// Error is the failure of one call. It never holds the query, a token, a secret
// or a body.
type Error struct {
	// API is the name of the call, one of the API… constants.
	API string
	// HTTPStatus is 0 when there was no answer.
	HTTPStatus int
	// Code is WeChat's errcode, 0 when there was none.
	Code int
	// Msg is WeChat's errmsg without its rid, shortened, with the call's own secrets and texts struck out.
	Msg string
	// RID is WeChat's request id, for WeChat's support; "" when there was none.
	RID string
	// Class says what to do.
	Class Class
	// RetryAfter is how long to wait at least; 0 = the caller's own backoff.
	RetryAfter time.Duration
	// NeedsOperator: it stays wrong until a person repairs a setting (IP list, secret, account).
	NeedsOperator bool
	// Cause is the reason beside Code: ErrArgument, ErrBadAnswer, a transport error; may be nil.
	Cause error
}

// Error describes the failure for logs; it carries no secret.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wechat " + e.API)
	if e.HTTPStatus != 0 && (e.HTTPStatus < 200 || e.HTTPStatus > 299) {
		fmt.Fprintf(&b, ": HTTP %d", e.HTTPStatus)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ": errcode %d", e.Code)
	}
	if e.Msg != "" {
		b.WriteString(": " + e.Msg)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	if e.RID != "" {
		b.WriteString(" (rid " + e.RID + ")")
	}
	return b.String()
}

// Unwrap returns Cause.
func (e *Error) Unwrap() error { return e.Cause }

// ClassOf returns the class of the *Error inside err. Anything else is Unknown.
func ClassOf(err error) Class {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Class
	}
	return Unknown
}

// CodeOf returns the errcode of the *Error inside err, 0 when there is none.
func CodeOf(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// transportError keeps what errors.Is needs of a failed round trip, but not its
// text: net/http's own error prints the URL, and with it the token.
type transportError struct {
	text  string
	inner error
}

func (e *transportError) Error() string { return e.text }

// Is lets errors.Is see through to the original error.
func (e *transportError) Is(target error) bool { return errors.Is(e.inner, target) }

// Timeout tells whether the round trip ran out of time.
func (e *transportError) Timeout() bool {
	t, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](e.inner)
	return ok && t.Timeout()
}
