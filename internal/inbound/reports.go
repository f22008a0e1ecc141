package inbound

import (
	"encoding/json"
	"errors"
)

// maxReports is how many reports one call brings at most (reference/notification-channels.md §3.6); a little more is borne.
const maxReports = 200

// Report is what an operator says of one text message.
type Report struct {
	// ID is the SerialNo of the message.
	ID string
	// Delivered is true for SUCCESS.
	Delivered bool
	// Code and Text are the operator's own words, such as DELIVRD.
	Code, Text string
}

var errReports = errors.New("inbound: not a list of delivery reports")

// ParseReports reads the body of a delivery callback. Reports without an id are passed over.
func ParseReports(body []byte) ([]Report, error) {
	var list []struct {
		ID          string `json:"sid"`
		Status      string `json:"report_status"`
		Code        string `json:"errmsg"`
		Description string `json:"description"`
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list) > maxReports {
		return nil, errReports
	}
	out := make([]Report, 0, len(list))
	for _, r := range list {
		if r.ID == "" || (r.Status != "SUCCESS" && r.Status != "FAIL") {
			continue
		}
		out = append(out, Report{ID: r.ID, Delivered: r.Status == "SUCCESS", Code: r.Code, Text: r.Description})
	}
	return out, nil
}
