package identity

import (
	"context"
	"slices"
)

// How a principal came in.
const (
	ViaSession = "session"
	ViaToken   = "token"
	ViaSystem  = "system"
	ViaLink    = "link" // a one-tap link: no user, no role, single cases
)

// Principal is who is asking, for one request or job. It is read anew for each request, so that a changed role counts at once. The zero
// Principal may do nothing.
type Principal struct {
	UserID, Email, Name string
	Role                Role
	// ProgramIDs confine the principal to these programs; empty means all.
	ProgramIDs []string
	// TOTP reports whether the user's second factor is on.
	TOTP bool
	// Via is ViaSession, ViaToken, ViaSystem or ViaLink.
	Via string
	// CaseIDs are the only cases of ViaLink, and CasesAct says that it may answer in them. Role is empty then, so that what asks for a right or a program is refused.
	CaseIDs  []string
	CasesAct bool
}

// System is the program itself: jobs, schedules, and commands on the machine.
var System = Principal{UserID: "system", Name: "system", Role: Owner, Via: ViaSystem}

// Can reports whether the principal has the right, for the programs it sees.
func (p Principal) Can(r Right) bool { return p.Role.Has(r) }

// AllPrograms reports whether the principal sees every program, future ones included. An owner always does.
func (p Principal) AllPrograms() bool {
	return p.Role == Owner || p.Role.Valid() && len(p.ProgramIDs) == 0
}

// Sees reports whether the program is in the principal's scope. What is outside is answered as if it did not exist. The empty id, which
// stands for what belongs to no program, is seen only by who sees all.
func (p Principal) Sees(programID string) bool {
	return p.AllPrograms() || p.Role.Valid() && programID != "" && slices.Contains(p.ProgramIDs, programID)
}

type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the principal that ctx carries; false if it carries none.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
