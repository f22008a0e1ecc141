package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"net/textproto"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/outbound"
)

// result adds what only Send needs to know.
type result struct {
	channel.Result
	// content says that the words were refused, not the receiver or the sender.
	content bool
}

func (s *sender) classify(e *stageError) result {
	var r result
	if te, ok := e.reply(); ok {
		r = classifyReply(e.stage, te)
		r.ProviderText = s.redact(strconv.Itoa(te.Code) + " " + te.Msg)
	} else {
		r.Result = classifyNetwork(e)
	}
	if r.Text == textLogin {
		r.Text = loginText(s.a.Host)
	}
	return r
}

// classifyNetwork judges failures without an answer from the server. It comes before any look at codes, since a network failure carries
// none (reference §1.2, first three rows).
func classifyNetwork(e *stageError) channel.Result {
	if e.stage == stageAfterDot {
		return channel.Result{
			Outcome: channel.Unknown, After: time.Minute, ProviderCode: "no_answer",
			Text: "邮件已经交出，但服务器没有答复，可能已经送达。",
		}
	}
	r := channel.Result{Outcome: channel.Retry, WholeChannel: e.stage <= stageAuth}
	var header tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	var timeout net.Error
	config := func(code, text string) {
		r.Outcome, r.WholeChannel, r.ProviderCode, r.Text = channel.Config, true, code, text
	}
	switch {
	case errors.Is(e.err, outbound.ErrPrivateAddress):
		config("private_address", "服务器地址在内网，默认不允许连接。确实需要时，请部署者设置 ZHISU_ALLOW_PRIVATE_URLS=true。")
	case errors.Is(e.err, errPlainPublic):
		config("not_encrypted", "这台服务器在公网上，不加密会泄露授权码。请把加密方式改成 SSL/TLS（端口 465）或 STARTTLS（端口 587）。")
	case errors.Is(e.err, errNoStartTLS):
		config("no_starttls", "服务器不支持 STARTTLS。请把加密方式改成 SSL/TLS，端口一般是 465。")
	case errors.Is(e.err, errNoAuth):
		config("no_auth", "服务器没有提供登录方式。请检查端口和加密方式；如果这台服务器不需要登录，请清空授权码。")
	case errors.As(e.err, &header):
		config("wrong_tls_mode", "加密方式和端口对不上：465 端口用 SSL/TLS，587 端口用 STARTTLS。")
	case errors.As(e.err, &verify), errors.As(e.err, &unknown):
		r.ProviderCode, r.Text = "certificate", "服务器的证书不可信，邮件没有发出。请检查服务器地址；自签证书请部署者设置 ZHISU_EXTRA_CA_FILE。"
	case errors.As(e.err, &dns):
		r.ProviderCode, r.Text = "dns", "找不到服务器地址。请检查它是否写对。"
	case errors.Is(e.err, context.DeadlineExceeded), errors.Is(e.err, context.Canceled), errors.Is(e.err, os.ErrDeadlineExceeded),
		errors.As(e.err, &timeout) && timeout.Timeout():
		r.ProviderCode, r.Text = "timeout", "服务器没有及时答复。一直这样时，请检查端口和加密方式；有些云主机封了 25 端口。"
	case errors.Is(e.err, syscall.ECONNREFUSED):
		r.ProviderCode, r.Text = "refused", "服务器拒绝连接。一直这样时，请检查服务器地址和端口。"
	case e.stage == stageAuth && !isClosed(e.err):
		config("auth", "服务器的登录方式不受支持，请检查账号、端口和加密方式。")
	default:
		r.ProviderCode, r.Text = "network", "和服务器的连接断了。"
	}
	return r
}

// isClosed reports whether the connection broke, as opposed to a login dialogue that made no sense.
func isClosed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "EOF")
}

