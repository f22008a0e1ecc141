package wechat

import (
	"bytes"
	"context"
	"errors"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Method, path, query and body restate open platform §1.3, §5, §6 and complaint
// §6.1, §7, §8; the answers are the shapes given there.
func TestRequestsAndAnswers(t *testing.T) {
	const componentToken, accessToken = "component_access_token", "access_token"
	accept := 1
	score := 55
	tests := []struct {
		name, method, path, query, body, answer string
		do                                      func(ctx context.Context, c *Client) (any, error)
		want                                    any
	}{
		{
			name: "start push ticket, it was stopped", method: "POST", path: "/cgi-bin/component/api_start_push_ticket",
			body: `{"component_appid":"wxp","component_secret":"S"}`, answer: `{"errcode":0,"errmsg":"ok"}`, want: true,
			do: func(ctx context.Context, c *Client) (any, error) { return c.StartPushTicket(ctx, "wxp", "S") },
		},
		{
			name: "start push ticket, it ran already", method: "POST", path: "/cgi-bin/component/api_start_push_ticket",
			body: `{"component_appid":"wxp","component_secret":"S"}`, answer: `{"errcode":0,"errmsg":"in a normal state rid: 1-2-3"}`, want: false,
			do: func(ctx context.Context, c *Client) (any, error) { return c.StartPushTicket(ctx, "wxp", "S") },
		},
		{
			name: "component token", method: "POST", path: "/cgi-bin/component/api_component_token",
			body:   `{"component_appid":"wxp","component_appsecret":"S","component_verify_ticket":"ticket@@@x"}`,
			answer: `{"component_access_token":"61W3","expires_in":7200}`, want: Token{"61W3", 2 * time.Hour},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.ComponentToken(ctx, "wxp", "S", "ticket@@@x")
			},
		},
		{
			name: "pre-auth code, lifetime as a string", method: "POST", path: "/cgi-bin/component/api_create_preauthcode", query: componentToken + "=T%26%3D",
			body: `{"component_appid":"wxp"}`, answer: `{"pre_auth_code":"preauthcode@@@x","expires_in":"600"}`, want: PreAuthCode{"preauthcode@@@x", 10 * time.Minute},
			do: func(ctx context.Context, c *Client) (any, error) { return c.PreAuthCode(ctx, "T&=", "wxp") },
		},
		{
			name: "query auth", method: "POST", path: "/cgi-bin/component/api_query_auth", query: componentToken + "=T",
			body: `{"component_appid":"wxp","authorization_code":"queryauthcode@@@x"}`,
			answer: `{"authorization_info":{"authorizer_appid":"wxf","authorizer_access_token":"A","expires_in":7200,"authorizer_refresh_token":"R",
				"func_info":[{"funcscope_category":{"id":76}},{"funcscope_category":{"id":"151"},"confirm_info":{"need_confirm":0}},{"funcscope_category":{}},{"funcscope_category":{"id":76}},"x"]}}`,
			want: Authorization{AppID: "wxf", AccessToken: "A", ExpiresIn: 2 * time.Hour, RefreshToken: "R", Sets: []int{76, 151}},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.QueryAuth(ctx, "T", "wxp", "queryauthcode@@@x")
			},
		},
		{
			name: "authorizer token with a changed refresh token", method: "POST", path: "/cgi-bin/component/api_authorizer_token", query: componentToken + "=T",
			body:   `{"component_appid":"wxp","authorizer_appid":"wxf","authorizer_refresh_token":"R"}`,
			answer: `{"authorizer_access_token":"A","expires_in":7200,"authorizer_refresh_token":"R2"}`, want: AuthorizerToken{"A", 2 * time.Hour, "R2"},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AuthorizerToken(ctx, "T", "wxp", "wxf", "R")
			},
		},
		{
			name: "authorizer token without a refresh token keeps the old one", method: "POST", path: "/cgi-bin/component/api_authorizer_token", query: componentToken + "=T",
			body:   `{"component_appid":"wxp","authorizer_appid":"wxf","authorizer_refresh_token":"R"}`,
			answer: `{"authorizer_access_token":"A","expires_in":7200,"authorizer_refresh_token":""}`, want: AuthorizerToken{"A", 2 * time.Hour, "R"},
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AuthorizerToken(ctx, "T", "wxp", "wxf", "R")
			},
		},
		{
			name: "authorizer info of a mini program", method: "POST", path: "/cgi-bin/component/api_get_authorizer_info", query: componentToken + "=T",
			body: `{"component_appid":"wxp","authorizer_appid":"wxf"}`,
			answer: `{"authorizer_info":{"nick_name":"小店","head_img":"https://h/1","service_type_info":{"id":0},"verify_type_info":{"id":0,"name":"x"},"user_name":"gh_1",
				"principal_name":"某公司","alias":"","business_info":{"open_pay":"1"},"qrcode_url":"https://q/1","signature":"介绍","idc":1,"account_status":1,"register_type":6,
				"MiniProgramInfo":{"network":{"RequestDomain":[]},"categories":[{"first":"购物","second":"超市"}],"visit_status":0}},
				"authorization_info":{"authorizer_appid":"wxf","authorizer_refresh_token":"R","func_info":[{"funcscope_category":{"id":19}}]}}`,
			want: AuthorizerInfo{
				AppID: "wxf", NickName: "小店", HeadImg: "https://h/1", UserName: "gh_1", QRCodeURL: "https://q/1", PrincipalName: "某公司", Signature: "介绍",
				RegisterType: 6, AccountStatus: 1, IsMiniProgram: true, Categories: []Category{{"购物", "超市"}}, RefreshToken: "R", Sets: []int{19},
			},
			do: func(ctx context.Context, c *Client) (any, error) { return c.AuthorizerInfo(ctx, "T", "wxp", "wxf") },
		},
		{
			name: "authorizer info of an official account without authorization_info", method: "POST", path: "/cgi-bin/component/api_get_authorizer_info", query: componentToken + "=T",
			body: `{"component_appid":"wxp","authorizer_appid":"wxf"}`, answer: `{"authorizer_info":{"nick_name":"号","service_type_info":{"id":2}}}`,
			want: AuthorizerInfo{AppID: "wxf", NickName: "号", ServiceType: 2, VerifyType: -1},
			do:   func(ctx context.Context, c *Client) (any, error) { return c.AuthorizerInfo(ctx, "T", "wxp", "wxf") },
		},
		{
			name: "authorizer info with nothing granted is told apart from not told", method: "POST", path: "/cgi-bin/component/api_get_authorizer_info", query: componentToken + "=T",
			body: `{"component_appid":"wxp","authorizer_appid":"wxf"}`, answer: `{"authorizer_info":{},"authorization_info":{"func_info":[]}}`,
			want: AuthorizerInfo{AppID: "wxf", VerifyType: -1, Sets: []int{}},
			do:   func(ctx context.Context, c *Client) (any, error) { return c.AuthorizerInfo(ctx, "T", "wxp", "wxf") },
		},
		{
			name: "authorizer list", method: "POST", path: "/cgi-bin/component/api_get_authorizer_list", query: componentToken + "=T",
			body:   `{"component_appid":"wxp","offset":500,"count":500}`,
			answer: `{"total_count":502,"list":[{"authorizer_appid":"wxa","refresh_token":"R","auth_time":1558000607},{"authorizer_appid":"wxb","refresh_token":"","auth_time":"1558000608"}]}`,
			want:   AuthorizerPage{Total: 502, Items: []ListedAuthorizer{{"wxa", "R", 1558000607}, {"wxb", "", 1558000608}}},
			do:     func(ctx context.Context, c *Client) (any, error) { return c.AuthorizerList(ctx, "T", "wxp", 500, 500) },
		},
		{
			name: "authorizer list of nobody", method: "POST", path: "/cgi-bin/component/api_get_authorizer_list", query: componentToken + "=T",
			body: `{"component_appid":"wxp","offset":0,"count":1}`, answer: `{"total_count":0,"list":[]}`, want: AuthorizerPage{},
			do: func(ctx context.Context, c *Client) (any, error) { return c.AuthorizerList(ctx, "T", "wxp", 0, 1) },
		},
		{
			name: "clear quota of an authorizer", method: "POST", path: "/cgi-bin/component/clear_quota/v2",
			body: `{"component_appid":"wxp","appsecret":"S","appid":"wxf"}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) { return nil, c.ClearQuotaV2(ctx, "wxp", "S", "wxf") },
		},
		{
			name: "clear quota of the platform", method: "POST", path: "/cgi-bin/component/clear_quota/v2",
			body: `{"component_appid":"wxp","appsecret":"S"}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) { return nil, c.ClearQuotaV2(ctx, "wxp", "S", "") },
		},
		{
			name: "quota", method: "POST", path: "/cgi-bin/openapi/quota/get", query: accessToken + "=T", body: `{"cgi_path":"/cgi-bin/x"}`,
			answer: `{"errcode":0,"errmsg":"ok","quota":{"daily_limit":10000,"used":3,"remain":9997},"rate_limit":{"call_count":10,"refresh_second":60},"component_rate_limit":[]}`,
			want:   Quota{DailyLimit: 10000, Used: 3, Remain: 9997, Rate: Rate{10, 60}},
			do:     func(ctx context.Context, c *Client) (any, error) { return c.APIQuota(ctx, "T", "/cgi-bin/x") },
		},
		{
			name: "callback addresses", method: "GET", path: "/cgi-bin/getcallbackip", query: accessToken + "=T",
			answer: `{"ip_list":["192.0.2.1","192.0.2.2"]}`, want: []string{"192.0.2.1", "192.0.2.2"},
			do: func(ctx context.Context, c *Client) (any, error) { return c.CallbackIPs(ctx, "T") },
		},
		{
			name: "stable token", method: "POST", path: "/cgi-bin/stable_token",
			body:   `{"grant_type":"client_credential","appid":"wxf","secret":"S","force_refresh":true}`,
			answer: `{"access_token":"A","expires_in":345}`, want: Token{"A", 345 * time.Second},
			do: func(ctx context.Context, c *Client) (any, error) { return c.StableToken(ctx, "wxf", "S", true) },
		},
		{
			name: "respond: number id, text kept, absent images not sent", method: "POST", path: "/wxaapi/minishop/bussiRespondComplaint", query: accessToken + "=T",
			body: `{"complaintOrderId":11897048,"bussiHandle":2,"content":"<b>不同意 & 已发货</b>"}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.Respond(ctx, "T", HandleRefuse, Proof{ComplaintOrderID: "11897048", Content: "<b>不同意 & 已发货</b>", MediaIDs: []string{}})
			},
		},
		{
			name: "supply proof: images alone, id that is no number", method: "POST", path: "/wxaapi/minishop/bussiSupplyProof", query: accessToken + "=T",
			body: `{"complaintOrderId":"TS-9","mediaIdList":["M1","M2"]}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SupplyProof(ctx, "T", Proof{ComplaintOrderID: "TS-9", MediaIDs: []string{"M1", "M2"}})
			},
		},
		{
			name: "refund proof of a return", method: "POST", path: "/wxaapi/minishop/bussiSupplyRefund", query: accessToken + "=T",
			body: `{"complaintOrderId":12,"content":"已退款","acceptReturn":1,"returnId":77}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SubmitRefundProof(ctx, "T", RefundProof{Proof: Proof{ComplaintOrderID: "12", Content: "已退款"}, AcceptReturn: &accept, ReturnID: "77"})
			},
		},
		{
			name: "refund proof without a return", method: "POST", path: "/wxaapi/minishop/bussiSupplyRefund", query: accessToken + "=T",
			body: `{"complaintOrderId":12,"content":"已退款","mediaIdList":["M"]}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SubmitRefundProof(ctx, "T", RefundProof{Proof: Proof{ComplaintOrderID: "12", Content: "已退款", MediaIDs: []string{"M"}}})
			},
		},
		{
			name: "appeal: the path has one s, a leading zero keeps the id a text", method: "POST", path: "/wxaapi/minishop/busiAppeal", query: accessToken + "=T",
			body: `{"complaintOrderId":"012","content":"申诉"}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.Appeal(ctx, "T", Proof{ComplaintOrderID: "012", Content: "申诉"})
			},
		},
		{
			name: "custom text", method: "POST", path: "/cgi-bin/message/custom/send", query: accessToken + "=T",
			body: `{"touser":"O","msgtype":"text","text":{"content":"c_from_api"}}`, answer: `{"errcode":0,"errmsg":"ok"}`,
			do: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.SendCustomText(ctx, "T", "O", "c_from_api")
			},
		},
		{
			name: "penalties: parameters in the query", method: "GET", path: "/wxaapi/wxamptrade/get_penalty_list", query: accessToken + "=T&offset=0&limit=100",
			answer: `{"errcode":0,"currentScore":55,"totalNum":2,"appealList":[{"illegalOrderId":"9","complaintOrderId":"2157","illegalWording":"质量缺陷","status":2,"minusScore":2,
				"orderId":"payorder@_4200001","illegalTime":1700000000,"updateTime":"1700000001"},{"complaintOrderId":2158,"status":"6"}]}`,
			want: Penalties{Score: &score, Total: 2, Items: []Penalty{
				{
					IllegalOrderID: "9", ComplaintOrderID: "2157", Wording: "质量缺陷", Status: 2, MinusScore: 2,
					OrderID: "payorder@_4200001", TransactionID: "4200001", IllegalTime: 1700000000, UpdateTime: 1700000001,
				},
				{ComplaintOrderID: "2158", Status: 6},
			}},
			do: func(ctx context.Context, c *Client) (any, error) { return c.GetPenaltyList(ctx, "T", 0, 100) },
		},
		{
			name: "no penalties", method: "GET", path: "/wxaapi/wxamptrade/get_penalty_list", query: accessToken + "=T&offset=0&limit=1",
			answer: `{"errcode":0,"totalNum":0}`, want: Penalties{},
			do: func(ctx context.Context, c *Client) (any, error) { return c.GetPenaltyList(ctx, "T", 0, 1) },
		},
		{
			name: "guarantee", method: "GET", path: "/wxaapi/wxamptrade/get_guarantee_status", query: accessToken + "=T",
			answer: `{"errcode":0,"isActived":false,"msg":"m","reasons":["经营不满一年","保证金不足"]}`, want: Guarantee{Msg: "m", Reasons: []string{"经营不满一年", "保证金不足"}},
			do: func(ctx context.Context, c *Client) (any, error) { return c.GetGuaranteeStatus(ctx, "T") },
		},
		{
			name: "illegal records of the last days: an empty object is sent", method: "POST", path: "/wxa/getillegalrecords", query: accessToken + "=T", body: `{}`,
			answer: `{"errcode":0,"records":[{"illegal_record_id":"4_395332","create_time":1667000000,"illegal_reason":"r","rule_url":"https://r","rule_name":"n"}]}`,
			want:   []IllegalRecord{{ID: "4_395332", CreateTime: 1667000000, Reason: "r", RuleURL: "https://r", RuleName: "n"}},
			do:     func(ctx context.Context, c *Client) (any, error) { return c.GetIllegalRecords(ctx, "T", 0, 0) },
		},
		{
			name: "illegal records of a time, none found", method: "POST", path: "/wxa/getillegalrecords", query: accessToken + "=T",
			body: `{"start_time":1,"end_time":2}`, answer: `{"errcode":0}`, want: []IllegalRecord(nil),
			do: func(ctx context.Context, c *Client) (any, error) { return c.GetIllegalRecords(ctx, "T", 1, 2) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, c := serve(t, 200, tt.answer)
			got, err := tt.do(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			r := f.only(t)
			query, _ := url.ParseQuery(tt.query)
			if r.method != tt.method || r.path != tt.path || !cmp.Equal(r.query, query) {
				t.Errorf("%s %s ?%s", r.method, r.path, r.query.Encode())
			}
			if tt.body == "" {
				if len(r.body) != 0 || r.contentType != "" {
					t.Errorf("a body was sent: %q (%s)", r.body, r.contentType)
				}
				return
			}
			sameJSON(t, r.body, tt.body)
			if !strings.HasPrefix(r.contentType, "application/json") {
				t.Errorf("content type %q", r.contentType)
			}
			if bytes.Contains(r.body, []byte(`\u00`)) {
				t.Errorf("text was escaped: %s", r.body)
			}
		})
	}
}

func TestQueryAuthWithoutAPIRightsSaysSoAndStillTellsTheAccount(t *testing.T) {
	for _, answer := range []string{
		`{"authorization_info":{"authorizer_appid":"wxf","func_info":[{"funcscope_category":{"id":76}}]}}`,
		`{"authorization_info":{"authorizer_appid":"wxf","authorizer_access_token":"A","expires_in":7200,"func_info":[{"funcscope_category":{"id":76}}]}}`,
	} {
		_, c := serve(t, 200, answer)
		got, err := c.QueryAuth(t.Context(), "T", "wxp", "code")
		if e := asError(t, err); e.Class != NoPermission || !errors.Is(err, ErrNoTokens) {
			t.Errorf("class %v: %v", e.Class, err)
		}
		if got.AppID != "wxf" || !cmp.Equal(got.Sets, []int{76}) || got.RefreshToken != "" {
			t.Errorf("got app %s, sets %v", got.AppID, got.Sets)
		}
	}
}

func TestUploadSendsOneImagePartWithALength(t *testing.T) {
	f, c := serve(t, 200, `{"type":"image","media_id":"MEDIA-1","created_at":1700000000}`)
	image := []byte("\x89PNG\r\n\x1a\n--not a boundary")
	got, err := c.UploadTempMedia(t.Context(), "T", `凭 "证".png`, "image/png\r\nX-Evil: 1", bytes.NewReader(image))
	if err != nil || got != (Media{"MEDIA-1", "image", 1700000000}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	r := f.only(t)
	if r.method != "POST" || r.path != "/cgi-bin/media/upload" || r.query.Encode() != "access_token=T&type=image" {
		t.Errorf("%s %s ?%s", r.method, r.path, r.query.Encode())
	}
	if r.length != int64(len(r.body)) {
		t.Errorf("the request says its length is %d, it is %d", r.length, len(r.body))
	}
	kind, params, err := mime.ParseMediaType(r.contentType)
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("content type %q", r.contentType)
	}
	m := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	part, err := m.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	var content bytes.Buffer
	if _, err := content.ReadFrom(part); err != nil {
		t.Fatal(err)
	}
	if part.FormName() != "media" || part.FileName() != `凭 "证".png` || !bytes.Equal(content.Bytes(), image) {
		t.Errorf("part %q, file %q, %q", part.FormName(), part.FileName(), content.Bytes())
	}
	if part.Header.Get("Content-Type") != "image/pngX-Evil: 1" || part.Header.Get("X-Evil") != "" {
		t.Errorf("part headers %v", part.Header)
	}
	if _, err := m.NextPart(); err == nil {
		t.Error("a second part was sent")
	}
}

func TestAnUploadThatCannotBeReadIsNotSent(t *testing.T) {
	f, c := serve(t, 200, `{}`)
	_, err := c.UploadTempMedia(t.Context(), "T", "a.png", "image/png", brokenReader{})
	if e := asError(t, err); e.Class != Again || f.count() != 0 {
		t.Errorf("class %v, %d requests", e.Class, f.count())
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, mime.ErrInvalidMediaParameter }

func TestTheAPIAddressMayHaveAPathAndASlash(t *testing.T) {
	f, c := serve(t, 200, `{"ip_list":["192.0.2.1"]}`)
	c = New(c.base+"/weixin/", c.http)
	if _, err := c.CallbackIPs(t.Context(), "T"); err != nil {
		t.Fatal(err)
	}
	if r := f.only(t); r.path != "/weixin/cgi-bin/getcallbackip" {
		t.Errorf("path %s", r.path)
	}
}

func TestAuthorisationLinks(t *testing.T) {
	l := AuthLink{ComponentAppID: "wxp", PreAuthCode: "preauthcode@@@a+b", RedirectURI: "https://z.example/authorize/t1/done?x=1&y=2"}
	const common = "component_appid=wxp&pre_auth_code=preauthcode%40%40%40a%2Bb&redirect_uri=https%3A%2F%2Fz.example%2Fauthorize%2Ft1%2Fdone%3Fx%3D1%26y%3D2&auth_type=2"
	if got, want := AuthURL("https://mp.weixin.qq.com/", l), "https://mp.weixin.qq.com/cgi-bin/componentloginpage?"+common; got != want {
		t.Errorf("PC\n got %s\nwant %s", got, want)
	}
	want := "https://open.weixin.qq.com/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&" + common + "#wechat_redirect"
	if got := AuthURLPhone("https://open.weixin.qq.com", l); got != want {
		t.Errorf("phone\n got %s\nwant %s", got, want)
	}
	l.Sets, l.BizAppID = []int{76, 151, 19}, "wxf"
	for _, link := range []string{AuthURL("http://127.0.0.1:1", l), AuthURLPhone("http://127.0.0.1:1", l)} {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if q := u.Query(); q.Get("category_id_list") != "76|151|19" || q.Get("biz_appid") != "wxf" || q.Get("pre_auth_code") != l.PreAuthCode || q.Get("redirect_uri") != l.RedirectURI {
			t.Errorf("query %v", q)
		}
	}
}

func TestPermissionSets(t *testing.T) {
	want := map[string]int{
		APIComplaintDetail: 76, APIRespond: 76, APISupplyProof: 76, APISubmitRefundProof: 76, APIAppeal: 76, APIIllegalRecords: 76,
		APIPenaltyList: 151, APIGuaranteeStatus: 151, APIUploadTempMedia: 19, APISendCustomText: 19,
	}
	for api := range every() {
		sets := PermissionSets(api)
		if w, ok := want[api]; ok != (len(sets) > 0) || ok && sets[0] != w {
			t.Errorf("%s: %v", api, sets)
		}
	}
	for _, id := range SetsUpload() {
		if id == SetComplaints {
			t.Error("76 does not allow uploads")
		}
	}
}
