package wechat

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

func fen(n int64) *int64 { return &n }
func num(n int) *int     { return &n }

// fullDetail is put together from the field tables of complaint §6.3.
const fullDetail = `{"errcode":0,"errmsg":"ok","complaintOrder":{"complaintOrderId":"11897048","openid":"oUser","createTime":1700000000,"phoneNumber":13800000000,
"type":643,"status":206,"appealState":401,"customerMaterial":{"content":"坏了","mediaIdList":["https://c/1","https://c/2"]},"orderId":"payorder@_4200001",
"outTradeNo":"T1","productName":"杯子","payTime":1699999000,"totalCost":5000,"expireTime":1700172800,"headImgUrl":"https://h","nickName":"小王"},
"item":[{"itemType":1,"time":1700000000,"content":"坏了","mediaIdList":["https://c/1"],"phoneNumber":13800000000,"nickName":"小王"},
{"itemType":31,"time":1700000100,"content":"","mediaIdList":[],"blameResult":0,"appealItemType":401}],
"returnBill":{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}}`

func wantFull() Detail {
	return Detail{
		Complaint: Complaint{
			ID: "11897048", OpenID: "oUser", CreateTime: 1700000000, PhoneNumber: "13800000000", Type: 643, Status: 206, AppealState: 401,
			Content: "坏了", MediaURLs: []string{"https://c/1", "https://c/2"}, OrderID: "payorder@_4200001", TransactionID: "4200001",
			OutTradeNo: "T1", ProductName: "杯子", PayTime: 1699999000, AmountFen: fen(5000), AmountText: "5000", ExpireTime: 1700172800,
			HeadImgURL: "https://h", NickName: "小王",
		},
		Nodes: []Node{
			{ItemType: 1, Time: 1700000000, Content: "坏了", MediaURLs: []string{"https://c/1"}, PhoneNumber: "13800000000", NickName: "小王"},
			{ItemType: 31, Time: 1700000100, BlameResult: num(0), AppealItemType: 401},
		},
		ReturnBill: &ReturnBill{ReturnID: "77", WaybillID: "SF1", DeliveryName: "顺丰", OrderStatus: num(0)},
	}
}

