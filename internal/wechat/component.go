package wechat

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Token is an access token. It prints without its value.
type Token struct {
	AccessToken string `json:"-"`
	// ExpiresIn is the time left when WeChat answered, normally 7200 s.
	ExpiresIn time.Duration
}

// Format hides the token from every fmt verb.
func (t Token) Format(f fmt.State, _ rune) {
	hidden(f, "token(*** for %s)", t.ExpiresIn)
}

// PreAuthCode is the code an authorisation link is built with. It prints without
// its value.
type PreAuthCode struct {
	Code string `json:"-"`
	// ExpiresIn: the page says 1800 s, its sample 600 s; this is what WeChat told.
	ExpiresIn time.Duration
}

// Format hides the code from every fmt verb.
func (c PreAuthCode) Format(f fmt.State, _ rune) {
	hidden(f, "pre-auth code(*** for %s)", c.ExpiresIn)
}

// StartPushTicket asks WeChat to push component_verify_ticket (again). restarted
// is true when pushing had been stopped, false when it was in a normal state.
// secret is the component's AppSecret, sent as component_secret.
//
// Page: api_start_push_ticket (open platform §1.3, read 2026-11-23); no token, no
// permission set. Limit: none stated; at most once in 10 minutes by our own rule
// (§8, 17). Codes: 40013, 61011 Never; otherwise the general table.
func (c *Client) StartPushTicket(ctx context.Context, componentAppID, secret string) (restarted bool, err error) {
	k := &call{
		api: APIStartPushTicket, method: http.MethodPost, path: "/cgi-bin/component/api_start_push_ticket",
		codes: secretCodes, hide: []string{secret},
		body: struct {
			AppID  string `json:"component_appid"`
			Secret string `json:"component_secret"`
		}{componentAppID, secret},
	}
	if componentAppID == "" || secret == "" {
		return false, k.argument("appid or secret is empty")
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return false, err
	}
	if isAbsent(a.fields["errcode"]) {
		return false, k.badAnswer("errcode")
	}
	return a.msg != "in a normal state", nil
}

// ComponentToken gets a component_access_token with the newest ticket. A nil
// error means a token and a lifetime.
//
// Page: api_component_token (open platform §1.3, read 2026-11-23); no token, no
// permission set; calls are IP-whitelisted. Limit: per day, number not official
// (§7.1). Codes: 61005, 61006 Later (newer ticket), 61004 Later with operator,
// 40001, 40125, 40013 Never with operator, 45009 Later.
func (c *Client) ComponentToken(ctx context.Context, componentAppID, secret, ticket string) (Token, error) {
	k := &call{
		api: APIComponentToken, method: http.MethodPost, path: "/cgi-bin/component/api_component_token",
		codes: secretCodes, hide: []string{secret, ticket},
		body: struct {
			AppID  string `json:"component_appid"`
			Secret string `json:"component_appsecret"`
			Ticket string `json:"component_verify_ticket"`
		}{componentAppID, secret, ticket},
	}
	if componentAppID == "" || secret == "" || ticket == "" {
		return Token{}, k.argument("appid, secret or ticket is empty")
	}
	var out struct {
		Token   looseText `json:"component_access_token"`
		Expires looseInt  `json:"expires_in"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Token{}, err
	}
	return k.promised(string(out.Token), "component_access_token", out.Expires)
}

// PreAuthCode gets a pre_auth_code; make one per click (open platform §2). A nil
// error means a code and a lifetime.
//
// Page: api_create_preauthcode (open platform §1.3, read 2026-11-23); component
// token, no permission set. Limit: none stated. Codes: the general table.
func (c *Client) PreAuthCode(ctx context.Context, componentToken, componentAppID string) (PreAuthCode, error) {
	k := componentCall(APIPreAuthCode, "/cgi-bin/component/api_create_preauthcode", componentToken)
	k.body = struct {
		AppID string `json:"component_appid"`
	}{componentAppID}
	if componentAppID == "" {
		return PreAuthCode{}, k.argument("appid is empty")
	}
	var out struct {
		Code    looseText `json:"pre_auth_code"`
		Expires looseInt  `json:"expires_in"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return PreAuthCode{}, err
	}
	t, err := k.promised(string(out.Code), "pre_auth_code", out.Expires)
	return PreAuthCode{Code: t.AccessToken, ExpiresIn: t.ExpiresIn}, err
}

// componentCall is a POST with the component token. The parameter has its old
// name, which every SDK uses against the live service; the new pages call it
// access_token and both work (open platform §1.3).
func componentCall(api, path, token string) *call {
	return &call{api: api, method: http.MethodPost, path: path, tokenParam: "component_access_token", token: token}
}

// get makes a call and decodes its answer.
func (c *Client) get(ctx context.Context, k *call, out any) error {
	a, err := c.do(ctx, k)
	if err != nil {
		return err
	}
	return k.decode(a, out)
}

// promised insists on a value and a lifetime: an answer without them is no success.
func (k *call) promised(value, name string, expires looseInt) (Token, error) {
	if value == "" {
		return Token{}, k.badAnswer(name)
	}
	if expires.value <= 0 {
		return Token{}, k.badAnswer("expires_in")
	}
	return Token{AccessToken: value, ExpiresIn: seconds(expires)}, nil
}

// seconds reads a lifetime; a month is more than WeChat ever gives.
func seconds(n looseInt) time.Duration {
	return time.Duration(min(max(n.value, 0), 30*24*3600)) * time.Second
}

// hidden writes what a value that holds secrets shows of itself, for any verb.
func hidden(f fmt.State, format string, args ...any) {
	_, _ = io.WriteString(f, fmt.Sprintf(format, args...))
}
