package fault

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim"
)

// seeded returns a source whose seed is logged, so that a run's kills can be repeated.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := setting(t, "ZHISU_FAULT_SEED", time.Now().UnixNano())
	t.Logf("ZHISU_FAULT_SEED=%d", seed)
	return rand.New(rand.NewPCG(uint64(seed), 1))
}

// between returns a random duration.
func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// load files complaints at a steady rate until ctx ends, and returns how many.
func (w *world) load(ctx context.Context, perSecond int64) (filed int) {
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return filed
		case <-tick.C:
		}
		if _, err := w.sim.FileComplaint(wechatsim.Filing{AppID: shop}); err != nil {
			w.t.Errorf("file a complaint: %v", err)
			return filed
		}
		filed++
	}
}

// The process dies at any moment, again and again, while complaints pour in: what was acknowledged must be there afterwards, and told.
func TestNothingAcknowledgedIsLostWhenKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, postgres bool) {
		random := seeded(t)
		w := newWorld(t, postgres, 1, nil, nil)
		length := time.Duration(setting(t, "ZHISU_FAULT_SECONDS", 12)) * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		filed := make(chan int, 1)
		go func() { filed <- w.load(ctx, setting(t, "ZHISU_FAULT_RATE", 50)) }()

		p, l, kills := w.procs[0], newLedger(), 0
		for ctx.Err() == nil {
			pause(ctx, between(random, 500*time.Millisecond, 2*time.Second))
			p.kill()
			kills++
			p.start()
			l.read(w.sim)
		}
		n := <-filed
		t.Logf("%d complaints filed, %d kills", n, kills)
		p.awaitReady()
		idle, done := context.WithTimeout(t.Context(), time.Minute)
		defer done()
		w.must(w.sim.WaitIdle(idle))
		w.settled(l, 100*time.Second+length)
		if got := len(l.acked) + len(l.failed); got != n {
			t.Errorf("%d of %d pushes came to an end", got, n)
		}
	})
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
