package retain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
)

const day = 24 * time.Hour

// world is what is kept, with files, a month after Start unless tests let more time pass.
type world struct {
	t        *testing.T
	db       *db.DB
	clock    *clock.Fake
	keep     *Service
	files    blob.Store
	sweeper  *blob.Sweeper
	mu       sync.Mutex
	recorded []map[string]any
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: testkit.Clock()}
	log, sealer := slog.New(slog.DiscardHandler), testkit.Sealer(t)
	var err error
	if w.files, err = blob.OpenDir(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	ps := program.New(program.Options{DB: d, Sealer: sealer, Clock: w.clock, Logger: log})
	cases := complaint.New(complaint.Options{DB: d, Sealer: sealer, Clock: w.clock, Programs: ps, Logger: log})
	pictures := evidence.New(evidence.Options{DB: d, Files: w.files, Clock: w.clock, Used: func(context.Context, bun.IDB, string) (bool, error) { return false, nil }})
	w.sweeper = &blob.Sweeper{DB: d, Files: w.files, Clock: w.clock, Owners: []blob.Owner{pictures.Owns, cases.Owns}}
	w.keep = New(Options{
		DB: d, Clock: w.clock, Complaints: cases, Evidence: pictures,
		Inbound: inbound.New(inbound.Options{DB: d, Sealer: sealer, Clock: w.clock, Programs: ps, Logger: log, Metrics: prometheus.NewRegistry()}),
		Record: func(_ context.Context, _ bun.IDB, _ string, detail map[string]any) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.recorded = append(w.recorded, detail)
			return nil
		},
	})
	for _, p := range []string{"calm", "open"} {
		w.insert(&program.Program{ID: p, AppID: "wx" + p, Mode: program.Platform, State: program.Active, CreatedAt: 1, UpdatedAt: 1})
	}
	return w
}

