package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechatsim"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// world is the simulated WeChat and what happened in it before the newcomer came.
type world struct {
	sim  *wechatsim.Sim
	url  string
	smtp string
	// platform is what the simulator's console and the product must agree on.
	platform program.PlatformConfig
	// merchant is the one that all programs use.
	merchant paysim.Credentials
	// past is how far back the clock of all, the product's too, stands while history is being made.
	past atomic.Int64
}

// Now is the demo's time.
func (w *world) Now() time.Time { return time.Now().Add(-time.Duration(w.past.Load())) }

// Names and numbers of the demo's programs; the first two are authorised at the start, the others wait for the visitor.
const (
	tea  = "wx0a9d3be1724f6c58"
	park = "wx71e4c05fa2b83d96"
)

func programs() []wechatsim.Program {
	all := []int{76, 151, 19, 30}
	return []wechatsim.Program{
		{AppID: tea, UserName: "gh_4b8f0c2d19e7", NickName: "满山茶铺", PrincipalName: "杭州满山茶业有限公司", FuncIDs: all},
		{AppID: park, UserName: "gh_a17c93f0b5d2", NickName: "小禾亲子乐园", PrincipalName: "小禾文旅（成都）有限公司", FuncIDs: all},
		{AppID: "wxd2407b9c1ef5a836", UserName: "gh_72e5d8b04c91", NickName: "鹿野露营", PrincipalName: "鹿野户外用品店", FuncIDs: all},
		{AppID: "wx9f20e8a4d61b7c35", UserName: "gh_0d96b3f7e248", NickName: "青柠剧场", PrincipalName: "青柠影视传媒有限公司", FuncIDs: []int{151, 30}},
	}
}

// newWorld builds the simulator and points the product's settings at it.
func newWorld(c *config.Config, l listeners) (*world, error) {
	token, key, err := program.GeneratePushSecrets()
	if err != nil {
		return nil, err
	}
	sec, _, err := program.GeneratePushSecrets()
	if err != nil {
		return nil, err
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("read public URL: %w", err)
	}
	w := &world{url: "http://" + l.sim.Addr().String(), smtp: l.smtp.Addr().String()}
	w.past.Store(int64(beginning))
	const component = "wxa4e07c5d28f391d2"
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: sec.Reveal(), Token: token.Reveal(), AESKey: key.Reveal(),
		EventsURL: c.PublicURL + "/wechat/platform/events", MessagesURL: c.PublicURL + "/wechat/platform/messages/$APPID$",
		AuthDomain: public.Host, Programs: programs(), ProductURL: c.PublicURL, PublicURL: w.url,
		Now: w.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("build simulator: %w", err)
	}
	if err := w.lastingTokens(true); err != nil {
		return nil, err
	}
	if err := w.openShop(); err != nil {
		return nil, err
	}
	c.WechatAPIURL, c.WechatMPURL, c.WechatOpenURL = w.url, w.url, w.url
	c.WechatPayURL, c.TencentSMSURL = w.url, w.url
	w.platform = program.PlatformConfig{ComponentAppID: component, Secret: sec, Token: token, EncodingAESKey: key}
	c.ComponentAppID = ""     // never seeds what may be a real installation; see connect
	c.AllowPrivateURLs = true // the simulator's mail server is on this machine
	return w, nil
}

// connect points the product at the simulator. A database that somebody works with is refused: its real platform would be replaced, and its cases
// answered to a simulator.
func (w *world) connect(ctx context.Context, a *app.App) error {
	_, err := a.Identity.UserByEmail(ctx, ownerEmail)
	earlierDemo := err == nil
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	needed, err := a.Identity.NeedsSetup(ctx)
	if err != nil {
		return err
	}
	_, err = a.Programs.Platform(ctx)
	if !earlierDemo && (!needed || !errors.Is(err, program.ErrNoPlatform)) {
		return errors.New("ZHISU_DATABASE_URL holds a real installation; give the demo an empty database")
	}
	return a.Programs.SetPlatform(ctx, w.platform)
}

