package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// receiverRoutes are what the forms of official-account and SMS channels need: templates, previews, callback addresses, and receivers who bind themselves.
func (a *API) receiverRoutes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		patch = http.MethodPatch
		del   = http.MethodDelete
		tag   = "notifications"
	)

	handle(a, identity.RightNotify, op(get, "/channels/variables", "list-channel-variables", tag, "Facts that a template can be filled with"), a.listVariables)
	handle(a, identity.RightNotify, op(post, "/channels/templates", "list-channel-templates", tag, "Ask the provider for an account's templates, before or after the channel is saved"), a.listChannelTemplates)
	handle(a, identity.RightNotify, op(post, "/channels/preview", "preview-channel", tag, "What a message with example facts would look like"), a.previewChannel)
	handle(a, identity.RightNotify, op(get, "/channels/{id}/callback", "get-channel-callback", tag, "The address to enter in the provider's console"), a.getCallback)
	handle(a, identity.RightNotify, op(get, "/channels/{id}/bindings", "list-bindings", tag, "Receivers who bound themselves by scanning"), a.listBindings)
	handle(a, identity.RightNotify, created(op(post, "/channels/{id}/bindings", "create-binding", tag, "Make a code for one receiver to scan, valid for ten minutes")), a.createBinding)
	handle(a, identity.RightNotify, op(get, "/channels/{id}/bindings/{bid}", "get-binding", tag, "Whether a code was scanned"), a.getBinding)
	handle(a, identity.RightNotify, op(patch, "/channels/{id}/bindings/{bid}", "update-binding", tag, "Name a receiver"), a.updateBinding)
	handleAs(a, identity.RightNotify, op(del, "/channels/{id}/bindings/{bid}", "delete-binding", tag, "Forget a receiver, or a code"), a.deleteBinding)
}

type variableView struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Example string `json:"example"`
}

func (a *API) listVariables(context.Context, *empty) (*body[page[variableView]], error) {
	var views []variableView
	for _, v := range notify.Vars() {
		views = append(views, variableView(v))
	}
	return pageOf(views, ""), nil
}

type templatesInput struct {
	Body struct {
		Kind      string         `json:"kind" enum:"offiaccount"`
		ChannelID string         `json:"channel_id,omitempty" doc:"Secrets that are left out are this channel's"`
		Settings  map[string]any `json:"settings"`
	}
}

type templateKeyView struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Limit int    `json:"limit" doc:"Characters"`
}

type channelTemplateView struct {
	ID      string            `json:"id"`
	Title   string            `json:"title"`
	Content string            `json:"content"`
	Example string            `json:"example"`
	Keys    []templateKeyView `json:"keys"`
}

type templatesView struct {
	OK           bool                  `json:"ok"`
	ProviderCode *string               `json:"provider_code"`
	ProviderText *string               `json:"provider_text"`
	Text         string                `json:"text" doc:"Why there is no list, and what to do"`
	Items        []channelTemplateView `json:"items"`
}

func (a *API) listChannelTemplates(ctx context.Context, in *templatesInput) (*body[templatesView], error) {
	settings, err := json.Marshal(in.Body.Settings)
	if err != nil {
		return nil, invalid("settings", "渠道设置的格式不对")
	}
	list, failed, err := a.Notify.Templates(ctx, in.Body.Kind, in.Body.ChannelID, settings)
	if err != nil {
		return nil, err
	}
	v := templatesView{Items: []channelTemplateView{}}
	if failed != nil {
		v.ProviderCode, v.ProviderText, v.Text = orNil(failed.ProviderCode), orNil(failed.ProviderText), failed.Text
		return &body[templatesView]{v}, nil
	}
	v.OK = true
	for _, t := range list {
		keys := []templateKeyView{}
		for _, k := range t.Keys {
			keys = append(keys, templateKeyView(k))
		}
		v.Items = append(v.Items, channelTemplateView{t.ID, t.Title, t.Content, t.Example, keys})
	}
	return &body[templatesView]{v}, nil
}

type channelPreviewInput struct {
	Body struct {
		Kind     string         `json:"kind" enum:"offiaccount,sms"`
		Settings map[string]any `json:"settings" doc:"May be incomplete"`
	}
}

type filledView struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Note  string `json:"note" doc:"What was changed to make the value fit"`
}

