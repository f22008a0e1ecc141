// Package config holds what is set from outside, by flag or environment (design §6.2). What staff change while running lives in the database.
package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"golang.org/x/term"

	"github.com/zhisu/zhisu/internal/secret"
)

// Config is everything a process needs to start. The struct tags are kong's: the flag is the variable's name without ZHISU_, in
// lower case with dashes.
type Config struct {
	Listen      string `name:"listen" default:"127.0.0.1:8080" env:"ZHISU_LISTEN" help:"Address of the web UI, the API and WeChat's callbacks."`
	AdminListen string `name:"admin-listen" default:"127.0.0.1:9090" env:"ZHISU_ADMIN_LISTEN" help:"Address of /metrics and pprof; empty turns it off."`
	PublicURL   string `name:"public-url" env:"ZHISU_PUBLIC_URL" help:"Address under which WeChat and people reach this installation. Default: http:// + listen."`

	DataDir     string `name:"data-dir" default:"./data" env:"ZHISU_DATA_DIR" help:"Directory of the database, evidence and keys."`
	BlobURL     string `name:"blob-url" env:"ZHISU_BLOB_URL" help:"Where pictures are kept: file:///folder or s3://bucket?endpoint=…&region=…. Default: the folder evidence in the data directory."`
	S3AccessKey string `name:"s3-access-key" env:"ZHISU_S3_ACCESS_KEY" help:"Access key of an s3:// blob URL. Default: AWS_ACCESS_KEY_ID."`
	S3SecretKey string `name:"s3-secret-key" env:"ZHISU_S3_SECRET_KEY" help:"Secret key of an s3:// blob URL. Default: AWS_SECRET_ACCESS_KEY. Prefer the environment to the flag."`
	DatabaseURL string `name:"database-url" env:"ZHISU_DATABASE_URL" help:"postgres:// URL; empty means SQLite in the data directory."`

	MasterKey     string `name:"master-key" env:"ZHISU_MASTER_KEY" help:"32 bytes in base64 that wrap the keys in the database. Prefer the environment to the flag."`
	MasterKeyFile string `name:"master-key-file" env:"ZHISU_MASTER_KEY_FILE" help:"File with the master key. Default: master.key in the data directory, made at first start."`

	WechatAPIURL  string `name:"wechat-api-url" default:"https://api.weixin.qq.com" env:"ZHISU_WECHAT_API_URL" help:"WeChat's API host."`
	WechatMPURL   string `name:"wechat-mp-url" default:"https://mp.weixin.qq.com" env:"ZHISU_WECHAT_MP_URL" help:"Host of the authorisation page for computers."`
	WechatOpenURL string `name:"wechat-open-url" default:"https://open.weixin.qq.com" env:"ZHISU_WECHAT_OPEN_URL" help:"Host of the authorisation page for phones."`

	WechatPayURL  string `name:"wechatpay-url" default:"https://api.mch.weixin.qq.com" env:"ZHISU_WECHATPAY_URL" help:"WeChat Pay's API host."`
	TencentSMSURL string `name:"tencent-sms-url" default:"https://sms.tencentcloudapi.com" env:"ZHISU_TENCENT_SMS_URL" help:"API host of Tencent Cloud SMS."`

	ComponentAppID  string `name:"component-appid" env:"ZHISU_COMPONENT_APPID" help:"AppID of the third-party platform (first start only)."`
	ComponentSecret string `name:"component-secret" env:"ZHISU_COMPONENT_SECRET" help:"AppSecret of the platform (first start only)."`
	ComponentToken  string `name:"component-token" env:"ZHISU_COMPONENT_TOKEN" help:"消息校验 Token (first start only)."`
	ComponentAESKey string `name:"component-aes-key" env:"ZHISU_COMPONENT_AES_KEY" help:"消息加解密 Key (first start only)."`

	ExtraCAFile      string   `name:"extra-ca-file" env:"ZHISU_EXTRA_CA_FILE" help:"PEM file added to the trusted roots of every outgoing connection."`
	AllowPrivateURLs bool     `name:"allow-private-urls" env:"ZHISU_ALLOW_PRIVATE_URLS" help:"Let addresses typed in by users (SMTP host, webhooks) reach private networks."`
	TrustedProxies   []string `name:"trusted-proxies" default:"127.0.0.0/8,::1/128" env:"ZHISU_TRUSTED_PROXIES" help:"Networks of reverse proxies whose X-Forwarded-For is believed, comma-separated."`
	LogFormat        string   `name:"log-format" default:"auto" enum:"auto,text,json" env:"ZHISU_LOG_FORMAT" help:"text or json; auto is text on a terminal."`
}

