package wechatsim

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Program is one mini program that exists in this WeChat.
type Program struct {
	AppID         string `json:"appid"`
	UserName      string `json:"user_name"` // 原始 ID, gh_…
	NickName      string `json:"nick_name"`
	HeadImg       string `json:"head_img"`
	PrincipalName string `json:"principal_name"`
	// FuncIDs are the permission sets that the program's admin grants unless told otherwise (reference/wechat-open-platform.md §6).
	FuncIDs []int `json:"func_ids"`
	// Secret is the program's own AppSecret, for /cgi-bin/token and /cgi-bin/stable_token. Empty = direct calls are refused.
	Secret string `json:"secret,omitempty"`
	// Push is the program's own 消息推送 setting; nil = the program has no server of its own.
	Push *PushSetup `json:"push,omitempty"`
}

// Config describes one simulated WeChat with one third-party platform in it.
type Config struct {
	// ComponentAppID, ComponentSecret, Token and AESKey (43 characters) are the platform's values in WeChat's console.
	ComponentAppID, ComponentSecret, Token, AESKey string
	// EventsURL is the product's 授权事件接收 URL. May be set later with SetEndpoints.
	EventsURL string
	// MessagesURL is the product's 消息与事件接收 URL; $APPID$ is replaced by the program's appid at push time.
	MessagesURL string
	// AuthDomain is the 授权发起页域名, host[:port]; redirect_uri and Referer must have exactly this host.
	AuthDomain string
	Programs   []Program
	// TicketInterval is the time between two component_verify_ticket pushes; 0 = 10 minutes.
	TicketInterval time.Duration
	// PushTimeout is how long the product may take to answer a push; 0 = 5 s.
	PushTimeout time.Duration
	// RetryDelays are the waits before the second and the third try of a push; nil = 5 s each. WeChat's real waits are unknown.
	RetryDelays []time.Duration
	// ProductURL is linked on the phone page.
	ProductURL string
	// PublicURL is this simulator's own address, used in image links; empty = the address of the latest request.
	PublicURL string

	HTTPClient *http.Client
	Now        func() time.Time
	Rand       io.Reader
	Logger     *slog.Logger
}

const (
	defaultTicketInterval = 10 * time.Minute
	defaultPushTimeout    = 5 * time.Second
	defaultRetryDelay     = 5 * time.Second
	pushTries             = 3
)

