package complaint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechat/push"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	component    = "wxcomponent000001"
	shop         = "wxshop00000000001"
	otherShop    = "wxshop00000000002"
	pushKey      = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	userPhone    = "13812346021"
	phoneInText  = "19912345678"
	userOpenID   = "oHSiY5RkWq3zL0Xv7pT9bN2mC4dE"
	userContent  = "罐子瘪了，请打 " + phoneInText + " 联系我"
	maskedInText = "罐子瘪了，请打 199****5678 联系我"
)

// world is cases beside a simulated WeChat to which two programs are authorised. Nothing is pushed and no job runs by itself: tests do both.
type world struct {
	t        *testing.T
	db       *db.DB
	sealer   *secret.Sealer
	clock    *clock.Fake
	programs *program.Service
	cases    *Service
	sim      *wechatsim.Sim
	api      string
	shop     *program.Program
	other    *program.Program
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, sealer: testkit.Sealer(t), clock: testkit.Clock()}
	sets := []int{76, 151, 19}
	sim, err := wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: "component-secret", Token: "token", AESKey: pushKey, Now: w.clock.Now,
		Programs: []wechatsim.Program{
			{AppID: shop, UserName: "gh_shop1", NickName: "满山茶铺", FuncIDs: sets},
			{AppID: otherShop, UserName: "gh_shop2", NickName: "小禾亲子乐园", FuncIDs: sets},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(srv.Close)
	w.sim, w.api = sim, srv.URL
	w.programs, w.cases = w.services(&http.Client{Timeout: 15 * time.Second})

	err = w.programs.SetPlatform(t.Context(), program.PlatformConfig{
		ComponentAppID: component, Secret: secret.New("component-secret"), Token: secret.New("token"), EncodingAESKey: secret.New(pushKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.programs.SaveTicket(t.Context(), component, secret.New(sim.PushTicket()), 0); err != nil {
		t.Fatal(err)
	}
	w.shop, w.other = w.authorise(shop), w.authorise(otherShop)
	return w
}

// services builds the packages under test over an HTTP client.
func (w *world) services(hc *http.Client) (*program.Service, *Service) {
	log := slog.New(slog.DiscardHandler)
	wc := wechat.New(w.api, hc)
	ps := program.New(program.Options{DB: w.db, Sealer: w.sealer, Clock: w.clock, WeChat: wc, Logger: log})
	return ps, New(Options{DB: w.db, Sealer: w.sealer, Clock: w.clock, Programs: ps, WeChat: wc, Logger: log})
}

func (w *world) authorise(appID string) *program.Program {
	w.t.Helper()
	res, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: appID})
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.db.InTx(w.t.Context(), func(ctx context.Context, tx db.Tx) error {
		return w.programs.Apply(ctx, tx, push.PlatformEvent{InfoType: push.InfoAuthorized, AuthorizerAppID: appID, AuthorizationCode: res.AuthCode})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(res.AuthCode))
	if err := w.programs.Exchange(w.t.Context(), hex.EncodeToString(sum[:])); err != nil {
		w.t.Fatal(err)
	}
	p, err := w.programs.ByAppID(w.t.Context(), appID)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// file makes a user complain and returns the number of the complaint.
func (w *world) file(f wechatsim.Filing) string {
	w.t.Helper()
	if f.AppID == "" {
		f.AppID = shop
	}
	if f.PhoneNumber == "" {
		f.PhoneNumber, f.OpenID, f.Content = userPhone, userOpenID, userContent
	}
	id, err := w.sim.FileComplaint(f)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// pushed is the newest push of a complaint, as the product would read it.
func (w *world) pushed(number string) push.ComplaintCallback {
	w.t.Helper()
	var last push.ComplaintCallback
	for _, p := range w.sim.Pushes("") {
		if p.ComplaintOrderID != number {
			continue
		}
		e, err := push.ParseEvent([]byte(p.Plain), push.FormatXML)
		if err != nil || e.Complaint == nil {
			w.t.Fatalf("push of %s: %v", number, err)
		}
		last = *e.Complaint
	}
	return last
}

func (w *world) hear(e push.ComplaintCallback) {
	w.t.Helper()
	if err := w.cases.Hear(w.t.Context(), w.shop, e); err != nil {
		w.t.Fatal(err)
	}
}

// heard files a complaint, hears its push and returns the case.
func (w *world) heard(f wechatsim.Filing) *Complaint {
	w.t.Helper()
	number := w.file(f)
	w.hear(w.pushed(number))
	return w.byNumber(number)
}

func (w *world) byNumber(number string) *Complaint {
	w.t.Helper()
	c := new(Complaint)
	if err := w.db.Read.NewSelect().Model(c).Where("complaint_order_id = ?", number).Scan(w.t.Context()); err != nil {
		w.t.Fatalf("case %s: %v", number, err)
	}
	return c
}

func (w *world) sync(c *Complaint) *Complaint {
	w.t.Helper()
	got, err := w.cases.SyncNow(w.t.Context(), c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *world) advance(number string, ev wechatsim.Event) {
	w.t.Helper()
	if err := w.sim.Advance(number, ev, wechatsim.AdvanceOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// snooze runs the sync job and returns how long it wants to wait; it must not succeed.
func snooze(t *testing.T, s *Service, id string) time.Duration {
	t.Helper()
	err := s.Sync(t.Context(), id)
	var sn *rivertype.JobSnoozeError
	if !errors.As(err, &sn) {
		t.Fatalf("the job ended with %v, it must wait", err)
	}
	return sn.Duration
}

// changes are the announced changes of a case, oldest first.
func (w *world) changes(id string) []Change {
	w.t.Helper()
	out := []Change{}
	for _, raw := range testkit.Jobs(w.t, w.db, ChangedArgs{}.Kind()) {
		var a ChangedArgs
		if err := json.Unmarshal([]byte(raw), &a); err != nil {
			w.t.Fatal(err)
		}
		if a.ComplaintID == id {
			out = append(out, a.Change)
		}
	}
	return out
}

func (w *world) timeline(id string) []Entry {
	w.t.Helper()
	es, err := w.cases.Timeline(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return es
}

func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	if err := w.db.Read.NewRaw(query, args...).Scan(w.t.Context(), &n); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) exec(query string) {
	w.t.Helper()
	if _, err := w.db.SQL().ExecContext(w.t.Context(), query); err != nil {
		w.t.Fatal(err)
	}
}
