package complaint

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechat/push"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestANewCaseIsKnownFromItsPushAlone(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		number := w.file(wechatsim.Filing{Type: 642, Amount: 16800, ProductName: "明前龙井 250g 礼盒"})
		if err := w.sim.AddFault(wechatsim.Fault{Target: "complaintOrderDetail", HTTPStatus: 502, Times: 100}); err != nil {
			t.Fatal(err)
		}
		e := w.pushed(number)
		w.hear(e)

		c := w.byNumber(number)
		if c.ProgramID != w.shop.ID || c.Status != 201 || c.Stage != ToRespond || c.Type != 642 || c.Amount == nil || *c.Amount != 16800 || c.ProductName != "明前龙井 250g 礼盒" {
			t.Errorf("stored %+v", c)
		}
		if c.TransactionID == "" || strings.Contains(c.TransactionID, "payorder") || c.OutTradeNo != e.OutTradeNo {
			t.Errorf("order numbers %q, %q", c.TransactionID, c.OutTradeNo)
		}
		if want := db.At(testkit.Start.Add(48 * time.Hour)); c.DueAt != want || c.DueSort != int64(want) {
			t.Errorf("due %d, sorted by %d, want %d", c.DueAt, c.DueSort, want)
		}
		if c.PhoneMasked != "138****6021" || c.ContentMasked != maskedInText || c.OpenIDMasked == userOpenID || !c.SyncedAt.IsZero() {
			t.Errorf("shown: %q, %q, %q, synced %d", c.PhoneMasked, c.OpenIDMasked, c.ContentMasked, c.SyncedAt)
		}
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created}) {
			t.Errorf("announced %v", got)
		}
		if got := testkit.Jobs(t, d, SyncArgs{}.Kind()); len(got) != 1 || !strings.Contains(got[0], c.ID) {
			t.Errorf("sync jobs: %v", got)
		}
	})
}

func TestACaseIsAnnouncedOnceHoweverOftenItIsPushed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := w.pushed(w.file(wechatsim.Filing{}))
		const times = 8
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range times {
			wg.Go(func() {
				<-start
				if err := w.cases.Hear(t.Context(), w.shop, e); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		w.hear(e)

		c := w.byNumber(e.ComplaintOrderID)
		if n := w.count(`SELECT count(*) FROM complaints`); n != 1 {
			t.Errorf("%d cases", n)
		}
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created}) {
			t.Errorf("announced %v", got)
		}
		if n := len(testkit.Jobs(t, d, SyncArgs{}.Kind())); n != times+1 {
			t.Errorf("%d pushes led to %d syncs", times+1, n)
		}
		w.sync(c)
		w.hear(e)
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created}) {
			t.Errorf("after the sync: announced %v", got)
		}
	})
}

func TestTheSameNumberInTwoProgramsIsTwoCases(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := w.pushed(w.file(wechatsim.Filing{}))
		w.hear(e)
		if err := w.cases.Hear(t.Context(), w.other, e); err != nil {
			t.Fatal(err)
		}
		if n := w.count(`SELECT count(*) FROM complaints WHERE complaint_order_id = ?`, e.ComplaintOrderID); n != 2 {
			t.Errorf("%d cases", n)
		}
	})
}

func TestALatePushDoesNotOverwriteWhatWeKnow(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		number := w.file(wechatsim.Filing{})
		first := w.pushed(number)
		w.hear(first)
		w.advance(number, wechatsim.Withdraw)
		before := w.sync(w.byNumber(number))
		if before.Status != 102 {
			t.Fatalf("status %d", before.Status)
		}

		late := first
		late.ProductName, late.PhoneNumber, late.Content = "old", "13000000000", "old"
		w.hear(late)
		after := w.byNumber(number)
		if after.Status != 102 || after.Stage != Closed || after.ProductName != before.ProductName || after.PhoneSealed != before.PhoneSealed ||
			after.ContentMasked != before.ContentMasked || after.Version != before.Version {
			t.Errorf("the late push changed the case: %+v", after)
		}
		if n := len(testkit.Jobs(t, d, SyncArgs{}.Kind())); n != 2 {
			t.Errorf("%d syncs; the late push must lead to a look", n)
		}
	})
}

func TestAPushWithoutANumberIsRefused(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		before := testkit.Counts(t, d)
		if err := w.cases.Hear(t.Context(), w.shop, push.ComplaintCallback{Status: 201}); !errors.Is(err, ErrNotAtWeChat) {
			t.Errorf("error %v", err)
		}
		for table, n := range testkit.Counts(t, d) {
			if n != before[table] {
				t.Errorf("%s has %d rows, had %d", table, n, before[table])
			}
		}
	})
}

