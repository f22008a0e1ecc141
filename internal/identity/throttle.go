package identity

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

const (
	// freeFailures may happen before the first block; the block after it is a second and doubles with each further failure.
	freeFailures = 5
	maxBlock     = 15 * time.Minute
	// forgetAfter is how long after the last failure the count starts anew. Longer than maxBlock, or waiting a block out would pay.
	forgetAfter = time.Hour
)

// block is how long failure n (1-based) blocks.
func block(n int64) time.Duration {
	switch over := n - freeFailures; {
	case over < 0:
		return 0
	case over >= 10:
		return maxBlock
	default:
		return min(time.Second<<over, maxBlock)
	}
}

type failureRow struct {
	bun.BaseModel `bun:"table:login_failures,alias:f"`

	Subject      string  `bun:"subject,pk"`
	Failures     int64   `bun:"failures"`
	BlockedUntil db.Time `bun:"blocked_until"`
	LastAt       db.Time `bun:"last_at"`
}

// subjects are what failures are counted for. Digests, because people type passwords into the wrong field.
type subjects struct{ account, address string }

func newSubjects(email, remoteAddr string) subjects {
	return subjects{account: digest("account " + normalizeEmail(email)), address: digest("address " + network(remoteAddr))}
}

// network is what one attacker has at hand: an IPv4 address, or the /64 that every IPv6 customer gets. It takes an address with or
// without port; anything else stands for itself.
func network(remoteAddr string) string {
	ip, err := netip.ParseAddr(remoteAddr)
	if err != nil {
		ap, err := netip.ParseAddrPort(remoteAddr)
		if err != nil {
			return remoteAddr
		}
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.String()
		}
	}
	return ip.String()
}

// refuseBlocked returns *Throttled while one of the subjects is blocked.
func (s *Service) refuseBlocked(ctx context.Context, of subjects) error {
	var until db.Time
	err := s.db.Read.NewSelect().Model((*failureRow)(nil)).ColumnExpr("max(blocked_until)").
		Where("subject IN (?, ?)", of.account, of.address).Scan(ctx, &until)
	if err != nil {
		return fmt.Errorf("read login failures: %w", err)
	}
	wait := until.Time().Sub(s.clock.Now())
	if until.IsZero() || wait <= 0 {
		return nil
	}
	return &Throttled{RetryAfter: max(wait, time.Second)}
}

// countFailure counts for both subjects and returns the account's count. Always the account first, so that two transactions never wait
// for each other.
func (s *Service) countFailure(ctx context.Context, tx db.Tx, of subjects) (account int64, err error) {
	now := s.now()
	for _, subject := range []string{of.account, of.address} {
		row := failureRow{Subject: subject, Failures: 1, LastAt: now}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (subject) DO UPDATE").
			Set("failures = CASE WHEN f.last_at < ? THEN 1 ELSE f.failures + 1 END", now-db.Time(forgetAfter.Milliseconds())).
			Set("last_at = EXCLUDED.last_at").Returning("failures").Exec(ctx)
		if err != nil {
			return 0, fmt.Errorf("count login failure: %w", err)
		}
		if b := block(row.Failures); b > 0 {
			_, err := tx.NewUpdate().Model(&row).Set("blocked_until = ?", now+db.Time(b.Milliseconds())).WherePK().Exec(ctx)
			if err != nil {
				return 0, fmt.Errorf("block logins: %w", err)
			}
		}
		if subject == of.account {
			account = row.Failures
		}
	}
	return account, nil
}

// clearFailures forgets the account's failures, not the address's: an attacker may have one account of his own.
func clearFailures(ctx context.Context, tx db.Tx, of subjects) error {
	if _, err := tx.NewDelete().Model((*failureRow)(nil)).Where("subject = ?", of.account).Exec(ctx); err != nil {
		return fmt.Errorf("clear login failures: %w", err)
	}
	return nil
}
