package automate

import (
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestWhatIsNotKnownIsNotMet(t *testing.T) {
	now := db.At(testkit.Start)
	day := ms(24 * time.Hour)
	for name, x := range map[string]struct {
		change func(r *Rule, c *complaint.Complaint, p *Program)
		first  First
		want   string
	}{
		"everything fits":                 {func(*Rule, *complaint.Complaint, *Program) {}, IsFirst, ""},
		"only pushed, not read":           {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.SyncedAt = 0 }, IsFirst, codeNotRead},
		"answered already":                {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Status = 203 }, IsFirst, codeStatus},
		"a status that is not published":  {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Status = 210 }, IsFirst, codeStatus},
		"an appeal beside it":             {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.AppealState = 401 }, IsFirst, codeStatus},
		"a parcel beside it":              {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.ReturnBill = "{}" }, IsFirst, codeStatus},
		"a problem that is not published": {func(r *Rule, c *complaint.Complaint, _ *Program) { c.Type = 999; r.Types.V = []int64{999} }, IsFirst, codeType},
		"another problem":                 {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Type = 641 }, IsFirst, codeNoFit},
		"another program":                 {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.ProgramIDs.V = []string{"p2"} }, IsFirst, codeNoFit},
		"no amount":                       {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Amount = nil }, IsFirst, codeAmount},
		"one fen too much":                {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Amount = ptr(int64(5001)) }, IsFirst, codeAmount},
		"as much as may be":               {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Amount = ptr(int64(5000)) }, IsFirst, ""},
		"nothing to give back":            {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.Amount = ptr(int64(0)) }, IsFirst, codeAmount},
		"more than the case is about": {func(r *Rule, _ *complaint.Complaint, _ *Program) {
			r.Refund, r.RefundAmount = FixedRefund, ptr(int64(3001))
		}, IsFirst, codeAmount},
		"no order":                   {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.TransactionID = "" }, IsFirst, codeOrder},
		"not told when it was filed": {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.CreatedAt = 0 }, IsFirst, codeNotNew},
		"filed before the rule":      {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.CreatedAt = now - 2*day }, IsFirst, codeNotNew},
		"filed in the second it was enabled": {func(r *Rule, c *complaint.Complaint, _ *Program) {
			r.EnabledAt = now - now%1000 - 500
			c.CreatedAt = r.EnabledAt - r.EnabledAt%1000
		}, IsFirst, ""},
		"heard of before it was enabled":   {func(r *Rule, c *complaint.Complaint, _ *Program) { c.FirstSeenAt = r.EnabledAt - 1 }, IsFirst, codeNotNew},
		"a rule that was never enabled":    {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.EnabledAt = 0 }, IsFirst, codeNotNew},
		"before its time":                  {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.ValidFrom = now + 1 }, IsFirst, codeValidity},
		"after its time":                   {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.ValidTo = now }, IsFirst, codeValidity},
		"a disabled program":               {func(_ *Rule, _ *complaint.Complaint, p *Program) { p.Active = false }, IsFirst, codeProgram},
		"a program without the permission": {func(_ *Rule, _ *complaint.Complaint, p *Program) { p.Permitted = false }, IsFirst, codeProgram},
		"no merchant":                      {func(_ *Rule, _ *complaint.Complaint, p *Program) { p.MerchantID = "" }, IsFirst, codeProgram},
		"no deadline":                      {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.DueAt = 0 }, IsFirst, codeDeadline},
		"too little time for a refund":     {func(_ *Rule, c *complaint.Complaint, _ *Program) { c.DueAt = now + ms(refundRoom+leastRoom) - 1 }, IsFirst, codeDeadline},
		"time enough for an answer alone": {func(r *Rule, c *complaint.Complaint, _ *Program) {
			r.Refund, c.DueAt = NoRefund, now+ms(leastRoom)
		}, IsFirst, ""},
		"the user complained before":      {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.FirstInDays = ptr(int64(30)) }, IsRepeat, codeRepeat},
		"a user who is not known":         {func(r *Rule, _ *complaint.Complaint, _ *Program) { r.FirstInDays = ptr(int64(30)) }, NotKnown, codeUserUnknown},
		"whose complaint matters to none": {func(*Rule, *complaint.Complaint, *Program) {}, NotKnown, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := refundRule(), Program{ID: "p1", Active: true, Permitted: true, MerchantID: "m1"}
			r.EnabledAt = now - day
			c := &complaint.Complaint{
				ProgramID: "p1", Status: 201, Type: 613, Amount: ptr(int64(3000)), TransactionID: "42", SyncedAt: now, FirstSeenAt: now, CreatedAt: now, DueAt: now + 2*day,
			}
			x.change(r, c, &p)
			if got := judge(r, c, p, x.first, now); got.Code != x.want || (got.Text == "") != (x.want == "") {
				t.Errorf("%+v, want %q", got, x.want)
			}
		})
	}
}

func TestALimitIsReachedAndNeverPassed(t *testing.T) {
	r := refundRule()
	r.MaxCasesPerDay, r.MaxAmountPerCase, r.MaxAmountPerDay = 3, ptr(int64(4000)), ptr(int64(7000))
	for name, x := range map[string]struct {
		used   Usage
		amount int64
		over   bool
	}{
		"the first":                {Usage{}, 4000, false},
		"more than a case may":     {Usage{}, 4001, true},
		"the last case of the day": {Usage{2, 0}, 1, false},
		"one case too many":        {Usage{3, 0}, 1, true},
		"the day's last fen":       {Usage{1, 3000}, 4000, false},
		"a fen too many":           {Usage{1, 3001}, 4000, true},
	} {
		if got := r.exceeds(x.used, x.amount); got.stands() != x.over {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r.Refund, r.MaxAmountPerCase, r.MaxAmountPerDay = NoRefund, nil, nil
	if r.exceeds(Usage{2, 0}, 0).stands() || !r.exceeds(Usage{3, 0}, 0).stands() {
		t.Error("a rule without a refund has a limit of cases alone")
	}
	if r.Refund = FullRefund; !r.exceeds(Usage{}, 1).stands() {
		t.Error("a refund without a limit is allowed")
	}
	midnight := time.Date(2026, 3, 13, 0, 0, 0, 0, complaint.Beijing)
	if dayOf(db.At(midnight.Add(-time.Millisecond))) != "2026-03-12" || dayOf(db.At(midnight)) != "2026-03-13" {
		t.Error("a day is not Beijing's")
	}
}
