package notify

import (
	"context"
	"fmt"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// What becomes of receivers by their own doing: they scan a code, follow, unfollow, block.

// The states of the test message after a scan.
const (
	greetingSending = "sending"
	greetingSent    = "sent"
	greetingFailed  = "failed"
)

// Scanned binds whoever scanned a code. A code counts once and for ten minutes; a scene that is not one of ours is no error, since an account may have other
// codes. The test message that follows is enqueued in the same transaction.
func (s *Service) Scanned(ctx context.Context, channelID, scene, address string) error {
	if !strings.HasPrefix(scene, scenePrefix) || address == "" {
		return nil
	}
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return err
	}
	to, masked, err := s.providers[ch.Kind].Address(address)
	if err != nil {
		return fmt.Errorf("bind receiver: %w", err)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now := s.now()
		row := &bindingRow{}
		err := tx.NewSelect().Model(row).Where("scene_hash = ? AND state = ? AND expires_at > ?", hashOf(channelID, scene), BindingWaiting, now).Scan(ctx)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find binding: %w", err)
		}
		row.AddressHash, row.AddressMasked, row.State, row.BoundAt, row.UpdatedAt = hashOf(channelID, to), masked, BindingBound, now, now
		if err := s.replace(ctx, tx, row); err != nil {
			return err
		}
		if row.AddressSealed, err = s.sealer.Seal(bindingPlace(row.ID), secret.New(to)); err != nil {
			return fmt.Errorf("seal receiver: %w", err)
		}
		ok, err := db.Changed(tx.NewUpdate().Model(row).WherePK().Where("state = ?", BindingWaiting).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store binding: %w", err)
		}
		if !ok {
			return nil
		}
		if row.UserID != "" {
			if err := s.storeContact(ctx, tx, row.UserID, channelID, to, masked); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, GreetArgs{BindingID: row.ID}, nil)
	})
}

// replace removes what is known of a receiver who scans again; his name stays unless there is a new one.
func (s *Service) replace(ctx context.Context, tx db.Tx, row *bindingRow) error {
	var old []bindingRow
	err := tx.NewSelect().Model(&old).Where("channel_id = ? AND address_hash = ? AND id <> ?", row.ChannelID, row.AddressHash, row.ID).Scan(ctx)
	if err != nil {
		return fmt.Errorf("find earlier binding: %w", err)
	}
	for i := range old {
		if row.Name == "" {
			row.Name = old[i].Name
		}
		if row.UserID == "" {
			row.UserID = old[i].UserID
		}
		if _, err := tx.NewDelete().Model(&old[i]).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("remove earlier binding: %w", err)
		}
	}
	return nil
}

// Followed makes a receiver reachable again who had left and came back without a code.
func (s *Service) Followed(ctx context.Context, channelID, address string) error {
	row := &bindingRow{}
	err := s.db.Read.NewSelect().Model(row).
		Where("channel_id = ? AND address_hash = ? AND state = ?", channelID, hashOf(channelID, address), BindingOff).Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find binding: %w", err)
	}
	sealed, err := s.sealer.Seal(bindingPlace(row.ID), secret.New(address))
	if err != nil {
		return fmt.Errorf("seal receiver: %w", err)
	}
	_, err = s.db.Write().NewUpdate().Model((*bindingRow)(nil)).
		Set("state = ?, reason = '', address_sealed = ?, bound_at = ?, updated_at = ?", BindingBound, sealed, s.now(), s.now()).
		Where("id = ? AND state = ?", row.ID, BindingOff).Exec(ctx)
	if err != nil {
		return fmt.Errorf("switch receiver on: %w", err)
	}
	return nil
}

// Left switches a receiver off who unfollowed the account, and forgets the address; its hash stays, so that the receiver is known when he comes back.
func (s *Service) Left(ctx context.Context, channelID, address string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.switchOff(ctx, tx, channelID, address, "这位接收人取消了关注，收不到消息。请让他重新关注，或重新扫码绑定。")
	})
}

