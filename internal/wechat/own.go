package wechat

import (
	"context"
	"net/http"
)

// StableToken gets an access token with a program's own AppSecret (direct mode).
// Without force WeChat returns the same token until its last five minutes; force
// makes a new one and ends the old.
//
// Page: stable_token (open platform §6, read 2026-11-23); no token, no permission
// set, not usable by platforms. Limits: 10,000 per minute and 500,000 per day;
// with force 20 per day and 30 s apart. Codes: 40001, 40125, 40013 Never with
// operator, 40164 (own IP list), 40243 (AppSecret frozen), 89501-89507 Later with
// operator.
func (c *Client) StableToken(ctx context.Context, appID, secret string, force bool) (Token, error) {
	k := &call{
		api: APIStableToken, method: http.MethodPost, path: "/cgi-bin/stable_token",
		codes: secretCodes, hide: []string{secret},
		body: struct {
			Grant  string `json:"grant_type"`
			AppID  string `json:"appid"`
			Secret string `json:"secret"`
			Force  bool   `json:"force_refresh"`
		}{"client_credential", appID, secret, force},
	}
	if appID == "" || secret == "" {
		return Token{}, k.argument("appid or secret is empty")
	}
	var out struct {
		Token   looseText `json:"access_token"`
		Expires looseInt  `json:"expires_in"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Token{}, err
	}
	return k.promised(string(out.Token), "access_token", out.Expires)
}
