package wechatsim

import (
	"strings"
	"time"
)

// quotaBook counts calls per account and path, by Beijing day and by minute (reference/wechat-open-platform.md §7.1).
type quotaBook struct {
	day, minute   int64
	daily, recent map[quotaKey]int
	clears        map[string]int // month|appid → clears
}

type quotaKey struct{ appid, path string }

// defaultDailyLimit is what one operator saw for api_component_token; the other numbers are not published.
const (
	defaultDailyLimit = 10000
	maxClears         = 10
)

const beijingOffset = 8 * 3600

var beijing = time.FixedZone("CST", beijingOffset)

func newQuotaBook() *quotaBook {
	return &quotaBook{daily: map[quotaKey]int{}, recent: map[quotaKey]int{}, clears: map[string]int{}}
}

func (q *quotaBook) turn(now time.Time) {
	if day := (now.Unix() + beijingOffset) / 86400; day != q.day {
		q.day = day
		clear(q.daily)
	}
	if minute := now.Unix() / 60; minute != q.minute {
		q.minute = minute
		clear(q.recent)
	}
}

func limitFor(limits map[string]int, ep *endpoint) (int, bool) {
	if n, ok := limits[ep.name]; ok {
		return n, true
	}
	n, ok := limits[ep.path]
	return n, ok
}

// spendQuota counts the call; refused calls do not count.
func (s *Sim) spendQuota(c *call) *apiError {
	key := quotaKey{s.quotaOwner(c.tok), c.ep.path}
	s.quota.turn(c.now)
	if n, ok := limitFor(s.settings.DailyLimits, c.ep); ok && s.quota.daily[key] >= n {
		return refuse(45009)
	}
	if n, ok := limitFor(s.settings.MinuteLimits, c.ep); ok && s.quota.recent[key] >= n {
		return refuse(45011)
	}
	s.quota.daily[key]++
	s.quota.recent[key]++
	return nil
}

// quotaOwner: calls for a merchant spend the merchant's quota, all others the platform's.
func (s *Sim) quotaOwner(t *accessToken) string {
	if t == nil {
		return s.cfg.ComponentAppID
	}
	return t.appid
}

func (s *Sim) quotaGet(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	path, aerr := textField(m, "cgi_path")
	if aerr != nil {
		return nil, aerr
	}
	eps := endpoints()
	for i := range eps {
		ep := &eps[i]
		if !strings.HasPrefix(path, "/") || ep.path != path {
			continue
		}
		limit, ok := limitFor(s.settings.DailyLimits, ep)
		if !ok {
			limit = defaultDailyLimit
		}
		used := s.quota.daily[quotaKey{s.quotaOwner(c.tok), path}]
		out := okay()
		out["quota"] = fields{"daily_limit": limit, "used": used, "remain": max(0, limit-used)}
		if n, ok := limitFor(s.settings.MinuteLimits, ep); ok {
			out["rate_limit"] = fields{"call_count": n, "refresh_second": 60}
		}
		return out, nil
	}
	return nil, refuse(76003)
}

// clearQuota is componentClearQuota v2: it needs the secret, no token, and works ten times a month.
func (s *Sim) clearQuota(c *call) (fields, *apiError) {
	m, aerr := object(c.body)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := s.checkComponent(m, "appsecret"); aerr != nil {
		return nil, aerr
	}
	target := s.cfg.ComponentAppID
	if raw, ok := m["appid"]; ok && string(raw) != `""` {
		id, aerr := textField(m, "appid")
		if aerr != nil {
			return nil, aerr
		}
		if a := s.accounts[id]; a == nil || !a.authorized {
			return nil, refuse(43007)
		}
		target = id
	}
	month := c.now.In(beijing).Format("2006-01") + "|" + target
	if s.quota.clears[month] >= maxClears {
		return nil, refuse(48006)
	}
	s.quota.clears[month]++
	for k := range s.quota.daily {
		if k.appid == target {
			delete(s.quota.daily, k)
		}
	}
	return okay(), nil
}

// callbackIPs answers getcallbackip and get_api_domain_ip: everything of this WeChat lives on the loopback address.
func (s *Sim) callbackIPs(*call) (fields, *apiError) {
	return fields{"ip_list": []string{"127.0.0.1"}}, nil
}
