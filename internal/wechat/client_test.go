package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// seen is one request as WeChat got it.
type seen struct {
	method, path, contentType string
	query                     url.Values
	body                      []byte
	header                    http.Header
	length                    int64
}

// fakeWeChat answers every request with one answer and keeps the requests.
type fakeWeChat struct {
	mu       sync.Mutex
	requests []seen
	status   int
	answer   string
	header   http.Header
}

func (f *fakeWeChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, seen{
		r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.URL.Query(), body, r.Header, r.ContentLength,
	})
	for name, values := range f.header {
		w.Header()[name] = values
	}
	if f.status != 0 {
		w.WriteHeader(f.status)
	}
	_, _ = io.WriteString(w, f.answer)
}

func (f *fakeWeChat) only(t *testing.T) seen {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) != 1 {
		t.Fatalf("%d requests, want 1", len(f.requests))
	}
	return f.requests[0]
}

func (f *fakeWeChat) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

// serve starts a fakeWeChat and a client for it.
func serve(t *testing.T, status int, answer string) (*fakeWeChat, *Client) {
	t.Helper()
	f := &fakeWeChat{status: status, answer: answer}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return f, New(srv.URL, &http.Client{Timeout: 5 * time.Second})
}

func asError(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%v is not an *Error", err)
	}
	return e
}

func sameJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("not JSON: %q", got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	gb, _ := json.Marshal(g)
	wb, _ := json.Marshal(w)
	if string(gb) != string(wb) {
		t.Errorf("body %s\nwant %s", gb, wb)
	}
}

// every names a call of each endpoint, with the arguments the leak and error
// tests look for.
func every() map[string]func(context.Context, *Client) error {
	proof := Proof{ComplaintOrderID: "11897048", Content: "we apologise for it", MediaIDs: []string{"MEDIA-1"}}
	return map[string]func(context.Context, *Client) error{
		APIStartPushTicket: func(ctx context.Context, c *Client) error {
			_, err := c.StartPushTicket(ctx, "wxplatform", "APPSECRET-1")
			return err
		},
		APIComponentToken: func(ctx context.Context, c *Client) error {
			_, err := c.ComponentToken(ctx, "wxplatform", "APPSECRET-1", "ticket@@@TICKET-1")
			return err
		},
		APIPreAuthCode: func(ctx context.Context, c *Client) error {
			_, err := c.PreAuthCode(ctx, "TOKEN/1+", "wxplatform")
			return err
		},
		APIQueryAuth: func(ctx context.Context, c *Client) error {
			_, err := c.QueryAuth(ctx, "TOKEN/1+", "wxplatform", "queryauthcode@@@CODE-1")
			return err
		},
		APIAuthorizerToken: func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerToken(ctx, "TOKEN/1+", "wxplatform", "wxshop", "refreshtoken@@@REFRESH-1")
			return err
		},
		APIAuthorizerInfo: func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerInfo(ctx, "TOKEN/1+", "wxplatform", "wxshop")
			return err
		},
		APIAuthorizerList: func(ctx context.Context, c *Client) error {
			_, err := c.AuthorizerList(ctx, "TOKEN/1+", "wxplatform", 0, 500)
			return err
		},
		APIClearQuotaV2: func(ctx context.Context, c *Client) error {
			return c.ClearQuotaV2(ctx, "wxplatform", "APPSECRET-1", "wxshop")
		},
		APIQuota: func(ctx context.Context, c *Client) error {
			_, err := c.APIQuota(ctx, "TOKEN/1+", "/cgi-bin/component/api_component_token")
			return err
		},
		APICallbackIPs: func(ctx context.Context, c *Client) error { _, err := c.CallbackIPs(ctx, "TOKEN/1+"); return err },
		APIStableToken: func(ctx context.Context, c *Client) error {
			_, err := c.StableToken(ctx, "wxshop", "APPSECRET-1", false)
			return err
		},
		APIComplaintDetail: func(ctx context.Context, c *Client) error {
			_, _, err := c.ComplaintDetail(ctx, "TOKEN/1+", "11897048")
			return err
		},
		APIRespond:     func(ctx context.Context, c *Client) error { return c.Respond(ctx, "TOKEN/1+", HandleAgree, proof) },
		APISupplyProof: func(ctx context.Context, c *Client) error { return c.SupplyProof(ctx, "TOKEN/1+", proof) },
		APISubmitRefundProof: func(ctx context.Context, c *Client) error {
			return c.SubmitRefundProof(ctx, "TOKEN/1+", RefundProof{Proof: proof})
		},
		APIAppeal: func(ctx context.Context, c *Client) error { return c.Appeal(ctx, "TOKEN/1+", proof) },
		APIUploadTempMedia: func(ctx context.Context, c *Client) error {
			_, err := c.UploadTempMedia(ctx, "TOKEN/1+", "a.jpg", "image/jpeg", strings.NewReader("IMAGE"))
			return err
		},
		APISendCustomText: func(ctx context.Context, c *Client) error {
			return c.SendCustomText(ctx, "TOKEN/1+", "OPENID-1", "queryauthcode@@@CODE-1_from_api")
		},
		APIPenaltyList: func(ctx context.Context, c *Client) error {
			_, err := c.GetPenaltyList(ctx, "TOKEN/1+", 0, 100)
			return err
		},
		APIGuaranteeStatus: func(ctx context.Context, c *Client) error {
			_, err := c.GetGuaranteeStatus(ctx, "TOKEN/1+")
			return err
		},
		APIIllegalRecords: func(ctx context.Context, c *Client) error {
			_, err := c.GetIllegalRecords(ctx, "TOKEN/1+", 0, 0)
			return err
		},
	}
}

