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
		started, release := make(chan struct{}, 12), make(chan struct{})
		start := func(queue string) {
			go func() {
				err := around(t.Context(), &rivertype.JobRow{Queue: queue}, func(context.Context) error {
					running.Add(1)
					started <- struct{}{}
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
		// The rest give way no longer than this. The bubble's clock goes on when all wait.
		began := time.Now()
		for range 11 {
			<-started
		}
		if waited := time.Since(began); waited != floodDelay {
			t.Errorf("the last of 11 jobs ran after %s, want %s", waited, floodDelay)
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
