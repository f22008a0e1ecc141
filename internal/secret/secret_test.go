package secret_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/secret"
)

const value = "the-app-secret"

func TestTextNeverShows(t *testing.T) {
	v := secret.New(value)
	type holder struct {
		Name   string
		Secret secret.Text
		Ptr    *secret.Text
		hidden secret.Text
	}
	h := holder{"x", v, &v, v}
	shown := map[string]string{"string": v.String(), "error": fmt.Errorf("bad %w: %v", errors.New("x"), v).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%10.3s", "% x", "%T"} {
		shown[verb] = fmt.Sprintf(verb, v)
		shown["pointer "+verb] = fmt.Sprintf(verb, &v)
		shown["struct "+verb] = fmt.Sprintf(verb, h)
		shown["slice "+verb] = fmt.Sprintf(verb, []secret.Text{v})
	}
	shown["Sprint"], shown["Sprintln"] = fmt.Sprint(v), fmt.Sprintln(h)
	b, err := json.Marshal(map[string]any{"v": v, "p": &v, "h": h, "k": map[string]secret.Text{"k": v}})
	if err != nil {
		t.Fatal(err)
	}
	shown["json"] = string(b)
	for name, format := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var out bytes.Buffer
		slog.New(format(&out)).With("with", v).Info("msg", "v", v, "p", &v, "h", h, "list", []secret.Text{v}, slog.Group("g", "v", v))
		shown[name] = out.String()
	}
	for how, s := range shown {
		for _, leak := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value), fmt.Sprintf("% x", value), base64.StdEncoding.EncodeToString([]byte(value))} {
			if strings.Contains(s, leak) {
				t.Errorf("%s shows the secret: %q", how, s)
			}
		}
	}
	if got := fmt.Sprintf("%v", v); got != "***" {
		t.Errorf("shown as %q", got)
	}
}

func TestTextComesIn(t *testing.T) {
	var in struct{ Password secret.Text }
	if err := json.Unmarshal([]byte(`{"Password":"p\u00e4ss"}`), &in); err != nil {
		t.Fatal(err)
	}
	if in.Password.Reveal() != "päss" || in.Password.IsEmpty() {
		t.Errorf("read %q", in.Password.Reveal())
	}
	if !(secret.Text{}).IsEmpty() {
		t.Error("the zero value is not empty")
	}
}

func masterKey(t *testing.T) *secret.MasterKey {
	t.Helper()
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	mk, err := secret.ParseMasterKey(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	return mk
}

// store is the keyset's row, as another process may change it.
type store struct {
	mu      sync.Mutex
	wrapped string
	fail    error
	loads   int
}

func (s *store) load(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return s.wrapped, s.fail
}

func (s *store) rotate(t *testing.T, mk *secret.MasterKey) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.wrapped, err = secret.AddPrimary(mk, s.wrapped); err != nil {
		t.Fatal(err)
	}
}

func newStore(t *testing.T, mk *secret.MasterKey) *store {
	t.Helper()
	wrapped, err := secret.NewKeyset(mk)
	if err != nil {
		t.Fatal(err)
	}
	return &store{wrapped: wrapped}
}

