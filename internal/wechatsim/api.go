package wechatsim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// tokenKind says whose token a call wants, and what a token is.
type tokenKind int

const (
	noToken        tokenKind = iota
	componentToken           // component_access_token
	accountToken             // authorizer_access_token, or the program's own
	eitherToken              // wanted only: any of the two
)

// endpoint is one call of api.weixin.qq.com.
type endpoint struct {
	name   string
	method string
	path   string
	token  tokenKind
	// sets: a platform needs one of them granted by the program (61007 otherwise). Empty = none needed.
	sets []int
	run  func(s *Sim, c *call) (fields, *apiError)
}

// call is one request while it is played. It is run with the lock held.
type call struct {
	ep          *endpoint
	method      string
	query       url.Values
	contentType string
	body        []byte
	now         time.Time
	tok         *accessToken
	acc         *account // whom the token speaks for; nil for component calls
}

// APICall is one received call, for counting.
type APICall struct {
	At         int64  `json:"at"` // ms, this WeChat's clock
	API        string `json:"api"`
	Path       string `json:"path"`
	AppID      string `json:"appid,omitempty"`
	Errcode    int    `json:"errcode"`
	HTTPStatus int    `json:"http_status"`
	Answered   bool   `json:"answered"`
}

const (
	maxJSONBody  = 1 << 20
	maxMediaBody = 12 << 20
	maxAPICalls  = 20000
)

var errTooLarge = errors.New("body too large")

func readBody(r *http.Request, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, errTooLarge
	}
	return b, nil
}

// serveAPI answers one endpoint: faults first, then method, token, permission, quota, and the call itself.
func (s *Sim) serveAPI(ep *endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxJSONBody)
		if ep.path == uploadPath {
			limit = maxMediaBody
		}
		body, err := readBody(r, limit)
		if err != nil {
			http.Error(w, "413 Request Entity Too Large", http.StatusRequestEntityTooLarge)
			return
		}
		s.learnBase(r)
		f := s.takeFault(ep.name, ep.path)
		if f != nil && !pause(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
			return
		}
		c := &call{ep: ep, method: r.Method, query: r.URL.Query(), contentType: r.Header.Get("Content-Type"), body: body}
		if f == nil || f.playsEffect() {
			out, aerr := s.perform(c)
			if f == nil || f.onlyDelays() {
				s.noteCall(c, codeOf(aerr), http.StatusOK, true)
				writeJSON(w, http.StatusOK, out)
				return
			}
		}
		s.answerFault(w, c, f)
	}
}

func codeOf(e *apiError) int {
	if e == nil {
		return 0
	}
	return e.code
}

// perform plays the call and returns the finished envelope.
func (s *Sim) perform(c *call) (fields, *apiError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.now()
	s.passDeadlines()
	out, aerr := s.playChecked(c)
	return s.envelope(out, aerr), aerr
}

func (s *Sim) playChecked(c *call) (fields, *apiError) {
	if c.method != c.ep.method {
		if c.ep.method == http.MethodPost {
			return nil, refuse(43002)
		}
		return nil, refuse(43001)
	}
	if aerr := s.authenticate(c); aerr != nil {
		return nil, aerr
	}
	if aerr := s.spendQuota(c); aerr != nil {
		return nil, aerr
	}
	return c.ep.run(s, c)
}

// authenticate finds whom the token speaks for and whether the call's permission set was granted.
func (s *Sim) authenticate(c *call) *apiError {
	if c.ep.token == noToken {
		return nil
	}
	raw := c.query.Get("access_token")
	if raw == "" && c.ep.token != accountToken {
		raw = c.query.Get("component_access_token")
	}
	if raw == "" {
		return refuse(41001)
	}
	tok, ok := s.tokens[raw]
	switch {
	case !ok:
		return refuse(40001)
	case !c.now.Before(tok.expires):
		return refuse(42001)
	case c.ep.token == componentToken && tok.kind != componentToken:
		return refuse(61014)
	case c.ep.token == accountToken && tok.kind == componentToken:
		return refuse(61015)
	}
	c.tok = tok
	if tok.kind == componentToken {
		return nil
	}
	c.acc = s.accounts[tok.appid]
	if c.acc == nil {
		return refuse(40013)
	}
	if tok.own {
		return nil
	}
	if !c.acc.authorized {
		return refuse(61003)
	}
	if len(c.ep.sets) > 0 && !slices.ContainsFunc(c.ep.sets, c.acc.has) {
		return refuse(61007)
	}
	return nil
}

// noteCall keeps the call in the general log and, when it names a complaint, in that complaint's own.
func (s *Sim) noteCall(c *call, errcode, status int, answered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.now().UnixMilli()
	rec := APICall{At: at, API: c.ep.name, Path: c.ep.path, Errcode: errcode, HTTPStatus: status, Answered: answered}
	if c.acc != nil {
		rec.AppID = c.acc.AppID
	} else {
		rec.AppID = namedAppID(c.body)
	}
	if len(s.apiCalls) >= maxAPICalls {
		s.apiCalls = slices.Delete(s.apiCalls, 0, maxAPICalls/2)
	}
	s.apiCalls = append(s.apiCalls, rec)
	defer s.bump()
	if !strings.HasPrefix(c.ep.path, complaintPrefix) {
		return
	}
	if k := s.complaints[namedComplaint(c)]; k != nil {
		k.note(Call{
			At: at, Path: c.ep.path, Body: keptBody(c), Errcode: errcode, HTTPStatus: status, Answered: answered,
		})
	}
}

// namedAppID reads the account a component call is about; such bodies carry secrets, so nothing else is kept.
func namedAppID(body []byte) string {
	var v struct {
		Authorizer string `json:"authorizer_appid"`
		AppID      string `json:"appid"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return ""
	}
	if v.Authorizer != "" {
		return v.Authorizer
	}
	return v.AppID
}

// APICalls returns the calls received so far, oldest first; api = "" means all. Old ones are forgotten after some thousands.
func (s *Sim) APICalls(api string) []APICall {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]APICall, 0, len(s.apiCalls))
	for _, c := range s.apiCalls {
		if api == "" || c.API == api || c.Path == api {
			out = append(out, c)
		}
	}
	return out
}

// learnBase remembers the address under which the product reaches us.
func (s *Sim) learnBase(r *http.Request) {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	s.mu.Lock()
	s.base = scheme + r.Host
	s.mu.Unlock()
}

func (s *Sim) publicURL() string {
	if s.cfg.PublicURL != "" {
		return strings.TrimRight(s.cfg.PublicURL, "/")
	}
	if s.base != "" {
		return s.base
	}
	return "http://127.0.0.1"
}

// pause waits d; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
