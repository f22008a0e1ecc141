package wechatsim

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func rawNumber(s string) json.Number { return json.Number(s) }

func TestReplyBodies(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	type try struct {
		name string
		body func(id string) any
		code int
	}
	with := func(change answer) func(string) any {
		return func(id string) any {
			b := answer{"complaintOrderId": rawNumber(id), "bussiHandle": 1, "content": "同意退款"}
			for k, v := range change {
				b[k] = v
				if v == nil {
					delete(b, k)
				}
			}
			return b
		}
	}
	text := func(s string) func(string) any { return func(string) any { return s } }
	for _, c := range []try{
		{"id as number", with(nil), 0},
		{"id as text", func(id string) any { return answer{"complaintOrderId": id, "bussiHandle": 2, "content": "不同意"} }, 0},
		{"empty list of pictures", with(answer{"mediaIdList": []string{}}), 0},
		{"an empty body", text(""), 44002},
		{"a form", text("complaintOrderId=1&bussiHandle=1"), 47001},
		{"broken JSON", text(`{"complaintOrderId":`), 47001},
		{"null", text("null"), 47001},
		{"no id", with(answer{"complaintOrderId": nil}), 10001},
		{"id in words", with(answer{"complaintOrderId": "abc"}), 10001},
		{"id with a fraction", with(answer{"complaintOrderId": 1.5}), 10001},
		{"an unknown id", with(answer{"complaintOrderId": 4711}), 1},
		{"no decision", with(answer{"bussiHandle": nil}), 10001},
		{"decision 0", with(answer{"bussiHandle": 0}), 10001},
		{"decision 3", with(answer{"bussiHandle": 3}), 10001},
		{"decision as text", with(answer{"bussiHandle": "1"}), 10001},
		{"neither text nor picture", with(answer{"content": nil}), 10001},
		{"blank text", with(answer{"content": "  "}), 10001},
		{"text that is a number", with(answer{"content": 5}), 10001},
		{"pictures as text", with(answer{"mediaIdList": "abc"}), 10001},
		{"an empty media id", with(answer{"mediaIdList": []string{""}}), 10001},
		{"a made-up media id", with(answer{"mediaIdList": []string{"nope"}}), 10001},
		{"a misspelt field", with(answer{"media_id_list": []string{}}), 10001},
		{"another call's field", with(answer{"acceptReturn": 1}), 10001},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := w.file()
			wantCode(t, w.post(pathRespond, token, c.body(id)), c.code)
			if c.code != 0 {
				equal(t, "status after a refusal", w.view(id).Status, 201)
			}
		})
	}
}

func TestAppealHasItsOwnCodeForTextAndPictures(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	id := w.lead(token, reach[206])
	path := complaintPrefix + "busiAppeal"
	wantCode(t, w.post(path, token, answer{"complaintOrderId": id}), 2)
	wantCode(t, w.post(path, token, answer{"complaintOrderId": id, "content": 5}), 2)
	wantCode(t, w.post(path, token, answer{"complaintOrderId": id, "mediaIdList": []string{"nope"}}), 2)
	wantCode(t, w.post(path, token, answer{"complaintOrderId": 4711, "content": "a"}), 1)
	wantCode(t, w.post(path, token, answer{"content": "a"}), 10001)
	equal(t, "appeal", w.view(id).AppealState, appealOpen)
	wantCode(t, w.post(path, token, answer{"complaintOrderId": id, "content": "物流已签收"}), 0)
}

func TestPermissionSetsPerCall(t *testing.T) {
	for _, c := range []struct {
		name string
		sets []int
		ok   []string
	}{
		{"76 alone", []int{76}, []string{"complaints"}},
		{"151 alone", []int{151}, []string{"penalties", "badge"}},
		{"30 alone", []int{30}, []string{"upload", "badge"}},
		{"19 alone", []int{19}, []string{"upload", "custom"}},
		{"1 alone", []int{1}, []string{"custom"}},
		{"18 alone", []int{18}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.authorizer(shopID, c.sets...)
			groups := map[string][]string{
				"complaints": {"complaintOrderDetail", "bussiRespondComplaint", "bussiSupplyProof", "bussiSupplyRefund", "busiAppeal"},
				"penalties":  {"get_penalty_list"}, "badge": {"get_guarantee_status"}, "upload": {"media_upload"}, "custom": {"custom_send"},
			}
			for group, names := range groups {
				granted := strings.Contains(" "+strings.Join(c.ok, " ")+" ", " "+group+" ")
				for _, ep := range endpoints() {
					if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+ep.name+" ") {
						continue
					}
					a := w.call(ep.method, withToken(ep.path, token), "{}")
					if granted == (a.errcode() == 61007) {
						t.Errorf("%s: %v", ep.name, a)
					}
					if !granted {
						contains(t, a.text("errmsg"), "api is unauthorized to component rid: ")
					}
				}
			}
		})
	}
}

func TestOwnTokenNeedsNoPermissionSet(t *testing.T) {
	w := newWorld(t)
	a := w.post("/cgi-bin/stable_token", "", answer{"grant_type": "client_credential", "appid": shopID, "secret": shopSecret})
	id := w.file()
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, a.text("access_token")), 0)
	wantCode(t, w.act(a.text("access_token"), id, "agree"), 0)
}

