package paysim

import (
	"fmt"
	"net/http"
	"strings"
)

// Notice is what the merchant would be sent about a refund now; change, if any, spoils what it says. serial names the key it claims to be signed with; "" = the platform
// certificate's. Nothing is sent.
func (h *Host) Notice(outRefundNo, serial string, change func(plain map[string]any)) (http.Header, []byte, error) {
	h.mu.Lock()
	r := h.anyNumber(outRefundNo)
	if r == nil {
		h.mu.Unlock()
		return nil, nil, fmt.Errorf("make a notice: refund %q: %w", outRefundNo, ErrNotFound)
	}
	m := h.merchants[r.mchid]
	plain := plainNotice(m, r, r.status)
	h.mu.Unlock()
	if change != nil {
		change(plain)
	}
	status, _ := plain["refund_status"].(string)
	body := h.envelope(m, "EV-"+hexText(15), status, plain)
	header, err := h.Sign(m.MchID, serial, body)
	return header, body, err
}

// Sign makes the headers of a notification to a merchant, whatever its body. serial as in Notice.
func (h *Host) Sign(mchid, serial string, body []byte) (http.Header, error) {
	h.mu.Lock()
	m := h.merchants[mchid]
	h.mu.Unlock()
	if m == nil {
		return nil, fmt.Errorf("sign: merchant %q: %w", mchid, ErrNotFound)
	}
	key := m.platform
	switch {
	case serial == "":
		serial = m.PlatformSerial
	case strings.HasPrefix(serial, "PUB_KEY_ID_"):
		key = m.public
	}
	header := http.Header{}
	h.sign(header, serial, key, body, signRight)
	return header, nil
}
