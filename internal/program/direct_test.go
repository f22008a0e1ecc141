package program_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	apiStable = "stable_token"
	ownSecret = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
	ownToken  = "OwnPushToken"
)

func directConfig(appID string) program.DirectConfig {
	return program.DirectConfig{
		AppID: appID, Name: "满山茶铺", AppSecret: secret.New(ownSecret), Token: secret.New(ownToken), EncodingAESKey: secret.New(pushKey), PushMode: program.PushSafe,
	}
}

func (w *world) createDirect(c program.DirectConfig, confirmed bool) (p *program.Program, err error) {
	w.t.Helper()
	err = w.db.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
		p, err = w.CreateDirect(ctx, tx, c, confirmed)
		return err
	})
	return p, err
}

// direct is a world without a platform whose shop is connected with its own AppSecret.
func direct(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := newWorld(t, d)
	_, err := w.createDirect(directConfig(shop), false)
	w.ok(err)
	return w
}

func TestAProgramWithItsOwnSecretIsCalledWithItsStableToken(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := direct(t, d)
		made := w.since(apiStable, apiToken, apiComponent)
		for _, err := range w.together(10, w.instances(2), func(s *program.Service) error { return w.read(w.ctx, s) }) {
			w.ok(err)
		}
		if got := made(); got[apiStable] != 1 || got[apiToken]+got[apiComponent] != 0 {
			t.Errorf("calls %v", got)
		}
		// WeChat gives the same token until its last five minutes, so nobody asks before.
		w.clock.Advance(115 * time.Minute)
		w.ok(w.KeepTokens(w.ctx))
		if got := made(); got[apiStable] != 1 {
			t.Errorf("asked %d times five minutes before the end", got[apiStable])
		}
		w.clock.Advance(90 * time.Second)
		w.ok(w.KeepTokens(w.ctx))
		w.ok(w.KeepTokens(w.ctx))
		if got := made(); got[apiStable] != 2 {
			t.Errorf("asked %d times in the last minutes", got[apiStable])
		}
		w.mustRead()
	})
}

func TestARefusedStableTokenIsForcedOnlyIfWeChatGivesTheSameAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := direct(t, d)
		w.mustRead()
		w.clock.Advance(time.Minute)
		w.fault(wechatsim.Fault{Target: apiDetail, Errcode: new(40001), Times: 1})
		made := w.since(apiStable)
		w.mustRead()
		if got := made(); got[apiStable] != 2 { // the same again, then forced
			t.Errorf("%d calls", got[apiStable])
		}
	})
}

func TestWhatIsWrongWithAnAppSecretIsSaidInWords(t *testing.T) {
	for _, c := range []struct {
		code int
		says string
	}{
		{40001, "AppSecret 不对"},
		{40125, "AppSecret 不对"},
		{40164, "IP 白名单"},
		{40243, "冻结"},
		{40013, "AppID"},
		{89503, "管理员确认"},
		{89506, "24 小时"},
		{89507, "1 小时"},
		{45009, "次数已用完"},
		{50002, "冻结或注销"},
	} {
		t.Run(strconv.Itoa(c.code), func(t *testing.T) {
			w := direct(t, testkit.SQLite(t))
			w.fault(wechatsim.Fault{Target: apiStable, Errcode: new(c.code), Times: 1})
			if err := w.Refresh(w.ctx, w.program(shop).ID); err == nil {
				t.Error("no error")
			}
			if got := w.program(shop).LastError; !strings.Contains(got, c.says) {
				t.Errorf("the page says %q", got)
			}
			w.ok(w.Refresh(w.ctx, w.program(shop).ID))
			if got := w.program(shop).LastError; got != "" {
				t.Errorf("afterwards it still says %q", got)
			}
		})
	}
}

