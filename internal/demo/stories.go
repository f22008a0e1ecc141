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

// Statuses of a deduction, reference/wechat-complaint-api.md §8.1.
const (
	deducted = 2
	appealed = 4
	rejected = 5
	won      = 6
)

// stories are the seeded cases, one for each thing worth seeing on the first screen.
func stories() []*story {
	return []*story{
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 641, Amount: 16800, ProductName: "雨前龙井 100g", ImageCount: 1, NickName: "微信用户", Content: "明前和雨前不是一回事，收到的包装上写的是雨前。",
			},
			ago: 87 * day, answer: reply{action.Refuse, "商品名称和详情页写的都是雨前龙井，附上页面截图和检测报告。", 5 * time.Hour},
			then: []chapter{
				{event: wechatsim.UserAsksPlatform, ago: 86 * day},
				{points: wechatsim.Deduction{Wording: "商品描述不符", Minus: 4, Status: deducted}, ago: 84 * day},
				{event: wechatsim.PlatformRulesUser, ago: 79 * day},
				{points: wechatsim.Deduction{Status: won}, ago: 77 * day},
			},
		},
		{
			filing: wechatsim.Filing{AppID: tea, Type: 613, Amount: 9600, ProductName: "凤凰单丛 两罐装", NickName: "微信用户", Content: "买的两罐，只收到一罐。"},
			ago:    66 * day, lost: true,
			then: []chapter{{points: wechatsim.Deduction{Wording: "少发、错发商品", Minus: 2, Status: deducted}, ago: 62 * day}},
		},
		{
			filing: wechatsim.Filing{AppID: tea, Type: 621, Amount: 4500, ProductName: "茉莉花茶 50g", NickName: "微信用户", Content: "客服一直是机器人，没有人理。"},
			ago:    46 * day,
			then: []chapter{
				{points: wechatsim.Deduction{Wording: "超时未回应投诉", Minus: 4, Status: deducted}, ago: 42 * day},
				{event: wechatsim.Withdraw, ago: 41 * day},
				{points: wechatsim.Deduction{Status: rejected}, ago: 36 * day},
			},
		},
		{
			filing: wechatsim.Filing{
				AppID: park, Type: 621, Amount: 19800, ProductName: "周末双人票", NickName: "微信用户", Content: "订单页一直转圈，打电话没人接。",
			},
			ago: 25 * day, answer: reply{action.Agree, "很抱歉，当天系统故障，已为您改签到本周末，另赠一张停车券。", 90 * time.Minute},
			then: []chapter{{event: wechatsim.UserAccepts, ago: 24 * day}},
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 642, Amount: 12800, ProductName: "熟普 357g 茶饼", ImageCount: 2, NickName: "微信用户", Content: "茶饼边上有霉点，拆开一股潮味。",
			},
			ago: 12 * day, answer: reply{action.Agree, "非常抱歉，茶饼在仓库受潮了。已为您补寄一饼，原来的不用寄回。", 40 * time.Minute},
			then: []chapter{
				{event: wechatsim.UserAccepts, ago: 11 * day},
				{points: wechatsim.Deduction{Wording: "商品破损", Minus: 2, Status: deducted}, ago: 10 * day},
				{points: wechatsim.Deduction{Status: appealed}, ago: 7 * day},
			},
		},
		{
			filing: wechatsim.Filing{
				AppID: park, Type: 631, Amount: 29900, ProductName: "亲子双人票", ImageCount: 1, NickName: "微信用户",
				Content: "买票时写着送一套拼图，到店说送完了，也没有补偿。",
			},
			ago: 60 * time.Hour, answer: reply{action.Agree, "非常抱歉，赠品缺货是我们的失误。拼图已为您补寄，今天发出，预计两天内送到。", 130 * time.Minute},
			then: []chapter{
				{event: wechatsim.UserAccepts, ago: 40 * time.Hour},
				{points: wechatsim.Deduction{Wording: "未履行承诺", Minus: 2, Status: deducted}, ago: 30 * time.Hour},
				{points: wechatsim.Deduction{Status: won}, ago: time.Hour},
			},
			back: repayment{amount: 3000, reason: "赠品缺货补偿", want: refund.Done},
		},
		{
			filing: wechatsim.Filing{
				AppID: tea, Type: 641, Amount: 25800, ProductName: "武夷岩茶 礼盒", ImageCount: 2, NickName: "微信用户",
				Content: "详情页写的是足火岩茶，收到的喝起来像轻火，包装也和图片不一样。",
			},
			ago: 70 * time.Hour, answer: reply{action.Refuse, "我们核对了批次记录和质检报告，发出的是足火岩茶。包装今年更换过，详情页已注明。", 320 * time.Minute},
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
			ago: 66 * time.Hour, answer: reply{action.Refuse, "年卡页面说明两位成人中一位须为登记的监护人，当天第二位成人未登记，现场工作人员已解释。", 3 * time.Hour},
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
			ago: 30 * time.Hour, answer: reply{action.Agree, "很抱歉让您久等了。您的订单已于今天上午发出，并为您全额退还运费，感谢您的耐心。", 50 * time.Minute},
			back: repayment{amount: 1200, reason: "退还运费", want: refund.Done},
		},
		{
			filing: wechatsim.Filing{AppID: park, Type: 643, Amount: 6600, ProductName: "手作体验券", NickName: "微信用户", Content: "买错了时间，想退。"},
			ago:    28 * time.Hour,
			then:   []chapter{{event: wechatsim.Withdraw, ago: 26 * time.Hour}},
		},
	}
}
