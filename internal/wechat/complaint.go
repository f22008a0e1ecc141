package wechat

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// Detail is WeChat's answer about one complaint. It holds personal data and
// prints without it.
type Detail struct {
	Complaint Complaint
	// Nodes is the progress, in WeChat's order.
	Nodes []Node
	// ReturnBill is nil when there is no return.
	ReturnBill *ReturnBill
}

// Complaint is complaintOrder. Numbers WeChat did not send, or sent unreadably,
// are 0; unknown values of Status, Type and AppealState are kept as they came.
type Complaint struct {
	ID          string
	OpenID      string
	CreateTime  int64 // unix seconds
	PhoneNumber string
	Type        int // complaint §5
	Status      int // complaint §3
	AppealState int // complaint §4.3
	Content     string
	// MediaURLs are links that expire; ask again before showing them.
	MediaURLs []string
	// OrderID is raw ("payorder@_4200…"), TransactionID the same without the prefix.
	OrderID, TransactionID string
	OutTradeNo             string
	ProductName            string
	PayTime                int64 // unix seconds
	// AmountFen is nil when the amount is absent or its unit ambiguous; AmountText
	// is what WeChat sent. The rules stand at loose.AmountFen.
	AmountFen  *int64
	AmountText string
	// ExpireTime is the end of the current status in unix seconds; 0 = none.
	ExpireTime int64
	HeadImgURL string
	NickName   string
}

// Format hides personal data from every fmt verb.
func (c Complaint) Format(f fmt.State, _ rune) {
	hidden(f, "complaint %s, status %d, type %d, appeal %d", c.ID, c.Status, c.Type, c.AppealState)
}

// Node is one element of item.
type Node struct {
	ItemType    int // complaint §3.1; its numbers overlap with statuses
	Time        int64
	Content     string
	MediaURLs   []string
	PhoneNumber string
	// BlameResult: 0 proof to upload, 1 return to wait for; nil = not sent.
	BlameResult *int
	NickName    string
	// AppealItemType is an appeal state; 0 = none.
	AppealItemType int
}

// Format hides personal data from every fmt verb.
func (n Node) Format(f fmt.State, _ rune) { hidden(f, "node %d at %d", n.ItemType, n.Time) }

// ReturnBill is the parcel of a return.
type ReturnBill struct {
	ReturnID, WaybillID, DeliveryName string
	// OrderStatus: complaint §6.3; 0 is a status, nil = not sent.
	OrderStatus *int
}

// ComplaintDetail asks WeChat for the present state of a complaint. raw is the
// answer as it came, also next to an error of cause ErrBadAnswer; it holds
// personal data. The id goes into the query, as every client does, although the
// page's table says body (complaint §6.2). When the answer lacks the id,
// Complaint.ID is the one asked for.
//
// Page: api_getorderdetail (complaint §6, read 2026-11-23); token of the program;
// set SetComplaints. Limit: none stated. Codes: -1 Later, which is also the answer
// for an unknown or foreign id; 61007 NoPermission.
func (c *Client) ComplaintDetail(ctx context.Context, token, complaintOrderID string) (d Detail, raw []byte, err error) {
	k := &call{
		api: APIComplaintDetail, method: http.MethodGet, path: "/wxaapi/minishop/complaintOrderDetail",
		tokenParam: "access_token", token: token, plain: true, query: url.Values{"complaintOrderId": {complaintOrderID}},
	}
	if complaintOrderID == "" {
		return Detail{}, nil, k.argument("the complaint id is empty")
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return Detail{}, nil, err
	}
	d, ok := decodeDetail(a.raw)
	if !ok {
		return Detail{}, a.raw, k.badAnswer("complaintOrder")
	}
	if d.Complaint.ID == "" {
		d.Complaint.ID = complaintOrderID
	}
	return d, a.raw, nil
}

// DecodeDetail reads an answer of ComplaintDetail that was kept. The only error
// is ErrBadAnswer: it is not JSON or has no complaintOrder.
func DecodeDetail(raw []byte) (Detail, error) {
	d, ok := decodeDetail(raw)
	if !ok {
		return Detail{}, ErrBadAnswer
	}
	return d, nil
}

