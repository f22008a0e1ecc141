package wechatsim

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// pushedXML reads a plain text wrapped or flat.
type pushedXML struct {
	ToUserName   string
	FromUserName string
	CreateTime   int64
	MsgType      string
	Event        string
	Info         *pushedInfo `xml:"BussiCallBackInfo"`
	pushedInfo
}

type pushedInfo struct {
	AppID      string   `xml:"appid"`
	OptionType string   `xml:"option_type"`
	ID         string   `xml:"complaint_order_id"`
	Status     string   `xml:"status"`
	CreatedAt  string   `xml:"create_time"`
	ExpiresAt  string   `xml:"expire_time"`
	Type       string   `xml:"type"`
	OrderID    string   `xml:"order_id"`
	OutTradeNo string   `xml:"out_trade_no"`
	Phone      string   `xml:"phone_number"`
	OpenID     string   `xml:"open_id"`
	Content    string   `xml:"customer_material_content"`
	Images     []string `xml:"customer_material_media_id_list"`
	PayTime    string   `xml:"pay_time"`
	TotalCost  string   `xml:"total_cost"`
	Product    string   `xml:"product_name"`
	History    []struct {
		Time    string   `xml:"time"`
		Content string   `xml:"content"`
		Images  []string `xml:"media_id_list"`
	} `xml:"history"`
}

func (w *world) lastPush() pushedXML {
	w.t.Helper()
	all := w.sim.Pushes("")
	var x pushedXML
	must(w.t, xml.Unmarshal([]byte(all[len(all)-1].Plain), &x))
	return x
}

func TestPushCarriesTheFieldsOfTheReference(t *testing.T) {
	w := newWorld(t)
	w.authorizer(shopID)
	id := w.file()
	x := w.lastPush()
	v := w.view(id)
	equal(t, "ToUserName", x.ToUserName, shopUser)
	equal(t, "CreateTime", x.CreateTime, testStart.Unix())
	equal(t, "MsgType", x.MsgType, "event")
	equal(t, "Event", x.Event, "complaint_callback")
	if x.Info == nil {
		t.Fatal("BussiCallBackInfo is missing")
	}
	if x.FromUserName == x.Info.OpenID || x.FromUserName == "" {
		t.Error("FromUserName must not be the complainant")
	}
	for name, pair := range map[string][2]string{
		"appid": {x.Info.AppID, shopID}, "option_type": {x.Info.OptionType, "1"}, "complaint_order_id": {x.Info.ID, id},
		"status": {x.Info.Status, "201"}, "create_time": {x.Info.CreatedAt, fmt.Sprint(testStart.Unix())},
		"expire_time": {x.Info.ExpiresAt, fmt.Sprint(testStart.Add(48 * time.Hour).Unix())}, "type": {x.Info.Type, "642"},
		"order_id": {x.Info.OrderID, "payorder@_" + v.TransactionID}, "out_trade_no": {x.Info.OutTradeNo, v.OutTradeNo},
		"phone_number": {x.Info.Phone, v.PhoneNumber}, "open_id": {x.Info.OpenID, v.OpenID},
		"customer_material_content": {x.Info.Content, "杯子裂了"}, "total_cost": {x.Info.TotalCost, "16800"},
		"product_name": {x.Info.Product, v.ProductName},
	} {
		equal(t, name, pair[0], pair[1])
	}
	equal(t, "pictures", len(x.Info.Images), 2)
	equal(t, "history", len(x.Info.History), 1)

	token := w.own()
	w.act(token, id, "agree")
	x = w.lastPush()
	equal(t, "option_type of an update", x.Info.OptionType, "2")
	equal(t, "status", x.Info.Status, "203")
	equal(t, "expire_time without a deadline", x.Info.ExpiresAt, "0")
	equal(t, "history", len(x.Info.History), 2)
	equal(t, "latest entry", x.Info.History[1].Content, "已为您处理")
}

func TestTextWithCDATAEndSurvives(t *testing.T) {
	w := newWorld(t)
	w.authorizer(shopID)
	nasty := "a ]]> b <c> & \"d\""
	_, err := w.sim.FileComplaint(Filing{AppID: shopID, Content: nasty})
	must(t, err)
	equal(t, "content", w.lastPush().Info.Content, nasty)
}

