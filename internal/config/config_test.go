package config_test

import (
	"crypto/rand"
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/secret"
)

// parse reads flags and environment as the command line does.
func parse(t *testing.T, env map[string]string, args ...string) (config.Config, error) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "ZHISU_") {
			t.Setenv(name, "") // put back afterwards
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, v := range env {
		t.Setenv(name, v)
	}
	if err := config.DropEmptyEnv(); err != nil {
		t.Fatal(err)
	}
	var c struct{ config.Config }
	k, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Parse(args); err != nil {
		return c.Config, err
	}
	return c.Config, c.Normalize()
}

func TestEveryFlagIsNamedAfterItsVariable(t *testing.T) {
	seen := 0
	for f := range reflect.TypeFor[config.Config]().Fields() {
		env, ok := strings.CutPrefix(f.Tag.Get("env"), "ZHISU_")
		if want := strings.ReplaceAll(strings.ToLower(env), "_", "-"); !ok || f.Tag.Get("name") != want {
			t.Errorf("%s: flag --%s for ZHISU_%s", f.Name, f.Tag.Get("name"), env)
		}
		seen++
	}
	if seen < 10 {
		t.Errorf("%d settings", seen)
	}
	c, err := parse(t, nil, "--wechat-api-url=http://127.0.0.1:1", "--allow-private-urls", "--component-aes-key=k")
	if err != nil || c.WechatAPIURL != "http://127.0.0.1:1" || !c.AllowPrivateURLs || c.ComponentAESKey != "k" {
		t.Errorf("parsed %v", err)
	}
}

func TestAnEmptyVariableCountsAsAbsent(t *testing.T) {
	c, err := parse(t, map[string]string{
		"ZHISU_LISTEN": "", "ZHISU_DATA_DIR": "", "ZHISU_WECHAT_API_URL": "", "ZHISU_ALLOW_PRIVATE_URLS": "", "ZHISU_LOG_FORMAT": "", "ZHISU_ADMIN_LISTEN": "",
	})
	if err != nil || c.Listen != "127.0.0.1:8080" || c.DataDir != "./data" || c.WechatAPIURL != "https://api.weixin.qq.com" || c.AllowPrivateURLs {
		t.Errorf("%s %s %s, %v", c.Listen, c.DataDir, c.WechatAPIURL, err)
	}
	if c.AdminListen != "" {
		t.Error("an empty ZHISU_ADMIN_LISTEN must turn it off")
	}
}

func TestDefaults(t *testing.T) {
	c, err := parse(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][2]string{
		"ZHISU_LISTEN":          {c.Listen, "127.0.0.1:8080"},
		"ZHISU_ADMIN_LISTEN":    {c.AdminListen, "127.0.0.1:9090"},
		"ZHISU_PUBLIC_URL":      {c.PublicURL, "http://127.0.0.1:8080"},
		"ZHISU_DATA_DIR":        {c.DataDir, "./data"},
		"ZHISU_DATABASE_URL":    {c.DatabaseURL, ""},
		"ZHISU_MASTER_KEY":      {c.MasterKey, ""},
		"ZHISU_MASTER_KEY_FILE": {c.MasterKeyFile, ""},
		"ZHISU_WECHAT_API_URL":  {c.WechatAPIURL, "https://api.weixin.qq.com"},
		"ZHISU_WECHAT_MP_URL":   {c.WechatMPURL, "https://mp.weixin.qq.com"},
		"ZHISU_WECHAT_OPEN_URL": {c.WechatOpenURL, "https://open.weixin.qq.com"},
		"ZHISU_WECHATPAY_URL":   {c.WechatPayURL, "https://api.mch.weixin.qq.com"},
		"ZHISU_TENCENT_SMS_URL": {c.TencentSMSURL, "https://sms.tencentcloudapi.com"},
		"ZHISU_EXTRA_CA_FILE":   {c.ExtraCAFile, ""},
	} {
		if v[0] != v[1] {
			t.Errorf("%s is %q by default, want %q", name, v[0], v[1])
		}
	}
	if c.LogFormat != "json" && c.LogFormat != "text" { // by what standard error is
		t.Errorf("ZHISU_LOG_FORMAT is %q by default", c.LogFormat)
	}
	if c.AllowPrivateURLs {
		t.Error("private URLs are allowed by default")
	}
}

func TestEnvironmentAndFlags(t *testing.T) {
	c, err := parse(t, map[string]string{
		"ZHISU_LISTEN": "0.0.0.0:80", "ZHISU_ADMIN_LISTEN": "", "ZHISU_PUBLIC_URL": "https://zhisu.example.com/", "ZHISU_COMPONENT_APPID": "wx1",
		"ZHISU_COMPONENT_AES_KEY": "k", "ZHISU_ALLOW_PRIVATE_URLS": "true", "ZHISU_WECHAT_API_URL": "http://127.0.0.1:8081/",
		"ZHISU_DATABASE_URL": "postgresql://u@h/d", "ZHISU_LOG_FORMAT": "text", "ZHISU_DATA_DIR": "/from/env",
	}, "--data-dir=/from/flag", "--component-secret=s")
	if err != nil {
		t.Fatal(err)
	}
	if c.AdminListen != "" {
		t.Errorf("an empty ZHISU_ADMIN_LISTEN gave %q, it must turn the listener off", c.AdminListen)
	}
	if c.PublicURL != "https://zhisu.example.com" || c.WechatAPIURL != "http://127.0.0.1:8081" {
		t.Errorf("URLs kept their last slash: %q, %q", c.PublicURL, c.WechatAPIURL)
	}
	if c.ComponentAppID != "wx1" || c.ComponentAESKey != "k" || c.ComponentSecret != "s" || !c.AllowPrivateURLs || c.LogFormat != "text" {
		t.Errorf("read %+v", c)
	}
	if c.DataDir != "/from/flag" {
		t.Errorf("the flag lost against the environment: %q", c.DataDir)
	}
}

