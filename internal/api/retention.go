package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/retain"
)

// Only the owner decides what is forgotten: it cannot be brought back.
func (a *API) retentionRoutes() {
	handle(a, identity.RightSecrets, op(http.MethodGet, "/settings/retention", "get-retention", "settings", "How long data of closed cases are kept, and what would be deleted now"), a.getRetention)
	handle(a, identity.RightSecrets, op(http.MethodPut, "/settings/retention", "put-retention", "settings", "Change how long data are kept"), a.putRetention)
	handle(a, identity.RightSecrets, op(http.MethodPost, "/settings/retention/preview", "preview-retention", "settings", "What would be deleted now under these settings; changes nothing"), a.previewRetention)
	handle(a, identity.RightSecrets, accepted(op(http.MethodPost, "/settings/retention/run", "run-retention", "settings", "Delete now what is old enough, instead of waiting for the daily run; one under way is not begun again")), a.runRetention)
}

type retentionSettings struct {
	DeliveriesDays int `json:"deliveries_days" minimum:"0" doc:"Raw pushes, since they were received. 0 = kept for ever; otherwise 30 to 3650"`
	SnapshotsDays  int `json:"snapshots_days" minimum:"0" doc:"WeChat's raw answers, since the case was closed"`
	ImagesDays     int `json:"images_days" minimum:"0" doc:"Copies of the pictures that WeChat shows with a case"`
	OriginalsDays  int `json:"originals_days" minimum:"0" doc:"Evidence as it was uploaded; what was sent to WeChat stays"`
	PersonalDays   int `json:"personal_days" minimum:"0" doc:"Phone, openid and text in clear; the masked forms stay. Raw pushes and answers go no later than these"`
}

type retentionCounts struct {
	Deliveries int `json:"deliveries"`
	Snapshots  int `json:"snapshots"`
	Images     int `json:"images"`
	Originals  int `json:"originals"`
	Personal   int `json:"personal" doc:"Cases"`
}

type retentionRun struct {
	StartedAt  int64           `json:"started_at" doc:"Unix ms"`
	FinishedAt *int64          `json:"finished_at" doc:"Unix ms; null = it goes on"`
	Deleted    retentionCounts `json:"deleted"`
}

type retentionView struct {
	Settings retentionSettings      `json:"settings"`
	MinDays  int                    `json:"min_days"`
	MaxDays  int                    `json:"max_days"`
	Now      retentionCounts        `json:"now" doc:"What would be deleted now"`
	LastRun  nullable[retentionRun] `json:"last_run"`
}

func retentionSettingsOf(s retain.Settings) retentionSettings {
	return retentionSettings{s.Deliveries, s.Snapshots, s.Images, s.Originals, s.Personal}
}

func (s retentionSettings) settings() retain.Settings {
	return retain.Settings{Deliveries: s.DeliveriesDays, Snapshots: s.SnapshotsDays, Images: s.ImagesDays, Originals: s.OriginalsDays, Personal: s.PersonalDays}
}

func (a *API) getRetention(ctx context.Context, _ *empty) (*body[retentionView], error) {
	s, err := a.Retain.Load(ctx)
	if err != nil {
		return nil, err
	}
	now, err := a.Retain.Preview(ctx, s)
	if err != nil {
		return nil, err
	}
	last, err := a.Retain.LastRun(ctx)
	if err != nil {
		return nil, err
	}
	v := retentionView{Settings: retentionSettingsOf(s), MinDays: retain.MinDays, MaxDays: retain.MaxDays, Now: retentionCounts(now)}
	if last != nil {
		v.LastRun = someOf(retentionRun{StartedAt: int64(last.StartedAt), FinishedAt: last.FinishedAt.Ptr(), Deleted: retentionCounts(last.Counts())})
	}
	return &body[retentionView]{v}, nil
}

type retentionInput struct{ Body retentionSettings }

func (a *API) putRetention(ctx context.Context, in *retentionInput) (*body[retentionView], error) {
	s := in.Body.settings()
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Retain.Store(ctx, tx, s); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "update", Object: "setting", ObjectID: "retention", Detail: map[string]any{
			"deliveries_days": s.Deliveries, "snapshots_days": s.Snapshots, "images_days": s.Images, "originals_days": s.Originals, "personal_days": s.Personal,
		}})
	})
	if err != nil {
		return nil, err
	}
	return a.getRetention(ctx, nil)
}

func (a *API) previewRetention(ctx context.Context, in *retentionInput) (*body[retentionCounts], error) {
	c, err := a.Retain.Preview(ctx, in.Body.settings())
	return &body[retentionCounts]{retentionCounts(c)}, err
}

func (a *API) runRetention(ctx context.Context, _ *empty) (*body[retentionView], error) {
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := a.Retain.Start(ctx, tx)
		if err != nil || r == nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "forget_now", Object: "retention", ObjectID: r.ID})
	})
	if err != nil {
		return nil, err
	}
	return a.getRetention(ctx, nil)
}

func retentionProblem(err error) *Problem {
	if errors.Is(err, retain.ErrKeepsAll) {
		return problemOf(http.StatusConflict, CodeConflict, "所有数据都设为一直保留，没有可删的。请先设定天数并保存")
	}
	var field *retain.FieldError
	if errors.As(err, &field) {
		return invalid(field.Field, field.Text)
	}
	return nil
}
