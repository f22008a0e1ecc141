package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // makes databases

	"github.com/zhisu/zhisu/internal/wechatsim"
)

// What WeChat's console and the product agree on here.
const (
	shop      = "wx0a9d3be1724f6c58"
	shopUser  = "gh_4b8f0c2d19e7"
	component = "wxa4e07c5d28f391d2"
	pushToken = "Tj3kQz8vW1xYc5Bn7Md2Ls9R"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	secret    = "0123456789abcdef0123456789abcdef"
)

// world is a product that is connected to a WeChat and a mail server, with one authorised program.
type world struct {
	*product
	sim   *wechatsim.Sim
	token string
	// programs are those of fill.
	programs []string
	undo     []func() error
}

func (w *world) later(fn func() error) { w.undo = append(w.undo, fn) }

// close takes everything down, last made first.
func (w *world) close() error {
	var errs []error
	for i := len(w.undo) - 1; i >= 0; i-- {
		errs = append(errs, w.undo[i]())
	}
	return errors.Join(errs...)
}

// newWorld connects everything; close it.
func newWorld(ctx context.Context, o options, postgres bool) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	api, smtp, err := w.startWeChat(ctx)
	if err != nil {
		return nil, err
	}
	env := []string{
		"ZHISU_WECHAT_API_URL=" + api, "ZHISU_WECHAT_MP_URL=" + api, "ZHISU_WECHAT_OPEN_URL=" + api, "ZHISU_WECHATPAY_URL=" + api, "ZHISU_TENCENT_SMS_URL=" + api, "ZHISU_COMPONENT_APPID=" + component,
		"ZHISU_COMPONENT_SECRET=" + secret, "ZHISU_COMPONENT_TOKEN=" + pushToken, "ZHISU_COMPONENT_AES_KEY=" + pushKey,
	}
	if postgres {
		dsn, err := w.makeDatabase(ctx, o.postgres)
		if err != nil {
			return nil, err
		}
		env = append(env, "ZHISU_DATABASE_URL="+dsn)
	}
	if w.product, err = newProduct(o.binary, env...); err != nil {
		return nil, err
	}
	w.later(func() error { w.remove(); return nil })
	if _, err := w.start(ctx); err != nil {
		return nil, err
	}
	w.later(w.stop)
	w.sim.SetEndpoints(wechatsim.Endpoints{EventsURL: w.url + "/wechat/platform/events", MessagesURL: w.url + "/wechat/platform/messages/$APPID$"})
	return w, w.connect(ctx, smtp)
}

func (w *world) startWeChat(ctx context.Context) (api, smtp string, err error) {
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: secret, Token: pushToken, AESKey: pushKey, AuthDomain: "zhisu.example",
		Programs: []wechatsim.Program{{AppID: shop, UserName: shopUser, NickName: "满山茶铺", FuncIDs: []int{76, 151, 19, 30}}},
	})
	if err != nil {
		return "", "", err
	}
	// Complaints are pushed by the load, not by the simulator.
	s := wechatsim.DefaultSettings()
	s.SilentEvents = []string{"first"}
	if err := w.sim.SetSettings(s); err != nil {
		return "", "", err
	}
	srv := httptest.NewServer(w.sim.Handler())
	w.later(func() error { srv.Close(); return nil })
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", fmt.Errorf("listen for mail: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 2)
	go func() { ended <- w.sim.Run(ctx) }()
	go func() { ended <- w.sim.ServeSMTP(ctx, l) }()
	w.later(func() error {
		cancel()
		return errors.Join(<-ended, <-ended)
	})
	return srv.URL, l.Addr().String(), nil
}

// makeDatabase makes an empty database that goes with the world.
func (w *world) makeDatabase(ctx context.Context, server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", errors.New("-postgres is not a URL")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return "", fmt.Errorf("reach PostgreSQL: %w", err)
	}
	name := "zhisu_bench_" + strconv.FormatInt(time.Now().UnixNano(), 36)
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", errors.Join(fmt.Errorf("make a database: %w", err), admin.Close())
	}
	w.later(func() error {
		_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close())
	})
	u.Path = "/" + name
	return u.String(), nil
}

// connect creates the owner, lets the program authorise and sets up mail.
func (w *world) connect(ctx context.Context, smtp string) error {
	if _, err := w.run("correct horse battery staple\n", "user", "create", "--email", "owner@example.com", "--role", "owner", "--password-stdin"); err != nil {
		return err
	}
	var err error
	if w.token, err = w.run("", "token", "create", "--user", "owner@example.com", "--name", "bench"); err != nil {
		return err
	}
	if err := await(ctx, "the platform token", func() (bool, error) {
		var p struct {
			Expires *int64 `json:"access_token_expires_at"`
		}
		err := w.call(ctx, http.MethodGet, "/platform", nil, &p)
		return p.Expires != nil, err
	}); err != nil {
		return err
	}
	if _, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop}); err != nil {
		return err
	}
	if err := await(ctx, "the authorisation", func() (bool, error) {
		var ps struct {
			Items []struct {
				Name string `json:"name"`
			} `json:"items"`
		}
		err := w.call(ctx, http.MethodGet, "/programs", nil, &ps)
		return len(ps.Items) == 1 && ps.Items[0].Name == "满山茶铺", err
	}); err != nil {
		return err
	}
	return w.setUpMail(ctx, smtp)
}

func (w *world) setUpMail(ctx context.Context, smtp string) error {
	host, portText, err := net.SplitHostPort(smtp)
	if err != nil {
		return fmt.Errorf("read the mail server's address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("read the mail server's address: %w", err)
	}
	var ch struct {
		ID string `json:"id"`
	}
	if err := w.call(ctx, http.MethodPost, "/channels", map[string]any{"kind": "email", "name": "邮箱", "settings": map[string]any{
		"host": host, "port": port, "security": "none", "username": "notice@example.com", "from_name": "知诉", "per_minute": 100_000,
	}}, &ch); err != nil {
		return err
	}
	return w.call(ctx, http.MethodPost, "/subscriptions", map[string]any{
		"name": "所有投诉", "events": []string{"complaint.new"}, "group": false, "channel_ids": []string{ch.ID},
		"receivers": []map[string]any{{"channel_id": ch.ID, "address": "zhoumin@example.com"}},
	}, nil)
}

// call asks the product's API.
func (w *world) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode %s: %w", path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, w.url+"/api/v1"+path, body)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", path, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answered %d: %s", method, path, res.StatusCode, b)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

// await polls until done, at most a minute.
func await(ctx context.Context, what string, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done()
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}
