package gap_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

const day = 24 * time.Hour

// world is a report over rows that tests write; nothing is called and no job runs.
type world struct {
	t      *testing.T
	db     *db.DB
	clock  *clock.Fake
	sealer *secret.Sealer
	gaps   *gap.Service
	named  []gap.Named
	n      int
}

func newWorld(t *testing.T, d *db.DB) *world {
	w := &world{t: t, db: d, clock: testkit.Clock(), sealer: testkit.Sealer(t)}
	log := slog.New(slog.DiscardHandler)
	ps := program.New(program.Options{DB: d, Sealer: w.sealer, Clock: w.clock, Logger: log})
	w.gaps = gap.New(gap.Options{
		DB: d, Clock: w.clock, Programs: ps,
		Complaints: complaint.New(complaint.Options{DB: d, Sealer: w.sealer, Clock: w.clock, Programs: ps, Logger: log}),
		Inbound:    inbound.New(inbound.Options{DB: d, Sealer: w.sealer, Clock: w.clock, Programs: ps, Logger: log, Metrics: prometheus.NewRegistry()}),
		Penalties:  func(context.Context, []string) ([]gap.Named, error) { return w.named, nil },
	})
	return w
}

func (w *world) now() db.Time { return db.At(w.clock.Now()) }

func (w *world) insert(model any) {
	w.t.Helper()
	if _, err := w.db.Write().NewInsert().Model(model).Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) program(id string, change func(*program.Program)) string {
	w.t.Helper()
	p := &program.Program{
		ID: id, AppID: "wx" + id + "0000000000", Name: id, Mode: program.Platform, State: program.Active, GrantedSets: db.AsJSON([]int{76, 151, 19}),
		CreatedAt: w.now(), UpdatedAt: w.now(),
	}
	if change != nil {
		change(p)
	}
	w.insert(p)
	return id
}

// cases gives a program a case at each of these times before now.
func (w *world) cases(programID string, before ...time.Duration) {
	w.t.Helper()
	for _, d := range before {
		w.n++
		w.insert(&complaint.Complaint{
			ID: db.NewID(), ProgramID: programID, ComplaintOrderID: strconv.Itoa(70000 + w.n), Stage: complaint.Closed, Status: 201, DueSort: 1, FirstSeenAt: w.now() - ms(d), SyncedAt: w.now(),
		})
	}
}

