package offiaccount_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/offiaccount"
)

var now = time.Date(2026, 11, 24, 6, 7, 8, 0, time.UTC)

func TestFitKeepsTheRuleOfEachType(t *testing.T) {
	for _, c := range []struct{ key, in, want string }{
		{"thing1", "商品-破损", "商品-破损"},
		{"thing1", "收到时罐子已经碎了\n茶叶洒了一地😡😡", "收到时罐子已经碎了 茶叶洒了一地"},
		{"thing1", "一二三四五六七八九十一二三四五六七八九十多", "一二三四五六七八九十一二三四五六七八九…"},
		{"thing1", "一二三四五六七八九十一二三四五六七八九十", "一二三四五六七八九十一二三四五六七八九十"},
		{"thing12", " \t\x00\u200b ", "无"},
		{"thing1", "👨‍👩‍👧‍👦❤️", "无"},
		{"character_string2", "11897051", "11897051"},
		{"character_string2", "单号 A-1", "A-1"},
		{"character_string2", "中文", "-"},
		{"character_string2", strings.Repeat("9", 40), strings.Repeat("9", 32)},
		{"number3", "1", "1"},
		{"number3", "1 小时 41 分", "1"},
		{"number3", "1,234.50", "1234.50"},
		{"number3", "", "0"},
		{"number3", strings.Repeat("1", 31) + ".25", strings.Repeat("1", 31)},
		{"letter4", "abc中1", "abc"},
		{"letter4", "1", "NA"},
		{"symbol5", "a!?", "!?"},
		{"symbol5", "", "-"},
		{"time6", "2026年11月24日 15:48", "2026年11月24日 15:48"},
		{"time6", "2026年11月24日", "2026年11月24日 14:07"},
		{"time6", "", "2026年11月24日 14:07"},
		{"date7", "2026年11月24日", "2026年11月24日"},
		{"amount8", "168.00元", "168.00元"},
		{"amount8", "¥123,456.78", "123456.78元"},
		{"amount8", "1234567890.12", "1234567890元"},
		{"amount8", "12345678901", "9999999999元"},
		{"amount8", "0.01元", "0.01元"},
		{"amount8", "无", "0元"},
		{"phone_number9", "+86 138****8000", "+86138****8000"},
		{"phone_number9", "", "-"},
		{"car_number10", "粤B·12345 新能源", "粤B12345新"},
		{"name11", "欧阳娜娜·买买提江·艾合买提", "欧阳娜娜·买买提江·"},
		{"name11", "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrst"},
		{"name11", "李1雷", "李雷"},
		{"phrase12", "待商家处理中", "待商家处理"},
		{"phrase12", "wait", "无"},
		{"const13", "", ""},
		{"const13", "处理中", "处理中"},
		{"short_thing14", "商品质量问题", "商品质量…"},
		{"keyword1", "一二三四五六七八九十一二三四五六七八九十多", "一二三四五六七八九十一二三四五六七八九…"},
	} {
		if got := offiaccount.Fit(c.key, c.in, now); got != c.want {
			t.Errorf("Fit(%s, %q) = %q, want %q", c.key, c.in, got, c.want)
		}
	}
}

// rules restates §2.3 as patterns; what they refuse, WeChat answers with 47003.
var rules = map[string]*regexp.Regexp{
	"thing":            regexp.MustCompile(`^[^\n\r\t]{1,20}$`),
	"character_string": regexp.MustCompile(`^[!-~]{1,32}$`),
	"number":           regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`),
	"letter":           regexp.MustCompile(`^[A-Za-z]{1,32}$`),
	"symbol":           regexp.MustCompile(`^[^0-9A-Za-z\p{Han}\s]{1,5}$`),
	"time":             regexp.MustCompile(`^\d{4}年\d{1,2}月\d{1,2}日 \d{1,2}:\d\d(:\d\d)?$`),
	"date":             regexp.MustCompile(`^\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d\d(:\d\d)?)?$`),
	"amount":           regexp.MustCompile(`^\d{1,10}(\.\d{1,2})?元$`),
	"phone_number":     regexp.MustCompile(`^[0-9+*-]{1,17}$`),
	"car_number":       regexp.MustCompile(`^[^\s]{1,8}$`),
	"name":             regexp.MustCompile(`^(.{1,10}|[^\p{Han}]{1,20})$`),
	"phrase":           regexp.MustCompile(`^\p{Han}{1,5}$`),
	"const":            regexp.MustCompile(`^[^\n]{0,20}$`),
	"short_thing":      regexp.MustCompile(`^[^\n]{1,5}$`),
	"keyword":          regexp.MustCompile(`^[^\n]{1,20}$`),
}

func FuzzFitKeepsEveryRule(f *testing.F) {
	for _, s := range []string{"", "商品-破损", "168.00元", "2026年11月24日 15:48", "\n😡\x00", "1.2.3", "０１２", "..", "粤B12345", "\xff\xfe", "99999999999.999", "00000000000000000000000000000001.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind, rule := range rules {
			got := offiaccount.Fit(kind+"1", s, now)
			if !rule.MatchString(got) || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
				t.Errorf("Fit(%s, %q) = %q", kind, s, got)
			}
			if again := offiaccount.Fit(kind+"1", got, now); again != got {
				t.Errorf("Fit(%s) makes %q of its own %q", kind, again, got)
			}
		}
		if a := strings.ReplaceAll(strings.TrimSuffix(offiaccount.Fit("amount1", s, now), "元"), ".", ""); len(a) > 10 {
			t.Errorf("amount of %d digits", len(a))
		}
	})
}

func TestKeysOfATemplate(t *testing.T) {
	got := offiaccount.Keys("{{first.DATA}}\n工单类型：{{thing1.DATA}}\n工单号:{{character_string2.DATA}}\n状态：{{ const3.DATA }}\n{{remark.DATA}}\n{{thing1.DATA}}")
	want := []channel.TemplateKey{
		{Key: "thing1", Label: "工单类型", Type: "thing", Limit: 20},
		{Key: "character_string2", Label: "工单号", Type: "character_string", Limit: 32},
		{Key: "const3", Label: "状态", Type: "const", Limit: 20},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
