package wxpay

import (
	"net/http"
	"time"
)

// verdict is what a code means.
type verdict struct {
	class Class
	after time.Duration
}

const aMinute = time.Minute

// judgeRefund is the table of reference §1.8. What the table calls "retry" after a 5xx or a 429 is Query here: whether the refund exists is not certain, and a
// query costs nothing.
func judgeRefund(status int, code string) verdict {
	switch code {
	case CodeNotEnough:
		return verdict{class: Funds}
	case CodeAccountAbnormal, CodeNoAuth, CodeParamError:
		return verdict{class: Never}
	case CodeMchNotExists, CodeSignError:
		return verdict{class: Config}
	case CodeFrequency, "RATELIMIT_EXCEEDED":
		return verdict{class: Query, after: aMinute}
	case CodeNotExists:
		if status == http.StatusNotFound {
			return verdict{class: Later, after: aMinute}
		}
	}
	if status == http.StatusUnauthorized {
		return verdict{class: Config}
	}
	if status == http.StatusTooManyRequests {
		return verdict{class: Query, after: aMinute}
	}
	return verdict{class: Query}
}

// judgeRead is for calls that change nothing: they may always be made again.
func judgeRead(status int, code string) verdict {
	switch {
	case code == CodeMchNotExists, code == CodeSignError, status == http.StatusUnauthorized:
		return verdict{class: Config}
	case code == CodeNotExists, code == CodeOrderNotExist, code == CodeOrderNotExists:
		return verdict{class: Absent}
	case status == http.StatusTooManyRequests:
		return verdict{class: Later, after: aMinute}
	case code == CodeParamError, code == CodeNoAuth, code == CodeInvalidRequest, status == http.StatusForbidden:
		return verdict{class: Never}
	}
	return verdict{class: Later}
}
