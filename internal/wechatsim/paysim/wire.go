package paysim

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// refusal is an error answer: status, code and message of reference §1.8.
type refusal struct {
	status        int
	code, message string
	detail        string // the finer code at the end of Request-ID
}

func refuse(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message, detail: "268435461"}
}

func parameter(message string) *refusal { return refuse(http.StatusBadRequest, "PARAM_ERROR", message) }

// caller is a request whose signature was right.
type caller struct {
	m    *merchant
	body []byte
	r    *http.Request
}

const maxBody = 1 << 20

var attribute = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// authenticate checks the request's signature (reference §2.1).
func (h *Host) authenticate(r *http.Request) (*caller, *refusal) {
	unsigned := func(message string) *refusal {
		f := refuse(http.StatusUnauthorized, "SIGN_ERROR", message)
		f.detail = "268443699"
		return f
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, parameter("请求体过大或无法读取")
	}
	if r.Method == http.MethodGet && len(body) > 0 {
		return nil, parameter("GET 请求不应有请求体")
	}
	if r.UserAgent() == "" {
		return nil, parameter("Http头缺少User-Agent")
	}
	if a := r.Header.Get("Accept"); !strings.Contains(a, "application/json") && !strings.Contains(a, "*/*") {
		return nil, parameter("Http头Accept应为application/json")
	}
	if r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return nil, parameter("Http头Content-Type应为application/json")
	}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme != "WECHATPAY2-SHA256-RSA2048" {
		return nil, unsigned("Http头Authorization认证类型不正确")
	}
	said := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		m := attribute.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, unsigned("Http头Authorization值格式错误")
		}
		said[m[1]] = m[2]
	}
	h.mu.Lock()
	m := h.merchants[said["mchid"]]
	h.mu.Unlock()
	if m == nil {
		return nil, refuse(http.StatusNotFound, "MCH_NOT_EXISTS", "商户号不存在")
	}
	if !strings.EqualFold(said["serial_no"], m.CertSerial) {
		return nil, unsigned("商户证书序列号有误")
	}
	at, err := strconv.ParseInt(said["timestamp"], 10, 64)
	if d := h.wall().Sub(time.Unix(at, 0)); err != nil || d > 5*time.Minute || d < -5*time.Minute {
		return nil, unsigned("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
	}
	if n := said["nonce_str"]; n == "" || len(n) > 32 {
		return nil, unsigned("Http头Authorization中的nonce_str有误")
	}
	sig, err := base64.StdEncoding.DecodeString(said["signature"])
	if err != nil {
		return nil, unsigned("签名不是base64")
	}
	sum := sha256.Sum256([]byte(r.Method + "\n" + r.RequestURI + "\n" + said["timestamp"] + "\n" + said["nonce_str"] + "\n" + string(body) + "\n"))
	if rsa.VerifyPKCS1v15(&m.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return nil, unsigned("签名错误，请检查后再试")
	}
	return &caller{m: m, body: body, r: r}, nil
}

// decode reads a JSON body strictly.
func (c *caller) decode(v any) *refusal {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return parameter("请求体不符合要求：" + err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return parameter("请求体后面还有内容")
	}
	return nil
}

// signer picks the key an answer to this request is signed with (reference §2.3).
func (m *merchant) signer(asked string) (id string, key *rsa.PrivateKey) {
	switch {
	case m.Verify == byPublicKey, m.Verify == byBoth && strings.HasPrefix(asked, "PUB_KEY_ID_"):
		return m.PublicKeyID, m.public
	}
	return m.PlatformSerial, m.platform
}

// Ways to sign wrongly.
const (
	signRight   = ""
	signWrong   = "bad_signature"
	signNothing = "no_signature"
)

// sign puts a signature over body into header.
func (h *Host) sign(header http.Header, id string, key *rsa.PrivateKey, body []byte, how string) {
	if how == signNothing {
		return
	}
	ts, nonce := strconv.FormatInt(h.wall().Unix(), 10), hexText(16)
	sum := sha256.Sum256([]byte(ts + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		h.log.Error("sign", "err", err)
		return
	}
	text := base64.StdEncoding.EncodeToString(sig)
	if how == signWrong {
		text = "WECHATPAY/SIGNTEST/" + text[19:]
	}
	header.Set("Wechatpay-Serial", id)
	header.Set("Wechatpay-Timestamp", ts)
	header.Set("Wechatpay-Nonce", nonce)
	header.Set("Wechatpay-Signature", text)
	header.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
}

// answer writes a signed answer; how spoils the signature. m is nil when nobody could be told from the request.
func (h *Host) answer(w http.ResponseWriter, r *http.Request, m *merchant, status int, v any, how, detail string) {
	body, err := json.Marshal(v)
	if err != nil {
		h.log.Error("encode answer", "err", err)
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Date", h.wall().UTC().Format(http.TimeFormat))
	w.Header().Set("Request-ID", strings.ToUpper(hexText(16))+"-"+detail)
	if m != nil {
		id, key := m.signer(r.Header.Get("Wechatpay-Serial"))
		h.sign(w.Header(), id, key, body, how)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone; nobody is left to tell
}

type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (h *Host) refuseWith(w http.ResponseWriter, r *http.Request, m *merchant, f *refusal) {
	h.answer(w, r, m, f.status, problem{f.code, f.message}, signRight, f.detail)
}

// sealed is AEAD_AES_256_GCM as WeChat Pay uses it: the tag behind the cipher text, the nonce as 12 printable characters.
type sealed struct {
	Algorithm      string `json:"algorithm"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	Ciphertext     string `json:"ciphertext"`
}

func (m *merchant) seal(plain []byte, associated string) (sealed, error) {
	block, err := aes.NewCipher([]byte(m.APIv3Key))
	if err != nil {
		return sealed{}, fmt.Errorf("open the APIv3 key: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return sealed{}, fmt.Errorf("open the APIv3 key: %w", err)
	}
	nonce := hexText(6)
	text := gcm.Seal(nil, []byte(nonce), plain, []byte(associated))
	return sealed{"AEAD_AES_256_GCM", nonce, associated, base64.StdEncoding.EncodeToString(text)}, nil
}
