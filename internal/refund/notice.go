package refund

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// MaxNotice is the longest notification that is read, in bytes.
const MaxNotice = wxpay.MaxNotice

// Errors of notifications; any other is ours.
var (
	ErrProbe     = wxpay.ErrProbe // a deliberately wrong signature: refuse, no alarm
	ErrForged    = errors.New("the notification's signature is missing, wrong or old")
	ErrMalformed = errors.New("the notification cannot be read")
	ErrSealed    = errors.New("the notification cannot be decrypted: the APIv3 key is not the merchant's")
	ErrKey       = errors.New("the notification is signed with a key that is not known yet")
)

// Hear takes a notification of WeChat Pay: it is verified, decrypted, stored once, and has the refund asked about. Nothing of it is believed without a row of ours, and
// nothing at all moves before WeChat Pay has confirmed it. On nil it is stored; the network is not used.
func (s *Service) Hear(ctx context.Context, merchantID string, h http.Header, raw []byte) error {
	m, err := s.Merchant(ctx, merchantID)
	if err != nil {
		return err
	}
	a, err := s.account(m)
	if err != nil {
		return err
	}
	n, err := wxpay.OpenNotice(a, h, raw, s.clock.Now())
	switch {
	case errors.Is(err, wxpay.ErrProbe):
		return ErrProbe
	case errors.Is(err, wxpay.ErrUnknownSerial):
		// WeChat Pay sends again in 15 seconds; by then the certificates are fetched.
		return errors.Join(ErrKey, s.db.Enqueue(ctx, FetchArgs{MerchantID: m.ID}, db.Once(db.QueueDefault)))
	case errors.Is(err, wxpay.ErrCipher):
		return ErrSealed
	case errors.Is(err, wxpay.ErrBadAnswer):
		return ErrMalformed
	case err != nil:
		return ErrForged
	}
	return s.keepNotice(ctx, m, n)
}

// FetchArgs is the job that fetches a merchant's platform certificates.
type FetchArgs struct {
	MerchantID string `json:"merchant_id"`
}

// Kind implements river.JobArgs.
func (FetchArgs) Kind() string { return "refund.fetch_certs" }

// Fetch does FetchArgs.
func (s *Service) Fetch(ctx context.Context, j FetchArgs) error {
	m, err := s.Merchant(ctx, j.MerchantID)
	if errors.Is(err, ErrNoSuch) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.fetchCerts(ctx, m); err != nil {
		s.log.WarnContext(ctx, "platform certificates not fetched", "merchant", m.ID, "err", err)
	}
	return nil
}

func (s *Service) keepNotice(ctx context.Context, m *Merchant, n wxpay.Notice) error {
	ev := &event{ID: db.NewID(), MerchantID: m.ID, EventID: n.ID, EventType: n.EventType, DedupeKey: m.ID + "/" + n.ID, ReceivedAt: s.now()}
	if r := n.Refund; r != nil {
		ev.OutRefundNo, ev.TransactionID, ev.RefundID, ev.Status, ev.Amount = r.OutRefundNo, r.TransactionID, r.RefundID, string(r.Status), &r.Amount
		ev.DedupeKey = m.ID + "/" + r.OutRefundNo + "/" + string(r.Status)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if m.KeyConfirmedAt.IsZero() && n.KeyIndex == 0 {
			if _, err := tx.NewUpdate().Model((*Merchant)(nil)).Set("key_confirmed_at = ?", s.now()).Where("id = ? AND version = ?", m.ID, m.Version).Exec(ctx); err != nil {
				return fmt.Errorf("confirm APIv3 key: %w", err)
			}
		}
		r, err := s.matching(ctx, tx, m, n.Refund)
		if err != nil {
			return err
		}
		if r != nil {
			ev.Matched = r.ID
		}
		fresh, err := db.Changed(tx.NewInsert().Model(ev).On("CONFLICT (dedupe_key) DO NOTHING").Exec(ctx))
		if err != nil {
			return fmt.Errorf("store notification: %w", err)
		}
		if !fresh {
			_, err := tx.NewUpdate().Model((*event)(nil)).Set("repeats = repeats + 1").Where("dedupe_key = ?", ev.DedupeKey).Exec(ctx)
			if err != nil {
				return fmt.Errorf("count repeat: %w", err)
			}
		}
		if r == nil || !r.State.Open() {
			return nil
		}
		return tx.Enqueue(ctx, LookArgs{RefundID: r.ID}, db.Once(db.QueueAct))
	})
}

// matching finds the refund that a notification is about: number, merchant, order and amount must agree.
func (s *Service) matching(ctx context.Context, tx db.Tx, m *Merchant, n *wxpay.RefundNotice) (*Refund, error) {
	if n == nil || n.MchID != m.MchID {
		return nil, nil
	}
	r, err := s.one(ctx, tx, "out_refund_no = ? AND merchant_id = ?", n.OutRefundNo, m.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if r.TransactionID != n.TransactionID || r.Amount != n.Amount || r.RefundID != "" && r.RefundID != n.RefundID {
		s.log.WarnContext(ctx, "a refund notification does not agree with the ledger", "refund", r.ID)
		return nil, nil
	}
	return r, nil
}
