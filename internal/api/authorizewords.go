package api

import (
	"net/http"
	"strings"
)

// authorizeWords are the sentences of the pages round WeChat's authorisation. They stand outside the web interface and its locale files: whoever is sent the link is
// no user of it, so the browser says the language. Names of permissions and of WeChat's places stay as WeChat shows them.
type authorizeWords struct {
	Lang, Title, Scan, Confirm, Keep             string
	Complaints, Service, Guarantee               string
	Go, OnComputer, OnPhone, Home                string
	Failed, Wait, WaitText, Unfinished, NoResult string
	Done, DoneText, Part, Pending, PendingText   string
	partText                                     func(name, without string) string
	without                                      map[int]string // what a missing set means; nil = the server's own sentence
	// expired and problem stand for the server's sentences; empty = those themselves.
	expired, problem string
}

var authorizeChinese = authorizeWords{
	Lang: "zh-CN", Title: "授权小程序给知诉", Scan: "需要小程序管理员用微信扫码确认。", Confirm: "请由小程序管理员本人在微信里确认。", Keep: "请保持下面三项勾选：",
	Complaints: "接收和回应投诉，同一时间只能给一个平台", Service: "上传凭证图片", Guarantee: "查看交易体验分和扣分记录",
	Go: "去微信授权", OnComputer: "我在电脑上，用扫码方式", OnPhone: "我在手机微信里", Home: "打开知诉",
	Failed: "现在不能授权", Wait: "请稍候", WaitText: "打开的人太多，请几秒后再试", Unfinished: "授权没有完成", NoResult: "微信没有带回授权结果，请重新打开授权链接再试一次",
	Done: "授权成功", DoneText: "可以关闭这个页面了", Part: "授权成功，但缺少权限", Pending: "已收到授权", PendingText: "正在向微信确认，几秒后会出现在小程序列表里",
	partText: func(name, without string) string {
		return "没有勾选「" + name + "」：" + without + "。请重新打开授权链接，勾选这一项"
	},
}

var authorizeEnglish = authorizeWords{
	Lang: "en", Title: "Authorise a Mini Program to Zhisu", Scan: "The Mini Program's administrator confirms by scanning with WeChat. ", Confirm: "The Mini Program's administrator confirms in WeChat. ",
	Keep: "Please keep these three ticked:", Complaints: "Receive and answer complaints; one platform at a time", Service: "Upload evidence pictures", Guarantee: "See score and deductions",
	Go: "Go to WeChat", OnComputer: "I am at a computer and will scan a code", OnPhone: "I am in WeChat on a phone", Home: "Open Zhisu",
	Failed: "This cannot be authorised now", Wait: "One moment", WaitText: "Too many people are opening this page. Please try again in a few seconds",
	Unfinished: "The authorisation was not finished", NoResult: "WeChat returned no result. Please open the link once more",
	Done: "Authorised", DoneText: "You can close this page", Part: "Authorised, but a permission is missing", Pending: "The authorisation has come", PendingText: "It is being confirmed with WeChat and shows in the list of programs within seconds",
	partText: func(name, without string) string {
		return name + " was not ticked: " + without + ". Please open the link again and tick it"
	},
	without: map[int]string{76: "no new complaints arrive and none can be answered", 151: "score and deductions cannot be read"},
	expired: "This link is not complete, or has expired. Ask for a new one",
	problem: "Please try again later, or ask for a new link",
}

// authorizeIn chooses by Accept-Language: English when it comes before Chinese, else Chinese. Browsers list the languages in the order of their weights.
func authorizeIn(r *http.Request) *authorizeWords {
	for tag := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		switch tag = strings.TrimSpace(tag); {
		case strings.HasPrefix(tag, "zh"):
			return &authorizeChinese
		case strings.HasPrefix(tag, "en"):
			return &authorizeEnglish
		}
	}
	return &authorizeChinese
}
