package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestEverySealedColumnIsRotated(t *testing.T) {
	d := testkit.SQLite(t)
	known := map[string]bool{}
	for _, c := range sealedColumns {
		known[c.Table+"."+c.Column] = true
	}
	for _, table := range testkit.Tables(t, d) {
		var cols []string
		if err := d.Read.NewRaw(`SELECT name FROM pragma_table_info(?) WHERE name LIKE '%\_sealed' ESCAPE '\'`, table).Scan(t.Context(), &cols); err != nil {
			t.Fatal(err)
		}
		for _, c := range cols {
			if !known[table+"."+c] {
				t.Errorf("%s.%s would keep its old key", table, c)
			}
		}
	}
}

// sealedValue is one secret at rest.
type sealedValue struct {
	place secret.Place
	v     string
}

// atRest reads every sealed value of the installation.
func atRest(t *testing.T, d *db.DB) []sealedValue {
	t.Helper()
	var out []sealedValue
	for _, c := range sealedColumns {
		var rows []struct{ ID, V string }
		if err := d.Read.NewRaw(fmt.Sprintf(`SELECT %s AS id, %s AS v FROM %s WHERE %s <> ''`, c.ID, c.Column, c.Table, c.Column)).Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			place := secret.Place{Table: c.Table, Column: c.Column, ID: r.ID}
			vs := []string{r.V}
			if c.As != "" {
				place.Column = c.As
				if err := json.Unmarshal([]byte(r.V), &vs); err != nil {
					t.Fatal(err)
				}
			}
			for _, v := range vs {
				out = append(out, sealedValue{place, v})
			}
		}
	}
	return out
}

// onlyPrimary is a sealer that has lost every key but the newest.
func onlyPrimary(t *testing.T, a *App) *secret.Sealer {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(a.Config.DataDir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(file)))
	if err != nil {
		t.Fatal(err)
	}
	master, err := subtle.NewAESGCM(raw)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := readKeyset(t.Context(), a.DB)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := base64.RawStdEncoding.DecodeString(stored)
	if err != nil {
		t.Fatal(err)
	}
	ad := []byte("zhisu/keyset/v1")
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), master, ad)
	if err != nil {
		t.Fatal(err)
	}
	m := keyset.NewManagerFromHandle(h)
	info := h.KeysetInfo()
	if len(info.GetKeyInfo()) != 2 {
		t.Errorf("%d keys after one rotation", len(info.GetKeyInfo()))
	}
	for _, k := range info.GetKeyInfo() {
		if k.GetKeyId() != info.GetPrimaryKeyId() {
			if err := m.Delete(k.GetKeyId()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if h, err = m.Handle(); err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := h.WriteWithAssociatedData(keyset.NewBinaryWriter(&buf), master, ad); err != nil {
		t.Fatal(err)
	}
	mk, err := secret.ParseMasterKey(string(file))
	if err != nil {
		t.Fatal(err)
	}
	s, err := secret.OpenSealer(t.Context(), mk, func(context.Context) (string, error) { return base64.RawStdEncoding.EncodeToString(buf.Bytes()), nil })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRotationLeavesNothingToTheOldKey(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		s.subscribe()
		number := s.file(wechatsim.Filing{})
		id := s.caseID(number)
		s.mails(1)
		s.idle()
		a := s.app
		// An earlier refresh token and a second factor rest here as well.
		earlier, err := a.Sealer.Seal(secret.Place{Table: "credentials", Column: "refresh_sealed", ID: "authorizer/" + tea}, secret.New("refreshtoken@@@old"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.DB.Write().NewRaw(`UPDATE credentials SET refresh_history = ? WHERE kind = 'authorizer'`, `["`+earlier+`"]`).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		owner := s.as(identity.Owner)
		me := owner.want(200, "GET", "/me", nil).text("id")
		if _, err := a.Identity.EnrolTOTP(t.Context(), me); err != nil {
			t.Fatal(err)
		}

		before := map[secret.Place][]string{}
		tables := map[string]bool{}
		old := atRest(t, a.DB)
		for _, x := range old {
			v, err := a.Sealer.Open(x.place, x.v)
			if err != nil {
				t.Fatal(err)
			}
			before[x.place] = append(before[x.place], v.Reveal())
			tables[x.place.Table+"."+x.place.Column] = true
		}
		for _, c := range []string{
			"platform.secret_sealed", "platform.ticket_sealed", "credentials.access_sealed", "credentials.refresh_sealed", "users.totp_sealed", "complaints.phone_sealed",
			"deliveries.body_sealed", "snapshots.body_sealed", "notices.address_sealed", "subscriptions.receivers_sealed",
		} {
			if !tables[c] {
				t.Errorf("nothing rests in %s, so the test says nothing about it", c)
			}
		}

		o := s.opts
		o.Work = false
		if res := execute(t, o, Command{Name: "secrets.rotate"}); res.Failed || res.Out == "" {
			t.Errorf("rotate printed %q", res.Out)
		}
		s.until("the end of sealing anew", func() bool {
			return strings.Contains(s.logs.String(), "all stored secrets are sealed with the new key")
		})

		newest := onlyPrimary(t, a)
		after := map[secret.Place][]string{}
		for _, x := range atRest(t, a.DB) {
			v, err := newest.Open(x.place, x.v)
			if err != nil {
				t.Errorf("%s.%s needs the old key: %v", x.place.Table, x.place.Column, err)
				continue
			}
			after[x.place] = append(after[x.place], v.Reveal())
			if slices.ContainsFunc(old, func(y sealedValue) bool { return y == x }) {
				t.Errorf("%s.%s is as it was", x.place.Table, x.place.Column)
			}
		}
		for place, want := range before {
			if place.Table != "credentials" && place.Table != "platform" && !slices.Equal(after[place], want) { // those two may be renewed meanwhile
				t.Errorf("%s.%s says something else", place.Table, place.Column)
			}
		}
		if got := after[secret.Place{Table: "credentials", Column: "refresh_sealed", ID: "authorizer/" + tea}]; !slices.Contains(got, "refreshtoken@@@old") {
			t.Error("the earlier refresh token was lost")
		}

		// Everything goes on working.
		if r := owner.want(200, "POST", "/complaints/"+id+"/reveal", nil); r.text("phone") != userPhone {
			t.Errorf("revealed %s", r.raw)
		}
		s.caseID(s.file(wechatsim.Filing{}))
		s.mails(2)
		if strings.Contains(s.logs.String(), "does not open") {
			t.Error("a value did not open")
		}
	})
}

func TestOneDamagedSecretDoesNotHoldUpTheOthers(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	s.caseID(s.file(wechatsim.Filing{}))
	s.idle()
	if _, err := s.app.DB.Write().NewRaw(`UPDATE platform SET prev_token_sealed = 's1.damaged'`).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := s.opts
	o.Work = false
	execute(t, o, Command{Name: "secrets.rotate"})
	s.until("the end of sealing anew", func() bool {
		return strings.Contains(s.logs.String(), "all stored secrets are sealed with the new key")
	})
	newest := onlyPrimary(t, s.app)
	for _, x := range atRest(t, s.app.DB) {
		_, err := newest.Open(x.place, x.v)
		if damaged := x.v == "s1.damaged"; (err != nil) != damaged {
			t.Errorf("%s.%s: %v", x.place.Table, x.place.Column, err)
		}
	}
	if !strings.Contains(s.logs.String(), `"column":"prev_token_sealed"`) {
		t.Error("nobody is told of the damaged value")
	}
}
