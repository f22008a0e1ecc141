package automate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Bounds of a replay.
const (
	ReplayDays  = 90
	replayMost  = 20_000 // cases looked at, the newest
	replayShown = 200
	firstWords  = 60 // characters of a complaint that are shown
)

// ReplayNotes say what a replay leaves out.
func ReplayNotes() []string {
	return []string{
		"只按现在的投诉问题、金额、小程序、首次投诉和每天上限计算，同一笔订单只算一次，不会发送任何内容",
		"没有考虑：有效期，等待时间内有没有人处理，当时离截止时间还有多久，订单在微信支付能不能退，排在前面的规则会不会先用",
		"只和在知诉里人工做出的回应比较；在微信后台回应的、还没有回应的，不参加比较",
	}
}

// ReplayWeek is one week of a replay, from a Monday of Beijing.
type ReplayWeek struct {
	From            db.Time
	Hits, Differing int64
}

// ReplayCase is a case that a rule would have acted on.
type ReplayCase struct {
	ComplaintID, ComplaintOrderID string
	CreatedAt                     db.Time
	Type                          complaint.Problem
	Content                       string // masked, its first words
	Amount, RefundAmount          int64
	// Human is what people did, in words; empty when nobody answered here.
	Human   string
	Differs bool
}

// Replay is what a rule would have done. Nothing is done.
type Replay struct {
	Version             int64
	From, To            db.Time
	Hits, Amount        int64
	Compared, Differing int64
	OverLimit           int64 // would have gone to people by a limit
	Weeks               []ReplayWeek
	Cases               []ReplayCase // those that differ first, the newest first
	// Truncated says that there was more than is looked at: From is later than asked for.
	Truncated bool
}

// Replay evaluates a rule on the cases of the last days, and notes that this version of it was shown. It gives ErrNotFound, ErrChanged.
func (s *Service) Replay(ctx context.Context, id string, record Record) (*Replay, error) {
	r, err := s.Rule(ctx, id)
	if err != nil {
		return nil, err
	}
	x := &replay{rule: r, used: map[string]Usage{}, orders: map[string]bool{}, out: &Replay{Version: r.Version, To: s.now(), From: s.now() - ms(ReplayDays*24*time.Hour)}}
	x.weeks()
	p := complaint.Past{Types: r.Types.V, ProgramIDs: r.ProgramIDs.V, From: x.out.From, To: x.out.To, Most: replayMost}
	x.out.Truncated, err = s.complaints.History(ctx, p, func(ctx context.Context, cs []complaint.Complaint) error { return s.replaySome(ctx, x, cs) })
	if err != nil {
		return nil, err
	}
	if x.out.Truncated {
		x.out.From = x.oldest
	}
	x.finish()
	return x.out, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model((*Rule)(nil)).Set("replayed_version = ?, replayed_at = ?", r.Version, s.now()).
			Where("id = ? AND version = ?", r.ID, r.Version).Exec(ctx))
		if err != nil {
			return fmt.Errorf("note replay: %w", err)
		}
		if !ok {
			return ErrChanged
		}
		return record(ctx, tx, r)
	})
}

type replay struct {
	rule             *Rule
	used             map[string]Usage // by Beijing day
	orders           map[string]bool  // that it would have acted on: it does so once
	out              *Replay
	oldest           db.Time
	differing, other []ReplayCase // at most replayShown of each, the newest last
}

// weeks prepares every week, so that one without a hit is seen too.
func (x *replay) weeks() {
	for at := monday(x.out.From); at < x.out.To; at += ms(7 * 24 * time.Hour) { // Beijing has no summer time
		x.out.Weeks = append(x.out.Weeks, ReplayWeek{From: at})
	}
}

func monday(t db.Time) db.Time {
	n := t.Time().In(complaint.Beijing)
	return db.At(time.Date(n.Year(), n.Month(), n.Day()-(int(n.Weekday())+6)%7, 0, 0, 0, 0, complaint.Beijing))
}

func (s *Service) replaySome(ctx context.Context, x *replay, cs []complaint.Complaint) error {
	ids := make([]string, len(cs))
	for i := range cs {
		ids[i] = cs[i].ID
	}
	answers, err := s.actions.Answers(ctx, ids)
	if err != nil {
		return err
	}
	back, err := s.refunds.Refunded(ctx, ids)
	if err != nil {
		return err
	}
	first, err := s.firsts(ctx, x.rule, cs)
	if err != nil {
		return err
	}
	for i := range cs {
		c := &cs[i]
		if x.oldest.IsZero() {
			x.oldest = filed(c)
		}
		if first(c) {
			var human action.Decision
			if by := answers[c.ID]; by.Source == complaint.FromStaff {
				human = by.Decision
			}
			x.add(c, human, back[c.ID])
		}
	}
	return nil
}

