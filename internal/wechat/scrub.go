package wechat

import (
	"net/url"
	"strings"
	"unicode"
)

const (
	maxMsg  = 300 // runes of an errmsg that are kept
	minHide = 6   // bytes; shorter texts would blot out ordinary words
	stars   = "***"
)

// scrub makes a text from outside fit for a log: the call's token, secrets and
// texts are struck out wherever WeChat echoes them, line breaks become blanks.
func (k *call) scrub(s string) string {
	for _, secret := range append([]string{k.token}, k.hide...) {
		if len(secret) < minHide {
			continue
		}
		s = strings.ReplaceAll(s, secret, stars)
		s = strings.ReplaceAll(s, url.QueryEscape(secret), stars)
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	if runes := []rune(s); len(runes) > maxMsg {
		s = string(runes[:maxMsg]) + "…"
	}
	return strings.TrimSpace(s)
}

// splitRID takes the request id off the end of an errmsg: "… rid: x-y-z"
// (complaint §13).
func splitRID(msg string) (rest, rid string) {
	const mark = "rid:"
	i := strings.LastIndex(msg, mark)
	if i < 0 || (i > 0 && msg[i-1] != ' ' && msg[i-1] != ',') {
		return strings.TrimSpace(msg), ""
	}
	rid = strings.TrimSpace(msg[i+len(mark):])
	const allowed = "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if rid == "" || len(rid) > 64 || strings.Trim(rid, allowed) != "" {
		return strings.TrimSpace(msg), ""
	}
	return strings.TrimRight(msg[:i], " ,"), rid
}
