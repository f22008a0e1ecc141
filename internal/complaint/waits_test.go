package complaint

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
)

func TestWaitsTellWhoWasResponsible(t *testing.T) {
	goods := int64(1)
	at := func(h int64, item int64) Entry {
		return Entry{ID: fmt.Sprintf("%04d-%d", h, item), At: db.Time(h), Source: FromWeChat, Kind: fmt.Sprintf("node_%d", item), Text: NodeText(item, nil)}
	}
	comesBack := at(5, 31)
	comesBack.Text = NodeText(31, &goods) + "：请用户寄回"
	ours := Entry{ID: "9", At: 3, Source: FromStaff, Kind: "note_8"}
	for name, tc := range map[string]struct {
		c        Complaint
		timeline []Entry
		want     []Wait
	}{
		"nothing is known yet":           {Complaint{}, nil, []Wait{}},
		"the merchant has to answer":     {Complaint{Status: 201, DueAt: 48}, []Entry{at(1, 1)}, []Wait{{Who: Merchant, From: 1, DueAt: 48}}},
		"what staff wrote moves nothing": {Complaint{Status: 201, DueAt: 48}, []Entry{ours, at(1, 1)}, []Wait{{Who: Merchant, From: 1, DueAt: 48}}},
		"messages move nothing":          {Complaint{Status: 201}, []Entry{at(1, 1), at(2, 2), at(3, 3)}, []Wait{{Who: Merchant, From: 1}}},
		"answered, the user has to say, newest first": {
			Complaint{Status: 203},
			[]Entry{at(4, 109), at(1, 1)},
			[]Wait{{Who: Merchant, From: 1, Until: 4}, {Who: User, From: 4}},
		},
		"the user agreed": {
			Complaint{Status: 205, ClosedAt: 9},
			[]Entry{at(1, 1), at(4, 109), at(9, 104)},
			[]Wait{{Who: Merchant, From: 1, Until: 4}, {Who: User, From: 4, Until: 9}},
		},
		"the user let it lapse": {
			Complaint{Status: 205, ClosedAt: 9},
			[]Entry{at(1, 1), at(4, 109), at(9, 108)},
			[]Wait{{Who: Merchant, From: 1, Until: 4}, {Who: User, From: 4, Until: 9, Lapsed: true}},
		},
		"the merchant was silent, the platform took it at once": {
			Complaint{Status: 101},
			[]Entry{at(1, 1), at(49, 101), at(49, 13)},
			[]Wait{{Who: Merchant, From: 1, Until: 49, Lapsed: true}, {Who: Platform, From: 49}},
		},
		"the merchant was silent, the user is asked": {
			Complaint{Status: 202},
			[]Entry{at(1, 1), at(49, 101)},
			[]Wait{{Who: Merchant, From: 1, Until: 49, Lapsed: true}, {Who: User, From: 49}},
		},
		"both were asked and the user was first": {
			Complaint{Status: 107},
			[]Entry{at(1, 11), at(2, 13), at(5, 18), at(6, 7), at(8, 8)},
			[]Wait{{Who: Platform, From: 1, Until: 5}, {Who: Both, From: 5, Until: 6}, {Who: Merchant, From: 6, Until: 8}, {Who: Platform, From: 8}},
		},
		"the user was asked and brought it": {
			Complaint{Status: 105},
			[]Entry{at(1, 11), at(5, 14), at(6, 7)},
			[]Wait{{Who: Platform, From: 1, Until: 5}, {Who: User, From: 5, Until: 6}, {Who: Platform, From: 6}},
		},
		"evidence was late": {
			Complaint{Status: 307},
			[]Entry{at(1, 11), at(5, 16), at(53, 112)},
			[]Wait{{Who: Platform, From: 1, Until: 5}, {Who: Merchant, From: 5, Until: 53, Lapsed: true}, {Who: Platform, From: 53}},
		},
		"ruled against, proof wanted": {
			Complaint{Status: 206, DueAt: 99},
			[]Entry{at(1, 11), at(5, 31)},
			[]Wait{{Who: Platform, From: 1, Until: 5}, {Who: Merchant, From: 5, DueAt: 99}},
		},
		"the goods come back first": {
			Complaint{Status: 309},
			[]Entry{at(1, 11), comesBack},
			[]Wait{{Who: Platform, From: 1, Until: 5}, {Who: User, From: 5}},
		},
		"the status says more than the entries": {Complaint{Status: 311}, []Entry{at(1, 11), comesBack}, []Wait{{Who: Platform, From: 1}}},
		"withdrawn":                             {Complaint{Status: 102, ClosedAt: 7}, []Entry{at(1, 1), at(7, 12)}, []Wait{{Who: Merchant, From: 1, Until: 7}}},
		"closed without an entry about it":      {Complaint{Status: 116, ClosedAt: 7}, []Entry{at(1, 1)}, []Wait{{Who: Merchant, From: 1, Until: 7}}},
		"goes on after an end":                  {Complaint{Status: 103}, []Entry{at(1, 1), at(7, 12), at(9, 13)}, []Wait{{Who: Merchant, From: 1, Until: 7}, {Who: Platform, From: 9}}},
		"a status nobody knows":                 {Complaint{Status: 777}, []Entry{at(1, 1)}, []Wait{{Who: Platform, From: 1}}},
	} {
		if diff := cmp.Diff(tc.want, Waits(&tc.c, tc.timeline)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every entry that WeChat documents either says whose turn it is, or is known to change nothing.
func TestEveryProgressEntryIsThoughtOf(t *testing.T) {
	for item := range nodes {
		kind := fmt.Sprintf("node_%d", item)
		_, known := turns[kind]
		if !known && item != 2 && item != 3 && item != 7 {
			t.Errorf("%s %s: whose turn is it?", kind, NodeText(item, nil))
		}
	}
}
