package complaint

import "testing"

func TestSentenceTakesATimelineEntryApart(t *testing.T) {
	t.Parallel()
	proof, goods := int64(0), int64(1)
	for name, c := range map[string]struct {
		entry Entry
		want  Sentence
	}{
		"WeChat's own words are the word alone": {
			Entry{Source: FromWeChat, Kind: "node_11", Text: NodeText(11, nil)}, Sentence{Word: "node_11"},
		},
		"what the platform wrote follows its words": {
			Entry{Source: FromWeChat, Kind: "node_16", Text: NodeText(16, nil) + "：请补充：页面截图"}, Sentence{Word: "node_16", Said: "请补充：页面截图"},
		},
		"a ruling that wants proof": {
			Entry{Source: FromWeChat, Kind: "node_31", Text: NodeText(31, &proof)}, Sentence{Word: "node_31_proof"},
		},
		"a ruling that wants the goods back": {
			Entry{Source: FromWeChat, Kind: "node_32", Text: NodeText(32, &goods) + "：请寄回"}, Sentence{Word: "node_32_return", Said: "请寄回"},
		},
		"an appeal is told by its state, not by its item type": {
			Entry{Source: FromWeChat, Kind: "node_0", Text: appealTexts[AppealAccepted]}, Sentence{Word: "appeal_117"},
		},
		"the two answers differ": {
			Entry{Source: FromStaff, Kind: "respond", Text: "拒绝和解：已发货"}, Sentence{Word: "refuse", Said: "已发货"},
		},
		"an answer that was not sent, with why": {
			Entry{Source: FromStaff, Kind: "respond_failed", Text: "同意和解没有发出：投诉已完结"}, Sentence{Word: "respond_failed", Said: "投诉已完结"},
		},
		"a refund names its amount": {
			Entry{Source: FromStaff, Kind: "refund_requested", Text: "发起退款 ¥1234.50：少发一罐，¥3.00 是运费"},
			Sentence{Word: "refund_requested", About: "¥1234.50", Said: "少发一罐，¥3.00 是运费"},
		},
		"a refund that waits for a second person": {
			Entry{Source: FromStaff, Kind: "refund_requested", Text: "发起退款 ¥12.00：少发一罐，等待复核"},
			Sentence{Word: "refund_requested_review", About: "¥12.00", Said: "少发一罐"},
		},
		"whose case it is": {
			Entry{Source: FromStaff, Kind: "assigned", Text: "由周敏负责"}, Sentence{Word: "assigned", About: "周敏"},
		},
		"nobody's case": {
			Entry{Source: FromStaff, Kind: "assigned", Text: "不再指定负责人"}, Sentence{Word: "unassigned"},
		},
		"a note is what somebody wrote, colons and amounts included": {
			Entry{Source: FromStaff, Kind: "note", Text: "仓库：退 ¥5.00"}, Sentence{Word: "note", Said: "仓库：退 ¥5.00"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := c.entry.Sentence(); got != c.want {
				t.Errorf("%q is taken apart as %+v, want %+v", c.entry.Text, got, c.want)
			}
		})
	}
}
