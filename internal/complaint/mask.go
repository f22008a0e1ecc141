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

// MaskText masks phone numbers and identity card numbers inside a complaint's text.
func MaskText(v string) string {
	return digits.ReplaceAllStringFunc(v, func(m string) string {
		phone := len(m) == 11 && m[0] == '1' && m[1] >= '3'
		if !phone && len(m) != 18 {
			return m
		}
		return m[:3] + strings.Repeat("*", len(m)-7) + m[len(m)-4:]
	})
}