// refused switches the receiver of a notice off. On an official account also one whose openid was typed in: so that he is on the list with the reason, and
// comes back when he follows, scans, or a test reaches him.
func (s *Service) refused(ctx context.Context, tx db.Tx, n *noticeRow, reason string) error {
	to, err := s.sealer.Open(addressPlace(n.ID), n.AddressSealed)
	if err != nil {
		return fmt.Errorf("open address of notice: %w", err)
	}
	if err := s.switchOff(ctx, tx, n.ChannelID, to.Reveal(), reason); err != nil {
		return err
	}
	ch := &channelRow{ID: n.ChannelID}
	if err := tx.NewSelect().Model(ch).Column("kind").WherePK().Scan(ctx); err != nil || ch.Kind != kindOffiAccount {
		if db.IsNotFound(err) {
			return nil
		}
		return err
	}
	hash, now := hashOf(n.ChannelID, to.Reveal()), s.now()
	known, err := tx.NewSelect().Model((*bindingRow)(nil)).Where("channel_id = ? AND address_hash = ?", n.ChannelID, hash).Count(ctx)
	if err != nil || known > 0 {
		return err
	}
	row := &bindingRow{
		ID: db.NewID(), ChannelID: n.ChannelID, State: BindingOff, Reason: reason, SceneHash: "typed/" + hash, AddressHash: hash, AddressMasked: n.AddressMasked,
		CreatedAt: now, ExpiresAt: now, UpdatedAt: now,
	}
	if _, err := tx.NewInsert().Model(row).On("CONFLICT (scene_hash) DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store unreachable receiver: %w", err)
	}
	return nil
}

func (s *Service) switchOff(ctx context.Context, tx db.Tx, channelID, address, reason string) error {
	_, err := tx.NewUpdate().Model((*bindingRow)(nil)).
		Set("state = ?, reason = ?, address_sealed = '', updated_at = ?", BindingOff, reason, s.now()).
		Where("channel_id = ? AND address_hash = ? AND state = ?", channelID, hashOf(channelID, address), BindingBound).Exec(ctx)
	if err != nil {
		return fmt.Errorf("switch receiver off: %w", err)
	}
	return nil
}

// unreachable returns why a receiver gets nothing, empty for everybody who is not known to have left.
func (s *Service) unreachable(ctx context.Context, channelID, address string) (string, error) {
	row := &bindingRow{}
	err := s.db.Read.NewSelect().Model(row).Column("reason").
		Where("channel_id = ? AND address_hash = ? AND state = ?", channelID, hashOf(channelID, address), BindingOff).Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read binding: %w", err)
	}
	return row.Reason, nil
}

// Greet sends the test message to a receiver who has just bound himself, once.
func (s *Service) Greet(ctx context.Context, bindingID string) error {
	row := &bindingRow{ID: bindingID}
	if err := s.db.Read.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("read binding: %w", err)
	}
	b, err := s.bindingOf(row)
	if err != nil || b.State != BindingBound {
		return err
	}
	mine, err := db.Changed(s.db.Write().NewUpdate().Model((*bindingRow)(nil)).Set("greeting = ?, updated_at = ?", greetingSending, s.now()).
		Where("id = ? AND greeting = ''", row.ID).Exec(ctx))
	if err != nil || !mine {
		return err
	}
	state := greetingSent
	res, err := s.Test(ctx, row.ChannelID, b.Address)
	if err != nil || !res.OK {
		state = greetingFailed
	}
	if err != nil {
		res.Text = "测试消息没有发出，请在渠道上再发一次。"
		s.logger.WarnContext(ctx, "greeting failed", "binding", row.ID, "err", err)
	}
	_, err = s.db.Write().NewUpdate().Model((*bindingRow)(nil)).Set("greeting = ?, greeting_text = ?, updated_at = ?", state, res.Text, s.now()).
		Where("id = ?", row.ID).Exec(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("store greeting: %w", err)
	}
	return nil
}

// ForgetCodes removes codes that nobody scanned in time.
func (s *Service) ForgetCodes(ctx context.Context) error {
	_, err := s.db.Write().NewDelete().Model((*bindingRow)(nil)).
		Where("state = ? AND expires_at < ?", BindingWaiting, s.now()-ms(sceneLife)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget old codes: %w", err)
	}
	return nil
}
