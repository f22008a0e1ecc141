package app

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// offline are the options of a command beside no server.
func offline(t *testing.T, dataDir, databaseURL string) Options {
	t.Helper()
	return Options{Config: settings(t, dataDir, databaseURL), Logger: quiet(), Clock: clock.System{}, Version: "test"}
}

func execute(t *testing.T, o Options, c Command) Result {
	t.Helper()
	res, err := Execute(t.Context(), o, c)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return res
}

func TestCommandsWorkWithoutAServer(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		o := offline(t, filepath.Join(t.TempDir(), "new"), databaseURL)
		if res := execute(t, o, Command{Name: "user.create", Email: "li@example.com", Role: "manager", Label: "李雷", Password: password}); !strings.Contains(res.Out, "li@example.com") || strings.Contains(res.Out, password) {
			t.Errorf("user create printed %q", res.Out)
		}
		token := execute(t, o, Command{Name: "token.create", Email: "li@example.com", Label: "script"}).Out
		if strings.Count(token, "\n") != 1 || strings.ContainsAny(strings.TrimSuffix(token, "\n"), " :") {
			t.Errorf("token create printed %q, it must be the token alone", token)
		}
		a, err := New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		p, err := a.Identity.AuthenticateToken(t.Context(), strings.TrimSpace(token))
		if err != nil || p.Role != identity.Manager || p.Name != "李雷" {
			t.Errorf("the token is %+v's, %v", p, err)
		}
	})
}

func TestRefusedCommandsSayWhy(t *testing.T) {
	o := offline(t, t.TempDir(), "")
	testkit.Migrated(t, o.Config.DataDir)
	for name, c := range map[string]Command{
		"an unknown command": {Name: "dance"}, "no such role": {Name: "user.create", Email: "a@b.cn", Role: "king", Password: password},
		"a weak password": {Name: "user.create", Email: "a@b.cn", Role: "owner", Password: "short"}, "no such user": {Name: "token.create", Email: "a@b.cn", Label: "x"},
		"a backup into nowhere": {Name: "backup", Path: filepath.Join(t.TempDir(), "no", "such", "dir")},
	} {
		if _, err := Execute(t.Context(), o, c); !errors.Is(err, ErrCommand) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), password) {
			t.Errorf("%s: the password is in the error", name)
		}
	}
	if u, err := New(t.Context(), o); err != nil {
		t.Error(err)
	} else {
		if us, err := u.Identity.ListUsers(t.Context()); err != nil || len(us) != 0 {
			t.Errorf("a refused command made %v, %v", us, err)
		}
		u.Close()
	}
}

