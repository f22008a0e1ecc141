package program_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// arrivals are the ways by which one code reaches us.
func arrivals(w *world, ticket, code string) (event, redirect func(*program.Service)) {
	return func(s *program.Service) { w.eventAt(s, "authorized", shop, code, w.clock.Now()) },
		func(s *program.Service) { w.ok(s.Returned(w.ctx, ticket, secret.New(code))) }
}

// oneProgram checks that shop is connected completely, and that exactly one exchange worked.
func (w *world) oneProgram() *program.Program {
	w.t.Helper()
	if n := w.answered(apiQueryAuth); n != 1 {
		w.t.Errorf("%d exchanges worked, want 1", n)
	}
	all, err := w.List(w.ctx, program.Filter{})
	w.ok(err)
	if len(all) != 1 {
		w.t.Fatalf("%d programs, want 1 (%v)", len(all), w.failed)
	}
	p := all[0]
	if p.AppID != shop || p.State != program.Active || p.Mode != program.Platform || p.LastError != "" {
		w.t.Errorf("program %s is %s %s: %q", p.AppID, p.Mode, p.State, p.LastError)
	}
	if p.Name != "满山茶铺" || p.PrincipalName != "杭州满山茶业有限公司" || p.UserName != shopUser || p.AvatarURL != "https://wx.qlogo.cn/tea" {
		w.t.Errorf("info %q %q %q %q", p.Name, p.PrincipalName, p.UserName, p.AvatarURL)
	}
	if missing := p.Missing(); len(missing) != 0 {
		w.t.Errorf("missing sets %v", missing)
	}
	c := w.credential("authorizer", shop)
	if c.access == "" || c.refresh == "" || c.State != "ok" {
		w.t.Errorf("tokens are not stored: %s", c.State)
	}
	made := w.since(apiToken)
	w.mustRead()
	if n := made()[apiToken]; n != 0 {
		w.t.Error("the first token was not used")
	}
	return &p
}

func TestEventAndRedirectConnectOneProgramInWhateverOrderTheyCome(t *testing.T) {
	for _, c := range []struct {
		name string
		way  string // e = event, r = redirect, . = the jobs' turn
	}{
		{"the event alone", "e."},
		{"the redirect alone", "r."},
		{"event, then redirect", "er."},
		{"redirect, then event", "re."},
		{"event long before the redirect", "e.r."},
		{"redirect long before the event", "r.e."},
		{"both twice", "erer."},
		{"both twice, late", "r.e.e.r."},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				ticket := w.link("")
				event, redirect := arrivals(w, ticket, w.agree(shop))
				for _, step := range c.way {
					switch step {
					case 'e':
						event(w.Service)
					case 'r':
						redirect(w.Service)
					default:
						w.drain()
						w.clock.Advance(time.Minute)
					}
				}
				p := w.oneProgram()
				if len(w.failed) != 0 || len(w.lost) != 0 {
					t.Errorf("failed %v, told of losses %v", w.failed, w.lost)
				}
				got, err := w.Outcome(w.ctx, ticket)
				w.ok(err)
				if strings.Contains(c.way, "r") != (got != nil && got.ID == p.ID) {
					t.Errorf("the redirect page sees %v", got)
				}
			})
		})
	}
}

func TestOneCodeAtTwoInstancesAtOnceConnectsOneProgram(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		twins := w.instances(2)
		ticket := w.link("")
		event, redirect := arrivals(w, ticket, w.agree(shop))
		w.together(4, twins, func(s *program.Service) error {
			if s == twins[0] {
				event(s)
			} else {
				redirect(s)
			}
			return nil
		})
		if n := w.queuedOf("program.exchange_code"); n != 1 {
			t.Errorf("%d jobs for one code, want 1", n)
		}
		var hash string
		w.ok(w.db.Read.NewRaw("SELECT code_hash FROM auth_codes").Scan(w.ctx, &hash))
		for _, err := range w.together(3, twins, func(s *program.Service) error { return s.Exchange(w.ctx, hash) }) {
			if err != nil {
				t.Errorf("exchange: %v", err)
			}
		}
		w.drain()
		w.oneProgram()
	})
}