func TestComplaintDetailAsksByQueryAndKeepsTheRawAnswer(t *testing.T) {
	f, c := serve(t, 200, fullDetail)
	got, raw, err := c.ComplaintDetail(t.Context(), "T", "11897048")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantFull(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if string(raw) != fullDetail {
		t.Errorf("raw answer changed: %s", raw)
	}
	r := f.only(t)
	if r.method != "GET" || r.path != "/wxaapi/minishop/complaintOrderDetail" || r.query.Encode() != "access_token=T&complaintOrderId=11897048" || len(r.body) != 0 {
		t.Errorf("%s %s ?%s %q", r.method, r.path, r.query.Encode(), r.body)
	}
	again, err := DecodeDetail(raw)
	if err != nil || !cmp.Equal(again, got) {
		t.Errorf("the kept answer reads differently: %v", err)
	}
}

func TestComplaintDetailVariants(t *testing.T) {
	tests := []struct {
		name     string
		old, new string // replaced in fullDetail
		change   func(d *Detail)
	}{
		{"the openid as openId", `"openid":"oUser"`, `"openId":"oUser"`, func(*Detail) {}},
		{"both spellings, one empty", `"openid":"oUser"`, `"openid":"oUser","openId":""`, func(*Detail) {}},
		{"numbers as strings", `"type":643,"status":206,"appealState":401`, `"type":"643","status":"206","appealState":"401"`, func(*Detail) {}},
		{"times as strings", `"createTime":1700000000,"phone`, `"createTime":"1700000000","phone`, func(*Detail) {}},
		{"the phone as a string", `"phoneNumber":13800000000,
`, `"phoneNumber":"13800000000",`, func(*Detail) {}},
		{"the phone with a country code", `"phoneNumber":13800000000,
`, `"phoneNumber":"+86 138",`, func(d *Detail) { d.Complaint.PhoneNumber = "+86 138" }},
		{"the complaint id as a number", `"complaintOrderId":"11897048"`, `"complaintOrderId":11897048`, func(*Detail) {}},
		{"the complaint id missing", `"complaintOrderId":"11897048",`, ``, func(d *Detail) { d.Complaint.ID = "asked" }},
		{"an unknown status and type", `"type":643,"status":206`, `"type":999999,"status":777`, func(d *Detail) { d.Complaint.Type, d.Complaint.Status = 999999, 777 }},
		{"the sample's placeholder status", `"type":643,"status":206`, `"type":12,"status":1`, func(d *Detail) { d.Complaint.Type, d.Complaint.Status = 12, 1 }},
		{"a status that is no number", `"status":206`, `"status":"soon"`, func(d *Detail) { d.Complaint.Status = 0 }},
		{"a status null", `"status":206`, `"status":null`, func(d *Detail) { d.Complaint.Status = 0 }},
		{"a status beyond an int", `"status":206`, `"status":99999999999`, func(d *Detail) { d.Complaint.Status = 0 }},
		{"no deadline", `"expireTime":1700172800`, `"expireTime":0`, func(d *Detail) { d.Complaint.ExpireTime = 0 }},
		{"payorder without underscore", `payorder@_4200001`, `payorder@4200001`, func(d *Detail) { d.Complaint.OrderID = "payorder@4200001" }},
		{"the order id bare", `payorder@_4200001`, `4200001`, func(d *Detail) { d.Complaint.OrderID = "4200001" }},
		{"no customerMaterial", `"customerMaterial":{"content":"坏了","mediaIdList":["https://c/1","https://c/2"]},`, ``, func(d *Detail) { d.Complaint.Content, d.Complaint.MediaURLs = "", nil }},
		{"customerMaterial an empty text", `{"content":"坏了","mediaIdList":["https://c/1","https://c/2"]}`, `""`, func(d *Detail) { d.Complaint.Content, d.Complaint.MediaURLs = "", nil }},
		{"images joined by commas", `["https://c/1","https://c/2"]`, `"https://c/1,https://c/2"`, func(*Detail) {}},
		{"one image as a string", `["https://c/1","https://c/2"]`, `"https://c/1?a=1,2"`, func(d *Detail) { d.Complaint.MediaURLs = []string{"https://c/1?a=1,2"} }},
		{"images null", `["https://c/1","https://c/2"]`, `null`, func(d *Detail) { d.Complaint.MediaURLs = nil }},
		{"totalCostStr with a currency sign", `"totalCost":5000`, `"totalCostStr":"￥0.01"`, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = fen(1), "￥0.01" }},
		{"totalCost as text with a sign", `"totalCost":5000`, `"totalCost":"￥0.01"`, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = fen(1), "￥0.01" }},
		{"totalCostStr before totalCost", `"totalCost":5000`, `"totalCost":7,"totalCostStr":"¥12.30"`, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = fen(1230), "¥12.30" }},
		{"an ambiguous totalCostStr leaves it to totalCost", `"totalCost":5000`, `"totalCost":7,"totalCostStr":"12"`, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = fen(7), "7" }},
		{"an ambiguous amount is shown and not read", `"totalCost":5000`, `"totalCost":5000.0`, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = nil, "5000.0" }},
		{"no amount", `"totalCost":5000,`, ``, func(d *Detail) { d.Complaint.AmountFen, d.Complaint.AmountText = nil, "" }},
		{"an unknown field anywhere", `"status":206`, `"status":206,"future":{"a":[{}]}`, func(*Detail) {}},
		{"the bill absent", `,
"returnBill":{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, ``, func(d *Detail) { d.ReturnBill = nil }},
		{"the bill an empty object", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `{}`, func(d *Detail) { d.ReturnBill = nil }},
		{"the bill an empty array", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `[]`, func(d *Detail) { d.ReturnBill = nil }},
		{"the bill null", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `null`, func(d *Detail) { d.ReturnBill = nil }},
		{"the bill of empty fields", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `{"returnId":"","waybillId":"","deliveryName":"","orderStatus":0}`, func(d *Detail) { d.ReturnBill = nil }},
		{"the bill with numbers", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `{"returnId":77,"orderStatus":"99"}`, func(d *Detail) { d.ReturnBill = &ReturnBill{ReturnID: "77", OrderStatus: num(99)} }},
		{"the bill without a status", `{"returnId":"77","waybillId":"SF1","deliveryName":"顺丰","orderStatus":0}`, `{"returnId":"77"}`, func(d *Detail) { d.ReturnBill = &ReturnBill{ReturnID: "77"} }},
		{"the code envelope", `"errcode":0,"errmsg":"ok"`, `"code":0,"msg":"ok","success":true`, func(*Detail) {}},
		{"no envelope at all", `"errcode":0,"errmsg":"ok",`, ``, func(*Detail) {}},
		{"a blame of 1 as a string", `"blameResult":0`, `"blameResult":"1"`, func(d *Detail) { d.Nodes[1].BlameResult = num(1) }},
		{"a blame null", `"blameResult":0`, `"blameResult":null`, func(d *Detail) { d.Nodes[1].BlameResult = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := strings.Replace(fullDetail, tt.old, tt.new, 1)
			if answer == fullDetail {
				t.Fatal("the variant changes nothing")
			}
			_, c := serve(t, 200, answer)
			got, raw, err := c.ComplaintDetail(t.Context(), "T", "asked")
			if err != nil {
				t.Fatal(err)
			}
			want := wantFull()
			tt.change(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if string(raw) != answer {
				t.Error("raw answer changed")
			}
		})
	}
}

func TestComplaintDetailItems(t *testing.T) {
	one := []Node{{ItemType: 1, Time: 5}}
	for items, want := range map[string][]Node{
		`[{"itemType":1,"time":5}]`: one, `{"itemType":"1","time":"5"}`: one, `[null,"x",7,{"itemType":1,"time":5},[]]`: one,
		`[]`: nil, `null`: nil, `""`: nil, `"x"`: nil, `0`: nil, `[{"itemType":118},{"itemType":4321}]`: {{ItemType: 118}, {ItemType: 4321}},
	} {
		d, err := DecodeDetail([]byte(`{"complaintOrder":{"complaintOrderId":"1"},"item":` + items + `}`))
		if err != nil || !cmp.Equal(d.Nodes, want) {
			t.Errorf("%s: %v, %v", items, cmp.Diff(want, d.Nodes), err)
		}
	}
	if d, err := DecodeDetail([]byte(`{"complaintOrder":{}}`)); err != nil || d.Nodes != nil || d.ReturnBill != nil {
		t.Errorf("an empty order: %v", err)
	}
}

func TestADetailWithoutAnOrderIsABadAnswerAndKeepsItsRaw(t *testing.T) {
	_, c := serve(t, 200, `{"errcode":0,"errmsg":"ok"}`)
	d, raw, err := c.ComplaintDetail(t.Context(), "T", "1")
	if !errors.Is(err, ErrBadAnswer) || string(raw) != `{"errcode":0,"errmsg":"ok"}` || d.Complaint.ID != "" {
		t.Errorf("got %q, %v", raw, err)
	}
	if _, err := DecodeDetail([]byte(`nothing`)); !errors.Is(err, ErrBadAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestAmountsAreReadOnlyWhenTheirUnitIsClear(t *testing.T) {
	tests := []struct {
		text   string
		source loose.AmountSource
		want   int64
		ok     bool
	}{
		{"￥0.01", loose.ShownText, 1, true},
		{"¥0.1", loose.ShownText, 10, true},
		{"￥ 1,234.50", loose.ShownText, 123450, true},
		{"￥5", loose.ShownText, 500, true},
		{"12.30元", loose.PlainText, 1230, true},
		{"12元", loose.PlainText, 1200, true},
		{"CNY 3.00", loose.PlainText, 300, true},
		{"0.01", loose.PlainText, 1, true},
		{"0.01", loose.ShownText, 1, true},
		{"1.500", loose.PlainText, 150, true},
		{"￥0", loose.ShownText, 0, true},
		{"5000", loose.PlainText, 5000, true},
		{"0", loose.PlainText, 0, true},
		{" 5000 ", loose.PlainText, 5000, true},
		{"5000", loose.JSONNumber, 5000, true},
		{"0.01", loose.JSONNumber, 1, true},
		{"5000", loose.ShownText, 0, false},
		{"5000.0", loose.JSONNumber, 0, false},
		{"5000.00", loose.JSONNumber, 0, false},
		{"0.001", loose.PlainText, 0, false},
		{"", loose.PlainText, 0, false},
		{"￥", loose.ShownText, 0, false},
		{"-5", loose.PlainText, 0, false},
		{"￥-5.00", loose.ShownText, 0, false},
		{"1e3", loose.JSONNumber, 0, false},
		{".5", loose.PlainText, 0, false},
		{"5.", loose.PlainText, 0, false},
		{"1.2.3", loose.PlainText, 0, false},
		{"免费", loose.ShownText, 0, false},
		{"$5.00", loose.ShownText, 0, false},
		{"99999999999999", loose.PlainText, 0, false},
		{strings.Repeat("9", 4000), loose.PlainText, 0, false},
		{"９", loose.PlainText, 0, false},
	}
	for _, tt := range tests {
		got, ok := loose.AmountFen(tt.text, tt.source)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q (%d): %d, %v; want %d, %v", tt.text, tt.source, got, ok, tt.want, tt.ok)
		}
	}
}

func TestLooseIntegers(t *testing.T) {
	for raw, want := range map[string]int64{
		`5`: 5, `"5"`: 5, `" 5 "`: 5, `5.0`: 5, `1.7e9`: 1700000000, `"1700000000"`: 1700000000, `-1`: -1, `9007199254740993`: 9007199254740993,
	} {
		if got, ok := integer([]byte(raw)); !ok || got != want {
			t.Errorf("%s: %d, %v", raw, got, ok)
		}
	}
	for _, raw := range []string{``, `null`, `""`, `"x"`, `true`, `false`, `[]`, `{}`, `5.5`, `1e400`, `1e30`, `"0x10"`, `"1_0"`, `"` + strconv.Itoa(math.MaxInt64) + `0"`, `"NaN"`, `"Inf"`} {
		if got, ok := integer([]byte(raw)); ok || got != 0 {
			t.Errorf("%s was read as %d", raw, got)
		}
	}
}

func TestSplitList(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{" , ,", nil},
		{"a", []string{"a"}},
		{"a, b,,c", []string{"a", "b", "c"}},
		{"https://c/1,https://c/2", []string{"https://c/1", "https://c/2"}},
		{"https://c/1?x=1,2,https://c/2,3", []string{"https://c/1?x=1,2", "https://c/2,3"}},
		{`["https://c/1","https://c/2",""]`, []string{"https://c/1", "https://c/2"}},
		{"[", []string{"["}},
		{"https://c/1,", []string{"https://c/1"}},
	}
	for _, tt := range tests {
		if got := loose.SplitList(tt.text); !cmp.Equal(got, tt.want) {
			t.Errorf("%q: %q", tt.text, got)
		}
	}
}
