package standing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// maxPages bounds one list of deductions.
const maxPages = 50

// Read asks WeChat for everything about a program and keeps it. What could not be read is said in the standing and tried again; an error is a fault of our own.
func (s *Service) Read(ctx context.Context, programID string) error {
	p, err := s.Programs.ByID(ctx, programID)
	if errors.Is(err, program.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.State != program.Active || !p.ArchivedAt.IsZero() {
		_, err := s.DB.Write().NewUpdate().Model((*Standing)(nil)).Set("next_at = ?", s.in(daily)).Where("program_id = ?", p.ID).Exec(ctx)
		return err
	}
	var wrong []string
	failed := false
	for _, part := range []struct {
		set  int
		read func(context.Context, *program.Program) error
	}{{wechat.SetGuarantee, s.readPenalties}, {wechat.SetGuarantee, s.readBadge}, {wechat.SetComplaints, s.readViolations}} {
		text, err := "", error(nil)
		if p.Mode == program.Platform && !slices.Contains(p.GrantedSets.V, part.set) {
			set := program.SetByID(part.set)
			text = "没有「" + set.Name + "」权限：" + set.Without
		} else if err = part.read(ctx, p); err != nil {
			known := false
			if text, known = program.UpstreamText(err); !known {
				return err
			}
			failed = true
		}
		if text != "" && !slices.Contains(wrong, text) {
			wrong = append(wrong, text)
		}
	}
	if err := s.noteRead(ctx, p, strings.Join(wrong, "；"), failed); err != nil {
		return err
	}
	return s.findMissed(ctx, p)
}

// noteRead keeps how a reading went and when the next one is.
func (s *Service) noteRead(ctx context.Context, p *program.Program, wrong string, failed bool) error {
	return s.change(ctx, p.ID, func(_ context.Context, _ db.Tx, st *Standing) error {
		st.Error, st.NextAt = wrong, s.next(p.ID)
		if failed {
			st.Failures++
			if st.NextAt = s.in(again); st.Failures > patience {
				st.NextAt = s.in(later)
			}
			return nil
		}
		st.Failures, st.ReadAt = 0, s.now()
		return nil
	})
}

// change does something to a standing while nobody else does.
func (s *Service) change(ctx context.Context, programID string, do func(context.Context, db.Tx, *Standing) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		st := &Standing{ProgramID: programID, NextAt: s.now(), UpdatedAt: s.now()}
		st.GuaranteeReasons.V = []string{}
		// The write waits for whoever changes it now.
		if _, err := tx.NewInsert().Model(st).On("CONFLICT (program_id) DO UPDATE").Set("updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
			return fmt.Errorf("lock standing: %w", err)
		}
		if err := tx.NewSelect().Model(st).WherePK().Scan(ctx); err != nil {
			return fmt.Errorf("read standing: %w", err)
		}
		if err := do(ctx, tx, st); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(st).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("store standing: %w", err)
		}
		return nil
	})
}

// readPenalties reads every page before it changes anything: half a list would tell of deductions that are not there any more.
func (s *Service) readPenalties(ctx context.Context, p *program.Program) error {
	var items []wechat.Penalty
	var score *int
	for page := 0; page < maxPages; page++ {
		var list wechat.Penalties
		err := s.Programs.Call(ctx, p, program.GuaranteeSets, func(ctx context.Context, token string) error {
			var err error
			list, err = s.WeChat.GetPenaltyList(ctx, token, len(items), wechat.MaxPenaltyPage)
			return err
		})
		if err != nil {
			return fmt.Errorf("read penalties: %w", err)
		}
		if list.Score != nil {
			score = list.Score
		}
		items = append(items, list.Items...)
		if len(list.Items) == 0 || len(items) >= list.Total {
			break
		}
	}
	return s.change(ctx, p.ID, func(ctx context.Context, tx db.Tx, st *Standing) error {
		for i := range items {
			if err := s.keepPenalty(ctx, tx, p.ID, &items[i]); err != nil {
				return err
			}
		}
		if score == nil {
			return nil
		}
		return s.keepScore(ctx, tx, st, int64(*score))
	})
}

