package db_test

import (
	"database/sql"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

// sample is a row of a table that only these tests know.
type sample struct {
	bun.BaseModel `bun:"table:samples"`

	ID    string `bun:",pk"`
	At    db.Time
	Words db.JSON[[]string]
}

func withSamples(t *testing.T, d *db.DB) {
	t.Helper()
	_, err := d.Write().NewRaw(`CREATE TABLE samples (id text PRIMARY KEY, at bigint, words text UNIQUE)`).Exec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}

func TestColumnTypes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		at := db.At(testkit.Start)
		for _, row := range []sample{{ID: "full", At: at, Words: db.AsJSON([]string{"投诉", `"quoted"`, "<b>"})}, {ID: "blank"}} {
			if _, err := d.Write().NewInsert().Model(&row).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}

		got := sample{ID: "full"}
		if err := d.Read.NewSelect().Model(&got).WherePK().Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.At != at || !got.At.Time().Equal(testkit.Start) || !slices.Equal(got.Words.V, []string{"投诉", `"quoted"`, "<b>"}) {
			t.Errorf("read back %d %q", got.At, got.Words.V)
		}

		if n := count(t, d, `SELECT count(*) FROM samples WHERE id = 'blank' AND at IS NULL`); n != 1 {
			t.Error("the unknown moment is not stored as NULL")
		}
		got = sample{ID: "blank", At: 7, Words: db.AsJSON([]string{"old"})}
		if err := d.Read.NewSelect().Model(&got).WherePK().Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !got.At.IsZero() || got.At.Ptr() != nil {
			t.Errorf("NULL was read as %d", got.At)
		}
	})
}

func TestTime(t *testing.T) {
	if got := db.At(time.Time{}); got != 0 {
		t.Errorf("the zero time became %d", got)
	}
	if got := db.Time(0).Time(); !got.IsZero() {
		t.Errorf("the unknown moment became %s", got)
	}
	if got, want := db.FromUnix(testkit.Start.Unix()), db.At(testkit.Start); got != want {
		t.Errorf("seconds became %d, want %d", got, want)
	}
	if got := db.FromUnix(0); !got.IsZero() {
		t.Errorf("0 seconds became %d", got)
	}
	if p := db.Time(5).Ptr(); p == nil || *p != 5 {
		t.Errorf("Ptr gave %v", p)
	}
	var at db.Time
	if err := at.Scan("1"); err == nil {
		t.Error("text was taken for a time")
	}
}

func TestJSONScan(t *testing.T) {
	for name, c := range map[string]struct {
		src  any
		want int
		bad  bool
	}{
		"NULL leaves the value":  {src: nil, want: 9},
		"empty leaves the value": {src: "", want: 9},
		"text":                   {src: "3", want: 3},
		"bytes":                  {src: []byte("4"), want: 4},
		"broken JSON":            {src: "{", bad: true},
		"another type":           {src: 1.5, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			j := db.AsJSON(9)
			err := j.Scan(c.src)
			if (err != nil) != c.bad {
				t.Fatalf("error %v", err)
			}
			if !c.bad && j.V != c.want {
				t.Errorf("got %d, want %d", j.V, c.want)
			}
		})
	}
}

func TestIsUnique(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		insert := func(id string, words ...string) error {
			_, err := d.Write().NewInsert().Model(&sample{ID: id, Words: db.AsJSON(words)}).Exec(t.Context())
			return err
		}
		if err := insert("a", "x"); err != nil {
			t.Fatal(err)
		}
		if err := insert("a", "y"); !db.IsUnique(err) {
			t.Errorf("the same primary key gave %v", err)
		}
		if err := insert("b", "x"); !db.IsUnique(err) {
			t.Errorf("the same unique value gave %v", err)
		}
		_, err := d.Write().NewRaw(`INSERT INTO samples (id, nothing) VALUES ('c', 1)`).Exec(t.Context())
		if err == nil || db.IsUnique(err) {
			t.Errorf("a missing column counts as unique violation: %v", err)
		}
		err = d.Read.NewSelect().Model(&sample{ID: "zz"}).WherePK().Scan(t.Context())
		if !db.IsNotFound(err) || db.IsUnique(err) {
			t.Errorf("a missing row gave %v", err)
		}
	})
}

func TestChanged(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		if _, err := d.Write().NewInsert().Model(&sample{ID: "a", At: 1}).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		set := func(from db.Time) (bool, error) {
			return db.Changed(d.Write().NewUpdate().Model((*sample)(nil)).Set("at = ?", 2).Where("id = 'a' AND at = ?", from).Exec(t.Context()))
		}
		if ok, err := set(1); err != nil || !ok {
			t.Errorf("the first change gave %v, %v", ok, err)
		}
		if ok, err := set(1); err != nil || ok {
			t.Errorf("a change from a state that is gone gave %v, %v", ok, err)
		}
		if _, err := db.Changed(nil, sql.ErrTxDone); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("the statement's error became %v", err)
		}
	})
}

func TestIDsSortByTheirAge(t *testing.T) {
	var ids []string
	for range 100 {
		ids = append(ids, db.NewID())
	}
	if !slices.IsSorted(ids) {
		t.Error("a later id sorts before an earlier one")
	}
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("an id came twice")
	}
}