func TestOneProcessPerDataDir(t *testing.T) {
	o := offline(t, t.TempDir(), "")
	a, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := New(t.Context(), o); !errors.Is(err, db.ErrBusy) {
		t.Errorf("a second process got %v, %v", b, err)
	}
	// It holds the lock, but serves no commands.
	if _, err := Execute(t.Context(), o, Command{Name: "doctor"}); !errors.Is(err, db.ErrBusy) {
		t.Errorf("a command got %v", err)
	}
	if err := Restore(o.Config, "x"); !errors.Is(err, db.ErrBusy) {
		t.Errorf("restoring got %v", err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := New(t.Context(), o)
	if err != nil {
		t.Fatalf("the lock was not given back: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestCommandsBesideARunningServer also has a data directory whose socket's path is too long for the kernel.
func TestCommandsBesideARunningServer(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, longDir(t), databaseURL)
		s.authorise(tea)
		o := s.opts
		o.Work = false
		execute(t, o, Command{Name: "user.create", Email: "boss@example.com", Role: "owner", Password: password})
		owner := caller{s: s, token: strings.TrimSpace(execute(t, o, Command{Name: "token.create", Email: "boss@example.com", Label: "cli"}).Out)}
		if me := owner.want(200, "GET", "/me", nil); me.text("email") != "boss@example.com" || me.text("name") != "boss" {
			t.Errorf("me: %s", me.raw)
		}
		if _, err := Execute(t.Context(), o, Command{Name: "user.create", Email: "boss@example.com", Role: "owner", Password: password}); err == nil ||
			!strings.Contains(err.Error(), "refused") {
			t.Errorf("the same user again: %v", err)
		}

		res := execute(t, o, Command{Name: "doctor"})
		if res.Failed || strings.Contains(res.Out, "FAIL") || strings.Count(res.Out, "ok  ") < 7 {
			t.Errorf("doctor of a healthy installation: failed %v\n%s", res.Failed, res.Out)
		}
		for _, said := range []string{"schema", component + " has secret, token and key", "component_verify_ticket received", "component_access_token is valid", "1 programs", "reachable at", "no merchant of WeChat Pay is set up", "answers at"} {
			if !strings.Contains(res.Out, said) {
				t.Errorf("the doctor does not look at %q:\n%s", said, res.Out)
			}
		}
		if st, err := os.Stat(s.app.Config.DataDir); err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("data directory: %v, %v", st, err)
		}
		if s.app.DB.Engine == db.SQLite {
			if st, err := os.Stat(filepath.Join(s.app.Config.DataDir, socketName)); err != nil || st.Mode().Perm() != 0o600 {
				t.Errorf("socket: %v, %v", st, err)
			}
		}

		if err := s.sim.Unauthorize(tea); err != nil {
			t.Fatal(err)
		}
		s.until("the revocation", func() bool {
			p, err := s.app.Programs.ByAppID(t.Context(), tea)
			return err == nil && p.State == "revoked"
		})
		// What the merchant decided is told, and is no fault of this installation.
		if res := execute(t, o, Command{Name: "doctor"}); res.Failed || !strings.Contains(res.Out, "ok    "+tea+" 满山茶铺: the merchant took the authorisation back") {
			t.Errorf("doctor with a revoked program: failed %v\n%s", res.Failed, res.Out)
		}
		for _, secret := range []string{componentSecret, pushToken, pushKey} {
			if strings.Contains(res.Out, secret) {
				t.Error("the doctor shows a secret")
			}
		}
	})
}

func TestDoctorOfANewInstallation(t *testing.T) {
	o := offline(t, t.TempDir(), "")
	res := execute(t, o, Command{Name: "doctor"})
	if !res.Failed {
		t.Error("nothing failed")
	}
	for _, line := range []string{
		"ok    configuration is readable", "ok    schema", "FAIL  no owner exists yet", "FAIL  third-party platform: not configured", "ok    0 programs",
		"FAIL  WeChat's API is not reachable at http://127.0.0.1:1", "FAIL  this installation does not answer at http://127.0.0.1:0",
	} {
		if !strings.Contains(res.Out, line) {
			t.Errorf("%q is not said:\n%s", line, res.Out)
		}
	}
}

func TestStopLetsWhatIsUnderWayEnd(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		owner := s.as(identity.Owner)
		id := s.caseID(s.file(wechatsim.Filing{}))
		s.idle()

		reached, open := make(chan struct{}, 8), make(chan struct{})
		s.mu.Lock()
		s.between = func(w http.ResponseWriter, r *http.Request, sim http.Handler) {
			if strings.HasSuffix(r.URL.Path, "/complaintOrderDetail") {
				reached <- struct{}{}
				<-open
			}
			sim.ServeHTTP(w, r)
		}
		s.mu.Unlock()
		got := make(chan answer, 1)
		go func() { got <- owner.do("POST", "/complaints/"+id+"/sync", nil) }() // a request …
		<-reached
		if err := s.app.DB.Enqueue(t.Context(), complaint.SyncArgs{ComplaintID: id}, nil); err != nil { // … and a job
			t.Fatal(err)
		}
		<-reached
		s.stop()
		s.stop = nil
		refused(t, s.app.Config.Listen)
		close(open)
		if a := <-got; a.status != 200 || a.body["sync_error"] != nil {
			t.Errorf("the request under way: %d %s", a.status, a.raw)
		}
		if err := <-s.served; err != nil {
			t.Errorf("serve ended with %v", err)
		}
		var states []string
		if err := s.app.DB.Read.NewRaw(`SELECT state FROM river_job WHERE kind = 'complaint.sync' AND state <> 'completed'`).Scan(t.Context(), &states); err != nil || len(states) != 0 {
			t.Errorf("sync jobs are %v, %v", states, err)
		}
	})
}

// refused waits until an address takes no connections any more.
func refused(t *testing.T, addr string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Second}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.Do(r)
		if err != nil {
			return
		}
		res.Body.Close()
	}
	t.Fatal("new connections are still taken")
}

func TestReadyOnlyWhileServing(t *testing.T) {
	s, l := build(t, t.TempDir(), "")
	defer l.Close()
	a, err := New(t.Context(), s.opts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.ready(t.Context()); err == nil {
		t.Error("ready before jobs are worked")
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, Listeners{Main: l}) }()
	res, err := http.Get(s.opts.Config.PublicURL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Errorf("readyz: %d", res.StatusCode)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := a.ready(t.Context()); err == nil {
		t.Error("ready after the end")
	}
}
