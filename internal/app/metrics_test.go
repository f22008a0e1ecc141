package app

import (
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/zhisu/zhisu/internal/wechatsim"
)

// figures returns a metric by its labels, "name" or "name/value/value".
func (s *stage) figures() map[string]*dto.Metric {
	s.t.Helper()
	families, err := s.app.Metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]*dto.Metric{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += "/" + l.GetValue()
			}
			out[name] = m
		}
	}
	return out
}

func TestMetricsShowWhatAnOperatorWatches(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		s.caseID(s.file(wechatsim.Filing{}))
		s.idle()
		got := s.figures()
		for name, want := range map[string]float64{"zhisu_programs/active": 1, "zhisu_programs/revoked": 0, "zhisu_complaints_open": 1, "zhisu_channels_failing": 0} {
			if m := got[name]; m == nil || m.GetGauge().GetValue() != want {
				t.Errorf("%s: %v, want %v", name, m, want)
			}
		}
		if m := got["zhisu_ticket_age_seconds"]; m == nil || m.GetGauge().GetValue() > 600 {
			t.Errorf("age of the ticket: %v", m)
		}
		if m := got["zhisu_component_token_seconds"]; m == nil || m.GetGauge().GetValue() < 60 {
			t.Errorf("life of the platform's token: %v", m)
		}
		if m := got["zhisu_oldest_job_seconds"]; m == nil || m.GetGauge().GetValue() > 60 {
			t.Errorf("oldest job: %v", m)
		}
		if m := got["zhisu_jobs_total/complaint.sync/done"]; m == nil || m.GetCounter().GetValue() < 1 {
			t.Errorf("syncs: %v", m)
		}
	})
}
