package wechat

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Calls of an official account (服务号) with its own AppSecret. Source: reference/notification-channels.md §2, read 2026-11-23. Callers judge by CodeOf:
// what a code means for a notice is their table, not the general one.

// TemplateMessage is a template message to one follower. It prints without its texts.
type TemplateMessage struct {
	// ToUser is an openid under this account.
	ToUser     string
	TemplateID string
	// URL is where a tap leads; may be empty.
	URL string
	// Data is the value of every key of the template.
	Data map[string]string
	// ClientMsgID makes WeChat send once for the same receiver and id within ten minutes; at most 32 characters.
	ClientMsgID string
}

// Format hides the receiver and the texts from every fmt verb.
func (m TemplateMessage) Format(f fmt.State, _ rune) {
	hidden(f, "template message %s", m.ClientMsgID)
}

// SendTemplate sends a template message and returns WeChat's id of it, "" if the answer has none. Acting, but safe to repeat within ten minutes by
// ClientMsgID.
//
// Page: message/template/send (notification channels §2.2); token of the account. Codes: notification channels §2.5.
func (c *Client) SendTemplate(ctx context.Context, token string, m TemplateMessage) (string, error) {
	type value struct {
		Value string `json:"value"`
	}
	data, hide := map[string]value{}, []string{m.ToUser, m.URL}
	for k, v := range m.Data {
		data[k] = value{v}
		hide = append(hide, v)
	}
	k := &call{
		api: APISendTemplate, method: http.MethodPost, path: "/cgi-bin/message/template/send", tokenParam: "access_token", token: token, acting: true, hide: hide,
		body: struct {
			To       string           `json:"touser"`
			Template string           `json:"template_id"`
			URL      string           `json:"url,omitempty"`
			Data     map[string]value `json:"data"`
			ID       string           `json:"client_msg_id,omitempty"`
		}{m.ToUser, m.TemplateID, m.URL, data, m.ClientMsgID},
	}
	if m.ToUser == "" || m.TemplateID == "" || len(m.ClientMsgID) > 32 {
		return "", k.argument("receiver or template is empty, or the id is too long")
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return "", err
	}
	var out struct {
		ID looseText `json:"msgid"`
	}
	if err := k.decode(a, &out); err != nil {
		return "", err
	}
	return string(out.ID), nil
}

// PrivateTemplate is a template that an account may send.
type PrivateTemplate struct{ ID, Title, Content, Example string }

// ListTemplates returns the templates of an account.
//
// Page: template/get_all_private_template (notification channels §2.3); token of the account.
func (c *Client) ListTemplates(ctx context.Context, token string) ([]PrivateTemplate, error) {
	k := &call{
		api: APIListTemplates, method: http.MethodGet, path: "/cgi-bin/template/get_all_private_template", tokenParam: "access_token", token: token,
	}
	var out struct {
		List looseList[struct {
			ID      looseText `json:"template_id"`
			Title   looseText `json:"title"`
			Content looseText `json:"content"`
			Example looseText `json:"example"`
		}] `json:"template_list"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return nil, err
	}
	list := make([]PrivateTemplate, 0, len(out.List))
	for _, t := range out.List {
		list = append(list, PrivateTemplate{string(t.ID), string(t.Title), string(t.Content), string(t.Example)})
	}
	return list, nil
}

// SceneCode makes a temporary code that reports scene when it is scanned, and returns the text to draw as a QR code. scene has 1 to 64 characters.
//
// Page: qrcode/create with QR_STR_SCENE (notification channels §2.7); token of the account. Without the level "scene" the event would say "0".
func (c *Client) SceneCode(ctx context.Context, token, scene string, life time.Duration) (string, error) {
	type inner struct {
		Text string `json:"scene_str"`
	}
	type info struct {
		Scene inner `json:"scene"`
	}
	k := &call{
		api: APISceneCode, method: http.MethodPost, path: "/cgi-bin/qrcode/create", tokenParam: "access_token", token: token, hide: []string{scene},
		body: struct {
			Seconds int64  `json:"expire_seconds"`
			Action  string `json:"action_name"`
			Info    info   `json:"action_info"`
		}{int64(life / time.Second), "QR_STR_SCENE", info{inner{scene}}},
	}
	if scene == "" || len(scene) > 64 {
		return "", k.argument("scene is empty or too long")
	}
	var out struct {
		URL looseText `json:"url"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return "", err
	}
	if out.URL == "" {
		return "", k.badAnswer("url")
	}
	return string(out.URL), nil
}
