package complaint

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func ptr[T any](v T) *T { return &v }

func TestSyncMergesTheDetail(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{Amount: 16800, ImageCount: 2})
		got := w.sync(c)
		view, err := w.sim.Complaint(c.ComplaintOrderID)
		if err != nil {
			t.Fatal(err)
		}
		same := got.Status == 201 && *got.Amount == 16800 && int64(got.DueAt) == *view.ExpiresAt && int64(got.CreatedAt) == view.CreatedAt &&
			got.TransactionID == view.TransactionID && got.OutTradeNo == view.OutTradeNo && len(got.Images.V) == 2
		if !same || got.SyncedAt != db.At(testkit.Start) || got.SyncError != "" || got.Version != 1 {
			t.Errorf("merged %+v", got)
		}
		es := w.timeline(c.ID)
		if len(es) != 2 || es[0].Kind != KindDeadline || es[0].DueTo != got.DueAt {
			t.Fatalf("timeline %+v", es)
		}
		if e := es[1]; e.Source != FromWeChat || e.Text != "用户发起投诉："+maskedInText || e.At != got.CreatedAt || len(e.Images.V) != 2 {
			t.Errorf("the complaint's own entry %+v", e)
		}
		if stored := w.byNumber(c.ComplaintOrderID); stored.Version != got.Version || stored.SnapshotHash != got.SnapshotHash || stored.Stage != ToRespond {
			t.Errorf("stored %+v", stored)
		}
	})
}

func TestEveryShapeOfTheDetailIsRead(t *testing.T) {
	same := func(t *testing.T, c *Complaint) {
		t.Helper()
		if c.Status != 201 || c.Type != 643 || c.Amount == nil || *c.Amount != 16800 || c.DueAt.IsZero() || c.ProductName != "手工陶瓷杯" {
			t.Errorf("read %+v", c)
		}
	}
	shapes := map[string]struct {
		v     wechatsim.Variants
		check func(t *testing.T, c *Complaint)
	}{
		"as commonly seen":           {wechatsim.Variants{}, same},
		"item is an object":          {wechatsim.Variants{ItemObject: true}, same},
		"openid in small letters":    {wechatsim.Variants{LowerOpenID: true}, same},
		"the amount as text":         {wechatsim.Variants{TotalCost: "str"}, same},
		"the amount with a currency": {wechatsim.Variants{TotalCost: "currency"}, same},
		"ids as numbers":             {wechatsim.Variants{NumericIDs: true}, same},
		"numbers as text":            {wechatsim.Variants{StringNumbers: true}, same},
		"payorder@ alone":            {wechatsim.Variants{NoUnderscore: true}, same},
		"no deadline": {wechatsim.Variants{ExpireZero: true}, func(t *testing.T, c *Complaint) {
			if !c.DueAt.IsZero() || c.DueSort != noDue {
				t.Errorf("due %d", c.DueAt)
			}
		}},
		"a status nobody knows": {wechatsim.Variants{Status: ptr(999)}, func(t *testing.T, c *Complaint) {
			if c.Status != 999 || c.Stage != StageUnknown || c.Status.Text() != "微信返回了未公开的状态" {
				t.Errorf("%d, %s, %s", c.Status, c.Stage, c.Status.Text())
			}
		}},
		"a type nobody knows": {wechatsim.Variants{Type: ptr(669)}, func(t *testing.T, c *Complaint) {
			if c.Type != 669 || c.Type.Known() {
				t.Errorf("type %d", c.Type)
			}
		}},
		"most fields missing": {
			wechatsim.Variants{Omit: []string{"status", "type", "customerMaterial", "totalCost", "openId", "phoneNumber", "productName", "createTime", "item"}}, same,
		},
	}
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for name, shape := range shapes {
			t.Run(name, func(t *testing.T) {
				w.t = t
				c := w.heard(wechatsim.Filing{Amount: 16800})
				if err := w.sim.SetVariants("", c.ComplaintOrderID, shape.v); err != nil {
					t.Fatal(err)
				}
				got := w.sync(c)
				shape.check(t, got)
				p, err := w.cases.Reveal(got)
				if err != nil || p.Phone.Reveal() != userPhone || p.OpenID.Reveal() != userOpenID || p.Content.Reveal() != userContent {
					t.Errorf("personal data %q, %q, %q, %v", p.Phone.Reveal(), p.OpenID.Reveal(), p.Content.Reveal(), err)
				}
				if got.TransactionID == "" || strings.Contains(got.TransactionID, "payorder") {
					t.Errorf("transaction %q", got.TransactionID)
				}
				if stored := w.byNumber(c.ComplaintOrderID); stored.Status != got.Status || stored.Stage != got.Stage || stored.Version != 1 {
					t.Errorf("stored %+v", stored)
				}
			})
		}
	})
}

func TestAnUnknownStatusCanBeLeftAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{})
		if err := w.sim.SetVariants("", c.ComplaintOrderID, wechatsim.Variants{Status: ptr(999)}); err != nil {
			t.Fatal(err)
		}
		c = w.sync(c)
		if got := w.changes(c.ID); !slices.Equal(got, []Change{Created, Progressed}) {
			t.Errorf("announced %v", got)
		}
		if err := w.sim.SetVariants("", c.ComplaintOrderID, wechatsim.Variants{}); err != nil {
			t.Fatal(err)
		}
		if got := w.sync(c); got.Status != 201 || got.Stage != ToRespond {
			t.Errorf("read %+v", got)
		}
	})
}

func TestTheSameAnswerChangesNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.sync(w.heard(wechatsim.Filing{ImageCount: 2}))
		before := testkit.Counts(t, d)
		w.clock.Advance(time.Hour) // image links are signed anew
		again := w.sync(c)
		if again.SyncedAt == c.SyncedAt || again.Version != c.Version || again.SnapshotHash != c.SnapshotHash {
			t.Errorf("first %+v, then %+v", c, again)
		}
		for table, n := range testkit.Counts(t, d) {
			if n != before[table] {
				t.Errorf("%s has %d rows, had %d", table, n, before[table])
			}
		}
	})
}

func TestTheEndOfACaseIsNotedOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.sync(w.heard(wechatsim.Filing{}))
		if !c.ClosedAt.IsZero() {
			t.Fatalf("an open case was closed at %d", c.ClosedAt)
		}
		w.clock.Advance(time.Minute)
		w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
		closed := db.FromUnix(w.clock.Now().Unix()) // by WeChat's seconds
		w.clock.Advance(10 * time.Minute)
		if c = w.sync(c); c.Stage != Closed || c.ClosedAt != closed {
			t.Fatalf("%s, closed at %d, want %d", c.Stage, c.ClosedAt, closed)
		}
		w.clock.Advance(time.Hour)
		if c = w.sync(c); c.ClosedAt != closed {
			t.Errorf("reading it again moved its end to %d", c.ClosedAt)
		}
		days, err := w.cases.Days(t.Context(), nil, 1)
		if err != nil || days[0].Closed != 1 {
			t.Errorf("the day: %v, %v", days, err)
		}
	})
}

func TestACaseIsFollowedToItsEnd(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.sync(w.heard(wechatsim.Filing{}))
		steps := []struct {
			events []wechatsim.Event
			status Status
			stage  Stage
			change Change
		}{
			{[]wechatsim.Event{wechatsim.TimeOut}, 101, AtPlatform, Progressed},
			{[]wechatsim.Event{wechatsim.PlatformAsksEvidence}, 106, ToSupplement, EvidenceAsked},
			{[]wechatsim.Event{wechatsim.TimeOut}, 307, AtPlatform, Progressed},
			{[]wechatsim.Event{wechatsim.PlatformRulesMerchant}, 206, ToProve, RuledAgainst},
		}
		want := []Change{Created}
		for _, s := range steps {
			w.clock.Advance(time.Minute)
			for _, ev := range s.events {
				w.advance(c.ComplaintOrderID, ev)
			}
			c = w.sync(c)
			want = append(want, s.change)
			if c.Status != s.status || c.Stage != s.stage {
				t.Fatalf("after %v: %d in stage %s", s.events, c.Status, c.Stage)
			}
		}
		if got := w.changes(c.ID); !slices.Equal(got, want) {
			t.Errorf("announced %v, want %v", got, want)
		}
		if c.AppealState != AppealOpen || c.DueAt.IsZero() {
			t.Errorf("appeal %d, due %d", c.AppealState, c.DueAt)
		}
		if n := w.count(`SELECT count(*) FROM snapshots WHERE complaint_id = ?`, c.ID); n != len(steps)+1 {
			t.Errorf("%d snapshots", n)
		}
		es := w.timeline(c.ID)
		if !slices.IsSortedFunc(es, func(a, b Entry) int { return int(b.At - a.At) }) {
			t.Error("the timeline is not newest first")
		}
		for i := 1; i < len(es); i++ {
			if es[i].DedupeKey == es[i-1].DedupeKey {
				t.Errorf("entry %q came twice", es[i].Text)
			}
		}
	})
}

