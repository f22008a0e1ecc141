package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
)

func (a *API) linkRoutes() {
	handleAs(a, public, op(http.MethodPost, "/link", "open-link", "links", "What a one-tap link opens; the token is then sent as Authorization: Link <token>"), a.openLink)
	handle(a, identity.RightNotify, op(http.MethodGet, "/complaints/{id}/links", "list-links", "links", "Who was given a link to the case"), a.listLinks)
	handleAs(a, identity.RightNotify, op(http.MethodDelete, "/links/{id}", "revoke-link", "links", "End a link at once; its receiver gets no other one to this case"), a.revokeLink)
}

type openLinkInput struct {
	remote
	Body struct {
		Token string `json:"token" maxLength:"200" doc:"The last part of the link's address"`
	}
}

type openedLink struct {
	Body   openLinkView
	Cookie string `header:"Set-Cookie"`
}

type openLinkView struct {
	State string `json:"state" enum:"active,expired,revoked"`
	// LinkID names drafts; it opens nothing.
	LinkID      string    `json:"link_id"`
	ComplaintID string    `json:"complaint_id" doc:"Where to go on after a login"`
	Name        string    `json:"name" doc:"As what is done through the link is signed"`
	Rights      string    `json:"rights" enum:"see,act"`
	Until       db.Time   `json:"until" doc:"Unix ms, when the link ends"`
	Clock       linkClock `json:"clock" doc:"What is told of the case also when the link has ended"`
}

type linkClock struct {
	Stage      string `json:"stage" enum:"to_respond,to_supplement,to_prove,to_appeal,waiting_user,platform,closed,unknown"`
	StatusText string `json:"status_text"`
	DueAt      *int64 `json:"due_at" doc:"Unix ms"`
	CreatedAt  *int64 `json:"created_at" doc:"Unix ms"`
}

// openLink changes nothing in the case and spends nothing of the link.
func (a *API) openLink(ctx context.Context, in *openLinkInput) (*openedLink, error) {
	l, err := a.lookUpLink(ctx, in.Body.Token, in.addr)
	if err != nil {
		return nil, err
	}
	state, err := a.linkState(ctx, l)
	if err != nil {
		return nil, err
	}
	c, err := a.Complaints.ByID(ctx, l.ComplaintID)
	if errors.Is(err, complaint.ErrNotFound) {
		return nil, errLinkUnknown
	}
	if err != nil {
		return nil, err
	}
	out := &openedLink{Body: openLinkView{
		State: string(state), LinkID: l.ID, ComplaintID: c.ID, Name: linkName(l), Rights: string(l.Rights), Until: l.ExpiresAt,
		Clock: linkClock{Stage: string(c.Stage), StatusText: c.Status.Text(), DueAt: c.DueAt.Ptr(), CreatedAt: c.CreatedAt.Ptr()},
	}}
	if state != link.Active {
		return out, nil
	}
	cookie := http.Cookie{
		Name: linkCookie + l.ID[len(l.ID)-12:], Value: in.Body.Token, Path: "/api/v1/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: strings.HasPrefix(a.PublicURL, "https://"), MaxAge: int(l.ExpiresAt.Time().Sub(a.Clock.Now()).Seconds()),
	}
	out.Cookie = cookie.String()
	return out, a.linkUsed(ctx, l, "open", "")
}

// linkUsed counts and records a use, in the name of the link.
func (a *API) linkUsed(ctx context.Context, l *link.Link, verb, operation string) error {
	ctx = identity.WithPrincipal(ctx, identity.Principal{UserID: linkUser + l.ID, Name: linkName(l), Via: identity.ViaLink})
	detail := map[string]any{"complaint_id": l.ComplaintID}
	if operation != "" {
		detail["operation"] = operation
	}
	return a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Links.Used(ctx, tx, l.ID); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: verb, Object: "link", ObjectID: l.ID, ProgramID: l.ProgramID, Detail: detail})
	})
}

type linkView struct {
	ID            string  `json:"id"`
	ChannelID     string  `json:"channel_id"`
	UserID        *string `json:"user_id" doc:"The member it was given to"`
	AddressMasked string  `json:"address_masked"`
	Rights        string  `json:"rights" enum:"see,act"`
	State         string  `json:"state" enum:"active,expired,revoked"`
	CreatedAt     db.Time `json:"created_at" doc:"Unix ms"`
	ExpiresAt     db.Time `json:"expires_at" doc:"Unix ms"`
	LastUsedAt    *int64  `json:"last_used_at" doc:"Unix ms"`
	Uses          int64   `json:"uses"`
	RevokedAt     *int64  `json:"revoked_at" doc:"Unix ms"`
	RevokedBy     *string `json:"revoked_by"`
}