func TestAPushWithJunkIsStillACase(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		number := w.file(wechatsim.Filing{})
		// The official samples carry status 1 and type 12 (reference/wechat-complaint-api.md §3).
		w.hear(push.ComplaintCallback{ComplaintOrderID: number, Status: 1, Type: 12, ProductName: "a\x00b", Content: "c\x00d"})
		c := w.byNumber(number)
		if c.Stage != StageUnknown || c.Status != 1 || c.Type != 12 || c.DueSort != noDue || c.Amount != nil || c.ProductName != "ab" || c.ContentMasked != "cd" {
			t.Errorf("stored %+v", c)
		}
		if got := w.sync(c); got.Status != 201 || got.Stage != ToRespond || got.Type != 643 || got.DueAt.IsZero() {
			t.Errorf("WeChat's detail did not replace the junk: %+v", got)
		}
	})
}

func TestImport(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		number := w.file(wechatsim.Filing{Amount: 990})
		c, err := w.cases.Import(t.Context(), w.shop, number)
		if err != nil {
			t.Fatal(err)
		}
		// People are told at once, so the facts must be there.
		stored := w.byNumber(number)
		if stored.ID != c.ID || stored.Status != 201 || stored.Amount == nil || *stored.Amount != 990 || stored.PhoneMasked != "138****6021" || stored.DueAt.IsZero() {
			t.Errorf("stored %+v", stored)
		}
		again, err := w.cases.Import(t.Context(), w.shop, number)
		if err != nil || again.ID != c.ID {
			t.Errorf("the second import gave %v, %v", again, err)
		}
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created}) {
			t.Errorf("announced %v", got)
		}
		if n := len(testkit.Jobs(t, d, SyncArgs{}.Kind())); n != 2 {
			t.Errorf("%d syncs", n)
		}
		w.sync(c)
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created}) {
			t.Errorf("after the sync: announced %v", got)
		}
		if len(w.timeline(c.ID)) == 0 || w.count(`SELECT count(*) FROM snapshots`) != 1 {
			t.Error("the sync left no timeline or snapshot")
		}
	})
}

func TestAWrongNumberMakesNoCase(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		foreign := w.file(wechatsim.Filing{AppID: otherShop})
		for name, number := range map[string]string{"unknown": "99999999", "of another program": foreign} {
			before := testkit.Counts(t, d)
			_, err := w.cases.Import(t.Context(), w.shop, number)
			if wechat.CodeOf(err) != wechat.CodeSystemBusy {
				t.Errorf("%s: %v", name, err)
			}
			for table, n := range testkit.Counts(t, d) {
				if n != before[table] {
					t.Errorf("%s: %s has %d rows, had %d", name, table, n, before[table])
				}
			}
		}
	})
}

func TestReconcileFindsCasesNobodyReads(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		unread, failed, read := w.heard(wechatsim.Filing{}), w.heard(wechatsim.Filing{}), w.heard(wechatsim.Filing{})
		closed := w.heard(wechatsim.Filing{})
		w.advance(closed.ComplaintOrderID, wechatsim.Withdraw)
		w.sync(closed)
		w.sync(read)
		if err := w.sim.AddFault(wechatsim.Fault{Target: "complaintOrderDetail", HTTPStatus: 500}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.cases.SyncNow(t.Context(), failed.ID); err == nil {
			t.Fatal("the fault had no effect")
		}
		w.exec(`DELETE FROM river_job`)
		reconcile := func() []string {
			t.Helper()
			if err := w.cases.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			return testkit.Jobs(t, d, SyncArgs{}.Kind())
		}
		if got := reconcile(); len(got) != 0 {
			t.Errorf("fresh cases were enqueued: %v", got)
		}
		w.clock.Advance(reconcileAfter + time.Second)
		for range 2 { // live jobs are not repeated
			got := strings.Join(reconcile(), " ")
			for _, c := range []*Complaint{unread, failed} {
				if strings.Count(got, c.ID) != 1 {
					t.Errorf("case %s in %s", c.ID, got)
				}
			}
			for _, c := range []*Complaint{read, closed} {
				if strings.Contains(got, c.ID) {
					t.Errorf("case %s needs nothing, but is in %s", c.ID, got)
				}
			}
		}
	})
}
