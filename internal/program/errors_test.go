package program_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	wordsIP      = "微信拒绝了本机的 IP，请把服务器 IP 加入第三方平台的白名单"
	wordsSecret  = "微信认为 AppSecret 不对，请重新填写第三方平台的 AppSecret"
	wordsAppID   = "微信不认识这个 AppID，请核对第三方平台的 AppID"
	wordsTicket  = "微信票据已失效，正在等待新的票据（一般每 10 分钟推送一次）"
	wordsQuota   = "今天调用微信接口的次数已用完，请明天再试"
	wordsSet     = "小程序没有授权这项权限，请管理员重新授权"
	wordsRevoked = "小程序已取消授权，请管理员重新授权"
	wordsLater   = "微信暂时没有正常返回，请稍后再试"
	wordsNumber  = "微信没有返回这张投诉单：单号不属于这个小程序，或者微信繁忙。请核对单号和小程序后再试"
)

func TestWeChatsErrorsAreToldInWords(t *testing.T) {
	for _, c := range []struct {
		err  wechat.Error
		want string
	}{
		{wechat.Error{Code: 61004, Class: wechat.Later}, wordsIP},
		{wechat.Error{Code: 40164, Class: wechat.Later}, wordsIP},
		{wechat.Error{API: wechat.APIComponentToken, Code: 40125, Class: wechat.Never}, wordsSecret},
		{wechat.Error{API: wechat.APIComponentToken, Code: 40001, Class: wechat.Never}, wordsSecret},
		{wechat.Error{API: wechat.APIStartPushTicket, Code: 40125, Class: wechat.Never}, wordsSecret},
		{wechat.Error{API: wechat.APIComplaintDetail, Code: 40001, Class: wechat.NewToken}, wordsLater},
		{wechat.Error{Code: 40013, Class: wechat.Never}, wordsAppID},
		{wechat.Error{Code: 61011, Class: wechat.Never}, wordsAppID},
		{wechat.Error{Code: 61005, Class: wechat.Later}, wordsTicket},
		{wechat.Error{Code: 61006, Class: wechat.Later}, wordsTicket},
		{wechat.Error{Code: 45009, Class: wechat.Later}, wordsQuota},
		{wechat.Error{Code: 61007, Class: wechat.NoPermission}, wordsSet},
		{wechat.Error{Code: 48001, Class: wechat.NoPermission}, wordsSet},
		{wechat.Error{Code: 61003, Class: wechat.Revoked}, wordsRevoked},
		{wechat.Error{Code: 43007, Class: wechat.Revoked}, wordsRevoked},
		{wechat.Error{Code: -1, Class: wechat.Later}, wordsLater},
		{wechat.Error{API: wechat.APIComplaintDetail, Code: -1, Class: wechat.Later}, wordsNumber},
		{wechat.Error{HTTPStatus: 500}, wordsLater},
		{wechat.Error{Class: wechat.Again, Cause: errors.New("connection refused")}, wordsLater},
		{wechat.Error{Code: 99999}, wordsLater},
	} {
		for _, err := range []error{&c.err, fmt.Errorf("do this: %w", &c.err), errors.Join(errors.New("that"), &c.err)} {
			if got, ok := program.UpstreamText(err); !ok || got != c.want {
				t.Errorf("%v: %q, want %q", err, got, c.want)
			}
		}
	}
	for _, err := range []error{nil, errors.New("disk full"), program.ErrNoTicket, program.ErrNeedsReauth} {
		if text, ok := program.UpstreamText(err); ok || text != "" {
			t.Errorf("%v is not WeChat's, yet it says %q", err, text)
		}
	}
}

