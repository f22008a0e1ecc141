package wechat

import (
	"errors"
	"testing"
)

func FuzzDecodeDetail(f *testing.F) {
	f.Add([]byte(fullDetail))
	f.Add([]byte(`{"complaintOrder":{"totalCostStr":"￥0.01"},"item":{"itemType":"1"},"returnBill":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := DecodeDetail(b)
		if err != nil && !errors.Is(err, ErrBadAnswer) {
			t.Errorf("untyped error %v", err)
		}
		if a := d.Complaint.AmountFen; a != nil && (*a < 0 || d.Complaint.AmountText == "") {
			t.Errorf("amount %d from %q", *a, d.Complaint.AmountText)
		}
	})
}