func TestAProgramMovesBetweenModesAndStaysTheSame(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		id := w.authorized(shop).ID
		if _, err := w.createDirect(directConfig(shop), false); !errors.Is(err, program.ErrIsPlatform) {
			t.Fatalf("without a confirmation: %v", err)
		}
		p, err := w.createDirect(directConfig(shop), true)
		w.ok(err)
		if p.ID != id || p.Mode != program.Direct || p.State != program.Active || w.rows("credentials", "kind = 'authorizer'") != 0 {
			t.Errorf("moved to direct: %+v", p)
		}
		if _, err := w.createDirect(directConfig(shop), true); !errors.Is(err, program.ErrAlreadyDirect) {
			t.Errorf("twice: %v", err)
		}
		made := w.since(apiStable, apiToken)
		w.mustRead()
		if got := made(); got[apiStable] != 1 || got[apiToken] != 0 {
			t.Errorf("calls %v", got)
		}

		// WeChat still lists the authorisation: the nightly comparison leaves the program alone, a decision brings it back.
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if p := w.program(shop); p.Mode != program.Direct {
			t.Errorf("the comparison moved it")
		}
		w.ok(w.MoveToPlatform(w.ctx, w.program(shop)))
		w.drain()
		if p := w.program(shop); p.ID != id || p.Mode != program.Platform || w.rows("credentials", "kind = 'direct'") != 0 {
			t.Errorf("moved back: %+v", p)
		}
		made = w.since(apiStable)
		w.mustRead()
		if got := made(); got[apiStable] != 0 {
			t.Errorf("calls %v", got)
		}

		// Its own push URL is still heard, and it moves over without typing anything again.
		dp, err := w.DirectPush(w.ctx, shop)
		w.ok(err)
		if dp.ProgramID != id || len(dp.Tokens) != 1 || len(dp.Keys) != 1 {
			t.Errorf("push secrets: %d tokens, %d keys", len(dp.Tokens), len(dp.Keys))
		}
		w.ok(w.db.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := w.UpdateDirect(ctx, tx, id, program.DirectConfig{}, true)
			return err
		}))
		// Agreeing on WeChat's page moves it to the platform.
		w.event("authorized", shop, w.agree(shop))
		w.drain()
		if p := w.program(shop); p.ID != id || p.Mode != program.Platform {
			t.Errorf("authorised: %+v", p)
		}
	})
}

func TestAnUnlistedProgramDoesNotMoveToThePlatform(t *testing.T) {
	w := connected(t, testkit.SQLite(t))
	_, err := w.createDirect(directConfig(shop), false)
	w.ok(err)
	if err := w.MoveToPlatform(w.ctx, w.program(shop)); !errors.Is(err, program.ErrNotAuthorized) || w.program(shop).Mode != program.Direct {
		t.Errorf("moved: %v", err)
	}
}

func TestWhatIsTypedInForADirectProgramIsChecked(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	for field, change := range map[string]func(c *program.DirectConfig){
		"appid":             func(c *program.DirectConfig) { c.AppID = "gh_12345678" },
		"app_secret":        func(c *program.DirectConfig) { c.AppSecret = secret.New("") },
		"app_secret ":       func(c *program.DirectConfig) { c.AppSecret = secret.New("二十") },
		"token":             func(c *program.DirectConfig) { c.Token = secret.New("a b") },
		"token ":            func(c *program.DirectConfig) { c.Token = secret.New("") },
		"encoding_aes_key":  func(c *program.DirectConfig) { c.EncodingAESKey = secret.New("short") },
		"encoding_aes_key ": func(c *program.DirectConfig) { c.EncodingAESKey = secret.New("") },
		"push_mode":         func(c *program.DirectConfig) { c.PushMode = "none" },
		"push_mode ":        func(c *program.DirectConfig) { c.PushMode = "" },
		"format":            func(c *program.DirectConfig) { c.Format = "yaml" },
		"name":              func(c *program.DirectConfig) { c.Name = strings.Repeat("长", 65) },
	} {
		c := directConfig(shop)
		change(&c)
		_, err := w.createDirect(c, false)
		var fe *program.FieldError
		if !errors.As(err, &fe) || fe.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if n := w.rows("programs", "1 = 1"); n != 0 {
		t.Errorf("%d programs were stored", n)
	}
	plain := directConfig(shop)
	plain.PushMode, plain.EncodingAESKey = program.PushPlain, secret.Text{}
	_, err := w.createDirect(plain, false)
	w.ok(err)
}
