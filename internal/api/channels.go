package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
)

// notifyRoutes are the notifications page: how people are told, who hears of what, and what became of every message.
func (a *API) notifyRoutes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		patch = http.MethodPatch
		del   = http.MethodDelete
	)

	handle(a, identity.RightNotify, op(get, "/channels", "list-channels", "notifications", "Ways of telling people, without secrets"), a.listChannels)
	handle(a, identity.RightNotify, created(op(post, "/channels", "create-channel", "notifications", "Add a channel")), a.createChannel)
	handle(a, identity.RightNotify, op(get, "/channels/{id}", "get-channel", "notifications", "One channel"), a.getChannel)
	handle(a, identity.RightNotify, op(patch, "/channels/{id}", "update-channel", "notifications", "Change a channel; a secret that is left out stays"), a.updateChannel)
	handleAs(a, identity.RightNotify, op(del, "/channels/{id}", "delete-channel", "notifications", "Remove a channel that no subscription uses"), a.deleteChannel)
	handle(a, identity.RightNotify, op(post, "/channels/{id}/test", "test-channel", "notifications", "Send a test message and show the provider's answer"), a.testChannel)

	handle(a, identity.RightNotify, op(get, "/subscriptions", "list-subscriptions", "notifications", "Who hears of what"), a.listSubscriptions)
	handle(a, identity.RightNotify, created(op(post, "/subscriptions", "create-subscription", "notifications", "Add a subscription")), a.createSubscription)
	handle(a, identity.RightNotify, op(get, "/subscriptions/{id}", "get-subscription", "notifications", "One subscription"), a.getSubscription)
	handle(a, identity.RightNotify, op(patch, "/subscriptions/{id}", "update-subscription", "notifications", "Change a subscription"), a.updateSubscription)
	handleAs(a, identity.RightNotify, op(del, "/subscriptions/{id}", "delete-subscription", "notifications", "Remove a subscription"), a.deleteSubscription)

	handle(a, identity.RightCasesRead, op(get, "/notices", "list-notices", "notifications", "Every message with its tries, newest first"), a.listNotices)
}

type channelView struct {
	ID            string         `json:"id"`
	Kind          string         `json:"kind" enum:"email,offiaccount,sms,wecom,dingtalk,feishu,webhook"`
	Name          string         `json:"name"`
	Settings      map[string]any `json:"settings" doc:"Without secrets"`
	SecretsSet    []string       `json:"secrets_set" doc:"Secret settings that have a value"`
	Enabled       bool           `json:"enabled"`
	State         string         `json:"state" enum:"ok,waiting,paused,disabled" doc:"waiting: the provider cannot be reached or asked us to wait. paused: it refuses the settings"`
	PausedUntil   *int64         `json:"paused_until" doc:"Unix ms, when one message may try again although the settings were refused"`
	HoldUntil     *int64         `json:"hold_until" doc:"Unix ms"`
	LastSuccessAt *int64         `json:"last_success_at" doc:"Unix ms"`
	LastFailureAt *int64         `json:"last_failure_at" doc:"Unix ms"`
	LastError     *string        `json:"last_error" doc:"The last failure in words; null after a success"`
	CreatedAt     db.Time        `json:"created_at" doc:"Unix ms"`
	UpdatedAt     db.Time        `json:"updated_at" doc:"Unix ms"`
}

func channelState(c notify.Channel) string {
	switch {
	case !c.Enabled:
		return "disabled"
	case !c.PausedUntil.IsZero():
		return "paused"
	case !c.HoldUntil.IsZero():
		return "waiting"
	}
	return "ok"
}

func channelViewOf(c notify.Channel) (channelView, error) {
	v := channelView{
		ID: c.ID, Kind: c.Kind, Name: c.Name, SecretsSet: c.SecretsSet, Enabled: c.Enabled, State: channelState(c), PausedUntil: c.PausedUntil.Ptr(),
		HoldUntil: c.HoldUntil.Ptr(), LastSuccessAt: c.LastSuccessAt.Ptr(), LastFailureAt: c.LastFailureAt.Ptr(), LastError: orNil(c.LastError),
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
	return v, json.Unmarshal(c.Settings, &v.Settings)
}

func (a *API) listChannels(ctx context.Context, _ *empty) (*body[page[channelView]], error) {
	cs, err := a.Notify.ListChannels(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]channelView, len(cs))
	for i, c := range cs {
		if views[i], err = channelViewOf(c); err != nil {
			return nil, err
		}
	}
	return pageOf(views, ""), nil
}

