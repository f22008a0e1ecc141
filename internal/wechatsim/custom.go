package wechatsim

import (
	"encoding/json"
	"slices"
	"time"
)

// customMessage is one 客服消息 that the product sent.
type customMessage struct {
	at          time.Time
	appid       string
	touser      string
	msgtype     string
	textContent string
}

// customWindow is how long after a user's message an account may write to them.
const customWindow = 48 * time.Hour

// customSend is /cgi-bin/message/custom/send, text only (reference/wechat-open-platform.md §5 d).
func (s *Sim) customSend(c *call) (fields, *apiError) {
	if _, aerr := object(c.body); aerr != nil {
		return nil, aerr
	}
	var in struct {
		ToUser  string `json:"touser"`
		MsgType string `json:"msgtype"`
		Text    struct {
			Content string `json:"content"`
		} `json:"text"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.MsgType == "" {
		return nil, refuse(47001)
	}
	if in.MsgType != "text" || in.Text.Content == "" {
		return nil, refusef(47001, "data format error hint: [text.content]")
	}
	if in.ToUser == "" {
		return nil, refuse(40003)
	}
	last, ok := c.acc.talked[in.ToUser]
	if !ok || c.now.Sub(last) > customWindow {
		return nil, refuse(45015)
	}
	s.custom = append(s.custom, customMessage{c.now, c.acc.AppID, in.ToUser, in.MsgType, in.Text.Content})
	s.bump()
	return okay(), nil
}

func (s *Sim) customSent(appid, touser, content string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.custom, func(m customMessage) bool {
		return m.appid == appid && m.touser == touser && m.msgtype == "text" && m.textContent == content
	})
}
