package wechatsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Tencent Cloud SMS, reference/notification-channels.md §3: one account with one application, one signature and one template.

// The account's values in the console.
const (
	SMSSecretID  = "AKIDsimulator0000000000000000000000"
	SMSSecretKey = "simulatorSecretKey00000000000000"
	SMSAppID     = "1400006666"
	SMSSign      = "满山茶铺"
	SMSTemplate  = "1110"
	smsText      = "您有新的小程序投诉（尾号{1}），请在{2}小时内处理。"
	smsParams    = 2
	smsMaxParam  = 12
	smsDaily     = 2
	smsSkew      = 5 * time.Minute
)

// SMS is one text message that reached a phone; At is ms of this WeChat's clock.
type SMS struct {
	SerialNo string   `json:"serial_no"`
	At       int64    `json:"at"`
	Phone    string   `json:"phone"`
	Text     string   `json:"text"`
	Params   []string `json:"params"`
	// SessionContext is what the sender gave with it.
	SessionContext string `json:"session_context"`
}

type smsState struct {
	messages []SMS
	daily    int
	fail     string // Code of the next messages
	failures int
}

// tcError is a refusal of the whole call.
type tcError struct{ code, text string }

var (
	smsPhone  = regexp.MustCompile(`^\+861\d{10}$`)
	smsAuth   = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$`)
	smsLink   = regexp.MustCompile(`(?i)https?://|www\.|[a-z0-9-]\.(com|cn|net|top|ltd)`)
	smsFields = []string{"PhoneNumberSet", "SmsSdkAppId", "TemplateId", "SignName", "TemplateParamSet", "SessionContext", "ExtendCode", "SenderId"}
)

func hmacOf(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = m.Write([]byte(text)) // a hash never fails to write
	return m.Sum(nil)
}

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// checkTC3 works the signature out again (§3.3). The real clock counts: a sender cannot know of ours.
func checkTC3(r *http.Request, body []byte) *tcError {
	m := smsAuth.FindStringSubmatch(r.Header.Get("Authorization"))
	stamp, err := strconv.ParseInt(r.Header.Get("X-TC-Timestamp"), 10, 64)
	switch {
	case m == nil || err != nil:
		return &tcError{"AuthFailure.InvalidAuthorization", "Authorization 格式不正确"}
	case m[1] != SMSSecretID:
		return &tcError{"AuthFailure.SecretIdNotFound", "SecretId 不存在"}
	}
	at := time.Unix(stamp, 0)
	if d := time.Since(at); d > smsSkew || d < -smsSkew || at.UTC().Format(time.DateOnly) != m[2] {
		return &tcError{"AuthFailure.SignatureExpire", "签名过期"}
	}
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\n\ncontent-type;host\n" + hexSum(body)
	text := "TC3-HMAC-SHA256\n" + strconv.FormatInt(stamp, 10) + "\n" + m[2] + "/sms/tc3_request\n" + hexSum([]byte(canonical))
	key := hmacOf(hmacOf(hmacOf([]byte("TC3"+SMSSecretKey), m[2]), "sms"), "tc3_request")
	if !hmac.Equal([]byte(m[3]), []byte(hex.EncodeToString(hmacOf(key, text)))) {
		return &tcError{"AuthFailure.SignatureFailure", "签名错误"}
	}
	return nil
}

