package wechat

import (
	"net/url"
	"strconv"
	"strings"
)

// AuthLink says what a merchant is asked to authorise. Links are built for mini
// programs only (auth_type 2).
type AuthLink struct {
	ComponentAppID string
	PreAuthCode    string
	// RedirectURI is absolute; its host must equal the platform's configured
	// 授权发起页域名, and the link must be opened from a page on that host.
	RedirectURI string
	// BizAppID pins one account; "" = the merchant chooses.
	BizAppID string
	// Sets restricts the permission sets asked for (category_id_list); empty = all
	// of the platform. One report says the PC page ignored it: look at what was granted.
	Sets []int
}

// AuthURL returns the link for a PC, where WeChat shows a QR code. mpURL is
// normally https://mp.weixin.qq.com. Source: open platform §2 (read 2026-11-23).
func AuthURL(mpURL string, l AuthLink) string {
	return strings.TrimRight(mpURL, "/") + "/cgi-bin/componentloginpage?" + l.query()
}

// AuthURLPhone returns the link to be opened inside WeChat on a phone. openURL is
// normally https://open.weixin.qq.com. Source: open platform §2 (read 2026-11-23).
func AuthURLPhone(openURL string, l AuthLink) string {
	return strings.TrimRight(openURL, "/") + "/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&" +
		l.query() + "#wechat_redirect"
}

// query keeps the order of WeChat's page, which url.Values would not.
func (l AuthLink) query() string {
	var b strings.Builder
	b.WriteString("component_appid=" + url.QueryEscape(l.ComponentAppID))
	b.WriteString("&pre_auth_code=" + url.QueryEscape(l.PreAuthCode))
	b.WriteString("&redirect_uri=" + url.QueryEscape(l.RedirectURI))
	b.WriteString("&auth_type=2")
	if l.BizAppID != "" {
		b.WriteString("&biz_appid=" + url.QueryEscape(l.BizAppID))
	}
	if len(l.Sets) > 0 {
		ids := make([]string, len(l.Sets))
		for i, id := range l.Sets {
			ids[i] = strconv.Itoa(id)
		}
		b.WriteString("&category_id_list=" + url.QueryEscape(strings.Join(ids, "|")))
	}
	return b.String()
}
