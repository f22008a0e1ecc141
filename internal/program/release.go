package program

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/wechat"
)

// releaseAccounts are WeChat's own test accounts of the 全网发布接入检测 (reference/wechat-open-platform.md §5). They are never programs of ours.
var releaseAccounts = map[string]struct{}{
	"wx570bc396a51b8ff8": {}, "wxd101a85aa106f53e": {},
	"wx9252c5e0bb1836fc": {}, "wxc39235c15087f6f3": {},
	"wx8e1097c5bc82cde9": {}, "wx7720d01d4b2a4500": {},
	"wx14550af28c71a144": {}, "wx05d483572dcd5d8b": {},
	"wxa35b9c23cfe664eb": {}, "wx5910277cae6fd970": {},
}

// IsReleaseAccount reports whether an appid is one of WeChat's test accounts.
func IsReleaseAccount(appID string) bool {
	_, ok := releaseAccounts[appID]
	return ok
}

// ReleaseReplyArgs is the job of step d of the release check: exchange the code in the message and send "<code>_from_api" as a customer message.
type ReleaseReplyArgs struct {
	Code   string `json:"code"`
	ToUser string `json:"to_user"`
}

// Kind implements river.JobArgs.
func (ReleaseReplyArgs) Kind() string { return "program.release_reply" }

// ReleaseReply does ReleaseReplyArgs with the code from the message, not with a stored authorisation: it may be alive only briefly.
func (s *Service) ReleaseReply(ctx context.Context, a ReleaseReplyArgs) error {
	component, _, err := s.platformSecret(ctx)
	if err != nil {
		return err
	}
	var got wechat.Authorization
	err = s.keeper.withComponent(ctx, func(ctx context.Context, token string) error {
		var err error
		got, err = s.wechat.QueryAuth(ctx, token, component, a.Code)
		return err
	})
	if err != nil {
		return fmt.Errorf("exchange release check code: %w", err)
	}
	if err := s.wechat.SendCustomText(ctx, got.AccessToken, a.ToUser, a.Code+"_from_api"); err != nil {
		return fmt.Errorf("answer release check: %w", err)
	}
	return nil
}
