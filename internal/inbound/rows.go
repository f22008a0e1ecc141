package inbound

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Source tells which URL heard a delivery.
type Source string

// The sources.
const (
	FromEvents   Source = "platform_events"   // 授权事件接收 URL
	FromMessages Source = "platform_messages" // 消息与事件接收 URL
	FromAccount  Source = "offiaccount"       // an official account that sends notices
	FromReports  Source = "sms_reports"       // an operator's delivery reports
	FromDirect   Source = "direct"            // a program's own message URL
)

// Delivery states.
const (
	Stored  = "stored"  // acknowledged, not worked on yet
	Done    = "done"    // its effect is in the domain rows
	Ignored = "ignored" // an event we have no use for, or of an account that is not ours
	Failed  = "failed"  // could not be used; kept for people to look at
)

// Delivery is one push as it came (decrypted), kept with a unique key so that a repeat is recognised.
type Delivery struct {
	bun.BaseModel `bun:"table:deliveries"`

	ID          string `bun:",pk"`
	Source      Source
	AppID       string `bun:"appid"`
	ProgramID   string
	ChannelID   string
	Event       string
	DedupeKey   string
	BodySealed  string
	BodySHA256  string `bun:"body_sha256"`
	State       string
	Error       string
	Repeats     int64
	ReceivedAt  db.Time
	ProcessedAt db.Time
}

// ReceivedArgs is the job that works on a stored delivery.
type ReceivedArgs struct {
	DeliveryID string `json:"delivery_id"`
}

// Kind implements river.JobArgs.
func (ReceivedArgs) Kind() string { return "inbound.received" }

func bodyPlace(id string) secret.Place {
	return secret.Place{Table: "deliveries", Column: "body_sealed", ID: id}
}

// Delivery returns a stored delivery with its plaintext.
func (s *Service) Delivery(ctx context.Context, id string) (*Delivery, []byte, error) {
	d := &Delivery{ID: id}
	err := s.db.Read.NewSelect().Model(d).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil, ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read delivery: %w", err)
	}
	body, err := s.sealer.Open(bodyPlace(id), d.BodySealed)
	if err != nil {
		return nil, nil, err
	}
	return d, []byte(body.Reveal()), nil
}

// Finish stores what became of a delivery.
func (s *Service) Finish(ctx context.Context, id, state, problem string) error {
	_, err := s.db.Write().NewUpdate().Model((*Delivery)(nil)).
		Set("state = ?, error = ?, processed_at = ?", state, problem, s.now()).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("finish delivery: %w", err)
	}
	return nil
}

// Reconcile enqueues every stored delivery that nobody works on.
func (s *Service) Reconcile(ctx context.Context) error {
	var rows []Delivery
	err := s.db.Read.NewSelect().Model(&rows).Column("id").Where("state = ? AND received_at < ?", Stored, s.now()-reconcileAfterMS).
		OrderExpr("received_at").Limit(500).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list unworked deliveries: %w", err)
	}
	for _, d := range rows {
		if err := s.db.Enqueue(ctx, ReceivedArgs{DeliveryID: d.ID}, db.Once(db.QueueDefault)); err != nil {
			return err
		}
	}
	return nil
}

const reconcileAfterMS = 60_000
