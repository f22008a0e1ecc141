// Package search is a text index for any part of a text, not only words: Chinese has no blanks between words, and people look for the end of an order number. It works
// alike on SQLite and PostgreSQL, because it keeps its own lists in ordinary tables instead of using either's extension.
//
// A text is cut into terms of one to four characters (see Terms). For each term the index holds the documents that contain it. A search intersects the lists of the
// terms of its query; what is left contains them all, though perhaps not next to each other, so that the caller compares the texts of what it shows.
//
// Documents are numbered in the order in which they were added. Lists are kept by segment: a segment is written once, by one process, in small transactions that
// nobody waits for, becomes visible as a whole, and is later merged with its neighbours. The package knows nothing of what a document is.
package search

import (
	"slices"
	"unicode"
)

// Terms are numbers: a class in the highest bits, then up to two characters of 21 bits, or up to four of 8.
const (
	wideOne  = int64(1) << 56 // one character outside ASCII
	widePair = int64(2) << 56 // two of them side by side
	byteOne  = int64(3) << 56 // one ASCII letter or digit
	bytePair = int64(4) << 56 // two
	byteFour = int64(5) << 56 // four; at the end of a run also three, the last place empty
	symbol   = int64(6) << 56 // one character that is neither letter nor digit
)

// maxTerms bounds a query: more would not narrow it further.
const maxTerms = 8

// Fold makes characters equal that a search doesn't tell apart: large and small letters, full and half width.
func Fold(text string) string { return string(fold(text)) }

func fold(text string) []rune {
	out := []rune(text)
	for i, r := range out {
		if r >= 0xff01 && r <= 0xff5e {
			r -= 0xff01 - '!'
		}
		out[i] = unicode.ToLower(r)
	}
	return out
}

// kind tells runs apart: 0 separates, 1 is wide, 2 ASCII letters and digits, 3 anything else.
func kind(r rune) int {
	switch {
	case unicode.IsSpace(r) || r == 0:
		return 0
	case r < 128 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z'):
		return 2
	case r < 128 || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r):
		return 3
	}
	return 1
}

// runs calls fn with each longest part of one kind.
func runs(text []rune, fn func(kind int, run []rune)) {
	for i := 0; i < len(text); {
		j, k := i+1, kind(text[i])
		for j < len(text) && kind(text[j]) == k {
			j++
		}
		if k != 0 {
			fn(k, text[i:j])
		}
		i = j
	}
}

func wide(rs ...rune) int64 {
	if len(rs) == 1 {
		return wideOne | int64(rs[0])
	}
	return widePair | int64(rs[0])<<21 | int64(rs[1])
}

func four(rs []rune) int64 {
	t := byteFour
	for i, r := range rs {
		t |= int64(r) << (24 - 8*i)
	}
	return t
}

// Terms returns the terms of a text, each once, ascending.
func Terms(text string) []int64 {
	out := []int64{}
	runs(fold(text), func(k int, run []rune) {
		for i, r := range run {
			left := len(run) - i
			switch k {
			case 1:
				out = append(out, wide(r))
				if left > 1 {
					out = append(out, wide(r, run[i+1]))
				}
			case 2:
				out = append(out, byteOne|int64(r))
				if left > 1 {
					out = append(out, bytePair|int64(r)<<8|int64(run[i+1]))
				}
				if left > 2 {
					out = append(out, four(run[i:i+min(left, 4)]))
				}
			case 3:
				out = append(out, symbol|int64(r))
			}
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// span is the terms from From to To; most spans are one term.
type span struct{ From, To int64 }

func one(t int64) span { return span{t, t} }

// query returns what must all be in a text that contains q; empty when q has nothing to look for.
func query(q string) []span {
	var out []span
	runs(fold(q), func(k int, run []rune) {
		switch {
		case k == 3:
			for _, r := range run {
				out = append(out, one(symbol|int64(r)))
			}
		case k == 1 && len(run) == 1:
			out = append(out, one(wide(run[0])))
		case k == 1:
			for _, i := range steps(len(run), 2) {
				out = append(out, one(wide(run[i], run[i+1])))
			}
		case len(run) == 1:
			out = append(out, one(byteOne|int64(run[0])))
		case len(run) == 2:
			out = append(out, one(bytePair|int64(run[0])<<8|int64(run[1])))
		case len(run) == 3:
			t := four(run)
			out = append(out, span{t, t | 0xff})
		default:
			for _, i := range steps(len(run), 4) {
				out = append(out, one(four(run[i:i+4])))
			}
		}
	})
	slices.SortFunc(out, func(a, b span) int { return rank(a) - rank(b) })
	out = slices.Compact(out)
	return out[:min(len(out), maxTerms)]
}

// rank puts first what is likely to be rare.
func rank(s span) int {
	switch s.From >> 56 {
	case widePair >> 56:
		return 0
	case byteFour >> 56:
		return 1
	case wideOne >> 56:
		return 2
	}
	return 3
}

// steps are places of pieces of size w in a run of n: every one, or of a long run as many as a query has terms, evenly.
func steps(n, w int) []int {
	last := n - w
	if last < maxTerms {
		out := make([]int, last+1)
		for i := range out {
			out[i] = i
		}
		return out
	}
	out := make([]int, maxTerms)
	for i := range out {
		out[i] = i * last / (maxTerms - 1)
	}
	return out
}