func open(t *testing.T, mk *secret.MasterKey, s *store) *secret.Sealer {
	t.Helper()
	sealer, err := secret.OpenSealer(t.Context(), mk, s.load)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

var place = secret.Place{Table: "platform", Column: "secret_sealed", ID: "default"}

func seal(t *testing.T, s *secret.Sealer, v string) string {
	t.Helper()
	sealed, err := s.Seal(place, secret.New(v))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealedValueOpensInItsPlaceOnly(t *testing.T) {
	mk := masterKey(t)
	s := open(t, mk, newStore(t, mk))
	sealed := seal(t, s, value)
	if strings.Contains(sealed, value) {
		t.Fatalf("sealed as %q", sealed)
	}
	got, err := s.Open(place, sealed)
	if err != nil || got.Reveal() != value {
		t.Fatalf("opened %q, %v", got.Reveal(), err)
	}
	if again := seal(t, s, value); again == sealed {
		t.Error("the same value sealed twice looks the same")
	}
	for name, p := range map[string]secret.Place{
		"another table":  {Table: "programs", Column: place.Column, ID: place.ID},
		"another column": {Table: place.Table, Column: "token_sealed", ID: place.ID},
		"another row":    {Table: place.Table, Column: place.Column, ID: "other"},
	} {
		if got, err := s.Open(p, sealed); err == nil || !got.IsEmpty() {
			t.Errorf("opened for %s", name)
		} else if strings.Contains(err.Error(), sealed) {
			t.Errorf("the error carries the value: %v", err)
		}
	}
}

func TestDamagedValuesAreRefused(t *testing.T) {
	mk := masterKey(t)
	s := open(t, mk, newStore(t, mk))
	sealed := seal(t, s, value)
	flipped := sealed[:len(sealed)-3] + map[bool]string{true: "B", false: "A"}[sealed[len(sealed)-3] == 'A'] + sealed[len(sealed)-2:]
	for name, v := range map[string]string{
		"plain text": value, "no prefix": strings.TrimPrefix(sealed, "s1."), "a changed bit": flipped, "cut short": sealed[:len(sealed)-8],
		"nothing behind the prefix": "s1.", "no base64": "s1.%%%",
	} {
		if _, err := s.Open(place, v); err == nil {
			t.Errorf("%s was opened", name)
		}
		if name != "a changed bit" && name != "cut short" && name != "nothing behind the prefix" && s.SealedWithPrimary(v) {
			t.Errorf("%s counts as sealed", name)
		}
	}
}

func TestEmptyStaysEmpty(t *testing.T) {
	mk := masterKey(t)
	s := open(t, mk, newStore(t, mk))
	if sealed := seal(t, s, ""); sealed != "" {
		t.Errorf("sealed as %q", sealed)
	}
	if v, err := s.Open(place, ""); err != nil || !v.IsEmpty() {
		t.Errorf("opened as %q, %v", v.Reveal(), err)
	}
	if !s.SealedWithPrimary("") {
		t.Error("nothing needs to be sealed anew")
	}
}

func TestWrongMasterKey(t *testing.T) {
	mk := masterKey(t)
	st := newStore(t, mk)
	other := masterKey(t)
	if _, err := secret.OpenSealer(t.Context(), other, st.load); !errors.Is(err, secret.ErrMasterKey) {
		t.Errorf("opening gave %v", err)
	}
	if _, err := secret.AddPrimary(other, st.wrapped); !errors.Is(err, secret.ErrMasterKey) {
		t.Errorf("rotating gave %v", err)
	}
	for _, broken := range []string{"", "%%", base64.RawStdEncoding.EncodeToString([]byte("nonsense"))} {
		load := func(context.Context) (string, error) { return broken, nil }
		if _, err := secret.OpenSealer(t.Context(), mk, load); !errors.Is(err, secret.ErrMasterKey) {
			t.Errorf("a keyset %q gave %v", broken, err)
		}
	}
	unreadable := errors.New("no database")
	load := func(context.Context) (string, error) { return "", unreadable }
	if _, err := secret.OpenSealer(t.Context(), mk, load); !errors.Is(err, unreadable) || errors.Is(err, secret.ErrMasterKey) {
		t.Errorf("an unreadable keyset gave %v", err)
	}
}

func TestParseMasterKey(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xff}, 16) // + and / in the standard alphabet, - and _ in the other
	for name, s := range map[string]string{
		"standard": base64.StdEncoding.EncodeToString(raw), "unpadded": base64.RawStdEncoding.EncodeToString(raw),
		"for URLs": base64.URLEncoding.EncodeToString(raw), "with a line end": base64.StdEncoding.EncodeToString(raw) + "\r\n",
	} {
		if _, err := secret.ParseMasterKey(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]string{
		"empty": "", "too short": base64.StdEncoding.EncodeToString(raw[:31]), "too long": base64.StdEncoding.EncodeToString(append(raw, 1)),
		"no base64": strings.Repeat("!", 44),
	} {
		if _, err := secret.ParseMasterKey(s); err == nil {
			t.Errorf("%s was taken", name)
		} else if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestRotation(t *testing.T) {
	mk := masterKey(t)
	st := newStore(t, mk)
	s := open(t, mk, st)
	old := seal(t, s, value)
	if !s.SealedWithPrimary(old) {
		t.Fatal("a fresh value is not sealed with the primary key")
	}
	st.rotate(t, mk)
	if !s.SealedWithPrimary(old) {
		t.Error("the rotation counts before the keyset was read again")
	}
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.SealedWithPrimary(old) {
		t.Error("a value of the old key counts as sealed with the new one")
	}
	if v, err := s.Open(place, old); err != nil || v.Reveal() != value {
		t.Errorf("an old value opens as %q, %v", v.Reveal(), err)
	}
	fresh, err := s.Reseal(place, old)
	if err != nil {
		t.Fatal(err)
	}
	if !s.SealedWithPrimary(fresh) || fresh == old {
		t.Error("resealing did not use the new key")
	}
	if v, err := s.Open(place, fresh); err != nil || v.Reveal() != value {
		t.Errorf("a resealed value opens as %q, %v", v.Reveal(), err)
	}
	if again, err := s.Reseal(place, fresh); err != nil || again != fresh {
		t.Errorf("resealing twice changed the value, %v", err)
	}
	if _, err := s.Reseal(secret.Place{Table: "x"}, old); err == nil {
		t.Error("a value was resealed for a place that isn't its own")
	}
}

func TestAnotherInstancesRotationIsNoticed(t *testing.T) {
	mk := masterKey(t)
	st := newStore(t, mk)
	here, there := open(t, mk, st), open(t, mk, st)
	st.rotate(t, mk)
	if err := there.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, there, value)
	if v, err := here.Open(place, sealed); err != nil || v.Reveal() != value {
		t.Fatalf("a value of the new key opens as %q, %v", v.Reveal(), err)
	}
	loads := st.loads
	if _, err := here.Open(place, sealed); err != nil || st.loads != loads {
		t.Errorf("the keyset was read again for a known key, %v", err)
	}
	if !here.SealedWithPrimary(sealed) {
		t.Error("the new primary key was not taken over")
	}
}

func TestReloadFailureKeepsTheKeys(t *testing.T) {
	mk := masterKey(t)
	st := newStore(t, mk)
	s := open(t, mk, st)
	sealed := seal(t, s, value)
	st.fail = errors.New("no database")
	if err := s.Reload(t.Context()); !errors.Is(err, st.fail) {
		t.Errorf("error %v", err)
	}
	if v, err := s.Open(place, sealed); err != nil || v.Reveal() != value {
		t.Errorf("opened as %q, %v", v.Reveal(), err)
	}
}

func TestSealerIsSafeForConcurrentUse(t *testing.T) {
	mk := masterKey(t)
	st := newStore(t, mk)
	s := open(t, mk, st)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				sealed, err := s.Seal(place, secret.New(value))
				if err != nil {
					t.Error(err)
					return
				}
				if v, err := s.Open(place, sealed); err != nil || v.Reveal() != value {
					t.Errorf("opened as %q, %v", v.Reveal(), err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			st.rotate(t, mk)
			if err := s.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}
