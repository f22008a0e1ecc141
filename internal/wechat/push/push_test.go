package push

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const xmlHead = `<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oSystem]]></FromUserName><CreateTime>1700000001</CreateTime>` +
	`<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[complaint_callback]]></Event>`

const xmlScalars = `<appid><![CDATA[wxshop]]></appid><option_type>1</option_type><complaint_order_id>11897048</complaint_order_id><status>201</status>` +
	`<create_time>1700000000</create_time><expire_time>1700172800</expire_time><type>643</type><order_id><![CDATA[payorder@_4200001]]></order_id>` +
	`<out_trade_no>T1</out_trade_no><phone_number>13800000000</phone_number><open_id>oUser</open_id>` +
	`<customer_material_content><![CDATA[坏了 <b> & "x"]]></customer_material_content>` +
	`<customer_material_media_id_list>https://c/1</customer_material_media_id_list><customer_material_media_id_list>https://c/2</customer_material_media_id_list>` +
	`<pay_time>1699999000</pay_time><total_cost>5000</total_cost><product_name>杯子</product_name>`

const xmlHistory = `<history><time>1700000000</time><content>用户发起投诉</content><media_id_list>https://c/1</media_id_list><media_id_list>https://c/2</media_id_list></history>` +
	`<history><time>1700000100</time><content>商家已回应</content></history>`

// jsonFlat has the shape of complaint §13: flat, strings but for CreateTime.
const jsonFlat = `{"ToUserName":"gh_1","FromUserName":"oSystem","CreateTime":1700000001,"MsgType":"event","Event":"complaint_callback",
"appid":"wxshop","option_type":"1","complaint_order_id":"11897048","status":"201","create_time":"1700000000","expire_time":"1700172800","type":"643",
"order_id":"payorder@_4200001","out_trade_no":"T1","phone_number":"13800000000","open_id":"oUser","customer_material_content":"坏了 <b> & \"x\"",
"customer_material_media_id_list":["https://c/1","https://c/2"],"pay_time":"1699999000","total_cost":"5000","product_name":"杯子",
"history":[{"time":"1700000000","content":"用户发起投诉","media_id_list":["https://c/1","https://c/2"]},{"time":"1700000100","content":"商家已回应","media_id_list":[]}]}`

func wantCallback() *ComplaintCallback {
	return &ComplaintCallback{
		AppID: "wxshop", OptionType: 1, ComplaintOrderID: "11897048", Status: 201, CreateTime: 1700000000, ExpireTime: 1700172800, Type: 643,
		OrderID: "payorder@_4200001", TransactionID: "4200001", OutTradeNo: "T1", PhoneNumber: "13800000000", OpenID: "oUser",
		Content: `坏了 <b> & "x"`, MediaURLs: []string{"https://c/1", "https://c/2"}, PayTime: 1699999000, AmountFen: fen(5000), AmountText: "5000",
		ProductName: "杯子", History: []HistoryEntry{
			{Time: 1700000000, Content: "用户发起投诉", MediaURLs: []string{"https://c/1", "https://c/2"}}, {Time: 1700000100, Content: "商家已回应"},
		},
	}
}

