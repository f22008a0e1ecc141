package wechatsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The four kinds of robots, and the names by which faults hit them.
const (
	robotWeCom   = "wecom"
	robotDing    = "dingtalk"
	robotFeishu  = "feishu"
	robotWebhook = "webhook"

	robotTarget      = "robot."
	maxRobotMessages = 5000
)

var robotKinds = []string{robotWeCom, robotDing, robotFeishu, robotWebhook}

// The robots that exist from the start; each is somebody's chat group. The webhook is a server that checks Standard Webhooks signatures.
const (
	WeComKey      = "693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"
	DingToken     = "8f1c2f0d8b6a4e5f90127c3e6d5b4a3928171605f4e3d2c1b0a9988776655443"
	DingSecret    = "SECsimulator000000000000000000000000000000000000000000000000000000"
	FeishuHook    = "6a0f6f7e-1d58-4bd6-9c39-3f0e7f5d2b11"
	FeishuSecret  = "simulatorFeishuSecret0"
	WebhookName   = "desk"
	WebhookSecret = "whsec_c2ltdWxhdG9yLXdlYmhvb2stc2VjcmV0LTAwMDE="
)

// Robot is one group robot, or one receiving webhook. Key is what its address ends in; Secret, when set, must have signed every call.
type Robot struct {
	Kind     string   `json:"kind"`
	Key      string   `json:"key"`
	Secret   string   `json:"secret"`
	Keywords []string `json:"keywords"` // DingTalk, Feishu: a message must contain one of them
	Removed  bool     `json:"removed"`
	URL      string   `json:"url"` // told, never taken
}

// RobotMessage is one message that reached a group or a webhook; At is ms of this WeChat's clock.
type RobotMessage struct {
	ID       int64           `json:"id"`
	At       int64           `json:"at"`
	Kind     string          `json:"kind"`
	Key      string          `json:"key"`
	Type     string          `json:"type"`
	Title    string          `json:"title"`
	Text     string          `json:"text"`
	Mentions []string        `json:"mentions"`
	Links    []string        `json:"links"`
	Body     json.RawMessage `json:"body"`
	// WebhookID is the idempotency key of a webhook's message; Verified says that a secret is known and the signature was good.
	WebhookID string `json:"webhook_id,omitempty"`
	Verified  bool   `json:"verified"`
}

// robotState is a robot with what limits it.
type robotState struct {
	Robot
	sent       []time.Time
	mutedUntil time.Time
}

type robotBook struct {
	all      []*robotState
	messages []RobotMessage
	next     int64
}

func newRobotBook() robotBook {
	var b robotBook
	for _, r := range []Robot{
		{Kind: robotWeCom, Key: WeComKey},
		{Kind: robotDing, Key: DingToken, Secret: DingSecret},
		{Kind: robotFeishu, Key: FeishuHook, Secret: FeishuSecret},
		{Kind: robotWebhook, Key: WebhookName, Secret: WebhookSecret},
	} {
		b.all = append(b.all, &robotState{Robot: r})
	}
	return b
}

func (b *robotBook) find(kind, key string) *robotState {
	for _, r := range b.all {
		if r.Kind == kind && r.Key == key {
			return r
		}
	}
	return nil
}

// SetRobot adds a robot or changes the one with the same kind and key; an empty key makes one up. It returns the robot with its address.
func (s *Sim) SetRobot(r Robot) (Robot, error) {
	if !slices.Contains(robotKinds, r.Kind) {
		return r, fmt.Errorf("set a robot: %w: kind %q", ErrInvalid, r.Kind)
	}
	if r.Kind == robotWebhook && r.Secret != "" {
		if _, err := webhookKey(r.Secret); err != nil {
			return r, fmt.Errorf("set a robot: %w: secret: %w", ErrInvalid, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Key == "" {
		r.Key = s.random.hex(32)
	}
	old := s.robots.find(r.Kind, r.Key)
	if old == nil {
		old = &robotState{}
		s.robots.all = append(s.robots.all, old)
	}
	old.Robot = r
	return s.addressed(r), nil
}

// Robots lists the robots with their addresses.
func (s *Sim) Robots() []Robot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Robot{}
	for _, r := range s.robots.all {
		out = append(out, s.addressed(r.Robot))
	}
	return out
}

func (s *Sim) addressed(r Robot) Robot {
	path := map[string]string{
		robotWeCom: "/cgi-bin/webhook/send?key=", robotDing: "/robot/send?access_token=", robotFeishu: "/open-apis/bot/v2/hook/",
		robotWebhook: "/webhook/",
	}
	r.URL = s.publicURL() + path[r.Kind] + r.Key
	r.Keywords = append([]string{}, r.Keywords...)
	return r
}

// webhookKey decodes a secret of Standard Webhooks.
func webhookKey(secret string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
}

// keepRobot records what arrived. Called with the lock held.
func (s *Sim) keepRobot(r *robotState, m RobotMessage) {
	if len(s.robots.messages) >= maxRobotMessages {
		s.robots.messages = slices.Clone(s.robots.messages[maxRobotMessages/2:])
	}
	s.robots.next++
	m.ID, m.At, m.Kind, m.Key = s.robots.next, s.now().UnixMilli(), r.Kind, r.Key
	m.Mentions, m.Links = append([]string{}, m.Mentions...), linksIn(m.Text)
	s.robots.messages = append(s.robots.messages, m)
	s.bump()
}

// sentWithin counts the messages of the latest d and forgets those older than a minute.
func (r *robotState) sentWithin(now time.Time, d time.Duration) int {
	r.sent = slices.DeleteFunc(r.sent, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	n := 0
	for _, at := range r.sent {
		if now.Sub(at) < d {
			n++
		}
	}
	return n
}

// saysKeyword: a robot with keywords takes only messages that contain one.
func (r *robotState) saysKeyword(text string) bool {
	return len(r.Keywords) == 0 || slices.ContainsFunc(r.Keywords, func(k string) bool { return strings.Contains(text, k) })
}

func (s *Sim) controlRobots(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	writeJSON(w, http.StatusOK, fields{"robots": s.Robots()})
}

func (s *Sim) controlSetRobot(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in Robot
	if !readControl(w, r, &in) {
		return
	}
	out, err := s.SetRobot(in)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}
