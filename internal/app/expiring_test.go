package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// A merchant's certificate ends hard, and with it every refund of all its programs. From the hourly look on, whoever subscribed is told once for each
// reminder, not once for each program, and a certificate that was changed meanwhile is not called old.
func TestACertificateThatEndsSoonIsToldOnceForAllProgramsOfItsMerchant(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.subscribe()
		first, second := s.authorise(tea), s.authorise(park)
		owner := s.as(identity.Owner)
		s.hearEverything(owner)
		s.till(owner, first.ID)
		m, _ := owner.want(200, "GET", "/merchants", nil).items()[0]["id"].(string)
		owner.want(200, "PATCH", "/programs/"+second.ID, obj{"merchant_id": m})
		s.idle()
		told := len(s.sim.Outbox().Emails)

		endsIn := func(d time.Duration) {
			t.Helper()
			if _, err := s.app.DB.Write().NewRaw(`UPDATE merchants SET cert_expires_at = ?`, db.At(time.Now().Add(d))).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		look := func() {
			t.Helper()
			for range 3 {
				err := s.app.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return tx.Enqueue(ctx, refund.KeepArgs{}, nil) })
				if err != nil {
					t.Fatal(err)
				}
				s.idle()
			}
		}
		mail := func(wants ...string) {
			t.Helper()
			told++
			box := s.mails(told)
			if len(box) != told {
				t.Fatalf("%d mails, want %d: %s", len(box), told, subjects(box))
			}
			for _, want := range wants {
				if !strings.Contains(box[told-1].Subject+box[told-1].Text, want) {
					t.Errorf("the mail lacks %q: %s\n%s", want, box[told-1].Subject, box[told-1].Text)
				}
			}
		}

		look()
		if n := len(s.sim.Outbox().Emails); n != told {
			t.Fatalf("told five years ahead: %s", subjects(s.sim.Outbox().Emails))
		}
		endsIn(20*24*time.Hour + time.Hour)
		look()
		mail("商户证书快到期", "满山茶铺", "1900000109", "还有 20 天", s.app.Config.PublicURL+"/settings/merchants")
		endsIn(-time.Hour)
		look()
		mail("已在", "过期，现在不能退款")

		// Changed before the reminder was read.
		at := db.At(time.Now().Add(time.Hour))
		if err := s.app.Notify.Plan(t.Context(), notify.Event{
			Kind: notify.EventMerchantExpiring, ProgramID: first.ID, Key: expiryKey(refund.ExpiringArgs{MerchantID: m, At: at, Days: 0}),
		}); err != nil {
			t.Fatal(err)
		}
		mail("的证书已经换新，不用处理")
	})
}

func subjects(box []wechatsim.Email) string {
	var out []string
	for _, m := range box {
		out = append(out, m.Subject)
	}
	return strings.Join(out, " | ")
}

func TestADroppedScoreIsToldWithItsNumbers(t *testing.T) {
	if got := scoreNote("92/80/1764000000000"); got != "交易体验分从 92 分降到 80 分。" {
		t.Error(got)
	}
	if got := scoreNote("unknown"); got != "" {
		t.Errorf("a key of another form says %q", got)
	}
}
