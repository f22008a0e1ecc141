package offiaccount

import (
	"errors"
	"regexp"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/wechat"
)

const (
	codeBusy       = -1
	codeTemplateID = 40036
	codeTemplate   = 40037
	codeIP         = 40164
	codeQuota      = 45009
	codeValue      = 47003
)

// beijing is where WeChat's day begins.
var beijing = time.FixedZone("CST", 8*3600)

// general holds for every call, codes of §2.5 and of stable_token.
var general = map[int]channel.Result{
	codeBusy:       {Outcome: channel.Retry, WholeChannel: true, Text: "微信暂时繁忙。"},
	40001:          {Outcome: channel.Retry, After: time.Minute, WholeChannel: true, Text: "微信没有接受访问凭证，换新后仍不行。"},
	40014:          {Outcome: channel.Retry, After: time.Minute, WholeChannel: true, Text: "微信没有接受访问凭证，换新后仍不行。"},
	42001:          {Outcome: channel.Retry, After: time.Minute, WholeChannel: true, Text: "微信没有接受访问凭证，换新后仍不行。"},
	40003:          {Outcome: channel.Permanent, BadAddress: true, Text: "这个 openid 不对：不是这个服务号下的，或者已经取消关注。请让接收人重新扫码绑定。"},
	43004:          {Outcome: channel.Permanent, BadAddress: true, Text: "接收人还没有关注这个服务号。请让他扫码关注并绑定。"},
	43101:          {Outcome: channel.Permanent, BadAddress: true, Text: "接收人拒收了这个服务号的消息。请让他在服务号的设置里打开消息，再重新扫码绑定。"},
	40013:          {Outcome: channel.Config, WholeChannel: true, Text: "AppID 不对。请核对公众平台「设置与开发 → 基本配置」里的 AppID。"},
	40125:          {Outcome: channel.Config, WholeChannel: true, Text: "AppSecret 不对，可能已被重置。请在公众平台「设置与开发 → 基本配置」里重置，并重新填写。"},
	40243:          {Outcome: channel.Config, WholeChannel: true, Text: "AppSecret 已被冻结。请在公众平台「设置与开发 → 基本配置」里解冻。"},
	codeIP:         {Outcome: channel.Config, WholeChannel: true, Text: "这台服务器的出口 IP 不在服务号的白名单里。请在公众平台「设置与开发 → 基本配置 → IP 白名单」里加上它。"},
	codeTemplateID: {Outcome: channel.Config, WholeChannel: true, Text: "微信不认识这个模板 ID。请重新读取模板列表并选择；更换类目会删除原来的模板。"},
	codeTemplate:   {Outcome: channel.Config, WholeChannel: true, Text: "微信不认识这个模板 ID。请重新读取模板列表并选择；更换类目会删除原来的模板。"},
	40249:          {Outcome: channel.Permanent, Elsewhere: true, Text: "微信拦下了这条消息的内容，没有发出。"},
	40252:          {Outcome: channel.Pending, Text: "微信正在审核这条消息，通过后会自动发出，最多 30 分钟。请不要重发。"},
	45009:          {Outcome: channel.Retry, WholeChannel: true, Elsewhere: true, Text: "今天的模板消息额度已经用完。"},
	45109:          {Outcome: channel.Config, WholeChannel: true, Text: "这个接口已被微信下线。请升级知诉。"},
	codeValue:      {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "微信不接受模板里的某一项：模板可能改过，或有一项没有填。请编辑渠道，重新读取模板，并为每一项选择内容。"},
	48001:          {Outcome: channel.Config, WholeChannel: true, Text: "这个服务号没有模板消息权限：只有已认证的服务号可以使用。请在公众平台完成认证，并在「广告与服务」里开通模板消息。"},
	50002:          {Outcome: channel.Config, WholeChannel: true, Text: "这个服务号被微信限制使用。请在公众平台查看通知并处理。"},
}

// address finds the IP in WeChat's sentence, such as "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist".
var address = regexp.MustCompile(`\b(\d{1,3}\.){3}\d{1,3}\b`)

// place finds the key in a sentence such as "data.thing1.value invalid".
var place = regexp.MustCompile(`data\.([a-z_]+[0-9]*)`)

// judge turns a failed call into a result.
func judge(err error, now time.Time) channel.Result {
	var e *wechat.Error
	if !errors.As(err, &e) {
		return channel.Result{Outcome: channel.Retry, ProviderCode: "error", Text: "消息没有发出。"}
	}
	if e.Code == 0 {
		return unanswered(e, isTokenError(err))
	}
	r, known := general[e.Code]
	switch {
	case e.Code == 40001 && isTokenError(err):
		r = general[40125]
	case known:
	case e.NeedsOperator:
		r = channel.Result{Outcome: channel.Config, WholeChannel: true, Text: "微信拒绝了这个服务号的请求。请在公众平台查看账号状态与开发配置。"}
	default:
		// What no table names is tried again a few times.
		r = channel.Result{Outcome: channel.Retry, After: max(e.RetryAfter, time.Minute), Text: "微信没有收下这条消息。"}
	}
	r.ProviderCode, r.ProviderText = strconv.Itoa(e.Code), e.Msg
	switch e.Code {
	case codeIP:
		if ip := address.FindString(e.Msg); ip != "" {
			r.Text = "这台服务器的出口 IP " + ip + " 不在服务号的白名单里。请在公众平台「设置与开发 → 基本配置 → IP 白名单」里加上它。"
		}
	case codeQuota:
		r.After = untilTomorrow(now)
	case codeValue:
		if m := place.FindStringSubmatch(e.Msg); m != nil {
			r.Text = "微信不接受模板里的「" + m[1] + "」：模板可能改过，或这一项没有填。请编辑渠道，重新读取模板，并为每一项选择内容。"
		}
	}
	return r
}

// unanswered judges a call without an errcode. Sending again is safe: WeChat sends once for the same client_msg_id within ten minutes.
func unanswered(e *wechat.Error, token bool) channel.Result {
	r := channel.Result{Outcome: channel.Retry, WholeChannel: true, ProviderCode: "network", Text: "连不上微信的服务器。"}
	switch {
	case errors.Is(e, wechat.ErrArgument):
		return channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "settings", Text: "渠道的设置不完整，请重新填写并保存。"}
	case e.HTTPStatus >= 400 || e.Class == wechat.Later:
		r.ProviderCode, r.After, r.Text = strconv.Itoa(e.HTTPStatus), e.RetryAfter, "微信的服务暂时出错。"
	case e.Class == wechat.Again || token:
	default:
		r = channel.Result{Outcome: channel.Unknown, After: time.Minute, ProviderCode: "no_answer", Text: "消息已经交给微信，但没有收到答复，可能已经送达。"}
	}
	return r
}

// untilTomorrow is the time until WeChat's next day, and ten minutes more.
func untilTomorrow(now time.Time) time.Duration {
	d := now.In(beijing)
	return time.Date(d.Year(), d.Month(), d.Day()+1, 0, 10, 0, 0, beijing).Sub(now)
}
