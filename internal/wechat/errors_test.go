package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechat/push"
)

// The expectations restate open platform §7 and complaint §6.4.
func TestCodesAreClassed(t *testing.T) {
	type want struct {
		class    Class
		after    time.Duration
		operator bool
	}
	general := map[int]want{
		-1: {Later, 2 * time.Second, false}, 45009: {Later, time.Hour, false}, 45011: {Later, time.Minute, false},
		61005: {Later, time.Minute, false}, 61006: {Later, time.Minute, false},
		61004: {Later, 10 * time.Minute, true}, 40164: {Later, 10 * time.Minute, true}, 40243: {Later, 10 * time.Minute, true},
		45035: {Later, 10 * time.Minute, true}, 89501: {Later, 10 * time.Minute, true}, 89507: {Later, 10 * time.Minute, true},
		61028: {Later, 10 * time.Minute, true}, 61029: {Later, 10 * time.Minute, true},
		40013: {Never, 0, true}, 40125: {Never, 0, true}, 61011: {Never, 0, true}, 50002: {Never, 0, true},
		987654: {Unknown, 0, false}, 89508: {Unknown, 0, false},
	}
	for _, code := range []int{40001, 40014, 42001, 42006} {
		general[code] = want{class: NewToken}
	}
	for _, code := range []int{48001, 48004, 61007, 61016, 61017} {
		general[code] = want{class: NoPermission}
	}
	for _, code := range []int{61003, 43007, 42007} {
		general[code] = want{class: Revoked}
	}
	for _, code := range []int{
		40002, 40007, 40097, 40170, 41001, 41002, 41004, 41018, 41021, 43002, 43003, 44002, 45015, 45047, 47001, 48006, 61009, 61010,
		61012, 61013, 61014, 61015, 61018, 61019, 61020, 61021, 61022, 61023, 61024, 61030, 76003, 76021, 76022,
	} {
		general[code] = want{class: Never}
	}
	own := map[string][]int{
		APIRespond: {1, 309, 10001}, APISupplyProof: {1, 309, 10001}, APISubmitRefundProof: {1, 309, 10001},
		APIAppeal: {1, 2, 1002, 10001}, APIPenaltyList: {20002, 200002}, APIGuaranteeStatus: {200002}, APIUploadTempMedia: {40004, 40005, 41005},
	}
	withSecret := []string{APIStartPushTicket, APIComponentToken, APIClearQuotaV2, APIStableToken}

	for api, do := range every() {
		table := map[int]want{}
		for code, w := range general {
			table[code] = w
		}
		for _, code := range []int{1, 2, 309, 1002, 10001, 20002, 200002, 40004, 40005, 41005} {
			table[code] = want{class: Unknown}
			if slices.Contains(own[api], code) {
				table[code] = want{class: Never}
			}
		}
		if acting[api] {
			table[-1] = want{Unknown, 2 * time.Second, false}
		}
		if slices.Contains(withSecret, api) {
			table[40001] = want{Never, 0, true}
		}
		for code, w := range table {
			_, c := serve(t, 200, fmt.Sprintf(`{"errcode":%d,"errmsg":"some words rid: 65aa5242-1f00aa11-22bb33cc"}`, code))
			e := asError(t, do(t.Context(), c))
			got := want{e.Class, e.RetryAfter, e.NeedsOperator}
			if got != w || e.Code != code || e.Msg != "some words" || e.RID != "65aa5242-1f00aa11-22bb33cc" || e.HTTPStatus != 200 || e.API != api {
				t.Errorf("%s %d: got %+v, want %+v", api, code, *e, w)
			}
		}
	}
}

