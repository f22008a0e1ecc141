package offiaccount

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// early is how long before its end a token is asked for anew. WeChat gives the same one again until five minutes before the end, then a new one beside it.
const early = 2 * time.Minute

// tokens keeps the access token of every account in memory: stable_token hands out the same one to whoever asks, so a restart or a second instance costs
// nothing and ends nobody's token (reference/notification-channels.md §2.1).
type tokens struct {
	o    Options
	mu   sync.Mutex
	held map[string]*held
}

type held struct {
	mu     sync.Mutex // one asks, the others wait for the answer
	secret string
	token  string
	until  time.Time
}

func newTokens(o Options) *tokens { return &tokens{o: o, held: map[string]*held{}} }

func (t *tokens) of(appID string) *held {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.held[appID]
	if h == nil {
		h = &held{}
		t.held[appID] = h
	}
	return h
}

// get returns a token that is not bad, the one that WeChat has just refused.
func (t *tokens) get(ctx context.Context, appID string, key secret.Text, bad string) (string, error) {
	h := t.of(appID)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.token != "" && h.token != bad && h.secret == key.Reveal() && t.o.Clock.Now().Before(h.until) {
		return h.token, nil
	}
	h.token = ""
	fresh, err := t.o.WeChat.StableToken(ctx, appID, key.Reveal(), false)
	if err != nil {
		return "", &tokenError{err}
	}
	h.token, h.secret, h.until = fresh.AccessToken, key.Reveal(), t.o.Clock.Now().Add(max(fresh.ExpiresIn-early, 30*time.Second))
	return h.token, nil
}

// with calls do with a token. A refused one is fetched anew, and do is called once more.
func (t *tokens) with(ctx context.Context, appID string, key secret.Text, do func(token string) error) error {
	token, err := t.get(ctx, appID, key, "")
	if err != nil {
		return err
	}
	if err = do(token); wechat.ClassOf(err) != wechat.NewToken || wechat.CodeOf(err) == 0 {
		return err
	}
	if token, err = t.get(ctx, appID, key, token); err != nil {
		return err
	}
	return do(token)
}

// tokenError is a failure to get a token, where 40001 means that the secret is wrong.
type tokenError struct{ error }

// Unwrap returns the cause.
func (e *tokenError) Unwrap() error { return e.error }

func isTokenError(err error) bool {
	var t *tokenError
	return errors.As(err, &t)
}
