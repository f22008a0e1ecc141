package app

import (
	"context"
	"errors"

	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
)

// links makes the addresses that messages lead to.
type links struct{ app *App }

// URL implements notify.Links. An empty answer leads to the case behind the login: for machines, and for receivers whose link was revoked.
func (l links) URL(ctx context.Context, complaintID string, r notify.LinkReceiver) (string, error) {
	ch, err := l.app.Notify.Channel(ctx, r.ChannelID)
	if err != nil || ch.Kind == "webhook" {
		return "", err
	}
	c, err := l.app.Complaints.ByID(ctx, complaintID)
	if err != nil {
		return "", err
	}
	g := link.Grant{
		ComplaintID: c.ID, ProgramID: c.ProgramID, ChannelID: r.ChannelID, UserID: r.UserID, ReceiverKey: r.Key, AddressMasked: r.AddressMasked, Rights: link.Act,
	}
	if g.AddressMasked == "" {
		// A robot speaks to a group: whoever is in it may look, but an answer to the buyer needs a name.
		g.AddressMasked, g.Rights = ch.Name, link.See
	}
	token, err := l.app.Links.Token(ctx, g)
	if errors.Is(err, link.ErrRevoked) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return l.app.Config.PublicURL + linkPath + token.Reveal(), nil
}
