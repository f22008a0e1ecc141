package program

import (
	"errors"
	"regexp"

	"github.com/zhisu/zhisu/internal/wechat"
)

// Errors that callers tell apart.
var (
	ErrNotFound      = errors.New("program not found")
	ErrNoPlatform    = errors.New("the third-party platform is not configured")
	ErrNoTicket      = errors.New("no valid component_verify_ticket has been received yet")
	ErrNeedsReauth   = errors.New("the authorisation is gone and must be given again")
	ErrRevoked       = errors.New("the authorisation was revoked by the merchant")
	ErrLinkExpired   = errors.New("the authorisation link is unknown or expired")
	ErrTooSoon       = errors.New("a fresh token was refused; waiting before the next refresh")
	ErrModeMismatch  = errors.New("the program is not connected in this mode")
	ErrInvalidValues = errors.New("invalid values")
	ErrNoSecret      = errors.New("the program has no AppSecret of its own")
	ErrAlreadyDirect = errors.New("the program is connected with its own AppSecret already")
	ErrIsPlatform    = errors.New("the program is authorised to the platform; moving it must be confirmed")
	ErrNotAuthorized = errors.New("the program is not authorised to the platform")
)

// UpstreamText says in words why WeChat did not do what it was asked; false when err is not WeChat's.
func UpstreamText(err error) (string, bool) {
	var we *wechat.Error
	if !errors.As(err, &we) {
		return "", false
	}
	if we.API == wechat.APIStableToken {
		if text := ownText(we); text != "" {
			return text, true
		}
	}
	switch we.Code {
	case 61004, 40164:
		return "微信拒绝了本机的 IP，请把服务器 IP 加入第三方平台的白名单", true
	case 40125, 40001:
		if we.API == wechat.APIComponentToken || we.API == wechat.APIStartPushTicket {
			return "微信认为 AppSecret 不对，请重新填写第三方平台的 AppSecret", true
		}
	case 40013, 61011:
		return "微信不认识这个 AppID，请核对第三方平台的 AppID", true
	case 61005, 61006:
		return "微信票据已失效，正在等待新的票据（一般每 10 分钟推送一次）", true
	case -1:
		// The detail's table has no other code for a number it doesn't know (reference/wechat-complaint-api.md §6.4, §12.16).
		if we.API == wechat.APIComplaintDetail {
			return "微信没有返回这张投诉单：单号不属于这个小程序，或者微信繁忙。请核对单号和小程序后再试", true
		}
	case 45009:
		return "今天调用微信接口的次数已用完，请明天再试", true
	}
	switch we.Class {
	case wechat.NoPermission:
		return "小程序没有授权这项权限，请管理员重新授权", true
	case wechat.Revoked:
		return "小程序已取消授权，请管理员重新授权", true
	}
	return "微信暂时没有正常返回，请稍后再试", true
}

// address finds an IP address in WeChat's sentence.
var address = regexp.MustCompile(`[0-9]{1,3}(\.[0-9]{1,3}){3}`)

// ownText says why WeChat gave no token for a program's own AppSecret, empty for what is the same in both modes
// (reference/wechat-open-platform.md §6, §7).
func ownText(we *wechat.Error) string {
	switch we.Code {
	case 40001, wechat.CodeSecretWrong:
		return "微信认为 AppSecret 不对，请在微信公众平台的开发设置里核对或重置，再填写新的 AppSecret"
	case wechat.CodeOwnIPNotAllowed:
		return "微信拒绝了本机的 IP " + address.FindString(we.Msg) + "，请在微信公众平台的开发设置里把它加入 IP 白名单"
	case wechat.CodeSecretFrozen:
		return "这个小程序的 AppSecret 已被冻结，请小程序管理员在微信公众平台解冻"
	case 40013:
		return "微信不认识这个 AppID，请从微信公众平台的开发设置重新复制"
	case 41004, 41002, 40002:
		return "AppID 或 AppSecret 没有填完整"
	case 50002:
		return "这个小程序已被冻结或注销，微信不再提供接口"
	case 89506:
		return "小程序管理员拒绝了本机的 IP，24 小时后才能再次申请"
	case 89507:
		return "小程序管理员拒绝了本机的 IP，1 小时后才能再次申请"
	case 89501, 89502, 89503, 89504, 89505:
		return "微信需要小程序管理员确认本机的 IP，请管理员在微信里同意"
	}
	return ""
}

// reason words a failure for the people who look at the platform page.
func reason(err error) string {
	if errors.Is(err, ErrNoSecret) {
		return "还没有填写小程序的 AppSecret"
	}
	if errors.Is(err, ErrNeedsReauth) || errors.Is(err, ErrRevoked) {
		return "授权已失效，请管理员重新授权"
	}
	if text, ok := UpstreamText(err); ok {
		return text
	}
	if errors.Is(err, ErrNoTicket) {
		return "还没有收到微信票据"
	}
	return "暂时连不上微信，正在自动重试"
}
