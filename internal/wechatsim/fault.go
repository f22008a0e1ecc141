package wechatsim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// Fault makes the next matching calls fail. Without after or hangup the call has no effect.
type Fault struct {
	// Target is an API name (complaintOrderDetail), a full path, * for every WeChat API, smtp for the mail sink, or robot.wecom,
	// robot.dingtalk, robot.feishu, robot.webhook; for a robot Errcode is the code of its own answers.
	Target string `json:"target"`
	// Errcode answers in WeChat's envelope; for smtp it is the reply code (450, 550, …).
	Errcode *int   `json:"errcode,omitempty"`
	Errmsg  string `json:"errmsg,omitempty"`
	// HTTPStatus answers with this status; with Errcode the envelope is its body, else a gateway's HTML page.
	HTTPStatus int `json:"http_status,omitempty"`
	// Body answers with exactly this text, for example {} or nothing that is JSON.
	Body *string `json:"body,omitempty"`
	// DelayMS waits first. Alone it only makes the call slow.
	DelayMS int `json:"delay_ms,omitempty"`
	// Times is how many calls are hit; 0 = 1.
	Times int `json:"times"`
	// Hangup performs the call and then drops the connection without an answer.
	Hangup bool `json:"hangup,omitempty"`
	// Drop drops the connection and does nothing.
	Drop bool `json:"drop,omitempty"`
	// After performs the call first and then answers with the error.
	After bool `json:"after,omitempty"`
	// Mode and Code are for targets that begin with pay.; see paysim.Fault.
	Mode string `json:"mode,omitempty"`
	Code string `json:"code,omitempty"`
}

const payTargets = "pay."

const smtpTarget = "smtp"

func (f *Fault) playsEffect() bool { return f.After || f.Hangup || f.onlyDelays() }

func (f *Fault) onlyDelays() bool {
	return !f.Hangup && !f.Drop && f.Errcode == nil && f.HTTPStatus == 0 && f.Body == nil
}

func (f *Fault) matches(name, path string) bool {
	return f.Target == name || f.Target == path || (f.Target == "*" && name != smtpTarget && !strings.HasPrefix(name, robotTarget))
}

// AddFault arms a fault behind those already armed.
func (s *Sim) AddFault(f Fault) error {
	if strings.HasPrefix(f.Target, payTargets) {
		if err := s.pay.AddFault(paysim.Fault{Target: f.Target, Mode: f.Mode, HTTPStatus: f.HTTPStatus, Code: f.Code, DelayMS: f.DelayMS, Times: f.Times}); err != nil {
			return payError(err)
		}
		return nil
	}
	if f.Times == 0 {
		f.Times = 1
	}
	switch {
	case f.Mode != "" || f.Code != "":
		return fmt.Errorf("add a fault: %w: mode and code belong to pay.… targets", ErrInvalid)
	case f.Target == "":
		return fmt.Errorf("add a fault: %w: target is empty", ErrInvalid)
	case f.Times < 0 || f.DelayMS < 0:
		return fmt.Errorf("add a fault: %w: times and delay_ms must not be negative", ErrInvalid)
	case f.HTTPStatus != 0 && (f.HTTPStatus < 200 || f.HTTPStatus > 599):
		return fmt.Errorf("add a fault: %w: http_status %d", ErrInvalid, f.HTTPStatus)
	case f.onlyDelays() && f.DelayMS == 0:
		return fmt.Errorf("add a fault: %w: it does nothing", ErrInvalid)
	case f.Target != "*" && f.Target != smtpTarget && !knownTarget(f.Target):
		return fmt.Errorf("add a fault: %w: no API is called %q", ErrNotFound, f.Target)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// payError gives the errors of the money the kinds of this package.
func payError(err error) error {
	if errors.Is(err, paysim.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return fmt.Errorf("%w: %w", ErrInvalid, err)
}

func knownTarget(target string) bool {
	if kind, ok := strings.CutPrefix(target, robotTarget); ok {
		return slices.Contains(robotKinds, kind)
	}
	return slices.ContainsFunc(endpoints(), func(e endpoint) bool { return e.name == target || e.path == target })
}

// Faults returns what is still armed.
func (s *Sim) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Fault, 0, len(s.faults))
	for _, f := range s.faults {
		out = append(out, *f)
	}
	for _, f := range s.pay.Faults() {
		out = append(out, Fault{Target: f.Target, Mode: f.Mode, HTTPStatus: f.HTTPStatus, Code: f.Code, DelayMS: f.DelayMS, Times: f.Times})
	}
	return out
}

// ClearFaults disarms everything.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
	s.pay.ClearFaults()
}

// takeFault uses up one count of the first fault that matches.
func (s *Sim) takeFault(name, path string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if !f.matches(name, path) {
			continue
		}
		hit := *f
		if f.Times--; f.Times <= 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return &hit
	}
	return nil
}

// answerFault sends what the fault prescribes.
func (s *Sim) answerFault(w http.ResponseWriter, c *call, f *Fault) {
	errcode := 0
	if f.Errcode != nil {
		errcode = *f.Errcode
	}
	if f.Hangup || f.Drop {
		s.noteCall(c, errcode, 0, false)
		if err := hangUp(w); err != nil {
			s.cfg.Logger.Warn("drop a connection", "error", err)
		}
		return
	}
	status := f.HTTPStatus
	if status == 0 {
		status = http.StatusOK
	}
	s.noteCall(c, errcode, status, true)
	switch {
	case f.Body != nil:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(*f.Body)) // the caller has gone; nobody is left to tell
	case f.Errcode != nil:
		e := refuse(errcode)
		if e.text == "" {
			e.text = "error"
		}
		if f.Errmsg != "" {
			e.text = strings.TrimSpace(f.Errmsg)
		}
		s.mu.Lock()
		out := s.envelope(nil, e)
		s.mu.Unlock()
		writeJSON(w, status, out)
	default:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<html><head><title>%d %s</title></head></html>", status, http.StatusText(status))
	}
}

// hangUp closes the connection under the answer.
func hangUp(w http.ResponseWriter) error {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return fmt.Errorf("take the connection: %w", err)
	}
	if err := conn.Close(); err != nil {
		return errors.Join(errors.New("close the connection"), err)
	}
	return nil
}