func TestComplaintPushVariants(t *testing.T) {
	replace := func(s string, pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(s, pairs[i]) {
				panic("the variant changes nothing: " + pairs[i])
			}
			s = strings.Replace(s, pairs[i], pairs[i+1], 1)
		}
		return s
	}
	none := func(*ComplaintCallback) {}
	first := func(c *ComplaintCallback) { c.History = c.History[:1] }
	xmlFlat := "<xml>" + xmlHead + xmlScalars + xmlHistory + "</xml>"
	xmlWrapped := "<xml>\n" + xmlHead + "\n<BussiCallBackInfo>" + xmlScalars + xmlHistory + "</BussiCallBackInfo></xml>\n"
	jsonWrapped := replace(jsonFlat, `"appid"`, `"BussiCallBackInfo":{"appid"`) + "}"
	single := `"history":{"time":"1700000000","content":"用户发起投诉","media_id_list":["https://c/1","https://c/2"]}}`
	jsonSingle := jsonFlat[:strings.Index(jsonFlat, `"history"`)] + single

	tests := []struct {
		name, body string
		format     Format
		change     func(c *ComplaintCallback)
	}{
		{"XML wrapped", xmlWrapped, FormatXML, none},
		{"XML flat", xmlFlat, FormatXML, none},
		{"XML by its first character", "\xef\xbb\xbf \n" + xmlFlat, FormatAuto, none},
		{"XML with declaration and comment", `<?xml version="1.0" encoding="UTF-8"?><!-- x -->` + xmlFlat, FormatXML, none},
		{"XML laid out in lines", strings.ReplaceAll(xmlWrapped, "><", ">\n  <"), FormatXML, none},
		{"XML with numbers in CDATA", replace(xmlWrapped, "<status>201<", "<status><![CDATA[201]]><"), FormatXML, none},
		{"XML with one history", replace(xmlWrapped, xmlHistory[strings.LastIndex(xmlHistory, "<history>"):], ""), FormatXML, first},
		{"XML with images joined by commas", replace(xmlWrapped, "</media_id_list><media_id_list>", ","), FormatXML, none},
		{"XML with an element in the image list", replace(xmlWrapped, "<media_id_list>https://c/1</media_id_list><media_id_list>https://c/2</media_id_list>", "<media_id_list><item>https://c/1</item><item>https://c/2</item></media_id_list>"), FormatXML, none},
		{"the event with a blank", replace(xmlWrapped, "complaint_callback", "complaint callback"), FormatXML, none},
		{"out_trade_No", replace(replace(xmlFlat, "<out_trade_no>", "<out_trade_No>"), "</out_trade_no>", "</out_trade_No>"), FormatXML, none},
		{"no event at all, but a complaint id", replace(xmlWrapped, "<Event><![CDATA[complaint_callback]]></Event>", ""), FormatXML, none},
		{"the header's CreateTime is not the complaint's", replace(xmlFlat, "<create_time>1700000000</create_time>", ""), FormatXML, func(c *ComplaintCallback) { c.CreateTime = 0 }},
		{"an unknown status and type", replace(xmlWrapped, ">201<", ">777<", ">643<", ">999999<"), FormatXML, func(c *ComplaintCallback) { c.Status, c.Type = 777, 999999 }},
		{"a status that is no number", replace(xmlWrapped, ">201<", ">x<"), FormatXML, func(c *ComplaintCallback) { c.Status = 0 }},
		{"a deep stranger", replace(xmlWrapped, "<status>", strings.Repeat("<a>", 500)+"x"+strings.Repeat("</a>", 500)+"<status>"), FormatXML, none},
		{"JSON flat", jsonFlat, FormatJSON, none},
		{"JSON by its first character", jsonFlat, FormatAuto, none},
		{"JSON wrapped", jsonWrapped, FormatJSON, none},
		{"JSON with history as an object", jsonSingle, FormatJSON, first},
		{"JSON with numbers", replace(jsonFlat, `"201"`, `201`, `"1"`, `1`, `"643"`, `643`, `"11897048"`, `11897048`, `"13800000000"`, `13800000000`, `"5000"`, `5000`, `"1700172800"`, `1700172800`), FormatJSON, none},
		{"JSON with CreateTime as a string", replace(jsonFlat, `1700000001`, `"1700000001"`), FormatJSON, none},
		{"JSON with images as a string", replace(jsonFlat, `["https://c/1","https://c/2"]`, `"https://c/1,https://c/2"`), FormatJSON, none},
		{"JSON with images as JSON in a string", replace(jsonFlat, `["https://c/1","https://c/2"]`, `"[\"https://c/1\",\"https://c/2\"]"`), FormatJSON, none},
		{"JSON without material", replace(jsonFlat, `"customer_material_content":"坏了 <b> & \"x\"",
"customer_material_media_id_list":["https://c/1","https://c/2"],`, ``), FormatJSON, func(c *ComplaintCallback) { c.Content, c.MediaURLs = "", nil }},
		{"JSON with nulls", replace(jsonFlat, `"5000"`, `null`, `"1"`, `null`), FormatJSON, func(c *ComplaintCallback) { c.AmountFen, c.AmountText, c.OptionType = nil, "", 0 }},
		{"JSON with an unknown field", replace(jsonFlat, `"appid"`, `"future":[[{"status":"1"}]],"appid"`), FormatJSON, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ParseEvent([]byte(tt.body), tt.format)
			if err != nil {
				t.Fatal(err)
			}
			want := wantCallback()
			tt.change(want)
			if diff := cmp.Diff(want, e.Complaint); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e.ToUserName != "gh_1" || e.FromUserName != "oSystem" || e.CreateTime != 1700000001 || e.MsgType != "event" || e.Event != EventComplaint || e.Partial {
				t.Errorf("header %q %q %d %q %q %v", e.ToUserName, e.FromUserName, e.CreateTime, e.MsgType, e.Event, e.Partial)
			}
		})
	}
}