// DropEmptyEnv makes an empty variable count as an absent one, as in a compose file whose values are filled in by others. Only ZHISU_ADMIN_LISTEN has a
// meaning when it is empty. Call it before the environment is read.
func DropEmptyEnv() error {
	for f := range reflect.TypeFor[Config]().Fields() {
		name := f.Tag.Get("env")
		if v, set := os.LookupEnv(name); name == "ZHISU_ADMIN_LISTEN" || !set || v != "" {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("drop empty %s: %w", name, err)
		}
	}
	return nil
}

// Normalize fills what depends on other values and refuses what cannot work.
func (c *Config) Normalize() error {
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	for name, p := range map[string]*string{
		"ZHISU_PUBLIC_URL": &c.PublicURL, "ZHISU_WECHAT_API_URL": &c.WechatAPIURL,
		"ZHISU_WECHAT_MP_URL": &c.WechatMPURL, "ZHISU_WECHAT_OPEN_URL": &c.WechatOpenURL,
		"ZHISU_WECHATPAY_URL": &c.WechatPayURL, "ZHISU_TENCENT_SMS_URL": &c.TencentSMSURL,
	} {
		*p = strings.TrimRight(*p, "/")
		u, err := url.Parse(*p)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("%s must be an http:// or https:// URL", name)
		}
		// Paths are appended to the text: behind a query or fragment they would lead nowhere, and a password would be sent to merchants in links.
		if strings.ContainsAny(*p, "?#") || u.User != nil {
			return fmt.Errorf("%s must have no user, query or fragment", name)
		}
	}
	if c.DatabaseURL != "" && !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		return errors.New("ZHISU_DATABASE_URL must be a postgres:// URL, or empty for SQLite")
	}
	for _, v := range c.TrustedProxies {
		if _, err := parseNetwork(v); err != nil {
			return fmt.Errorf("ZHISU_TRUSTED_PROXIES: %q is neither an address nor a network", v)
		}
	}
	if c.LogFormat == "auto" || c.LogFormat == "" {
		c.LogFormat = "json"
		if term.IsTerminal(int(os.Stderr.Fd())) {
			c.LogFormat = "text"
		}
	}
	return nil
}

// Proxies returns TrustedProxies parsed; Normalize has checked them.
func (c *Config) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, v := range c.TrustedProxies {
		if p, err := parseNetwork(v); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func parseNetwork(v string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(v); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(v)
}

// MakeDataDir creates the data directory, readable by its owner only.
func (c *Config) MakeDataDir() error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("create data directory: %w", err)
	}
	return nil
}

// LoadMasterKey reads the master key from the setting or its file. With mayCreate it makes the default file when there is none.
func (c *Config) LoadMasterKey(mayCreate bool) (*secret.MasterKey, error) {
	if c.MasterKey != "" {
		return secret.ParseMasterKey(c.MasterKey)
	}
	path := c.MasterKeyFile
	if path == "" {
		path = filepath.Join(c.DataDir, "master.key")
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && mayCreate && c.MasterKeyFile == "" {
		b, err = createMasterKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	return secret.ParseMasterKey(string(b))
}

// createMasterKey puts a new key in place whole or not at all, and never over another, so that processes starting at once end with the same one.
func createMasterKey(path string) (_ []byte, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return nil, fmt.Errorf("make master key: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".master-*") // made with 0600
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	// A link, because a rename would replace the key of a process that was faster.
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}

// Logger builds the structured logger the settings ask for, on standard error.
func (c *Config) Logger() *slog.Logger {
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}