// staleConnection reports whether a kept connection failed because it was kept: before the message was handed over, without an answer or
// with one that is about the connection.
func staleConnection(e *stageError) bool {
	te, answered := e.reply()
	switch {
	case e.stage > stageRcpt:
		return false
	case !answered:
		return true
	default:
		return te.Code == 421 || letterCode(te.Msg) == "MI:DMC"
	}
}

// Waits that providers ask for (reference §1.2).
const (
	waitSpam       = 2 * time.Minute
	waitQuota      = 15 * time.Minute
	waitReputation = 30 * time.Minute
	waitFrequency  = time.Hour
	waitLogins     = 30 * time.Minute
)

// Texts for people.
const (
	textSlow      = "邮箱服务商暂时限制了这个账号或这台服务器的发信。"
	textTemporary = "邮箱服务器暂时没有收下。"
	textSender    = "邮箱服务商不接受这个发件人。发件地址必须就是登录账号，请检查账号设置。"
	textReceiver  = "收件地址不存在或已停用，请核对收件人。"
	textContent   = "邮箱服务商认为内容像垃圾邮件，没有收下。请改用其他渠道，或让收件人把发件地址加入白名单。"
	textLogin     = "账号或授权码不对，或者邮箱没有开启 SMTP 服务。请登录邮箱网页版确认已开启 SMTP，重新生成授权码填到这里。"
	textLogins    = "登录失败次数太多，邮箱暂时锁住了登录。请确认授权码后，半小时后再试。"
)

func loginText(host string) string {
	switch {
	case strings.HasSuffix(host, "163.com"), strings.HasSuffix(host, "126.com"), strings.HasSuffix(host, "yeah.net"):
		return "授权码不对或已过期。请登录网易邮箱网页版，在「设置 → POP3/SMTP/IMAP」里确认已开启 SMTP 服务，重新生成授权码填到这里（不是登录密码）。"
	case strings.HasSuffix(host, "exmail.qq.com"):
		return "账号或密码不对。账号要填完整的邮箱地址；开启了安全登录时，请在腾讯企业邮箱里生成客户端专用密码。"
	case strings.HasSuffix(host, "qq.com"):
		return "授权码不对或已过期。请登录 QQ 邮箱网页版，在「设置 → 账号」里开启 SMTP 服务，重新生成 16 位授权码填到这里（不是 QQ 密码）。"
	}
	return textLogin
}

