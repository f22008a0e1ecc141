package notify

import (
	"strconv"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
)

// Var is a fact that providers with templates of their own can put into one.
type Var struct {
	Name string
	// Label says in Chinese what it is, Example what it looks like.
	Label, Example string
}

// Vars lists the facts of channel.Message.Vars.
func Vars() []Var {
	return []Var{
		{"event", "发生了什么", "收到一件新投诉"},
		{"program", "小程序", "满山茶铺"},
		{"problem", "投诉的问题", "商品-破损"},
		{"amount", "订单金额", "168.00元"},
		{"product", "商品", "明前龙井 250g 礼盒"},
		{"order_no", "投诉单号", "11897051"},
		{"order_tail", "投诉单号后 6 位", "897051"},
		{"stage", "状态", "待商家回应"},
		{"due", "截止时间", "2026年11月24日 15:48"},
		{"left", "剩余时间", "1 小时 41 分"},
		{"left_hours", "剩余小时数", "1"},
		{"created", "投诉时间", "2026年11月22日 15:48"},
		{"link", "处理链接", "https://complaints.example.com/c/…"},
	}
}

// ExampleVars are the facts of a test message, one of every kind; they are invented, but for the link.
func ExampleVars(link string) map[string]string {
	v := map[string]string{}
	for _, f := range Vars() {
		v[f.Name] = f.Example
	}
	v["event"], v["link"] = "这是一条测试消息", link
	return v
}

// vars are the facts of one message; what is unknown is absent.
func (s *Service) vars(event string, f Facts, link string) map[string]string {
	v := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			v[name] = value
		}
	}
	put("event", strings.TrimSuffix(heads[event].lead, "。"))
	put("program", f.ProgramName)
	put("problem", f.TypeText)
	put("product", f.ProductName)
	put("order_no", f.OrderNo)
	put("order_tail", f.OrderNo[max(0, len(f.OrderNo)-6):])
	put("stage", f.StageText)
	put("link", link)
	if f.Amount != nil {
		put("amount", strings.ReplaceAll(strings.TrimPrefix(yuan(*f.Amount), "¥"), ",", "")+"元")
	}
	if !f.CreatedAt.IsZero() {
		put("created", longTime(f.CreatedAt))
	}
	if !f.DueAt.IsZero() {
		put("due", longTime(f.DueAt))
		left := max(0, f.DueAt-s.now())
		put("left", span(left))
		put("left_hours", strconv.FormatInt(int64(left)/3_600_000, 10))
	}
	return v
}

func longTime(t db.Time) string { return t.Time().In(beijing).Format("2006年1月2日 15:04") }

// span words a time with its minutes rounded down.
func span(d db.Time) string {
	m := int64(d) / 60_000
	if m < 60 {
		return strconv.FormatInt(m, 10) + " 分钟"
	}
	return strconv.FormatInt(m/60, 10) + " 小时 " + strconv.FormatInt(m%60, 10) + " 分"
}