func TestARefusedCodeOfAListedAccountIsNoFailure(t *testing.T) {
	byEvent := func(w *world, _, code string) { w.event("authorized", shop, code) }
	byRedirect := func(w *world, ticket, code string) { w.ok(w.Returned(w.ctx, ticket, secret.New(code))) }
	lostAnswer := func(w *world) { w.fault(wechatsim.Fault{Target: apiQueryAuth, Hangup: true}) }
	refused := func(code int) func(*world) { return func(w *world) { w.refuse(apiQueryAuth, code, 9) } }
	for _, c := range []struct {
		name   string
		spoil  func(w *world)
		arrive func(w *world, ticket, code string)
	}{
		{"61009, by event", refused(61009), byEvent},
		{"61010, by event", refused(61010), byEvent},
		{"40097, by event", refused(40097), byEvent},
		{"61009, by redirect alone", refused(61009), byRedirect},
		{"the first answer was lost, by event", lostAnswer, byEvent},
		{"the first answer was lost, by redirect alone", lostAnswer, byRedirect},
		{"given up after the redirect, then the event names the account", refused(61009), func(w *world, ticket, code string) {
			byRedirect(w, ticket, code)
			w.refuse(apiList, -1, 1) // so that the look at the list finds nobody
			w.drain()
			if _, err := w.Outcome(w.ctx, ticket); !errors.Is(err, program.ErrNeedsReauth) {
				w.t.Errorf("outcome %v", err)
			}
			byEvent(w, ticket, code)
			w.drain()
			if p, err := w.Outcome(w.ctx, ticket); err != nil || p == nil {
				w.t.Errorf("outcome after the event: %v %v", p, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				c.spoil(w)
				c.arrive(w, w.link(""), w.agree(shop))
				w.drain()
				w.ok(w.RequeueCodes(w.ctx)) // the schedule
				w.drain()
				p := w.program(shop)
				if p.State != program.Active || p.Name != "满山茶铺" || len(p.Missing()) != 0 {
					t.Errorf("program %s %q misses %v", p.State, p.Name, p.Missing())
				}
				w.mustRead()
				if n := w.rows("auth_codes", "state = 'new'"); n != 0 {
					t.Errorf("%d codes are still open", n)
				}
			})
		})
	}
}

func TestARefusedCodeOfAnAccountThatIsNotListedFailsVisibly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		ticket := w.link("")
		event, redirect := arrivals(w, ticket, "queryauthcode@@@made-up")
		redirect(w.Service)
		if p, err := w.Outcome(w.ctx, ticket); p != nil || err != nil {
			t.Errorf("while it is open: %v %v", p, err)
		}
		event(w.Service)
		w.drain()
		if _, err := w.Outcome(w.ctx, ticket); !errors.Is(err, program.ErrNeedsReauth) {
			t.Errorf("outcome %v, want ErrNeedsReauth", err)
		}
		if _, err := w.ByAppID(w.ctx, shop); !errors.Is(err, program.ErrNotFound) {
			t.Errorf("a program appeared: %v", err)
		}
		made := w.since(apiQueryAuth)
		w.ok(w.RequeueCodes(w.ctx))
		w.drain()
		if n := made()[apiQueryAuth]; n != 0 {
			t.Errorf("the refused code was tried %d times more", n)
		}
	})
}

func TestAnExchangeIsRepeatedWhileWeChatIsInTrouble(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		event, _ := arrivals(w, "", w.agree(shop))
		for _, f := range []wechatsim.Fault{{HTTPStatus: 500}, {Drop: true}, {Errcode: new(int)}} {
			f.Target = apiQueryAuth
			if f.Errcode != nil {
				*f.Errcode = -1
			}
			w.fault(f)
			event(w.Service)
			w.drain()
			if len(w.failed) == 0 {
				t.Errorf("%+v: the job did not fail, so nobody would repeat it", f)
			}
			w.failed = nil
			if n := w.rows("auth_codes", "state = 'new'"); n != 1 {
				t.Errorf("%+v: the code is no longer open", f)
			}
		}
		w.ok(w.RequeueCodes(w.ctx)) // a code without a job finds one again
		w.drain()
		w.oneProgram()
	})
}

func TestAnAccountWithoutAPIRightsIsAdoptedFromTheList(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		bare := `{"authorization_info":{"authorizer_appid":"` + shop + `","func_info":[]}}`
		w.fault(wechatsim.Fault{Target: apiQueryAuth, Body: &bare, After: true})
		event, _ := arrivals(w, "", w.agree(shop))
		event(w.Service)
		w.drain()
		w.ok(w.RequeueCodes(w.ctx))
		w.drain()
		w.mustRead()
	})
}

