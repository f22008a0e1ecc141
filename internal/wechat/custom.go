package wechat

import (
	"context"
	"net/http"
)

// SendCustomText sends a text to a user of an account (客服消息). Zhisu needs it for
// the release check only, step d (open platform §5). Acting.
//
// Page: message/custom/send (open platform §5, read 2026-11-23); token of the
// account; set SetCustomerService. Codes: 45015 (window closed) and 45047 (count
// limit) Never, 48001, 61007 NoPermission, -1 Unknown.
func (c *Client) SendCustomText(ctx context.Context, token, openID, content string) error {
	type textBody struct {
		Content string `json:"content"`
	}
	k := &call{
		api: APISendCustomText, method: http.MethodPost, path: "/cgi-bin/message/custom/send",
		tokenParam: "access_token", token: token, acting: true, hide: []string{openID, content},
		body: struct {
			To   string   `json:"touser"`
			Type string   `json:"msgtype"`
			Text textBody `json:"text"`
		}{openID, "text", textBody{content}},
	}
	if openID == "" || content == "" {
		return k.argument("receiver or text is empty")
	}
	_, err := c.do(ctx, k)
	return err
}
