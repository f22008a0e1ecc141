package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/zhisu/zhisu/internal/testkit"
)

func TestPasswordIsHashedAsAgreed(t *testing.T) {
	s := New(testkit.SQLite(t), testkit.Sealer(t), testkit.Clock())
	one, err := s.hasher.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(one, "$")
	if len(parts) != 6 || strings.Join(parts[:4], "$") != "$argon2id$v=19$m=19456,t=2,p=1" {
		t.Fatalf("hash = %s", one)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) != 16 {
		t.Fatalf("salt of %d bytes, %v", len(salt), err)
	}
	if want := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(goodPassword), salt, 2, 19*1024, 1, 32)); parts[5] != want {
		t.Error("the hash is not argon2id of the password")
	}
	if !strings.HasPrefix(s.hasher.nobody, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash for unknown users costs something else: %s", s.hasher.nobody)
	}
	if ok, err := s.hasher.verify(one, goodPassword); !ok || err != nil {
		t.Errorf("right password: %t, %v", ok, err)
	}
	for _, wrong := range []string{"", goodPassword + " ", strings.ToUpper(goodPassword)} {
		if ok, err := s.hasher.verify(one, wrong); ok || err != nil {
			t.Errorf("wrong password %q: %t, %v", wrong, ok, err)
		}
	}
}

func TestEqualPasswordsHaveDifferentHashes(t *testing.T) {
	h := newHasher(params{memory: 64, time: 1, threads: 1})
	one, err1 := h.hash(t.Context(), goodPassword)
	two, err2 := h.hash(t.Context(), goodPassword)
	if err1 != nil || err2 != nil || one == two {
		t.Errorf("%s, %s, %v, %v", one, two, err1, err2)
	}
}

func TestAHashKeepsItsOwnParameters(t *testing.T) {
	old := newHasher(params{memory: 128, time: 3, threads: 2})
	encoded, err := old.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := newHasher(params{memory: 64, time: 1, threads: 1}).verify(encoded, goodPassword); !ok || err != nil {
		t.Errorf("after the parameters changed: %t, %v", ok, err)
	}
}

func TestDamagedHashIsAnErrorAndNotShown(t *testing.T) {
	h := newHasher(params{memory: 64, time: 1, threads: 1})
	for _, damaged := range []string{
		"", "plain", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=16$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=1$AAAA$AAAA",
		"$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=0$AAAA$AAAA", "$argon2id$v=19$m=64,t=1,p=1$AAAA$",
		"$argon2id$v=19$m=64,t=1,p=1$*$AAAA", "$argon2id$v=19$m=64,t=1,p=1$AAAA$*",
	} {
		ok, err := h.verify(damaged, goodPassword)
		if ok || err == nil {
			t.Errorf("%q: %t, %v", damaged, ok, err)
		} else if len(damaged) > 0 && strings.Contains(err.Error(), damaged) {
			t.Errorf("the error shows the hash: %v", err)
		}
	}
}

func TestOnlyTwoPasswordsAreHashedAtOnce(t *testing.T) {
	h := newHasher(params{memory: 64, time: 1, threads: 1})
	leave, err := h.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.enter(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a third entered, or waits for a client that is gone: %v", err)
	}
	leave()
	if _, err := h.enter(t.Context()); err != nil {
		t.Errorf("the place that was left is not free: %v", err)
	}
}

func TestMemoryOfHashesIsGivenBackOnceWhenTheyAreDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var given atomic.Int32
		h := newHasher(params{memory: 64, time: 1, threads: 1})
		h.clear = time.AfterFunc(time.Hour, func() { given.Add(1) })
		for range 5 {
			if _, err := h.hash(t.Context(), goodPassword); err != nil {
				t.Fatal(err)
			}
			time.Sleep(clearAfter / 2)
		}
		if given.Load() != 0 {
			t.Error("given back while passwords are still hashed")
		}
		time.Sleep(clearAfter)
		synctest.Wait()
		if n := given.Load(); n != 1 {
			t.Errorf("given back %d times", n)
		}
	})
}

func TestPasswordLength(t *testing.T) {
	for password, want := range map[string]error{
		"":                       ErrWeakPassword,
		"123456789":              ErrWeakPassword,
		"1234567890":             nil,
		"一二三四五六七八九":              ErrWeakPassword,
		"一二三四五六七八九十":             nil,
		strings.Repeat("长", 256): nil,
		strings.Repeat("长", 257): ErrWeakPassword,
	} {
		if err := checkPassword(password); !errors.Is(err, want) {
			t.Errorf("%d bytes: %v, want %v", len(password), err, want)
		}
	}
}