// keepScore adds to the history when the score is another one. The program carries it, too, and tells of a drop.
func (s *Service) keepScore(ctx context.Context, tx db.Tx, st *Standing, score int64) error {
	was := st.Score
	st.Score, st.ScoreAt = &score, s.now()
	if was == nil || *was != score {
		if _, err := tx.NewInsert().Model(&Change{ID: db.NewID(), ProgramID: st.ProgramID, Score: score, Was: was, At: s.now()}).Exec(ctx); err != nil {
			return fmt.Errorf("store score: %w", err)
		}
	}
	return s.Programs.KeepScore(ctx, tx, st.ProgramID, score)
}

func (s *Service) keepPenalty(ctx context.Context, tx db.Tx, programID string, x *wechat.Penalty) error {
	if x.IllegalOrderID == "" {
		return nil // nothing tells it from another
	}
	r := &Penalty{
		ID: db.NewID(), ProgramID: programID, IllegalOrderID: x.IllegalOrderID, ComplaintOrderID: x.ComplaintOrderID, Wording: x.Wording, Status: Status(x.Status),
		MinusScore: int64(x.MinusScore), TransactionID: x.TransactionID, IllegalAt: db.FromUnix(x.IllegalTime), ChangedAt: db.FromUnix(x.UpdateTime), FirstSeenAt: s.now(),
	}
	if r.ComplaintOrderID != "" {
		r.NextLookupAt = s.now()
	}
	_, err := tx.NewInsert().Model(r).On("CONFLICT (program_id, illegal_order_id) DO UPDATE").
		Set("complaint_order_id = EXCLUDED.complaint_order_id, wording = EXCLUDED.wording, status = EXCLUDED.status, minus_score = EXCLUDED.minus_score").
		Set("transaction_id = EXCLUDED.transaction_id, illegal_at = EXCLUDED.illegal_at, changed_at = EXCLUDED.changed_at").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store penalty: %w", err)
	}
	return nil
}

func (s *Service) readBadge(ctx context.Context, p *program.Program) error {
	var g wechat.Guarantee
	err := s.Programs.Call(ctx, p, program.GuaranteeSets, func(ctx context.Context, token string) error {
		var err error
		g, err = s.WeChat.GetGuaranteeStatus(ctx, token)
		return err
	})
	if err != nil {
		return fmt.Errorf("read guarantee status: %w", err)
	}
	return s.change(ctx, p.ID, func(_ context.Context, _ db.Tx, st *Standing) error {
		st.Guarantee, st.GuaranteeAt, st.GuaranteeReasons.V = BadgeOff, s.now(), g.Reasons
		if g.Active {
			st.Guarantee = BadgeOn
		}
		if g.Reasons == nil {
			st.GuaranteeReasons.V = []string{}
		}
		return nil
	})
}

// readViolations reads the last 90 days, which is what WeChat gives without dates. A refusal says nothing of the permission to handle complaints, whose set this call
// shares with another one (reference §8.5), so it is not noted as missing.
func (s *Service) readViolations(ctx context.Context, p *program.Program) error {
	var records []wechat.IllegalRecord
	err := s.Programs.Call(ctx, p, nil, func(ctx context.Context, token string) error {
		var err error
		records, err = s.WeChat.GetIllegalRecords(ctx, token, 0, 0)
		return err
	})
	if err != nil {
		return fmt.Errorf("read violations: %w", err)
	}
	return s.change(ctx, p.ID, func(ctx context.Context, tx db.Tx, st *Standing) error {
		st.ViolationsAt = s.now()
		for _, r := range records {
			if r.ID == "" {
				continue
			}
			v := &Violation{
				ID: db.NewID(), ProgramID: p.ID, RecordID: r.ID, Reason: r.Reason, Content: r.Content, RuleName: r.RuleName, RuleURL: r.RuleURL,
				At: db.FromUnix(r.CreateTime), FirstSeenAt: s.now(), Kind: KindRecord,
			}
			if _, err := tx.NewInsert().Model(v).On("CONFLICT (program_id, record_id) DO UPDATE").
				Set("reason = EXCLUDED.reason, content = EXCLUDED.content, rule_name = EXCLUDED.rule_name, rule_url = EXCLUDED.rule_url, at = EXCLUDED.at").Exec(ctx); err != nil {
				return fmt.Errorf("store violation: %w", err)
			}
		}
		return nil
	})
}
