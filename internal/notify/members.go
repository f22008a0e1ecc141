package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Member is somebody with an account, as far as telling him goes.
type Member struct {
	ID, Name, Email string
	Role            string
	// ProgramIDs confine him; empty means all.
	ProgramIDs []string
}

// sees reports whether a program is in his scope.
func (m Member) sees(programID string) bool {
	return len(m.ProgramIDs) == 0 || programID != "" && slices.Contains(m.ProgramIDs, programID)
}

// MembersReader knows who has an account; disabled ones are left out.
type MembersReader interface {
	Members(ctx context.Context) ([]Member, error)
}

// emailKind is the kind of channel whose addresses members have by themselves: what they log in with.
const emailKind = "email"

// contactRow is a member's address on one channel.
type contactRow struct {
	bun.BaseModel `bun:"table:contacts"`

	UserID        string `bun:",pk"`
	ChannelID     string `bun:",pk"`
	AddressSealed string
	AddressMasked string
	UpdatedAt     db.Time
}

// Contact is how a member is reached on one channel.
type Contact struct {
	ChannelID     string
	AddressMasked string
	// Own says that it was entered for this channel; otherwise it is the address he logs in with.
	Own bool
}

// MemberContacts is a member with the channels on which he can be reached.
type MemberContacts struct {
	Member
	Contacts []Contact
}

// Members lists everybody who can be told, by name.
func (s *Service) Members(ctx context.Context) ([]MemberContacts, error) {
	ms, err := s.members.Members(ctx)
	if err != nil {
		return nil, err
	}
	var chans []channelRow
	if err := s.db.Read.NewSelect().Model(&chans).Column("id", "kind").Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	out := make([]MemberContacts, len(ms))
	for i, m := range ms {
		out[i] = MemberContacts{Member: m, Contacts: []Contact{}}
		for _, ch := range chans {
			address, own, err := s.contact(ctx, m, ch.ID, ch.Kind)
			if err != nil {
				return nil, err
			}
			if address.Address != "" {
				out[i].Contacts = append(out[i].Contacts, Contact{ChannelID: ch.ID, AddressMasked: address.Masked, Own: own})
			}
		}
	}
	return out, nil
}

// contact returns a member's address on a channel, empty if he has none there.
func (s *Service) contact(ctx context.Context, m Member, channelID, kind string) (r receiver, own bool, err error) {
	r = receiver{ChannelID: channelID, UserID: m.ID}
	p, ok := s.providers[kind]
	if !ok {
		return r, false, nil
	}
	row := &contactRow{UserID: m.ID, ChannelID: channelID}
	err = s.db.Read.NewSelect().Model(row).WherePK().Scan(ctx)
	switch {
	case err == nil:
		plain, err := s.sealer.Open(contactPlace(m.ID, channelID), row.AddressSealed)
		if err != nil {
			return r, false, fmt.Errorf("open contact: %w", err)
		}
		r.Address, r.Masked = plain.Reveal(), row.AddressMasked
		return r, true, nil
	case !db.IsNotFound(err):
		return r, false, fmt.Errorf("read contact: %w", err)
	case kind != emailKind:
		return r, false, s.boundAs(ctx, m.ID, &r)
	}
	if r.Address, r.Masked, err = p.Address(m.Email); err != nil {
		return receiver{ChannelID: channelID, UserID: m.ID}, false, nil // an address that this provider does not take is none
	}
	return r, false, nil
}

// SetContact keeps a member's address on a channel; an empty one removes it. It returns *FieldError or ErrNotFound.
func (s *Service) SetContact(ctx context.Context, userID, channelID, address string) (Contact, error) {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return Contact{}, err
	}
	m, err := s.member(ctx, userID)
	if err != nil {
		return Contact{}, err
	}
	if address == "" {
		if _, err := s.db.Write().NewDelete().Model((*contactRow)(nil)).Where("user_id = ? AND channel_id = ?", userID, channelID).Exec(ctx); err != nil {
			return Contact{}, fmt.Errorf("forget contact: %w", err)
		}
		r, own, err := s.contact(ctx, m, channelID, ch.Kind)
		return Contact{ChannelID: channelID, AddressMasked: r.Masked, Own: own}, err
	}
	p, ok := s.providers[ch.Kind]
	if !ok || selfReceiving(p) {
		return Contact{}, &FieldError{Field: "address", Text: "这个渠道不发给个人。"}
	}
	normal, masked, err := p.Address(address)
	if err != nil {
		return Contact{}, err
	}
	if err := s.storeContact(ctx, s.db.Write(), userID, channelID, normal, masked); err != nil {
		return Contact{}, err
	}
	return Contact{ChannelID: channelID, AddressMasked: masked, Own: true}, nil
}

// storeContact keeps an address in its normal form; a member who scans a code gets his that way.
func (s *Service) storeContact(ctx context.Context, q bun.IDB, userID, channelID, normal, masked string) (err error) {
	row := &contactRow{UserID: userID, ChannelID: channelID, AddressMasked: masked, UpdatedAt: s.now()}
	if row.AddressSealed, err = s.sealer.Seal(contactPlace(userID, channelID), secret.New(normal)); err != nil {
		return fmt.Errorf("seal contact: %w", err)
	}
	if _, err := q.NewInsert().Model(row).On("CONFLICT (user_id, channel_id) DO UPDATE").
		Set("address_sealed = EXCLUDED.address_sealed, address_masked = EXCLUDED.address_masked, updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return fmt.Errorf("store contact: %w", err)
	}
	return nil
}

// scopeOf returns the programs that a receiver may hear of, nil for all: those of the member he is, also where only the address he logs in with was typed in.
func (s *Service) scopeOf(ctx context.Context, userID, address string) ([]string, error) {
	ms, err := s.members.Members(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(ms, func(m Member) bool {
		return userID != "" && m.ID == userID || userID == "" && strings.EqualFold(m.Email, address)
	})
	switch {
	case i < 0 && userID != "":
		return []string{}, nil // no member any more
	case i < 0 || len(ms[i].ProgramIDs) == 0:
		return nil, nil
	}
	return ms[i].ProgramIDs, nil
}

// errNoMember says that nobody active has this account.
var errNoMember = errors.New("no such member")

func (s *Service) member(ctx context.Context, id string) (Member, error) {
	ms, err := s.members.Members(ctx)
	if err != nil {
		return Member{}, err
	}
	i := slices.IndexFunc(ms, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, errors.Join(ErrNotFound, errNoMember)
	}
	return ms[i], nil
}

// boundAs fills in the address with which a member bound himself by scanning a code, if he did.
func (s *Service) boundAs(ctx context.Context, userID string, r *receiver) error {
	row := &bindingRow{}
	err := s.db.Read.NewSelect().Model(row).Where("channel_id = ? AND user_id = ? AND state = ?", r.ChannelID, userID, BindingBound).OrderExpr("bound_at DESC").Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read binding of member: %w", err)
	}
	address, err := s.sealer.Open(bindingPlace(row.ID), row.AddressSealed)
	if err != nil {
		return fmt.Errorf("open address of binding: %w", err)
	}
	r.Address, r.Masked = address.Reveal(), row.AddressMasked
	return nil
}
