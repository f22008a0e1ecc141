package action

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/complaint"
)

func TestRespondIsLegalOnlyIn201(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		for _, st := range []complaint.Status{
			0, 1, 101, 102, 103, 104, 105, 106, 107, 108, 109, 112, 115, 116, 202, 203, 204, 205, 206, 207, 208, 209, 305, 307, 308, 309, 310, 311, 312, 999,
		} {
			for _, appeal := range []int64{complaint.AppealNone, complaint.AppealOpen} {
				w.setStatus(c, st, appeal)
				_, err := w.actions.Submit(w.t.Context(), intent(c))
				var illegal *NotLegalError
				if !errors.As(err, &illegal) {
					w.t.Fatalf("status %d, appeal %d: Submit returned %v, want a NotLegalError", st, appeal, err)
				}
				if illegal.Legality.Reason == "" || illegal.Error() == "" {
					w.t.Errorf("status %d, appeal %d: no reason is given", st, appeal)
				}
				if slices.Contains(illegal.Legal, complaint.Respond) {
					w.t.Errorf("status %d, appeal %d: %v is offered instead", st, appeal, illegal.Legal)
				}
			}
		}
		acts, err := w.actions.OfComplaint(w.t.Context(), c.ID)
		w.must(err)
		if len(acts) != 0 || w.jobs("action.perform") != 0 {
			w.t.Errorf("refused requests left %d actions and %d jobs", len(acts), w.jobs("action.perform"))
		}
		w.called(respondAPI, 0)

		w.setStatus(c, 201, complaint.AppealNone)
		a := w.submit(c)
		if a.State != Queued || w.jobs("action.perform") != 1 {
			w.t.Errorf("in 201 the action is %s with %d jobs", a.State, w.jobs("action.perform"))
		}
		w.called(respondAPI, 0) // the caller never waits for WeChat
	})
}

func (w *world) setStatus(c *complaint.Complaint, st complaint.Status, appeal int64) {
	w.t.Helper()
	_, err := w.db.Write().NewUpdate().Model((*complaint.Complaint)(nil)).
		Set("status = ?, appeal_state = ?, stage = ?", st, appeal, complaint.StageOf(st, appeal)).Where("id = ?", c.ID).Exec(w.t.Context())
	w.must(err)
}

func TestSubmitRefusesWhatCannotBeSent(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		for name, tc := range map[string]struct {
			change func(*Intent)
			field  string
		}{
			"an empty text":              {func(in *Intent) { in.Content = "" }, "content"},
			"a text of blanks":           {func(in *Intent) { in.Content = " \t\n　" }, "content"},
			"a text that is too long":    {func(in *Intent) { in.Content = strings.Repeat("退", MaxContent+1) }, "content"},
			"no decision":                {func(in *Intent) { in.Decision = "" }, "decision"},
			"a decision nobody knows":    {func(in *Intent) { in.Decision = "maybe" }, "decision"},
			"a decision with an appeal":  {func(in *Intent) { in.Kind = complaint.Appeal }, "decision"},
			"a return with an answer":    {func(in *Intent) { in.AcceptReturn = new(bool) }, "accept_return"},
			"more pictures than useful":  {func(in *Intent) { in.EvidenceIDs = make([]string, MaxEvidence+1) }, "evidence_ids"},
			"a kind that does not exist": {func(in *Intent) { in.Kind = "dance" }, "kind"},
		} {
			in := intent(c)
			tc.change(&in)
			_, err := w.actions.Submit(w.t.Context(), in)
			var fe *FieldError
			if !errors.As(err, &fe) || fe.Field != tc.field || fe.Text == "" {
				w.t.Errorf("%s: Submit returned %v, want a FieldError of %s", name, err, tc.field)
			}
		}
		in := intent(c)
		in.ComplaintID = "nobody"
		if _, err := w.actions.Submit(w.t.Context(), in); !errors.Is(err, complaint.ErrNotFound) {
			w.t.Errorf("an unknown case gives %v", err)
		}
		if n := w.jobs("action.perform"); n != 0 {
			w.t.Errorf("refused requests left %d jobs", n)
		}
	})
}

func TestTextIsTrimmedAndItsLimitCountsCharacters(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		in := intent(c)
		in.Content = "\n  " + strings.Repeat("退", MaxContent) + "  \n"
		a, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		if want := strings.Repeat("退", MaxContent); a.Content != want || w.reload(a).Content != want {
			w.t.Errorf("the stored text is not the trimmed one")
		}
		w.drive(a)
		w.ended(a, Done, "")
	})
}

func TestRepeatOfARequestReturnsItsAction(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		in := intent(c)
		first, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		second, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		if second.ID != first.ID {
			w.t.Fatal("the repeat made another action")
		}
		w.drive(first)
		// Also when the case has moved on: the answer to a repeat is the answer to the request.
		third, err := w.actions.Submit(w.t.Context(), in)
		w.must(err)
		if third.ID != first.ID || third.State != Done {
			w.t.Errorf("the late repeat returned %s in %s", third.ID, third.State)
		}
		w.effects(c, 1)
	})
}

func TestSimultaneousRepeatsMakeOneAction(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		in := intent(c)
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				a, err := w.actions.Submit(w.t.Context(), in)
				if err != nil {
					w.t.Errorf("repeat %d: %v", i, err)
					return
				}
				ids[i] = a.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				w.t.Fatalf("repeats made several actions: %v", ids)
			}
		}
		if n := w.jobs("action.perform"); n != 1 {
			w.t.Errorf("there are %d jobs, want 1", n)
		}
	})
}

func TestOnlyOneActionOfACaseIsUnderWay(t *testing.T) {
	onEngines(t, func(w *world) {
		c, other := w.file(), w.file()
		var wg sync.WaitGroup
		var mu sync.Mutex
		var made []*Action
		for range 6 {
			wg.Go(func() {
				a, err := w.actions.Submit(w.t.Context(), intent(c))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made = append(made, a)
				case !errors.Is(err, ErrInFlight):
					w.t.Errorf("Submit returned %v, want ErrInFlight", err)
				}
			})
		}
		wg.Wait()
		if len(made) != 1 {
			w.t.Fatalf("%d actions were made, want 1", len(made))
		}
		w.submit(other) // another case is not held up

		for _, st := range []State{Running, Unknown} {
			_, err := w.db.Write().NewUpdate().Model((*Action)(nil)).Set("state = ?", st).Where("id = ?", made[0].ID).Exec(w.t.Context())
			w.must(err)
			if _, err := w.actions.Submit(w.t.Context(), intent(c)); !errors.Is(err, ErrInFlight) {
				w.t.Errorf("beside an action that is %s, Submit returned %v", st, err)
			}
		}
	})
}

func TestLastStatesAreThoseOfTheNewestActions(t *testing.T) {
	onEngines(t, func(w *world) {
		failed, queued, none := w.file(), w.file(), w.file()
		w.fault(faultOf(respondAPI, 10001))
		a := w.submit(failed)
		w.drive(a)
		w.clock.Advance(1)
		w.submit(queued)
		got, err := w.actions.LastStates(w.t.Context(), []string{failed.ID, queued.ID, none.ID})
		w.must(err)
		if len(got) != 2 || got[failed.ID] != Failed || got[queued.ID] != Queued {
			w.t.Errorf("last states are %v", got)
		}
		if got, err := w.actions.LastStates(w.t.Context(), nil); err != nil || len(got) != 0 {
			w.t.Errorf("of no cases the last states are %v, %v", got, err)
		}
		if _, err := w.actions.ByID(w.t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
			w.t.Errorf("an unknown action gives %v", err)
		}
	})
}