func TestThePlatformPageSaysWhyThereIsNoToken(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	w.ok(w.SetPlatform(w.ctx, platformConfig()))
	w.ticket()
	w.forget()
	for code, want := range map[int]string{
		40125: wordsSecret, 40001: wordsSecret, 61004: wordsIP, 40013: wordsAppID, 61011: wordsAppID, 61005: wordsTicket, 61006: wordsTicket, 45009: wordsQuota, -1: wordsLater,
	} {
		w.refuse(apiComponent, code, 1)
		if err := w.KeepTokens(w.ctx); wechat.CodeOf(err) != code {
			t.Errorf("%d: %v", code, err)
		}
		if got := w.platformError(); got != want {
			t.Errorf("%d: %q, want %q", code, got, want)
		}
	}
	w.fault(wechatsim.Fault{Target: apiComponent, HTTPStatus: 502})
	if err := w.KeepTokens(w.ctx); err == nil || w.platformError() != wordsLater {
		t.Errorf("HTTP 502: %v, %q", err, w.platformError())
	}
	w.ok(w.KeepTokens(w.ctx))
	if got := w.platformError(); got != "" {
		t.Errorf("with a token: %q", got)
	}
}

func TestALostAuthorisationIsToldAsSuchWhateverWeChatSaidLast(t *testing.T) {
	w := connected(t, testkit.SQLite(t))
	w.authorized(shop)
	w.refuse(apiToken, 61023, 2) // ours and the one from the list
	w.clock.Advance(3 * time.Hour)
	err := w.read(w.ctx, w.Service)
	if !errors.Is(err, program.ErrNeedsReauth) || wechat.CodeOf(err) != 61023 {
		t.Errorf("err %v", err)
	}
	const want = "授权已失效，请管理员重新授权"
	if got := w.credential("authorizer", shop).Error; got != want {
		t.Errorf("the token says %q", got)
	}
	if got := w.program(shop).LastError; got != want {
		t.Errorf("the program says %q", got)
	}
}

// Every test looks for secrets in rows, logs and errors when it ends. This one makes sure that there is something to look at.
func TestSecretsAreNowhereInTheClear(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			d := testkit.SQLite
			if engine == "postgres" {
				d = testkit.Postgres
			}
			w := connected(t, d(t))
			w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
			ticket := w.link("")
			if _, err := w.OpenEntry(w.ctx, ticket); err != nil {
				t.Fatal(err)
			}
			w.authorized(shop)
			w.mustRead()
			for _, api := range []string{apiComponent, apiPreAuth, apiQueryAuth, apiToken, apiInfo, apiList, apiTicket, apiDetail} {
				for _, f := range []wechatsim.Fault{{HTTPStatus: 500}, {Hangup: true}, {Drop: true}} {
					f.Target, f.Times = api, 2
					w.fault(f)
				}
			}
			for range 12 {
				w.clock.Advance(121 * time.Minute)
				w.ticket()
				if _, err := w.OpenEntry(w.ctx, ticket); err != nil {
					w.log.note(err)
				}
				w.event("updateauthorized", shop, w.agree(shop, 76, 151))
				w.event("authorized", other, "queryauthcode@@@refused-by-wechat-for-good")
				w.drain()
				if err := w.read(w.ctx, w.Service); err != nil {
					w.log.note(err)
				}
				if err := errors.Join(w.Reconcile(w.ctx), w.RequeueCodes(w.ctx)); err != nil {
					w.log.note(err)
				}
			}
			if len(w.failed) < 5 {
				t.Errorf("only %d jobs failed: the faults did not work", len(w.failed))
			}
			dump := w.dump(w.ctx)
			for table, sealed := range map[string]int{"platform": 4, "credentials": 3, "auth_codes": 1} {
				if n := strings.Count(dump[table], "s1."); n < sealed {
					t.Errorf("table %s shows %d sealed values, want at least %d:\n%s", table, n, sealed, dump[table])
				}
			}
			if n := len(w.gate.secrets()); n < 40 {
				t.Errorf("only %d secrets were exchanged", n)
			}
			if log := w.log.String(); !strings.Contains(log, "token refresh failed") || !strings.Contains(log, "HTTP 500") {
				t.Error("nothing was logged")
			}
		})
	}
}
