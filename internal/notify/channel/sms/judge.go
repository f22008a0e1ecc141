package sms

import (
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
)

// What codes mean (reference/notification-channels.md §3.4), by the longest prefix. Both the code of a number and the code of a whole call are looked up here.
var codes = map[string]channel.Result{
	"InternalError":                          {Outcome: channel.Retry, WholeChannel: true, Text: "腾讯云短信暂时出错。"},
	"InternalError.Timeout":                  {Outcome: channel.Unknown, Text: "腾讯云短信内部超时，可能已经发出。"},
	"InternalError.SendAndRecvFail":          {Outcome: channel.Unknown, Text: "腾讯云短信内部出错，可能已经发出。"},
	"InternalError.ParseBackendResponseFail": {Outcome: channel.Unknown, Text: "腾讯云短信内部出错，可能已经发出。"},
	"InternalError.RequestTimeException":     {Outcome: channel.Config, WholeChannel: true, Text: "这台服务器的时间不准（相差 10 分钟以上）。请部署者校准时间。"},
	"RequestLimitExceeded":                   {Outcome: channel.Retry, WholeChannel: true, After: 2 * time.Second, Text: "请求太快，腾讯云要求放慢。"},

	"LimitExceeded": {Outcome: channel.Retry, After: time.Minute, Elsewhere: true, Text: "超过了腾讯云的频率限制。"},
	"LimitExceeded.PhoneNumberThirtySecondLimit":     {Outcome: channel.Retry, After: sameTextWait, Elsewhere: true, Text: "这个号码 30 秒内已收到过短信。"},
	"LimitExceeded.PhoneNumberOneHourLimit":          {Outcome: channel.Retry, After: time.Hour, Elsewhere: true, Text: "这个号码一小时内的短信条数已满。"},
	"LimitExceeded.DeliveryFrequencyLimit":           {Outcome: channel.Retry, After: time.Minute, Elsewhere: true, Text: "超过了频率限制。可以在短信控制台「应用管理 → 频率限制」里调整。"},
	"LimitExceeded.PhoneNumberCountLimit":            {Outcome: channel.Permanent, Text: "一次发送的号码太多，短信没有发出。"},
	"LimitExceeded.PhoneNumberDailyLimit":            {Outcome: channel.Retry, After: tomorrow, Elsewhere: true, Text: "这个号码今天的短信条数已经用完。默认每天 2 条，可以在短信控制台「应用管理 → 频率限制」里调整。"},
	"LimitExceeded.PhoneNumberSameContentDailyLimit": {Outcome: channel.Retry, After: tomorrow, Elsewhere: true, Text: "这个号码今天收到同样内容的条数已经用完。"},
	"LimitExceeded.AppDailyLimit":                    {Outcome: channel.Retry, After: tomorrow, Elsewhere: true, WholeChannel: true, Text: "今天的短信总量已到上限。上限在短信控制台「应用管理」里调整。"},
	"LimitExceeded.AppMainlandChinaDailyLimit":       {Outcome: channel.Retry, After: tomorrow, Elsewhere: true, WholeChannel: true, Text: "今天的国内短信总量已到上限。上限在短信控制台「应用管理」里调整。"},
	"LimitExceeded.DailyLimit":                       {Outcome: channel.Retry, After: tomorrow, Elsewhere: true, WholeChannel: true, Text: "今天的短信总量已到上限。上限在短信控制台「应用管理」里调整。"},

	"FailedOperation.PhoneNumberInBlacklist":                    {Outcome: channel.Permanent, BadAddress: true, Text: "这个号码在黑名单里，收不到短信。请让机主在腾讯云客服处解除，或换一个号码。"},
	"FailedOperation.PhoneNumberParseFail":                      {Outcome: channel.Permanent, BadAddress: true, Text: "腾讯云不认识这个号码。请核对接收人的手机号。"},
	"InvalidParameterValue.IncorrectPhoneNumber":                {Outcome: channel.Permanent, BadAddress: true, Text: "号码的格式不对。请核对接收人的手机号。"},
	"UnsupportedOperation.UnsupportedRegion":                    {Outcome: channel.Permanent, BadAddress: true, Text: "腾讯云不支持发往这个国家或地区。请换一个号码。"},
	"UnsupportedOperation":                                      {Outcome: channel.Permanent, Elsewhere: true, Text: "这个模板不能发到这个号码：国内模板只能发国内号码，国际模板只能发国外号码。"},
	"FailedOperation.ContainSensitiveWord":                      {Outcome: channel.Permanent, Elsewhere: true, Text: "短信里有敏感词，被腾讯云拦下。请在渠道里换一个变量，例如投诉单号后 6 位。"},
	"InvalidParameter.DirtyWordFound":                           {Outcome: channel.Permanent, Elsewhere: true, Text: "短信里有敏感词，被腾讯云拦下。请在渠道里换一个变量，例如投诉单号后 6 位。"},
	"InvalidParameterValue":                                     {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "腾讯云不接受这条短信的内容。请检查渠道里的变量和长度。"},
	"InvalidParameterValue.ContentLengthLimit":                  {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "短信太长。请在渠道里减少变量，或缩短模板。"},
	"InvalidParameterValue.TemplateParameterFormatError":        {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "变量的格式不对：验证码类模板只能填数字。请改用通知类模板，或换一个变量。"},
	"InvalidParameterValue.TemplateParameterLengthLimit":        {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "变量太长。请在渠道里把「每个变量的长度」改成短信控制台模板页显示的数字。"},
	"InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "变量里不能有网址。请在渠道里换一个变量。"},
	"InvalidParameterValue.UnsupportedTemplateVariable":         {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "您的账号不能在通知类模板里用变量。请用没有变量的模板。"},
	"FailedOperation.TemplateParamSetNotMatchApprovedTemplate":  {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "变量的个数和审核通过的模板不一致。请核对渠道里的变量。"},
	"MissingParameter":                                          {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "请求里缺少内容，短信没有发出。请检查渠道设置。"},
	"FailedOperation.MarketingSendTimeConstraint":               {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true, Text: "营销短信只能在 8 点到 22 点发送。请改用通知类模板。"},

	"FailedOperation": {Outcome: channel.Config, WholeChannel: true, Text: "腾讯云拒绝发送。请在短信控制台检查应用、签名和模板的状态。"},
	"FailedOperation.SignatureIncorrectOrUnapproved":   {Outcome: channel.Config, WholeChannel: true, Text: "短信签名不对，或没有审核通过。请在短信控制台「签名管理」里核对，填写时不带【】。"},
	"FailedOperation.TemplateIncorrectOrUnapproved":    {Outcome: channel.Config, WholeChannel: true, Text: "短信模板不对，或没有审核通过。请在短信控制台「正文模板管理」里核对模板 ID。"},
	"FailedOperation.TemplateUnapprovedOrNotExist":     {Outcome: channel.Config, WholeChannel: true, Text: "短信模板不存在，或没有审核通过。请在短信控制台「正文模板管理」里核对模板 ID。"},
	"FailedOperation.TemplateIdNotExist":               {Outcome: channel.Config, WholeChannel: true, Text: "没有这个短信模板。请在短信控制台「正文模板管理」里核对模板 ID。"},
	"FailedOperation.InsufficientBalanceInSmsPackage":  {Outcome: channel.Config, WholeChannel: true, Text: "短信套餐包用完了。请在腾讯云购买套餐包，再点测试。"},
	"FailedOperation.ProhibitSubAccountUse":            {Outcome: channel.Config, WholeChannel: true, Text: "这个子账号不能发短信。请换用主账号的密钥，或为子账号授权。"},
	"InvalidParameterValue.SdkAppIdNotExist":           {Outcome: channel.Config, WholeChannel: true, Text: "没有这个 SDKAppID。请在短信控制台「应用管理」里核对。"},
	"UnauthorizedOperation":                            {Outcome: channel.Config, WholeChannel: true, Text: "腾讯云没有授权这次发送。请检查密钥的权限和短信服务的状态。"},
	"UnauthorizedOperation.SmsSdkAppIdVerifyFail":      {Outcome: channel.Config, WholeChannel: true, Text: "SDKAppID 和密钥不属于同一个账号。请核对两者。"},
	"UnauthorizedOperation.SdkAppIdIsDisabled":         {Outcome: channel.Config, WholeChannel: true, Text: "这个短信应用已停用。请在短信控制台启用它。"},
	"UnauthorizedOperation.ServiceSuspendDueToArrears": {Outcome: channel.Config, WholeChannel: true, Text: "腾讯云账号欠费，短信已停。请充值后再点测试。"},
	"UnauthorizedOperation.SerivceSuspendDueToArrears": {Outcome: channel.Config, WholeChannel: true, Text: "腾讯云账号欠费，短信已停。请充值后再点测试。"},
	"UnauthorizedOperation.RequestIpNotInWhitelist":    {Outcome: channel.Config, WholeChannel: true, Text: "这台服务器的 IP 不在短信应用的白名单里。请在短信控制台加上它的出口 IP。"},
	"UnauthorizedOperation.RequestPermissionDeny":      {Outcome: channel.Config, WholeChannel: true, Text: "这个密钥没有发短信的权限。请在访问管理里授权 QcloudSMSFullAccess。"},
	"AuthFailure":                       {Outcome: channel.Config, WholeChannel: true, Text: "SecretId 或 SecretKey 不对。请在腾讯云「API 密钥管理」里核对并重新填写。"},
	"AuthFailure.SignatureExpire":       {Outcome: channel.Config, WholeChannel: true, Text: "这台服务器的时间不准（相差 5 分钟以上）。请部署者校准时间。"},
	"AuthFailure.UnauthorizedOperation": {Outcome: channel.Config, WholeChannel: true, Text: "这个密钥没有发短信的权限。请在访问管理里授权 QcloudSMSFullAccess。"},
}

// tomorrow stands for the time until the operators' next day.
const tomorrow = time.Duration(-1)

// judge turns a code into a result. One that nobody documents is tried again a few times: a refusal with a code was surely not sent.
func judge(code, message string, now time.Time) channel.Result {
	r := channel.Result{Outcome: channel.Retry, After: time.Minute, Text: "腾讯云没有收下这条短信。"}
	for k := code; k != ""; {
		if known, ok := codes[k]; ok {
			r = known
			break
		}
		i := strings.LastIndexByte(k, '.')
		if i < 0 {
			break
		}
		k = k[:i]
	}
	if r.After == tomorrow {
		r.After = untilTomorrow(now)
	}
	r.ProviderCode, r.ProviderText = code, message
	return r
}