func TestPushVariants(t *testing.T) {
	twelve, one := "12", "1"
	for _, c := range []struct {
		name  string
		v     Variants
		check func(t *testing.T, w *world, x pushedXML, plain string)
	}{
		{"flat", Variants{Flat: true}, func(t *testing.T, _ *world, x pushedXML, plain string) {
			lacks(t, plain, "BussiCallBackInfo")
			equal(t, "status", x.Status, "203")
		}},
		{"single history", Variants{History: "single"}, func(t *testing.T, _ *world, x pushedXML, _ string) {
			equal(t, "history", len(x.Info.History), 1)
			equal(t, "content", x.Info.History[0].Content, "已为您处理")
		}},
		{"no history", Variants{History: "none"}, func(t *testing.T, _ *world, _ pushedXML, plain string) { lacks(t, plain, "<history>") }},
		{"no material", Variants{NoMaterial: true}, func(t *testing.T, _ *world, _ pushedXML, plain string) { lacks(t, plain, "customer_material") }},
		{"joined pictures", Variants{MediaList: "comma"}, func(t *testing.T, _ *world, x pushedXML, _ string) {
			equal(t, "elements", len(x.Info.Images), 1)
			contains(t, x.Info.Images[0], ",http")
		}},
		{"no underscore", Variants{NoUnderscore: true}, func(t *testing.T, _ *world, x pushedXML, _ string) { contains(t, x.Info.OrderID, "payorder@4200") }},
		{"a space in the event", Variants{SpacedEvent: true}, func(t *testing.T, _ *world, x pushedXML, _ string) { equal(t, "Event", x.Event, "complaint callback") }},
		{"junk", Variants{PushType: &twelve, PushStatus: &one}, func(t *testing.T, _ *world, x pushedXML, _ string) {
			equal(t, "type and status", x.Info.Type+" "+x.Info.Status, "12 1")
		}},
		{"fields left out", Variants{PushOmit: []string{"expire_time", "phone_number"}}, func(t *testing.T, _ *world, _ pushedXML, plain string) {
			lacks(t, plain, "expire_time")
			lacks(t, plain, "phone_number")
		}},
		{"duplicates", Variants{Duplicates: 2}, func(t *testing.T, w *world, _ pushedXML, plain string) {
			all := w.sim.Pushes("")
			for _, p := range all[len(all)-3:] {
				equal(t, "plain text", p.Plain, plain)
			}
			equal(t, "pushes", len(all), 4)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.authorizer(shopID)
			id := w.file()
			must(t, w.sim.SetVariants(shopID, "", c.v))
			wantCode(t, w.act(token, id, "agree"), 0)
			all := w.sim.Pushes("")
			c.check(t, w, w.lastPush(), all[len(all)-1].Plain)
		})
	}
}

func TestDetailCarriesTheFieldsOfTheReference(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	id := w.lead(token, reach[309])
	v := w.view(id)
	a := w.get(pathDetail+"?complaintOrderId="+id, token)
	wantCode(t, a, 0)
	o := a.obj("complaintOrder")
	for name, want := range map[string]string{
		"complaintOrderId": id, "openId": v.OpenID, "orderId": "payorder@_" + v.TransactionID, "outTradeNo": v.OutTradeNo,
		"productName": v.ProductName, "nickName": "微信用户",
	} {
		equal(t, name, o.text(name), want)
	}
	for name, want := range map[string]float64{
		"createTime": float64(testStart.Unix()), "type": 642, "status": 309, "appealState": 401, "totalCost": 16800, "expireTime": 0,
	} {
		equal(t, name, o[name], any(want))
	}
	if _, isNumber := o["phoneNumber"].(float64); !isNumber {
		t.Errorf("phoneNumber is %T", o["phoneNumber"])
	}
	equal(t, "items", len(a.list("item")), 5)
	ruling := answer(a.list("item")[4].(map[string]any))
	equal(t, "blameResult", ruling["blameResult"], any(float64(1)))
	bill := a.obj("returnBill")
	equal(t, "returnId", bill.text("returnId"), v.ReturnID)
	equal(t, "orderStatus", bill["orderStatus"], any(float64(2)))

	byBody := w.call("GET", withToken(pathDetail, token), `{"complaintOrderId":"`+id+`"}`)
	wantCode(t, byBody, 0)
	equal(t, "asked by body", byBody.obj("complaintOrder").text("complaintOrderId"), id)
	fresh := w.get(pathDetail+"?complaintOrderId="+w.file(), token)
	if _, has := fresh["returnBill"]; has {
		t.Error("a returnBill without a return")
	}
}

