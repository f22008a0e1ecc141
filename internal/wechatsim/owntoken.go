package wechatsim

import (
	"encoding/json"
	"time"
)

// Tokens that a program gets with its own AppSecret (reference/wechat-open-platform.md §6, last table).

const (
	tokenCallsPerDay  = 2000
	forceCallsPerDay  = 20
	forceCallDistance = 30 * time.Second
)

type ownTokens struct {
	stable     string
	stableEnd  time.Time
	forcedAt   time.Time
	forcedDay  string
	forced     int
	plainDay   string
	plainCalls int
}

// plainToken is GET /cgi-bin/token: each call makes a new token, the previous one lives five minutes more.
func (s *Sim) plainToken(c *call) (fields, *apiError) {
	a, aerr := s.ownAccount(c.query.Get("grant_type"), c.query.Get("appid"), c.query.Get("secret"))
	if aerr != nil {
		return nil, aerr
	}
	day := c.now.In(beijing).Format(time.DateOnly)
	if a.own.plainDay != day {
		a.own.plainDay, a.own.plainCalls = day, 0
	}
	if a.own.plainCalls >= tokenCallsPerDay {
		return nil, refuse(45009)
	}
	a.own.plainCalls++
	end := c.now.Add(accessTokenGrace)
	for raw, t := range s.tokens {
		if t.own && t.appid == a.AppID && raw != a.own.stable && t.expires.After(end) {
			t.expires = end
		}
	}
	return s.ownAnswer(s.issueToken(accountToken, a.AppID, true), c.now.Add(s.tokenLife()), c.now), nil
}

func (s *Sim) ownAnswer(token string, end, now time.Time) fields {
	return fields{"access_token": token, "expires_in": int(end.Sub(now) / time.Second)}
}

func (s *Sim) ownAccount(grant, appid, secret string) (*account, *apiError) {
	switch {
	case grant != "client_credential":
		return nil, refuse(40002)
	case appid == "":
		return nil, refuse(41002)
	case secret == "":
		return nil, refuse(41004)
	}
	a := s.accounts[appid]
	if a == nil {
		return nil, refuse(40013)
	}
	if a.Secret == "" || a.Secret != secret {
		return nil, refuse(40125)
	}
	if a.frozen {
		return nil, refuse(40243)
	}
	if a.barred {
		return nil, refuse(40164)
	}
	return a, nil
}

// stableToken is POST /cgi-bin/stable_token: the same token until its last five minutes unless forced.
func (s *Sim) stableToken(c *call) (fields, *apiError) {
	if _, aerr := object(c.body); aerr != nil {
		return nil, aerr
	}
	var in struct {
		GrantType    string `json:"grant_type"`
		AppID        string `json:"appid"`
		Secret       string `json:"secret"`
		ForceRefresh bool   `json:"force_refresh"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, refuse(47001)
	}
	a, aerr := s.ownAccount(in.GrantType, in.AppID, in.Secret)
	if aerr != nil {
		return nil, aerr
	}
	o := &a.own
	_, alive := s.tokens[o.stable]
	if !in.ForceRefresh && alive && o.stableEnd.Sub(c.now) >= accessTokenGrace {
		return s.ownAnswer(o.stable, o.stableEnd, c.now), nil
	}
	if in.ForceRefresh {
		if aerr := o.spendForce(c.now); aerr != nil {
			return nil, aerr
		}
		// A forced token takes the old one's place at once.
		delete(s.tokens, o.stable)
	}
	o.stable, o.stableEnd = s.issueToken(accountToken, a.AppID, true), c.now.Add(s.tokenLife())
	return s.ownAnswer(o.stable, o.stableEnd, c.now), nil
}

// spendForce: 20 a day, 30 s apart. The reference names no code for either; 45009 and 45011 are the general ones.
func (o *ownTokens) spendForce(now time.Time) *apiError {
	day := now.In(beijing).Format(time.DateOnly)
	if o.forcedDay != day {
		o.forcedDay, o.forced = day, 0
	}
	switch {
	case o.forced >= forceCallsPerDay:
		return refuse(45009)
	case !o.forcedAt.IsZero() && now.Sub(o.forcedAt) < forceCallDistance:
		return refuse(45011)
	}
	o.forced++
	o.forcedAt = now
	return nil
}
