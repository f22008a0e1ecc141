package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// over returns the whole subscription with the patch laid over it.
func (p SubscriptionPatch) over(old Subscription) SubscriptionInput {
	in := SubscriptionInput{
		Name: old.Name, ProgramIDs: old.ProgramIDs, Events: old.Events, ChannelIDs: old.ChannelIDs, Receivers: old.Receivers, Enabled: old.Enabled,
		Filter: old.Filter, Quiet: old.Quiet, FallbackChannelIDs: old.FallbackChannelIDs, Group: old.Group,
	}
	set(&in.Tags, p.Tags)
	set(&in.Types, p.Types)
	set(&in.MinAmount, p.MinAmount)
	set(&in.MaxAmount, p.MaxAmount)
	set(&in.Quiet, p.Quiet)
	set(&in.FallbackChannelIDs, p.FallbackChannelIDs)
	set(&in.Group, p.Group)
	set(&in.Name, p.Name)
	set(&in.ProgramIDs, p.ProgramIDs)
	set(&in.Events, p.Events)
	set(&in.Enabled, p.Enabled)
	set(&in.ChannelIDs, p.ChannelIDs)
	set(&in.Receivers, p.Receivers)
	if p.ChannelIDs != nil && p.Receivers == nil {
		// Receivers on channels that were taken away go with them.
		in.Receivers = slices.DeleteFunc(slices.Clone(in.Receivers), func(r Receiver) bool {
			return !slices.Contains(in.ChannelIDs, r.ChannelID) && !slices.Contains(in.FallbackChannelIDs, r.ChannelID)
		})
	}
	if p.Receivers != nil && p.ChannelIDs == nil {
		in.ChannelIDs = nil // they follow from the receivers
		for _, r := range in.Receivers {
			if r.ChannelID == "" {
				in.ChannelIDs = old.ChannelIDs
			}
		}
	}
	return in
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

// fill checks in and puts it into the row, addresses sealed. known are the receivers whose masked form may stand for them.
func (s *Service) fill(ctx context.Context, tx db.Tx, row *subscriptionRow, in SubscriptionInput, known []Receiver) error {
	row.Name = strings.TrimSpace(in.Name)
	if len([]rune(row.Name)) > 60 {
		return &FieldError{Field: "name", Text: "名称应在 60 个字以内。"}
	}
	row.Enabled = in.Enabled
	row.ProgramIDs.V = unique(in.ProgramIDs)
	row.Events.V = unique(in.Events)
	if slices.Contains(row.ProgramIDs.V, "") {
		return &FieldError{Field: "program_ids", Text: "小程序编号不能为空。"}
	}
	if len(row.Events.V) == 0 {
		return &FieldError{Field: "events", Text: "请至少选择一种事件。"}
	}
	for _, e := range row.Events.V {
		if !knownKind(e) {
			return &FieldError{Field: "events", Text: "没有这种事件：" + clip(e, 40)}
		}
	}
	if err := row.fillFilter(in); err != nil {
		return err
	}
	kindOf, err := channelKinds(ctx, tx)
	if err != nil {
		return err
	}
	return s.fillReceivers(row, in, known, kindOf)
}

func (s *Service) fillReceivers(row *subscriptionRow, in SubscriptionInput, known []Receiver, kindOf map[string]string) error {
	row.ChannelIDs.V = unique(in.ChannelIDs)
	row.FallbackChannelIDs.V = unique(in.FallbackChannelIDs)
	known = slices.Clone(known)
	var out []receiver
	for _, r := range spread(in.Receivers, row.ChannelIDs.V) {
		p, ok := s.providers[kindOf[r.ChannelID]]
		if !ok {
			return &FieldError{Field: "receivers", Text: "接收人的通知渠道不存在，请重新选择。"}
		}
		checked, err := checkReceiver(r, &known, p)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(out, func(o receiver) bool {
			return o.ChannelID == r.ChannelID && strings.EqualFold(o.Address, checked.Address) && (o.Address != "" || o.UserID == checked.UserID)
		}) {
			out = append(out, checked)
		}
		if !slices.Contains(row.ChannelIDs.V, r.ChannelID) && !slices.Contains(row.FallbackChannelIDs.V, r.ChannelID) {
			row.ChannelIDs.V = append(row.ChannelIDs.V, r.ChannelID)
		}
	}
	if n := len(out); n == 0 || n > maxReceivers {
		return &FieldError{Field: "receivers", Text: fmt.Sprintf("接收人需要 1 到 %d 个。", maxReceivers)}
	}
	if err := s.checkFallback(row, out, kindOf); err != nil {
		return err
	}
	if len(row.ChannelIDs.V) == 0 {
		return &FieldError{Field: "channel_ids", Text: "请至少选择一个通知渠道。"}
	}
	for _, id := range row.ChannelIDs.V {
		if _, ok := kindOf[id]; !ok {
			return &FieldError{Field: "channel_ids", Text: "通知渠道不存在，请重新选择。"}
		}
		if !slices.ContainsFunc(out, func(r receiver) bool { return r.ChannelID == id }) {
			return &FieldError{Field: "receivers", Text: "有的通知渠道还没有接收人。"}
		}
	}
	return s.sealReceivers(row, out)
}

// checkReceiver brings an address into its normal form. The masked form of a known one stands for it, once.
func checkReceiver(r Receiver, known *[]Receiver, p channel.Provider) (receiver, error) {
	i := slices.IndexFunc(*known, func(k Receiver) bool {
		return k.ChannelID == r.ChannelID && k.AddressMasked != "" && (r.Address == k.AddressMasked || r.Address == "" && r.AddressMasked == k.AddressMasked)
	})
	if i >= 0 {
		r.Address, r.UserID = (*known)[i].Address, (*known)[i].UserID
		*known = slices.Delete(*known, i, i+1)
	}
	if r.UserID != "" && strings.TrimSpace(r.Address) == "" && !selfReceiving(p) {
		return receiver{ChannelID: r.ChannelID, UserID: r.UserID}, nil // found when there is something to tell
	}
	address, masked, err := p.Address(r.Address)
	var wrong *FieldError
	switch {
	case errors.As(err, &wrong):
		return receiver{}, &FieldError{Field: "receivers", Text: "接收地址" + wrong.Text}
	case err != nil:
		return receiver{}, fmt.Errorf("check receiver: %w", err)
	}
	return receiver{ChannelID: r.ChannelID, Address: address, Masked: masked, UserID: r.UserID}, nil
}

// spread gives receivers without a channel one entry per channel.
func spread(rs []Receiver, channelIDs []string) []Receiver {
	var out []Receiver
	for _, r := range rs {
		if r.ChannelID != "" {
			out = append(out, r)
			continue
		}
		for _, id := range channelIDs {
			r.ChannelID = id
			out = append(out, r)
		}
	}
	return out
}

func channelKinds(ctx context.Context, tx db.Tx) (map[string]string, error) {
	var rows []channelRow
	if err := tx.NewSelect().Model(&rows).Column("id", "kind").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.ID] = r.Kind
	}
	return out, nil
}