func (w *world) pushed(programID string, at db.Time) {
	w.t.Helper()
	if _, err := w.db.Write().NewRaw(`UPDATE programs SET last_push_at = ? WHERE id = ?`, at, programID).Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// delivery stores a push as it would have been kept.
func (w *world) delivery(state string, age time.Duration, appID, programID, body string) {
	w.t.Helper()
	id := db.NewID()
	sealed, err := w.sealer.Seal(secret.Place{Table: "deliveries", Column: "body_sealed", ID: id}, secret.New(body))
	if err != nil {
		w.t.Fatal(err)
	}
	w.insert(&inbound.Delivery{
		ID: id, Source: inbound.FromMessages, AppID: appID, ProgramID: programID, Event: "wxa_complaint", DedupeKey: id, BodySealed: sealed, State: state,
		Error: map[string]string{inbound.Failed: "推送内容无法识别"}[state], ReceivedAt: w.now() - ms(age),
	})
}

func (w *world) report(ids []string) gap.Report {
	w.t.Helper()
	r, err := w.gaps.Report(w.t.Context(), ids)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// found lists the items as code/program.
func found(r gap.Report) []string {
	out := []string{}
	for _, i := range r.Items {
		out = append(out, i.Code+"/"+i.ProgramID)
	}
	slices.Sort(out)
	return out
}

func ms(d time.Duration) db.Time { return db.Time(d.Milliseconds()) }

func TestPatienceIsMeasuredByTheProgramsOwnRhythm(t *testing.T) {
	rhythm := func(cases int64, over, longest time.Duration) complaint.Rhythm {
		return complaint.Rhythm{Cases: cases, First: db.At(testkit.Start), Last: db.At(testkit.Start.Add(over)), Longest: longest}
	}
	for name, tc := range map[string]struct {
		rhythm complaint.Rhythm
		want   time.Duration
	}{
		"never a complaint":            {complaint.Rhythm{}, 0},
		"too few to have a rhythm":     {rhythm(4, 90*day, 40*day), 0},
		"many on one afternoon":        {rhythm(40, 6*time.Hour, time.Hour), 0},
		"one a day":                    {rhythm(31, 30*day, 2*day), 6 * day},
		"fifty a day":                  {rhythm(1500, 30*day, 9*time.Hour), day},
		"two waves with a month apart": {rhythm(60, 31*day, 30*day), 60 * day},
		"one a month":                  {rhythm(6, 150*day, 35*day), 180 * day},
	} {
		t.Run(name, func(t *testing.T) {
			if got := gap.Patience(tc.rhythm); got != tc.want {
				t.Errorf("patience %s, want %s", got, tc.want)
			}
		})
	}
}

func TestASilenceIsToldOnceAndAgainOnlyAfterSomethingWasHeard(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		busy := w.program("busy", nil)
		w.program("never", nil)
		few := w.program("few", nil)
		off := w.program("off", func(p *program.Program) { p.State = program.Disabled })
		var daily []time.Duration
		for i := range 30 {
			daily = append(daily, time.Duration(i)*day)
		}
		w.cases(busy, daily...)
		w.cases(off, daily...)
		w.cases(few, day, 40*day)
		for _, p := range []string{busy, few, off} {
			w.pushed(p, w.now())
		}
		// hours passes time, an hour a step as the schedule does, and returns who was told of by then.
		told := func(hours int) []gap.SilentArgs {
			t.Helper()
			for range hours {
				w.clock.Advance(time.Hour)
				if err := w.gaps.Measure(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			out := []gap.SilentArgs{}
			for _, j := range testkit.Jobs(t, d, "gap.silent") {
				var a gap.SilentArgs
				if err := json.Unmarshal([]byte(j), &a); err != nil {
					t.Fatal(err)
				}
				out = append(out, a)
			}
			return out
		}
		first := w.now()
		w.clock.Advance(5 * day)
		if got := told(1); len(got) != 0 {
			t.Fatalf("told within the usual: %v", got)
		}
		w.clock.Advance(day)
		if got := told(3); len(got) != 1 || got[0] != (gap.SilentArgs{ProgramID: busy, Since: first}) {
			t.Fatalf("told: %v", got)
		}
		if got := found(w.report(nil)); !slices.Equal(got, []string{"push_silent/busy"}) {
			t.Errorf("report: %v", got)
		}
		// Another instance measures the same; still nothing more.
		w.clock.Advance(20 * day)
		if got := told(2); len(got) != 1 {
			t.Fatalf("told again without having been heard: %v", got)
		}
		w.pushed(busy, w.now())
		if got := told(1); len(got) != 1 || len(w.report(nil).Items) != 0 {
			t.Fatalf("heard again: %v, %v", got, found(w.report(nil)))
		}
		w.clock.Advance(90 * day)
		if got := told(2); len(got) != 2 || got[1].ProgramID != busy || got[1].Since == first {
			t.Fatalf("the second silence: %v", got)
		}
	})
}

func TestTheReportNamesWhatMayHaveBeenMissedAndItsWayOut(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if r := w.report(nil); len(r.Items) != 0 || len(r.Checks) < 5 || r.CheckedAt != w.now() {
			t.Fatalf("empty installation: %+v", r)
		}
		fine, poor := w.program("fine", nil), w.program("poor", func(p *program.Program) { p.GrantedSets.V = []int{151} })
		w.program("gone", func(p *program.Program) { p.State, p.RevokedAt = program.Revoked, w.now() })
		w.program("off", func(p *program.Program) { p.State, p.GrantedSets.V = program.Disabled, nil })
		own := w.program("own", func(p *program.Program) {
			p.Mode, p.LastError, p.PushRefusedAt, p.PushRefusal = program.Direct, "AppSecret 不正确", w.now(), "推送没有加密"
		})
		push := func(number string) string {
			return `<xml><ToUserName>gh_1</ToUserName><MsgType>event</MsgType><Event>wxa_complaint</Event><ComplaintOrderId>` + number + `</ComplaintOrderId></xml>`
		}
		w.cases(fine, day) // number 70001
		w.delivery(inbound.Stored, time.Minute, "wxfine0000000000", fine, push("1"))
		w.delivery(inbound.Done, time.Hour, "wxfine0000000000", fine, push("70001"))
		w.delivery(inbound.Stored, time.Hour, "wxfine0000000000", fine, push("2"))
		w.delivery(inbound.Failed, time.Hour, "wxfine0000000000", fine, "no push at all")
		w.delivery(inbound.Failed, 40*day, "wxfine0000000000", fine, "old")
		w.delivery(inbound.Failed, time.Hour, "wxnobody00000000", "", push("3"))
		due := func(number string, change func(*complaint.Complaint)) {
			c := &complaint.Complaint{
				ID: "c" + number, ProgramID: fine, ComplaintOrderID: number, Stage: complaint.ToRespond, Status: 101, FirstSeenAt: w.now() - ms(day), SyncedAt: w.now() - ms(day),
				NextCheckAt: w.now() + ms(time.Hour),
			}
			change(c)
			w.insert(c)
		}
		due("80001", func(*complaint.Complaint) {})
		due("80002", func(c *complaint.Complaint) { c.SyncError = "微信繁忙" })
		due("80003", func(c *complaint.Complaint) { c.NextCheckAt = w.now() - ms(time.Hour) })
		w.named = []gap.Named{{ProgramID: fine, OrderID: "80001"}, {ProgramID: fine, OrderID: "90009"}, {ProgramID: poor, OrderID: "80001"}}
		all := w.report(nil)
		want := []string{
			"complaint_unknown/fine", "complaint_unknown/poor", "delivery_failed/", "delivery_failed/fine", "delivery_stuck/fine", "direct_secret/own",
			"permission_missing/poor", "permission_missing/poor", "program_revoked/gone", "push_refused/own", "recheck_late/fine", "sync_failed/fine",
		}
		if got := found(all); !slices.Equal(got, want) {
			t.Errorf("found %v\nwant  %v", got, want)
		}
		warned := false
		for _, i := range all.Items {
			if i.Text == "" || i.Hint == "" || i.Fix == "" || i.ProgramID != "" && i.ProgramName == "" {
				t.Errorf("without words or way out: %+v", i)
			}
			if warned = warned || i.Severity == gap.Warning; warned && i.Severity == gap.Error {
				t.Errorf("an error after a warning: %s", i.Code)
			}
			if i.Code == gap.CodeUnknown && (i.Fix != gap.FixImport || i.OrderID == "") {
				t.Errorf("unknown complaint cannot be imported: %+v", i)
			}
		}
		if got := found(w.report([]string{own})); !slices.Equal(got, []string{"direct_secret/own", "push_refused/own"}) {
			t.Errorf("within a scope: %v", got)
		}
		if got := found(w.report([]string{})); len(got) != 0 {
			t.Errorf("with no program: %v", got)
		}
	})
}

