// Package gap says what may have been missed. WeChat has no call that lists complaints, so whatever keeps a push from arriving, a push from being worked on, or a case
// from being read again is looked for here, on demand and every hour. It reads and reports; mending is other packages' work.
package gap

import (
	"cmp"
	"context"
	"slices"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/program"
)

// Severity says how bad an item is.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // complaints are being missed, or a deadline may be
	Warning Severity = "warning" // it looks as if
)

// Fix is the way out that the report offers.
type Fix string

// The ways out.
const (
	FixReplay    Fix = "replay"    // work on the delivery again
	FixImport    Fix = "import"    // import the complaint by its number
	FixSync      Fix = "sync"      // read the case at WeChat now
	FixAuthorize Fix = "authorize" // the program's admin authorises again
	FixProgram   Fix = "program"   // the program's settings
	FixPlatform  Fix = "platform"  // the third-party platform's settings
)

// The codes of items.
const (
	CodeTicketMissing = "ticket_missing"
	CodeTicketOld     = "ticket_old"
	CodeTokenMissing  = "token_missing"
	CodeRevoked       = "program_revoked"
	CodePermission    = "permission_missing"
	CodeSecret        = "direct_secret"
	CodeRefused       = "push_refused"
	CodeNoPush        = "push_url_unchecked"
	CodeSilent        = "push_silent"
	CodeFailed        = "delivery_failed"
	CodeStuck         = "delivery_stuck"
	CodeUnread        = "sync_failed"
	CodeLate          = "recheck_late"
	CodeUnknown       = "complaint_unknown"
)

// Item is one thing that may have been missed.
type Item struct {
	Code     string
	Severity Severity
	// Text says what is wrong, Hint what follows and what to do, both for a merchant.
	Text, Hint string
	// Params are what a text in another language is filled with.
	Params map[string]string
	Since  db.Time
	Fix    Fix
	// What it is about; empty where it does not apply.
	ProgramID, ProgramName, ComplaintID, OrderID, DeliveryID string
}

// Check is one thing that was looked at, and at how many.
type Check struct {
	Code  string // platform, programs, silence, deliveries, cases, numbers
	Count int
}

// Report is what may have been missed, as of CheckedAt.
type Report struct {
	CheckedAt db.Time
	Checks    []Check
	Items     []Item
	// More is how many items were left out, beyond listed of a kind.
	More int
}

// listed bounds the items of one kind.
const listed = 50

// Named is a complaint that something outside names, such as a penalty of the 交易体验分.
type Named struct {
	ProgramID, OrderID string
	At                 db.Time
}

// Options are what New needs.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	Programs   *program.Service
	Complaints *complaint.Service
	Inbound    *inbound.Service
	// Penalties lists complaints that penalties name; nil = none are known. programIDs nil means all.
	Penalties func(ctx context.Context, programIDs []string) ([]Named, error)
}

// Service makes the report.
type Service struct{ Options }

// New builds the service.
func New(o Options) *Service { return &Service{Options: o} }

func (s *Service) now() db.Time { return db.At(s.Clock.Now()) }

// report collects.
type report struct {
	Report

	programs map[string]*program.Program
	listed   map[string]int
}

func (r *report) add(i Item) {
	if r.listed[i.Code]++; r.listed[i.Code] > listed {
		r.More++
		return
	}
	if p := r.programs[i.ProgramID]; p != nil {
		i.ProgramName = nameOf(p)
	}
	r.Items = append(r.Items, i)
}

func (r *report) checked(code string, n int) { r.Checks = append(r.Checks, Check{code, n}) }

func nameOf(p *program.Program) string {
	if p.Name == "" {
		return p.AppID
	}
	return p.Name
}

// Report looks at the programs of ids, nil for all, which includes the platform and what belongs to no program.
func (s *Service) Report(ctx context.Context, ids []string) (Report, error) {
	ps, err := s.Programs.List(ctx, program.Filter{IDs: ids, Listed: true})
	if err != nil {
		return Report{}, err
	}
	r := &report{Report: Report{CheckedAt: s.now(), Items: []Item{}}, programs: make(map[string]*program.Program, len(ps)), listed: map[string]int{}}
	for i := range ps {
		r.programs[ps[i].ID] = &ps[i]
	}
	if ids == nil {
		if err := s.checkPlatform(ctx, r); err != nil {
			return Report{}, err
		}
	}
	s.checkPrograms(r, ps)
	for _, check := range []func(context.Context, *report, []string) error{s.checkSilence, s.checkDeliveries, s.checkCases, s.checkPenalties} {
		if err := check(ctx, r, ids); err != nil {
			return Report{}, err
		}
	}
	slices.SortStableFunc(r.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Since, b.Since)) // "error" < "warning"
	})
	return r.Report, nil
}
