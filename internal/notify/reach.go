package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/zhisu/zhisu/internal/notify/channel"
)

// addressBook is who can be reached where, read once for each plan.
type addressBook struct {
	s *Service
	// kinds are the enabled channels.
	kinds map[string]string
	order []string
	// names are what receivers who scanned a code are called, by channel and hashed address: an openid tells people nothing.
	names   map[[2]string]string
	members []Member
	asked   bool
}

func (s *Service) addressBook(ctx context.Context) (*addressBook, error) {
	var chans []channelRow
	if err := s.db.Read.NewSelect().Model(&chans).Column("id", "kind").Where("enabled = ?", true).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	var bound []bindingRow
	if err := s.db.Read.NewSelect().Model(&bound).Column("channel_id", "address_hash", "name").Where("state = ? AND name <> ''", BindingBound).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list names of receivers: %w", err)
	}
	a := &addressBook{s: s, kinds: map[string]string{}, names: map[[2]string]string{}}
	for _, b := range bound {
		a.names[[2]string{b.ChannelID, b.AddressHash}] = b.Name
	}
	for _, c := range chans {
		a.kinds[c.ID] = c.Kind
		a.order = append(a.order, c.ID)
	}
	return a, nil
}

// named puts the name of a receiver before his masked address, as the log and the case show it.
func (a *addressBook) named(r receiver) receiver {
	if len(a.names) == 0 {
		return r
	}
	if name := a.names[[2]string{r.ChannelID, hashOf(r.ChannelID, r.Address)}]; name != "" {
		r.Masked = name + "（" + r.Masked + "）"
	}
	return r
}

// groups reports whether people read what comes on a channel: a machine wants every single message.
func (a *addressBook) groups(channelID string) bool {
	_, machine := a.s.providers[a.kinds[channelID]].(channel.Machine)
	return !machine
}

// everybody returns all members.
func (a *addressBook) everybody(ctx context.Context) ([]Member, error) {
	var err error
	if !a.asked {
		a.members, err = a.s.members.Members(ctx)
		a.asked = err == nil
	}
	return a.members, err
}

// of returns a member's address on a channel; false if he has none there.
func (a *addressBook) of(ctx context.Context, userID, channelID string) (receiver, bool, error) {
	ms, err := a.everybody(ctx)
	if err != nil {
		return receiver{}, false, err
	}
	i := slices.IndexFunc(ms, func(m Member) bool { return m.ID == userID })
	kind, usable := a.kinds[channelID]
	if i < 0 || !usable {
		return receiver{}, false, nil
	}
	r, _, err := a.s.contact(ctx, ms[i], channelID, kind)
	return a.named(r), r.Address != "", err
}

// mayHear reports whether a receiver may be told of a program: a member only while he has an account, and within his scope. Empty is no single program.
func (a *addressBook) mayHear(ctx context.Context, userID, programID string) (bool, error) {
	if userID == "" {
		return true, nil
	}
	ms, err := a.everybody(ctx)
	i := slices.IndexFunc(ms, func(m Member) bool { return m.ID == userID })
	return i >= 0 && (programID == "" || ms[i].sees(programID)), err
}

// reach returns the receivers of a subscription on some of its channels who may hear of a program, members with their addresses.
func (s *Service) reach(ctx context.Context, a *addressBook, sub *subscriptionRow, channelIDs []string, programID string) ([]receiver, error) {
	rs, err := s.receivers(sub)
	if err != nil {
		return nil, err
	}
	out := []receiver{}
	for _, r := range rs {
		if _, usable := a.kinds[r.ChannelID]; !usable || !slices.Contains(channelIDs, r.ChannelID) {
			continue
		}
		if ok, err := a.mayHear(ctx, r.UserID, programID); err != nil || !ok {
			if err != nil {
				return nil, err
			}
			continue
		}
		if r.Address == "" && r.UserID != "" {
			known, ok, err := a.of(ctx, r.UserID, r.ChannelID)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			out = append(out, known)
			continue
		}
		out = append(out, a.named(r))
	}
	return out, nil
}
