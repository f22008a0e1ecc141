package wechatsim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A verified official account (服务号) with one template, reference/notification-channels.md §2. It exists beside the programs and belongs to no platform.

// The account's values in its console.
const (
	OffiAppID    = "wx5c1d9e0f3a7b2846"
	OffiSecret   = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	OffiUserName = "gh_6d1f0a9c3b57"
	OffiTemplate = "Tpl_complaint-reminder_0001"
	offiTitle    = "工单催办提醒"
	offiContent  = "工单类型：{{thing1.DATA}}\n工单号：{{character_string2.DATA}}\n截止时间：{{time3.DATA}}\n金额：{{amount4.DATA}}\n状态：{{const5.DATA}}"
	offiFollower = "oSimFollower00000000000000001"

	targetAccount   = "account"
	eventFinish     = "TEMPLATESENDJOBFINISH"
	clientIDWindow  = 10 * time.Minute
	maxScene        = 64
	maxSceneSeconds = 2_592_000
	maxMessages     = 5000
)

var offiKeys = []struct{ key, label string }{
	{"thing1", "工单类型"}, {"character_string2", "工单号"}, {"time3", "截止时间"}, {"amount4", "金额"}, {"const5", "状态"},
}

// offiState is what the account remembers.
type offiState struct {
	callback string
	keys     *codec
	mode     string
	finish   string // Status of finish events; none = no event
	scenes   map[string]scene
	users    map[string]bool // openid → follows
	sentIDs  map[string]sentID
	nextMsg  int64
	messages []TemplateMessage
}

type scene struct {
	text string
	end  time.Time
}

type sentID struct {
	msgid int64
	at    time.Time
}

// TemplateMessage is one template message that reached a follower; At is ms of this WeChat's clock.
type TemplateMessage struct {
	ID          int64             `json:"id"` // msgid
	At          int64             `json:"at"`
	OpenID      string            `json:"openid"`
	Title       string            `json:"title"`
	URL         string            `json:"url"`
	Data        map[string]string `json:"data"`
	Rows        []TemplateRow     `json:"rows"`
	ClientMsgID string            `json:"client_msg_id"`
}

// TemplateRow is one line of a template message as it is read.
type TemplateRow struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

func newOffiState() offiState {
	return offiState{
		finish: "success", scenes: map[string]scene{}, users: map[string]bool{offiFollower: true}, sentIDs: map[string]sentID{}, nextMsg: 2_400_000_000_000_000_000,
	}
}

// addOffiAccount makes the account known to the token calls.
func (s *Sim) addOffiAccount() {
	s.accounts[OffiAppID] = &account{official: true, Program: Program{AppID: OffiAppID, UserName: OffiUserName, NickName: "商家工单提醒", Secret: OffiSecret}}
}

func (s *Sim) templateList(c *call) (fields, *apiError) {
	if !c.isOffi() {
		return nil, refuse(48001)
	}
	return fields{"template_list": []fields{{
		"template_id": OffiTemplate, "title": offiTitle, "primary_industry": "", "deputy_industry": "", "content": offiContent, "example": "工单类型：商品破损",
	}}}, nil
}

func (c *call) isOffi() bool { return c.acc != nil && c.acc.AppID == OffiAppID && c.tok.own }

