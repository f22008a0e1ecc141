package app

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func drawn(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload sends a file as a browser does.
func (c caller) upload(content []byte, name, complaintID string) answer {
	c.s.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	if complaintID != "" {
		if err := w.WriteField("complaint_id", complaintID); err != nil {
			c.s.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		c.s.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		c.s.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		c.s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(c.s.t.Context(), http.MethodPost, c.s.app.Config.PublicURL+"/api/v1/evidence", &form)
	if err != nil {
		c.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Authorization", cmp.Or(c.scheme, "Bearer")+" "+c.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(b), body: map[string]any{}}
	if err := json.Unmarshal(b, &a.body); err != nil {
		c.s.t.Fatalf("upload answered %d %s", res.StatusCode, b)
	}
	return a
}

// get fetches a file.
func (c caller) get(path string) (int, http.Header, []byte) {
	c.s.t.Helper()
	r, err := http.NewRequestWithContext(c.s.t.Context(), http.MethodGet, c.s.app.Config.PublicURL+path, nil)
	if err != nil {
		c.s.t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	return res.StatusCode, res.Header, b
}

// Every action of a case through the API, with pictures that reach WeChat.
func TestACaseIsFinishedThroughTheAPI(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		s.authorise(tea)
		agent, stranger := s.as(identity.Agent), s.as(identity.Agent, "another-program")
		number := s.file(wechatsim.Filing{Type: 642, Amount: 16800, ProductName: "明前龙井 250g 礼盒"})
		id := s.caseID(number)

		// A picture, and who may see it.
		up := agent.upload(drawn(t, 600), "../../发货单 1.PNG", id)
		if up.status != 201 || up.body["width"] != 600.0 || up.text("content_type") != "image/png" || up.text("name") != "发货单 1.png" {
			t.Fatalf("upload: %d %s", up.status, up.raw)
		}
		first := up.text("id")
		for _, path := range []string{up.text("url"), up.text("url") + "?thumb=1", up.text("url") + "?original=1"} {
			status, header, b := agent.get(path)
			if _, _, err := image.Decode(bytes.NewReader(b)); status != 200 || err != nil || header.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.Contains(header.Get("Cache-Control"), "private") {
				t.Errorf("%s: %d %v %v", path, status, header, err)
			}
			if status, _, _ := stranger.get(path); status != 404 {
				t.Errorf("somebody who may not see the case gets %d for %s", status, path)
			}
			if status, _, _ := (caller{s: s}).get(path); status != 401 {
				t.Errorf("without credentials: %d", status)
			}
		}
		edited := agent.want(201, "POST", "/evidence/"+first+"/edit", obj{"rotate": 90, "redact": []obj{{"x": 1, "y": 1, "width": 50, "height": 50}}})
		if edited.text("parent_id") != first || edited.text("id") == first {
			t.Errorf("edited: %s", edited.raw)
		}
		for name, raw := range map[string][]byte{"evidence_type": []byte("<svg/>"), "evidence_broken": drawn(t, 60)[:40]} {
			if a := agent.upload(raw, "x.png", ""); a.status != 422 || a.text("code") != name || a.text("detail") == "" {
				t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		if a := agent.upload(make([]byte, 21<<20), "x.png", ""); a.status != 413 || a.text("code") != "evidence_too_large" {
			t.Errorf("21 MB: %d %s", a.status, a.raw)
		}
		unused := agent.upload(drawn(t, 20), "x.png", "").text("id")
		agent.want(204, "DELETE", "/evidence/"+unused, nil)
		agent.want(404, "GET", "/evidence/"+unused, nil)

		// Advice, a look over, and somebody else at work.
		advice := agent.want(200, "GET", "/complaints/"+id+"/advice?kind=respond", nil)
		if !strings.Contains(advice.raw, "明前龙井 250g 礼盒") || !strings.Contains(advice.raw, "168.00 元") || len(advice.body["checklist"].([]any)) == 0 {
			t.Errorf("advice: %s", advice.raw)
		}
		warned := agent.want(200, "POST", "/complaints/"+id+"/preview", obj{"kind": "respond", "decision": "refuse", "content": "我们同意退款，已经为您退款，电话 13800138000"})
		for _, code := range []string{"contradiction", "refund_unknown", "phone"} {
			if !strings.Contains(warned.raw, `"`+code+`"`) {
				t.Errorf("no warning %s: %s", code, warned.raw)
			}
		}
		manager := s.as(identity.Manager)
		manager.want(200, "POST", "/complaints/"+id+"/editing", nil)
		if a := agent.want(409, "POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "好的，马上退款给您。"}); !strings.Contains(a.text("detail"), "正在处理") {
			t.Errorf("while somebody else is at it: %s", a.raw)
		}
		agent.want(409, "POST", "/complaints/"+id+"/editing", nil)
		if k := agent.want(200, "GET", "/complaints/"+id, nil); !strings.Contains(k.raw, `"editing":{`) {
			t.Errorf("nobody is shown to be at work: %s", k.raw)
		}
		agent.want(200, "POST", "/complaints/"+id+"/editing", obj{"take_over": true})
		manager.want(204, "DELETE", "/complaints/"+id+"/editing", nil) // it has nothing any more
		agent.want(201, "POST", "/complaints/"+id+"/notes", obj{"text": "已经和仓库核对过"})
		agent.want(422, "POST", "/complaints/"+id+"/notes", obj{"text": "  "})

		// The whole case.
		do := func(path string, in obj) {
			t.Helper()
			act := agent.want(202, "POST", "/complaints/"+id+"/"+path, in).text("action_id")
			s.until(path, func() bool {
				a := agent.want(200, "GET", "/actions/"+act, nil)
				if a.text("state") == "failed" {
					t.Fatalf("%s failed: %s", path, a.raw)
				}
				return a.text("state") == "done"
			})
		}
		move := func(e wechatsim.Event, o wechatsim.AdvanceOptions, want int) {
			t.Helper()
			if err := s.sim.Advance(number, e, o); err != nil {
				t.Fatal(err)
			}
			s.until(string(e), func() bool { return agent.want(200, "GET", "/complaints/"+id, nil).body["status"] == float64(want) })
		}
		do("respond", obj{"decision": "refuse", "content": "包裹完好，见发货记录。", "evidence_ids": []string{first, edited.text("id")}})
		move(wechatsim.UserAsksPlatform, wechatsim.AdvanceOptions{}, 101)
		move(wechatsim.PlatformAsksEvidence, wechatsim.AdvanceOptions{}, 106)
		do("supplement", obj{"evidence_ids": []string{first}})
		move(wechatsim.PlatformRulesMerchant, wechatsim.AdvanceOptions{WithReturn: true}, 308)
		do("appeal", obj{"content": "附件可以证明发货时完好。", "evidence_ids": []string{first}})
		move(wechatsim.ReturnShipped, wechatsim.AdvanceOptions{}, 309)
		k := agent.want(200, "GET", "/complaints/"+id, nil)
		if !strings.Contains(k.raw, `"legal_actions":["refund_proof"]`) || !strings.Contains(k.raw, `"return_bill":{"return_id":"`) {
			t.Errorf("while goods come back: %s", k.raw)
		}
		agent.want(422, "POST", "/complaints/"+id+"/refund-proof", obj{"content": "已退款"})
		do("refund-proof", obj{"content": "已收到退货并原路退款。", "accept_return": true, "evidence_ids": []string{first}})
		agent.want(409, "DELETE", "/evidence/"+first, nil)
		agent.want(403, "POST", "/complaints/"+id+"/appeal", obj{"content": "再申诉一次试试", "by_hand": true})

		view, err := s.sim.Complaint(number)
		if err != nil || view.Status != 207 || view.AppealState != 403 {
			t.Fatalf("at WeChat: %d, appeal %d, %v", view.Status, view.AppealState, err)
		}
		for _, api := range []string{"bussiRespondComplaint", "bussiSupplyProof", "bussiSupplyRefund", "busiAppeal"} {
			n := 0
			for _, c := range view.Calls {
				if strings.HasSuffix(c.Path, "/"+api) {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s was called %d times", api, n)
			}
		}
		k = agent.want(200, "GET", "/complaints/"+id, nil)
		for _, want := range []string{"已经和仓库核对过", "补充凭证", "提交处理凭证", "申诉"} {
			if !strings.Contains(fmt.Sprint(k.body["timeline"]), want) {
				t.Errorf("the timeline does not tell %s: %s", want, k.raw)
			}
		}
	})
}

func TestTemplatesBelongToManagers(t *testing.T) {
	s := start(t, t.TempDir(), "")
	agent, manager := s.as(identity.Agent), s.as(identity.Manager)
	if n := len(agent.want(200, "GET", "/templates", nil).items()); n < 5 {
		t.Errorf("a newcomer finds %d texts", n)
	}
	agent.want(403, "POST", "/templates", obj{"name": "x", "body": "y"})
	tpl := manager.want(201, "POST", "/templates", obj{"name": "补发", "kinds": []string{"respond"}, "types": []int{613}, "body": "今天补发「{商品}」。"})
	manager.want(200, "PATCH", "/templates/"+tpl.text("id"), obj{"decision": "agree"})
	for _, wrong := range []obj{{"name": "", "body": "y"}, {"name": "x", "body": ""}, {"name": "x", "body": "{不存在}"}, {"name": "x", "body": "y", "kinds": []string{"dance"}}} {
		manager.want(422, "POST", "/templates", wrong)
	}
	manager.want(204, "DELETE", "/templates/"+tpl.text("id"), nil)
	manager.want(404, "DELETE", "/templates/"+tpl.text("id"), nil)
}
