package wechat

import (
	"context"
	"fmt"
	"time"
)

// MaxAuthorizerPage is the largest count AuthorizerList takes (open platform §1.3).
const MaxAuthorizerPage = 500

// Authorization is what an authorization code was exchanged for. It prints
// without its tokens.
type Authorization struct {
	AppID        string
	AccessToken  string `json:"-"`
	ExpiresIn    time.Duration
	RefreshToken string `json:"-"`
	// Sets are the permission sets granted; nil = WeChat did not tell.
	Sets []int
}

// Format hides the tokens from every fmt verb.
func (a Authorization) Format(f fmt.State, _ rune) {
	hidden(f, "authorization of %s, sets %v", a.AppID, a.Sets)
}

// AuthorizerToken is a fresh access token of a mini program and the refresh
// token to keep. It prints without them.
type AuthorizerToken struct {
	AccessToken string `json:"-"`
	ExpiresIn   time.Duration
	// RefreshToken is never empty: the one in the answer or, if it had none, the
	// one that was sent.
	RefreshToken string `json:"-"`
}

// Format hides the tokens from every fmt verb.
func (t AuthorizerToken) Format(f fmt.State, _ rune) {
	hidden(f, "authorizer token(*** for %s)", t.ExpiresIn)
}

// ListedAuthorizer is one account of AuthorizerList. It prints without its token.
type ListedAuthorizer struct {
	AppID string
	// RefreshToken may be empty: then only a new authorization code helps.
	RefreshToken string `json:"-"`
	// AuthTime is in unix seconds.
	AuthTime int64
}

// Format hides the token from every fmt verb.
func (l ListedAuthorizer) Format(f fmt.State, _ rune) { hidden(f, "authorizer %s", l.AppID) }

// AuthorizerPage is a page of accounts that authorised the platform.
type AuthorizerPage struct {
	Total int
	Items []ListedAuthorizer
}

// QueryAuth exchanges an authorization code, which may work only once.
//
// When the account has no API rights WeChat gives no tokens: then the
// Authorization is returned together with an *Error of class NoPermission and
// cause ErrNoTokens; a lost refresh token can also be read from AuthorizerList.
//
// Page: api_query_auth (open platform §1.3, §1.4, read 2026-11-23); component
// token, no permission set. Limit: none stated. Codes: 61009, 61010, 40097 Never
// (restart the authorisation, or ignore when it is stored already).
func (c *Client) QueryAuth(ctx context.Context, componentToken, componentAppID, code string) (Authorization, error) {
	k := componentCall(APIQueryAuth, "/cgi-bin/component/api_query_auth", componentToken)
	k.hide = []string{code}
	k.body = struct {
		AppID string `json:"component_appid"`
		Code  string `json:"authorization_code"`
	}{componentAppID, code}
	if componentAppID == "" || code == "" {
		return Authorization{}, k.argument("appid or authorization code is empty")
	}
	var out struct {
		Info looseObject[authorizationInfo] `json:"authorization_info"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Authorization{}, err
	}
	i := out.Info.value
	if i.AppID == "" {
		return Authorization{}, k.badAnswer("authorizer_appid")
	}
	auth := Authorization{
		AppID: string(i.AppID), AccessToken: string(i.AccessToken), ExpiresIn: seconds(i.Expires),
		RefreshToken: string(i.RefreshToken), Sets: i.sets(),
	}
	if auth.AccessToken == "" || auth.RefreshToken == "" {
		return auth, &Error{API: k.api, HTTPStatus: 200, Class: NoPermission, Cause: ErrNoTokens}
	}
	return auth, nil
}

// AuthorizerToken refreshes the access token of an authorised account. A nil
// error means an access token with a lifetime, and a refresh token to keep.
//
// Page: api_authorizer_token (open platform §1.3, §1.5, read 2026-11-23);
// component token, no permission set. Limit: per day, number unknown. Codes:
// 61003 Revoked (after a look at the list), 61023 Never for this refresh token
// (take it anew from AuthorizerList).
func (c *Client) AuthorizerToken(ctx context.Context, componentToken, componentAppID, appID, refreshToken string) (AuthorizerToken, error) {
	k := componentCall(APIAuthorizerToken, "/cgi-bin/component/api_authorizer_token", componentToken)
	k.hide = []string{refreshToken}
	k.body = struct {
		Component string `json:"component_appid"`
		AppID     string `json:"authorizer_appid"`
		Refresh   string `json:"authorizer_refresh_token"`
	}{componentAppID, appID, refreshToken}
	if componentAppID == "" || appID == "" || refreshToken == "" {
		return AuthorizerToken{}, k.argument("an appid or the refresh token is empty")
	}
	var out struct {
		Access  looseText `json:"authorizer_access_token"`
		Expires looseInt  `json:"expires_in"`
		Refresh looseText `json:"authorizer_refresh_token"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return AuthorizerToken{}, err
	}
	t, err := k.promised(string(out.Access), "authorizer_access_token", out.Expires)
	if err != nil {
		return AuthorizerToken{}, err
	}
	if out.Refresh != "" {
		refreshToken = string(out.Refresh)
	}
	return AuthorizerToken{AccessToken: t.AccessToken, ExpiresIn: t.ExpiresIn, RefreshToken: refreshToken}, nil
}

// AuthorizerList returns a page of the accounts that authorised the platform,
// with their refresh tokens. offset counts from 0, count is 1..MaxAuthorizerPage.
// An answer that lacks the list or an appid is an error, so that a reconciler
// never takes a broken page for "nobody".
//
// Page: api_get_authorizer_list (open platform §1.3, read 2026-11-23); component
// token, no permission set. Codes: 40170 Never (count too large).
func (c *Client) AuthorizerList(ctx context.Context, componentToken, componentAppID string, offset, count int) (AuthorizerPage, error) {
	k := componentCall(APIAuthorizerList, "/cgi-bin/component/api_get_authorizer_list", componentToken)
	k.body = struct {
		AppID  string `json:"component_appid"`
		Offset int    `json:"offset"`
		Count  int    `json:"count"`
	}{componentAppID, offset, count}
	if componentAppID == "" || offset < 0 || count < 1 || count > MaxAuthorizerPage {
		return AuthorizerPage{}, k.argument("appid is empty, or offset or count out of range")
	}
	var out struct {
		Total looseInt `json:"total_count"`
		List  looseList[struct {
			AppID   looseText `json:"authorizer_appid"`
			Refresh looseText `json:"refresh_token"`
			Time    looseInt  `json:"auth_time"`
		}] `json:"list"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return AuthorizerPage{}, err
	}
	page := AuthorizerPage{Total: out.Total.asInt()}
	if !out.Total.ok || (len(out.List) == 0 && page.Total > offset) {
		return AuthorizerPage{}, k.badAnswer("list or total_count")
	}
	for _, l := range out.List {
		if l.AppID == "" {
			return AuthorizerPage{}, k.badAnswer("authorizer_appid")
		}
		page.Items = append(page.Items, ListedAuthorizer{AppID: string(l.AppID), RefreshToken: string(l.Refresh), AuthTime: l.Time.value})
	}
	return page, nil
}

// authorizationInfo is authorization_info of QueryAuth and AuthorizerInfo.
type authorizationInfo struct {
	AppID        looseText `json:"authorizer_appid"`
	AccessToken  looseText `json:"authorizer_access_token"`
	Expires      looseInt  `json:"expires_in"`
	RefreshToken looseText `json:"authorizer_refresh_token"`
	FuncInfo     funcInfo  `json:"func_info"`
}

func (i authorizationInfo) sets() []int { return i.FuncInfo.sets }