// qrcodeCreate is /cgi-bin/qrcode/create for temporary codes with a text.
func (s *Sim) qrcodeCreate(c *call) (fields, *apiError) {
	if !c.isOffi() {
		return nil, refuse(48001)
	}
	if _, aerr := object(c.body); aerr != nil {
		return nil, aerr
	}
	var in struct {
		Seconds int    `json:"expire_seconds"`
		Action  string `json:"action_name"`
		Info    struct {
			Scene *struct {
				Text string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.Action != "QR_STR_SCENE" || in.Seconds < 0 || in.Seconds > maxSceneSeconds {
		return nil, refuse(47001)
	}
	text := "0" // what WeChat makes of a body without the level "scene"
	if in.Info.Scene != nil {
		if text = in.Info.Scene.Text; text == "" || len([]rune(text)) > maxScene {
			return nil, refusef(40053, "invalid action info")
		}
	}
	if in.Seconds == 0 {
		in.Seconds = 60
	}
	ticket := "gQ" + s.random.text(90)
	url := "http://weixin.qq.com/q/" + s.random.text(22)
	s.offi.scenes[url] = scene{text, c.now.Add(time.Duration(in.Seconds) * time.Second)}
	return fields{"ticket": ticket, "expire_seconds": in.Seconds, "url": url}, nil
}

// templateSend is /cgi-bin/message/template/send.
func (s *Sim) templateSend(c *call) (fields, *apiError) {
	if !c.isOffi() {
		return nil, refuse(48001)
	}
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	known := []string{"touser", "template_id", "url", "miniprogram", "data", "color", "topcolor", "client_msg_id"}
	for k := range m {
		if !slices.Contains(known, k) {
			return nil, refusef(47001, "data format error hint: [%s]", k)
		}
	}
	var in struct {
		To       string                       `json:"touser"`
		Template string                       `json:"template_id"`
		URL      string                       `json:"url"`
		Data     map[string]map[string]string `json:"data"`
		ID       string                       `json:"client_msg_id"`
		Program  *struct {
			AppID string `json:"appid"`
		} `json:"miniprogram"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || in.URL != "" && !strings.HasPrefix(in.URL, "http://") && !strings.HasPrefix(in.URL, "https://") {
		return nil, refuse(47001)
	}
	follows, user := s.offi.users[in.To]
	switch {
	case !user:
		return nil, refuse(40003)
	case !follows:
		return nil, refusef(43004, "require subscribe")
	case in.Template != OffiTemplate:
		return nil, refusef(40037, "invalid template_id")
	case in.Program != nil: // none is linked to this account; an empty object counts as one
		return nil, refusef(40013, "invalid appid")
	case len(in.ID) > 32:
		return nil, refusef(45067, "client_msg_id too long")
	}
	data, aerr := checkValues(in.Data)
	if aerr != nil {
		return nil, aerr
	}
	key := in.To + "/" + in.ID
	if old, ok := s.offi.sentIDs[key]; ok && in.ID != "" && c.now.Sub(old.at) < clientIDWindow {
		return fields{"errcode": 0, "errmsg": "ok", "msgid": old.msgid}, nil
	}
	s.offi.nextMsg++
	s.offi.sentIDs[key] = sentID{s.offi.nextMsg, c.now}
	s.keepTemplate(TemplateMessage{ID: s.offi.nextMsg, At: c.now.UnixMilli(), OpenID: in.To, Title: offiTitle, URL: in.URL, Data: data, ClientMsgID: in.ID})
	if s.offi.finish != "none" {
		s.accountEvent(in.To, eventFinish, func(b *xmlBuilder) {
			b.number("MsgID", s.offi.nextMsg)
			b.text("Status", s.offi.finish)
		})
	}
	return fields{"errcode": 0, "errmsg": "ok", "msgid": s.offi.nextMsg}, nil
}

func (s *Sim) keepTemplate(m TemplateMessage) {
	for _, k := range offiKeys {
		m.Rows = append(m.Rows, TemplateRow{k.label, m.Data[k.key]})
	}
	if len(s.offi.messages) >= maxMessages {
		s.offi.messages = slices.Clone(s.offi.messages[maxMessages/2:])
	}
	s.offi.messages = append(s.offi.messages, m)
	s.bump()
}

// accountEvent pushes an event of the account; nothing happens without a callback.
func (s *Sim) accountEvent(openid, event string, more func(b *xmlBuilder)) {
	if s.offi.callback == "" {
		return
	}
	var b xmlBuilder
	b.text("ToUserName", OffiUserName)
	b.text("FromUserName", openid)
	b.number("CreateTime", s.now().Unix())
	b.text("MsgType", "event")
	b.text("Event", event)
	more(&b)
	s.enqueue(&push{target: targetAccount, event: event, appid: OffiAppID, openid: openid, plain: b.document()})
}

// OffiSetup is the account's 服务器配置: URL, Token, EncodingAESKey and mode (safe, compat, plain), and what finish events say.
type OffiSetup struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	AESKey string `json:"aes_key"`
	Mode   string `json:"mode"`
	// Finish is the Status of finish events: success, failed:user block, failed: system failed, failed:freq limit, or none.
	Finish string `json:"finish"`
}

// SetOffi changes what is not empty.
func (s *Sim) SetOffi(o OffiSetup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.Token != "" {
		k, err := newCodec(o.Token, o.AESKey)
		if err != nil {
			return fmt.Errorf("set up the official account: %w", err)
		}
		s.offi.keys = &k
	}
	if o.Mode != "" && !slices.Contains([]string{"safe", "compat", "plain"}, o.Mode) {
		return fmt.Errorf("set up the official account: %w: mode %q", ErrInvalid, o.Mode)
	}
	for to, v := range map[*string]string{&s.offi.callback: o.URL, &s.offi.mode: o.Mode, &s.offi.finish: o.Finish} {
		if v != "" {
			*to = v
		}
	}
	if s.offi.callback != "" && s.offi.keys == nil {
		return fmt.Errorf("set up the official account: %w: a URL needs a token and a key", ErrInvalid)
	}
	return nil
}

// ScanCode lets a user scan a code by its text; one who does not follow yet follows then. It returns his openid.
func (s *Sim) ScanCode(url, openid string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sc, ok := s.offi.scenes[url]
	if !ok || !s.now().Before(sc.end) {
		return "", fmt.Errorf("scan: %w: no such code, or its time is over", ErrNotFound)
	}
	if openid == "" {
		openid = "oSim" + s.random.text(24)
	}
	event, key := "SCAN", sc.text
	if !s.offi.users[openid] {
		event, key = "subscribe", "qrscene_"+sc.text
	}
	s.offi.users[openid] = true
	s.accountEvent(openid, event, func(b *xmlBuilder) {
		b.text("EventKey", key)
		b.text("Ticket", "gQ"+s.random.text(40))
	})
	return openid, nil
}

// Unfollow lets a user leave.
func (s *Sim) Unfollow(openid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offi.users[openid] = false
	s.accountEvent(openid, "unsubscribe", func(b *xmlBuilder) { b.text("EventKey", "") })
}

func (s *Sim) controlOffi(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	codes := []string{}
	for url, sc := range s.offi.scenes {
		if s.now().Before(sc.end) {
			codes = append(codes, url)
		}
	}
	slices.Sort(codes)
	following := []string{}
	for _, openid := range slices.Sorted(maps.Keys(s.offi.users)) {
		if s.offi.users[openid] && openid != offiFollower {
			following = append(following, openid)
		}
	}
	writeJSON(w, http.StatusOK, fields{
		"appid": OffiAppID, "secret": OffiSecret, "user_name": OffiUserName, "template_id": OffiTemplate, "template": offiContent, "url": s.offi.callback,
		"mode": s.offi.mode, "finish": s.offi.finish, "codes": codes, "following": following,
	})
}

func (s *Sim) controlSetOffi(w http.ResponseWriter, r *http.Request) {
	var in OffiSetup
	if readControl(w, r, &in) {
		done(w, s.SetOffi(in))
	}
}

func (s *Sim) controlScan(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URL    string `json:"url"`
		OpenID string `json:"openid"`
	}
	if !readControl(w, r, &in) {
		return
	}
	openid, err := s.ScanCode(in.URL, in.OpenID)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, fields{"openid": openid})
}

func (s *Sim) controlUnfollow(w http.ResponseWriter, r *http.Request) {
	var in struct {
		OpenID string `json:"openid"`
	}
	if readControl(w, r, &in) {
		s.Unfollow(in.OpenID)
		done(w, nil)
	}
}

// offiRules restate reference/notification-channels.md §2.3.
var offiRules = map[string]*regexp.Regexp{
	"thing":            regexp.MustCompile(`^[^\n\r\t]{1,20}$`),
	"character_string": regexp.MustCompile(`^[!-~]{1,32}$`),
	"time":             regexp.MustCompile(`^(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d{2}(:\d{2})?$`),
	"amount":           regexp.MustCompile(`^[¥$€]?\d{1,10}(\.\d{1,2})?元?$`),
}

// noEmoji drops what WeChat drops without a word since 2023-05-04.
func noEmoji(r rune) rune {
	if r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r == 0xFE0F {
		return -1
	}
	return r
}

// constWords are the pre-approved ones.
var constWords = []string{"", "待处理", "处理中", "已完成"}

// checkValues wants every key of the template, no other, and values that keep the rule of their type; else 47003, which names the place.
func checkValues(data map[string]map[string]string) (map[string]string, *apiError) {
	out := map[string]string{}
	for _, k := range offiKeys {
		o, ok := data[k.key]
		if !ok {
			return nil, refusef(47003, "argument invalid! data.%s.value is empty", k.key)
		}
		for field := range o {
			if field != "value" && field != "color" {
				return nil, refusef(47001, "data format error hint: [%s]", field)
			}
		}
		v, kind := o["value"], k.key[:len(k.key)-1]
		if rule := offiRules[kind]; rule != nil && !rule.MatchString(v) || kind == "const" && !slices.Contains(constWords, v) {
			return nil, refusef(47003, "argument invalid! data.%s.value invalid", k.key)
		}
		out[k.key] = strings.Map(noEmoji, v)
	}
	for key := range data {
		if _, ok := out[key]; !ok {
			return nil, refusef(47003, "argument invalid! data.%s invalid", strconv.Quote(key))
		}
	}
	return out, nil
}