func (a *API) previewChannel(_ context.Context, in *channelPreviewInput) (*body[page[filledView]], error) {
	settings, err := json.Marshal(in.Body.Settings)
	if err != nil {
		return nil, invalid("settings", "渠道设置的格式不对")
	}
	filled, err := a.Notify.Preview(in.Body.Kind, settings)
	if err != nil {
		return nil, err
	}
	return pageOf(filledViews(filled), ""), nil
}

func filledViews(in []channel.Filled) []filledView {
	out := make([]filledView, len(in))
	for i, f := range in {
		out[i] = filledView(f)
	}
	return out
}

type callbackView struct {
	URL string `json:"url" doc:"Keep it to yourself: whoever knows the address of an SMS channel can report deliveries"`
}

func (a *API) getCallback(ctx context.Context, in *ByID) (*body[callbackView], error) {
	url, err := a.Notify.CallbackURL(ctx, in.ID)
	return &body[callbackView]{callbackView{url}}, err
}

type bindingView struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	UserID       *string `json:"user_id"`
	State        string  `json:"state" enum:"waiting,bound,expired,off" doc:"off: unfollowed the account or blocked its messages"`
	Reason       *string `json:"reason" doc:"Why it is off"`
	Address      string  `json:"address" doc:"To name the receiver in a subscription; empty unless bound"`
	OpenIDMasked string  `json:"openid_masked"`
	Greeting     string  `json:"greeting" enum:",sending,sent,failed" doc:"The test message right after the scan"`
	GreetingText string  `json:"greeting_text"`
	URL          string  `json:"url,omitempty" doc:"Text to draw as a QR code; only in the answer to POST"`
	ExpiresAt    int64   `json:"expires_at" doc:"Unix ms"`
	BoundAt      *int64  `json:"bound_at" doc:"Unix ms"`
}

func bindingViewOf(b notify.Binding) bindingView {
	return bindingView{
		ID: b.ID, Name: b.Name, UserID: orNil(b.UserID), State: string(b.State), Reason: orNil(b.Reason), Address: b.Address, OpenIDMasked: b.AddressMasked,
		Greeting: b.Greeting, GreetingText: b.GreetingText, ExpiresAt: int64(b.ExpiresAt), BoundAt: b.BoundAt.Ptr(),
	}
}

func (a *API) listBindings(ctx context.Context, in *ByID) (*body[page[bindingView]], error) {
	bs, err := a.Notify.Bindings(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	views := make([]bindingView, len(bs))
	for i, b := range bs {
		views[i] = bindingViewOf(b)
	}
	return pageOf(views, ""), nil
}

type newBindingInput struct {
	ByID
	Body struct {
		Name   string `json:"name,omitempty"`
		UserID string `json:"user_id,omitempty" doc:"The member who is going to scan"`
	}
}

func (a *API) createBinding(ctx context.Context, in *newBindingInput) (*body[bindingView], error) {
	b, code, failed, err := a.Notify.StartBinding(ctx, in.ID, in.Body.Name, in.Body.UserID, who(ctx).UserID)
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, problemOf(http.StatusBadGateway, CodeUpstream, failed.Text)
	}
	v := bindingViewOf(b)
	v.URL = code
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "create", Object: "binding", ObjectID: b.ID, Detail: map[string]any{"name": b.Name}})
	return &body[bindingView]{v}, err
}

// ByBinding is the path of one binding.
type ByBinding struct {
	ByID
	BindingID string `path:"bid"`
}

func (a *API) getBinding(ctx context.Context, in *ByBinding) (*body[bindingView], error) {
	b, err := a.Notify.Binding(ctx, in.ID, in.BindingID)
	return &body[bindingView]{bindingViewOf(b)}, err
}

type updateBindingInput struct {
	ByBinding
	Body struct {
		Name string `json:"name"`
	}
}

func (a *API) updateBinding(ctx context.Context, in *updateBindingInput) (*body[bindingView], error) {
	b, err := a.Notify.RenameBinding(ctx, in.ID, in.BindingID, in.Body.Name)
	return &body[bindingView]{bindingViewOf(b)}, err
}

func (a *API) deleteBinding(ctx context.Context, in *ByBinding) (*empty, error) {
	if err := a.Notify.RemoveBinding(ctx, in.ID, in.BindingID); err != nil {
		return nil, err
	}
	return &empty{}, a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "delete", Object: "binding", ObjectID: in.BindingID})
}
