package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mailDelay measures the way from a push to the mail server's "accepted" at an easy rate.
func mailDelay(ctx context.Context, o options) (_ []figure, err error) {
	var figures []figure
	for _, e := range []struct {
		name     string
		postgres bool
	}{{"SQLite", false}, {"PostgreSQL", true}} {
		if e.postgres && o.postgres == "" {
			continue
		}
		s, err := mailDelayOn(ctx, o, e.postgres)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure{"push → SMTP accepted, " + e.name + ", 5/s", fmt.Sprintf("p50 %s  p95 %s  p99 %s", ms(s.p50), ms(s.p95), ms(s.p99)), "p95 < 1 s"})
	}
	return figures, nil
}

func mailDelayOn(ctx context.Context, o options, postgres bool) (_ spread, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return spread{}, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	const perSecond = 5
	messages, err := w.messages(perSecond * int(o.length/time.Second))
	if err != nil {
		return spread{}, err
	}
	all, err := push(ctx, messages, perSecond)
	if err != nil {
		return spread{}, err
	}
	mails, err := w.mails(ctx, len(all), time.Minute)
	if err != nil {
		return spread{}, err
	}
	due := map[string]time.Time{}
	for i, m := range messages {
		due[m.order] = all[i].due
	}
	var took []time.Duration
	for _, m := range mails {
		for _, number := range digits.FindAllString(m.Text, -1) {
			if at, ok := due[number]; ok {
				took = append(took, time.UnixMilli(m.At).Sub(at))
				delete(due, number)
				break
			}
		}
	}
	if len(due) > 0 {
		return spread{}, fmt.Errorf("%d of %d mails don't name their complaint", len(due), len(all))
	}
	return spreadOf(took), nil
}

var digits = regexp.MustCompile(`\d+`)

// starts measures from exec to /readyz, in an empty data dir and in one that has been used.
func starts(ctx context.Context, o options) ([]figure, error) {
	const times = 5
	var fresh, again []time.Duration
	for range times {
		p, err := newProduct(o.binary)
		if err != nil {
			return nil, err
		}
		for _, to := range []*[]time.Duration{&fresh, &again} {
			d, err := p.start(ctx)
			if err = errors.Join(err, p.stop()); err != nil {
				return nil, err
			}
			*to = append(*to, d)
		}
		p.remove()
	}
	slices.Sort(fresh)
	slices.Sort(again)
	return []figure{
		{"start, empty data directory", fmt.Sprintf("%s (median of %d, max %s)", ms(fresh[times/2]), times, ms(fresh[times-1])), "< 1 s"},
		{"start, existing data directory", fmt.Sprintf("%s (median of %d, max %s)", ms(again[times/2]), times, ms(again[times-1])), "< 1 s"},
	}, nil
}

// idleMemory measures the resident memory of a connected product that has nothing to do.
func idleMemory(ctx context.Context, o options) (_ []figure, err error) {
	w, err := newWorld(ctx, o, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	select {
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n, err := w.memory()
	return []figure{{"memory, idle for 10 s", fmt.Sprintf("%.1f MB", float64(n)/1e6), "< 80 MB"}}, err
}

// sizes are the binary and what a browser loads.
func sizes(ctx context.Context, o options) ([]figure, error) {
	st, err := os.Stat(o.binary)
	if err != nil {
		return nil, err
	}
	figures := []figure{{"binary", fmt.Sprintf("%.1f MB", float64(st.Size())/1e6), "< 45 MB"}}
	cmd := exec.CommandContext(ctx, "node", filepath.Join("scripts", "size.mjs"))
	cmd.Dir = o.web
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// It also ends with 1 when a page is over its budget; its own words say so.
	if err := cmd.Run(); err != nil && !strings.Contains(out.String(), "OVER") {
		return nil, fmt.Errorf("size of the web pages: %w: %s", err, out.String())
	}
	for line := range strings.Lines(out.String()) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			value, promise, _ := strings.Cut(value, ", budget ")
			figures = append(figures, figure{name + ", first load", value, "≤ " + promise})
		}
	}
	return figures, nil
}
