package wechat

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// verdict is what a code means for the caller.
type verdict struct {
	class    Class
	after    time.Duration
	operator bool
}

const (
	afterBusy   = 2 * time.Second
	afterMinute = time.Minute
	afterRepair = 10 * time.Minute
	afterQuota  = time.Hour
)

// generalCode is the table of open platform §7 for codes any call can return.
// The times are ours: WeChat gives none.
func generalCode(code int) verdict {
	switch code {
	case CodeSystemBusy:
		return verdict{class: Later, after: afterBusy}
	case CodeTokenInvalid, 40014, 42001, 42006:
		return verdict{class: NewToken}
	case CodeQuotaUsedUp:
		return verdict{class: Later, after: afterQuota}
	case CodeTooFast, CodeTicketExpired, CodeTicketInvalid:
		return verdict{class: Later, after: afterMinute}
	case CodeNotGranted, 48004, CodePermissionMissing, 61016, 61017:
		return verdict{class: NoPermission}
	case CodeNotAuthorized, CodeNotRelated, 42007:
		return verdict{class: Revoked}
	case CodeOwnIPNotAllowed, CodeSecretFrozen, 45035, CodeIPNotAllowed, 61028, 61029,
		89501, 89502, 89503, 89504, 89505, 89506, 89507:
		return verdict{class: Later, after: afterRepair, operator: true}
	case 40013, CodeSecretWrong, 50002, CodeNotAPlatform:
		return verdict{class: Never, operator: true}
	case 40002, 40007, 40097, 40170, 41001, 41002, 41004, 41018, 41021, 43002, 43003, 44002, 45015, 45047, 47001, 48006,
		CodeAuthCodeInvalid, CodeAuthCodeExpired, 61012, 61013, 61014, 61015, 61018, 61019, 61020, 61021, 61022,
		CodeRefreshTokenInvalid, 61024, 61030, 76003, 76021, 76022:
		return verdict{class: Never}
	}
	return verdict{class: Unknown}
}

// ownCodes is an endpoint's own table; ok is false for codes it does not name.
type ownCodes func(code int) (v verdict, ok bool)

// never is the table of an endpoint whose own codes all mean "not as it is".
func never(codes ...int) ownCodes {
	return func(code int) (verdict, bool) {
		for _, c := range codes {
			if c == code {
				return verdict{class: Never}, true
			}
		}
		return verdict{}, false
	}
}

// secretCodes is the table of calls that show a secret instead of a token: 40001
// says that the secret is wrong, and no new token helps (open platform §7).
func secretCodes(code int) (verdict, bool) {
	if code == CodeTokenInvalid {
		return verdict{class: Never, operator: true}, true
	}
	return verdict{}, false
}

// judge looks a code up, first in the endpoint's own table.
func (k *call) judge(code int) verdict {
	if k.codes != nil {
		if v, ok := k.codes(code); ok {
			return v
		}
	}
	v := generalCode(code)
	if k.acting && code == CodeSystemBusy {
		// WeChat says "system error" also after it has acted.
		v.class = Unknown
	}
	return v
}

// withoutURL strips what net/http wraps around a transport error.
func withoutURL(err error) error {
	for {
		u, ok := errors.AsType[*url.Error](err)
		if !ok || u.Err == nil {
			return err
		}
		err = u.Err
	}
}

// retryAfter reads the Retry-After header in seconds, at most an hour.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 1 || n > 3600 {
		return afterMinute
	}
	return time.Duration(n) * time.Second
}
