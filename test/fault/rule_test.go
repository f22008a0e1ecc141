package fault

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim"
)

const ruleAmount = 3000

// enableRule lets a rule give everything back and answer then.
func (w *world) enableRule() {
	w.t.Helper()
	var r struct {
		ID string `json:"id"`
	}
	w.call(http.MethodPost, "/rules", map[string]any{
		"name": "少发补差", "types": []int{613}, "amount_max": ruleAmount, "wait_minutes": 0, "decision": "agree", "content": "已全额退款，单号 {退款单号}。", "refund": "full",
		"max_amount_per_case": ruleAmount, "max_cases_per_day": 100, "max_amount_per_day": 100 * ruleAmount,
	}, &r)
	w.call(http.MethodPost, "/rules/"+r.ID+"/replay", nil, nil)
	w.call(http.MethodPatch, "/rules/"+r.ID, map[string]any{"state": "active"}, nil)
}

// ruled is what the product says of a case that a rule has.
type ruled struct {
	TransactionID string `json:"transaction_id"`
	Automation    *struct {
		State string `json:"state"`
		Text  string `json:"text"`
	} `json:"automation"`
}

// The process dies at any moment while a rule gives money back and answers, again and again: each case has one refund and one answer, or a rule that stopped and says why.
func TestARuleActsOnceWhenKilledOnTheWay(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, postgres bool) {
		random := seeded(t)
		const most = 30 * time.Millisecond
		w := newWorld(t, postgres, 1, nil, func(sim http.Handler) http.Handler { return slowly("/v3/", most)(slowly(respondPath, most)(sim)) })
		w.addMerchant()
		w.enableRule()
		p := w.procs[0]
		var orders []string
		for range setting(t, "ZHISU_FAULT_RULE_KILLS", 3) {
			p.awaitReady()
			for range 4 {
				order, err := w.sim.FileComplaint(wechatsim.Filing{AppID: shop, Type: 613, Amount: ruleAmount})
				w.must(err)
				orders = append(orders, order)
			}
			pause(t.Context(), between(random, 0, time.Second))
			p.kill()
			p.start()
		}
		p.awaitReady()
		killed := time.Now()
		ended := map[string]int{}
		for _, order := range orders {
			var c ruled
			eventually(t, time.Minute, "the end of what a rule does", func() (bool, string) {
				id := w.complaints()[order].ID
				if id == "" {
					return false, order + " is not there"
				}
				w.call(http.MethodGet, "/complaints/"+id, nil, &c)
				if c.Automation == nil {
					return false, "no rule has it"
				}
				s := c.Automation.State
				return s == "done" || s == "handed_over" || s == "stopped", "it is " + s
			})
			ended[c.Automation.State]++
			w.actedOnce(order, c)
		}
		if ended["done"] == 0 {
			t.Error("no case was dealt with, so nothing is proved")
		}
		t.Logf("%d cases ended %v, %.1f s after the last start", len(orders), ended, time.Since(killed).Seconds())
	})
}

// actedOnce asserts what reached WeChat and WeChat Pay.
func (w *world) actedOnce(order string, c ruled) {
	w.t.Helper()
	v, err := w.sim.Complaint(order)
	w.must(err)
	answers, refunds := 0, 0
	for _, it := range v.Items {
		if it.ItemType == 109 {
			answers++
		}
	}
	l := w.sim.Pay().Ledger()
	for _, r := range l.Refunds {
		if r.TransactionID == c.TransactionID {
			refunds++
		}
	}
	fen := l.Totals[c.TransactionID]
	switch b, err := json.Marshal(c.Automation); {
	case err != nil:
		w.t.Error(err)
	case answers > 1 || refunds > 1 || fen > ruleAmount, answers > 0 && fen != ruleAmount:
		w.t.Errorf("%s: %d answers and %d refunds of %d fen: %s", order, answers, refunds, fen, b)
	case c.Automation.State == "done" && (answers != 1 || fen != ruleAmount), c.Automation.Text == "":
		w.t.Errorf("%s: %d answers and %d fen, but the product says %s", order, answers, fen, b)
	}
}
