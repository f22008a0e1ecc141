package complaint

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestFailedSyncsAreShownAndTriedAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		impatient := &http.Client{Timeout: 250 * time.Millisecond, Transport: &http.Transport{}}
		_, hurried := w.services(impatient)
		for name, c := range map[string]struct {
			fault   wechatsim.Fault
			cases   *Service
			errcode int64
			words   string
			atLeast time.Duration
		}{
			"system error":      {wechatsim.Fault{Errcode: ptr(-1), Errmsg: "system error"}, w.cases, -1, "微信繁忙", 2 * time.Second},
			"no permission":     {wechatsim.Fault{Errcode: ptr(61007)}, w.cases, 61007, "小程序违规与交易投诉管理", 10 * time.Minute},
			"no answer in time": {wechatsim.Fault{DelayMS: 60_000}, hurried, 0, "正在自动重试", time.Second},
			"hung up":           {wechatsim.Fault{Hangup: true}, w.cases, 0, "正在自动重试", time.Second},
			"a gateway's page":  {wechatsim.Fault{HTTPStatus: 502}, w.cases, 0, "正在自动重试", time.Second},
			"an empty answer":   {wechatsim.Fault{Body: ptr("")}, w.cases, 0, "正在自动重试", time.Second},
			"no complaintOrder": {wechatsim.Fault{Body: ptr(`{"errcode":0}`)}, w.cases, 0, "正在自动重试", time.Second},
			"called too often":  {wechatsim.Fault{Errcode: ptr(45011)}, w.cases, 45011, "正在自动重试", time.Minute},
		} {
			t.Run(name, func(t *testing.T) {
				w.t = t
				k := w.sync(w.heard(wechatsim.Filing{}))
				c.fault.Target, c.fault.Times = "complaintOrderDetail", 100 // net/http itself repeats a reading that was hung up
				if err := w.sim.AddFault(c.fault); err != nil {
					t.Fatal(err)
				}
				first := snooze(t, c.cases, k.ID)
				got := w.byNumber(k.ComplaintOrderID)
				if !strings.Contains(got.SyncError, c.words) || got.SyncErrcode != c.errcode || got.SyncAttempts != 1 {
					t.Errorf("noted %q, %d, attempt %d", got.SyncError, got.SyncErrcode, got.SyncAttempts)
				}
				if (c.errcode != 0) != (got.SyncRID != "") {
					t.Errorf("rid %q", got.SyncRID)
				}
				if got.Status != 201 || got.SyncedAt != k.SyncedAt || got.Version != k.Version {
					t.Errorf("the failure changed the case: %+v", got)
				}
				second := snooze(t, c.cases, k.ID)
				if first < c.atLeast || second < first {
					t.Errorf("waits %s, then %s", first, second)
				}
				w.sim.ClearFaults()
				if err := c.cases.Sync(t.Context(), k.ID); err != nil {
					t.Fatalf("it did not recover: %v", err)
				}
				got = w.byNumber(k.ComplaintOrderID)
				if got.SyncError != "" || got.SyncErrcode != 0 || got.SyncRID != "" || got.SyncAttempts != 0 {
					t.Errorf("after the recovery: %+v", got)
				}
			})
		}
	})
}

func TestAnotherFailureReplacesTheOldOnesCode(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	c := w.heard(wechatsim.Filing{})
	for _, f := range []wechatsim.Fault{{Errcode: ptr(-1), Errmsg: "system error"}, {Hangup: true}} {
		f.Target, f.Times = "complaintOrderDetail", 100
		if err := w.sim.AddFault(f); err != nil {
			t.Fatal(err)
		}
		snooze(t, w.cases, c.ID)
		w.sim.ClearFaults()
	}
	if got := w.byNumber(c.ComplaintOrderID); got.SyncErrcode != 0 || got.SyncRID != "" || got.SyncAttempts != 2 {
		t.Errorf("noted %d, %q, attempt %d", got.SyncErrcode, got.SyncRID, got.SyncAttempts)
	}
}

func TestCasesThatCouldNotBeReadAreReadAtOnceWhenTheProgramIsWellAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.sync(w.heard(wechatsim.Filing{}))
		denied := w.heard(wechatsim.Filing{})
		if err := w.sim.AddFault(wechatsim.Fault{Target: "complaintOrderDetail", Errcode: ptr(61007), Times: 1}); err != nil {
			t.Fatal(err)
		}
		snooze(t, w.cases, denied.ID)
		w.exec(`DELETE FROM river_job`)
		if err := w.cases.RetryUnread(t.Context(), db.NewID()); err != nil || len(testkit.Jobs(t, d, SyncArgs{}.Kind())) != 0 {
			t.Errorf("another program's news has cases read, or failed: %v", err)
		}
		if err := w.cases.RetryUnread(t.Context(), denied.ProgramID); err != nil {
			t.Fatal(err)
		}
		if jobs := testkit.Jobs(t, d, SyncArgs{}.Kind()); len(jobs) != 1 {
			t.Errorf("%d cases are read, want the one that could not be read", len(jobs))
		}
	})
}

func TestARevokedProgramIsSaidInWords(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	c := w.heard(wechatsim.Filing{})
	w.exec(`UPDATE programs SET state = 'revoked'`)
	if wait := snooze(t, w.cases, c.ID); wait < 10*time.Minute {
		t.Errorf("it asks again after %s", wait)
	}
	if got := w.byNumber(c.ComplaintOrderID); !strings.Contains(got.SyncError, "授权") {
		t.Errorf("noted %q", got.SyncError)
	}
}

func TestASyncJobOfAMissingCaseEnds(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	if err := w.cases.Sync(t.Context(), db.NewID()); err != nil {
		t.Errorf("error %v", err)
	}
	if _, err := w.cases.SyncNow(t.Context(), db.NewID()); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestWhatASyncFindsIsStoredWholeOrNotAtAll(t *testing.T) {
	for _, broken := range []string{"snapshots", "timeline", "river_job"} {
		t.Run(broken, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				c := w.sync(w.heard(wechatsim.Filing{}))
				w.clock.Advance(time.Minute)
				w.advance(c.ComplaintOrderID, wechatsim.TimeOut)
				before := testkit.Counts(t, d)
				w.exec(`ALTER TABLE ` + broken + ` RENAME TO hidden`)
				if _, err := w.cases.SyncNow(t.Context(), c.ID); err == nil {
					t.Fatal("it worked without " + broken)
				}
				w.exec(`ALTER TABLE hidden RENAME TO ` + broken)
				for table, n := range testkit.Counts(t, d) {
					if n != before[table] {
						t.Errorf("%s has %d rows, had %d", table, n, before[table])
					}
				}
				if got := w.byNumber(c.ComplaintOrderID); got.Status != 201 || got.Version != c.Version || got.SnapshotHash != c.SnapshotHash {
					t.Errorf("half of it was stored: %+v", got)
				}
				if got := w.sync(c); got.Status != 101 {
					t.Errorf("the repeat gave %d", got.Status)
				}
				if got := w.changes(c.ID); !slices.Equal(got, []Change{Created, Progressed}) {
					t.Errorf("announced %v", got)
				}
			})
		})
	}
}
