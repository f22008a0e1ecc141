package complaint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
)

// Party is who had to do something.
type Party string

// The parties. Both is the platform asking the two sides at once.
const (
	Merchant Party = "merchant"
	User     Party = "user"
	Both     Party = "both"
	Platform Party = "platform"
	nobody   Party = ""
)

// Wait is a stretch of time in which a case waited for somebody.
type Wait struct {
	Who   Party
	From  db.Time
	Until db.Time // 0 = still
	DueAt db.Time // WeChat's deadline, known for the wait that is still going on; 0 = none
	// Lapsed says that it ended because the time was over.
	Lapsed bool
}

// Waits tells, oldest first, who was responsible for the time between WeChat's progress entries, from those entries and what the case is now. Where the two differ
// about the last stretch the case is right: not every change of status has an entry. Source: reference/wechat-complaint-api.md §3, §3.1, §4.1.
func Waits(c *Complaint, timeline []Entry) []Wait {
	nodes := slices.DeleteFunc(slices.Clone(timeline), func(e Entry) bool { return e.Source != FromWeChat })
	slices.SortFunc(nodes, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	var out []Wait
	who := nobody
	for _, n := range nodes {
		next, known := waitsAfter(n, who)
		if !known || next == who {
			continue
		}
		out = endWait(out, n.At, lapses[n.Kind])
		if next != nobody {
			out = append(out, Wait{Who: next, From: n.At})
		}
		who = next
	}
	now := waitsNow(c)
	switch {
	case now == nobody:
		out = endWait(out, c.ClosedAt, false)
	case now != who && who != nobody:
		out[len(out)-1].Who = now
	}
	if len(out) > 0 && out[len(out)-1].Until.IsZero() {
		out[len(out)-1].DueAt = c.DueAt
	}
	return joined(out)
}

// endWait ends the last stretch, if it is still going on, and leaves out one that took no time.
func endWait(out []Wait, at db.Time, lapsed bool) []Wait {
	last := len(out) - 1
	if last < 0 || !out[last].Until.IsZero() {
		return out
	}
	if at <= out[last].From {
		return out[:last]
	}
	out[last].Until, out[last].Lapsed = at, lapsed
	return out
}

// joined makes one stretch of those that follow each other with the same party.
func joined(in []Wait) []Wait {
	out := []Wait{}
	for _, w := range in {
		if last := len(out) - 1; last >= 0 && out[last].Who == w.Who && out[last].Until == w.From && !out[last].Lapsed {
			w.From = out[last].From
			out = out[:last]
		}
		out = append(out, w)
	}
	return out
}

// lapses are the entries about somebody who let the time pass.
var lapses = map[string]bool{"node_101": true, "node_107": true, "node_108": true, "node_111": true, "node_112": true, "node_113": true}

// turns is who has to do something after a progress entry. What is not in it changes nothing.
var turns = map[string]Party{
	"node_1": Merchant, "node_8": Platform, "node_11": Platform, "node_13": Platform, "node_14": User, "node_16": Merchant, "node_18": Both,
	"node_101": User, "node_107": Platform, "node_109": User, "node_110": Platform, "node_111": Platform, "node_112": Platform, "node_113": Platform,
	"node_118": Platform, "node_31": Merchant, "node_32": Merchant,
	"node_12": nobody, "node_26": nobody, "node_37": nobody, "node_30": nobody, "node_33": nobody, "node_36": nobody, "node_104": nobody, "node_108": nobody,
}

func waitsAfter(n Entry, who Party) (next Party, known bool) {
	goods := int64(1)
	switch {
	case n.Kind == "node_7" && who == User:
		return Platform, true
	case n.Kind == "node_7" && who == Both:
		return Merchant, true
	case (n.Kind == "node_31" || n.Kind == "node_32") && strings.HasPrefix(n.Text, NodeText(31, &goods)):
		return User, true // the goods come back first
	}
	next, known = turns[n.Kind]
	return next, known
}

// waitsNow is who has to do something in a status.
func waitsNow(c *Complaint) Party {
	switch c.Status {
	case 104:
		return User
	case 108:
		return Both
	}
	switch StageOf(c.Status, AppealNone) {
	case ToRespond, ToSupplement, ToProve:
		return Merchant
	case WaitingUser:
		return User
	case AtPlatform, StageUnknown:
		return Platform
	}
	return nobody
}