func TestErrorEnvelopes(t *testing.T) {
	tests := []struct {
		name, answer string
		status, code int
		msg, rid     string
		class        Class
	}{
		{"errcode as a string", `{"errcode":"309","errmsg":"bad status"}`, 200, 309, "bad status", "", Never},
		{"1002 with a separate rid and no errmsg", `{"errcode":1002,"rid":"65aa5242-1f00aa11-22bb33cc"}`, 200, 1002, "", "65aa5242-1f00aa11-22bb33cc", Unknown},
		{"an errmsg of nothing but a rid", `{"errcode":309,"errmsg":" rid: 65aa5242-1f00aa11-22bb33cc"}`, 200, 309, "", "65aa5242-1f00aa11-22bb33cc", Never},
		{"rid behind a comma", `{"errcode":309,"errmsg":"late, rid: 65aa-1-2"}`, 200, 309, "late", "65aa-1-2", Never},
		{"a word that ends in rid", `{"errcode":309,"errmsg":"hybrid: no"}`, 200, 309, "hybrid: no", "", Never},
		{"code, msg and success", `{"code":309,"msg":"late rid: 1-2-3","success":false}`, 200, 309, "late", "1-2-3", Never},
		{"code as a string", `{"code":"1","msg":"no such"}`, 200, 1, "no such", "", Never},
		{"errcode wins over code", `{"errcode":309,"errmsg":"a","code":0,"success":true}`, 200, 309, "a", "", Never},
		{"code 0 that denies success", `{"code":0,"success":false}`, 200, 0, "", "", Unknown},
		{"code 200 that denies success", `{"code":200,"msg":"no","success":false}`, 200, 200, "no", "", Unknown},
		{"an errcode in an HTTP error", `{"errcode":61007,"errmsg":"api is unauthorized to component"}`, 403, 61007, "api is unauthorized to component", "", NoPermission},
		{"HTTP 429 without a code", `slow down`, 429, 0, "", "", Later},
		{"a byte order mark", "\xef\xbb\xbf" + `{"errcode":309}`, 200, 309, "", "", Never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c := serve(t, tt.status, tt.answer)
			e := asError(t, every()[APIRespond](t.Context(), c))
			if e.Code != tt.code || e.Msg != tt.msg || e.RID != tt.rid || e.Class != tt.class || e.HTTPStatus != tt.status {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

func TestSuccessEnvelopesOfActingCalls(t *testing.T) {
	for _, answer := range []string{
		`{"errcode":0,"errmsg":"ok"}`, `{"errcode":"0"}`, `{"errcode":0.0}`, `{"code":0,"msg":"ok","success":true}`, `{"code":0}`, `{"code":200,"success":true}`,
		`{"errcode":0,"errmsg":"ok rid: 1-2-3","future":{"a":[1]}}`,
	} {
		_, c := serve(t, 200, answer)
		if err := every()[APIRespond](t.Context(), c); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestTheCodeEnvelopeBelongsToComplaintsOnly(t *testing.T) {
	_, c := serve(t, 200, `{"component_access_token":"x","expires_in":7200,"code":5}`)
	if err := every()[APIComponentToken](t.Context(), c); err != nil {
		t.Errorf("a field named code made a failure: %v", err)
	}
}

func TestRetryAfterIsReadFromHTTP429(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": time.Minute, "7": 7 * time.Second, "0": time.Minute, "-1": time.Minute, "999999": time.Minute, "soon": time.Minute,
	} {
		f, c := serve(t, 429, "")
		f.header = http.Header{"Retry-After": {header}}
		if e := asError(t, every()[APIComplaintDetail](t.Context(), c)); e.Class != Later || e.RetryAfter != want {
			t.Errorf("%q: %v after %v", header, e.Class, e.RetryAfter)
		}
	}
}

func TestArgumentsAreCheckedBeforeAnythingIsSent(t *testing.T) {
	ok := Proof{ComplaintOrderID: "1", Content: "x"}
	image := func() *strings.Reader { return strings.NewReader("IMAGE") }
	calls := map[string]func(ctx context.Context, c *Client) error{
		"no token": func(ctx context.Context, c *Client) error { return c.Respond(ctx, "", 1, ok) },
		"no text and no image": func(ctx context.Context, c *Client) error {
			return c.Respond(ctx, "t", 1, Proof{ComplaintOrderID: "1"})
		},
		"no complaint id":      func(ctx context.Context, c *Client) error { return c.Appeal(ctx, "t", Proof{Content: "x"}) },
		"a decision 0":         func(ctx context.Context, c *Client) error { return c.Respond(ctx, "t", 0, ok) },
		"a decision 3":         func(ctx context.Context, c *Client) error { return c.Respond(ctx, "t", 3, ok) },
		"no id for the detail": func(ctx context.Context, c *Client) error { _, _, err := c.ComplaintDetail(ctx, "t", ""); return err },
		"a page of 501": func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerList(ctx, "t", "a", 0, 501)
			return err
		},
		"a page of 0": func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerList(ctx, "t", "a", 0, 0)
			return err
		},
		"a negative offset": func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerList(ctx, "t", "a", -1, 1)
			return err
		},
		"penalties over 100": func(ctx context.Context, c *Client) error { _, err := c.GetPenaltyList(ctx, "t", 0, 101); return err },
		"no ticket":          func(ctx context.Context, c *Client) error { _, err := c.ComponentToken(ctx, "a", "s", ""); return err },
		"no refresh token": func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerToken(ctx, "t", "a", "b", "")
			return err
		},
		"no code":                func(ctx context.Context, c *Client) error { _, err := c.QueryAuth(ctx, "t", "a", ""); return err },
		"no secret":              func(ctx context.Context, c *Client) error { _, err := c.StableToken(ctx, "a", "", true); return err },
		"a path without a slash": func(ctx context.Context, c *Client) error { _, err := c.APIQuota(ctx, "t", "cgi-bin/x"); return err },
		"no extension": func(ctx context.Context, c *Client) error {
			_, err := c.UploadTempMedia(ctx, "t", "image", "", image())
			return err
		},
		"an empty image": func(ctx context.Context, c *Client) error {
			_, err := c.UploadTempMedia(ctx, "t", "a.png", "", strings.NewReader(""))
			return err
		},
		"an image over 2 MB": func(ctx context.Context, c *Client) error {
			_, err := c.UploadTempMedia(ctx, "t", "a.png", "", strings.NewReader(strings.Repeat("x", MaxTempMedia+1)))
			return err
		},
	}
	f, c := serve(t, 200, `{"errcode":0}`)
	for name, do := range calls {
		err := do(t.Context(), c)
		if e := asError(t, err); e.Class != Never || !errors.Is(err, ErrArgument) {
			t.Errorf("%s: class %v, %v", name, e.Class, err)
		}
	}
	if f.count() != 0 {
		t.Errorf("%d requests were sent", f.count())
	}
}

// secretsOf are all values every() passes that must not be seen again.
func secretsOf() []string {
	return []string{
		"TOKEN/1+", "TOKEN%2F1%2B", "APPSECRET-1", "TICKET-1", "CODE-1", "REFRESH-1", "OPENID-1", "we apologise",
		"access_token=", "component_access_token=", "complaintOrderId=",
	}
}

func TestErrorsHoldNoTokenSecretQueryOrBody(t *testing.T) {
	echo := strings.Join([]string{
		"TOKEN/1+", "TOKEN%2F1%2B", "APPSECRET-1", "ticket@@@TICKET-1", "queryauthcode@@@CODE-1_from_api", "queryauthcode@@@CODE-1",
		"refreshtoken@@@REFRESH-1", "OPENID-1", "we apologise for it",
	}, "\n")
	// Each call knows its own values only, so the echo is made per call below.
	mine := map[string][]string{}
	for api := range every() {
		mine[api] = []string{"TOKEN/1+", "TOKEN%2F1%2B"}
	}
	for _, api := range []string{APIStartPushTicket, APIComponentToken, APIClearQuotaV2, APIStableToken} {
		mine[api] = []string{"APPSECRET-1"}
	}
	mine[APIComponentToken] = append(mine[APIComponentToken], "TICKET-1")
	mine[APIQueryAuth] = append(mine[APIQueryAuth], "CODE-1")
	mine[APISendCustomText] = append(mine[APISendCustomText], "OPENID-1", "CODE-1_from_api")
	mine[APIAuthorizerToken] = append(mine[APIAuthorizerToken], "REFRESH-1")
	for _, api := range []string{APIRespond, APISupplyProof, APISubmitRefundProof, APIAppeal} {
		mine[api] = append(mine[api], "we apologise")
	}

	say := func(err error) string {
		e := asError(t, err)
		out := fmt.Sprintf("%v|%+v|%#v|%s|%s", err, err, *e, e.Msg, e.RID)
		for u := errors.Unwrap(err); u != nil; u = errors.Unwrap(u) {
			out += "|" + u.Error()
		}
		return out
	}
	msg, _ := json.Marshal(echo)
	for api, do := range every() {
		_, c := serve(t, 200, `{"errcode":40013,"errmsg":`+string(msg)+`,"rid":`+string(msg)+`}`)
		out := say(do(t.Context(), c))
		for _, s := range mine[api] {
			if strings.Contains(out, s) {
				t.Errorf("%s: an echoing errmsg leaks %q: %s", api, s, out)
			}
		}
		if strings.Contains(asError(t, do(t.Context(), c)).Msg, "\n") {
			t.Errorf("%s: a line break in Msg", api)
		}
	}

	broken := map[string]*Client{
		"refused":        New("http://127.0.0.1:1", &http.Client{}),
		"no such scheme": New("gopher://127.0.0.1", &http.Client{}),
		"no URL":         New("http://127.0.0.1:port\x7f", &http.Client{}),
		"a loud transport": New("http://127.0.0.1:1", &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("GET %s with %s failed", r.URL.Path, r.URL.Query().Get("access_token")+r.URL.Query().Get("component_access_token"))
		})}),
	}
	for name, c := range broken {
		for api, do := range every() {
			out := say(do(t.Context(), c))
			for _, s := range secretsOf() {
				if strings.Contains(out, s) {
					t.Errorf("%s, %s: leaks %q: %s", name, api, s, out)
				}
			}
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestValuesThatHoldSecretsPrintWithoutThem(t *testing.T) {
	const s = "SECRET-VALUE"
	phone := &push.ComplaintCallback{ComplaintOrderID: "1", PhoneNumber: s, OpenID: s, Content: s, History: []push.HistoryEntry{{Content: s}}}
	values := []any{
		Token{AccessToken: s},
		PreAuthCode{Code: s},
		Authorization{AccessToken: s, RefreshToken: s},
		AuthorizerToken{AccessToken: s, RefreshToken: s},
		ListedAuthorizer{RefreshToken: s},
		AuthorizerPage{Items: []ListedAuthorizer{{RefreshToken: s}}},
		AuthorizerInfo{RefreshToken: s},
		push.PlatformEvent{Ticket: s, AuthorizationCode: s, PreAuthCode: s, Fields: map[string]string{"a": s}},
		Complaint{PhoneNumber: s, OpenID: s, Content: s},
		Detail{Complaint: Complaint{PhoneNumber: s}, Nodes: []Node{{Content: s, PhoneNumber: s}}},
		push.Event{FromUserName: s, Content: s, Fields: map[string]string{"a": s}, Complaint: phone},
		*phone,
	}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			out := fmt.Sprintf(verb, v)
			if strings.Contains(out, s) || strings.Contains(out, fmt.Sprintf("%x", s)) {
				t.Errorf("%T with %s prints %s", v, verb, out)
			}
		}
	}
	for _, v := range values[:8] { // tokens also stay out of JSON, and so of structured logs
		if b, err := json.Marshal(v); err != nil || strings.Contains(string(b), s) {
			t.Errorf("%T marshals as %s, %v", v, b, err)
		}
	}
}

func TestALongErrmsgIsShortened(t *testing.T) {
	_, c := serve(t, 200, `{"errcode":10001,"errmsg":"`+strings.Repeat("错", 5000)+`"}`)
	if e := asError(t, every()[APIRespond](t.Context(), c)); len([]rune(e.Msg)) != maxMsg+1 {
		t.Errorf("%d characters kept", len([]rune(e.Msg)))
	}
}

func TestClassOfAndCodeOf(t *testing.T) {
	err := fmt.Errorf("respond: %w", &Error{API: APIRespond, Code: 309, Class: Never})
	if ClassOf(err) != Never || CodeOf(err) != 309 {
		t.Errorf("got %v, %d", ClassOf(err), CodeOf(err))
	}
	if ClassOf(errors.New("x")) != Unknown || CodeOf(nil) != 0 {
		t.Error("a foreign error is not Unknown")
	}
	words := map[Class]string{
		Unknown: "unknown", Again: "again", Later: "later", NewToken: "new_token", NoPermission: "no_permission", Revoked: "revoked", Never: "never", 99: "unknown",
	}
	for c, w := range words {
		if c.String() != w {
			t.Errorf("class %d is %q", int(c), c.String())
		}
	}
}