var (
	letters     = regexp.MustCompile(`\b(?:HL|MI|RP|DT|WM):[A-Z]{3}\b`)
	frequency   = regexp.MustCompile(`(?i)frequen|rate limit|too many|too fast|connection denied|频率|频繁`)
	tooManyAuth = regexp.MustCompile(`(?i)too (?:much|many) (?:fail|auth)`)
	spamWords   = regexp.MustCompile(`(?i)spam|content|virus|垃圾|内容`)
	senderWords = regexp.MustCompile(`(?i)sender|mail from|must equal|authorized user|not match|mismatch`)
	relayWords  = regexp.MustCompile(`(?i)relay|sender|authori[sz]ed|authenticat`)
	lockedWords = regexp.MustCompile(`(?i)suspend|locked|disabled|no permission`)
	anyAddress  = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9.-]+`)
)

// letterCode finds NetEase's own code, such as DT:SPM.
func letterCode(text string) string { return letters.FindString(text) }

// classifyReply judges an answer, by reference §1.2: NetEase's letters say more than the number, and the number more than its first digit.
func classifyReply(st stage, te *textproto.Error) result {
	code := strconv.Itoa(te.Code)
	if l := letterCode(te.Msg); l != "" {
		if r, ok := classifyLetters(l, te.Code); ok {
			r.ProviderCode = code + " " + l
			return r
		}
	}
	r := classifyCode(st, te)
	r.ProviderCode = code
	return r
}

func retry(after time.Duration, whole bool, text string) result {
	return result{Result: channel.Result{Outcome: channel.Retry, After: after, WholeChannel: whole, Text: text}}
}

func config(text string) result {
	return result{Result: channel.Result{Outcome: channel.Config, WholeChannel: true, Text: text}}
}

func permanent(text string) result {
	return result{Result: channel.Result{Outcome: channel.Permanent, Text: text}}
}

func refusedContent() result {
	r := permanent(textContent)
	r.content = true
	return r
}

func classifyLetters(l string, code int) (result, bool) {
	switch l {
	case "HL:REP", "HL:IFC", "HL:MEP", "DT:RBL", "WM:BLI":
		return retry(waitReputation, true, textSlow), true
	case "HL:IHU", "HL:IPB":
		return retry(waitFrequency, true, textSlow), true
	case "HL:ICC":
		return retry(time.Minute, true, textSlow), true
	case "MI:SFQ":
		return retry(waitQuota, true, textSlow), true
	case "MI:CEL", "MI:CCL", "RP:CCL", "MI:DMC", "RP:DRC":
		return retry(0, false, textTemporary), true
	case "WM:BLU":
		return config("邮箱服务商不允许这个账号发信，请登录网页版查看账号状态，或换一个账号。"), true
	case "DT:SPM":
		if code < 500 {
			return retry(waitSpam, false, textTemporary), true
		}
		return refusedContent(), true
	}
	return result{}, false
}

func classifyCode(st stage, te *textproto.Error) result {
	switch {
	case tooManyAuth.MatchString(te.Msg):
		r := config(textLogins)
		r.After = waitLogins
		return r
	case te.Code == 535, te.Code == 526, te.Code == 534, te.Code == 538:
		return config(textLogin)
	case te.Code == 530:
		return config("服务器要求先加密或登录。请检查加密方式，并填写授权码。")
	case te.Code == 440:
		return config(textSender)
	case te.Code < 500:
		return retry(0, st <= stageAuth, textTemporary)
	case st == stageAuth:
		return config(textLogin)
	case frequency.MatchString(te.Msg) && (te.Code == 550 || te.Code == 554):
		return retry(waitFrequency, true, textSlow)
	case st < stageAuth:
		// Refused before anything was said: about our address, or a busy server with bad manners.
		return retry(waitReputation, true, textSlow)
	}
	return classifyMessage(st, te)
}

// classifyMessage judges 5xx answers to MAIL, RCPT, DATA or the content.
func classifyMessage(st stage, te *textproto.Error) result {
	switch te.Code {
	case 550:
		switch {
		case st != stageRcpt && spamWords.MatchString(te.Msg):
			return refusedContent()
		case st == stageMail && lockedWords.MatchString(te.Msg):
			return config("邮箱账号被停用或没有发信权限，请登录网页版查看。") // at MAIL it can only be our own account
		}
		return permanent(textReceiver)
	case 552:
		return permanent("收件邮箱已满，或邮件太大。请让收件人清理邮箱。")
	case 553:
		// At RCPT it may be about one odd receiver, which must not stop the channel.
		if st == stageRcpt && !relayWords.MatchString(te.Msg) {
			return permanent(textReceiver)
		}
		return config(textSender)
	case 554:
		switch {
		case senderWords.MatchString(te.Msg):
			return config(textSender)
		case st == stageRcpt:
			return permanent(textReceiver)
		}
		return refusedContent()
	}
	if st == stageRcpt {
		return permanent(textReceiver)
	}
	return permanent("邮箱服务器拒收了这封邮件。")
}

// redact makes a server's answer fit to be stored and shown: one line, addresses masked, our password never in it.
func (s *sender) redact(text string) string {
	text = strings.TrimSpace(strings.Join(strings.Fields(text), " "))
	if p := s.a.password.Reveal(); p != "" {
		for _, form := range []string{p, base64.StdEncoding.EncodeToString([]byte(p)), base64.StdEncoding.EncodeToString([]byte("\x00" + s.a.Username + "\x00" + p))} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	text = anyAddress.ReplaceAllStringFunc(text, mask)
	if r := []rune(text); len(r) > 500 {
		text = string(r[:500])
	}
	return strings.ToValidUTF8(text, "�")
}