// acting are the calls that must not be repeated blindly.
var acting = map[string]bool{
	APIRespond: true, APISupplyProof: true, APISubmitRefundProof: true, APIAppeal: true, APISendCustomText: true, APIClearQuotaV2: true,
}

func TestAnAnswerThatIsNotThePromisedOneIsNeverASuccess(t *testing.T) {
	answers := map[string]struct {
		status int
		body   string
	}{
		"an empty body":               {200, ""},
		"an HTML page":                {200, "<html>busy</html>"},
		"null":                        {200, "null"},
		"an array":                    {200, "[]"},
		"an empty object":             {200, "{}"},
		"a cut object":                {200, `{"errcode":0,"errmsg":"o`},
		"two objects":                 {200, `{"errcode":0}{"errcode":0}`},
		"an errcode that is no code":  {200, `{"errcode":"what"}`},
		"an errcode that is a list":   {200, `{"errcode":[0]}`},
		"an errcode beyond 32 bits":   {200, `{"errcode":4294967296}`},
		"HTTP 500 with a page":        {500, "<html/>"},
		"HTTP 502 that says it is ok": {502, `{"errcode":0,"errmsg":"ok"}`},
		"HTTP 404":                    {404, "not found"},
		"an endless body":             {200, `{"errcode":0,"x":"` + strings.Repeat("x", MaxAnswer) + `"}`},
		"a redirect":                  {302, ""},
	}
	for name, answer := range answers {
		for api, do := range every() {
			t.Run(name+"/"+api, func(t *testing.T) {
				f, c := serve(t, answer.status, answer.body)
				if answer.status == 302 {
					f.header = http.Header{"Location": {"/elsewhere"}}
				}
				err := do(t.Context(), c)
				e := asError(t, err)
				if e.Class != Unknown || e.API != api || e.HTTPStatus != answer.status || e.Code != 0 {
					t.Errorf("got %+v", *e)
				}
				if f.count() != 1 {
					t.Errorf("%d requests for one call", f.count())
				}
			})
		}
	}
}

func TestErrcodeZeroWithoutTheTokenIsAnError(t *testing.T) {
	partial := map[string][]string{
		APIComponentToken: {
			`{"errcode":0,"errmsg":"ok"}`, `{"component_access_token":"","expires_in":7200}`, `{"component_access_token":null,"expires_in":7200}`,
			`{"component_access_token":"x"}`, `{"component_access_token":"x","expires_in":0}`, `{"component_access_token":["x"],"expires_in":7200}`,
		},
		APIPreAuthCode:     {`{"errcode":0}`, `{"pre_auth_code":"","expires_in":600}`, `{"pre_auth_code":"x","expires_in":-1}`},
		APIStableToken:     {`{"errcode":0}`, `{"access_token":"","expires_in":7200}`, `{"access_token":"x"}`},
		APIAuthorizerToken: {`{"errcode":0}`, `{"authorizer_access_token":"","expires_in":7200,"authorizer_refresh_token":"r"}`, `{"authorizer_refresh_token":"r","expires_in":7200}`},
		APIQueryAuth:       {`{"errcode":0}`, `{"authorization_info":[]}`, `{"authorization_info":{"authorizer_access_token":"x","expires_in":7200,"authorizer_refresh_token":"r"}}`},
		APIAuthorizerInfo:  {`{"errcode":0}`, `{"authorizer_info":null}`, `{"authorization_info":{"authorizer_appid":"wxshop"}}`},
		APIAuthorizerList: {
			`{"errcode":0}`, `{"list":[]}`, `{"total_count":2}`, `{"total_count":2,"list":[]}`, `{"total_count":1,"list":[{"refresh_token":"r"}]}`,
		},
		APIUploadTempMedia: {`{"errcode":0,"errmsg":"ok"}`, `{"type":"image","media_id":""}`},
		APIComplaintDetail: {`{"errcode":0}`, `{"errcode":0,"complaintOrder":null}`, `{"errcode":0,"complaintOrder":[]}`, `{"complaintOrder":"x"}`},
		APIQuota:           {`{"errcode":0}`},
		APICallbackIPs:     {`{"errcode":0}`, `{"ip_list":[]}`},
		APIPenaltyList:     {`{"errcode":0}`},
		APIGuaranteeStatus: {`{"errcode":0}`},
	}
	for api, answers := range partial {
		for _, answer := range answers {
			t.Run(api+" "+answer, func(t *testing.T) {
				_, c := serve(t, 200, answer)
				err := every()[api](t.Context(), c)
				if e := asError(t, err); !errors.Is(err, ErrBadAnswer) || e.Class != Unknown {
					t.Errorf("got %v, class %v", err, e.Class)
				}
			})
		}
	}
}

func TestAServerThatCannotBeReachedIsAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for api, do := range every() {
		if e := asError(t, do(t.Context(), New("http://"+address, nil))); e.Class != Again || e.HTTPStatus != 0 {
			t.Errorf("%s: class %v", api, e.Class)
		}
	}
}

func TestAServerWithTheWrongCertificateIsAgain(t *testing.T) {
	f := &fakeWeChat{answer: "{}"}
	srv := httptest.NewUnstartedServer(f)
	srv.Config.ErrorLog = nil
	srv.StartTLS()
	defer srv.Close()
	if e := asError(t, every()[APIRespond](t.Context(), New(srv.URL, &http.Client{}))); e.Class != Again {
		t.Errorf("class %v: %v", e.Class, e)
	}
	if f.count() != 0 {
		t.Error("the request was sent all the same")
	}
}

func TestAConnectionLostAfterSendingIsUnknown(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	defer srv.Close()
	for api, do := range every() {
		if e := asError(t, do(t.Context(), New(srv.URL, &http.Client{}))); e.Class != Unknown {
			t.Errorf("%s: class %v", api, e.Class)
		}
	}
}

func TestAnAnswerCutInItsBodyIsUnknown(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok"}`)
	}))
	defer srv.Close()
	for api, do := range every() {
		if e := asError(t, do(t.Context(), New(srv.URL, &http.Client{}))); e.Class != Unknown || e.HTTPStatus != 200 {
			t.Errorf("%s: %v class %v", api, e, e.Class)
		}
	}
}

func TestATimeoutAfterSendingIsUnknownAndSaysSo(t *testing.T) {
	arrived := make(chan struct{}, 1)
	hold := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-hold
	}))
	defer srv.Close()
	defer close(hold)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-arrived; cancel(nil) }()
	err := every()[APIRespond](ctx, New(srv.URL, &http.Client{}))
	if e := asError(t, err); e.Class != Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("class %v: %v", e.Class, err)
	}

	go func() { <-arrived }()
	err = every()[APIRespond](t.Context(), New(srv.URL, &http.Client{Timeout: 50 * time.Millisecond}))
	var timeout interface{ Timeout() bool }
	if e := asError(t, err); e.Class != Unknown || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("class %v: %v", e.Class, err)
	}
}

func TestACallWithACancelledContextIsNotSent(t *testing.T) {
	f, c := serve(t, 200, `{"errcode":0}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for api, do := range every() {
		err := do(ctx, c)
		if e := asError(t, err); e.Class != Again || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: class %v, %v", api, e.Class, err)
		}
	}
	if f.count() != 0 {
		t.Errorf("%d requests were sent", f.count())
	}
}

// silent is a RoundTripper that reports no connection, as a wrapper may.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestATransportThatTellsNothingGetsTheCarefulClass(t *testing.T) {
	c := New("http://127.0.0.1:1", &http.Client{Transport: silent{}})
	err := every()[APIRespond](t.Context(), c)
	if e := asError(t, err); e.Class != Unknown || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("class %v: %v", e.Class, err)
	}
}

func TestTheCallersHTTPClientIsNotChanged(t *testing.T) {
	hc := &http.Client{}
	New("http://127.0.0.1:1", hc)
	if hc.CheckRedirect != nil {
		t.Error("CheckRedirect was set")
	}
}
