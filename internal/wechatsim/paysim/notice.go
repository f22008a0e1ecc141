package paysim

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// notice is a notification on its way to the merchant.
type notice struct {
	refund *refund
	status string // at the time it was made
	id     string
	tries  int
	due    time.Time
}

// waits between the tries (reference §1.10): 15 tries in 24 h 4 m.
var waits = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// answerTime is how long the merchant may take.
const answerTime = 5 * time.Second

var eventTypes = map[string]string{success: "REFUND.SUCCESS", abnormal: "REFUND.ABNORMAL", closed: "REFUND.CLOSED"}

// deliver tries once, and puts the notice back when it was not taken.
func (h *Host) deliver(ctx context.Context, n *notice) {
	f := h.takeFault(NoticeTarget)
	if f == nil {
		f = &Fault{}
	}
	if f.Mode == "drop" {
		return
	}
	how := signRight
	if f.Mode == signWrong {
		how = signWrong
	}
	taken := h.post(ctx, n, how, f.Mode == "wrong_key")
	if f.Mode == "duplicate" {
		taken = h.post(ctx, n, how, false) && taken
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bump()
	if taken || ctx.Err() != nil {
		return
	}
	if n.tries++; n.tries <= len(waits) {
		n.due = h.now().Add(waits[n.tries-1])
		if how == signWrong {
			n.due = h.now() // the right one follows a probe
		}
		h.notices = append(h.notices, n)
	}
}

// post makes the round trip; true = the merchant said that it has it.
func (h *Host) post(ctx context.Context, n *notice, how string, wrongKey bool) bool {
	h.mu.Lock()
	m := h.merchants[n.refund.mchid]
	if n.id == "" {
		n.id = "EV-" + hexText(15)
	}
	if m == nil {
		h.mu.Unlock()
		return true
	}
	plain := plainNotice(m, n.refund, n.status)
	h.mu.Unlock()
	with := m
	if wrongKey {
		other := *m
		other.APIv3Key = hexText(16)
		with = &other
	}
	body := h.envelope(with, n.id, n.status, plain)
	if body == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.refund.notifyURL, bytes.NewReader(body))
	if err != nil {
		return true
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Mozilla/4.0")
	asked := ""
	if m.Verify == byBoth && n.tries%2 == 1 {
		asked = m.PublicKeyID // during a switch either key may sign (reference §2.3)
	}
	id, key := m.signer(asked)
	h.sign(req.Header, id, key, body, how)
	resp, err := h.client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }() // read below
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	return resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent
}

// plainNotice is what a notification says (reference §1.10). Called with the lock held.
func plainNotice(m *merchant, r *refund, status string) map[string]any {
	plain := map[string]any{
		"transaction_id": r.order.transactionID, "out_trade_no": r.order.outTradeNo, "refund_id": r.id, "out_refund_no": r.number, "refund_status": status,
		"user_received_account": "支付用户零钱",
		"amount":                map[string]any{"total": r.order.total, "refund": r.amount, "payer_total": r.order.payerTotal, "payer_refund": r.amount * r.order.payerTotal / r.order.total},
	}
	if status == success {
		plain["success_time"] = r.successAt.Format(time.RFC3339)
	}
	if r.sub != "" {
		plain["sp_mchid"], plain["sub_mchid"] = m.MchID, r.sub
	} else {
		plain["mchid"] = m.MchID
	}
	return plain
}

// envelope seals it with the merchant's key.
func (h *Host) envelope(m *merchant, id, status string, plain map[string]any) []byte {
	text, err := m.seal(encode(plain), "refund")
	if err != nil {
		return nil
	}
	return encode(map[string]any{
		"id": id, "create_time": h.wall().Format(time.RFC3339), "resource_type": "encrypt-resource", "event_type": eventTypes[status], "summary": "退款通知",
		"resource": map[string]any{
			"original_type": "refund", "algorithm": text.Algorithm, "ciphertext": text.Ciphertext, "associated_data": text.AssociatedData, "nonce": text.Nonce,
		},
	})
}
