package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// refundsPerSecond is how fast people click.
const refundsPerSecond = 4

// clicks measures from the click on "refund" to WeChat Pay having taken the refund: the row, the job, the question about the order, the attempt and the call lie between.
func clicks(ctx context.Context, o options, postgres bool) (_ []figure, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	cases, err := w.refundable(ctx, refundsPerSecond*int(o.length/time.Second))
	if err != nil {
		return nil, err
	}
	clicked := map[string]time.Time{}
	tick := time.NewTicker(time.Second / refundsPerSecond)
	defer tick.Stop()
	for _, c := range cases {
		clicked[c.transaction] = time.Now()
		if err := w.call(ctx, http.MethodPost, "/complaints/"+c.id+"/refunds", map[string]any{"amount": 100, "reason": "质量问题"}, nil); err != nil {
			return nil, err
		}
		<-tick.C
	}
	var took []time.Duration
	if err := await(ctx, "the refunds", func() (bool, error) { return len(w.sim.Pay().Ledger().Refunds) >= len(cases), nil }); err != nil {
		return nil, err
	}
	for _, r := range w.sim.Pay().Ledger().Refunds {
		took = append(took, time.UnixMilli(r.CreatedAt).Sub(clicked[r.TransactionID]))
	}
	name := "SQLite"
	if postgres {
		name = "PostgreSQL"
	}
	s := spreadOf(took)
	return []figure{{
		fmt.Sprintf("refund: click → submitted, %s, %d/s", name, refundsPerSecond), fmt.Sprintf("p50 %s  p95 %s  max %s", ms(s.p50), ms(s.p95), ms(s.most)), fmt.Sprintf("n = %d", len(took)),
	}}, nil
}

type refundable struct{ id, transaction string }

// refundable gives the program a merchant and brings n complaints into the inbox.
func (w *world) refundable(ctx context.Context, n int) ([]refundable, error) {
	at := int64(0)
	if err := w.sim.Pay().Set(paysim.Settings{SettleMS: &at}); err != nil {
		return nil, err
	}
	c, err := w.sim.Pay().AddMerchant(paysim.Merchant{MchID: "1900000109", AppIDs: []string{shop}})
	if err != nil {
		return nil, err
	}
	var m, p struct {
		ID string `json:"id"`
	}
	if err := w.call(ctx, http.MethodPost, "/merchants", map[string]any{
		"mchid": c.MchID, "api_v3_key": c.APIv3Key, "private_key_pem": c.PrivateKeyPEM, "cert_pem": c.CertPEM, "verify": map[string]any{"mode": "platform_cert"},
	}, &m); err != nil {
		return nil, err
	}
	var ps struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := w.call(ctx, http.MethodGet, "/programs", nil, &ps); err != nil {
		return nil, err
	}
	if err := w.call(ctx, http.MethodPatch, "/programs/"+ps.Items[0].ID, map[string]any{"merchant_id": m.ID}, &p); err != nil {
		return nil, err
	}
	var out []refundable
	for range n {
		order, err := w.sim.FileComplaint(wechatsim.Filing{AppID: shop, Amount: 16800})
		if err != nil {
			return nil, err
		}
		var made struct {
			ComplaintID string `json:"complaint_id"`
		}
		if err := w.call(ctx, http.MethodPost, "/complaints/import", map[string]any{"program_id": p.ID, "complaint_order_id": order}, &made); err != nil {
			return nil, err
		}
		out = append(out, refundable{id: made.ComplaintID})
	}
	for i := range out {
		if err := await(ctx, "a case", func() (bool, error) {
			var v struct {
				TransactionID *string `json:"transaction_id"`
			}
			err := w.call(ctx, http.MethodGet, "/complaints/"+out[i].id, nil, &v)
			if v.TransactionID != nil {
				out[i].transaction = *v.TransactionID
			}
			return out[i].transaction != "", err
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