func (a *API) getChannel(ctx context.Context, in *ByID) (*body[channelView], error) {
	c, err := a.Notify.Channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v, err := channelViewOf(c)
	return &body[channelView]{v}, err
}

type newChannelInput struct {
	Body struct {
		Kind     string         `json:"kind" enum:"email,offiaccount,sms,wecom,dingtalk,feishu,webhook"`
		Name     string         `json:"name"`
		Settings map[string]any `json:"settings" doc:"All settings of the kind; secrets are never shown again"`
	}
}

func (a *API) createChannel(ctx context.Context, in *newChannelInput) (*body[channelView], error) {
	settings, err := json.Marshal(in.Body.Settings)
	if err != nil {
		return nil, invalid("settings", "渠道设置的格式不对")
	}
	c, err := a.Notify.CreateChannel(ctx, notify.ChannelInput{Kind: in.Body.Kind, Name: in.Body.Name, Settings: settings})
	if err != nil {
		return nil, err
	}
	return a.channelDone(ctx, "create", c, map[string]any{"name": c.Name, "kind": c.Kind})
}

type updateChannelInput struct {
	ByID
	Body struct {
		Name     *string        `json:"name,omitempty"`
		Settings map[string]any `json:"settings,omitempty" doc:"Merged into the stored ones; a secret that is left out or empty stays"`
		Enabled  *bool          `json:"enabled,omitempty"`
	}
}

func (a *API) updateChannel(ctx context.Context, in *updateChannelInput) (*body[channelView], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	p := notify.ChannelPatch{Name: in.Body.Name, Enabled: in.Body.Enabled}
	if in.Body.Settings != nil {
		var err error
		if p.Settings, err = json.Marshal(in.Body.Settings); err != nil {
			return nil, invalid("settings", "渠道设置的格式不对")
		}
	}
	c, err := a.Notify.UpdateChannel(ctx, in.ID, p)
	if err != nil {
		return nil, err
	}
	return a.channelDone(ctx, "update", c, map[string]any{"name": c.Name, "enabled": c.Enabled, "settings_changed": in.Body.Settings != nil})
}

func (a *API) channelDone(ctx context.Context, verb string, c notify.Channel, detail map[string]any) (*body[channelView], error) {
	v, err := channelViewOf(c)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: verb, Object: "channel", ObjectID: c.ID, Detail: detail})
	return &body[channelView]{v}, err
}

func (a *API) deleteChannel(ctx context.Context, in *ByID) (*empty, error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	if err := a.Notify.DeleteChannel(ctx, in.ID); err != nil {
		return nil, err
	}
	return &empty{}, a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "delete", Object: "channel", ObjectID: in.ID})
}

type testChannelInput struct {
	ByID
	Body *struct {
		Address string `json:"address,omitempty" doc:"Where to; default: the account itself"`
	}
}

type channelTest struct {
	OK           bool    `json:"ok"`
	ProviderCode *string `json:"provider_code"`
	ProviderText *string `json:"provider_text" doc:"The provider's own answer, addresses masked"`
	Text         string  `json:"text" doc:"What happened and what to do"`
}

func (a *API) testChannel(ctx context.Context, in *testChannelInput) (*body[channelTest], error) {
	address := ""
	if in.Body != nil {
		address = in.Body.Address
	}
	r, err := a.Notify.Test(ctx, in.ID, address)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "test", Object: "channel", ObjectID: in.ID, Detail: map[string]any{"ok": r.OK, "code": r.ProviderCode}})
	return &body[channelTest]{channelTest{OK: r.OK, ProviderCode: orNil(r.ProviderCode), ProviderText: orNil(r.ProviderText), Text: r.Text}}, err
}
