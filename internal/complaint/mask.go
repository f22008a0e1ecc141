package complaint

import (
	"regexp"
	"strings"
)

// MaskPhone keeps the first three and last four digits of a phone number: 138****6021. Shorter ones keep their last two.
func MaskPhone(v string) string {
	r := []rune(strings.TrimSpace(v))
	switch n := len(r); {
	case n == 0:
		return ""
	case n >= 11:
		return string(r[:3]) + "****" + string(r[n-4:])
	case n > 4:
		return "****" + string(r[n-2:])
	default:
		return "****"
	}
}

// MaskOpenID keeps the first and last four characters.
func MaskOpenID(v string) string {
	if len(v) == 0 {
		return ""
	}
	if len(v) < 12 {
		return "****"
	}
	return v[:4] + "****" + v[len(v)-4:]
}

// digits matches whole runs, so that the middle of an order number is never taken for a phone number.
var digits = regexp.MustCompile(`\d+[Xx]?`)

// grouped matches a mobile number as people write it, 138 1234 5678 or 138-1234-5678, with what stands around it.
var grouped = regexp.MustCompile(`(^|[^\d])(1[3-9]\d)([ -])\d{4}([ -]\d{4})($|[^\d])`)

// MaskText masks phone numbers and identity card numbers inside a complaint's text.
func MaskText(v string) string {
	v = digits.ReplaceAllStringFunc(v, maskRun)
	return grouped.ReplaceAllString(v, "$1$2$3****$4$5")
}

// maskRun masks one run of digits: a mobile number (also behind 86) or an identity card number, whose last place may be an X.
func maskRun(m string) string {
	number := strings.TrimRight(m, "Xx")
	from := len(number) - 11
	switch {
	case len(m) == 18:
		return m[:3] + strings.Repeat("*", 11) + m[14:]
	case (from == 0 || from == 2 && number[:2] == "86") && number[from] == '1' && number[from+1] >= '3':
		return m[:from+3] + "****" + m[from+7:]
	}
	return m
}