func TestAnOldTicketIsAWarningAndThenAnError(t *testing.T) {
	w := newWorld(t, testkit.SQLite(t))
	ps := w.gaps.Programs
	err := ps.SetPlatform(t.Context(), program.PlatformConfig{
		ComponentAppID: "wxcomponent000001", Secret: secret.New("s"), Token: secret.New("token"), EncodingAESKey: secret.New("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := found(w.report(nil)); !slices.Equal(got, []string{"ticket_missing/"}) {
		t.Errorf("before the first ticket: %v", got)
	}
	if err := ps.SaveTicket(t.Context(), "wxcomponent000001", secret.New("ticket@@@1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		want  gap.Severity
	}{{29 * time.Minute, ""}, {2 * time.Minute, gap.Warning}, {2 * time.Hour, gap.Error}} {
		w.clock.Advance(step.after)
		r, got := w.report(nil), gap.Severity("")
		for _, i := range r.Items {
			if i.Code == gap.CodeTicketOld {
				got = i.Severity
			}
		}
		if got != step.want {
			t.Errorf("%s later: %q, want %q", step.after, got, step.want)
		}
	}
	if r := w.report([]string{}); len(r.Items) != 0 {
		t.Errorf("shown to somebody with a few programs: %v", found(r))
	}
}
