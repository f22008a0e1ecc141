package notify

import (
	"bytes"
	"context"
	_ "embed" // the mail's HTML
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// beijing is the time zone of every text: China has one and no summer time.
var beijing = time.FixedZone("CST", 8*3600)

//go:embed mail.html.tmpl
var mailSource string

var mailTemplate = template.Must(template.New("mail").Parse(mailSource))

// duties are the stages in which the merchant must act: the verb, and what WeChat does when the time is over
// (reference/wechat-complaint-api.md §4.1).
var duties = map[string]struct{ verb, silence string }{
	"to_respond":    {"回应", "到期没有回应，会转由平台介入，平台可能判为商家责任：先行垫付，并扣除保证金和交易体验分。"},
	"to_supplement": {"补充凭证", "到期没有补充，平台会按现有凭证判定，举证不足的一方承担责任。"},
	"to_prove":      {"上传处理凭证", "到期没有上传，会按超时处理，平台可能先行赔付，并扣除保证金和交易体验分。"},
	"to_appeal":     {"申诉", "过了申诉期，就不能再申诉。"},
}

// row is one fact of a message.
type row struct{ Label, Value string }

// letter is a message before it has a form.
type letter struct {
	Program, Lead string
	Rows          []row
	Excerpt       string
	// Left and Deadline are set while the merchant must act; Deadline says so when WeChat gave none.
	Left, Deadline string
	Late           bool
	Silence        string
	Button, Link   string
	// Items are the notices of a list, More says how many are not shown.
	Items []item
	More  string
}

// message renders a notice as of now. A later try renders again, so that the time left is true when it is read.
func (s *Service) message(ctx context.Context, n *noticeRow, f Facts) (channel.Message, error) {
	opened, err := s.sealer.Open(addressPlace(n.ID), n.AddressSealed)
	if err != nil {
		return channel.Message{}, fmt.Errorf("open address of notice: %w", err)
	}
	to := opened.Reveal()
	switch {
	case n.IsList:
		return s.listMessage(ctx, n, to)
	case n.Event == eventDigest:
		subject, l, err := s.digestLetter(ctx, n, to)
		if err != nil {
			return channel.Message{}, err
		}
		m, err := s.finished(n, to, subject, l, Facts{})
		if err == nil {
			m.Vars["event"] = strings.TrimSuffix(l.Lead, "。")
		}
		return m, err
	case n.Event == EventChannelFailing:
		f.Note, f.URL = s.failingNote(ctx, n), s.publicURL+"/notices/channels"
	case n.Event == EventRuleActed || n.Event == EventRuleStopped:
		f.Note = f.Automation
	case n.Event == EventPushSilent:
		f.Note = silentNote(n.EventKey)
	}
	f.URL = s.link(ctx, n, f)
	l := s.letter(n.Event, f)
	if n.Reason == Escalated || n.Reason == Mentioned {
		l.Lead = n.ReasonText + "。"
	}
	return s.finished(n, to, s.subject(n.Event, f), l, f)
}

// link is where the receiver of a notice acts; empty leaves it to the letter.
func (s *Service) link(ctx context.Context, n *noticeRow, f Facts) string {
	if f = s.lead(ctx, n, f); f.URL != "" || n.ComplaintID == "" {
		return f.URL
	}
	return s.publicURL + "/complaints/" + url.PathEscape(n.ComplaintID)
}

func (s *Service) letter(event string, f Facts) letter {
	l := letter{
		Program: clip(f.ProgramName, 40), Lead: heads[event].lead, Link: f.URL, Button: "查看投诉",
		Excerpt: clip(strings.Join(strings.Fields(f.ContentExcerpt), " "), 120),
	}
	if ofProgram(event) {
		l.Button = "查看详情"
	}
	switch {
	case l.Link != "":
	case ofProgram(event):
		l.Link = s.publicURL + "/programs"
	default:
		l.Link = s.publicURL + "/complaints/" + url.PathEscape(f.ComplaintID)
	}
	add := func(label, value string) {
		if value != "" {
			l.Rows = append(l.Rows, row{label, value})
		}
	}
	add("小程序", l.Program)
	add("说明", clip(f.Note, 200))
	add("问题", f.TypeText)
	if f.Amount != nil {
		add("金额", yuan(*f.Amount))
	}
	add("商品", clip(f.ProductName, 60))
	add("状态", f.StageText)
	add("投诉单号", f.OrderNo)
	if !f.CreatedAt.IsZero() {
		add("投诉时间", clockTime(f.CreatedAt))
	}
	duty, ok := duties[f.Stage]
	if !ok {
		return l
	}
	l.Button, l.Silence = "去"+duty.verb, duty.silence
	switch {
	case f.DueAt.IsZero():
		l.Deadline = "微信没有给出截止时间，请尽快" + duty.verb + "。"
	case f.DueAt <= s.now():
		l.Late = true
		l.Left, l.Deadline = "已过截止时间，请尽快"+duty.verb, clockTime(f.DueAt)+"（北京时间）"
	default:
		l.Left, l.Deadline = left(f.DueAt-s.now())+duty.verb, clockTime(f.DueAt)+"（北京时间）前"+duty.verb
	}
	return l
}

// subject is the one line that must do alone: 【满山茶铺】商品-破损 ¥168.00，剩 47 小时 58 分回应.
func (s *Service) subject(event string, f Facts) string {
	what := f.TypeText
	if what == "" && !ofProgram(event) {
		what = "交易投诉"
	}
	if f.Amount != nil {
		what += " " + yuan(*f.Amount)
	}
	tail := ""
	if duty, ok := duties[f.Stage]; ok {
		switch {
		case f.DueAt.IsZero():
			tail = "，请尽快" + duty.verb
		case f.DueAt <= s.now():
			tail = "，已过截止时间，请尽快" + duty.verb
		default:
			tail = "，" + left(f.DueAt-s.now()) + duty.verb
		}
	}
	name := "【知诉】"
	if f.ProgramName != "" {
		name = "【" + clip(f.ProgramName, 20) + "】"
	}
	return name + heads[event].subject + what + tail
}

func (l letter) text() string {
	var b strings.Builder
	b.WriteString(l.Lead + "\n\n")
	if l.Left != "" {
		b.WriteString(l.Left + "\n")
	}
	if l.Deadline != "" {
		b.WriteString(l.Deadline + "\n\n")
	}
	for _, r := range l.Rows {
		b.WriteString(r.Label + "：" + r.Value + "\n")
	}
	for i, x := range l.Items {
		fmt.Fprintf(&b, "\n%d. %s\n%s\n", i+1, x.Text, x.Link)
	}
	if l.More != "" {
		b.WriteString("\n" + l.More + "\n")
	}
	if l.Excerpt != "" {
		b.WriteString("\n用户说：\n" + l.Excerpt + "\n")
	}
	if l.Silence != "" {
		b.WriteString("\n" + l.Silence + "\n")
	}
	b.WriteString("\n" + l.Button + "：\n" + l.Link + "\n")
	return b.String()
}

// short has no words of other people in it, for providers that refused the whole message as spam.
func (l letter) short(f Facts) string {
	t := "有一件小程序交易投诉有新消息，单号 " + f.OrderNo + "。"
	if f.ComplaintID == "" {
		t = l.Lead
	}
	if l.Left != "" {
		t += l.Left + "。"
	}
	return t + "\n" + l.Link + "\n"
}

func renderHTML(l letter) (string, error) {
	var b bytes.Buffer
	if err := mailTemplate.Execute(&b, l); err != nil {
		return "", fmt.Errorf("render message: %w", err)
	}
	return b.String(), nil
}

func clockTime(t db.Time) string { return t.Time().In(beijing).Format("2006-01-02 15:04") }

// left words a span with its minutes rounded down, ending so that a verb can follow.
func left(d db.Time) string {
	m := int64(d) / 60_000
	switch {
	case m < 1:
		return "剩不到 1 分钟"
	case m < 60:
		return "剩 " + strconv.FormatInt(m, 10) + " 分钟"
	case m%60 == 0:
		return "剩 " + strconv.FormatInt(m/60, 10) + " 小时"
	}
	return fmt.Sprintf("剩 %d 小时 %d 分", m/60, m%60)
}

// yuan words fen: ¥12,345.60.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	whole := strconv.FormatInt(fen/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("%s¥%s.%02d", sign, whole, fen%100)
}

// clip shortens to n characters, the last of them an ellipsis.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// testHTML is the body of a test message.
func testHTML(name, link string) (string, error) {
	return renderHTML(letter{
		Lead: "这是一条测试消息。收到它，说明通知渠道「" + name + "」可以使用：有新投诉时，会用同样的方式告诉您。", Button: "打开知诉", Link: link,
	})
}
