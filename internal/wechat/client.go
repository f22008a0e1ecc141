package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// MaxAnswer is the longest answer that is read, in bytes.
const MaxAnswer = 1 << 20

// Client calls WeChat's API. It is safe for concurrent use and holds no token:
// every method gets the one it needs.
type Client struct {
	base string
	http *http.Client
}

// New returns a client for the API at apiURL, normally https://api.weixin.qq.com.
// Time limits come from hc and from each call's context. nil means a client with
// a limit of 15 s. Redirects are never followed, since they would carry the
// token elsewhere; hc itself is not changed.
func New(apiURL string, hc *http.Client) *Client {
	own := http.Client{Timeout: 15 * time.Second}
	if hc != nil {
		own = *hc
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimRight(apiURL, "/"), http: &own}
}

// call is one request and what is known about its endpoint.
type call struct {
	api    string
	method string
	path   string
	// tokenParam is the query parameter of the token; "" = the call takes none.
	tokenParam string
	token      string
	query      url.Values
	// body is sent as JSON unless form is set.
	body any
	form *form
	// acting: repeating the call is not harmless, and success must be said.
	acting bool
	// codes is the endpoint's own error table, asked before the general one.
	codes ownCodes
	// plain: errors may come as code/msg/success (complaint §12.17).
	plain bool
	// hide lists secrets and personal texts of this call; the token is added.
	hide []string
}

// form is a body that is not JSON.
type form struct {
	contentType string
	body        []byte
}

// answer is an answer that reports no error.
type answer struct {
	raw    []byte
	fields map[string]json.RawMessage
	msg    string
}

// do sends the call and returns the answer if WeChat reports success.
func (c *Client) do(ctx context.Context, k *call) (*answer, error) {
	if k.tokenParam != "" && k.token == "" {
		return nil, k.argument("the token is empty")
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{API: k.api, Class: Again, Cause: err}
	}
	var sent outbound.Sent
	req, err := c.request(sent.Watch(ctx), k)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		class := Unknown
		if sent.Never(err) {
			class = Again
		}
		return nil, &Error{API: k.api, Class: class, Cause: k.transport(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	if err != nil {
		return nil, &Error{API: k.api, HTTPStatus: resp.StatusCode, Class: Unknown, Cause: k.transport(err)}
	}
	return k.read(resp, raw)
}

func (c *Client) request(ctx context.Context, k *call) (*http.Request, error) {
	var body io.Reader
	contentType := ""
	switch {
	case k.form != nil:
		body, contentType = bytes.NewReader(k.form.body), k.form.contentType
	case k.body != nil:
		b, err := encode(k.body)
		if err != nil {
			return nil, k.argument("the body cannot be written as JSON")
		}
		body, contentType = bytes.NewReader(b), "application/json; charset=utf-8"
	}
	query := url.Values{}
	for name, values := range k.query {
		query[name] = values
	}
	if k.tokenParam != "" {
		query.Set(k.tokenParam, k.token)
	}
	address := c.base + k.path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, address, body)
	if err != nil {
		return nil, k.argument("the API address is not a URL")
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// encode writes JSON as WeChat's own samples do: & < > stay as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// read turns an HTTP answer into an answer or an *Error.
func (k *call) read(resp *http.Response, raw []byte) (*answer, error) {
	ok := resp.StatusCode >= 200 && resp.StatusCode <= 299
	e := &Error{API: k.api, HTTPStatus: resp.StatusCode, Class: Unknown}
	if len(raw) > MaxAnswer {
		e.Cause = ErrAnswerTooLarge
		return nil, e
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	a := &answer{raw: raw}
	if json.Unmarshal(raw, &a.fields) != nil || a.fields == nil {
		a.fields = nil
	}
	code, said := k.outcome(a)
	switch {
	case said && code != 0:
		v := k.judge(code)
		e.Code, e.Class, e.RetryAfter, e.NeedsOperator = code, v.class, v.after, v.operator
		msg, rid := splitRID(a.msg)
		if own := loose.Text(a.fields["rid"]); own != "" {
			rid = own
		}
		e.Msg, e.RID = k.scrub(msg), k.scrub(rid)
		return nil, e
	case resp.StatusCode == http.StatusTooManyRequests:
		e.Class, e.RetryAfter = Later, retryAfter(resp.Header)
		return nil, e
	case !ok:
		return nil, e
	case a.fields == nil || (k.acting && !said):
		e.Cause = ErrBadAnswer
		return nil, e
	}
	a.msg, _ = splitRID(a.msg)
	return a, nil
}

// outcome returns the errcode of an answer. said is false when there is none,
// which token calls mean as success (open platform §7). An errcode that cannot
// be read makes the whole answer unreadable.
func (k *call) outcome(a *answer) (code int, said bool) {
	a.msg = loose.Text(a.fields["errmsg"])
	raw, field := a.fields["errcode"], "errcode"
	if isAbsent(raw) && k.plain {
		raw, field = a.fields["code"], "code"
		a.msg = loose.Text(a.fields["msg"])
	}
	if isAbsent(raw) {
		return 0, false
	}
	n, ok := integer(raw)
	if !ok || n != int64(int32(n)) {
		a.fields = nil
		return 0, false
	}
	if field == "code" {
		switch success := loose.Text(a.fields["success"]); {
		case n == 200 && success == "true":
			n = 0
		case n == 0 && success == "false":
			a.fields = nil
			return 0, false
		}
	}
	return int(n), true
}

// decode fills v from the answer. The types of this package take any shape, so
// what fails here is not what the call promises.
func (k *call) decode(a *answer, v any) error {
	if err := json.Unmarshal(a.raw, v); err != nil {
		return k.badAnswer("")
	}
	return nil
}

func (k *call) badAnswer(missing string) *Error {
	e := &Error{API: k.api, HTTPStatus: http.StatusOK, Class: Unknown, Cause: ErrBadAnswer}
	if missing != "" {
		e.Cause = fmt.Errorf("%w: no %s", ErrBadAnswer, missing)
	}
	return e
}

func (k *call) argument(what string) *Error {
	return &Error{API: k.api, Class: Never, Cause: fmt.Errorf("%w: %s", ErrArgument, what)}
}

func (k *call) transport(err error) error {
	err = withoutURL(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &transportError{text: "the call was cut short", inner: err}
	}
	return &transportError{text: k.scrub(err.Error()), inner: err}
}