// sendSMS is SendSms.
func (s *Sim) sendSMS(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(r, maxJSONBody)
	if err != nil {
		http.Error(w, "413 Request Entity Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	requestID := s.random.hex(32)
	refused := func(e *tcError) {
		writeJSON(w, http.StatusOK, fields{"Response": fields{"Error": fields{"Code": e.code, "Message": e.text}, "RequestId": requestID}})
	}
	if e := checkTC3(r, body); e != nil {
		refused(e)
		return
	}
	if r.Header.Get("X-TC-Action") != "SendSms" || r.Header.Get("X-TC-Version") != "2021-01-11" || !strings.HasPrefix(r.Header.Get("X-TC-Region"), "ap-") {
		refused(&tcError{"InvalidAction", "接口、版本或地域不正确"})
		return
	}
	var m map[string]json.RawMessage
	var in struct {
		Phones   []string `json:"PhoneNumberSet"`
		App      string   `json:"SmsSdkAppId"`
		Template string   `json:"TemplateId"`
		Sign     string   `json:"SignName"`
		Params   []string `json:"TemplateParamSet"`
		Context  string   `json:"SessionContext"`
	}
	if json.Unmarshal(body, &m) != nil || json.Unmarshal(body, &in) != nil || len(in.Phones) != 1 {
		refused(&tcError{"InvalidParameter", "参数不正确，这里一次只收一个号码"})
		return
	}
	for k := range m {
		if !slices.Contains(smsFields, k) {
			refused(&tcError{"UnknownParameter", "未知参数 " + k})
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.smsCode(in.Phones[0], in.App, in.Sign, in.Template, in.Params, in.Context)
	st := fields{"SerialNo": "", "PhoneNumber": in.Phones[0], "Fee": 0, "SessionContext": in.Context, "Code": code, "Message": "refused for " + in.Phones[0], "IsoCode": "CN"}
	if code == "Ok" {
		text := "【" + in.Sign + "】" + smsText
		for i, p := range in.Params {
			text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i+1), p)
		}
		msg := SMS{SerialNo: "5000:" + s.random.digits(28), At: s.now().UnixMilli(), Phone: in.Phones[0], Text: text, Params: in.Params, SessionContext: in.Context}
		s.sms.messages = append(s.sms.messages, msg)
		st["SerialNo"], st["Fee"], st["Message"] = msg.SerialNo, 1, "send success"
		s.bump()
	}
	writeJSON(w, http.StatusOK, fields{"Response": fields{"SendStatusSet": []fields{st}, "RequestId": requestID}})
}

// smsCode judges one message; Ok accepts it. Called with the lock held.
func (s *Sim) smsCode(phone, app, sign, template string, params []string, session string) string {
	if s.sms.failures > 0 {
		s.sms.failures--
		return s.sms.fail
	}
	switch {
	case !smsPhone.MatchString(phone):
		return "InvalidParameterValue.IncorrectPhoneNumber"
	case app != SMSAppID:
		return "UnauthorizedOperation.SmsSdkAppIdVerifyFail"
	case sign != SMSSign:
		return "FailedOperation.SignatureIncorrectOrUnapproved"
	case template != SMSTemplate:
		return "FailedOperation.TemplateIncorrectOrUnapproved"
	case len(params) != smsParams:
		return "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"
	case len(session) >= 512:
		return "InvalidParameterValue.SessionContextLengthLimit"
	}
	for _, p := range params {
		switch {
		case p == "" || strings.ContainsAny(p, "【】¥★※✓^\n"):
			return "InvalidParameterValue.TemplateParameterFormatError"
		case len([]rune(p)) > smsMaxParam:
			return "InvalidParameterValue.TemplateParameterLengthLimit"
		case smsLink.MatchString(p):
			return "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"
		}
	}
	return s.smsLimit(phone, params)
}

func (s *Sim) smsLimit(phone string, params []string) string {
	now, today := s.now(), 0
	for _, m := range s.sms.messages {
		at := time.UnixMilli(m.At)
		if m.Phone != phone {
			continue
		}
		if slices.Equal(m.Params, params) && now.Sub(at) < 30*time.Second {
			return "LimitExceeded.PhoneNumberThirtySecondLimit"
		}
		if at.In(beijing).Format(time.DateOnly) == now.In(beijing).Format(time.DateOnly) {
			today++
		}
	}
	if today >= s.sms.daily {
		return "LimitExceeded.PhoneNumberDailyLimit"
	}
	return "Ok"
}

// controlSMS shows the account's values; controlSetSMS changes the daily limit, or refuses the next messages with a code.
func (s *Sim) controlSMS(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, fields{
		"secret_id": SMSSecretID, "secret_key": SMSSecretKey, "sdk_app_id": SMSAppID, "sign_name": SMSSign, "template_id": SMSTemplate, "template_text": smsText,
	})
}

func (s *Sim) controlSetSMS(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Daily int    `json:"daily"`
		Fail  string `json:"fail"`
		Times int    `json:"times"`
	}
	if !readControl(w, r, &in) {
		return
	}
	s.mu.Lock()
	if in.Daily > 0 {
		s.sms.daily = in.Daily
	}
	if in.Fail != "" {
		s.sms.fail, s.sms.failures = in.Fail, max(in.Times, 1)
	}
	s.mu.Unlock()
	done(w, nil)
}