func TestTheEntryPageLeadsToWeChatWithOneCodePerOpening(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.PreAuthCodeSeconds = 600 })
		ticket := w.link("")
		codes := map[string]bool{}
		for range 2 {
			e, err := w.OpenEntry(w.ctx, ticket)
			w.ok(err)
			if e.ExpiresIn != 10*time.Minute || e.Program != nil {
				t.Errorf("entry for %v, program %v", e.ExpiresIn, e.Program)
			}
			pc, phone := w.address(e.PCURL), w.address(e.PhoneURL)
			if pc.Scheme+pc.Host+pc.Path != "httpsmp.weixin.qq.com/cgi-bin/componentloginpage" {
				t.Errorf("PC link %s%s", pc.Host, pc.Path)
			}
			if phone.Scheme+phone.Host+phone.Path+phone.Fragment != "httpsopen.weixin.qq.com/wxaopen/safe/bindcomponentwechat_redirect" {
				t.Errorf("phone link %s%s#%s", phone.Host, phone.Path, phone.Fragment)
			}
			code := pc.Query().Get("pre_auth_code")
			codes[code] = true
			want := url.Values{
				"component_appid": {component}, "pre_auth_code": {code}, "auth_type": {"2"}, "redirect_uri": {publicURL + "/authorize/" + ticket + "/done"},
			}
			if diff := cmp.Diff(want, pc.Query()); diff != "" {
				t.Errorf("PC parameters (-want +got):\n%s", diff)
			}
			want["action"], want["no_scan"] = []string{"bindcomponent"}, []string{"1"}
			if diff := cmp.Diff(want, phone.Query()); diff != "" {
				t.Errorf("phone parameters (-want +got):\n%s", diff)
			}
			w.pageOpens(pc)
			w.pageOpens(phone)
		}
		if len(codes) != 2 || codes[""] {
			t.Errorf("%d pre-auth codes for two openings", len(codes))
		}
	})
}

func (w *world) address(raw string) *url.URL {
	w.t.Helper()
	u, err := url.Parse(raw)
	w.ok(err)
	return u
}

// pageOpens follows a link to WeChat's page, coming from our entry page.
func (w *world) pageOpens(u *url.URL) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.api.URL+u.Path+"?"+u.RawQuery, nil)
	w.ok(err)
	req.Header.Set("Referer", publicURL+"/")
	res, err := http.DefaultClient.Do(req)
	w.ok(err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	w.ok(err)
	if !strings.Contains(string(b), "满山茶铺") {
		w.t.Errorf("WeChat's page refuses the link: %.300s", b)
	}
}

func TestARenewalIsPinnedToItsProgram(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		e, err := w.OpenEntry(w.ctx, w.link(p.ID))
		w.ok(err)
		if e.Program == nil || e.Program.ID != p.ID {
			t.Errorf("the entry is for %v", e.Program)
		}
		for _, link := range []string{e.PCURL, e.PhoneURL} {
			if got := w.address(link).Query().Get("biz_appid"); got != shop {
				t.Errorf("biz_appid %q", got)
			}
		}
		if _, err := w.OpenEntry(w.ctx, w.link("gone")); !errors.Is(err, program.ErrNotFound) {
			t.Errorf("a program that is not there: %v", err)
		}
	})
}

func TestAnUnknownOrExpiredLinkIsRefusedEverywhere(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		ticket := w.link("")
		w.clock.Advance(7 * 24 * time.Hour)
		w.ticket() // a week passed here, not at the ticket's desk
		w.drain()
		if _, err := w.OpenEntry(w.ctx, ticket); err != nil {
			t.Errorf("within a week: %v", err)
		}
		w.clock.Advance(time.Second)
		made := w.since(apiPreAuth)
		for _, id := range []string{ticket, "", "0123456789abcdef0123456789abcdef0123456789abcdef"} {
			_, open := w.OpenEntry(w.ctx, id)
			_, outcome := w.Outcome(w.ctx, id)
			for what, err := range map[string]error{"open": open, "outcome": outcome, "return": w.Returned(w.ctx, id, secret.New("queryauthcode@@@x"))} {
				if !errors.Is(err, program.ErrLinkExpired) {
					t.Errorf("%s %q: %v, want ErrLinkExpired", what, id, err)
				}
			}
		}
		if n := w.rows("auth_codes", "1 = 1"); n != 0 || made()[apiPreAuth] != 0 {
			t.Errorf("%d codes stored, %d pre-auth codes made", n, made()[apiPreAuth])
		}
		if n := w.rows("authorizations", "ticket_hash = ?", ticket); n != 0 {
			t.Error("the link's ticket is stored in the clear")
		}
	})
}

func TestALinkNeedsAPlatform(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if _, err := w.StartAuthorization(w.ctx, "staff", ""); !errors.Is(err, program.ErrNoPlatform) {
			t.Errorf("err %v, want ErrNoPlatform", err)
		}
	})
}
