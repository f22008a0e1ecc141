package program_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

func reveal(in []secret.Text) string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = v.Reveal()
	}
	return strings.Join(out, " ")
}

func TestEmptySecretsKeepWhatIsStored(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		w.ok(w.SetPlatform(w.ctx, program.PlatformConfig{ComponentAppID: component}))
		st, err := w.Platform(w.ctx)
		w.ok(err)
		if !st.HasSecret || !st.HasToken || !st.HasAESKey || st.ComponentAppID != component {
			t.Errorf("status %+v", st)
		}
		ps, err := w.instance(nil).PushSecrets(w.ctx)
		w.ok(err)
		if reveal(ps.Tokens) != pushToken || reveal(ps.Keys) != pushKey || ps.AppID != component {
			t.Errorf("push secrets of %s: %q %q", ps.AppID, reveal(ps.Tokens), reveal(ps.Keys))
		}
	})
}

func TestAChangedTokenOrKeyKeepsThePreviousOneValid(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		key2, key3 := strings.Repeat("k", 43), strings.Repeat("K", 43)
		for _, c := range []struct {
			name, token, key string
			tokens, keys     string
		}{
			{"the token alone", "SecondToken", "", "SecondToken " + pushToken, pushKey},
			{"the key alone", "", key2, "SecondToken " + pushToken, key2 + " " + pushKey},
			{"the same again", "SecondToken", key2, "SecondToken " + pushToken, key2 + " " + pushKey},
			{"both: the oldest is gone", "ThirdToken", key3, "ThirdToken SecondToken", key3 + " " + key2},
		} {
			w.ok(w.SetPlatform(w.ctx, program.PlatformConfig{
				ComponentAppID: component, Token: secret.New(c.token), EncodingAESKey: secret.New(c.key),
			}))
			ps, err := w.PushSecrets(w.ctx) // the instance that saved sees it at once
			w.ok(err)
			if reveal(ps.Tokens) != c.tokens || reveal(ps.Keys) != c.keys {
				t.Errorf("%s: tokens %q, keys %q", c.name, reveal(ps.Tokens), reveal(ps.Keys))
			}
		}
	})
}

func TestAnotherInstanceSeesChangedPushSecretsWithinSeconds(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		twin := w.instance(nil)
		if _, err := twin.PushSecrets(w.ctx); err != nil {
			t.Fatal(err)
		}
		w.ok(w.SetPlatform(w.ctx, program.PlatformConfig{ComponentAppID: component, Token: secret.New("SecondToken")}))
		w.clock.Advance(5_000_000_000)
		ps, err := twin.PushSecrets(w.ctx)
		w.ok(err)
		if reveal(ps.Tokens) != "SecondToken "+pushToken {
			t.Errorf("tokens %q", reveal(ps.Tokens))
		}
	})
}

func TestWrongPlatformValuesAreRefusedInWords(t *testing.T) {
	d := testkit.SQLite(t)
	w := newWorld(t, d)
	for _, c := range []struct {
		name, field string
		change      func(*program.PlatformConfig)
	}{
		{"no AppID", "component_appid", func(c *program.PlatformConfig) { c.ComponentAppID = "" }},
		{"an original id instead of the AppID", "component_appid", func(c *program.PlatformConfig) { c.ComponentAppID = shopUser }},
		{"an AppID with a blank inside", "component_appid", func(c *program.PlatformConfig) { c.ComponentAppID = "wx 1" + component }},
		{"a token of two letters", "token", func(c *program.PlatformConfig) { c.Token = secret.New("ab") }},
		{"a token of 33 letters", "token", func(c *program.PlatformConfig) { c.Token = secret.New(strings.Repeat("a", 33)) }},
		{"a token with a dash", "token", func(c *program.PlatformConfig) { c.Token = secret.New("push-token") }},
		{"a key of 42 letters", "encoding_aes_key", func(c *program.PlatformConfig) { c.EncodingAESKey = secret.New(pushKey[1:]) }},
		{"a key of 44 letters", "encoding_aes_key", func(c *program.PlatformConfig) { c.EncodingAESKey = secret.New(pushKey + "a") }},
		{"a key with base64 padding", "encoding_aes_key", func(c *program.PlatformConfig) { c.EncodingAESKey = secret.New(pushKey[1:] + "=") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := platformConfig()
			c.change(&cfg)
			err := w.SetPlatform(w.ctx, cfg)
			var field *program.FieldError
			if !errors.As(err, &field) || field.Field != c.field {
				t.Fatalf("err %v, want field %s", err, c.field)
			}
			if !strings.ContainsFunc(field.Text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
				t.Errorf("text %q is not Chinese", field.Text)
			}
			for _, v := range []secret.Text{cfg.Secret, cfg.Token, cfg.EncodingAESKey} {
				if strings.Contains(err.Error(), v.Reveal()) {
					t.Errorf("the error shows what was typed: %v", err)
				}
			}
		})
	}
	if _, err := w.Platform(w.ctx); !errors.Is(err, program.ErrNoPlatform) {
		t.Errorf("after refusals: %v, want ErrNoPlatform", err)
	}
	if jobs := w.queued(); len(jobs) != 0 {
		t.Errorf("refusals left jobs %v", jobs)
	}
}