func decodeDetail(raw []byte) (Detail, bool) {
	var out struct {
		Order looseObject[complaintFields]  `json:"complaintOrder"`
		Items looseList[nodeFields]         `json:"item"`
		Bill  looseObject[returnBillFields] `json:"returnBill"`
	}
	if json.Unmarshal(raw, &out) != nil || !out.Order.present {
		return Detail{}, false
	}
	d := Detail{Complaint: out.Order.value.complaint(), ReturnBill: out.Bill.value.bill()}
	for _, n := range out.Items {
		d.Nodes = append(d.Nodes, Node{
			ItemType: n.ItemType.asInt(), Time: n.Time.value, Content: string(n.Content), MediaURLs: n.Media,
			PhoneNumber: string(n.Phone), BlameResult: n.Blame.pointer(), NickName: string(n.NickName),
			AppealItemType: n.Appeal.asInt(),
		})
	}
	return d, true
}

type complaintFields struct {
	ID        looseText `json:"complaintOrderId"`
	OpenIDLow looseText `json:"openid"` // the table's spelling
	OpenID    looseText `json:"openId"` // the example's and the clients' spelling
	Created   looseInt  `json:"createTime"`
	Phone     looseText `json:"phoneNumber"`
	Type      looseInt  `json:"type"`
	Status    looseInt  `json:"status"`
	Appeal    looseInt  `json:"appealState"`
	Material  looseObject[struct {
		Content looseText  `json:"content"`
		Media   looseLinks `json:"mediaIdList"`
	}] `json:"customerMaterial"`
	OrderID    looseText       `json:"orderId"`
	OutTradeNo looseText       `json:"outTradeNo"`
	Product    looseText       `json:"productName"`
	PayTime    looseInt        `json:"payTime"`
	CostStr    json.RawMessage `json:"totalCostStr"`
	Cost       json.RawMessage `json:"totalCost"`
	Expires    looseInt        `json:"expireTime"`
	HeadImg    looseText       `json:"headImgUrl"`
	NickName   looseText       `json:"nickName"`
}

func (f complaintFields) complaint() Complaint {
	c := Complaint{
		ID: string(f.ID), OpenID: string(f.OpenID), CreateTime: f.Created.value, PhoneNumber: string(f.Phone),
		Type: f.Type.asInt(), Status: f.Status.asInt(), AppealState: f.Appeal.asInt(),
		Content: string(f.Material.value.Content), MediaURLs: f.Material.value.Media,
		OrderID: string(f.OrderID), TransactionID: loose.TransactionID(string(f.OrderID)), OutTradeNo: string(f.OutTradeNo),
		ProductName: string(f.Product), PayTime: f.PayTime.value, ExpireTime: f.Expires.value,
		HeadImgURL: string(f.HeadImg), NickName: string(f.NickName),
	}
	if c.OpenID == "" {
		c.OpenID = string(f.OpenIDLow)
	}
	c.AmountFen, c.AmountText = f.amount()
	return c
}

// amount reads totalCostStr, then totalCost (complaint §6.3).
func (f complaintFields) amount() (fen *int64, shown string) {
	for _, field := range []struct {
		raw    json.RawMessage
		source loose.AmountSource
	}{{f.CostStr, loose.ShownText}, {f.Cost, loose.PlainText}} {
		s := loose.Text(field.raw)
		if len(field.raw) > 0 && field.raw[0] != '"' && s != "" {
			s, field.source = string(field.raw), loose.JSONNumber
		}
		if shown == "" {
			shown = s
		}
		if n, ok := loose.AmountFen(s, field.source); ok {
			return &n, s
		}
	}
	return nil, shown
}

type nodeFields struct {
	ItemType looseInt   `json:"itemType"`
	Time     looseInt   `json:"time"`
	Content  looseText  `json:"content"`
	Media    looseLinks `json:"mediaIdList"`
	Phone    looseText  `json:"phoneNumber"`
	Blame    looseInt   `json:"blameResult"`
	NickName looseText  `json:"nickName"`
	Appeal   looseInt   `json:"appealItemType"`
}

type returnBillFields struct {
	ID       looseText `json:"returnId"`
	Waybill  looseText `json:"waybillId"`
	Delivery looseText `json:"deliveryName"`
	Status   looseInt  `json:"orderStatus"`
}

// bill is nil for an absent bill and for one whose fields are all empty, since
// WeChat sends either where there is no return.
func (f returnBillFields) bill() *ReturnBill {
	id := string(f.ID)
	if strings.Trim(id, "0") == "" && f.Waybill == "" && f.Delivery == "" && f.Status.value == 0 {
		return nil
	}
	return &ReturnBill{ReturnID: id, WaybillID: string(f.Waybill), DeliveryName: string(f.Delivery), OrderStatus: f.Status.pointer()}
}