func TestBadValuesAreNamed(t *testing.T) {
	for name, v := range map[string]string{
		"ZHISU_PUBLIC_URL": "zhisu.example.com", "ZHISU_WECHAT_API_URL": "ftp://x", "ZHISU_WECHAT_MP_URL": "https://", "ZHISU_WECHAT_OPEN_URL": "http://[",
		"ZHISU_DATABASE_URL": "mysql://user:s3cret@h/d", "ZHISU_LOG_FORMAT": "xml", "ZHISU_TRUSTED_PROXIES": "10.0.0.0/33",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, map[string]string{name: v})
			if err == nil {
				t.Fatalf("%q was taken", v)
			}
			flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "ZHISU_"), "_", "-"))
			if !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), flag) {
				t.Errorf("the setting is not named: %v", err)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestAddressesThatPathsCannotBeAppendedToAreRefused(t *testing.T) {
	for _, v := range []string{"https://a.example/c?x=1", "https://a.example/?", "https://a.example/#top", "https://u:s3cret@a.example"} {
		_, err := parse(t, map[string]string{"ZHISU_PUBLIC_URL": v})
		if err == nil || !strings.Contains(err.Error(), "ZHISU_PUBLIC_URL") || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// sameKey tells whether two master keys open each other's keysets.
func sameKey(t *testing.T, a, b *secret.MasterKey) bool {
	t.Helper()
	wrapped, err := secret.NewKeyset(a)
	if err != nil {
		t.Fatal(err)
	}
	_, err = secret.AddPrimary(b, wrapped)
	return err == nil
}

func TestMasterKeyFileIsMadeOnce(t *testing.T) {
	c := config.Config{DataDir: filepath.Join(t.TempDir(), "data")}
	if err := c.MakeDataDir(); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(c.DataDir); err != nil || st.Mode().Perm() != 0o700 {
		t.Fatalf("data directory: %v, %v", st, err)
	}
	if _, err := c.LoadMasterKey(false); err == nil {
		t.Error("a key was made although that was not allowed")
	}
	first, err := c.LoadMasterKey(true)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.DataDir, "master.key")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("master.key: %v, %v", st, err)
	}
	second, err := c.LoadMasterKey(true)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the key was written again, %v", err)
	}
	if !sameKey(t, first, second) {
		t.Error("the second start has another key")
	}
	onlyFile(t, c.DataDir, "master.key")
}

func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	es, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range es {
		if e.Name() != name {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}

func TestProcessesStartingAtOnceHaveOneMasterKey(t *testing.T) {
	for range 20 {
		c := config.Config{DataDir: t.TempDir()}
		keys := make([]*secret.MasterKey, 8)
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				<-start
				k, err := c.LoadMasterKey(true)
				if err != nil {
					t.Error(err)
					return
				}
				keys[i] = k
			})
		}
		close(start)
		wg.Wait()
		if t.Failed() {
			return
		}
		for _, k := range keys[1:] {
			if !sameKey(t, keys[0], k) {
				t.Fatal("two processes hold different keys")
			}
		}
		onlyFile(t, c.DataDir, "master.key")
	}
}

func newKey() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	return base64.StdEncoding.EncodeToString(raw)
}

func TestWhereTheMasterKeyComesFrom(t *testing.T) {
	dir := t.TempDir()
	inFile, inSetting := newKey(), newKey()
	path := filepath.Join(dir, "elsewhere.key")
	if err := os.WriteFile(path, []byte(inFile+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := func(enc string) *secret.MasterKey {
		k, err := secret.ParseMasterKey(enc)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	for name, x := range map[string]struct {
		c    config.Config
		want string
	}{
		"the setting wins":         {config.Config{DataDir: dir, MasterKey: inSetting, MasterKeyFile: path}, inSetting},
		"then the file named":      {config.Config{DataDir: dir, MasterKeyFile: path}, inFile},
		"a setting needs no file":  {config.Config{DataDir: filepath.Join(dir, "none"), MasterKey: inSetting}, inSetting},
		"a key may lack its equal": {config.Config{DataDir: dir, MasterKey: strings.TrimRight(inSetting, "=")}, inSetting},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := x.c.LoadMasterKey(true)
			if err != nil {
				t.Fatal(err)
			}
			if !sameKey(t, k, want(x.want)) {
				t.Error("another key was read")
			}
		})
	}
	onlyFile(t, dir, "elsewhere.key")

	missing := config.Config{DataDir: dir, MasterKeyFile: filepath.Join(dir, "missing.key")}
	if _, err := missing.LoadMasterKey(true); err == nil {
		t.Error("a key was made where one was said to be")
	}
	if _, err := os.Stat(missing.MasterKeyFile); err == nil {
		t.Error("a file was made where one was said to be")
	}
	short := config.Config{DataDir: dir, MasterKey: "c2hvcnQ="}
	if _, err := short.LoadMasterKey(true); err == nil || strings.Contains(err.Error(), "c2hvcnQ") {
		t.Errorf("a short key gave %v", err)
	}
}