func TestAComplaintPushOfAlmostNothing(t *testing.T) {
	for _, body := range []string{
		`{"MsgType":"event","Event":"complaint_callback"}`, `{"Event":"complaint_callback","history":[],"BussiCallBackInfo":""}`,
		`<xml><Event>complaint_callback</Event></xml>`, `<xml><Event>complaint_callback</Event><BussiCallBackInfo/></xml>`,
	} {
		e, err := ParseEvent([]byte(body), FormatAuto)
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if diff := cmp.Diff(&ComplaintCallback{}, e.Complaint); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

// The two faults are those of WeChat's own example: a second media_id_list that
// is opened again instead of closed, and "//" remarks (complaint §2.3).
func TestBrokenXMLIsSurvived(t *testing.T) {
	broken := strings.Replace(xmlHistory, "https://c/2</media_id_list>", "https://c/2<media_id_list>", 1)
	remarked := "<xml>\n" + xmlHead + "\n<BussiCallBackInfo> // 投诉单\n" + strings.ReplaceAll(xmlScalars, "><", ">\n<") +
		"\n" + broken + " // 可能有多个\n</BussiCallBackInfo>\n</xml>"
	inside := strings.Replace(remarked, "<status>201</status>", "<status>201 // 状态</status>", 1)
	bodies := map[string]string{
		"the example's unclosed list":      "<xml>" + xmlHead + "<BussiCallBackInfo>" + xmlScalars + broken + "</BussiCallBackInfo></xml>",
		"the same flat":                    "<xml>" + xmlHead + xmlScalars + broken + "</xml>",
		"the history before the scalars":   "<xml>" + xmlHead + "<BussiCallBackInfo>" + broken + xmlScalars + "</BussiCallBackInfo></xml>",
		"with remarks between elements":    remarked,
		"with a remark inside a number":    inside,
		"without its end":                  "<xml>" + xmlHead + xmlScalars + xmlHistory,
		"with an end tag too many":         "<xml>" + xmlHead + xmlScalars + "</nonsense>" + xmlHistory + "</xml>",
		"with a bare ampersand and entity": "<xml>" + xmlHead + xmlScalars + xmlHistory + "<a>b & c &nbsp; 1 < 2</a></xml>",
		"with a control character":         "<xml>" + xmlHead + xmlScalars + xmlHistory + "<a>\x01</a></xml>",
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			e, err := ParseEvent([]byte(body), FormatXML)
			if err != nil {
				t.Fatal(err)
			}
			if !e.Partial || e.CreateTime != 1700000001 || e.ToUserName != "gh_1" || e.Event != EventComplaint {
				t.Errorf("header %+v, partial %v", e.Fields, e.Partial)
			}
			if diff := cmp.Diff(wantCallback(), e.Complaint); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestARemarkBehindALinkIsCutAndTheLinkIsNot(t *testing.T) {
	body := "<xml>" + xmlHead + "<history><media_id_list>https://c/1 // 图片\n<media_id_list>https://c/2&amp;a=1\n</history></xml>"
	e, err := ParseEvent([]byte(body), FormatXML)
	if err != nil {
		t.Fatal(err)
	}
	want := []HistoryEntry{{MediaURLs: []string{"https://c/1", "https://c/2&a=1"}}}
	if diff := cmp.Diff(want, e.Complaint.History); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOtherMessagesKeepTheirFields(t *testing.T) {
	e, err := ParseEvent([]byte(`<xml><ToUserName>gh_1</ToUserName><FromUserName>oU</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>
<Content><![CDATA[QUERY_AUTH_CODE:queryauthcode@@@x]]></Content><MsgId>22</MsgId></xml>`), FormatXML)
	if err != nil {
		t.Fatal(err)
	}
	if e.MsgType != "text" || e.Content != "QUERY_AUTH_CODE:queryauthcode@@@x" || e.MsgID != "22" || e.Event != "" || e.Complaint != nil {
		t.Errorf("got %+v", e.Fields)
	}
	e, err = ParseEvent([]byte(`{"MsgType":"event","Event":"wxa_punish_event","punish_id":7,"detail":"{\"a\":1}","list":[{"x":1}],"flag":true}`), FormatAuto)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"MsgType": "event", "Event": "wxa_punish_event", "punish_id": "7", "detail": `{"a":1}`, "flag": "true"}
	if diff := cmp.Diff(want, e.Fields); diff != "" || e.Complaint != nil {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e, err = ParseEvent([]byte(`{"debug_str":"hello"}`), FormatAuto); err != nil || e.Fields["debug_str"] != "hello" || e.Complaint != nil {
		t.Errorf("a message without a type: %v", err)
	}
}

func TestPushesThatAreRefused(t *testing.T) {
	tests := []struct {
		name, body string
		format     Format
		want       error
	}{
		{"a doctype", `<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>event</MsgType></xml>`, FormatXML, ErrDoctype},
		{"a doctype behind broken XML", `<xml></a><MsgType>event</MsgType><!DOCTYPE x></xml>`, FormatXML, ErrDoctype},
		{"an entity behind broken XML", `<xml><b>&x;</b><MsgType>event</MsgType><!ENTITY x "y"></xml>`, FormatXML, ErrDoctype},
		{"a doctype for the first-character guess", `<!doctype html><html></html>`, FormatAuto, ErrDoctype},
		{"nothing", ``, FormatAuto, ErrMalformed},
		{"plain words", `hello`, FormatAuto, ErrMalformed},
		{"an empty object", `{}`, FormatAuto, ErrMalformed},
		{"null", `null`, FormatJSON, ErrMalformed},
		{"an array", `[{"MsgType":"event"}]`, FormatJSON, ErrMalformed},
		{"cut JSON", jsonFlat[:len(jsonFlat)-1], FormatJSON, ErrMalformed},
		{"two JSON values", jsonFlat + `{}`, FormatJSON, ErrMalformed},
		{"JSON where XML is expected", jsonFlat, FormatXML, ErrMalformed},
		{"XML where JSON is expected", "<xml>" + xmlHead + "</xml>", FormatJSON, ErrMalformed},
		{"an HTML page", `<html><body><p>busy</body></html>`, FormatXML, ErrMalformed},
		{"an empty root", `<xml></xml>`, FormatXML, ErrMalformed},
		{"too long", `{"MsgType":"` + strings.Repeat("x", MaxPush) + `"}`, FormatAuto, ErrPushTooLarge},
		{"too many elements", "<xml>" + strings.Repeat("<a/>", maxNodes) + "</xml>", FormatXML, ErrPushTooLarge},
		{"too many broken elements", strings.Repeat("<a>", maxNodes+1) + "</b>", FormatXML, ErrPushTooLarge},
		{"too many values", `{"MsgType":"event","a":[` + strings.Repeat("0,", maxNodes) + `0]}`, FormatJSON, ErrPushTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ParseEvent([]byte(tt.body), tt.format)
			if !errors.Is(err, tt.want) || e != nil {
				t.Errorf("got %v, %v; want %v", e, err, tt.want)
			}
		})
	}
}

func TestADoctypeInTheUsersTextIsText(t *testing.T) {
	body := strings.Replace("<xml>"+xmlHead+xmlScalars+"</xml>", "坏了", "<!DOCTYPE x> 坏了", 1)
	for name, b := range map[string]string{"sound": body, "broken": body + "</a>"} {
		e, err := ParseEvent([]byte(b), FormatXML)
		if err != nil || e.Complaint.Content != `<!DOCTYPE x> 坏了 <b> & "x"` {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Hostile shapes far larger than any real push: what is quadratic takes minutes here.
func TestHostileInputIsReadInLinearTime(t *testing.T) {
	const size = MaxPush / 4
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	bodies := []string{
		fill("<"), fill("<a"), fill("<a>"), fill("</a>"), fill("<a b='"), fill("<![CDATA["), fill("<!--"), fill("<?"), fill("]]>"), fill("&amp;"), fill("&"),
		fill("<history>"), fill("<BussiCallBackInfo>"), fill("<a>x"), fill("<1>"), fill("< "), fill(" //"), fill("<xml>"), fill("{"), fill("["), fill(`{"a":`), fill(`{"a":[`),
		"<xml><Event>" + fill(","), "<xml>" + xmlHead + "<history><media_id_list>" + fill("https://,"),
		"<xml>" + xmlHead + "<history><media_id_list>" + fill("a,https://"),
		`{"Event":"complaint_callback","customer_material_media_id_list":"` + fill("http://a,b,") + `"}`,
	}
	for _, body := range bodies {
		start := time.Now()
		for _, format := range []Format{FormatAuto, FormatXML, FormatJSON} {
			_, _ = ParseEvent([]byte(body), format)
		}
		_, _ = ParsePlatformEvent([]byte(body))
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%.20q took %v", body, took)
		}
	}
}

func TestTextReply(t *testing.T) {
	var got struct {
		XMLName      xml.Name `xml:"xml"`
		ToUserName   string
		FromUserName string
		CreateTime   int64
		MsgType      string
		Content      string
	}
	if err := xml.Unmarshal(TextReply("oUser", "gh_1", 1700000000, `a<b>&]]>`), &got); err != nil {
		t.Fatal(err)
	}
	if got.ToUserName != "oUser" || got.FromUserName != "gh_1" || got.CreateTime != 1700000000 || got.MsgType != "text" || got.Content != `a<b>&]]>` {
		t.Errorf("got %+v", got)
	}
}

func TestPlatformEvents(t *testing.T) {
	head := func(kind string) string {
		return "<xml>\n<AppId><![CDATA[wxp]]></AppId>\n<CreateTime>1700000000</CreateTime>\n<InfoType><![CDATA[" + kind + "]]></InfoType>\n"
	}
	code := "<AuthorizerAppid>wxf</AuthorizerAppid><AuthorizationCode>queryauthcode@@@x</AuthorizationCode><AuthorizationCodeExpiredTime>%s</AuthorizationCodeExpiredTime><PreAuthCode>preauthcode@@@y</PreAuthCode></xml>"
	authorized := PlatformEvent{
		AppID: "wxp", CreateTime: 1700000000, InfoType: InfoAuthorized, AuthorizerAppID: "wxf",
		AuthorizationCode: "queryauthcode@@@x", CodeExpiresAt: 1700003600, PreAuthCode: "preauthcode@@@y",
	}
	updated := authorized
	updated.InfoType = InfoUpdateAuthorized
	tests := []struct {
		name, body string
		want       PlatformEvent
	}{
		{"ticket", head(InfoTicket) + "<ComponentVerifyTicket><![CDATA[ticket@@@t]]></ComponentVerifyTicket>\n</xml>", PlatformEvent{AppID: "wxp", CreateTime: 1700000000, InfoType: InfoTicket, Ticket: "ticket@@@t"}},
		{"authorized with an absolute time", head(InfoAuthorized) + fmt.Sprintf(code, "1700003600"), authorized},
		{"authorized with a lifetime", head(InfoAuthorized) + fmt.Sprintf(code, "3600"), authorized},
		{"updateauthorized", head(InfoUpdateAuthorized) + fmt.Sprintf(code, "1700003600"), updated},
		{"unauthorized", head(InfoUnauthorized) + "<AuthorizerAppid>wxf</AuthorizerAppid></xml>", PlatformEvent{AppID: "wxp", CreateTime: 1700000000, InfoType: InfoUnauthorized, AuthorizerAppID: "wxf"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePlatformEvent([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			got.Fields = nil
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("an unknown kind keeps its fields", func(t *testing.T) {
		got, err := ParsePlatformEvent([]byte(head("notify_third_fasteregister") + "<appid>wxn</appid><status>0</status><info><name><![CDATA[公司]]></name></info></xml>"))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"AppId": "wxp", "CreateTime": "1700000000", "InfoType": "notify_third_fasteregister", "appid": "wxn", "status": "0", "info.name": "公司",
		}
		if diff := cmp.Diff(want, got.Fields); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got.AppID != "wxp" {
			t.Errorf("AppID %q", got.AppID)
		}
	})
	for body, want := range map[string]error{
		head("") + "</xml>": ErrMalformed, `{"InfoType":"authorized"}`: ErrMalformed, "": ErrMalformed, "<!DOCTYPE x>" + head(InfoTicket) + "</xml>": ErrDoctype,
	} {
		if got, err := ParsePlatformEvent([]byte(body)); !errors.Is(err, want) || got != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func fen(n int64) *int64 { return &n }
