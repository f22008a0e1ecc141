package paysim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Fault makes the next matching calls go wrong.
type Fault struct {
	// Target is an endpoint's name (pay.refund.create, pay.refund.query, pay.order, pay.certificates, …) or pay.notify.
	Target string `json:"target"`
	// Mode is one of Modes; empty with HTTPStatus or DelayMS.
	Mode string `json:"mode,omitempty"`
	// HTTPStatus refuses the call without effect, with Code (default SYSTEM_ERROR) in the body.
	HTTPStatus int    `json:"http_status,omitempty"`
	Code       string `json:"code,omitempty"`
	DelayMS    int    `json:"delay_ms,omitempty"`
	// Times is how many calls are hit; 0 = 1.
	Times int `json:"times"`
}

// Modes by which a call can fail. What begins with accept_then, and invalid_request_after_accept, bad_signature and no_signature, does move the money.
var modes = []string{
	"accept_then_500", "accept_then_hang_up", "accept_then_429", "accept_then_202", "invalid_request_after_accept", "bad_signature", "no_signature", "garbled",
	"not_enough", "closed", "abnormal", "slow_processing", "drop",
}

// noticeModes are those of pay.notify: lost for good, sent twice, preceded by a probe with a wrong signature, sealed with another key.
var noticeModes = []string{"drop", "duplicate", "bad_signature", "wrong_key"}

// NoticeTarget is the target of faults on the way to the merchant.
const NoticeTarget = "pay.notify"

// AddFault arms a fault behind those already armed.
func (h *Host) AddFault(f Fault) error {
	if f.Times == 0 {
		f.Times = 1
	}
	known := modes
	if f.Target == NoticeTarget {
		known = noticeModes
	} else if !slices.ContainsFunc(endpoints(), func(e endpoint) bool { return e.name == f.Target }) {
		return fmt.Errorf("add a fault: no call is named %q: %w", f.Target, ErrNotFound)
	}
	switch {
	case f.Mode != "" && !slices.Contains(known, f.Mode):
		return fmt.Errorf("add a fault: %w: mode %q, known are %v", ErrInvalid, f.Mode, known)
	case f.Mode == "" && f.HTTPStatus == 0 && f.DelayMS == 0:
		return fmt.Errorf("add a fault: %w: it does nothing", ErrInvalid)
	case f.Times < 0 || f.DelayMS < 0 || f.HTTPStatus != 0 && (f.HTTPStatus < 200 || f.HTTPStatus > 599):
		return fmt.Errorf("add a fault: %w: times, delay_ms or http_status", ErrInvalid)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &f)
	return nil
}

// Faults returns what is still armed.
func (h *Host) Faults() []Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]Fault, 0, len(h.faults))
	for _, f := range h.faults {
		out = append(out, *f)
	}
	return out
}

// ClearFaults disarms everything.
func (h *Host) ClearFaults() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = nil
}

func (h *Host) takeFault(target string) *Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, f := range h.faults {
		if f.Target != target {
			continue
		}
		hit := *f
		if f.Times--; f.Times <= 0 {
			h.faults = slices.Delete(h.faults, i, i+1)
		}
		return &hit
	}
	return nil
}

// before plays a fault that keeps the call from having an effect; true = it is answered.
func (h *Host) before(w http.ResponseWriter, c *caller, f *Fault) bool {
	switch {
	case f.Mode == "drop":
		h.hangUp(w)
	case f.Mode == "not_enough":
		h.refuseWith(w, c.r, c.m, refuse(http.StatusForbidden, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起"))
	case f.HTTPStatus != 0:
		code := f.Code
		if code == "" {
			code = "SYSTEM_ERROR"
		}
		h.refuseWith(w, c.r, c.m, refuse(f.HTTPStatus, code, "按要求失败"))
	default:
		return false
	}
	return true
}

// after answers a call that had its effect, wrongly if the fault says so.
func (h *Host) after(w http.ResponseWriter, c *caller, f *Fault, out any, refused *refusal) {
	how := signRight
	switch f.Mode {
	case "accept_then_hang_up":
		h.hangUp(w)
		return
	case "accept_then_202":
		w.WriteHeader(http.StatusAccepted)
		return
	case "accept_then_500":
		refused = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统超时")
	case "accept_then_429":
		refused = refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", "频率超限")
	case "invalid_request_after_accept":
		refused = refuse(http.StatusBadRequest, "INVALID_REQUEST", "您的请求参数与订单信息不一致")
	case "garbled":
		out = "<html>"
	case signWrong, signNothing:
		how = f.Mode
	}
	if refused != nil {
		h.refuseWith(w, c.r, c.m, refused)
		return
	}
	h.answer(w, c.r, c.m, http.StatusOK, out, how, "0")
}

// hangUp closes the connection instead of answering.
func (h *Host) hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		err = conn.Close()
	}
	if err != nil {
		h.log.Warn("drop a connection", "err", errors.Unwrap(err))
	}
}
