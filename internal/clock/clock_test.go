package clock_test

import (
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
)

func TestFakeStandsStillUntilTold(t *testing.T) {
	start := time.Date(2026, 3, 12, 6, 18, 0, 0, time.UTC)
	c := clock.NewFake(start)
	for range 2 {
		if !c.Now().Equal(start) {
			t.Error("it moved by itself")
		}
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			c.Advance(time.Minute)
			_ = c.Now()
		})
	}
	wg.Wait()
	if got := c.Now().Sub(start); got != 10*time.Minute {
		t.Errorf("it moved by %s", got)
	}
}

func TestSystemMovesOn(t *testing.T) {
	var c clock.Clock = clock.System{}
	before := time.Now()
	if now := c.Now(); now.Before(before) || now.After(time.Now()) {
		t.Errorf("it shows %s", now)
	}
}
