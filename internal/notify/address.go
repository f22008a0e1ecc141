package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// LinkKey tells receivers of links apart without naming them: a hash of channel and address.
func LinkKey(channelID, address string) string {
	sum := sha256.Sum256([]byte("link\n" + channelID + "\n" + strings.ToLower(address)))
	return hex.EncodeToString(sum[:])
}

// lead puts the receiver's own link into the facts of a notice about a case. A message without it, that leads to the login, is better than none.
func (s *Service) lead(ctx context.Context, n *noticeRow, f Facts) Facts {
	if s.links == nil || n.ComplaintID == "" || f.URL != "" {
		return f
	}
	to, err := s.sealer.Open(addressPlace(n.ID), n.AddressSealed)
	if err == nil {
		f.URL, err = s.links.URL(ctx, n.ComplaintID, LinkReceiver{
			NoticeID: n.ID, ChannelID: n.ChannelID, UserID: n.UserID, AddressMasked: n.AddressMasked, Key: LinkKey(n.ChannelID, to.Reveal()),
		})
	}
	if err != nil {
		s.logger.WarnContext(ctx, "message goes out without its link", "notice", n.ID, "err", err)
	}
	return f
}
