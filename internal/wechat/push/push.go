// Package push reads what WeChat pushes, after decryption: pure functions that survive every shape the reference reports. It calls nobody.
package push

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// Format is how a pushed message is written. Third-party pushes are XML; an own
// server may choose JSON (open platform §3.2).
type Format int

// The formats of a push.
const (
	// FormatAuto looks at the first character.
	FormatAuto Format = iota
	FormatXML
	FormatJSON
)

// MaxPush is the longest plaintext that is parsed, in bytes.
const MaxPush = 1 << 20

// Why a push is not parsed. They never carry input.
var (
	// ErrMalformed: neither XML nor JSON, or nothing in it says what it is.
	ErrMalformed = errors.New("wechat: the pushed message cannot be read")
	// ErrDoctype: the XML holds a DOCTYPE or another declaration.
	ErrDoctype = errors.New("wechat: XML declarations are refused")
	// ErrPushTooLarge: longer than MaxPush, or of absurdly many elements.
	ErrPushTooLarge = errors.New("wechat: the pushed message is too large")
)

// EventComplaint is the Event of complaint pushes.
const EventComplaint = "complaint_callback"

// Event is a message of the message URL (消息与事件接收 URL) or of an own server.
// Values are as WeChat sent them, without surrounding blanks. It holds personal
// data and prints without it.
type Event struct {
	ToUserName   string // gh_ id of the program
	FromUserName string // an openid or a system account; not always the complainant's (complaint §2.2)
	CreateTime   int64  // unix seconds of the push; 0 = not sent
	MsgType      string
	Event        string // EventComplaint also if WeChat wrote it with a blank
	MsgID        string
	Content      string // of a text message
	// Fields are all top-level scalar fields by WeChat's names, the first if one
	// is repeated.
	Fields map[string]string
	// Complaint is set for complaint pushes.
	Complaint *ComplaintCallback
	// Violation is set for pushes about violations.
	Violation *Violation
	// Partial: the XML was broken and read by the tolerant scanner.
	Partial bool
}

// Format hides personal data from every fmt verb.
func (e Event) Format(f fmt.State, _ rune) {
	hidden(f, "push %s %s at %d", e.MsgType, e.Event, e.CreateTime)
}

// ComplaintCallback is what a complaint push says (complaint §2.2). Any field may
// be missing: numbers are 0 then, texts "". The detail is the truth; read it.
type ComplaintCallback struct {
	AppID            string
	OptionType       int // 1 seen for a new complaint; 2 for progress is a guess
	ComplaintOrderID string
	Status           int
	CreateTime       int64 // of the complaint, unix seconds
	ExpireTime       int64 // unix seconds
	Type             int
	// OrderID is raw, TransactionID the same without the prefix.
	OrderID, TransactionID string
	OutTradeNo             string
	PhoneNumber            string
	OpenID                 string
	Content                string
	MediaURLs              []string // expire
	PayTime                int64    // unix seconds
	// AmountFen: see AmountFen in amount.go; nil = absent or ambiguous.
	AmountFen   *int64
	AmountText  string
	ProductName string
	History     []HistoryEntry
}

// Format hides personal data from every fmt verb.
func (c ComplaintCallback) Format(f fmt.State, _ rune) {
	hidden(f, "complaint push %s, status %d, option %d", c.ComplaintOrderID, c.Status, c.OptionType)
}

// HistoryEntry is one progress entry of a complaint push.
type HistoryEntry struct {
	Time      int64 // unix seconds
	Content   string
	MediaURLs []string
}

// Format hides personal data from every fmt verb.
func (h HistoryEntry) Format(f fmt.State, _ rune) { hidden(f, "history entry at %d", h.Time) }