// filed is when a case was filed, or heard of where WeChat didn't tell.
func filed(c *complaint.Complaint) db.Time {
	if c.CreatedAt.IsZero() {
		return c.FirstSeenAt
	}
	return c.CreatedAt
}

// misses says why a rule would not have acted on a case of the past, as far as that is known today. When the rule is valid does not matter: one for the next holidays would
// show nothing of what it is going to do.
func (r *Rule) misses(c *complaint.Complaint) Reason {
	switch why := r.suits(c); {
	case why.stands():
		return why
	case c.TransactionID == "":
		return Reason{codeOrder, "不知道投诉的是哪一笔订单"}
	case c.CreatedAt.IsZero():
		return Reason{codeNotNew, "不知道投诉是什么时候提交的"}
	}
	return Reason{}
}

// add counts a case that was its user's first one, if that matters. human is empty when nobody answered.
func (x *replay) add(c *complaint.Complaint, human action.Decision, back int64) {
	if x.rule.misses(c).stands() || x.orders[c.TransactionID] {
		return
	}
	amount, day := x.rule.refundOf(c), dayOf(filed(c))
	if x.rule.exceeds(x.used[day], amount).stands() {
		x.out.OverLimit++
		return
	}
	x.used[day] = Usage{x.used[day].Cases + 1, x.used[day].Amount + amount}
	x.orders[c.TransactionID] = true
	v := ReplayCase{
		ComplaintID: c.ID, ComplaintOrderID: c.ComplaintOrderID, CreatedAt: filed(c), Type: c.Type, Content: clip(c.ContentMasked), Amount: *c.Amount, RefundAmount: amount,
		Human: humanWords(human, back), Differs: human != "" && (human != x.rule.Decision || back != amount),
	}
	x.out.Hits++
	x.out.Amount += amount
	if human != "" {
		x.out.Compared++
	}
	week := &x.out.Weeks[max(0, slices.IndexFunc(x.out.Weeks, func(w ReplayWeek) bool { return w.From > v.CreatedAt })-1)]
	if v.CreatedAt >= x.out.Weeks[len(x.out.Weeks)-1].From {
		week = &x.out.Weeks[len(x.out.Weeks)-1]
	}
	week.Hits++
	if !v.Differs {
		x.other = keep(x.other, v)
		return
	}
	week.Differing++
	x.out.Differing++
	x.differing = keep(x.differing, v)
}

// keep holds the newest of many.
func keep(to []ReplayCase, v ReplayCase) []ReplayCase {
	if to = append(to, v); len(to) >= 2*replayShown {
		to = slices.Clone(to[len(to)-replayShown:])
	}
	return to
}

func (x *replay) finish() {
	slices.Reverse(x.differing)
	slices.Reverse(x.other)
	all := append(slices.Clone(x.differing[:min(len(x.differing), replayShown)]), x.other...)
	x.out.Cases = all[:min(len(all), replayShown)]
}

func clip(s string) string {
	if r := []rune(s); len(r) > firstWords {
		return string(r[:firstWords]) + "…"
	}
	return s
}

// humanWords says what people did.
func humanWords(d action.Decision, back int64) string {
	switch {
	case d == "":
		return ""
	case back > 0:
		return "人工" + word(d) + "，退款 " + yuan(back)
	}
	return "人工" + word(d) + "，没有退款"
}

// firsts tells of some cases of the past whether each was its user's first one when it was filed.
func (s *Service) firsts(ctx context.Context, r *Rule, cs []complaint.Complaint) (func(c *complaint.Complaint) bool, error) {
	if r.FirstInDays == nil {
		return func(*complaint.Complaint) bool { return true }, nil
	}
	var fit []*complaint.Complaint
	var spans []complaint.Span
	for i := range cs {
		if c := &cs[i]; !r.misses(c).stands() {
			fit, spans = append(fit, c), append(spans, complaint.Span{From: r.lookBack(c), To: filed(c)})
		}
	}
	repeated, known, err := s.complaints.RepeatedEach(ctx, s.db.Read, fit, spans)
	return func(c *complaint.Complaint) bool { return known[c.ID] && !repeated[c.ID] }, err
}

// lookBack is since when a user's other complaints matter.
func (r *Rule) lookBack(c *complaint.Complaint) db.Time {
	return filed(c) - ms(time.Duration(*r.FirstInDays)*24*time.Hour)
}

// first finds out whether a case is its user's first one in the time that a rule looks back, as of a moment.
func (s *Service) first(ctx context.Context, q bun.IDB, r *Rule, c *complaint.Complaint, at db.Time) (First, error) {
	if r.FirstInDays == nil {
		return IsFirst, nil
	}
	repeated, known, err := s.complaints.Repeated(ctx, q, c, r.lookBack(c), at)
	switch {
	case err != nil || !known:
		return NotKnown, err
	case repeated:
		return IsRepeat, nil
	}
	return IsFirst, nil
}
