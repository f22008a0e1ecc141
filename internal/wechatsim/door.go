package wechatsim

import "strings"

// How a server receives pushes, reference/wechat-open-platform.md §3.2. A platform has safe mode and XML only; a program's or an account's own server chooses.
const (
	modeSafe   = "safe"
	modeCompat = "compat"
	modePlain  = "plain"

	formatXML  = "xml"
	formatJSON = "json"
)

// door is where a push goes and how it is dressed there.
type door struct {
	url    string
	keys   codec
	prev   codec  // the keys before the latest change
	appid  string // stands behind the message in the cipher text
	mode   string
	format string
	// outer and who are the one element of the envelope beside Encrypt: AppId for the platform's own events, ToUserName for what a program or an account receives.
	outer, who string
}

// doorOf finds the door of p; its url is empty when there is none. Called with the lock held.
func (s *Sim) doorOf(p *push) door {
	d := door{
		keys: s.cur, prev: s.prev, appid: s.cfg.ComponentAppID, mode: modeSafe, format: formatXML,
		outer: "ToUserName", who: s.userName(p.appid),
	}
	switch p.target {
	case targetEvents:
		d.url, d.outer, d.who = s.cfg.EventsURL, "AppId", s.cfg.ComponentAppID
	case targetMessages:
		d.url = strings.ReplaceAll(s.cfg.MessagesURL, "$APPID$", p.appid)
	case targetAccount:
		d.url, d.appid, d.mode = s.offi.callback, OffiAppID, s.offi.mode
		if s.offi.keys != nil {
			d.keys, d.prev = *s.offi.keys, *s.offi.keys
		}
	case targetOwn:
		a := s.accounts[p.appid]
		if a == nil || a.Push == nil {
			return door{}
		}
		d.url, d.keys, d.prev, d.appid, d.mode, d.format = a.Push.URL, a.pushKeys, a.pushPrev, a.AppID, a.Push.Mode, a.Push.Format
	}
	return d
}

// sealed says whether a cipher text goes along.
func (d door) sealed() bool { return d.mode != modePlain }

func (d door) contentType() string {
	if d.format == formatJSON {
		return "application/json"
	}
	return "text/xml"
}

// wrap makes the body: the plain text, the plain text with the cipher text beside it (compat), or the cipher text alone.
func (d door) wrap(plain []byte, encrypted string) []byte {
	switch {
	case d.mode == modePlain:
		return plain
	case d.mode == modeCompat && d.format == formatJSON:
		return []byte(strings.TrimSuffix(string(plain), "}") + `,"Encrypt":` + string(marshal(encrypted)) + "}")
	case d.mode == modeCompat:
		return []byte(strings.TrimSuffix(string(plain), "</xml>") + "<Encrypt><![CDATA[" + encrypted + "]]></Encrypt></xml>")
	case d.format == formatJSON:
		return marshal(map[string]string{d.outer: d.who, "Encrypt": encrypted})
	}
	var b xmlBuilder
	b.text(d.outer, d.who)
	b.text("Encrypt", encrypted)
	return b.document()
}

// unknownEvent is the plain text of an event nobody has heard of.
func (d door) unknownEvent(from string, at int64) []byte {
	if d.format == formatJSON {
		return marshal(fields{
			"ToUserName": d.who, "FromUserName": from, "CreateTime": at, "MsgType": "event", "Event": "sim_unknown_event",
		})
	}
	var b xmlBuilder
	if d.outer == "AppId" {
		b.text("AppId", d.who)
		b.number("CreateTime", at)
		b.text("InfoType", "sim_unknown_info")
		return b.document()
	}
	b.text("ToUserName", d.who)
	b.text("FromUserName", from)
	b.number("CreateTime", at)
	b.text("MsgType", "event")
	b.text("Event", "sim_unknown_event")
	return b.document()
}
