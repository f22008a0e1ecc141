package wechatsim

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RawPush is one single push, right or wrong on purpose. It is tried once and not repeated.
type RawPush struct {
	// Target is messages (default), events, or own: the program's own server.
	Target string `json:"target"`
	// AppID is the program in whose name it comes; empty = the first one.
	AppID string `json:"appid"`
	// ComplaintOrderID sends that complaint's push again as it would look now.
	ComplaintOrderID string `json:"complaint_order_id"`
	// Ticket sends a new, valid component_verify_ticket; Target is then events.
	Ticket bool `json:"ticket"`
	// XML is the plain text to send instead.
	XML string `json:"xml"`
	// Fault is what is wrong with it, see RawFaults; empty = nothing.
	Fault string `json:"fault"`
	// Token and AESKey replace the platform's for this push.
	Token  string `json:"token"`
	AESKey string `json:"aes_key"`
	// InnerAppID is the appid inside the cipher text, for wrong_appid.
	InnerAppID string `json:"inner_appid"`
	// Bytes is the size of a huge push; 0 = 2 MB.
	Bytes int `json:"bytes"`
}

// RawFaults are the faults that a raw push knows (reference/wechat-open-platform.md §9, message push).
var RawFaults = []string{
	"tampered_signature", "no_signature", "wrong_token", "previous_key", "tampered_cipher", "truncated_cipher", "bad_base64",
	"bad_padding", "bad_length", "wrong_appid", "doctype", "doctype_inside", "not_xml", "huge", "plain_body", "old_timestamp",
	"unknown_event",
}

// RawResult is what the product answered. Acknowledged means that WeChat would not send it again.
type RawResult struct {
	Status       int    `json:"status"`
	Body         string `json:"body"`
	Error        string `json:"error,omitempty"`
	ElapsedMS    int64  `json:"elapsed_ms"`
	Acknowledged bool   `json:"acknowledged"`
}

// SendRaw sends one push with the fault asked for and returns the product's answer.
func (s *Sim) SendRaw(ctx context.Context, r RawPush) (RawResult, error) {
	wire, target, err := s.rawBytes(r)
	if err != nil {
		return RawResult{}, fmt.Errorf("send a raw push: %w", err)
	}
	t, answer := s.post(ctx, wire)
	return RawResult{
		Status: t.Status, Body: t.Body, Error: t.Error, ElapsedMS: t.ElapsedMS,
		Acknowledged: t.Error == "" && t.Status == 200 && acknowledged(target, answer),
	}, nil
}

func (s *Sim) rawBytes(r RawPush) (wireBytes, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Fault != "" && !slices.Contains(RawFaults, r.Fault) {
		return wireBytes{}, "", fmt.Errorf("%w: fault %q; known: %s", ErrInvalid, r.Fault, strings.Join(RawFaults, ", "))
	}
	p, err := s.rawPlain(r)
	if err != nil {
		return wireBytes{}, "", err
	}
	d := s.doorOf(p)
	if d.url == "" {
		return wireBytes{}, "", fmt.Errorf("%w: the product's address is not set", ErrNotNow)
	}
	if err := d.takeRawKeys(r); err != nil {
		return wireBytes{}, "", err
	}
	wire, err := s.rawSeal(p, r, d)
	return wire, p.target, err
}

// rawPlain chooses the plain text.
func (s *Sim) rawPlain(r RawPush) (*push, error) {
	p := &push{target: r.Target, appid: r.AppID, event: "raw"}
	if r.Ticket {
		p.target = targetEvents
		_, p.plain = s.newTicket()
	}
	switch p.target {
	case "":
		p.target = targetMessages
	case targetMessages, targetEvents, targetOwn:
	default:
		return nil, fmt.Errorf("%w: target is messages, events or own", ErrInvalid)
	}
	if c := s.complaints[r.ComplaintOrderID]; c != nil {
		p.appid = c.appid
		p.plain = s.complaintPlain(c, p, "complaint_callback", optionProgress)
	} else if r.ComplaintOrderID != "" {
		return nil, fmt.Errorf("complaint %q: %w", r.ComplaintOrderID, ErrNotFound)
	}
	if p.appid == "" && len(s.programs()) > 0 {
		p.appid = s.programs()[0].AppID
	}
	if a := s.accounts[p.appid]; a != nil {
		p.openid = a.sender
	}
	if r.XML != "" {
		p.plain = []byte(r.XML)
	}
	if p.plain == nil || r.Fault == "unknown_event" {
		p.plain = s.doorOf(p).unknownEvent(p.openid, s.now().Unix())
	}
	if r.Fault == "doctype_inside" {
		p.plain = append([]byte(`<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">]>`), p.plain...)
	}
	if r.Fault == "huge" {
		p.plain = append(p.plain, strings.Repeat(" ", max(r.Bytes, 2<<20))...)
	}
	return p, nil
}

