package wechatsim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// fields is a JSON object on its way out.
type fields = map[string]any

// apiError is a refusal in WeChat's envelope: HTTP 200, errcode, errmsg with a rid at its end.
type apiError struct {
	code int
	text string
	// bare leaves errmsg out and sends rid as a field of its own, as busiAppeal was seen to do
	// (reference/wechat-complaint-api.md §13).
	bare bool
}

// errText is the usual wording per code (reference/wechat-open-platform.md §7, reference/wechat-complaint-api.md §6.4;
// 43001, 40006 and 40003: WeChat's page of global return codes).
var errText = map[int]string{
	-1:    "system error",
	1:     "complaint order not exist",
	2:     "invalid mediaIdList or content",
	309:   "complaint order status not match",
	10001: "invalid parameter",
	20002: "invalid parameter", 200002: "invalid parameter",
	40001: "invalid credential, access_token is invalid or not latest",
	40002: "invalid grant_type",
	40003: "invalid openid",
	40004: "invalid media type",
	40005: "invalid file type",
	40006: "invalid file size",
	40013: "invalid appid",
	40125: "invalid appsecret",
	40164: "invalid ip, not in whitelist",
	40170: "args count exceed count limit",
	40243: "AppSecret has been frozen, please unfreeze it",
	41001: "access_token missing",
	41002: "appid missing",
	41004: "appsecret missing",
	41005: "media data missing",
	41018: "component_appid missing",
	42001: "access_token expired",
	43001: "require GET method",
	43002: "require POST method",
	43007: "authorization relation not exist",
	44002: "empty post data",
	45009: "reach max api daily quota limit",
	45011: "api minute-quota reached limit, must slower, retry next minute",
	45015: "response out of time limit or subscription is canceled",
	47001: "data format error",
	48006: "forbid to clear quota because of reaching the limit",
	48001: "api unauthorized",
	61003: "component is not authorized by this account",
	61005: "component ticket is expired",
	61006: "component ticket is invalid",
	61007: "api is unauthorized to component",
	61009: "code is invalid",
	61010: "code is expired",
	61014: "must use component token for component api",
	61015: "must use account token, not component token",
	61023: "refresh_token is invalid",
	76003: "cgi_path not found",
}

func refuse(code int) *apiError { return &apiError{code: code, text: errText[code]} }

func refusef(code int, format string, a ...any) *apiError {
	return &apiError{code: code, text: fmt.Sprintf(format, a...)}
}

// rid is WeChat's request id; its first eight hex digits are the unix second (reference/wechat-complaint-api.md §13).
func (s *Sim) rid() string {
	return fmt.Sprintf("%08x-%s-%s", uint32(s.now().Unix()), s.random.hex(8), s.random.hex(8))
}

// envelope turns the outcome of a call into the object that goes out. Called with the lock held.
func (s *Sim) envelope(out fields, e *apiError) fields {
	if e != nil {
		rid := s.rid()
		out = fields{"errcode": e.code}
		if e.bare {
			out["rid"] = rid
		} else {
			out["errmsg"] = strings.TrimSpace(e.text + " rid: " + rid)
		}
	}
	if s.settings.StringErrcode {
		if n, ok := out["errcode"].(int); ok {
			out["errcode"] = strconv.Itoa(n)
		}
	}
	if s.settings.UnknownFields {
		out["sim_unknown_field"] = fields{"nested": []int{1, 2}}
	}
	return out
}

// okay is the answer of the complaint calls; the token calls answer without errcode.
func okay() fields { return fields{"errcode": 0, "errmsg": "ok"} }

func writeJSON(w http.ResponseWriter, status int, v any) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		http.Error(w, "encode the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the caller has gone; nobody is left to tell
}

// object decodes a POST body that must be one JSON object and nothing after it.
func object(body []byte) (map[string]json.RawMessage, *apiError) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, refuse(44002)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil || m == nil {
		return nil, refuse(47001)
	}
	return m, nil
}

// textField reads a JSON string that must be there and not empty.
func textField(m map[string]json.RawMessage, name string) (string, *apiError) {
	var v string
	raw, ok := m[name]
	if !ok {
		return "", refusef(47001, "data format error hint: [%s missing]", name)
	}
	if err := json.Unmarshal(raw, &v); err != nil || v == "" {
		return "", refusef(47001, "data format error hint: [%s]", name)
	}
	return v, nil
}

// intField reads a JSON number that must be there.
func intField(m map[string]json.RawMessage, name string) (int, *apiError) {
	var v *int
	if err := json.Unmarshal(m[name], &v); err != nil || v == nil {
		return 0, refusef(47001, "data format error hint: [%s]", name)
	}
	return *v, nil
}
