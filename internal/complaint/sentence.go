package complaint

import (
	"fmt"
	"regexp"
	"strings"
)

// Sentence is the text of a timeline entry taken apart, so that a reader in another language can be told the same: the text itself is Chinese and stays the record.
type Sentence struct {
	// Word is a stable name of what happened: the entry's kind, made finer where one kind has several sentences.
	Word string
	// About is the amount or the person inside the sentence, as it stands there; empty = neither.
	About string
	// Said is what follows the sentence after its colon: what somebody wrote, or a reason; empty = nothing.
	Said string
}

// amounts are written by refund.Yuan.
var amounts = regexp.MustCompile(`¥\d+\.\d\d`)

// decisions are told apart by their word, since both answers are of one kind (action.Action.word).
var decisions = map[string]string{"同意和解": "agree", "拒绝和解": "refuse"}

// Sentence takes the entry's sentence apart.
func (e *Entry) Sentence() Sentence {
	if e.Kind == "note" { // the whole of it was written by somebody
		return Sentence{Word: e.Kind, Said: e.Text}
	}
	text, review := strings.CutSuffix(e.Text, "，等待复核")
	head, said, _ := strings.Cut(text, "：")
	t := Sentence{Word: e.Kind, Said: said, About: amounts.FindString(head)}
	switch {
	case e.Source == FromWeChat:
		t.Word = nodeWord(e.Kind, head)
	case e.Kind == string(Respond) && decisions[head] != "":
		t.Word = decisions[head]
	case e.Kind == "assigned":
		t.About = strings.TrimSuffix(strings.TrimPrefix(head, "由"), "负责")
		if !strings.HasPrefix(head, "由") {
			t = Sentence{Word: "unassigned"}
		}
	case review && e.Kind == "refund_requested":
		t.Word += "_review"
	}
	return t
}

// nodeWord tells the sentences of one itemType apart: what a ruling asks for, and how an appeal stands.
func nodeWord(kind, head string) string {
	for state, text := range appealTexts {
		if head == text {
			return fmt.Sprintf("appeal_%d", state)
		}
	}
	switch {
	case strings.HasSuffix(head, proofWanted):
		return kind + "_proof"
	case strings.HasSuffix(head, goodsReturn):
		return kind + "_return"
	}
	return kind
}
