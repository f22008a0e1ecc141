package wechatsim

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// PushSetup is a program's own 消息推送 setting, for programs that use their own AppSecret (reference/wechat-open-platform.md §3.2).
type PushSetup struct {
	URL    string `json:"url"`
	Token  string `json:"token"`
	AESKey string `json:"aes_key"` // 43 characters; plain mode needs none
	Mode   string `json:"mode"`    // plain, compat, safe (default)
	Format string `json:"format"`  // json (default), xml
	// Unchecked saves the address without asking it for the echostr first.
	Unchecked bool `json:"unchecked,omitempty"`
}

// takePush validates p and makes it the account's; the keys used until now become the previous ones.
func (a *account) takePush(p PushSetup) error {
	fill(&p.Mode, modeSafe)
	fill(&p.Format, formatJSON)
	u, err := url.Parse(p.URL)
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%w: push.url must be an address", ErrInvalid)
	case p.Token == "":
		return fmt.Errorf("%w: push.token is empty", ErrInvalid)
	case !slices.Contains([]string{modeSafe, modeCompat, modePlain}, p.Mode):
		return fmt.Errorf("%w: push.mode %q", ErrInvalid, p.Mode)
	case p.Format != formatXML && p.Format != formatJSON:
		return fmt.Errorf("%w: push.format %q", ErrInvalid, p.Format)
	}
	keys := codec{token: p.Token}
	if p.AESKey != "" || p.Mode != modePlain {
		if keys, err = newCodec(p.Token, p.AESKey); err != nil {
			return err
		}
	}
	if a.pushPrev = a.pushKeys; a.Push == nil {
		a.pushPrev = keys
	}
	a.Push, a.pushKeys = &p, keys
	return nil
}

// SetProgramPush is the page where a program's admin enters the server's address. WeChat asks that address for the echostr and saves
// nothing when the answer is wrong. An empty URL switches the program's own pushes off.
func (s *Sim) SetProgramPush(ctx context.Context, appid string, p PushSetup) error {
	s.mu.Lock()
	a := s.accounts[appid]
	s.mu.Unlock()
	switch {
	case a == nil:
		return fmt.Errorf("set a program's server: program %q: %w", appid, ErrNotFound)
	case p.URL == "":
		s.mu.Lock()
		a.Push = nil
		s.mu.Unlock()
		return nil
	}
	trial := &account{Program: Program{AppID: appid}}
	if err := trial.takePush(p); err != nil {
		return fmt.Errorf("set a program's server: %w", err)
	}
	if !p.Unchecked {
		if err := s.echo(ctx, p); err != nil {
			return fmt.Errorf("set a program's server: %w: %w", ErrNotNow, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.takePush(p)
}

// echo is the URL check: a signed GET that must be answered with the echostr, verbatim.
func (s *Sim) echo(ctx context.Context, p PushSetup) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PushTimeout)
	defer cancel()
	keys := codec{token: p.Token}
	stamp, nonce, echo := strconv.FormatInt(s.Now().Unix(), 10), s.random.digits(10), s.random.digits(19)
	q := url.Values{"signature": {keys.sign(stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}, "echostr": {echo}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(p.URL, q), http.NoBody)
	if err != nil {
		return fmt.Errorf("make the check: %w", bareURLError(err))
	}
	req.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("check the address: %w", bareURLError(err))
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up; nothing to learn
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the check's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK || string(body) != echo {
		return fmt.Errorf("the address answered %d %q instead of the echostr", res.StatusCode, cut(string(body), keptAnswer))
	}
	return nil
}

// SecretChange is what a program's admin may do to its AppSecret.
type SecretChange struct {
	// Secret resets it; the tokens made with the old one go on living.
	Secret *string `json:"secret"`
	// Frozen answers token calls with 40243.
	Frozen *bool `json:"frozen"`
	// Barred takes the caller off the whitelist: 40164.
	Barred *bool `json:"barred"`
}

// ChangeSecret changes what is not nil.
func (s *Sim) ChangeSecret(appid string, c SecretChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[appid]
	if a == nil {
		return fmt.Errorf("change a secret: program %q: %w", appid, ErrNotFound)
	}
	if c.Secret != nil {
		a.Secret = *c.Secret
	}
	if c.Frozen != nil {
		a.frozen = *c.Frozen
	}
	if c.Barred != nil {
		a.barred = *c.Barred
	}
	return nil
}

// complaintJSON is the JSON form of a push: flat, every value a text but CreateTime, history an object while there is one entry and an
// array of several (reference/wechat-complaint-api.md §2.3).
func (s *Sim) complaintJSON(c *complaint, a *account, v Variants, event, option string) []byte {
	inner := fields{}
	for _, f := range c.pushValues(v, option) {
		inner[f[0]] = f[1]
	}
	if !v.NoMaterial {
		inner["customer_material_content"] = c.content
		inner["customer_material_media_id_list"] = s.jsonMedia(c.images, v)
	}
	if list := s.jsonHistory(c, v); len(list) == 1 {
		inner["history"] = list[0]
	} else if len(list) > 1 {
		inner["history"] = list
	}
	for _, name := range v.PushOmit {
		delete(inner, name)
	}
	out := inner
	if v.WrapJSON {
		out = fields{"BussiCallBackInfo": inner}
	}
	out["ToUserName"], out["FromUserName"], out["CreateTime"] = a.UserName, a.sender, s.now().Unix()
	out["MsgType"], out["Event"] = "event", event
	return marshal(out)
}

func (s *Sim) jsonHistory(c *complaint, v Variants) []fields {
	var out []fields
	for _, n := range c.history(v) {
		out = append(out, fields{"time": unix(n.at), "content": n.content, "media_id_list": s.jsonMedia(n.images, v)})
	}
	return out
}

func (s *Sim) jsonMedia(images []imageRef, v Variants) any {
	links := append([]string{}, s.links(images)...)
	if v.MediaList == "comma" {
		return joined(links)
	}
	return links
}

func (s *Sim) controlProgramPush(w http.ResponseWriter, r *http.Request) {
	var p PushSetup
	if readControl(w, r, &p) {
		done(w, s.SetProgramPush(r.Context(), r.PathValue("appid"), p))
	}
}

func (s *Sim) controlProgramSecret(w http.ResponseWriter, r *http.Request) {
	var c SecretChange
	if readControl(w, r, &c) {
		done(w, s.ChangeSecret(r.PathValue("appid"), c))
	}
}