func TestForeignComplaintsAreUnknown(t *testing.T) {
	w := newWorld(t)
	other, _ := w.authorizer(otherID)
	id := w.file()
	wantCode(t, w.act(other, id, "agree"), 1)
	a := w.get(pathDetail+"?complaintOrderId="+id, other)
	wantCode(t, a, -1)
	contains(t, a.text("errmsg"), "system error rid: ")
	wantCode(t, w.get(pathDetail+"?complaintOrderId=4711", other), -1)
	wantCode(t, w.get(pathDetail, other), -1)
	equal(t, "status", w.view(id).Status, 201)
}

func TestReplyShowsUpInTheDetail(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	media := w.uploadPicture(token)
	id := w.file()
	body := answer{"complaintOrderId": id, "bussiHandle": 1, "content": "已安排退款", "mediaIdList": []string{media}}
	wantCode(t, w.post(pathRespond, token, body), 0)
	items := w.get(pathDetail+"?complaintOrderId="+id, token).list("item")
	last := answer(items[len(items)-1].(map[string]any))
	equal(t, "itemType", last["itemType"].(float64), 109)
	equal(t, "content", last.text("content"), "已安排退款")
	equal(t, "nickName", last.text("nickName"), "满山茶铺")
	link := last.list("mediaIdList")[0].(string)
	status, data := w.raw("GET", strings.TrimPrefix(link, w.srv.URL), "")
	equal(t, "picture", status, 200)
	equal(t, "picture's bytes", string(data), string(testPNG(t)))
}

func TestCallsAreKeptPerComplaint(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	other, _ := w.authorizer(otherID)
	id := w.file()
	w.get(pathDetail+"?complaintOrderId="+id, token)
	w.post(pathRespond, other, answer{"complaintOrderId": id, "bussiHandle": 1, "content": "x"})
	w.post(pathRespond, "98_none", answer{"complaintOrderId": id, "bussiHandle": 1, "content": "y"})
	w.act(token, id, "agree")
	calls := w.view(id).Calls
	equal(t, "calls", len(calls), 4)
	for i, code := range []int{0, 1, 40001, 0} {
		equal(t, "errcode", calls[i].Errcode, code)
	}
	equal(t, "path", calls[3].Path, pathRespond)
	equal(t, "at", calls[3].At, testStart.UnixMilli())
	equal(t, "query", string(calls[0].Body), `{"complaintOrderId":"`+id+`"}`)
	var body struct{ Content string }
	must(t, json.Unmarshal(calls[3].Body, &body))
	equal(t, "content", body.Content, "已为您处理")
	for _, c := range calls {
		lacks(t, string(c.Body), "access_token")
	}
	log := w.sim.APICalls("bussiRespondComplaint")
	equal(t, "calls in the general log", len(log), 3)
	equal(t, "whose", log[2].AppID, shopID)
}

func TestCallsLogIsBounded(t *testing.T) {
	c := &complaint{}
	for range maxCalls + 1 {
		c.note(Call{})
	}
	equal(t, "kept", len(c.calls), maxCalls/2+1)
}

