package push

import (
	"errors"
	"strings"
	"testing"
)

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte("<xml>" + xmlHead + xmlScalars + xmlHistory + "</xml>"))
	f.Add([]byte("<xml>" + xmlHead + "<BussiCallBackInfo>" + xmlScalars + strings.Replace(xmlHistory, "</media_id_list></history>", "<media_id_list></history>", 1) + "</BussiCallBackInfo></xml>"))
	f.Add([]byte(jsonFlat))
	f.Add([]byte(`<!DOCTYPE x><xml/>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []Format{FormatAuto, FormatXML, FormatJSON} {
			e, err := ParseEvent(b, format)
			if (e == nil) == (err == nil) {
				t.Fatalf("event %v beside error %v", e, err)
			}
			if err != nil && !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrDoctype) && !errors.Is(err, ErrPushTooLarge) {
				t.Errorf("untyped error %v", err)
			}
			if e != nil && e.Complaint != nil {
				checkCallback(t, e.Complaint, len(b))
			}
		}
	})
}

// checkCallback asserts that nothing was multiplied on the way.
func checkCallback(t *testing.T, c *ComplaintCallback, size int) {
	t.Helper()
	if c.AmountFen != nil && *c.AmountFen < 0 {
		t.Errorf("amount %d", *c.AmountFen)
	}
	total := 0
	for _, h := range c.History {
		total += len(h.Content)
		for _, u := range h.MediaURLs {
			total += len(u)
			if u == "" || u != strings.TrimSpace(u) {
				t.Errorf("link %q", u)
			}
		}
	}
	// A byte that is not UTF-8 becomes three in JSON.
	if total > 3*size {
		t.Errorf("%d bytes of history out of %d", total, size)
	}
}

func FuzzParsePlatformEvent(f *testing.F) {
	f.Add([]byte("<xml><AppId>wxp</AppId><CreateTime>1</CreateTime><InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>t</ComponentVerifyTicket></xml>"))
	f.Add([]byte("<xml><InfoType>x</InfoType><info><name>a</name><name>b</name></info></nonsense>"))
	f.Add([]byte("<xml><InfoType>x</InfoType><!ENTITY a></xml>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParsePlatformEvent(b)
		if (e == nil) == (err == nil) {
			t.Fatalf("event %v beside error %v", e, err)
		}
		if e != nil && (e.InfoType == "" || e.Fields == nil) {
			t.Errorf("kind %q, fields %v", e.InfoType, e.Fields)
		}
	})
}
