package offiaccount

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/plain"
)

// The rules for values of category templates (reference/notification-channels.md §2.3). Fit is total: whatever goes in, what comes out keeps the rule.

// limits is how many characters a type takes. short_thing has no documented limit; 5 is the least of all.
var limits = map[string]int{
	"thing": 20, "character_string": 32, "number": 32, "letter": 32, "symbol": 5, "time": 30, "date": 30, "amount": 15, "phone_number": 17, "car_number": 8,
	"name": 10, "phrase": 5, "const": 20, "short_thing": 5,
}

// untyped is the limit for keys of no known type, such as those of older templates (rule of 2023-05-04).
const untyped = 20

// TypeOf returns the type of a template's key: thing for thing12.
func TypeOf(key string) string { return strings.TrimRight(key, "0123456789") }

func limit(kind string) int {
	if n, ok := limits[kind]; ok {
		return n
	}
	return untyped
}

// place of a template: {{thing1.DATA}}, with what stands before it in the line.
var placeForm = regexp.MustCompile(`([^\n{}]*)\{\{\s*([0-9A-Za-z_]+)\.DATA\s*\}\}`)

// Keys reads the places of a template's content. first and remark, the head and tail of older templates, are left out: WeChat drops them.
func Keys(content string) []channel.TemplateKey {
	var out []channel.TemplateKey
	seen := map[string]bool{}
	for _, m := range placeForm.FindAllStringSubmatch(content, -1) {
		key := m[2]
		if seen[key] || key == "first" || key == "remark" {
			continue
		}
		seen[key] = true
		out = append(out, channel.TemplateKey{Key: key, Label: strings.Trim(m[1], " ：:\t\r"), Type: TypeOf(key), Limit: limit(TypeOf(key))})
	}
	return out
}

// fill makes the values of a message, sorted by key.
func fill(fields, vars map[string]string, now time.Time) []channel.Filled {
	out := make([]channel.Filled, 0, len(fields))
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		source := fields[key]
		value, fixed := strings.CutPrefix(source, "=")
		if !fixed {
			value = vars[source]
		}
		if TypeOf(key) == "const" && !fixed {
			value = ""
		}
		f := channel.Filled{Key: key, Value: Fit(key, value, now)}
		switch {
		case f.Value == value:
		case value == "":
			f.Note = "没有内容时这样显示。"
		case strings.HasSuffix(f.Value, "…") || len([]rune(value)) > limit(TypeOf(key)):
			f.Note = fmt.Sprintf("超过 %d 个字，已截短。", limit(TypeOf(key)))
		default:
			f.Note = "微信不接受的字符已去掉。"
		}
		out = append(out, f)
	}
	return out
}

// Fit makes a value keep the rule of its key. Nothing left gives 无, or - where the type allows no words. now stands in for a time that is unknown.
func Fit(key, value string, now time.Time) string {
	v := plain.Clean(value)
	switch kind := TypeOf(key); kind {
	case "character_string":
		return plain.Or(plain.Cut(plain.Only(v, func(r rune) bool { return r > ' ' && r < 0x7f }), 32), "-")
	case "number":
		return plain.Or(number(v, 32), "0")
	case "letter":
		return plain.Or(plain.Cut(plain.Only(v, plain.IsLatin), 32), "NA")
	case "symbol":
		return plain.Or(plain.Cut(plain.Only(v, func(r rune) bool { return r < 0x7f && unicode.In(r, unicode.P, unicode.S) }), 5), "-")
	case "time", "date":
		return moment(v, kind, now)
	case "amount":
		return amount(v)
	case "phone_number":
		return plain.Or(plain.Cut(plain.Only(v, func(r rune) bool { return plain.IsDigit(r) || r == '+' || r == '-' || r == '*' }), 17), "-")
	case "car_number":
		return plain.Or(plain.Cut(plain.Only(v, func(r rune) bool { return plain.IsHan(r) || plain.IsLatin(r) || plain.IsDigit(r) }), 8), "无")
	case "name":
		return plain.Or(name(v), "无")
	case "phrase":
		return plain.Or(plain.Cut(plain.Only(v, plain.IsHan), 5), "无")
	case "const":
		return strings.TrimSpace(plain.Cut(v, 20)) // an empty one is allowed
	default:
		return plain.Or(plain.Clip(v, limit(kind)), "无")
	}
}

// name takes ten characters if one of them is Chinese, else twenty; digits are in no rule.
func name(v string) string {
	v = strings.Join(strings.Fields(plain.Only(v, func(r rune) bool {
		return plain.IsHan(r) || plain.IsLatin(r) || r == ' ' || r == '·' || r == '.' || r == '-' || r == '(' || r == ')'
	})), " ")
	if strings.ContainsFunc(v, plain.IsHan) {
		return strings.TrimSpace(plain.Cut(v, 10))
	}
	return strings.TrimSpace(plain.Cut(v, 20))
}

var numberForm = regexp.MustCompile(`\d+(\.\d+)?`)

// number is the first number in a text, of at most n characters.
func number(v string, n int) string {
	v = numberForm.FindString(strings.ReplaceAll(v, ",", ""))
	if len(v) > n {
		v = strings.TrimSuffix(v[:n], ".")
	}
	return v
}

// amount is a number of at most ten digits with 元 behind it.
func amount(v string) string {
	whole, cents, _ := strings.Cut(number(v, 32), ".")
	whole, cents = strings.TrimLeft(whole, "0"), plain.Cut(cents, 2)
	switch {
	case whole == "" && strings.Trim(cents, "0") == "":
		return "0元"
	case len(whole) > 10:
		return "9999999999元"
	case whole == "":
		whole = "0"
	}
	if cents == "" || len(whole)+len(cents) > 10 {
		return whole + "元"
	}
	return whole + "." + cents + "元"
}

var momentForm = regexp.MustCompile(`^\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d{2}(:\d{2})?)?$`)

// moment is a day with or without a time; the type time wants one.
func moment(v, kind string, now time.Time) string {
	if momentForm.MatchString(v) && (kind == "date" || strings.Contains(v, ":")) {
		return v
	}
	return now.In(beijing).Format("2006年1月2日 15:04")
}
