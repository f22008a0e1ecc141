package complaint

import (
	"context"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestWhatWasErasedStaysErasedUntilTheCaseGoesOn(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		erase := func() (n int) {
			t.Helper()
			err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
				n, err = w.cases.Erase(ctx, tx, db.At(w.clock.Now().Add(-30*24*time.Hour)), 10)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		pass := func(days int) {
			t.Helper()
			w.clock.Advance(time.Duration(days) * 24 * time.Hour)
			if err := w.programs.SaveTicket(t.Context(), component, secret.New(w.sim.PushTicket()), 0); err != nil {
				t.Fatal(err)
			}
		}
		c := w.sync(w.heard(wechatsim.Filing{}))
		if !c.ClosedAt.IsZero() || c.PhoneSealed == "" {
			t.Fatalf("an open case: %+v", c)
		}
		pass(60)
		if erase() != 0 {
			t.Fatal("an open case was erased")
		}
		w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
		if c = w.sync(c); c.ClosedAt != w.cases.now() || erase() != 0 {
			t.Fatalf("just closed: %+v", c)
		}
		pass(31)
		stale := *c
		if n := erase(); n != 1 || erase() != 0 {
			t.Fatalf("erased %d", n)
		}
		// A reading that began before finds the case moved; a new one brings nothing back.
		if _, err := w.cases.merge(t.Context(), &stale, wechat.Detail{}, nil, w.cases.now()); err == nil {
			t.Error("a reading from before wrote over the erased case")
		}
		if c = w.sync(c); c.PhoneSealed != "" || c.ContentSealed != "" || c.OpenIDSealed != "" || c.PhoneMasked == "" || c.ErasedAt.IsZero() {
			t.Errorf("after it was read again: %+v", c)
		}
		if p, err := w.cases.Reveal(c); err != nil || p.Phone.Reveal() != "" {
			t.Errorf("reveal: %v, %v", p, err)
		}
		// It goes on: the merchant needs it all again.
		c.Stage, c.Status = ToRespond, 100
		if c.setClosed(w.cases.now()); !c.ClosedAt.IsZero() || !c.ErasedAt.IsZero() {
			t.Errorf("reopened: %+v", c)
		}
	})
}
