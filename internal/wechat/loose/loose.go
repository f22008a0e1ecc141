// Package loose reads values that WeChat writes in more than one way: numbers as strings, lists as text, amounts in yuan or fen. Pure functions.
package loose

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// Narrow returns n, or 0 if it does not fit 32 bits: WeChat has no such code, so it is junk.
func Narrow(n int64) int {
	if n != int64(int32(n)) {
		return 0
	}
	return int(n)
}

// Text returns a JSON string, number or bool as text, everything else as "".
func Text(b json.RawMessage) string {
	if len(b) == 0 {
		return ""
	}
	switch b[0] {
	case '"':
		var s string
		if json.Unmarshal(b, &s) != nil {
			return ""
		}
		return s
	case '{', '[', 'n':
		return ""
	}
	s := string(b)
	if n, ok := ParseInt(s); ok {
		return strconv.FormatInt(n, 10)
	}
	return s
}

// ParseInt reads an integer, also written as 5000.0 or 1.7e9.
func ParseInt(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if len(s) > 40 || !strings.ContainsAny(s, ".eE") || strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// SplitList splits text that holds several values: a JSON array inside the
// string, or values joined by commas. A comma inside a URL does not split it.
func SplitList(s string) []string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[") {
		var inner []json.RawMessage
		if json.Unmarshal([]byte(s), &inner) == nil {
			var out []string
			for _, raw := range inner {
				if t := Text(raw); t != "" {
					out = append(out, t)
				}
			}
			return out
		}
	}
	var out []string
	start := 0 // of the value in out[len(out)-1], within s
	offset := 0
	for piece := range strings.SplitSeq(s, ",") {
		end := offset + len(piece)
		value := strings.TrimSpace(piece)
		switch {
		case len(out) > 0 && isURL(out[len(out)-1]) && !isURL(value):
			out[len(out)-1] = strings.TrimSpace(s[start:end])
		case value != "":
			out = append(out, value)
			start = offset
		}
		offset = end + 1
	}
	for i := range out {
		out[i] = strings.TrimRight(out[i], ",")
	}
	return out
}

func isURL(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")
}
