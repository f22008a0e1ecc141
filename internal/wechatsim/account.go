package wechatsim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// account is a program (or one of the release check's test accounts) with what it granted to the platform.
type account struct {
	Program
	test     bool
	official bool // a test 公众号, not a mini program

	authorized   bool
	everGranted  bool
	sets         []int
	refresh      string
	oldRefresh   string // still good until oldUntil
	oldUntil     time.Time
	authorizedAt time.Time

	own      ownTokens
	pushKeys codec // of Push, and those before its latest change
	pushPrev codec
	frozen   bool                 // the AppSecret is frozen
	barred   bool                 // the caller's address is not on the program's whitelist
	talked   map[string]time.Time // openid → when this user last sent a message
	sender   string               // FromUserName of pushes; never the complainant
	standing standing
}

func (a *account) has(set int) bool { return slices.Contains(a.sets, set) }

// accessToken is a component_access_token, an authorizer_access_token or a program's own access_token.
type accessToken struct {
	kind    tokenKind
	appid   string
	own     bool // from the program's own AppSecret
	expires time.Time
}

// authCode is an authorisation code that may be exchanged for tokens.
type authCode struct {
	appid   string
	expires time.Time
	used    bool
}

const (
	accessTokenGrace = 5 * time.Minute
)

// AddProgram registers one more mini program.
func (s *Sim) AddProgram(p Program) error {
	if p.AppID == "" || p.UserName == "" {
		return fmt.Errorf("add a program: %w: appid and user_name are needed", ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.accounts[p.AppID]; ok {
		return fmt.Errorf("add a program: %w: %s exists", ErrInvalid, p.AppID)
	}
	if p.NickName == "" {
		p.NickName = p.AppID
	}
	p.FuncIDs = slices.Clone(p.FuncIDs)
	a := &account{Program: p}
	a.Push = nil
	if p.Push != nil {
		if err := a.takePush(*p.Push); err != nil {
			return fmt.Errorf("add a program: %w", err)
		}
	}
	s.addAccount(a)
	return nil
}

func (s *Sim) addAccount(a *account) {
	a.talked = map[string]time.Time{}
	a.sender = "o" + s.random.text(27)
	a.standing = newStanding()
	s.accounts[a.AppID] = a
	s.order = append(s.order, a.AppID)
}

// ProgramView is a program as the control API shows it.
type ProgramView struct {
	AppID         string `json:"appid"`
	UserName      string `json:"user_name"`
	NickName      string `json:"nick_name"`
	PrincipalName string `json:"principal_name"`
	Authorized    bool   `json:"authorized"`
	GrantedSets   []int  `json:"granted_sets"`
	FuncIDs       []int  `json:"func_ids"`
	AuthorizedAt  *int64 `json:"authorized_at"` // ms
	// Own says that the program has an AppSecret; PushURL, PushMode and PushFormat are its own server's.
	Own        bool   `json:"own"`
	PushURL    string `json:"push_url"`
	PushMode   string `json:"push_mode"`
	PushFormat string `json:"push_format"`
}

// Programs lists the mini programs in the order they were added, without the release check's accounts.
func (s *Sim) Programs() []ProgramView {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []ProgramView{}
	for _, a := range s.programs() {
		v := ProgramView{
			AppID: a.AppID, UserName: a.UserName, NickName: a.NickName, PrincipalName: a.PrincipalName,
			Authorized: a.authorized, GrantedSets: append([]int{}, a.sets...), FuncIDs: append([]int{}, a.FuncIDs...),
		}
		if a.authorized {
			v.AuthorizedAt = millis(a.authorizedAt)
		}
		v.Own = a.Secret != ""
		if a.Push != nil {
			v.PushURL, v.PushMode, v.PushFormat = a.Push.URL, a.Push.Mode, a.Push.Format
		}
		out = append(out, v)
	}
	return out
}

func (s *Sim) programs() []*account {
	var out []*account
	for _, id := range s.order {
		if a := s.accounts[id]; !a.test {
			out = append(out, a)
		}
	}
	return out
}

func (s *Sim) tokenLife() time.Duration { return time.Duration(s.settings.TokenSeconds) * time.Second }

// issueToken makes an access token; they look like <nn>_<base64ish> and are 157 characters long.
func (s *Sim) issueToken(kind tokenKind, appid string, own bool) string {
	now := s.now()
	for k, t := range s.tokens {
		if now.Sub(t.expires) > 24*time.Hour {
			delete(s.tokens, k)
		}
	}
	raw := "98_" + s.random.text(154)
	s.tokens[raw] = &accessToken{kind: kind, appid: appid, own: own, expires: now.Add(s.tokenLife())}
	return raw
}

// shortenTokens lets the older tokens of an account live for at most d more.
func (s *Sim) shortenTokens(kind tokenKind, appid string, own bool, d time.Duration) {
	end := s.now().Add(d)
	for _, t := range s.tokens {
		if t.kind == kind && t.appid == appid && t.own == own && t.expires.After(end) {
			t.expires = end
		}
	}
}

// dropTokens forgets tokens, so that they are invalid (40001) instead of expired.
func (s *Sim) dropTokens(kind tokenKind, appid string) {
	for k, t := range s.tokens {
		if t.kind == kind && t.appid == appid {
			delete(s.tokens, k)
		}
	}
}

// InvalidateTokens breaks tokens without a word: kind is component, access or refresh. A broken refresh token is replaced by
// a new one that only api_get_authorizer_list tells (reference/wechat-open-platform.md §1.5, spontaneous invalidation).
func (s *Sim) InvalidateTokens(kind, appid string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind == "component" {
		s.dropTokens(componentToken, s.cfg.ComponentAppID)
		return nil
	}
	a := s.accounts[appid]
	switch {
	case a == nil:
		return fmt.Errorf("invalidate tokens: program %q: %w", appid, ErrNotFound)
	case kind == "access":
		s.dropTokens(accountToken, appid)
	case kind == "refresh" && a.authorized:
		a.refresh, a.oldRefresh = s.newRefreshToken(), ""
	case kind == "refresh":
		return fmt.Errorf("invalidate tokens: %w: the program is not authorised", ErrNotNow)
	default:
		return fmt.Errorf("invalidate tokens: %w: kind is component, access or refresh", ErrInvalid)
	}
	return nil
}

func (s *Sim) newRefreshToken() string { return "refreshtoken@@@" + s.random.text(43) }

// grant records that the program's admin agreed to sets and returns the code and the InfoType of the event, which is empty
// when an authorised program granted what it had granted before (reference/wechat-open-platform.md §1.7).
func (s *Sim) grant(a *account, sets []int) (code, infoType string) {
	sets = slices.Clone(sets)
	slices.Sort(sets)
	sets = slices.Compact(sets)
	switch {
	case !a.authorized:
		infoType = infoAuthorized
		s.dropTokens(accountToken, a.AppID)
	case !slices.Equal(sets, a.sets):
		infoType = infoUpdated
	}
	now := s.now()
	a.authorized, a.everGranted, a.sets, a.authorizedAt = true, true, sets, now
	a.refresh, a.oldRefresh = s.newRefreshToken(), ""
	return s.newAuthCode(a.AppID), infoType
}

func (s *Sim) newAuthCode(appid string) string {
	code := "queryauthcode@@@" + s.random.text(60)
	life := time.Duration(s.settings.AuthCodeSeconds) * time.Second
	s.authCodes[code] = &authCode{appid: appid, expires: s.now().Add(life)}
	return code
}

// revoke is the admin taking the authorisation back.
func (s *Sim) revoke(a *account) {
	a.authorized, a.sets, a.refresh, a.oldRefresh = false, nil, "", ""
	for _, c := range s.authCodes {
		if c.appid == a.AppID {
			c.used = true
		}
	}
}

// testAccounts are the release check's five groups (reference/wechat-open-platform.md §5).
var testAccounts = []struct{ official, officialUser, mini, miniUser string }{
	{"wx570bc396a51b8ff8", "gh_3c884a361561", "wxd101a85aa106f53e", "gh_8dad206e9538"},
	{"wx9252c5e0bb1836fc", "gh_c0f28a78b318", "wxc39235c15087f6f3", "gh_905ae9d01059"},
	{"wx8e1097c5bc82cde9", "gh_3f222ed8d140", "wx7720d01d4b2a4500", "gh_393666f1fdf4"},
	{"wx14550af28c71a144", "gh_26128078e9ab", "wx05d483572dcd5d8b", "gh_39abb5d4e1b7"},
	{"wxa35b9c23cfe664eb", "gh_2b3713f184a6", "wx5910277cae6fd970", "gh_7818dcb60240"},
}

func (s *Sim) addTestAccounts() {
	for i, g := range testAccounts {
		name := strings.Repeat("I", i+1)
		s.addAccount(&account{
			test: true, official: true,
			Program: Program{AppID: g.official, UserName: g.officialUser, NickName: "全网发布测试公众号 " + name, FuncIDs: []int{1}},
		})
		s.addAccount(&account{
			test:    true,
			Program: Program{AppID: g.mini, UserName: g.miniUser, NickName: "全网发布测试小程序 " + name, FuncIDs: []int{19, 30}},
		})
	}
}

func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	v := t.UnixMilli()
	return &v
}
