package wechatsim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// complaintPrefix is common to the five calls of reference/wechat-complaint-api.md §6.1.
const complaintPrefix = "/wxaapi/minishop/"

// reply is the body of one of the four POSTs.
type reply struct {
	id, content  string
	media        []string
	handle       int
	acceptReturn *int
	returnID     string
}

// namedComplaint finds the complaint id a request speaks of, whatever else is wrong with it.
func namedComplaint(c *call) string {
	if id := c.query.Get("complaintOrderId"); id != "" {
		return id
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &m); err != nil {
		return ""
	}
	id, _ := idOf(m["complaintOrderId"])
	return id
}

// keptBody is what the control API shows of a request: its JSON, its query without the token, or its text.
func keptBody(c *call) json.RawMessage {
	if len(c.body) > 0 {
		if json.Valid(c.body) {
			return bytes.Clone(c.body)
		}
		return marshal(string(c.body))
	}
	shown := map[string]string{}
	for k := range c.query {
		if !strings.HasSuffix(k, "access_token") {
			shown[k] = c.query.Get(k)
		}
	}
	return marshal(shown)
}

// marshal is for texts, numbers, lists and maps of them, which cannot fail.
func marshal(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

// idOf reads an id that may be a number or digits in a text; both reach WeChat's business checks.
func idOf(raw json.RawMessage) (string, bool) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		text = string(bytes.TrimSpace(raw))
	}
	if _, err := strconv.ParseUint(text, 10, 64); err != nil {
		return "", false
	}
	return text, true
}

// parseReply checks the body's shape. badText is the code for content and mediaIdList: 2 for the appeal, 10001 elsewhere.
func parseReply(body []byte, badText int, extra ...string) (reply, *apiError) {
	var r reply
	m, aerr := object(body)
	if aerr != nil {
		return r, aerr
	}
	allowed := append([]string{"complaintOrderId", "content", "mediaIdList"}, extra...)
	for name := range m {
		if !slices.Contains(allowed, name) {
			return r, refusef(10001, "invalid parameter: %s is unknown", name)
		}
	}
	var ok bool
	if r.id, ok = idOf(m["complaintOrderId"]); !ok {
		return r, refusef(10001, "invalid parameter: complaintOrderId")
	}
	if raw, has := m["content"]; has {
		if err := json.Unmarshal(raw, &r.content); err != nil {
			return r, refusef(badText, "invalid parameter: content")
		}
	}
	if raw, has := m["mediaIdList"]; has {
		if err := json.Unmarshal(raw, &r.media); err != nil || slices.Contains(r.media, "") {
			return r, refusef(badText, "invalid parameter: mediaIdList")
		}
	}
	if strings.TrimSpace(r.content) == "" && len(r.media) == 0 {
		return r, refusef(badText, "内容或者图片不能为空")
	}
	return r, nil
}

// complaintFor finds the caller's complaint; another program's is as unknown as none (code 1).
func (s *Sim) complaintFor(c *call, r reply) (*complaint, *apiError) {
	k := s.complaints[r.id]
	if k == nil || k.appid != c.acc.AppID {
		return nil, refuse(1)
	}
	return k, nil
}

// attach turns media ids into pictures; foreign, unknown and expired ids are refused with code.
func (s *Sim) attach(c *call, ids []string, code int) ([]imageRef, *apiError) {
	var out []imageRef
	for _, id := range ids {
		f := s.media[id]
		if f == nil || f.appid != c.acc.AppID || c.now.Sub(f.created) > mediaLife {
			return nil, refusef(code, "invalid parameter: mediaIdList has an invalid or expired media_id")
		}
		out = append(out, imageRef{media: id})
	}
	return out, nil
}

func (s *Sim) respond(c *call) (fields, *apiError) {
	r, aerr := parseReply(c.body, 10001, "bussiHandle")
	if aerr != nil {
		return nil, aerr
	}
	m, _ := object(c.body) // parseReply has read it already
	if r.handle, aerr = intField(m, "bussiHandle"); aerr != nil || (r.handle != 1 && r.handle != 2) {
		return nil, refusef(10001, "invalid parameter: bussiHandle")
	}
	return s.merchantActs(c, r, "respond", func(k *complaint) *apiError {
		if k.status != 201 {
			return refuse(309)
		}
		return nil
	}, func(k *complaint) *node {
		k.enter(map[int]int{1: 203, 2: 204}[r.handle], c.now, 0)
		return k.add(109, c.now, r.content)
	})
}

func (s *Sim) supplyProof(c *call) (fields, *apiError) {
	r, aerr := parseReply(c.body, 10001)
	if aerr != nil {
		return nil, aerr
	}
	return s.merchantActs(c, r, "supplement", func(k *complaint) *apiError {
		if k.status != 106 && k.status != 108 {
			return refuse(309)
		}
		return nil
	}, func(k *complaint) *node {
		k.enter(107, c.now, 0)
		return k.add(8, c.now, r.content)
	})
}

// supplyRefund takes the proof of handling; while goods come back it needs acceptReturn and the parcel's returnId.
func (s *Sim) supplyRefund(c *call) (fields, *apiError) {
	r, aerr := parseReply(c.body, 10001, "acceptReturn", "returnId")
	if aerr != nil {
		return nil, aerr
	}
	m, _ := object(c.body) // parseReply has read it already
	if raw, ok := m["acceptReturn"]; ok {
		if err := json.Unmarshal(raw, &r.acceptReturn); err != nil {
			return nil, refusef(10001, "invalid parameter: acceptReturn")
		}
	}
	if raw, ok := m["returnId"]; ok {
		if r.returnID, ok = idOf(raw); !ok {
			return nil, refusef(10001, "invalid parameter: returnId")
		}
	}
	return s.merchantActs(c, r, "refund_proof", func(k *complaint) *apiError {
		switch k.status {
		case 206:
			return nil
		case 309:
			if r.acceptReturn == nil || k.bill == nil || r.returnID != k.bill.id {
				return refusef(10001, "invalid parameter: acceptReturn and returnId are required")
			}
			return nil
		}
		return refuse(309)
	}, func(k *complaint) *node {
		k.enter(207, c.now, 0)
		return k.add(110, c.now, r.content)
	})
}

// appeal works in appealState 401 only; otherwise 1002 with a bare rid and no errmsg, as was seen.
func (s *Sim) appeal(c *call) (fields, *apiError) {
	r, aerr := parseReply(c.body, 2)
	if aerr != nil {
		return nil, aerr
	}
	return s.merchantActs(c, r, "appeal", func(k *complaint) *apiError {
		if k.appeal != appealOpen {
			return &apiError{code: 1002, bare: true}
		}
		return nil
	}, func(k *complaint) *node { return k.setAppeal(appealRunning, c.now, r.content) })
}

// merchantActs is common to the four: the complaint exists, the pictures are good, the state allows it, then it happens and is pushed.
func (s *Sim) merchantActs(
	c *call, r reply, cause string, allowed func(*complaint) *apiError, act func(*complaint) *node,
) (fields, *apiError) {
	k, aerr := s.complaintFor(c, r)
	if aerr != nil {
		return nil, aerr
	}
	if aerr := allowed(k); aerr != nil {
		return nil, aerr
	}
	badMedia := 10001
	if cause == "appeal" {
		badMedia = 2
	}
	images, aerr := s.attach(c, r.media, badMedia)
	if aerr != nil {
		return nil, aerr
	}
	n := act(k)
	n.images, n.by = images, c.acc.NickName
	s.watch(k)
	s.pushProgress(k, cause)
	return okay(), nil
}