// ParseEvent reads a decrypted message of the message URL. Complaint pushes are
// read wrapped (BussiCallBackInfo) or flat, with one history or several, with
// numbers or strings, and also from XML as broken as WeChat's own example
// (complaint §2.3). Time and memory are linear in the input.
//
// Errors: ErrDoctype, ErrMalformed, ErrPushTooLarge. An unknown Event, or none in
// an otherwise sound message, is no error.
func ParseEvent(plaintext []byte, format Format) (*Event, error) {
	root, partial, err := parseTree(plaintext, format)
	if err != nil {
		return nil, err
	}
	e := &Event{
		ToUserName: root.text("ToUserName"), FromUserName: root.text("FromUserName"), CreateTime: root.integer("CreateTime"),
		MsgType: root.text("MsgType"), Event: root.text("Event"), MsgID: root.text("MsgId"), Content: root.text("Content"),
		Fields: root.scalars(), Partial: partial,
	}
	inner := root.child("BussiCallBackInfo")
	if isComplaint(e, root, inner) {
		e.Event = EventComplaint
		e.Complaint = complaintCallback(root, inner)
	} else {
		e.Violation = violation(e.Event, root)
	}
	if e.MsgType == "" && e.Event == "" && (partial || len(e.Fields) == 0) {
		return nil, ErrMalformed
	}
	return e, nil
}

// isComplaint also accepts the spelling with a blank (complaint §2.2), and a push
// that lost its Event but carries a complaint id.
func isComplaint(e *Event, root, inner *node) bool {
	if e.Event == "" {
		return root.text("complaint_order_id") != "" || inner.text("complaint_order_id") != ""
	}
	return strings.EqualFold(strings.Join(strings.Fields(e.Event), "_"), EventComplaint)
}

func complaintCallback(root, inner *node) *ComplaintCallback {
	from := func(name string) *node {
		if n := inner.child(name); n != nil {
			return n
		}
		return root.child(name)
	}
	str := func(name string) string { return from(name).value() }
	num := func(name string) int64 { return from(name).number() }
	c := &ComplaintCallback{
		AppID: str("appid"), OptionType: loose.Narrow(num("option_type")), ComplaintOrderID: str("complaint_order_id"),
		Status: loose.Narrow(num("status")), CreateTime: num("create_time"), ExpireTime: num("expire_time"), Type: loose.Narrow(num("type")),
		OrderID: str("order_id"), TransactionID: loose.TransactionID(str("order_id")), OutTradeNo: str("out_trade_no"),
		PhoneNumber: str("phone_number"), OpenID: str("open_id"), Content: str("customer_material_content"),
		PayTime: num("pay_time"), AmountText: str("total_cost"), ProductName: str("product_name"),
	}
	if fen, ok := loose.AmountFen(c.AmountText, loose.PlainText); ok {
		c.AmountFen = &fen
	}
	holder := inner
	if len(holder.all("customer_material_media_id_list")) == 0 {
		holder = root
	}
	c.MediaURLs = holder.links("customer_material_media_id_list")
	histories := inner.all("history")
	if len(histories) == 0 {
		histories = root.all("history")
	}
	for _, h := range histories {
		entry := HistoryEntry{Time: h.integer("time"), Content: h.text("content"), MediaURLs: h.links("media_id_list")}
		if entry.Time != 0 || entry.Content != "" || len(entry.MediaURLs) > 0 {
			c.History = append(c.History, entry)
		}
	}
	return c
}

// TextReply is the plain XML of a passive text answer, to be encrypted with
// msgcrypt.ReplyXML; the release check asks for it (open platform §5, steps c and
// e). to is the push's FromUserName, from its ToUserName, at is in unix seconds.
func TextReply(to, from string, at int64, content string) []byte {
	var b bytes.Buffer
	element := func(name, value string) {
		b.WriteString("<" + name + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a bytes.Buffer takes everything
		b.WriteString("</" + name + ">")
	}
	b.WriteString("<xml>")
	element("ToUserName", to)
	element("FromUserName", from)
	element("CreateTime", strconv.FormatInt(at, 10))
	element("MsgType", "text")
	element("Content", content)
	b.WriteString("</xml>")
	return b.Bytes()
}

// hidden writes what a value that holds personal data shows of itself, for any verb.
func hidden(f fmt.State, format string, args ...any) {
	_, _ = io.WriteString(f, fmt.Sprintf(format, args...))
}
