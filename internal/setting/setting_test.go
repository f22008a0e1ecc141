package setting_test

import (
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/setting"
	"github.com/zhisu/zhisu/internal/testkit"
)

type limits struct {
	Agent int64 `json:"agent"`
	Above int64 `json:"above"`
}

func TestASettingKeepsItsDefaultUntilItIsStored(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		got := limits{Agent: 5, Above: 7}
		if err := setting.Load(t.Context(), d.Read, "limits", &got); err != nil || got != (limits{5, 7}) {
			t.Fatalf("nobody stored it: got %+v, %v, want the default", got, err)
		}
		for _, want := range []limits{{1, 2}, {3, 4}} {
			if err := setting.Store(t.Context(), d.Write(), "limits", want, 1); err != nil {
				t.Fatal(err)
			}
			got = limits{}
			if err := setting.Load(t.Context(), d.Read, "limits", &got); err != nil || got != want {
				t.Fatalf("got %+v, %v, want %+v", got, err, want)
			}
		}
		wider := struct {
			limits
			Later string `json:"later"`
		}{Later: "default"}
		if err := setting.Load(t.Context(), d.Read, "limits", &wider); err != nil || wider.Above != 4 || wider.Later != "default" {
			t.Fatalf("a field that was not stored: got %+v, %v, want its default", wider, err)
		}
	})
}