func TestAClosedCaseHasNoDeadlineToSortBy(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	c := w.heard(wechatsim.Filing{})
	w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
	if c = w.sync(c); c.Stage != Closed || c.DueSort != noDue {
		t.Errorf("%s, sorted by %d", c.Stage, c.DueSort)
	}
}

// gate holds back WeChat's next answer about a case until it is opened.
type gate struct {
	once    sync.Once
	reached chan struct{}
	open    chan struct{}
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if strings.HasSuffix(r.URL.Path, "/complaintOrderDetail") {
		g.once.Do(func() {
			close(g.reached)
			<-g.open
		})
	}
	return res, err
}

func TestAnOlderAnswerNeverOverwritesANewerOne(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{})
		g := &gate{reached: make(chan struct{}), open: make(chan struct{})}
		_, slow := w.services(&http.Client{Transport: g})
		result := make(chan error, 1)
		go func() { result <- slow.Sync(t.Context(), c.ID) }()
		<-g.reached // the slow one has read 201

		w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
		newer := w.sync(c)
		close(g.open)
		if err := <-result; err != nil {
			t.Errorf("the slow one did not look again: %v", err)
		}
		got := w.byNumber(c.ComplaintOrderID)
		if got.Status != 102 || got.Version != newer.Version || got.SyncError != "" {
			t.Errorf("stored %+v", got)
		}
		if changes := w.changes(c.ID); !slices.Equal(changes, []Change{Created, Withdrawn}) {
			t.Errorf("announced %v", changes)
		}
		if n := w.count(`SELECT count(*) FROM snapshots WHERE status = 201`); n != 0 {
			t.Error("the old answer was kept as a snapshot")
		}
	})
}

func TestManySyncsAtOnceMergeOneAnswerOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := w.cases.SyncNow(t.Context(), c.ID); err != nil && !errors.Is(err, errMoved) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.count(`SELECT count(*) FROM snapshots`); n != 1 {
			t.Errorf("%d snapshots", n)
		}
		if got := w.byNumber(c.ComplaintOrderID); got.Version != 1 || len(w.timeline(c.ID)) != 2 {
			t.Errorf("version %d, %d entries", got.Version, len(w.timeline(c.ID)))
		}
	})
}

func TestPersonalDataIsNowhereInClear(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{NickName: "昵称李四"})
		if err := w.sim.Advance(c.ComplaintOrderID, wechatsim.TimeOut, wechatsim.AdvanceOptions{Content: "用户留了电话 " + phoneInText}); err != nil {
			t.Fatal(err)
		}
		c = w.sync(c)
		all := testkit.Dump(t, d)
		for _, clear := range []string{userPhone, phoneInText, userOpenID, "昵称李四"} {
			if i := strings.Index(all, clear); i >= 0 {
				line := all[strings.LastIndex(all[:i], "\n")+1:]
				t.Errorf("%q is stored in clear: %s", clear, line[:strings.Index(line, "\n")])
			}
		}
		p, err := w.cases.Reveal(c)
		if err != nil || p.Phone.Reveal() != userPhone || p.OpenID.Reveal() != userOpenID || p.Content.Reveal() != userContent {
			t.Errorf("revealed %q, %q, %q, %v", p.Phone.Reveal(), p.OpenID.Reveal(), p.Content.Reveal(), err)
		}
		swapped := *c
		swapped.ID = db.NewID()
		if p, err := w.cases.Reveal(&swapped); err == nil || !p.Phone.IsEmpty() {
			t.Error("values copied to another case can be opened")
		}
		if p, err := w.cases.Reveal(&Complaint{ID: c.ID}); err != nil || !p.Phone.IsEmpty() {
			t.Errorf("a case without personal data gave %v", err)
		}
	})
}
