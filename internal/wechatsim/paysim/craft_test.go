package paysim

import (
	"encoding/json"
	"net/http"
	"testing"
)

func set(t *testing.T, h *Host, s Settings) {
	t.Helper()
	if err := h.Set(s); err != nil {
		t.Fatal(err)
	}
}

func TestAnOutcomeIsForAllRefundsUntilItIsChanged(t *testing.T) {
	l := newTill(t, Merchant{MchID: "1600000001"})
	at, gap := int64(0), int64(0)
	set(t, l.h, Settings{SettleMS: &at, GapMS: &gap})
	for i, status := range []string{success, closed, abnormal, processing} {
		set(t, l.h, Settings{Outcome: &status})
		number := "out-" + status
		code, out := l.refund(number, int64(100+i), "")
		want(t, status, code, out, http.StatusOK, "")
		if out["status"] != status {
			t.Errorf("with no time for banks a refund is %v at once, want %s", out["status"], status)
		}
	}
	nonsense := "MAYBE"
	if l.h.Set(Settings{Outcome: &nonsense}) == nil || l.h.SetStatus("out-SUCCESS", nonsense) == nil || l.h.SetStatus("nobody's", success) == nil {
		t.Error("a status that does not exist, or that of no refund, was taken")
	}
	for _, status := range []string{processing, success} {
		if err := l.h.SetStatus("out-ABNORMAL", status); err != nil {
			t.Fatal(err)
		}
		if _, out := l.call(http.MethodGet, "/v3/refund/domestic/refunds/out-ABNORMAL", ""); out["status"] != status {
			t.Errorf("it is %v, want %s", out["status"], status)
		}
	}
}

func TestARepeatThatDiffersInAnythingIsRefused(t *testing.T) {
	l := newTill(t, Merchant{MchID: "1600000001"})
	code, out := l.refund("one", 100, `,"notify_url":"https://a.example/x"`)
	want(t, "the first", code, out, http.StatusOK, "")
	code, out = l.refund("one", 100, `,"notify_url":"https://a.example/x"`)
	want(t, "the same", code, out, http.StatusOK, "")
	for _, more := range []string{"", `,"notify_url":"https://a.example/y"`, `,"notify_url":"https://a.example/x","reason":"another"`} {
		code, out = l.refund("one", 100, more)
		want(t, "another "+more, code, out, http.StatusBadRequest, "INVALID_REQUEST")
	}
	if l.moved() != 100 {
		t.Errorf("%d fen moved", l.moved())
	}
}

func TestANoticeCanBeHadAndSpoilt(t *testing.T) {
	l := newTill(t, Merchant{MchID: "1600000001", Verify: byBoth})
	l.refund("one", 100, "")
	for _, serial := range []string{"", l.c.PublicKeyID} {
		header, body, err := l.h.Notice("one", serial, func(plain map[string]any) { plain["refund_status"] = success })
		if err != nil || !l.signed(header, body) {
			t.Fatalf("signed with %q it is not right: %v", serial, err)
		}
		var got struct {
			Type     string         `json:"event_type"`
			Resource map[string]any `json:"resource"`
		}
		if err := json.Unmarshal(body, &got); err != nil || got.Type != "REFUND.SUCCESS" {
			t.Fatalf("it is %s (%v)", body, err)
		}
		inside := map[string]any{}
		if err := json.Unmarshal(unseal(t, l.c.APIv3Key, got.Resource), &inside); err != nil || inside["out_refund_no"] != "one" || inside["refund_status"] != success {
			t.Errorf("inside is %v %v", inside, err)
		}
	}
	if _, _, err := l.h.Notice("nobody's", "", nil); err == nil {
		t.Error("a notice of no refund")
	}
	if _, err := l.h.Sign("1", "", nil); err == nil {
		t.Error("a notice to no merchant")
	}
}
