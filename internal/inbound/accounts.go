package inbound

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zhisu/zhisu/internal/program"
)

// How long what is known of a program is believed, and how long others go on believing it while one looks again.
const (
	accountFor   = 5 * time.Second
	accountGrace = time.Second
)

// account is what hearing a push must know of a program; neither ever changes.
type account struct {
	programID string // empty when the program is not ours
	userName  string // empty while it is not known
}

// accounts remembers programs, so that a flood of pushes costs no queries.
type accounts struct {
	mu    sync.Mutex
	known map[string]knownAccount
}

type knownAccount struct {
	account
	until time.Time
}

func (a *accounts) get(appID string, now time.Time) (account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.known[appID]
	if !ok {
		return account{}, false
	}
	if now.Before(k.until) {
		return k.account, true
	}
	k.until = now.Add(accountGrace)
	a.known[appID] = k
	return account{}, false
}

func (a *accounts) put(appID string, v account, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil {
		a.known = map[string]knownAccount{}
	}
	a.known[appID] = knownAccount{v, until}
}

// account returns what is known of a program. Only programs of ours with all they have are remembered: the others may be about to change.
func (s *Service) account(ctx context.Context, appID string) (account, error) {
	now := s.clock.Now()
	if v, ok := s.accounts.get(appID, now); ok {
		return v, nil
	}
	p, err := s.programs.ByAppID(ctx, appID)
	if errors.Is(err, program.ErrNotFound) {
		return account{}, nil
	}
	if err != nil {
		return account{}, err
	}
	v := account{programID: p.ID, userName: p.UserName}
	if v.userName != "" {
		s.accounts.put(appID, v, now.Add(accountFor))
	}
	return v, nil
}
