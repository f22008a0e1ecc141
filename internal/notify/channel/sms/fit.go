package sms

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/zhisu/zhisu/internal/notify/channel/plain"
)

// fill makes the values of {1}, {2}…
func fill(s Settings, vars map[string]string) []string {
	out := make([]string, len(s.Params))
	for i, name := range s.Params {
		out[i] = Fit(vars[name], s.MaxLength)
	}
	return out
}

// allowed are the signs that no list of refused ones has (§3.5).
const allowed = " -_:;,.?!%+，。、：；？！（）()《》“”·～~*"

var decimal = regexp.MustCompile(`^[^.]*\d\.\d[^.]*$`)

// Fit makes a value acceptable in a variable: no signs that operators refuse, nothing that looks like an address of the web, not too long. Nothing left gives
// 无.
func Fit(value string, limit int) string {
	v := plain.Only(plain.Clean(value), func(r rune) bool {
		return plain.IsHan(r) || plain.IsLatin(r) || plain.IsDigit(r) || strings.ContainsRune(allowed, r)
	})
	if !decimal.MatchString(v) {
		v = strings.ReplaceAll(v, ".", "") // example.com is refused, and so is a path without its slashes
	}
	return plain.Or(strings.TrimSpace(plain.Cut(strings.Join(strings.Fields(v), " "), limit)), "无")
}

// whole is a template's text with its variables filled in.
func whole(text string, values []string) string {
	return variable.ReplaceAllStringFunc(text, func(m string) string {
		n, err := strconv.Atoi(strings.Trim(m, "{} \t"))
		if err != nil || n < 1 || n > len(values) {
			return m
		}
		return values[n-1]
	})
}
