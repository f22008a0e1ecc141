package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/program"
)

// jobMetrics counts what the workers did. Everything that Zhisu does on its own is a job: syncing, telling, acting, keeping tokens.
type jobMetrics struct {
	ended   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
	late    *prometheus.HistogramVec
	clock   clock.Clock
}

func newJobMetrics(r prometheus.Registerer, c clock.Clock) *jobMetrics {
	buckets := []float64{.005, .02, .1, .5, 1, 5, 15, 60}
	m := &jobMetrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zhisu_jobs_total", Help: "Ended tries of jobs by kind and result: done, or failed and tried again later.",
		}, []string{"kind", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "zhisu_job_seconds", Help: "Time a try of a job took.", Buckets: buckets}, []string{"kind"}),
		late: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "zhisu_job_wait_seconds", Help: "Time from when a job should have started to its start.", Buckets: buckets,
		}, []string{"queue"}),
		clock: c,
	}
	r.MustRegister(m.ended, m.seconds, m.late)
	return m
}

// around measures one try of a job, then passes it on.
func (m *jobMetrics) around(next river.WorkerMiddlewareFunc) river.WorkerMiddlewareFunc {
	return func(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error {
		return next(ctx, job, func(ctx context.Context) error {
			start := m.clock.Now()
			m.late.WithLabelValues(job.Queue).Observe(max(0, start.Sub(job.ScheduledAt).Seconds()))
			err := do(ctx)
			result := "done"
			if err != nil {
				result = "failed"
			}
			m.ended.WithLabelValues(job.Kind, result).Inc()
			m.seconds.WithLabelValues(job.Kind).Observe(m.clock.Now().Sub(start).Seconds())
			return err
		})
	}
}

// state shows at each scrape what an operator wants an alarm for. It implements prometheus.Collector.
type state struct {
	app *App

	jobs, oldest, ticket, token, programs, channels, open, refunds, refundAge, merchants *prometheus.Desc
}

func newState(a *App) *state {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &state{
		app:      a,
		jobs:     desc("zhisu_jobs", "Jobs that have not ended, by queue and state.", "queue", "state"),
		oldest:   desc("zhisu_oldest_job_seconds", "For how long the oldest job that could run has been waiting for a worker."),
		ticket:   desc("zhisu_ticket_age_seconds", "Time since WeChat's last component_verify_ticket. WeChat sends one every 10 minutes."),
		token:    desc("zhisu_component_token_seconds", "Time until the component_access_token expires."),
		programs: desc("zhisu_programs", "Programs by state.", "state"),
		channels: desc("zhisu_channels_failing", "Notice channels whose last message failed."),
		open:     desc("zhisu_complaints_open", "Complaints that wait for the merchant."),

		refunds:   desc("zhisu_refunds_open", "Refunds that have not come to an end, by state. abnormal and parked wait for people.", "state"),
		refundAge: desc("zhisu_refund_oldest_seconds", "Age of the oldest refund that is on its way without waiting for people."),
		merchants: desc("zhisu_merchants_paused", "Merchants whose credentials WeChat Pay refuses."),
	}
}

// Describe implements prometheus.Collector.
func (s *state) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.jobs, s.oldest, s.ticket, s.token, s.programs, s.channels, s.open, s.refunds, s.refundAge, s.merchants} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. What cannot be read is left out, and scraping goes on: then an alarm for an absent figure rings.
func (s *state) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, part := range []func(context.Context, func(*prometheus.Desc, float64, ...string)) error{s.collectJobs, s.collectPlatform, s.collectWork, s.collectRefunds} {
		if err := part(ctx, gauge); err != nil {
			s.app.Logger.WarnContext(ctx, "metrics are incomplete", "err", err)
		}
	}
}

func (s *state) collectJobs(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	backlog, err := s.app.DB.Backlog(ctx)
	if err != nil {
		return err
	}
	for _, b := range backlog.Counts {
		gauge(s.jobs, float64(b.Jobs), b.Queue, b.State)
	}
	age := 0.0
	if !backlog.Oldest.IsZero() {
		age = max(0, s.app.clock.Now().Sub(backlog.Oldest).Seconds())
	}
	gauge(s.oldest, age)
	return nil
}

func (s *state) collectPlatform(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	ps, err := s.app.Programs.List(ctx, program.Filter{Listed: true})
	if err != nil {
		return err
	}
	states := map[program.State]int{program.Active: 0, program.Disabled: 0, program.Revoked: 0}
	for i := range ps {
		states[ps[i].State]++
	}
	for k, n := range states {
		gauge(s.programs, float64(n), string(k))
	}
	st, err := s.app.Programs.Platform(ctx)
	if err != nil {
		return nil //nolint:nilerr // no platform is set up: there is nothing to watch
	}
	now := s.app.clock.Now()
	if !st.TicketReceived.IsZero() {
		gauge(s.ticket, now.Sub(st.TicketReceived.Time()).Seconds())
	}
	if !st.TokenExpires.IsZero() {
		gauge(s.token, st.TokenExpires.Time().Sub(now).Seconds())
	}
	return nil
}

func (s *state) collectWork(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	cs, err := s.app.Notify.ListChannels(ctx)
	if err != nil {
		return err
	}
	failing := 0
	for _, c := range cs {
		if c.Enabled && c.LastError != "" {
			failing++
		}
	}
	gauge(s.channels, float64(failing))
	open, err := s.app.Complaints.OpenByProgram(ctx)
	if err != nil {
		return err
	}
	var n int64
	for _, v := range open {
		n += v
	}
	gauge(s.open, float64(n))
	return nil
}

func (s *state) collectRefunds(ctx context.Context, gauge func(*prometheus.Desc, float64, ...string)) error {
	w, err := s.app.Refunds.Watch(ctx)
	if err != nil {
		return err
	}
	for state, n := range w.ByState {
		gauge(s.refunds, float64(n), string(state))
	}
	age := 0.0
	if !w.Oldest.IsZero() {
		age = max(0, s.app.clock.Now().Sub(w.Oldest.Time()).Seconds())
	}
	gauge(s.refundAge, age)
	gauge(s.merchants, float64(w.Paused))
	return nil
}
