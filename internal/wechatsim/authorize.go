package wechatsim

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// InfoTypes of the 授权事件接收 URL (reference/wechat-open-platform.md §1.7).
const (
	infoTicket       = "component_verify_ticket"
	infoAuthorized   = "authorized"
	infoUpdated      = "updateauthorized"
	infoUnauthorized = "unauthorized"
)

// afterRedirect is how much later the event comes in the order "after".
const afterRedirect = 500 * time.Millisecond

// AuthorizeRequest is an admin agreeing without the page.
type AuthorizeRequest struct {
	AppID string `json:"appid"`
	// PreAuthCode is used up; empty = WeChat makes one of its own.
	PreAuthCode string `json:"pre_auth_code"`
	// FuncIDs are the sets granted; nil = the program's usual ones.
	FuncIDs []int `json:"func_ids"`
	// Event overrides the setting authorize_event: none pushes no event, anything else pushes it at once.
	Event string `json:"event"`
}

// AuthorizeResult is what the redirect would carry.
type AuthorizeResult struct {
	AuthCode  string `json:"auth_code"`
	ExpiresIn int    `json:"expires_in"` // seconds
	// Event is the InfoType pushed, empty when none was.
	Event string `json:"event"`
}

// Authorize plays an admin who agrees. The product learns of it by the event alone, unless the caller opens its redirect
// page with the code.
func (s *Sim) Authorize(req AuthorizeRequest) (AuthorizeResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[req.AppID]
	if a == nil {
		return AuthorizeResult{}, fmt.Errorf("authorise: program %q: %w", req.AppID, ErrNotFound)
	}
	if req.PreAuthCode == "" {
		req.PreAuthCode = s.newPreAuthCode()
	}
	if text := s.usePreAuthCode(req.PreAuthCode); text != "" {
		return AuthorizeResult{}, fmt.Errorf("authorise: %w: %s", ErrInvalid, text)
	}
	if req.FuncIDs == nil {
		req.FuncIDs = a.FuncIDs
	}
	code, info := s.grant(a, req.FuncIDs)
	if req.Event == "" {
		req.Event = s.settings.AuthorizeEvent
	}
	res := AuthorizeResult{AuthCode: code, ExpiresIn: s.settings.AuthCodeSeconds}
	if p := s.pushGrant(a, info, code, req.PreAuthCode, req.Event, 0); p != nil {
		res.Event = info
	}
	return res, nil
}

// usePreAuthCode uses the code up, or says in Chinese why it is no good.
func (s *Sim) usePreAuthCode(code string) string {
	if text := s.preAuthCodeTrouble(code); text != "" {
		return text
	}
	delete(s.preAuthCodes, code)
	return ""
}

func (s *Sim) preAuthCodeTrouble(code string) string {
	end, ok := s.preAuthCodes[code]
	switch {
	case code == "":
		return "缺少参数 pre_auth_code"
	case !ok:
		return "pre_auth_code 无效或已使用"
	case !s.now().Before(end):
		return "pre_auth_code 已过期"
	}
	return ""
}

// pushGrant pushes the authorisation event; nil when there is none to push.
func (s *Sim) pushGrant(a *account, info, code, preAuth, order string, wait time.Duration) *push {
	if info == "" || order == eventNone {
		return nil
	}
	var b xmlBuilder
	b.text("AppId", s.cfg.ComponentAppID)
	b.number("CreateTime", s.now().Unix())
	b.text("InfoType", info)
	b.text("AuthorizerAppid", a.AppID)
	b.text("AuthorizationCode", code)
	b.number("AuthorizationCodeExpiredTime", s.authCodes[code].expires.Unix())
	b.text("PreAuthCode", preAuth)
	return s.enqueue(&push{target: targetEvents, event: info, appid: a.AppID, plain: b.document(), wait: wait})
}

// Unauthorize plays an admin who takes the authorisation back.
func (s *Sim) Unauthorize(appid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[appid]
	if a == nil {
		return fmt.Errorf("unauthorise: program %q: %w", appid, ErrNotFound)
	}
	if !a.authorized {
		return fmt.Errorf("unauthorise: %w: the program is not authorised", ErrNotNow)
	}
	s.revoke(a)
	s.pushRevoked(a)
	return nil
}

func (s *Sim) pushRevoked(a *account) *push {
	return s.enqueue(&push{target: targetEvents, event: infoUnauthorized, appid: a.AppID, plain: s.revokedXML(a)})
}

func (s *Sim) revokedXML(a *account) []byte {
	var b xmlBuilder
	b.text("AppId", s.cfg.ComponentAppID)
	b.number("CreateTime", s.now().Unix())
	b.text("InfoType", infoUnauthorized)
	b.text("AuthorizerAppid", a.AppID)
	return b.document()
}

// agree is the confirm button of the page: the order of event and redirect follows the settings. It returns the code.
func (s *Sim) agree(ctx context.Context, q authQuery, appid string, sets []int) (code string, life int, problem string) {
	s.mu.Lock()
	a := s.accounts[appid]
	if a == nil || a.test || (q.bizAppID != "" && q.bizAppID != appid) {
		s.mu.Unlock()
		return "", 0, "该账号不在可授权列表中"
	}
	if text := s.usePreAuthCode(q.preAuthCode); text != "" {
		s.mu.Unlock()
		return "", 0, text
	}
	allowed := s.offeredSets(a, q)
	sets = slices.DeleteFunc(slices.Clone(sets), func(id int) bool { return !slices.Contains(allowed, id) })
	code, info := s.grant(a, sets)
	life = s.settings.AuthCodeSeconds
	order := s.settings.AuthorizeEvent
	var wait time.Duration
	if order == eventAfter {
		wait = afterRedirect
	}
	p := s.pushGrant(a, info, code, q.preAuthCode, order, wait)
	s.mu.Unlock()
	if p != nil && order == eventBefore {
		select {
		case <-p.done:
		case <-ctx.Done():
		}
	}
	return code, life, ""
}

// offeredSets are the sets on the page: the usual ones of a complaint platform and those of the program, restricted by
// category_id_list (reference/wechat-open-platform.md §2).
func (s *Sim) offeredSets(a *account, q authQuery) []int {
	all := slices.Concat([]int{76, 151, 19, 30}, a.FuncIDs)
	var out []int
	for _, id := range all {
		if slices.Contains(out, id) || (len(q.categories) > 0 && !slices.Contains(q.categories, id)) {
			continue
		}
		out = append(out, id)
	}
	return out
}
