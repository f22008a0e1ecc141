package notify_test

import (
	"context"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/testkit"
)

// mailbox is an SMTP server that hands out what it gets.
type mailbox chan string

func (m mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return m, nil }
func (mailbox) Reset()                                        {}
func (mailbox) Logout() error                                 { return nil }
func (mailbox) Mail(string, *smtp.MailOptions) error          { return nil }
func (mailbox) Rcpt(string, *smtp.RcptOptions) error          { return nil }
func (m mailbox) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err == nil {
		m <- string(b)
	}
	return err
}

// From a planned event, over the real queue and a real SMTP server, to one mail per receiver.
func TestPlannedNoticesReachTheMailbox(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		box := make(mailbox, 100)
		srv := smtp.NewServer(box)
		srv.ErrorLog = log.New(io.Discard, "", 0)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = srv.Serve(l)
		}()
		t.Cleanup(func() {
			_ = srv.Close()
			_ = l.Close()
			<-served
		})

		w := newWorld(t, d)
		w.Service = notify.New(notify.Options{
			DB: d, Sealer: w.sealer, Clock: clock.System{}, PublicURL: "https://zhisu.example", Facts: w,
			Providers: map[string]channel.Provider{
				"email": email.New(email.Options{Dial: outbound.Policy{AllowPrivate: true}.DialContext, Clock: clock.System{}}),
			},
		})
		t.Cleanup(w.Close)
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[notify.DeliverArgs]) error {
			return w.Deliver(ctx, j.Args.NoticeID)
		}))
		worker, err := d.NewWorker(db.WorkerConfig{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if err := worker.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
			defer cancel()
			if err := worker.Stop(ctx); err != nil {
				t.Errorf("stop: %v", err)
			}
		}()

		addr := l.Addr().(*net.TCPAddr)
		c, err := w.CreateChannel(t.Context(), notify.ChannelInput{Kind: "email", Name: "邮箱", Settings: settings(map[string]any{
			"host": "127.0.0.1", "port": addr.Port, "security": "none", "password": "absent", "username": "shop@zhisu.example",
		})})
		if err != nil {
			t.Fatal(err)
		}
		w.subscribe(c.ID, []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com", "c@163.com")
		for range 3 {
			w.plan(notify.EventComplaintNew, "c1", "new")
		}
		got := map[string]int{}
		for range 3 {
			select {
			case m := <-box:
				_, rest, _ := strings.Cut(m, "\nTo: <")
				to, _, _ := strings.Cut(rest, ">")
				got[to]++
			case <-time.After(20 * time.Second):
				t.Fatalf("only %v arrived", got)
			}
		}
		if len(got) != 3 || len(box) != 0 {
			t.Errorf("arrived: %v", got)
		}
	})
}