func (w *world) insert(model any) {
	w.t.Helper()
	if _, err := w.db.Write().NewInsert().Model(model).Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Write().NewRaw(query, args...).Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(content string) string {
	w.t.Helper()
	name, err := w.files.Put(w.t.Context(), []byte(content))
	if err != nil {
		w.t.Fatal(err)
	}
	return name
}

func (w *world) has(name string) bool {
	w.t.Helper()
	_, err := w.files.Get(w.t.Context(), name)
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

// story makes a case with everything that is kept with one. closed = how long ago, zero while it is open.
func (w *world) story(id, programID string, closed time.Duration, copied, original string) {
	w.t.Helper()
	now := db.At(w.clock.Now())
	heard := now - db.Time(max(closed, 40*day).Milliseconds()) - 1000
	c := &complaint.Complaint{
		ID: id, ProgramID: programID, ComplaintOrderID: id, Stage: complaint.ToRespond, Status: 100, DueSort: 1, FirstSeenAt: heard,
		PhoneSealed: "sealed", OpenIDSealed: "sealed", ContentSealed: "sealed", PhoneMasked: "138****0000",
	}
	if closed > 0 {
		c.Stage, c.Status, c.ClosedAt = complaint.Closed, 201, now-db.Time(closed.Milliseconds())
	}
	w.insert(c)
	for i := range 3 {
		w.exec(`INSERT INTO snapshots (id, complaint_id, hash, status, body_sealed, taken_at) VALUES (?, ?, 'h', 100, 'sealed', ?)`, fmt.Sprint(id, i), id, heard)
		w.insert(&inbound.Delivery{
			ID: fmt.Sprint("d", id, i), Source: inbound.FromMessages, ProgramID: programID, Event: "wxa_complaint", DedupeKey: fmt.Sprint(id, i), BodySealed: "sealed",
			State: []string{inbound.Done, inbound.Failed, inbound.Stored}[i], ReceivedAt: heard,
		})
	}
	w.insert(&complaint.Image{ID: "i" + id, ComplaintID: id, Link: "l", URL: "u", State: "archived", SHA256: w.put(copied), CreatedAt: heard, ArchivedAt: heard})
	w.insert(&evidence.Evidence{
		ID: "e" + id, ComplaintID: id, UploaderID: "u", UploaderName: "u", Name: "n.jpg", ContentType: "image/jpeg", OriginalType: "image/png",
		Blob: w.put("sent " + id), OriginalBlob: w.put(original), CreatedAt: heard,
	})
}

func (w *world) left() map[string]int {
	w.t.Helper()
	out := map[string]int{}
	for name, query := range map[string]string{
		"deliveries": "SELECT count(*) FROM deliveries", "snapshots": "SELECT count(*) FROM snapshots", "images": "SELECT count(*) FROM images WHERE state = 'archived'",
		"originals": "SELECT count(*) FROM evidence WHERE original_blob <> ''", "personal": "SELECT count(*) FROM complaints WHERE phone_sealed <> ''",
	} {
		var n int
		if err := w.db.Read.NewRaw(query).Scan(w.t.Context(), &n); err != nil {
			w.t.Fatal(err)
		}
		out[name] = n
	}
	return out
}

func (w *world) store(v Settings) {
	w.t.Helper()
	if err := w.keep.Store(w.t.Context(), w.db.Write(), v); err != nil {
		w.t.Fatal(err)
	}
}

// run works the job as often as it asks for it.
func (w *world) run() {
	w.t.Helper()
	for range 20 {
		before := len(testkit.Jobs(w.t, w.db, "retain.run"))
		if err := w.keep.Run(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if len(testkit.Jobs(w.t, w.db, "retain.run")) == before {
			return
		}
	}
	w.t.Fatal("it never ends")
}

func TestWhatIsOldEnoughOfClosedCasesIsForgottenAndNothingElse(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.story("old", "calm", 100*day, "shared", "original of old")
		w.story("young", "calm", 20*day, "copied of young", "shared too")
		w.story("going", "open", 0, "shared too", "original of going")
		w.story("ended", "open", 100*day, "copied of ended", "shared")
		all := w.left()
		// By default nothing goes.
		w.run()
		if got := w.left(); !maps.Equal(got, all) || len(w.recorded) != 0 {
			t.Fatalf("without a setting: %v, want %v, %v", got, all, w.recorded)
		}
		v := Settings{Deliveries: 30, Snapshots: 90, Images: 90, Originals: 90, Personal: 365}
		w.store(v)
		// Of the program with an open case no push goes that is younger than it: those of "ended" are older.
		want := Counts{Deliveries: 2 + 2 + 2, Snapshots: 6, Images: 2, Originals: 2}
		if got, err := w.keep.Preview(t.Context(), v); err != nil || got != want {
			t.Fatalf("preview %+v, want %+v, %v", got, want, err)
		}
		w.keep.batch, w.keep.batches = 2, 2 // many small jobs
		w.run()
		r, err := w.keep.LastRun(t.Context())
		if err != nil || r.Counts() != want || r.FinishedAt.IsZero() {
			t.Fatalf("last run: %+v, %v", r, err)
		}
		if len(w.recorded) != 1 || w.recorded[0]["snapshots"] != 6 {
			t.Errorf("recorded: %v", w.recorded)
		}
		if got, err := w.keep.Preview(t.Context(), v); err != nil || got.Any() {
			t.Errorf("afterwards there is still %+v, %v", got, err)
		}
		left := map[string]int{"deliveries": 12 - 6, "snapshots": 6, "images": 2, "originals": 2, "personal": 4}
		if got := w.left(); !maps.Equal(got, left) {
			t.Errorf("left %v, want %v", got, left)
		}
		// Not again on the same day; personal data a year later, and the raw forms with them.
		w.run()
		w.clock.Advance(300 * day)
		w.run()
		if got := w.left(); got["personal"] != 2 || len(w.recorded) != 2 || w.recorded[1]["personal"] != 2 {
			t.Errorf("a year after closing: %v, %v", got, w.recorded)
		}
		var masked string
		if err := d.Read.NewRaw("SELECT phone_masked FROM complaints WHERE id = 'old' AND erased_at IS NOT NULL").Scan(t.Context(), &masked); err != nil || masked == "" {
			t.Errorf("the masked form: %q, %v", masked, err)
		}
	})
}

func TestAFileGoesOnlyWhenNothingHasIt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.story("one", "calm", 0, "same bytes", "only mine")
		w.story("two", "calm", 0, "other bytes", "same bytes")
		sweep := func(want int) {
			t.Helper()
			if n, err := w.sweeper.Sweep(t.Context()); err != nil || n != want {
				t.Fatalf("swept %d, want %d, %v", n, want, err)
			}
		}
		remove := func(id string) {
			t.Helper()
			e, err := w.keep.Evidence.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.keep.Evidence.Delete(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		same := blob.Name([]byte("same bytes"))
		remove("etwo") // whose original is also WeChat's picture of case one
		sweep(0)       // somebody may be storing the same at this moment
		w.clock.Advance(2 * time.Hour)
		sweep(1)
		if !w.has(same) || w.has(blob.Name([]byte("sent two"))) {
			t.Fatal("the picture of another case went, or the file of no one stayed")
		}
		// Deleted and uploaded again within the hour: it stays.
		remove("eone")
		w.insert(&evidence.Evidence{
			ID: "again", UploaderID: "u", UploaderName: "u", Name: "n.jpg", ContentType: "image/jpeg", OriginalType: "image/png",
			Blob: w.put("sent one"), OriginalBlob: w.put("only mine"), CreatedAt: 1,
		})
		w.clock.Advance(2 * time.Hour)
		sweep(0)
		if !w.has(blob.Name([]byte("only mine"))) {
			t.Error("a file with a new owner went")
		}
		// The last owner lets go.
		w.exec("UPDATE complaints SET closed_at = 1, first_seen_at = 1")
		w.store(Settings{Images: 30})
		w.clock.Advance(31 * day)
		w.run()
		w.clock.Advance(2 * time.Hour)
		sweep(2)
		if w.has(same) {
			t.Error("a file without owner stayed")
		}
	})
}

func TestSettingsOutOfBoundsAreRefused(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	for _, v := range []Settings{{Deliveries: 29}, {Snapshots: -1}, {Images: 3651}, {Originals: 1}, {Personal: 7}} {
		var field *FieldError
		if err := w.keep.Store(t.Context(), w.db.Write(), v); !errors.As(err, &field) {
			t.Errorf("%+v: %v", v, err)
		}
		if _, err := w.keep.Preview(t.Context(), v); !errors.As(err, &field) {
			t.Errorf("preview of %+v: %v", v, err)
		}
	}
	if e := (Settings{Personal: 90, Deliveries: 30}).effective(); e.Deliveries != 30 || e.Snapshots != 90 || e.Images != 0 {
		t.Errorf("raw forms stay longer than what is in them: %+v", e)
	}
}
