package demo

import (
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// left says when something with 48 hours was started, if this much of them is left now.
func left(h, m int) time.Duration {
	return 48*time.Hour - time.Duration(h)*time.Hour - time.Duration(m)*time.Minute
}

// stories are the seeded cases, one for each thing worth seeing on the first screen.
func stories() []story {
	return []story{
		{
			filing: wechatsim.Filing{
				AppID: park, Type: 631, Amount: 29900, ProductName: "亲子双人票", ImageCount: 1, NickName: "微信用户",
				Content: "买票时写着送一套拼图，到店说送完了，也没有补偿。",
			},
			ago: 60 * time.Hour, answer: action.Agree, text: "非常抱歉，赠品缺货是我们的失误。拼图已为您补寄，今天发出，预计两天内送到。",
			then:   []chapter{{event: wechatsim.UserAccepts, ago: 40 * time.Hour}},
			back:   repayment{amount: 3000, reason: "赠品缺货补偿", want: refund.Done},
			points: wechatsim.Deduction{Wording: "未履行承诺", Minus: 2, Status: 6, AgeSeconds: 3600},
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 641, Amount: 25800, ProductName: "武夷岩茶 礼盒", ImageCount: 2, NickName: "微信用户",
				Content: "详情页写的是足火岩茶，收到的喝起来像轻火，包装也和图片不一样。",
			},
			ago: 70 * time.Hour, answer: action.Refuse, text: "我们核对了批次记录和质检报告，发出的是足火岩茶。包装今年更换过，详情页已注明。",
			then: []chapter{
				{event: wechatsim.UserAsksPlatform, ago: 50 * time.Hour},
				{event: wechatsim.PlatformRulesMerchant, ago: left(17, 20), content: "商品包装与页面展示不一致，请为用户办理退款并上传处理凭证。"},
			},
			back: repayment{amount: 25800, reason: "平台判定退款", trouble: "abnormal", want: refund.Abnormal},
		},
		{
			filing: wechatsim.Filing{
				AppID: park, Type: 633, Amount: 39900, ProductName: "家庭年卡 两大一小", ImageCount: 2, NickName: "微信用户",
				Content: "说好两大一小都能进，到门口又要补一张大人票，孩子在门口哭了半小时。",
			},
			ago: 66 * time.Hour, answer: action.Refuse, text: "年卡页面说明两位成人中一位须为登记的监护人，当天第二位成人未登记，现场工作人员已解释。",
			then: []chapter{
				{event: wechatsim.UserAsksPlatform, ago: 46 * time.Hour},
				{event: wechatsim.PlatformAsksEvidence, ago: left(5, 6), content: "请商家补充年卡使用规则的页面截图和现场沟通记录。"},
			},
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 642, Amount: 16800, ProductName: "明前龙井 250g 礼盒", ImageCount: 4, NickName: "微信用户", PhoneNumber: "13812346021",
				Content: "打开盒子罐子已经瘪了，茶叶洒了一半，找客服两天了就回一句“在核实”。过节送人的，现在也来不及了，要求退款。",
			},
			ago: left(1, 42),
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 614, Amount: 129900, ProductName: "老白茶 2018 整提", ImageCount: 1, NickName: "微信用户",
				Content: "物流停在嘉兴九天了，周末要用，现在没人管。",
			},
			ago:  left(9, 51),
			back: repayment{amount: 129900, reason: "物流停滞，全额退款", want: refund.WaitingApproval},
		},
		{
			filing: wechatsim.Filing{
				AppID: park, Type: 621, Amount: 12800, ProductName: "单人日票", NickName: "微信用户",
				Content: "下雨闭园想改期，在线客服发了十几条一直没有人回。",
			},
			ago: left(22, 3),
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 613, Amount: 9600, ProductName: "小青柑 三罐装", ImageCount: 1, NickName: "微信用户",
				Content: "少了一罐小青柑，包裹里只有两罐。",
			},
			ago:  left(32, 8),
			then: []chapter{{due: 38 * time.Hour}},
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 611, Amount: 8800, ProductName: "桂花乌龙 150g", NickName: "微信用户",
				Content: "下单五天了还没有发货，页面写的是 48 小时内发。",
			},
			ago: 30 * time.Hour, answer: action.Agree, text: "很抱歉让您久等了。您的订单已于今天上午发出，并为您全额退还运费，感谢您的耐心。",
			back:   repayment{amount: 1200, reason: "退还运费", want: refund.Done},
			points: wechatsim.Deduction{Wording: "未按约定时间发货", Minus: 2, Status: 4, AgeSeconds: 3600},
		},
		{
			filing: wechatsim.Filing{AppID: park, Type: 643, Amount: 6600, ProductName: "手作体验券", NickName: "微信用户", Content: "买错了时间，想退。"},
			ago:    28 * time.Hour,
			then:   []chapter{{event: wechatsim.Withdraw, ago: 26 * time.Hour}},
		},
	}
}
