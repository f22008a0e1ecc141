package search

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

const letters = "茶叶罐子破损退款客服不回复aAbB019 -_.，*ｂ１é"

func randomText(r *rand.Rand, n int) string {
	all := []rune(letters)
	out := make([]rune, n)
	for i := range out {
		out[i] = all[r.IntN(len(all))]
	}
	return string(out)
}

// A list may name too many documents, never too few.
func TestWhatContainsAQueryHasAllItsTerms(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := []rune(randomText(r, 1+r.IntN(30)))
		from := r.IntN(len(text))
		q := string(text[from : from+1+r.IntN(min(len(text)-from, 12))])
		terms := Terms(string(text))
		for _, sp := range query(q) {
			if !slices.ContainsFunc(terms, func(x int64) bool { return x >= sp.From && x <= sp.To }) {
				t.Fatalf("%q contains %q, but not its term %x", string(text), q, sp.From)
			}
		}
	}
}

func TestTermsTellTextsApart(t *testing.T) {
	for _, x := range []struct {
		text, query string
		has         bool
	}{
		{"茶叶洒了", "茶叶", true},
		{"茶叶洒了", "叶茶", false},
		{"茶叶洒了", "洒", true},
		{"茶叶洒了", "罐", false},
		{"MS2603062014", "ms26", true},
		{"MS2603062014", "062014", true},
		{"MS2603062014", "062015", false},
		{"4200001", "0001", true},
		{"4200001", "001", true},
		{"4200001", "002", false},
		{"iPhone 15", "PHONE", true},
		{"iPhone 15", "ph", true},
		{"iPhone 15", "ph0", false},
		{"100%", "%", true},
		{"100", "%", false},
		{"Ａ１", "a1", true},
	} {
		terms := Terms(x.text)
		has := true
		for _, sp := range query(x.query) {
			has = has && slices.ContainsFunc(terms, func(t int64) bool { return t >= sp.From && t <= sp.To })
		}
		if has != x.has {
			t.Errorf("%q in %q: %v", x.query, x.text, has)
		}
	}
	if len(query("  ")) != 0 || len(query(strings.Repeat("长文字句子里有很多不同的字符组合", 5))) > maxTerms {
		t.Error("an empty query looks for something, or a long one for too much")
	}
}

func add(t *testing.T, x *Index, texts ...string) {
	t.Helper()
	if err := x.Add(t.Context(), texts, func(context.Context, db.Tx, int64) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// expect compares with a plain loop: whatever contains the query is found, and what is found has all its terms.
func expect(t *testing.T, x *Index, texts []string, q string) {
	t.Helper()
	m, err := x.Match(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if m.Horizon() != int64(len(texts)) {
		t.Fatalf("%d documents are known, want %d", m.Horizon(), len(texts))
	}
	n := 0
	for i, text := range texts {
		if strings.Contains(Fold(text), Fold(q)) && !m.Has(int64(i)) {
			t.Errorf("%q is not found in document %d, %q", q, i, text)
		}
		if m.Has(int64(i)) {
			n++
		}
	}
	if m.Count() != n || !m.All() && len(m.Docs()) != n {
		t.Errorf("%q: %d counted, %d found", q, m.Count(), n)
	}
}

func TestMergingChangesNothingThatIsFound(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		c := testkit.Clock()
		x := New(d, c)
		r := rand.New(rand.NewPCG(3, 4))
		var texts []string
		var queries []string
		check := func() {
			for _, q := range queries {
				expect(t, x, texts, q)
			}
		}
		for range 19 {
			var some []string
			for range 1 + r.IntN(12) {
				some = append(some, randomText(r, r.IntN(25)))
			}
			add(t, x, some...)
			texts = append(texts, some...)
			if q := strings.TrimSpace(randomText(r, 1+r.IntN(3))); q != "" {
				queries = append(queries, q)
			}
		}
		check()
		merges := 0
		for {
			more, err := x.Merge(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
			merges++
			check()
			c.Advance(time.Hour) // so that what was replaced is forgotten by the next merge
		}
		if merges < 2 {
			t.Errorf("%d merges", merges)
		}
		check()
		if _, err := x.Merge(t.Context()); err != nil {
			t.Fatal(err)
		}
		segs, err := x.segments(t.Context(), "1 = 1")
		if err != nil || len(segs) >= fanIn {
			t.Errorf("%d segments are left: %v", len(segs), err)
		}
		var lists int
		if err := d.Read.NewRaw("SELECT count(DISTINCT segment) FROM search_postings").Scan(t.Context(), &lists); err != nil || lists != len(segs) {
			t.Errorf("lists of %d segments for %d segments: %v", lists, len(segs), err)
		}
	})
}

func TestWhatWasNeverFinishedIsNeverFoundAndForgotten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		c := testkit.Clock()
		x := New(d, c)
		add(t, x, "茶叶")
		died := errors.New("died")
		if err := x.Add(t.Context(), []string{"茶叶", "罐子"}, func(context.Context, db.Tx, int64) error { return died }); !errors.Is(err, died) {
			t.Fatalf("the publisher's error became %v", err)
		}
		expect(t, x, []string{"茶叶"}, "茶叶")
		c.Advance(time.Hour)
		if _, err := x.Merge(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := d.Read.NewRaw("SELECT count(DISTINCT segment) FROM search_postings").Scan(t.Context(), &n); err != nil || n != 1 {
			t.Errorf("%d segments have lists: %v", n, err)
		}
		add(t, x, "罐子")
		expect(t, x, []string{"茶叶", "罐子"}, "罐子")
	})
}

func TestTwoMergesOfTheSameGroupPublishOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		x := New(d, testkit.Clock())
		var texts []string
		for i := range fanIn {
			texts = append(texts, fmt.Sprintf("茶叶%d", i))
			add(t, x, texts[i])
		}
		group, err := x.segments(t.Context(), "state = ?", inUse)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.merge(t.Context(), group); err != nil {
			t.Fatal(err)
		}
		if err := x.merge(t.Context(), group); !errors.Is(err, ErrMoved) {
			t.Errorf("the second merge gave %v", err)
		}
		expect(t, x, texts, "茶叶")
	})
}
