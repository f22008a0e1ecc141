package wechatsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// The control API, design.md §6.5 and more. Unknown fields are refused, so that a misspelt switch does not pass unnoticed.

func controlError(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, ErrNotNow):
		status = http.StatusConflict
	}
	writeJSON(w, status, map[string]string{"error": err.Error()})
}

// readControl decodes the body into v; an empty body leaves v as it is. False = the answer is written.
func readControl(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMediaBody))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil && dec.More() {
		err = errors.New("more than one JSON value")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		controlError(w, fmt.Errorf("read the body: %w: %w", ErrInvalid, err))
		return false
	}
	return true
}

// done answers an empty object or the error.
func done(w http.ResponseWriter, err error) {
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, fields{})
}

// filingBody takes type as number or text and images as links or as a count.
type filingBody struct {
	Filing
	Type   json.RawMessage `json:"type"`
	Images json.RawMessage `json:"images"`
}

func (b filingBody) filing() (Filing, error) {
	f := b.Filing
	if len(b.Type) > 0 && string(b.Type) != "null" {
		id, ok := idOf(b.Type)
		n, err := strconv.Atoi(id)
		if !ok || err != nil {
			return f, fmt.Errorf("%w: type must be a problem type's number", ErrInvalid)
		}
		f.Type = n
	}
	if len(b.Images) > 0 && string(b.Images) != "null" {
		if json.Unmarshal(b.Images, &f.ImageCount) != nil && json.Unmarshal(b.Images, &f.Images) != nil {
			return f, fmt.Errorf("%w: images must be links or a count", ErrInvalid)
		}
	}
	return f, nil
}

func (s *Sim) controlFile(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in filingBody
	if !readControl(w, r, &in) {
		return
	}
	f, err := in.filing()
	if err != nil {
		controlError(w, err)
		return
	}
	id, err := s.FileComplaint(f)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, fields{"complaint_order_id": id})
}

func (s *Sim) controlComplaints(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil {
		limit = 0
	}
	writeJSON(w, http.StatusOK, fields{"complaints": s.Complaints(r.URL.Query().Get("appid"), limit)})
}

func (s *Sim) controlComplaint(w http.ResponseWriter, r *http.Request) {
	v, err := s.Complaint(r.PathValue("id"))
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, v)
}

func (s *Sim) controlAdvance(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in struct {
		Event Event `json:"event"`
		AdvanceOptions
	}
	if !readControl(w, r, &in) {
		return
	}
	if err := s.Advance(r.PathValue("id"), in.Event, in.AdvanceOptions); err != nil {
		controlError(w, err)
		return
	}
	s.controlComplaint(w, r)
}

func (s *Sim) controlOutbox(w http.ResponseWriter, r *http.Request) {
	box := s.Outbox()
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n >= 0 && n < len(box.Emails) {
		box.Emails = box.Emails[len(box.Emails)-n:]
	}
	writeJSON(w, http.StatusOK, box)
}

func (s *Sim) controlClearOutbox(w http.ResponseWriter, _ *http.Request) {
	s.ClearOutbox()
	done(w, nil)
}

func (s *Sim) controlFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, fields{"faults": s.Faults()})
}

func (s *Sim) controlAddFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if readControl(w, r, &f) {
		done(w, s.AddFault(f))
	}
}

func (s *Sim) controlClearFaults(w http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	done(w, nil)
}

func (s *Sim) controlClock(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, fields{"now": s.Now().UnixMilli()})
}

func (s *Sim) controlAdvanceClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AdvanceSeconds float64 `json:"advance_seconds"`
	}
	if !readControl(w, r, &in) {
		return
	}
	if err := s.AdvanceClock(time.Duration(in.AdvanceSeconds * float64(time.Second))); err != nil {
		controlError(w, err)
		return
	}
	s.controlClock(w, r)
}

func (s *Sim) controlPrograms(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, fields{"programs": s.Programs()})
}

func (s *Sim) controlAddProgram(w http.ResponseWriter, r *http.Request) {
	var p Program
	if readControl(w, r, &p) {
		done(w, s.AddProgram(p))
	}
}

func (s *Sim) controlAuthorize(w http.ResponseWriter, r *http.Request) {
	var in AuthorizeRequest
	if !readControl(w, r, &in) {
		return
	}
	res, err := s.Authorize(in)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}

func (s *Sim) controlUnauthorize(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AppID string `json:"appid"`
	}
	if readControl(w, r, &in) {
		done(w, s.Unauthorize(in.AppID))
	}
}

func (s *Sim) controlStanding(w http.ResponseWriter, r *http.Request) {
	var in StandingChange
	if readControl(w, r, &in) {
		done(w, s.SetStanding(in))
	}
}

func (s *Sim) controlDeduct(w http.ResponseWriter, r *http.Request) {
	var in Deduction
	if !readControl(w, r, &in) {
		return
	}
	id, err := s.Deduct(in)
	if err != nil {
		done(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"illegal_order_id": id})
}

func (s *Sim) controlSettings(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Settings())
}

// controlSetSettings changes the switches that the body names and leaves the others.
func (s *Sim) controlSetSettings(w http.ResponseWriter, r *http.Request) {
	t := s.Settings()
	if !readControl(w, r, &t) {
		return
	}
	if err := s.SetSettings(t); err != nil {
		controlError(w, err)
		return
	}
	s.controlSettings(w, r)
}

func (s *Sim) controlVariants(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AppID            string `json:"appid"`
		ComplaintOrderID string `json:"complaint_order_id"`
		Variants
	}
	if readControl(w, r, &in) {
		done(w, s.SetVariants(in.AppID, in.ComplaintOrderID, in.Variants))
	}
}

func (s *Sim) controlEndpoints(w http.ResponseWriter, r *http.Request) {
	var in Endpoints
	if !readControl(w, r, &in) {
		return
	}
	s.SetEndpoints(in)
	done(w, nil)
}

func (s *Sim) controlKeys(w http.ResponseWriter, r *http.Request) {
	var in Keys
	if readControl(w, r, &in) {
		done(w, s.RotateKeys(in))
	}
}

func (s *Sim) controlTicket(w http.ResponseWriter, _ *http.Request) {
	s.PushTicket()
	done(w, nil)
}

func (s *Sim) controlInvalidate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Kind  string `json:"kind"`
		AppID string `json:"appid"`
	}
	if readControl(w, r, &in) {
		done(w, s.InvalidateTokens(in.Kind, in.AppID))
	}
}

func (s *Sim) controlCalls(w http.ResponseWriter, r *http.Request) {
	calls := s.APICalls(r.URL.Query().Get("api"))
	if id := r.URL.Query().Get("appid"); id != "" {
		calls = slices.DeleteFunc(calls, func(c APICall) bool { return c.AppID != id })
	}
	writeJSON(w, http.StatusOK, fields{"calls": calls})
}

func (s *Sim) controlPushes(w http.ResponseWriter, r *http.Request) {
	list := s.Pushes(r.URL.Query().Get("event"))
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n >= 0 && n < len(list) {
		list = list[len(list)-n:]
	}
	writeJSON(w, http.StatusOK, fields{"pushes": list})
}

func (s *Sim) controlHold(w http.ResponseWriter, _ *http.Request) {
	s.HoldPushes()
	done(w, nil)
}

func (s *Sim) controlRelease(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Reverse bool `json:"reverse"`
	}
	if readControl(w, r, &in) {
		s.ReleasePushes(in.Reverse)
		done(w, nil)
	}
}
