package program

import (
	"context"
	"fmt"
	"slices"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wechat"
)

// readScore asks for the 交易体验分 of a program that granted set 151. A failure leaves the last known score: the score is never worth failing a refresh.
func (s *Service) readScore(ctx context.Context, p *Program) {
	if !slices.Contains(p.GrantedSets.V, wechat.SetGuarantee) {
		return
	}
	var score *int
	err := s.Call(ctx, p, GuaranteeSets, func(ctx context.Context, token string) error {
		list, err := s.wechat.GetPenaltyList(ctx, token, 0, 1)
		score = list.Score
		return err
	})
	if err == nil && score != nil {
		err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.KeepScore(ctx, tx, p.ID, int64(*score)) })
	}
	if err != nil {
		s.log.InfoContext(ctx, "score not read", "program", p.ID, "err", err)
	}
}

// ScoreDroppedArgs tells whoever reacts to it that a program's 交易体验分 is lower than it was.
type ScoreDroppedArgs struct {
	ProgramID string  `json:"program_id"`
	From      int64   `json:"from"`
	To        int64   `json:"to"`
	At        db.Time `json:"at"`
}

// Kind implements river.JobArgs.
func (ScoreDroppedArgs) Kind() string { return "program.score_dropped" }

// KeepScore stores a score and, if it is lower than the one before, says so in the same transaction.
func (s *Service) KeepScore(ctx context.Context, tx db.Tx, id string, score int64) error {
	p, err := s.one(ctx, tx, "id = ?", id)
	if err != nil {
		return err
	}
	q := tx.NewUpdate().Model((*Program)(nil)).Set("score = ?", score).Where("id = ?", id)
	if p.Score != nil {
		q = q.Where("score = ?", *p.Score)
	}
	changed, err := db.Changed(q.Exec(ctx))
	if err != nil {
		return fmt.Errorf("store score: %w", err)
	}
	if !changed || p.Score == nil || score >= *p.Score {
		return nil
	}
	return tx.Enqueue(ctx, ScoreDroppedArgs{ProgramID: id, From: *p.Score, To: score, At: s.now()}, nil)
}
