package identity

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryRoleAndRight spells every cell, so that a change of the table is a change in two places, on purpose.
func TestEveryRoleAndRight(t *testing.T) {
	const yes, no = true, false
	type cells struct{ owner, manager, agent, finance, viewer bool }
	want := map[Right]cells{
		RightPlatform:      {owner: yes, manager: no, agent: no, finance: no, viewer: no},
		RightUsers:         {owner: yes, manager: no, agent: no, finance: no, viewer: no},
		RightSecrets:       {owner: yes, manager: no, agent: no, finance: no, viewer: no},
		RightPrograms:      {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightMerchants:     {owner: yes, manager: yes, agent: no, finance: yes, viewer: no},
		RightCasesRead:     {owner: yes, manager: yes, agent: yes, finance: yes, viewer: yes},
		RightCasesAct:      {owner: yes, manager: yes, agent: yes, finance: no, viewer: no},
		RightReveal:        {owner: yes, manager: yes, agent: yes, finance: no, viewer: no},
		RightRefund:        {owner: yes, manager: yes, agent: no, finance: yes, viewer: no},
		RightRefundLimited: {owner: yes, manager: yes, agent: yes, finance: yes, viewer: no},
		RightNotify:        {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightRules:         {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightTemplates:     {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightDeliveries:    {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightAudit:         {owner: yes, manager: yes, agent: no, finance: no, viewer: no},
		RightReports:       {owner: yes, manager: yes, agent: yes, finance: yes, viewer: yes},
	}
	for right, c := range want {
		for role, w := range map[Role]bool{Owner: c.owner, Manager: c.manager, Agent: c.agent, Finance: c.finance, Viewer: c.viewer} {
			if got := (Principal{Role: role}).Can(right); got != w {
				t.Errorf("%s can %s = %t, want %t", role, right, got, w)
			}
			if got := slices.Contains(role.Rights(), right); got != w {
				t.Errorf("rights of %s list %s = %t, want %t", role, right, got, w)
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(holders)), slices.Sorted(maps.Keys(want)); !cmp.Equal(got, want) {
		t.Errorf("rights in the table: %v, spelled here: %v", got, want)
	}
}

func TestNobodyElseHasRights(t *testing.T) {
	for _, role := range []Role{"", "o", "root", "Owner", "own", "auditor", "mallory", "."} {
		if role.Valid() {
			t.Errorf("%q is a valid role", role)
		}
		for right := range holders {
			if role.Has(right) {
				t.Errorf("unknown role %q has %s", role, right)
			}
		}
		if n := len(role.Rights()); n != 0 {
			t.Errorf("unknown role %q lists %d rights", role, n)
		}
	}
	for _, role := range Roles() {
		for _, right := range []Right{"", "all", "Users"} {
			if role.Has(right) {
				t.Errorf("%s has the unknown right %q", role, right)
			}
		}
	}
}

func TestScope(t *testing.T) {
	for name, tc := range map[string]struct {
		p                  Principal
		all, a, other, non bool
	}{
		"the zero principal sees nothing":            {p: Principal{}},
		"no role, no scope: nothing":                 {p: Principal{UserID: "u"}},
		"an unknown role sees nothing":               {p: Principal{Role: "root", ProgramIDs: []string{"a"}}},
		"no programs named means all":                {p: Principal{Role: Agent}, all: true, a: true, other: true, non: true},
		"programs named means those only":            {p: Principal{Role: Manager, ProgramIDs: []string{"a", "b"}}, a: true},
		"an owner sees all even with programs named": {p: Principal{Role: Owner, ProgramIDs: []string{"a"}}, all: true, a: true, other: true, non: true},
		"an empty id in the scope opens nothing":     {p: Principal{Role: Viewer, ProgramIDs: []string{""}}},
		"the system sees all":                        {p: System, all: true, a: true, other: true, non: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.p.AllPrograms(); got != tc.all {
				t.Errorf("AllPrograms = %t", got)
			}
			for id, want := range map[string]bool{"a": tc.a, "c": tc.other, "": tc.non} {
				if got := tc.p.Sees(id); got != want {
					t.Errorf("Sees(%q) = %t, want %t", id, got, want)
				}
			}
		})
	}
}

func TestPrincipalTravelsInContext(t *testing.T) {
	if p, ok := FromContext(t.Context()); ok || p.Can(RightCasesRead) {
		t.Errorf("a bare context carries %+v", p)
	}
	want := Principal{UserID: "u", Role: Agent, ProgramIDs: []string{"a"}, Via: ViaToken}
	got, ok := FromContext(WithPrincipal(t.Context(), want))
	if !ok || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %t", got, ok)
	}
}
