package program

import (
	"context"
	"slices"

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
		_, err = s.db.Write().NewUpdate().Model((*Program)(nil)).Set("score = ?", *score).Where("id = ?", p.ID).Exec(ctx)
	}
	if err != nil {
		s.log.InfoContext(ctx, "score not read", "program", p.ID, "err", err)
	}
}