func unique[T comparable](in []T) []T {
	out := []T{}
	for _, v := range in {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// fillFilter checks what narrows a subscription, its quiet hours and how it is told.
func (sub *subscriptionRow) fillFilter(in SubscriptionInput) error {
	sub.Tags.V, sub.Types.V, sub.Grouped = unique(in.Tags), unique(in.Types), in.Group
	sub.MinAmount, sub.MaxAmount, sub.Quiet.V = in.MinAmount, in.MaxAmount, in.Quiet
	for _, amount := range []*int64{in.MinAmount, in.MaxAmount} {
		if amount != nil && *amount < 0 {
			return &FieldError{Field: "min_amount", Text: "金额不能小于 0。"}
		}
	}
	if in.MinAmount != nil && in.MaxAmount != nil && *in.MinAmount > *in.MaxAmount {
		return &FieldError{Field: "max_amount", Text: "最高金额不能小于最低金额。"}
	}
	if in.Quiet == nil {
		return nil
	}
	return in.Quiet.check("quiet")
}

// checkFallback wants fallback channels that are there, are not used already, and on which somebody can be reached.
func (s *Service) checkFallback(row *subscriptionRow, rs []receiver, kindOf map[string]string) error {
	for _, id := range row.FallbackChannelIDs.V {
		p, ok := s.providers[kindOf[id]]
		if !ok || slices.Contains(row.ChannelIDs.V, id) {
			return &FieldError{Field: "fallback_channel_ids", Text: "备用渠道不存在，或者已经是通知渠道，请重新选择。"}
		}
		reaches := func(r receiver) bool { return r.ChannelID == id || r.UserID != "" }
		if !selfReceiving(p) && !slices.ContainsFunc(rs, reaches) {
			return &FieldError{Field: "fallback_channel_ids", Text: "备用渠道还没有接收人：请选择成员，或者在备用渠道上填写地址。"}
		}
	}
	return nil
}

// selfReceiving reports whether a channel is its own receiver, as a robot in a group is.
func selfReceiving(p channel.Provider) bool {
	_, _, err := p.Address("")
	return err == nil
}
