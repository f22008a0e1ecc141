package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim"
)

const respondPath = "/wxaapi/minishop/bussiRespondComplaint"

// known files complaints and waits until the product has read them.
func (w *world) known(n int) []complaint {
	w.t.Helper()
	orders := make([]string, n)
	for i := range orders {
		var err error
		orders[i], err = w.sim.FileComplaint(wechatsim.Filing{AppID: shop})
		w.must(err)
	}
	out := make([]complaint, n)
	eventually(w.t, time.Minute, "knowing the complaints", func() (bool, string) {
		cs := w.complaints()
		for i, o := range orders {
			if out[i] = cs[o]; out[i].Synced == nil {
				return false, o + " is not read"
			}
		}
		return true, ""
	})
	return out
}

// respond asks until the product accepts, as a browser with a patient user does: the same key each time. It returns the action's id.
func (w *world) respond(base, complaintID, key string) (string, error) {
	in := map[string]any{"decision": "agree", "content": "已为您全额退款，感谢您的耐心。"}
	deadline := time.Now().Add(time.Minute)
	last := "no answer"
	for time.Now().Before(deadline) && w.t.Context().Err() == nil {
		status, b, err := w.api(base, http.MethodPost, "/complaints/"+complaintID+"/respond", in, "Idempotency-Key", key)
		switch {
		case err != nil:
			last = "no answer"
		case status == http.StatusAccepted:
			var out struct {
				ActionID string `json:"action_id"`
			}
			if err := json.Unmarshal(b, &out); err != nil || out.ActionID == "" {
				return "", fmt.Errorf("the answer %s has no action id", b)
			}
			return out.ActionID, nil
		case status == http.StatusConflict && strings.Contains(string(b), "not_legal_now"):
			return "", nil // answered already, by whatever request
		default:
			last = fmt.Sprintf("%d %s", status, b)
		}
		pause(w.t.Context(), 100*time.Millisecond)
	}
	return "", fmt.Errorf("respond to %s: %s", complaintID, last)
}

type actionView struct {
	State string `json:"state"`
	Error *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// answeredOnce asserts that WeChat took exactly one answer to a complaint.
func (w *world) answeredOnce(c complaint) {
	w.t.Helper()
	v, err := w.sim.Complaint(c.OrderID)
	w.must(err)
	effects, calls := 0, 0
	for _, it := range v.Items {
		if it.ItemType == 109 {
			effects++
		}
	}
	for _, call := range v.Calls {
		if call.Path == respondPath && call.Errcode == 0 {
			calls++
		}
	}
	if effects != 1 || calls != 1 || v.Status != 203 {
		w.t.Errorf("WeChat took %d answers to %s in %d successful calls, and its status is %d", effects, c.OrderID, calls, v.Status)
	}
}

// The process dies at any moment of an answer on its way to WeChat: the answer arrives once, and the product knows it.
func TestAnswersArriveOnceWhenKilledOnTheWay(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, postgres bool) {
		random := seeded(t)
		const most = 60 * time.Millisecond
		w := newWorld(t, postgres, 1, nil, slowly(respondPath, most))
		p := w.procs[0]
		cs := w.known(int(setting(t, "ZHISU_FAULT_ANSWERS", 8)))
		actions := map[string]complaint{}
		cut := 0
		for i, c := range cs {
			p.awaitReady()
			var id string
			var err error
			var asking sync.WaitGroup
			asking.Go(func() { id, err = w.respond(p.url, c.ID, fmt.Sprint("key-", i)) })
			pause(t.Context(), between(random, 0, 4*most))
			p.kill()
			if v, verr := w.sim.Complaint(c.OrderID); verr == nil && v.Status == 203 {
				cut++
			}
			p.start()
			asking.Wait()
			if err != nil {
				t.Fatal(err)
			}
			actions[id] = c
		}
		p.awaitReady()
		for id, c := range actions {
			if id == "" {
				t.Errorf("the request for %s was never accepted", c.OrderID)
				continue
			}
			var a actionView
			eventually(t, 100*time.Second, "the end of an action", func() (bool, string) {
				w.call(http.MethodGet, "/actions/"+id, nil, &a)
				return a.State == "done" || a.State == "failed", "it is " + a.State
			})
			if a.State != "done" {
				t.Errorf("the action for %s ended %s %+v", c.OrderID, a.State, a.Error)
			}
		}
		for _, c := range cs {
			w.answeredOnce(c)
		}
		t.Logf("%d answers, %d kills, %d of them after WeChat had taken the answer", len(cs), len(cs), cut)
	})
}
