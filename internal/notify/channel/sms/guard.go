package sms

import (
	"sync"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
)

// beijing is where the operators' day begins.
var beijing = time.FixedZone("CST", 8*3600)

// sameTextWait is how long the same text to the same number is refused (§3.5), and a second more.
const sameTextWait = 31 * time.Second

// guard keeps Tencent's limits for each number, so that a message that would be refused is sent by another channel at once. It forgets with the process: then
// Tencent refuses, which costs nothing.
type guard struct {
	mu   sync.Mutex
	day  string
	used map[string]*use
}

type use struct {
	count int
	text  string
	last  time.Time
}

func newGuard() *guard { return &guard{used: map[string]*use{}} }

// take counts one message, or says why it has to wait.
func (g *guard) take(number, text string, daily int, now time.Time) *channel.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if day := now.In(beijing).Format(time.DateOnly); day != g.day {
		g.day, g.used = day, map[string]*use{}
	}
	u := g.used[number]
	if u == nil {
		u = &use{}
		g.used[number] = u
	}
	if u.count >= daily {
		return &channel.Result{
			Outcome: channel.Retry, After: untilTomorrow(now), Elsewhere: true, ProviderCode: "own_limit",
			Text: "这个号码今天的短信条数已经用完（腾讯云默认每天 2 条），明天再发。",
		}
	}
	if wait := u.last.Add(sameTextWait).Sub(now); u.text == text && wait > 0 {
		return &channel.Result{Outcome: channel.Retry, After: wait, ProviderCode: "own_limit", Text: "同样的内容 30 秒内只能发一次，稍后自动再发。"}
	}
	u.count++
	u.text, u.last = text, now
	return nil
}

// back returns what was taken for a message that surely was not sent.
func (g *guard) back(number string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if u := g.used[number]; u != nil && u.count > 0 {
		u.count--
		u.last = time.Time{}
	}
}

// untilTomorrow is the time until the next day, and ten minutes more.
func untilTomorrow(now time.Time) time.Duration {
	d := now.In(beijing)
	return time.Date(d.Year(), d.Month(), d.Day()+1, 0, 10, 0, 0, beijing).Sub(now)
}
