package complaint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Sync does SyncArgs: it reads the case at WeChat and merges it. A failure is kept on the case, where people see it, and tried again with a
// backoff; missing permission and revoked authorisation wait longer, since somebody has to act first.
func (s *Service) Sync(ctx context.Context, id string) error {
	_, err := s.SyncNow(ctx, id)
	if err == nil || errors.Is(err, ErrNotFound) {
		return nil
	}
	if errors.Is(err, errMoved) {
		return river.JobSnooze(time.Second)
	}
	if !errors.Is(err, errUnread) {
		return err // our own fault: the queue logs it and tries again
	}
	c, rerr := s.ByID(ctx, id)
	if rerr != nil {
		return rerr
	}
	return river.JobSnooze(s.retryAfter(c, err))
}

func (s *Service) retryAfter(c *Complaint, err error) time.Duration {
	var we *wechat.Error
	if errors.As(err, &we) && (we.Class == wechat.NoPermission || we.Class == wechat.Revoked) ||
		errors.Is(err, program.ErrRevoked) || errors.Is(err, program.ErrNeedsReauth) || errors.Is(err, program.ErrModeMismatch) {
		return 10 * time.Minute
	}
	if we != nil && we.NeedsOperator { // an AppSecret or an IP list has to be mended first
		return 10 * time.Minute
	}
	wait := db.Backoff(int(c.SyncAttempts))
	if we != nil && we.RetryAfter > wait {
		wait = we.RetryAfter
	}
	return wait
}

// maxRereads bounds how often SyncNow starts again because somebody else merged the case meanwhile.
const maxRereads = 3

// SyncNow reads the case at WeChat now, merges it and returns it as it is afterwards.
func (s *Service) SyncNow(ctx context.Context, id string) (c *Complaint, err error) {
	for range maxRereads {
		if c, err = s.readAndMerge(ctx, id); !errors.Is(err, errMoved) {
			return c, err
		}
	}
	return nil, err
}

func (s *Service) readAndMerge(ctx context.Context, id string) (*Complaint, error) {
	c, err := s.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := s.programs.ByID(ctx, c.ProgramID)
	if err != nil {
		return nil, err
	}
	var d wechat.Detail
	var raw []byte
	asked := s.now() // not when it is stored: what happens at WeChat in between is not in the answer
	err = s.programs.Call(ctx, p, program.ComplaintSets, func(ctx context.Context, token string) error {
		var err error
		d, raw, err = s.wechat.ComplaintDetail(ctx, token, c.ComplaintOrderID)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", errUnread, err), s.noteSyncError(ctx, c.ID, err))
	}
	s.loadUserKey(ctx)
	return s.merge(ctx, c, d, raw, asked)
}

func (s *Service) noteSyncError(ctx context.Context, id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	code, rid := 0, ""
	var we *wechat.Error
	if errors.As(cause, &we) {
		code, rid = we.Code, we.RID
	}
	_, err := s.db.Write().NewUpdate().Model((*Complaint)(nil)).
		Set("sync_error = ?, sync_errcode = ?, sync_rid = ?, sync_attempts = sync_attempts + 1", SyncProblem(cause), code, rid).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note failed sync: %w", err)
	}
	return nil
}

// SyncProblem says in words why a case could not be read at WeChat.
func SyncProblem(err error) string {
	var we *wechat.Error
	switch {
	case errors.Is(err, program.ErrRevoked), errors.Is(err, program.ErrNeedsReauth):
		return "小程序的授权已失效，无法与微信同步。请管理员重新授权"
	case errors.Is(err, program.ErrNoPlatform), errors.Is(err, program.ErrNoTicket):
		return "第三方平台还没有连通微信，连通后会自动同步"
	case !errors.As(err, &we):
		return "暂时无法与微信同步，正在自动重试"
	case we.API == wechat.APIStableToken:
		text, _ := program.UpstreamText(err)
		return text
	case we.Class == wechat.NoPermission:
		return "小程序没有授权「小程序违规与交易投诉管理」，读不到投诉详情"
	case we.Class == wechat.Revoked:
		return "小程序已取消授权，读不到投诉详情"
	case we.Code == -1:
		return "微信繁忙，或单号不属于这个小程序，正在自动重试"
	}
	return "微信暂时没有返回投诉详情，正在自动重试"
}
