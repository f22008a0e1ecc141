package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// inbox measures pages, searches and counts of many complaints, and what is made of their history; without questions the latter alone.
func inbox(ctx context.Context, o options, postgres, questions bool) (_ []figure, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.stop(); err != nil {
		return nil, err
	}
	dsn := ""
	for _, e := range w.env {
		if v, ok := strings.CutPrefix(e, "ZHISU_DATABASE_URL="); ok {
			dsn = v
		}
	}
	if err := w.fill(ctx, o.complaints, dsn); err != nil {
		return nil, err
	}
	took, err := w.start(ctx)
	if err != nil {
		return nil, err
	}
	engine := "SQLite"
	if postgres {
		engine = "PostgreSQL"
	}
	figures := []figure{{fmt.Sprintf("start with %d complaints, %s", o.complaints, engine), ms(took), ""}}
	past, err := w.history(ctx, engine)
	if err != nil || !questions {
		return past, err
	}
	figures = append(figures, past...)
	var all []time.Duration
	scoped, err := w.scoped(ctx)
	if err != nil {
		return nil, err
	}
	for _, q := range append(w.questions(), scoped...) {
		ds, err := w.ask(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		s := spreadOf(ds)
		fmt.Fprintf(os.Stderr, "  %s, %s: p50 %s  p99 %s  max %s\n", engine, q.name, ms(s.p50), ms(s.p99), ms(s.most))
		figures = append(figures, figure{q.name + ", " + engine, fmt.Sprintf("p50 %s  p99 %s", ms(s.p50), ms(s.p99)), "p99 < 50 ms"})
		all = append(all, ds...)
	}
	s := spreadOf(all)
	return append(figures, figure{"all of these, " + engine, fmt.Sprintf("p50 %s  p99 %s  max %s", ms(s.p50), ms(s.p99), ms(s.most)), "p99 < 50 ms"}), nil
}

// question is a filter, asked for page after page.
type question struct {
	name  string
	path  string
	query url.Values
	pages int // that follow each other
	token string
}

func (w *world) questions() []question {
	day := func(n int) string { return fmt.Sprint(time.Now().AddDate(0, 0, -n).UnixMilli()) }
	q := func(name string, kv ...string) question {
		v := url.Values{"limit": {"50"}}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return question{name: name, path: "/complaints", query: v, pages: 40}
	}
	return []question{
		{name: "counts of all views", path: "/complaints/counts", pages: 1},
		{name: "workbench with 14 days", path: "/workbench", pages: 1},
		q("my work by time left", "view", "mine"),
		q("all by time left", "view", "all"),
		q("all, newest first", "view", "all", "sort", "newest"),
		q("closed, newest first", "view", "closed", "sort", "newest"),
		q("a type and a status", "type", "675", "status", "205", "sort", "newest"),
		q("a rare status", "status", "312"),
		q("a month in the middle, by time left", "created_from", day(200), "created_to", day(170)),
		q("a day and a type", "created_from", day(100), "created_to", day(99), "type", "621"),
		q("before a day, newest first", "created_to", day(250), "sort", "newest"),
		q("mine, not anybody's", "view", "mine", "assignee", "none"),
		q("one member's open cases of a type", "assignee", staff(3), "view", "mine", "type", "641"),
		q("overdue, newest first", "due_before", fmt.Sprint(time.Now().UnixMilli()), "sort", "newest"),
		q("search: in every other text", "q", "退款", "sort", "newest"),
		q("search: the same by time left", "q", "退款"),
		q("search: one character", "q", "货", "sort", "newest"),
		q("search: two common words in a row", "q", "退款商家", "sort", "newest"),
		q("search: in one of a hundred", "q", "签收地址"),
		q("search: seldom", "q", "荔枝"),
		q("search: nowhere", "q", "鲸鱼"),
		q("search: part of an order number", "q", "000123"),
		q("search: three digits", "q", "517", "sort", "newest"),
		q("search: common, open, by time left", "q", "破损", "view", "mine"),
		q("search: common, in a month", "q", "物流", "created_from", day(300), "created_to", day(270), "sort", "newest"),
	}
}

// scoped asks in the name of somebody who sees most programs, but not all: each has to be asked for.
func (w *world) scoped(ctx context.Context) ([]question, error) {
	if _, err := w.run("correct horse battery staple\n", "user", "create", "--email", "manager@example.com", "--role", "manager", "--password-stdin"); err != nil {
		return nil, err
	}
	token, err := w.run("", "token", "create", "--user", "manager@example.com", "--name", "bench")
	if err != nil {
		return nil, err
	}
	var users struct {
		Items []struct{ ID, Email string } `json:"items"`
	}
	if err := w.call(ctx, http.MethodGet, "/users", nil, &users); err != nil {
		return nil, err
	}
	for _, u := range users.Items {
		if u.Email == "manager@example.com" {
			if err := w.call(ctx, http.MethodPatch, "/users/"+u.ID, map[string]any{"program_ids": w.programs[10 : manyPrograms-40]}, nil); err != nil {
				return nil, err
			}
		}
	}
	q := func(name string, kv ...string) question {
		v := url.Values{"limit": {"50"}}
		for i := 0; i < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		return question{name: "250 of 300 programs: " + name, path: "/complaints", query: v, pages: 40, token: token}
	}
	return []question{
		{name: "250 of 300 programs: counts", path: "/complaints/counts", pages: 1, token: token},
		q("all, newest first", "view", "all", "sort", "newest"), q("my work by time left", "view", "mine"), q("a type and a status", "type", "675", "status", "205"),
		q("search", "q", "破损", "sort", "newest"),
	}, nil
}

const asked = 120 // times for each question

// ask goes through the pages of a question, from the start again after the last.
func (w *world) ask(ctx context.Context, q question) ([]time.Duration, error) {
	if q.token != "" {
		defer func(own string) { w.token = own }(w.token)
		w.token = q.token
	}
	var out []time.Duration
	cursor := ""
	for i := range asked {
		if i%q.pages == 0 {
			cursor = ""
		}
		v := url.Values{}
		for k, x := range q.query {
			v[k] = x
		}
		if cursor != "" {
			v.Set("cursor", cursor)
		}
		var page struct {
			NextCursor string `json:"next_cursor"`
		}
		began := time.Now()
		if err := w.call(ctx, http.MethodGet, q.path+"?"+v.Encode(), nil, &page); err != nil {
			return nil, err
		}
		out = append(out, time.Since(began))
		cursor = page.NextCursor
	}
	return out, nil
}
