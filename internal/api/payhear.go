package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/zhisu/zhisu/internal/refund"
)

// hearPay takes WeChat Pay's notifications (reference/wechat-pay.md §1.10): the raw body first, since the signature is over it; 204 only after the commit; any refusal
// lets WeChat Pay send again.
func (a *API) hearPay(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, refund.MaxNotice))
	if err != nil {
		refuseNotice(w, http.StatusRequestEntityTooLarge, "too large")
		return
	}
	err = a.Refunds.Hear(r.Context(), r.PathValue("merchant_id"), r.Header, raw)
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
		return
	case errors.Is(err, refund.ErrNoSuch):
		refuseNotice(w, http.StatusNotFound, "no such merchant")
		return
	case errors.Is(err, refund.ErrProbe):
		refuseNotice(w, http.StatusUnauthorized, "bad signature")
		return
	case errors.Is(err, refund.ErrForged):
		refuseNotice(w, http.StatusUnauthorized, "bad signature")
	case errors.Is(err, refund.ErrMalformed):
		refuseNotice(w, http.StatusBadRequest, "malformed")
	default:
		refuseNotice(w, http.StatusServiceUnavailable, "not now")
	}
	if a.forged.Allow() {
		a.Logger.WarnContext(r.Context(), "WeChat Pay notification refused", "merchant", clipped(r.PathValue("merchant_id")), "err", err)
	}
}

func clipped(s string) string { return s[:min(len(s), 40)] }

func refuseNotice(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": "FAIL", "message": message}) // who asked may be gone
}