// takeRawKeys replaces the keys as r asks.
func (d *door) takeRawKeys(r RawPush) error {
	if r.Fault == "previous_key" {
		d.keys = d.prev
	}
	if r.AESKey != "" {
		next, err := newCodec(d.keys.token, r.AESKey)
		if err != nil {
			return err
		}
		d.keys = next
	}
	if r.Token != "" {
		d.keys.token = r.Token
	}
	if r.Fault == "wrong_token" {
		d.keys.token += "x"
	}
	return nil
}

// rawSeal seals p and spoils it as asked.
func (s *Sim) rawSeal(p *push, r RawPush, d door) (wireBytes, error) {
	at := s.now()
	if r.Fault == "old_timestamp" {
		at = at.Add(-48 * time.Hour)
	}
	stamp, nonce := strconv.FormatInt(at.Unix(), 10), s.random.digits(10)
	q := url.Values{"signature": {d.keys.sign(stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}}
	var text string
	signed := "signature" // the one that counts
	if d.sealed() {
		var err error
		if text, err = s.rawCipher(p, r, d); err != nil {
			return wireBytes{}, err
		}
		signed = "msg_signature"
		q.Set("encrypt_type", encryptStyle)
		q.Set(signed, d.keys.sign(stamp, nonce, text))
	}
	if p.target != targetEvents {
		q.Set("openid", p.openid)
	}
	body := d.wrap(p.plain, text)
	switch r.Fault {
	case "tampered_signature":
		q.Set(signed, flipHex(q.Get(signed)))
	case "no_signature":
		q.Del(signed)
	case "tampered_cipher": // the signature was made before
		if text != "" {
			body = d.wrap(p.plain, flipBase64(text))
		}
	case "doctype":
		body = append([]byte(`<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">]>`), body...)
	case "not_xml":
		body = []byte(`{"Encrypt":"` + text + `"`)
	case "plain_body":
		q.Del("msg_signature")
		q.Set("encrypt_type", "raw")
		body = p.plain
	}
	return wireBytes{url: withQuery(d.url, q), body: body, contentType: d.contentType()}, nil
}

// rawCipher makes the Encrypt text; what is wrong here is signed correctly.
func (s *Sim) rawCipher(p *push, r RawPush, d door) (string, error) {
	inner, keys := d.appid, d.keys
	if r.InnerAppID != "" {
		inner = r.InnerAppID
	} else if r.Fault == "wrong_appid" {
		inner = "wx0000000000000000"
	}
	prefix := s.random.bytes(prefixBytes)
	switch r.Fault {
	case "bad_padding": // a last byte of 0 is no PKCS#7 at all
		return keys.encryptRaw(append(slices.Clone(prefix), make([]byte, padBlock*2-prefixBytes)...))
	case "bad_length": // claims 4 GiB of message
		plain := append(slices.Clone(prefix), 0xFF, 0xFF, 0xFF, 0xFF)
		for len(plain) < padBlock {
			plain = append(plain, byte(padBlock-prefixBytes-4))
		}
		return keys.encryptRaw(plain)
	}
	text, err := keys.encrypt(prefix, p.plain, inner)
	if err != nil {
		return "", err
	}
	switch r.Fault {
	case "bad_base64":
		return "%%" + text[2:], nil
	case "truncated_cipher":
		return shorten(text)
	}
	return text, nil
}

// shorten cuts the cipher text in the middle of a block.
func shorten(text string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.Join(errCipher, err)
	}
	return base64.StdEncoding.EncodeToString(raw[:len(raw)-7]), nil
}

func flipHex(s string) string {
	if strings.HasPrefix(s, "0") {
		return "1" + s[1:]
	}
	return "0" + s[1:]
}

func flipBase64(s string) string {
	mid := len(s) / 2
	other := "A"
	if s[mid] == 'A' {
		other = "B"
	}
	return s[:mid] + other + s[mid+1:]
}
