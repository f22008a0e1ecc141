package fault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// addMerchant opens an account at the simulator and gives its credentials to the product's program.
func (w *world) addMerchant() {
	w.t.Helper()
	at := int64(0)
	w.must(w.sim.Pay().Set(paysim.Settings{SettleMS: &at})) // no bank takes its time: the answers that get lost are what this is about
	c, err := w.sim.Pay().AddMerchant(paysim.Merchant{MchID: "1900000109", AppIDs: []string{shop}})
	w.must(err)
	var m struct {
		ID string `json:"id"`
	}
	w.call(http.MethodPost, "/merchants", map[string]any{
		"name": "满山茶铺", "mchid": c.MchID, "api_v3_key": c.APIv3Key, "private_key_pem": c.PrivateKeyPEM, "cert_pem": c.CertPEM, "verify": map[string]any{"mode": "platform_cert"},
	}, &m)
	var ps page[struct {
		ID string `json:"id"`
	}]
	w.call(http.MethodGet, "/programs", nil, &ps)
	w.call(http.MethodPatch, "/programs/"+ps.Items[0].ID, map[string]any{"merchant_id": m.ID}, nil)
	var check struct {
		OK       bool             `json:"ok"`
		Problems []map[string]any `json:"problems"`
	}
	w.call(http.MethodPost, "/merchants/"+m.ID+"/check", nil, &check)
	if !check.OK {
		w.t.Fatalf("WeChat Pay does not take the merchant: %v", check.Problems)
	}
}

// refund asks until the product accepts, as a browser with a patient user does: the same key each time. It returns the refund's id.
func (w *world) refund(base, complaintID, key string, amount int64) (string, error) {
	deadline := time.Now().Add(time.Minute)
	last := "no answer"
	for time.Now().Before(deadline) && w.t.Context().Err() == nil {
		status, b, err := w.api(base, http.MethodPost, "/complaints/"+complaintID+"/refunds", map[string]any{"amount": amount, "reason": "质量问题"}, "Idempotency-Key", key)
		if err == nil && status == http.StatusAccepted {
			var out struct {
				RefundID string `json:"refund_id"`
			}
			err := json.Unmarshal(b, &out)
			return out.RefundID, err
		}
		if err == nil {
			last = fmt.Sprintf("%d %s", status, b)
		}
		pause(w.t.Context(), 100*time.Millisecond)
	}
	return "", fmt.Errorf("refund of %s: %s", complaintID, last)
}

type refundView struct {
	State         string `json:"state"`
	TransactionID string `json:"transaction_id"`
	OutRefundNo   string `json:"out_refund_no"`
	Amount        int64  `json:"amount"`
	Error         *struct {
		Code string `json:"code"`
	} `json:"error"`
}

// The process dies at any moment of a refund's way — before the row, between row, attempt, call and outcome: money moves once, and the product knows it.
func TestMoneyMovesOnceWhenKilledOnTheWay(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, postgres bool) {
		random := seeded(t)
		const most = 60 * time.Millisecond
		w := newWorld(t, postgres, 1, nil, slowly("/v3/", most))
		w.addMerchant()
		p := w.procs[0]
		cs := w.known(int(setting(t, "ZHISU_FAULT_REFUNDS", 8)))
		const amount = 100
		ids := map[string]complaint{}
		cut := 0
		for i, c := range cs {
			p.awaitReady()
			var id string
			var err error
			var asking sync.WaitGroup
			asking.Go(func() { id, err = w.refund(p.url, c.ID, fmt.Sprint("key-", i), amount) })
			pause(t.Context(), between(random, 0, 8*most))
			p.kill()
			if len(w.sim.Pay().Ledger().Refunds) > i {
				cut++
			}
			p.start()
			asking.Wait()
			if err != nil {
				t.Fatal(err)
			}
			ids[id] = c
		}
		p.awaitReady()
		for id := range ids {
			var r refundView
			eventually(t, 100*time.Second, "the end of a refund", func() (bool, string) {
				w.call(http.MethodGet, "/refunds/"+id, nil, &r)
				return r.State == "done" || r.State == "failed" || r.State == "closed", "it is " + r.State
			})
			if r.State != "done" {
				t.Errorf("the refund %s ended %s %+v", r.OutRefundNo, r.State, r.Error)
			}
			if got := w.sim.Pay().Ledger().Totals[r.TransactionID]; got != amount {
				t.Errorf("WeChat Pay moved %d fen for %s, want %d", got, r.TransactionID, amount)
			}
		}
		if n := len(w.sim.Pay().Ledger().Refunds); n != len(cs) {
			t.Errorf("WeChat Pay has %d refunds, want %d", n, len(cs))
		}
		t.Logf("%d refunds, %d kills, %d of them after WeChat Pay had taken the refund", len(cs), len(cs), cut)
	})
}
