// Package plain makes texts fit for providers that take no markup, no pictures and few characters. All lengths count characters, not bytes.
package plain

import (
	"strings"
	"unicode"
)

// Clean drops emoji and control characters and makes every run of blanks and line breaks one blank.
func Clean(v string) string {
	v = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar || emoji(r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(v, ""))
	return strings.Join(strings.Fields(v), " ")
}

// emoji covers the pictographs and the marks that join or tint them.
func emoji(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2600 && r <= 0x27BF, r >= 0x2B00 && r <= 0x2BFF, r >= 0x2300 && r <= 0x23FF, r >= 0xE0000 && r <= 0xE007F:
		return true
	case r == 0x20E3, r >= 0xFE00 && r <= 0xFE0F, r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299, r == 0x00A9, r == 0x00AE, r == 0x2122, r == 0x2139:
		return true
	}
	return r >= 0x2190 && r <= 0x21FF || r >= 0x25A0 && r <= 0x25FF
}

// Only keeps the characters that keep says yes to.
func Only(v string, keep func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if keep(r) {
			return r
		}
		return -1
	}, v)
}

// IsHan reports a Chinese character.
func IsHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// IsLatin reports a letter of a to z or A to Z.
func IsLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// IsDigit reports one of 0 to 9.
func IsDigit(r rune) bool { return r >= '0' && r <= '9' }

// Cut keeps the first n characters.
func Cut(v string, n int) string {
	r := []rune(v)
	return string(r[:min(len(r), n)])
}

// Clip keeps n characters, the last of them an ellipsis if something is left out.
func Clip(v string, n int) string {
	if len([]rune(v)) <= n {
		return v
	}
	return strings.TrimRight(Cut(v, n-1), " ") + "…"
}

// Or returns empty for a text without anything in it.
func Or(v, empty string) string {
	if v == "" {
		return empty
	}
	return v
}