func TestGeneratedPushSecretsAreAcceptedAndDiffer(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	seen := map[string]bool{}
	for range 20 {
		token, key, err := program.GeneratePushSecrets()
		w.ok(err)
		if seen[token.Reveal()] || seen[key.Reveal()] {
			t.Fatal("the same twice")
		}
		seen[token.Reveal()], seen[key.Reveal()] = true, true
		w.ok(w.SetPlatform(w.ctx, program.PlatformConfig{ComponentAppID: component, Token: token, EncodingAESKey: key}))
	}
}

func TestFirstStartValuesNeverReplaceWhatStaffSaved(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SeedPlatform(w.ctx, program.PlatformConfig{}))
		if _, err := w.Platform(w.ctx); !errors.Is(err, program.ErrNoPlatform) {
			t.Fatalf("seeded with nothing: %v", err)
		}
		w.ok(w.SeedPlatform(w.ctx, platformConfig()))
		seed := platformConfig()
		seed.Token = secret.New("FromTheEnvironment")
		w.ok(w.SeedPlatform(w.ctx, seed))
		ps, err := w.PushSecrets(w.ctx)
		w.ok(err)
		if reveal(ps.Tokens) != pushToken {
			t.Errorf("tokens %q", reveal(ps.Tokens))
		}
	})
}

func TestAnotherPlatformStartsAfresh(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		cfg := platformConfig()
		cfg.ComponentAppID, cfg.Token = "wx0000000000000001", secret.New("OtherPlatform")
		w.ok(w.SetPlatform(w.ctx, cfg))
		st, err := w.Platform(w.ctx)
		w.ok(err)
		if !st.TicketReceived.IsZero() || !st.TokenExpires.IsZero() || st.ComponentAppID != cfg.ComponentAppID {
			t.Errorf("status %+v", st)
		}
		ps, err := w.PushSecrets(w.ctx)
		w.ok(err)
		if reveal(ps.Tokens) != "OtherPlatform" {
			t.Errorf("tokens %q: the old platform's are still valid", reveal(ps.Tokens))
		}
		if n := w.rows("credentials", "kind = 'component'"); n != 0 {
			t.Errorf("%d component tokens of the old platform are kept", n)
		}
	})
}

func TestTheNewestTicketIsKeptAndSurvivesARestart(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		old, newest := w.sim.PushTicket(), w.sim.PushTicket()
		w.ok(w.SaveTicket(w.ctx, component, secret.New(old), 0))
		w.ok(w.SaveTicket(w.ctx, component, secret.New(newest), 0))
		w.forget()
		w.ok(w.instance(nil).KeepTokens(w.ctx)) // a new process
		calls := w.gate.exchanges(apiComponent)
		var sent map[string]string
		if len(calls) != 1 || json.Unmarshal([]byte(calls[0].request), &sent) != nil || sent["component_verify_ticket"] != newest {
			t.Errorf("%d component token calls, newest ticket used: %v", len(calls), sent["component_verify_ticket"] == newest)
		}
		st, err := w.Platform(w.ctx)
		w.ok(err)
		if st.TicketReceived != db.At(w.clock.Now()) {
			t.Errorf("ticket received at %v", st.TicketReceived)
		}
	})
}

func TestATicketOfAForeignPlatformIsRefusedAndChangesNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if err := w.SaveTicket(w.ctx, component, secret.New("ticket@@@early"), 0); !errors.Is(err, program.ErrNoPlatform) {
			t.Errorf("before the platform is set: %v", err)
		}
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		w.ticket()
		w.forget()
		if err := w.SaveTicket(w.ctx, "wx0000000000000001", secret.New("ticket@@@foreign"), 0); !errors.Is(err, program.ErrNoPlatform) {
			t.Errorf("err %v, want ErrNoPlatform", err)
		}
		if n := w.queuedOf("program.keep_tokens"); n != 0 {
			t.Errorf("a foreign ticket made %d jobs", n)
		}
		w.ok(w.KeepTokens(w.ctx))
		if w.answered(apiComponent) != 1 {
			t.Error("our own ticket is not used any more")
		}
	})
}
