package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/zhisu/zhisu/internal/db"
)

func TestWhilePushesWaitFewJobsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flood atomic.Bool
		flood.Store(true)
		around := hearFirst(flood.Load)
		var running atomic.Int32
		release := make(chan struct{})
		start := func(queue string) {
			go func() {
				err := around(t.Context(), &rivertype.JobRow{Queue: queue}, func(context.Context) error {
					running.Add(1)
					<-release
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}()
		}
		for range 10 {
			start(db.QueueDefault)
		}
		synctest.Wait()
		if n := running.Load(); n != floodWorkers {
			t.Errorf("%d jobs run during a flood, want %d", n, floodWorkers)
		}
		start(db.QueueAct)
		synctest.Wait()
		if n := running.Load(); n != floodWorkers+1 {
			t.Error("what somebody decided was held back")
		}
		time.Sleep(floodDelay)
		synctest.Wait()
		if n := running.Load(); n != 11 {
			t.Errorf("%d of 11 jobs run after the longest wait", n)
		}
		flood.Store(false)
		start(db.QueueNotify)
		synctest.Wait()
		if n := running.Load(); n != 12 {
			t.Error("a job waited although no push did")
		}
		close(release)
		synctest.Wait()
	})
}

func TestAStoppedWorkerDoesNotStartAJobThatWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		around := hearFirst(func() bool { return true })
		release := make(chan struct{})
		for range floodWorkers {
			go func() {
				_ = around(t.Context(), &rivertype.JobRow{}, func(context.Context) error { <-release; return nil })
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := around(ctx, &rivertype.JobRow{}, func(context.Context) error { t.Error("it ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		close(release)
	})
}
