// Package retain forgets what need not be kept any longer: raw pushes, WeChat's raw answers, copies of pictures, originals of evidence, unmasked personal data. How long is
// a setting, and by default nothing is forgotten: what a merchant must keep for his books and what he must not keep of a person is his to decide. Nothing of an open
// case ever goes. The packages that own the rows say which those are; here is only when, how many at a time, and what is written down about it.
package retain

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/setting"
)

// Bounds of a setting, in days. Below a month a case may still come back by appeal, a refund or a complaint at another place.
const (
	MinDays = 30
	MaxDays = 3650
)

// Settings say after how many days what is forgotten; 0 = never. They count from the day a case was closed, those of deliveries from the day one was received.
type Settings struct {
	Deliveries int `json:"deliveries_days"`
	Snapshots  int `json:"snapshots_days"`
	Images     int `json:"images_days"`
	Originals  int `json:"originals_days"`
	Personal   int `json:"personal_days"`
}

// settingName is where Settings are kept.
const settingName = "retention"

// FieldError says which value is wrong and why, in words for the person who typed it.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Text }

func (s Settings) check() error {
	for field, days := range map[string]int{
		"deliveries_days": s.Deliveries, "snapshots_days": s.Snapshots, "images_days": s.Images, "originals_days": s.Originals, "personal_days": s.Personal,
	} {
		if days != 0 && (days < MinDays || days > MaxDays) {
			return &FieldError{field, fmt.Sprintf("应为 %d 到 %d 天，填 0 表示一直保留", MinDays, MaxDays)}
		}
	}
	return nil
}

// effective lets raw pushes and snapshots go no later than the personal data they hold: otherwise these would not be deleted.
func (s Settings) effective() Settings {
	if s.Personal > 0 {
		for _, d := range []*int{&s.Deliveries, &s.Snapshots} {
			if *d == 0 || *d > s.Personal {
				*d = s.Personal
			}
		}
	}
	return s
}

// Counts are how many rows each setting concerns.
type Counts struct {
	Deliveries, Snapshots, Images, Originals int
	Personal                                 int // cases
}

// Any reports whether there is anything.
func (c Counts) Any() bool { return c != Counts{} }

// Options are what New needs.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	Complaints *complaint.Service
	Evidence   *evidence.Service
	Inbound    *inbound.Service
	// Record writes an audit row.
	Record func(ctx context.Context, tx bun.IDB, run string, detail map[string]any) error
}

// Service forgets.
type Service struct {
	Options

	// batch and batches bound what one job deletes; tests make them small.
	batch, batches int
}

// New builds the service.
func New(o Options) *Service { return &Service{Options: o, batch: 200, batches: 20} }

func (s *Service) now() db.Time { return db.At(s.Clock.Now()) }

// Load returns the settings; by default everything is kept.
func (s *Service) Load(ctx context.Context) (Settings, error) {
	var v Settings
	err := setting.Load(ctx, s.DB.Read, settingName, &v)
	return v, err //nolint:wrapcheck // setting says what it was doing
}

// Store keeps settings, in the caller's transaction; a value out of bounds is a *FieldError.
func (s *Service) Store(ctx context.Context, tx bun.IDB, v Settings) error {
	if err := v.check(); err != nil {
		return err
	}
	return setting.Store(ctx, tx, settingName, v, s.now()) //nolint:wrapcheck // setting says what it was doing
}

// kind is one thing that is forgotten.
type kind struct {
	days   int
	column string // of retention_runs
	count  func(ctx context.Context, before db.Time) (int, error)
	drop   func(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error)
	into   func(*Counts) *int
}

func (s *Service) kinds(v Settings) []kind {
	v = v.effective()
	return []kind{
		{v.Deliveries, "deliveries", s.Inbound.CountOld, s.Inbound.DropOld, func(c *Counts) *int { return &c.Deliveries }},
		{v.Snapshots, "snapshots", s.Complaints.CountSnapshots, s.Complaints.DropSnapshots, func(c *Counts) *int { return &c.Snapshots }},
		{v.Images, "images", s.Complaints.CountImages, s.Complaints.DropImages, func(c *Counts) *int { return &c.Images }},
		{v.Originals, "originals", s.Evidence.CountOriginals, s.Evidence.DropOriginals, func(c *Counts) *int { return &c.Originals }},
		{v.Personal, "personal", s.Complaints.CountPersonal, s.Complaints.Erase, func(c *Counts) *int { return &c.Personal }},
	}
}

func (s *Service) before(days int) db.Time {
	return db.At(s.Clock.Now().Add(-time.Duration(days) * 24 * time.Hour))
}

// Preview counts what would be deleted now under settings, stored or not.
func (s *Service) Preview(ctx context.Context, v Settings) (c Counts, err error) {
	if err := v.check(); err != nil {
		return Counts{}, err
	}
	for _, k := range s.kinds(v) {
		if k.days == 0 {
			continue
		}
		if *k.into(&c), err = k.count(ctx, s.before(k.days)); err != nil {
			return Counts{}, err
		}
	}
	return c, nil
}