// seed makes history: two programs authorise, a mail channel is set up, users complain, the merchant answers some, the platform rules.
func (w *world) seed(ctx context.Context, a *app.App) error {
	ctx = identity.WithPrincipal(ctx, identity.System)
	if err := await(ctx, "the platform token", func() (bool, error) {
		st, err := a.Programs.Platform(ctx)
		return !st.TokenExpires.IsZero(), err
	}); err != nil {
		return err
	}
	for _, id := range []string{tea, park} {
		if _, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: id}); err != nil {
			return fmt.Errorf("authorise %s: %w", id, err)
		}
		if err := await(ctx, "the authorisation of "+id, func() (bool, error) {
			p, err := a.Programs.ByAppID(ctx, id)
			if errors.Is(err, program.ErrNotFound) {
				return false, nil
			}
			return err == nil && p.Name != "", err
		}); err != nil {
			return err
		}
	}
	if err := w.seedMail(ctx, a); err != nil {
		return err
	}
	for _, appID := range []string{tea, park} { // what was taken off before anybody looked
		score := map[string]int{tea: 96, park: 98}[appID]
		if err := w.sim.SetStanding(wechatsim.StandingChange{AppID: appID, Score: &score}); err != nil {
			return fmt.Errorf("set the score: %w", err)
		}
		if err := w.readStanding(ctx, a, appID); err != nil {
			return err
		}
	}
	all := stories()
	if err := w.play(ctx, a, all); err != nil {
		return err
	}
	if err := w.sim.SetStanding(wechatsim.StandingChange{AppID: park, Records: []wechatsim.IllegalRecord{{
		ID: "2_11100", Reason: "页面内容与所选类目不符", Content: "首页出现「亲子摄影」服务，未添加对应类目", RuleName: "微信小程序平台运营规范",
		RuleURL: "https://developers.weixin.qq.com/miniprogram/product/", At: time.Now().Add(-12 * 24 * time.Hour).Unix(),
	}}}); err != nil {
		return fmt.Errorf("record violation: %w", err)
	}
	for _, appID := range []string{tea, park} {
		if err := w.readStanding(ctx, a, appID); err != nil {
			return err
		}
	}
	// Money moves when history is over: WeChat Pay refuses whoever's clock is more than five minutes off.
	if err := w.seedMoney(ctx, a, all); err != nil {
		return err
	}
	if err := seedRule(ctx, a); err != nil {
		return err
	}
	return w.renewLinks(ctx, a)
}

// readStanding does what the product does once a day.
func (w *world) readStanding(ctx context.Context, a *app.App, appID string) error {
	p, err := a.Programs.ByAppID(ctx, appID)
	if err != nil {
		return err
	}
	return a.Standing.Read(ctx, p.ID)
}

// renewLinks reads every case once more: the image links it got in the past have expired by now.
func (w *world) renewLinks(ctx context.Context, a *app.App) error {
	cs, _, err := a.Complaints.List(ctx, complaint.Filter{Limit: 200})
	if err != nil {
		return err
	}
	for i := range cs {
		if err := a.DB.Enqueue(ctx, complaint.SyncArgs{ComplaintID: cs[i].ID}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) seedMail(ctx context.Context, a *app.App) error {
	cs, err := a.Notify.ListChannels(ctx)
	if err != nil || len(cs) > 0 {
		return err
	}
	host, port, err := net.SplitHostPort(w.smtp)
	if err != nil {
		return fmt.Errorf("read mail address: %w", err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return fmt.Errorf("read mail port: %w", err)
	}
	settings, err := json.Marshal(map[string]any{
		"host": host, "port": n, "security": "none", "username": "notice@example.com", "from_name": "知诉",
	})
	if err != nil {
		return fmt.Errorf("encode mail settings: %w", err)
	}
	ch, err := a.Notify.CreateChannel(ctx, notify.ChannelInput{Kind: "email", Name: "演示邮箱", Settings: settings})
	if err != nil {
		return fmt.Errorf("create mail channel: %w", err)
	}
	_, err = a.Notify.CreateSubscription(ctx, notify.SubscriptionInput{
		Name: "所有投诉", ChannelIDs: []string{ch.ID}, Enabled: true,
		Events: []string{
			notify.EventComplaintNew, notify.EventEvidenceWanted, notify.EventRuledAgainst, notify.EventWithdrawn, notify.EventAppealResult,
		},
		Receivers: []notify.Receiver{{ChannelID: ch.ID, Address: "zhoumin@example.com"}},
	})
	if err != nil {
		return fmt.Errorf("create subscription: %w", err)
	}
	return nil
}

// heard waits until the product knows a case in a status and has read it at WeChat.
func (w *world) heard(ctx context.Context, a *app.App, appID, orderID string, st complaint.Status) (found *complaint.Complaint, err error) {
	p, err := a.Programs.ByAppID(ctx, appID)
	if err != nil {
		return nil, err
	}
	err = await(ctx, "complaint "+orderID, func() (bool, error) {
		cs, _, err := a.Complaints.List(ctx, complaint.Filter{ProgramIDs: []string{p.ID}, Query: orderID, Limit: 1})
		if err != nil || len(cs) == 0 {
			return false, err
		}
		found = &cs[0]
		return found.Status == st && !found.SyncedAt.IsZero(), nil
	})
	return found, err
}

// await polls until done, at most 30 s.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-t.C:
		}
	}
}
