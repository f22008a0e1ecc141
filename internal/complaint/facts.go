package complaint

import (
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

func (c *Complaint) setDue(t db.Time) {
	c.DueAt, c.DueSort = t, int64(t)
	if t.IsZero() || c.Stage == Closed {
		c.DueSort = noDue
	}
}

// facts are the plain values that pushes and details have in common; empty ones don't overwrite.
type facts struct {
	amount                                      *int64
	product, orderID, transactionID, outTradeNo string
	created, paid                               int64 // Unix seconds
	phone, openID, content                      string
	images                                      []string
}

func (s *Service) setFacts(c *Complaint, f facts) error {
	if f.amount != nil {
		c.Amount = f.amount
	}
	for _, t := range []struct {
		to *string
		v  string
	}{{&c.ProductName, f.product}, {&c.OrderID, f.orderID}, {&c.TransactionID, f.transactionID}, {&c.OutTradeNo, f.outTradeNo}} {
		if t.v != "" {
			*t.to = storable(t.v)
		}
	}
	if f.created != 0 {
		c.CreatedAt = db.FromUnix(f.created)
	}
	if f.paid != 0 {
		c.PaidAt = db.FromUnix(f.paid)
	}
	if len(f.images) > 0 {
		c.Images.V = f.images
	}
	return s.setPersonal(c, f)
}

func (s *Service) setPersonal(c *Complaint, f facts) error {
	for _, t := range []struct {
		column, v      string
		sealed, masked *string
		mask           func(string) string
	}{
		{"phone_sealed", f.phone, &c.PhoneSealed, &c.PhoneMasked, MaskPhone},
		{"openid_sealed", f.openID, &c.OpenIDSealed, &c.OpenIDMasked, MaskOpenID},
		{"content_sealed", f.content, &c.ContentSealed, &c.ContentMasked, MaskText},
	} {
		if t.v == "" || !c.ErasedAt.IsZero() { // what was deleted does not come back because somebody looks
			continue
		}
		var err error
		if *t.sealed, err = s.sealer.Seal(place(t.column, c.ID), secret.New(t.v)); err != nil {
			return err
		}
		*t.masked = storable(t.mask(t.v))
	}
	s.setUser(c, f)
	return nil
}

// storable drops NUL, which JSON may carry and no text column may hold: one bad character must not keep a case from being read.
func storable(v string) string { return strings.ReplaceAll(v, "\x00", "") }