func TestDetailVariants(t *testing.T) {
	odd, oddType := 999, 777777
	for _, c := range []struct {
		name  string
		v     Variants
		check func(t *testing.T, a, order answer)
	}{
		{"item as object", Variants{ItemObject: true}, func(t *testing.T, a, _ answer) {
			equal(t, "itemType", a.obj("item")["itemType"], any(float64(109)))
		}},
		{"openid", Variants{LowerOpenID: true}, func(t *testing.T, _, o answer) {
			if o.text("openid") == "" || o["openId"] != nil {
				t.Errorf("%v", o)
			}
		}},
		{"totalCost as text", Variants{TotalCost: "text"}, func(t *testing.T, _, o answer) { equal(t, "totalCost", o.text("totalCost"), "16800") }},
		{"totalCostStr", Variants{TotalCost: "str"}, func(t *testing.T, _, o answer) {
			equal(t, "totalCostStr", o.text("totalCostStr"), "￥168.00")
			if o["totalCost"] != nil {
				t.Error("totalCost is there too")
			}
		}},
		{"totalCost with a sign", Variants{TotalCost: "currency"}, func(t *testing.T, _, o answer) { equal(t, "totalCost", o.text("totalCost"), "￥168.00") }},
		{"numeric ids", Variants{NumericIDs: true}, func(t *testing.T, _, o answer) {
			equal(t, "complaintOrderId", o["complaintOrderId"], any(float64(firstComplaintID)))
		}},
		{"numbers as text", Variants{StringNumbers: true}, func(t *testing.T, a, o answer) {
			equal(t, "status", o.text("status"), "203")
			equal(t, "createTime", o.text("createTime"), fmt.Sprint(testStart.Unix()))
			equal(t, "itemType", answer(a.list("item")[1].(map[string]any)).text("itemType"), "109")
			equal(t, "errcode", a["errcode"], any(float64(0)))
		}},
		{"unknown codes", Variants{Status: &odd, Type: &oddType}, func(t *testing.T, _, o answer) {
			equal(t, "status", o["status"], any(float64(999)))
			equal(t, "type", o["type"], any(float64(777777)))
		}},
		{"fields left out", Variants{Omit: []string{"phoneNumber", "customerMaterial", "item"}}, func(t *testing.T, a, o answer) {
			if o["phoneNumber"] != nil || o["customerMaterial"] != nil || a["item"] != nil {
				t.Errorf("%v", a)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.authorizer(shopID)
			id := w.file()
			w.act(token, id, "agree")
			must(t, w.sim.SetVariants("", id, c.v))
			a := w.get(pathDetail+"?complaintOrderId="+id, token)
			wantCode(t, a, 0)
			c.check(t, a, a.obj("complaintOrder"))
		})
	}
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	must(t, w.sim.SetVariants("", "", Variants{ExpireZero: true}))
	o := w.get(pathDetail+"?complaintOrderId="+w.file(), token).obj("complaintOrder")
	equal(t, "expireTime in 201", o["expireTime"], any(float64(0)))
}

func TestNarrowerVariantsWin(t *testing.T) {
	w := newWorld(t)
	w.authorizer(shopID)
	id := w.file()
	must(t, w.sim.SetVariants("", "", Variants{Duplicates: 1}))
	must(t, w.sim.SetVariants(shopID, "", Variants{Duplicates: 2}))
	must(t, w.sim.SetVariants("", id, Variants{Duplicates: 3}))
	count := func(act func()) int {
		before := len(w.sim.Pushes(""))
		act()
		return len(w.sim.Pushes("")) - before
	}
	equal(t, "of the complaint", count(func() { w.advance(id, Withdraw) }), 4)
	equal(t, "of the program", count(func() { w.file() }), 3)
	equal(t, "of all", count(func() {
		_, err := w.sim.FileComplaint(Filing{AppID: otherID})
		must(t, err)
	}), 2)
}

func TestVariantsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, v := range []Variants{{History: "all"}, {MediaList: "x"}, {TotalCost: "x"}, {Duplicates: -1}, {Duplicates: 101}} {
		if err := w.sim.SetVariants("", "", v); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", v, err)
		}
	}
	if err := w.sim.SetVariants("wxnobody", "", Variants{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown program: %v", err)
	}
	if err := w.sim.SetVariants("", "1", Variants{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown complaint: %v", err)
	}
}

func TestYuanHasTwoDecimals(t *testing.T) {
	for fen, want := range map[int64]string{1: "￥0.01", 100: "￥1.00", 12345678: "￥123456.78"} {
		equal(t, "yuan", yuan(fen), want)
	}
	if !strings.HasPrefix(yuan(1), "￥") {
		t.Error("the sign must be the full-width one")
	}
}