// withDefaults returns c with every optional value filled, or what is missing.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.ComponentAppID == "":
		return c, fmt.Errorf("%w: ComponentAppID is empty", ErrInvalid)
	case c.ComponentSecret == "":
		return c, fmt.Errorf("%w: ComponentSecret is empty", ErrInvalid)
	case c.Token == "":
		return c, fmt.Errorf("%w: Token is empty", ErrInvalid)
	}
	if c.TicketInterval <= 0 {
		c.TicketInterval = defaultTicketInterval
	}
	if c.PushTimeout <= 0 {
		c.PushTimeout = defaultPushTimeout
	}
	if c.RetryDelays == nil {
		c.RetryDelays = []time.Duration{defaultRetryDelay}
	}
	if c.HTTPClient == nil {
		tr := http.DefaultTransport
		if t, ok := tr.(*http.Transport); ok {
			own := t.Clone()
			own.Proxy = nil
			own.MaxIdleConnsPerHost = 128
			own.MaxIdleConns = 256
			tr = own
		}
		c.HTTPClient = &http.Client{Transport: tr}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Settings are the switches for what the reference leaves open and for the misbehaviour that a product must survive.
// The zero value is not the default; see DefaultSettings.
type Settings struct {
	// RefererCheck makes the authorisation page insist on a Referer of the AuthDomain (reference/wechat-open-platform.md §2).
	RefererCheck bool `json:"referer_check"`
	// AuthorizeEvent says when the authorized event is pushed: parallel (with the redirect), before, after, none.
	AuthorizeEvent string `json:"authorize_event"`
	// AuthorizeRedirect false leaves the admin on WeChat's page after agreeing.
	AuthorizeRedirect bool `json:"authorize_redirect"`
	// PreAuthCodeSeconds is the life of a pre_auth_code: 1800 by the text of the reference, 600 by its sample.
	PreAuthCodeSeconds int `json:"pre_auth_code_seconds"`
	// AuthCodeSeconds is the life of an authorisation code.
	AuthCodeSeconds  int  `json:"auth_code_seconds"`
	AuthCodeReusable bool `json:"auth_code_reusable"`
	// TokenSeconds is the life of the access tokens given from now on.
	TokenSeconds int `json:"token_seconds"`
	// RotateRefreshTokens gives a new refresh token on every refresh; the old one then lives 5 minutes.
	RotateRefreshTokens bool `json:"rotate_refresh_tokens"`
	// ComponentTokenReplacesOld kills the previous component_access_token when a new one is issued.
	ComponentTokenReplacesOld bool `json:"component_token_replaces_old"`
	// EmptyRefreshInList leaves refresh_token empty in api_get_authorizer_list.
	EmptyRefreshInList bool `json:"empty_refresh_in_list"`
	// TestAccountsInList shows the release check's ten accounts in api_get_authorizer_list; refreshing them gives 61003.
	TestAccountsInList bool `json:"test_accounts_in_list"`
	// TicketsStopped stops the ticket push; api_start_push_ticket starts it again.
	TicketsStopped bool `json:"tickets_stopped"`
	// Timeout201 says what 48 silent hours lead to: platform (101), user_confirms (202), platform_pays (312).
	Timeout201 string `json:"timeout_201"`
	// SilentEvents are causes that change a complaint without a push: the events of advance, or respond, supplement,
	// refund_proof, appeal. The reference knows one report that withdraw was not pushed.
	SilentEvents []string `json:"silent_events"`
	// OwnPushAlone pushes to a program's own server only while no platform holds set 76 of it; otherwise both hear everything. The
	// reference does not know which (reference/wechat-complaint-api.md §2.4).
	OwnPushAlone bool `json:"own_push_alone"`
	// RetrySameBytes sends the same timestamp, nonce and cipher text again on a retry; off = sealed anew each time.
	RetrySameBytes bool `json:"retry_same_bytes"`
	// DailyLimits and MinuteLimits cap calls per account and API, by API name or path: 45009 and 45011.
	DailyLimits  map[string]int `json:"daily_limits"`
	MinuteLimits map[string]int `json:"minute_limits"`
	// StringErrcode sends errcode as text, UnknownFields adds a field that nobody knows.
	StringErrcode bool `json:"string_errcode"`
	UnknownFields bool `json:"unknown_fields"`
}

// DefaultSettings is how this WeChat behaves unless told otherwise.
func DefaultSettings() Settings {
	return Settings{
		RefererCheck: true, AuthorizeEvent: eventParallel, AuthorizeRedirect: true,
		PreAuthCodeSeconds: 1800, AuthCodeSeconds: 3600, TokenSeconds: 7200, Timeout201: timeoutPlatform,
	}
}

const (
	eventParallel = "parallel"
	eventBefore   = "before"
	eventAfter    = "after"
	eventNone     = "none"

	timeoutPlatform = "platform"
	timeoutUser     = "user_confirms"
	timeoutPays     = "platform_pays"
)

func (t Settings) validate() error {
	switch t.AuthorizeEvent {
	case eventParallel, eventBefore, eventAfter, eventNone:
	default:
		return fmt.Errorf("%w: authorize_event %q", ErrInvalid, t.AuthorizeEvent)
	}
	switch t.Timeout201 {
	case timeoutPlatform, timeoutUser, timeoutPays:
	default:
		return fmt.Errorf("%w: timeout_201 %q", ErrInvalid, t.Timeout201)
	}
	if t.PreAuthCodeSeconds <= 0 || t.AuthCodeSeconds <= 0 || t.TokenSeconds <= 0 {
		return fmt.Errorf("%w: a code's life must be positive", ErrInvalid)
	}
	return nil
}
