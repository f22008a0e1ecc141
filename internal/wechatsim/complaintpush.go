package wechatsim

import (
	"slices"
	"strconv"
	"strings"
)

// firstPush and the silence list's names are the causes of a push.
const firstPush = "first"

// option_type: 1 was seen with a fresh complaint, 2 for updates is inferred (reference/wechat-complaint-api.md §2.2).
const (
	optionFirst    = "1"
	optionProgress = "2"
)

func (s *Sim) pushProgress(c *complaint, cause string) { s.pushComplaint(c, cause) }

// pushComplaint pushes complaint_callback to the platform and to the program's own server, unless the cause is silenced. A program that neither granted
// set 76 nor has a server of its own is told nothing, which the log shows.
func (s *Sim) pushComplaint(c *complaint, cause string) {
	if slices.Contains(s.settings.SilentEvents, cause) {
		return
	}
	a, v := s.accounts[c.appid], s.variantsOf(c)
	event, option := "complaint_callback", optionProgress
	if v.SpacedEvent {
		event = "complaint callback"
	}
	if cause == firstPush {
		option = optionFirst
	}
	reason := ""
	if !a.authorized {
		reason = "the program is not authorised"
	} else if !a.has(76) {
		reason = "set 76 is not granted"
	}
	var targets []string
	if reason == "" || a.Push == nil {
		targets = append(targets, targetMessages)
	}
	if a.Push != nil && (reason != "" || !s.settings.OwnPushAlone) {
		targets, reason = append(targets, targetOwn), ""
	}
	for range 1 + v.Duplicates {
		for _, target := range targets {
			p := &push{target: target, event: event, appid: c.appid, complaintID: c.id, openid: a.sender, reason: reason}
			p.plain = s.complaintPlain(c, p, event, option)
			s.enqueue(p)
		}
	}
}

// complaintPlain is the plain text of a push in the format of p's door.
func (s *Sim) complaintPlain(c *complaint, p *push, event, option string) []byte {
	a, v := s.accounts[c.appid], s.variantsOf(c)
	if s.doorOf(p).format == formatJSON {
		return s.complaintJSON(c, a, v, event, option)
	}
	return s.complaintXML(c, a, v, event, option)
}

// pushFields writes elements and leaves out the omitted ones.
type pushFields struct {
	xmlBuilder
	omit []string
}

func (b *pushFields) add(name, value string) {
	if !slices.Contains(b.omit, name) {
		b.text(name, value)
	}
}

// complaintXML is the plain text of a push, §2.2 of the reference.
func (s *Sim) complaintXML(c *complaint, a *account, v Variants, event, option string) []byte {
	var b xmlBuilder
	b.text("ToUserName", a.UserName)
	b.text("FromUserName", a.sender)
	b.number("CreateTime", s.now().Unix())
	b.text("MsgType", "event")
	b.text("Event", event)
	inner := &pushFields{omit: v.PushOmit}
	for _, f := range c.pushValues(v, option) {
		inner.add(f[0], f[1])
	}
	if !v.NoMaterial {
		inner.add("customer_material_content", c.content)
		s.addMedia(inner, "customer_material_media_id_list", c.images, v)
	}
	s.addHistory(inner, c, v)
	if v.Flat {
		b.buf.Write(inner.buf.Bytes())
	} else {
		b.open("BussiCallBackInfo")
		b.buf.Write(inner.buf.Bytes())
		b.close("BussiCallBackInfo")
	}
	return b.document()
}

// addHistory repeats <history> per entry; there is no outer list element.
func (s *Sim) addHistory(b *pushFields, c *complaint, v Variants) {
	for _, n := range c.history(v) {
		b.open("history")
		b.text("time", unix(n.at))
		b.text("content", n.content)
		s.addMedia(b, "media_id_list", n.images, v)
		b.close("history")
	}
}

// history is the entries that a push tells.
func (c *complaint) history(v Variants) []node {
	switch v.History {
	case "none":
		return nil
	case "single":
		return c.items[len(c.items)-1:]
	}
	return c.items
}

func joined(links []string) string { return strings.Join(links, ",") }

func (s *Sim) addMedia(b *pushFields, name string, images []imageRef, v Variants) {
	links := s.links(images)
	if v.MediaList == "comma" && len(links) > 0 {
		links = []string{joined(links)}
	}
	for _, u := range links {
		b.add(name, u)
	}
}

func payOrder(c *complaint, v Variants) string {
	if v.NoUnderscore {
		return "payorder@" + c.transaction
	}
	return "payorder@_" + c.transaction
}

func orElse(v *string, other string) string {
	if v != nil {
		return *v
	}
	return other
}

// pushValues are the single values of a push, all of them texts.
func (c *complaint) pushValues(v Variants, option string) [][2]string {
	return [][2]string{
		{"appid", c.appid},
		{"option_type", option},
		{"complaint_order_id", c.id},
		{"status", orElse(v.PushStatus, strconv.Itoa(c.status))},
		{"create_time", unix(c.created)},
		{"expire_time", unix(c.expires)},
		{"type", orElse(v.PushType, strconv.Itoa(c.kind))},
		{"order_id", payOrder(c, v)},
		{"out_trade_no", c.outNo},
		{"phone_number", c.phone},
		{"open_id", c.openid},
		{"pay_time", unix(c.paid)},
		{"total_cost", strconv.FormatInt(c.amount, 10)},
		{"product_name", c.product},
	}
}
