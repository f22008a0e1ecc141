package wechatsim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

func unix(t time.Time) string { return strconv.FormatInt(unixSec(t), 10) }

// unixSec is 0 for "no time", as expireTime is in a status without a deadline.
func unixSec(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// detail answers complaintOrderDetail. The id is taken from the query, where every client sends it, or from a JSON body,
// where the official table puts it; an unknown or foreign id is -1 (reference/wechat-complaint-api.md §6.2, §6.4).
func (s *Sim) detail(c *call) (fields, *apiError) {
	k := s.complaints[namedComplaint(c)]
	if k == nil || k.appid != c.acc.AppID {
		return nil, refuse(-1)
	}
	v := s.variantsOf(k)
	order := s.orderFields(k, v)
	out := fields{"errcode": 0, "errmsg": "ok", "complaintOrder": order}
	items := make([]any, 0, len(k.items))
	for _, n := range k.items {
		items = append(items, s.itemFields(k, n))
	}
	out["item"] = items
	if v.ItemObject && len(items) > 0 {
		out["item"] = items[len(items)-1]
	}
	if k.bill != nil {
		out["returnBill"] = fields{
			"returnId": maybeNumber(k.bill.id, v.NumericIDs), "waybillId": k.bill.waybill,
			"deliveryName": k.bill.carrier, "orderStatus": k.bill.orderStatus,
		}
	}
	for _, name := range v.Omit {
		delete(order, name)
		delete(out, name)
	}
	if v.StringNumbers {
		for _, name := range []string{"complaintOrder", "item", "returnBill"} {
			if val, ok := out[name]; ok {
				out[name] = asText(val)
			}
		}
	}
	return out, nil
}

// orderFields is complaintOrder, §6.3.
func (s *Sim) orderFields(c *complaint, v Variants) fields {
	f := fields{
		"complaintOrderId": maybeNumber(c.id, v.NumericIDs),
		"createTime":       c.created.Unix(),
		"phoneNumber":      maybeNumber(c.phone, true),
		"type":             c.kind, "status": c.status, "appealState": c.appeal,
		"customerMaterial": fields{"content": c.content, "mediaIdList": s.links(c.images)},
		"orderId":          payOrder(c, v), "outTradeNo": c.outNo, "productName": c.product,
		"payTime": c.paid.Unix(), "expireTime": unixSec(c.expires),
		"headImgUrl": s.link(imageRef{sample: 4}), "nickName": c.nick,
	}
	if v.LowerOpenID {
		f["openid"] = c.openid
	} else {
		f["openId"] = c.openid
	}
	switch v.TotalCost {
	case "text":
		f["totalCost"] = strconv.FormatInt(c.amount, 10)
	case "str":
		f["totalCostStr"] = yuan(c.amount)
	case "currency":
		f["totalCost"] = yuan(c.amount)
	default:
		f["totalCost"] = c.amount
	}
	if v.ExpireZero {
		f["expireTime"] = 0
	}
	if v.Status != nil {
		f["status"] = *v.Status
	}
	if v.Type != nil {
		f["type"] = *v.Type
	}
	return f
}

func (s *Sim) itemFields(c *complaint, n node) fields {
	f := fields{
		"itemType": n.itemType, "time": n.at.Unix(), "content": n.content, "mediaIdList": s.links(n.images),
		"phoneNumber": maybeNumber(c.phone, true), "nickName": n.by,
	}
	if n.itemType == 31 || n.itemType == 32 {
		f["blameResult"] = n.blame
	}
	if n.appealItem != 0 {
		delete(f, "itemType")
		f["appealItemType"] = n.appealItem
	}
	return f
}

// yuan is the text with a full-width currency sign that production was seen to send.
func yuan(fen int64) string { return fmt.Sprintf("￥%d.%02d", fen/100, fen%100) }

// maybeNumber answers a text of digits as a number.
func maybeNumber(text string, number bool) any {
	if number {
		if _, err := strconv.ParseInt(text, 10, 64); err == nil {
			return json.Number(text)
		}
	}
	return text
}

// asText turns every number below v into text.
func asText(v any) any {
	switch v := v.(type) {
	case fields:
		out := fields{}
		for k, e := range v {
			out[k] = asText(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = asText(e)
		}
		return out
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case json.Number:
		return v.String()
	default:
		return v
	}
}
