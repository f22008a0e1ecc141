package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// options are what the flags say.
type options struct {
	binary   string
	web      string
	postgres string
	length   time.Duration
	runs     int
	only     string
	profile  string
	// complaints is how many the inbox, reports and replays are measured with.
	complaints int
	// refunds is how many are refunded while everything fails.
	refunds int
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/zhisu", "the built product")
	flag.StringVar(&o.web, "web", "web", "the folder of the web interface, built")
	flag.StringVar(&o.postgres, "postgres", os.Getenv("ZHISU_TEST_POSTGRES_URL"), "PostgreSQL on which databases may be made (ZHISU_TEST_POSTGRES_URL)")
	flag.DurationVar(&o.length, "length", 20*time.Second, "how long each load lasts")
	flag.IntVar(&o.runs, "runs", 3, "how often each load is run; the table shows the run with the median p99")
	flag.StringVar(&o.only, "only", "", "measure only figures whose name contains this: push-sqlite, push-postgres, mail, start, memory, size, notices, inbox-sqlite, inbox-postgres, history-sqlite, history-postgres, upload, refund-click-sqlite, refund-click-postgres, refund-crash-sqlite, refund-crash-postgres")
	flag.IntVar(&o.complaints, "complaints", 1_000_000, "how many complaints the inbox is measured with")
	flag.IntVar(&o.refunds, "refunds", 10_000, "how many refunds are made while processes die and answers are lost")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the product under load into this folder")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := measure(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// figure is one line of the table.
type figure struct{ name, value, promise string }

func measure(ctx context.Context, o options, out io.Writer) error {
	if _, err := os.Stat(o.binary); err != nil {
		return fmt.Errorf("find the product: %w", err)
	}
	fmt.Fprintf(out, "%s/%s, %d cores, Go %s, load %s\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.TrimPrefix(runtime.Version(), "go"), loadAverage())
	for _, part := range []struct {
		name string
		run  func(context.Context, options) ([]figure, error)
	}{
		{"size", sizes},
		{"start", starts},
		{"memory", idleMemory},
		{"mail", mailDelay},
		{"notices", notices},
		{"push-sqlite", func(ctx context.Context, o options) ([]figure, error) { return acknowledgements(ctx, o, false, 200) }},
		{"push-postgres", func(ctx context.Context, o options) ([]figure, error) { return acknowledgements(ctx, o, true, 500) }},
		{"upload", uploads},
		{"refund-click-sqlite", func(ctx context.Context, o options) ([]figure, error) { return clicks(ctx, o, false) }},
		{"refund-click-postgres", func(ctx context.Context, o options) ([]figure, error) { return clicks(ctx, o, true) }},
		{"refund-crash-sqlite", func(ctx context.Context, o options) ([]figure, error) { return crashes(ctx, o, false) }},
		{"refund-crash-postgres", func(ctx context.Context, o options) ([]figure, error) { return crashes(ctx, o, true) }},
		{"inbox-sqlite", func(ctx context.Context, o options) ([]figure, error) { return inbox(ctx, o, false, true) }},
		{"inbox-postgres", func(ctx context.Context, o options) ([]figure, error) { return inbox(ctx, o, true, true) }},
		{"history-sqlite", func(ctx context.Context, o options) ([]figure, error) { return inbox(ctx, o, false, false) }},
		{"history-postgres", func(ctx context.Context, o options) ([]figure, error) { return inbox(ctx, o, true, false) }},
	} {
		if !strings.Contains(part.name, o.only) || o.only == "" && strings.HasPrefix(part.name, "history-") { // a part of inbox-…
			continue
		}
		if strings.HasSuffix(part.name, "-postgres") && o.postgres == "" {
			return errors.New("no PostgreSQL: run scripts/with-postgres, or set -postgres")
		}
		figures, err := part.run(ctx, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", part.name, err)
		}
		for _, f := range figures {
			fmt.Fprintf(out, "%-42s %-44s %s\n", f.name, f.value, f.promise)
		}
	}
	return nil
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}
