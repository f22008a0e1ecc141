package wxpay

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
)

// MaxNotice is the longest notification that is read, in bytes.
const MaxNotice = 1 << 20

// ErrProbe says that WeChat Pay sent a deliberately wrong signature to see whether it is noticed: refuse it, and raise no alarm (reference §1.10).
var ErrProbe = errors.New("a signature probe")

// Notice is a verified notification.
type Notice struct {
	ID        string
	EventType string // REFUND.SUCCESS, REFUND.ABNORMAL, REFUND.CLOSED, others
	// KeyIndex is the APIv3 key that opened it.
	KeyIndex int
	// Refund is nil for other events.
	Refund *RefundNotice
}

// RefundNotice is what a refund notification says. Amounts in fen.
type RefundNotice struct {
	MchID         string // the one the order belongs to: in partner mode the sub-merchant
	TransactionID string
	OutTradeNo    string
	RefundID      string
	OutRefundNo   string
	Status        Status
	SuccessAt     time.Time
	Total, Amount int64
}

type noticeEnvelope struct {
	ID        string      `json:"id"`
	EventType string      `json:"event_type"`
	Resource  *sealedText `json:"resource"`
}

type noticePlain struct {
	MchID         string `json:"mchid"`
	SubMchID      string `json:"sub_mchid"`
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	RefundID      string `json:"refund_id"`
	OutRefundNo   string `json:"out_refund_no"`
	Status        Status `json:"refund_status"`
	SuccessTime   string `json:"success_time"`
	Amount        struct {
		Total  int64 `json:"total"`
		Refund int64 `json:"refund"`
	} `json:"amount"`
}

// OpenNotice verifies and decrypts a notification as it came: raw body first, then the signature and its time, then the cipher. It returns ErrProbe, ErrSignature,
// ErrUnknownSerial, ErrTimestamp, ErrCipher or ErrBadAnswer.
//
// Page: 退款结果通知, merchant 4012791865, partner 4013163616 (reference §1.10, §2.2).
func OpenNotice(a *Account, h http.Header, raw []byte, now time.Time) (Notice, error) {
	if strings.HasPrefix(h.Get("Wechatpay-Signature"), probePrefix) {
		return Notice{}, ErrProbe
	}
	if err := a.Keys.verifyHeader(h, raw, now); err != nil {
		return Notice{}, err
	}
	var env noticeEnvelope
	if err := json.Unmarshal(raw, &env); err != nil || env.ID == "" || len(env.ID) > 64 || env.Resource == nil {
		return Notice{}, ErrBadAnswer
	}
	plain, i, err := env.Resource.open(a.APIv3Keys)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{ID: env.ID, EventType: clip(env.EventType, 64), KeyIndex: i}
	if env.Resource.OriginalType != "refund" && !strings.HasPrefix(env.EventType, "REFUND.") {
		return n, nil
	}
	var p noticePlain
	if err := json.Unmarshal(plain, &p); err != nil || p.OutRefundNo == "" || len(p.OutRefundNo) > 64 {
		return Notice{}, ErrBadAnswer
	}
	r := &RefundNotice{
		MchID: p.MchID, TransactionID: clip(p.TransactionID, 64), OutTradeNo: clip(p.OutTradeNo, 64), RefundID: clip(p.RefundID, 64), OutRefundNo: p.OutRefundNo,
		Status: Status(clip(string(p.Status), 32)), SuccessAt: parseTime(p.SuccessTime), Total: p.Amount.Total, Amount: p.Amount.Refund,
	}
	if p.SubMchID != "" {
		r.MchID = p.SubMchID
	}
	n.Refund = r
	return n, nil
}
