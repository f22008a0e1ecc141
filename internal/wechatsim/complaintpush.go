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

// pushComplaint pushes complaint_callback to the platform, unless the cause is silenced or the program did not grant set 76.
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
	plain := s.complaintXML(c, a, v, event, option)
	reason := ""
	if !a.authorized {
		reason = "the program is not authorised"
	} else if !a.has(76) {
		reason = "set 76 is not granted"
	}
	for range 1 + v.Duplicates {
		s.enqueue(&push{
			target: targetMessages, event: event, appid: c.appid, complaintID: c.id, openid: a.sender, plain: plain, reason: reason,
		})
	}
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
	inner.add("appid", c.appid)
	inner.add("option_type", option)
	inner.add("complaint_order_id", c.id)
	inner.add("status", orElse(v.PushStatus, strconv.Itoa(c.status)))
	inner.add("create_time", unix(c.created))
	inner.add("expire_time", unix(c.expires))
	inner.add("type", orElse(v.PushType, strconv.Itoa(c.kind)))
	inner.add("order_id", payOrder(c, v))
	inner.add("out_trade_no", c.outNo)
	inner.add("phone_number", c.phone)
	inner.add("open_id", c.openid)
	if !v.NoMaterial {
		inner.add("customer_material_content", c.content)
		s.addMedia(inner, "customer_material_media_id_list", c.images, v)
	}
	inner.add("pay_time", unix(c.paid))
	inner.add("total_cost", strconv.FormatInt(c.amount, 10))
	inner.add("product_name", c.product)
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
	items := c.items
	switch v.History {
	case "none":
		return
	case "single":
		items = items[len(items)-1:]
	}
	for _, n := range items {
		b.open("history")
		b.text("time", unix(n.at))
		b.text("content", n.content)
		s.addMedia(b, "media_id_list", n.images, v)
		b.close("history")
	}
}

func (s *Sim) addMedia(b *pushFields, name string, images []imageRef, v Variants) {
	links := s.links(images)
	if v.MediaList == "comma" && len(links) > 0 {
		links = []string{strings.Join(links, ",")}
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