func TestFilingChecksAndFills(t *testing.T) {
	w := newWorld(t)
	for _, f := range []Filing{{AppID: shopID, Amount: -1}, {AppID: shopID, Type: -1}, {AppID: shopID, ImageCount: 10}} {
		if _, err := w.sim.FileComplaint(f); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for _, id := range []string{"wxnobody", "", testAccounts[0].mini} {
		if _, err := w.sim.FileComplaint(Filing{AppID: id}); !errors.Is(err, ErrNotFound) {
			t.Errorf("program %q: %v", id, err)
		}
	}
	first, err := w.sim.FileComplaint(Filing{AppID: shopID})
	must(t, err)
	equal(t, "first id", first, "11897048")
	equal(t, "second id", w.file(), "11897049")
	v := w.view(first)
	equal(t, "length of the transaction id", len(v.TransactionID), 28)
	contains(t, v.TransactionID[:4], "4200")
	equal(t, "amount", v.Amount, int64(5000))
	if v.Content == "" || v.ProductName == "" || v.OutTradeNo == "" || v.OpenID == "" {
		t.Errorf("not filled: %+v", v)
	}
	v = w.view("11897049")
	equal(t, "type", v.TypeText, "商品-破损")
	equal(t, "newest first", w.sim.Complaints("", 0)[0].ComplaintOrderID, "11897049")
	equal(t, "limit", len(w.sim.Complaints("", 1)), 1)
	equal(t, "of another program", len(w.sim.Complaints(otherID, 0)), 0)
}

func TestStandingFollowsTheRulings(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	const path = "/wxaapi/wxamptrade/get_penalty_list"
	a := w.get(path+"?offset=0&limit=100", token)
	equal(t, "score", a["currentScore"].(float64), 100)
	equal(t, "records", len(a.list("appealList")), 0)
	first := w.lead(token, reach[206])
	w.lead(token, reach[112])
	w.lead(token, reach[308])
	a = w.get(path+"?offset=0&limit=1", token)
	equal(t, "score", a["currentScore"].(float64), 96)
	equal(t, "totalNum", a["totalNum"].(float64), 2)
	equal(t, "page", len(a.list("appealList")), 1)
	rec := answer(a.list("appealList")[0].(map[string]any))
	equal(t, "complaintOrderId", rec.text("complaintOrderId"), first)
	equal(t, "status", rec["status"].(float64), 2)
	for _, q := range []string{"", "?offset=0", "?limit=5", "?offset=-1&limit=5", "?offset=0&limit=101", "?offset=3&limit=5", "?offset=a&limit=b"} {
		wantCode(t, w.get(path+q, token), 200002)
	}
	const badge = "/wxaapi/wxamptrade/get_guarantee_status"
	equal(t, "badge", w.get(badge, token)["isActived"].(bool), true)
	no, score := false, 55
	must(t, w.sim.SetStanding(StandingChange{AppID: shopID, Badge: &no, Score: &score, Reasons: []string{"保证金不足"}}))
	equal(t, "badge", w.get(badge, token)["isActived"].(bool), false)
	equal(t, "reason", w.get(badge, token).list("reasons")[0].(string), "保证金不足")
	equal(t, "score", w.get(path+"?offset=0&limit=1", token)["currentScore"].(float64), 55)
	bad := 101
	if err := w.sim.SetStanding(StandingChange{AppID: shopID, Score: &bad}); !errors.Is(err, ErrInvalid) {
		t.Errorf("score 101: %v", err)
	}
	if err := w.sim.SetStanding(StandingChange{AppID: "wxnobody"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown program: %v", err)
	}
}

func TestDeductionsAreAppealedAndViolationsRecorded(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	number := w.file()
	const list, records = "/wxaapi/wxamptrade/get_penalty_list?offset=0&limit=100", "/wxa/getillegalrecords"
	id, err := w.sim.Deduct(Deduction{AppID: shopID, ComplaintOrderID: number, Wording: "骚扰/辱骂他人", Minus: 20})
	must(t, err)
	again, err := w.sim.Deduct(Deduction{AppID: shopID, ComplaintOrderID: number, Status: 6})
	must(t, err)
	equal(t, "the same deduction", again, id)
	a := w.get(list, token)
	equal(t, "score after a won appeal", a["currentScore"].(float64), 100)
	equal(t, "status", answer(a.list("appealList")[0].(map[string]any))["status"].(float64), 6)
	for _, d := range []Deduction{{AppID: shopID, ComplaintOrderID: number, Status: 3}, {AppID: shopID, ComplaintOrderID: w.file(), Wording: "质量缺陷"}} {
		if _, err := w.sim.Deduct(d); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	if _, err := w.sim.Deduct(Deduction{AppID: otherID, ComplaintOrderID: number, Wording: "质量缺陷", Minus: 2}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a complaint of another program: %v", err)
	}

	now := w.sim.Now().Unix()
	must(t, w.sim.SetStanding(StandingChange{AppID: shopID, Records: []IllegalRecord{
		{ID: "2_11100", Reason: "诱导分享", Content: "首页", RuleName: "运营规范", RuleURL: "https://developers.weixin.qq.com/x"}, {ID: "4_395332", Reason: "类目不符", At: now - 91*24*3600},
	}}))
	equal(t, "last 90 days", len(w.post(records, token, answer{}).list("records")), 1)
	equal(t, "from then on", len(w.post(records, token, answer{"start_time": now - 92*24*3600}).list("records")), 1)
	equal(t, "all", len(w.post(records, token, answer{"start_time": now - 92*24*3600, "end_time": now}).list("records")), 2)
	old := answer(w.post(records, token, answer{"end_time": now - 80*24*3600}).list("records")[0].(map[string]any))
	equal(t, "record", old.text("illegal_record_id"), "4_395332")
	if _, has := old["illegal_content"]; has {
		t.Error("a record without content has one")
	}
	wantCode(t, w.post(records, token, answer{"start_time": "then"}), 47001)
}

func TestMediaIdsLiveThreeDaysAndBelongToTheirProgram(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	other, _ := w.authorizer(otherID)
	mine, foreign := w.uploadPicture(token), w.uploadPicture(other)
	send := func(token, media string) answer {
		return w.post(pathRespond, token, answer{"complaintOrderId": w.file(), "bussiHandle": 1, "mediaIdList": []string{media}})
	}
	wantCode(t, send(token, foreign), 10001)
	wantCode(t, send(token, mine), 0)
	wantCode(t, send(token, mine), 0)
	must(t, w.sim.AdvanceClock(72*time.Hour))
	token = w.own()
	wantCode(t, send(token, mine), 0)
	must(t, w.sim.AdvanceClock(time.Second))
	wantCode(t, send(token, mine), 10001)
}

func (w *world) own() string {
	w.t.Helper()
	a := w.post("/cgi-bin/stable_token", "", answer{"grant_type": "client_credential", "appid": shopID, "secret": shopSecret})
	if a.text("access_token") == "" {
		w.t.Fatalf("no own token: %v", a)
	}
	return a.text("access_token")
}
