package wechat

import (
	"context"
	"net/http"
)

// Quota is how often an API may be called.
type Quota struct {
	DailyLimit, Used, Remain int64
	// Rate and ComponentRate: at most Calls calls in Seconds seconds; 0 = not told.
	Rate, ComponentRate Rate
}

// Rate is a number of calls in a time.
type Rate struct{ Calls, Seconds int64 }

// APIQuota reads the quota of one API. cgiPath starts with "/" and has no host,
// such as "/cgi-bin/component/api_component_token".
//
// Page: getApiQuota (open platform §1.3, read 2026-11-23); the token whose quota
// is asked; no permission set stated. Codes: 76003, 76021, 76022 Never.
func (c *Client) APIQuota(ctx context.Context, token, cgiPath string) (Quota, error) {
	k := &call{api: APIQuota, method: http.MethodPost, path: "/cgi-bin/openapi/quota/get", tokenParam: "access_token", token: token}
	k.body = struct {
		Path string `json:"cgi_path"`
	}{cgiPath}
	if len(cgiPath) < 2 || cgiPath[0] != '/' {
		return Quota{}, k.argument("cgi_path must start with a slash")
	}
	type rate = looseObject[struct {
		Calls   looseInt `json:"call_count"`
		Seconds looseInt `json:"refresh_second"`
	}]
	var out struct {
		Quota looseObject[struct {
			Limit  looseInt `json:"daily_limit"`
			Used   looseInt `json:"used"`
			Remain looseInt `json:"remain"`
		}] `json:"quota"`
		Rate      rate `json:"rate_limit"`
		Component rate `json:"component_rate_limit"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Quota{}, err
	}
	if !out.Quota.present {
		return Quota{}, k.badAnswer("quota")
	}
	q := out.Quota.value
	return Quota{
		DailyLimit: q.Limit.value, Used: q.Used.value, Remain: q.Remain.value,
		Rate:          Rate{out.Rate.value.Calls.value, out.Rate.value.Seconds.value},
		ComponentRate: Rate{out.Component.value.Calls.value, out.Component.value.Seconds.value},
	}, nil
}

// ClearQuotaV2 resets the daily counters with the secret alone, which also works
// when no component token can be got any more. authorizerAppID "" = those of the
// platform. Acting: each success uses up one of ten per month.
//
// Page: componentClearQuota v2 (open platform §1.3, §7.1, read 2026-11-23); no
// token, no permission set. Codes: 43007 Revoked (not authorised), 48006 Never
// (ten per month used up), -1 Unknown.
func (c *Client) ClearQuotaV2(ctx context.Context, componentAppID, secret, authorizerAppID string) error {
	k := &call{
		api: APIClearQuotaV2, method: http.MethodPost, path: "/cgi-bin/component/clear_quota/v2",
		acting: true, codes: secretCodes, hide: []string{secret},
		body: struct {
			Component string `json:"component_appid"`
			Secret    string `json:"appsecret"`
			AppID     string `json:"appid,omitempty"`
		}{componentAppID, secret, authorizerAppID},
	}
	if componentAppID == "" || secret == "" {
		return k.argument("appid or secret is empty")
	}
	_, err := c.do(ctx, k)
	return err
}

// CallbackIPs returns the addresses WeChat pushes from. They change; never put
// them into a fixed allow-list.
//
// Page: getcallbackip (open platform §1.2, §1.3, read 2026-11-23); component or
// authorizer token, no permission set. Codes: the general table.
func (c *Client) CallbackIPs(ctx context.Context, token string) ([]string, error) {
	k := &call{
		api: APICallbackIPs, method: http.MethodGet, path: "/cgi-bin/getcallbackip",
		tokenParam: "access_token", token: token,
	}
	var out struct {
		List looseTexts `json:"ip_list"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return nil, err
	}
	if len(out.List) == 0 {
		return nil, k.badAnswer("ip_list")
	}
	return out.List, nil
}
