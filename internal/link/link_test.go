package link

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

func service(t *testing.T, d *db.DB) (*Service, *clock.Fake) {
	t.Helper()
	c := testkit.Clock()
	return New(Options{DB: d, Sealer: testkit.Sealer(t), Clock: c}), c
}

func grant(complaint, receiver string) Grant {
	return Grant{ComplaintID: complaint, ProgramID: "p", ChannelID: "ch", ReceiverKey: receiver, AddressMasked: "z***@example.com", Rights: Act}
}

func token(t *testing.T, s *Service, g Grant) string {
	t.Helper()
	v, err := s.Token(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return v.Reveal()
}

func find(t *testing.T, s *Service, token string) *Link {
	t.Helper()
	l, err := s.Find(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAReceiverGetsOneLinkForEachCase(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		first := token(t, s, grant("c1", "r1"))
		if len(first) != 27 {
			t.Errorf("token %q", first)
		}
		if again := token(t, s, grant("c1", "r1")); again != first {
			t.Error("a second message carries another link")
		}
		if other := token(t, s, grant("c2", "r1")); other == first {
			t.Error("two cases have one link")
		}
		if other := token(t, s, grant("c1", "r2")); other == first {
			t.Error("two receivers have one link")
		}
		if l := find(t, s, first); l.ComplaintID != "c1" || l.ReceiverKey != "r1" || l.Rights != Act || l.State(s.Clock.Now()) != Active {
			t.Errorf("found %+v", l)
		}
		if strings.Contains(testkit.Dump(t, d), first) {
			t.Error("the token rests in clear")
		}
		for _, wrong := range []string{"", "x", strings.Repeat("a", 27), first + "a", first[1:]} {
			if _, err := s.Find(t.Context(), wrong); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
	})
}

func TestLinksEnd(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, c := service(t, d)
		first := token(t, s, grant("c1", "r1"))

		c.Advance(Life - fresh - time.Second)
		if token(t, s, grant("c1", "r1")) != first {
			t.Error("a link that works for more than a day was not used again")
		}
		c.Advance(2 * time.Second)
		next := token(t, s, grant("c1", "r1"))
		if next == first || find(t, s, first).State(c.Now()) != Active {
			t.Error("a link about to end was put into a message, or ended early")
		}
		c.Advance(fresh)
		if find(t, s, first).State(c.Now()) != Expired || find(t, s, next).State(c.Now()) != Active {
			t.Error("a link outlived its time")
		}

		if err := s.CaseClosed(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		c.Advance(AfterClose - time.Second)
		if find(t, s, next).State(c.Now()) != Active {
			t.Error("a link ended at once with its case")
		}
		c.Advance(time.Second)
		if find(t, s, next).State(c.Now()) != Expired {
			t.Error("a link outlived its case")
		}

		c.Advance(kept + Life)
		if err := s.DeleteExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find(t.Context(), next); !errors.Is(err, ErrNotFound) {
			t.Errorf("a link is kept for ever: %v", err)
		}
	})
}

func TestARevokedLinkHasNoSuccessor(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, c := service(t, d)
		one, two, other := token(t, s, grant("c1", "r1")), token(t, s, grant("c2", "r1")), token(t, s, grant("c1", "r2"))
		for i, fresh := range []bool{true, false} {
			if ok, err := s.Revoke(t.Context(), d.Write(), find(t, s, one).ID, "周敏"); err != nil || ok != fresh {
				t.Errorf("revoked the %d. time: %v, %v", i+1, ok, err)
			}
		}
		if l := find(t, s, one); l.State(c.Now()) != Revoked || l.RevokedBy != "周敏" || find(t, s, two).State(c.Now()) != Active {
			t.Errorf("revoked %+v", l)
		}
		c.Advance(2 * Life)
		if _, err := s.Token(t.Context(), grant("c1", "r1")); !errors.Is(err, ErrRevoked) {
			t.Errorf("the receiver got another link: %v", err)
		}
		next := token(t, s, grant("c2", "r1"))
		if err := s.RevokeReceivers(t.Context(), d.Write(), []string{"r1"}, "周敏"); err != nil {
			t.Fatal(err)
		}
		if find(t, s, next).State(c.Now()) != Revoked || find(t, s, other).State(c.Now()) != Expired {
			t.Error("not exactly the receiver's links were revoked")
		}
	})
}

func TestUsesAreCounted(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s, c := service(t, d)
		l := find(t, s, token(t, s, grant("c1", "r1")))
		for range 2 {
			if err := s.Used(t.Context(), d.Write(), l.ID); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.OfComplaint(t.Context(), "c1")
		if err != nil || len(all) != 1 || all[0].Uses != 2 || all[0].LastUsedAt != db.At(c.Now()) {
			t.Errorf("%+v, %v", all, err)
		}
	})
}