func (a *API) listLinks(ctx context.Context, in *ByID) (*body[page[linkView]], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	links, err := a.Links.OfComplaint(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	views := make([]linkView, len(links))
	for i := range links {
		l := &links[i]
		state, err := a.linkState(ctx, l)
		if err != nil {
			return nil, err
		}
		views[i] = linkView{
			ID: l.ID, ChannelID: l.ChannelID, UserID: orNil(l.UserID), AddressMasked: l.AddressMasked, Rights: string(l.Rights), State: string(state),
			CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, LastUsedAt: l.LastUsedAt.Ptr(), Uses: l.Uses, RevokedAt: l.RevokedAt.Ptr(), RevokedBy: orNil(l.RevokedBy),
		}
	}
	return pageOf(views, ""), nil
}

func (a *API) revokeLink(ctx context.Context, in *ByID) (*empty, error) {
	l, err := a.Links.ByID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := a.complaint(ctx, l.ComplaintID); err != nil {
		return nil, err
	}
	return &empty{}, a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		fresh, err := a.Links.Revoke(ctx, tx, l.ID, who(ctx).Name)
		if err != nil || !fresh {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{
			Verb: "revoke", Object: "link", ObjectID: l.ID, ProgramID: l.ProgramID, Detail: map[string]any{"complaint_id": l.ComplaintID, "receiver": l.AddressMasked},
		})
	})
}

// revokeGone ends the links of receivers that no subscription in force names any more.
func (a *API) revokeGone(ctx context.Context, before []notify.Receiver) error {
	subs, err := a.Notify.ListSubscriptions(ctx)
	if err != nil {
		return err
	}
	still := map[string]bool{}        // addresses
	channels := map[string][]string{} // where members are still told
	for _, s := range subs {
		for _, r := range s.Receivers {
			switch {
			case !s.Enabled:
			case r.UserID != "":
				channels[r.UserID] = append(append(channels[r.UserID], r.ChannelID), s.FallbackChannelIDs...)
			default:
				still[notify.LinkKey(r.ChannelID, r.Address)] = true
			}
		}
	}
	var gone []string
	for _, r := range before {
		if r.UserID != "" && !slices.Contains(channels[r.UserID], r.ChannelID) {
			if err := a.Links.RevokeMember(ctx, a.DB.Write(), r.UserID, channels[r.UserID], who(ctx).Name); err != nil {
				return err
			}
		}
		if key := notify.LinkKey(r.ChannelID, r.Address); r.UserID == "" && !still[key] {
			gone = append(gone, key)
		}
	}
	return a.Links.RevokeReceivers(ctx, a.DB.Write(), gone, who(ctx).Name)
}

// revokeMember ends the links of a member who may not log in any more, also those that came to his mail address without his name.
func (a *API) revokeMember(ctx context.Context, u identity.User) error {
	if u.DisabledAt.IsZero() {
		return nil
	}
	cs, err := a.Notify.ListChannels(ctx)
	if err != nil {
		return err
	}
	keys := make([]string, len(cs))
	for i, c := range cs {
		keys[i] = notify.LinkKey(c.ID, u.Email)
	}
	return errors.Join(a.Links.RevokeMember(ctx, a.DB.Write(), u.ID, nil, who(ctx).Name), a.Links.RevokeReceivers(ctx, a.DB.Write(), keys, who(ctx).Name))
}

// linkProblem translates what one-tap links refuse.
func linkProblem(err error) *Problem {
	if errors.Is(err, link.ErrNotFound) {
		return errNotFound
	}
	return nil
}

// maskForLink hides numbers that colleagues wrote into notes and answers: a link shows nothing in clear.
func maskForLink(ctx context.Context, v *complaintView) {
	if who(ctx).Via != identity.ViaLink {
		return
	}
	for i := range v.Notes {
		v.Notes[i].Text = complaint.MaskText(v.Notes[i].Text)
	}
	for i := range v.Timeline {
		e := &v.Timeline[i]
		e.Text = complaint.MaskText(e.Text)
		if e.Said != nil {
			e.Said = orNil(complaint.MaskText(*e.Said))
		}
	}
	for i := range v.Actions {
		v.Actions[i].Content = complaint.MaskText(v.Actions[i].Content)
	}
}
