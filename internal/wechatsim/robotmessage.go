package wechatsim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// What the robots take, reference/notification-channels.md §4.1, §4.3, §4.4. Each reader returns the message, or why it is refused.

const (
	weComMaxText     = 2048
	weComMaxMarkdown = 4096
)

// parts splits a body into its fields; ok is false when it is no JSON object, or names a field that is not known.
func parts(body []byte, known ...string) (m map[string]json.RawMessage, why string) {
	m, aerr := object(body)
	if aerr != nil {
		return nil, aerr.text
	}
	for name := range m {
		if !slices.Contains(known, name) {
			return nil, "unknown field " + name
		}
	}
	return m, ""
}

// kindOf reads the type of a message and insists that its part is there.
func kindOf(m map[string]json.RawMessage, field string, known []string, body []byte) (msg RobotMessage, part map[string]any, why string) {
	if json.Unmarshal(m[field], &msg.Type) != nil || !slices.Contains(known, msg.Type) {
		return msg, nil, "invalid message type"
	}
	msg.Body = bytes.Clone(body)
	name := msg.Type
	if field == "msg_type" { // Feishu names the part otherwise
		if name = "content"; msg.Type == "interactive" {
			name = "card"
		}
	}
	if json.Unmarshal(m[name], &part) != nil || len(part) == 0 {
		return msg, nil, "missing " + name
	}
	return msg, part, ""
}

func weComMessage(body []byte) (RobotMessage, string) {
	kinds := []string{"text", "markdown", "markdown_v2", "image", "news", "file", "voice", "template_card"}
	m, why := parts(body, append([]string{"msgtype"}, kinds...)...)
	if why != "" {
		return RobotMessage{}, why
	}
	msg, part, why := kindOf(m, "msgtype", kinds, body)
	if why != "" {
		return msg, why
	}
	limit := map[string]int{"text": weComMaxText, "markdown": weComMaxMarkdown, "markdown_v2": weComMaxMarkdown}[msg.Type]
	if limit == 0 {
		msg.Text = strings.Join(textsIn(part), "\n")
		return msg, ""
	}
	text, ok := part["content"].(string)
	if !ok || strings.TrimSpace(text) == "" {
		return msg, "empty content"
	}
	if len(text) > limit {
		return msg, "content exceed max length"
	}
	msg.Text = text
	var who struct {
		IDs     []string `json:"mentioned_list"`
		Mobiles []string `json:"mentioned_mobile_list"`
	}
	if json.Unmarshal(m[msg.Type], &who) != nil {
		return msg, "mentioned_list must be texts"
	}
	msg.Mentions = slices.Concat(who.IDs, who.Mobiles)
	return msg, ""
}

func dingMessage(body []byte) (RobotMessage, string) {
	kinds := []string{"text", "link", "markdown", "actionCard", "feedCard"}
	m, why := parts(body, append([]string{"msgtype", "at"}, kinds...)...)
	if why != "" {
		return RobotMessage{}, why
	}
	msg, part, why := kindOf(m, "msgtype", kinds, body)
	if why != "" {
		return msg, why
	}
	for _, name := range map[string][]string{"text": {"content"}, "markdown": {"title", "text"}, "link": {"title", "text", "messageUrl"}}[msg.Type] {
		if v, ok := part[name].(string); !ok || strings.TrimSpace(v) == "" {
			return msg, "missing " + name
		}
	}
	msg.Title, _ = part["title"].(string)
	if msg.Text, _ = part["content"].(string); msg.Text == "" {
		msg.Text = strings.Join(textsIn(part), "\n")
	}
	var who struct {
		At struct {
			Mobiles []string `json:"atMobiles"`
			Users   []string `json:"atUserIds"`
			All     bool     `json:"isAtAll"`
		} `json:"at"`
	}
	if json.Unmarshal(body, &who) != nil {
		return msg, "at is malformed"
	}
	msg.Mentions = slices.Concat(who.At.Mobiles, who.At.Users)
	if who.At.All {
		msg.Mentions = append(msg.Mentions, "@all")
	}
	return msg, ""
}

func feishuMessage(body []byte) (RobotMessage, string) {
	m, why := parts(body, "msg_type", "content", "card", "timestamp", "sign")
	if why != "" {
		return RobotMessage{}, why
	}
	msg, part, why := kindOf(m, "msg_type", []string{"text", "post", "image", "share_chat", "interactive"}, body)
	if why != "" {
		return msg, why
	}
	texts := textsIn(part)
	if len(texts) == 0 {
		return msg, "empty content"
	}
	if msg.Text = strings.Join(texts, "\n"); msg.Type == "text" {
		text, ok := part["text"].(string)
		if !ok || strings.TrimSpace(text) == "" {
			return msg, "missing text"
		}
		msg.Text = text
	}
	return msg, ""
}

// textsIn collects what can be read or opened in a rich message, in the order of its sorted keys.
func textsIn(v any) []string {
	var out []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, textsIn(e)...)
		}
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if text, ok := v[k].(string); ok {
				if !slices.Contains([]string{"tag", "template", "user_id"}, k) {
					out = append(out, text)
				}
				continue
			}
			out = append(out, textsIn(v[k])...)
		}
	}
	return out
}
