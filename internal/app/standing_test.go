package app

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func (s *stage) deduct(d wechatsim.Deduction) {
	s.t.Helper()
	if d.AppID == "" {
		d.AppID = tea
	}
	if _, err := s.sim.Deduct(d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) fault(f wechatsim.Fault) {
	s.t.Helper()
	if err := s.sim.AddFault(f); err != nil {
		s.t.Fatal(err)
	}
}

// penalties are the deductions that somebody sees, by the complaint's number.
func (c caller) penalties(query string) map[string]obj {
	out := map[string]obj{}
	for _, x := range c.want(200, "GET", "/penalties?limit=200"+query, nil).items() {
		out[x["complaint_order_id"].(string)] = x
	}
	return out
}

func TestDeductionsAreReadAndConnectedWithTheirCases(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		missed := s.file(wechatsim.Filing{Type: 613, Amount: 9600, Content: "少了一罐，包裹里只有两罐"}) // nobody is authorised: no push
		p := s.authorise(tea)
		owner, outsider := s.as(identity.Owner), s.as(identity.Agent, s.authorise(park).ID)
		answered := s.file(wechatsim.Filing{Type: 642, Amount: 16800, Content: "罐子瘪了"})
		id := s.caseID(answered)
		owner.want(202, "POST", "/complaints/"+id+"/respond", obj{"decision": "agree", "content": "非常抱歉，马上为您补寄。"})
		s.idle()
		s.deduct(wechatsim.Deduction{ComplaintOrderID: missed, Wording: "少发、错发商品", Minus: 2, AgeSeconds: 10 * 24 * 3600})
		s.deduct(wechatsim.Deduction{ComplaintOrderID: answered, Wording: "商品质量缺陷", Minus: 4})
		off := false
		if err := s.sim.SetStanding(wechatsim.StandingChange{
			AppID: tea, Badge: &off, Reasons: []string{"保证金不足"}, Records: []wechatsim.IllegalRecord{{ID: "2_11100", Reason: "诱导分享", RuleName: "运营规范"}},
		}); err != nil {
			t.Fatal(err)
		}
		if k := owner.want(200, "POST", "/programs/"+p.ID+"/refresh", nil); k.body["score"] != 94.0 {
			t.Errorf("after a refresh: %s", k.raw)
		}

		got := owner.penalties("&program_id=" + p.ID)
		a, b := got[answered], got[missed]
		if len(got) != 2 || a["complaint_id"] != id || a["found"] != false || a["minus_score"] != 4.0 || a["status_text"] != "已扣分" || a["appeal_until"] == nil {
			t.Fatalf("deductions: %v", got)
		}
		if c, _ := a["complaint"].(obj); c["handled"] != "agree" || c["by"] != "王owner" || c["type"] != 642.0 || c["content"] != "罐子瘪了" {
			t.Errorf("what was done: %v", c)
		}
		found, _ := b["complaint_id"].(string)
		if b["found"] != true || found == "" {
			t.Fatalf("the complaint nobody pushed: %v", b)
		}
		if c, _ := b["complaint"].(obj); c["handled"] != "open" || c["amount"] != 9600.0 {
			t.Errorf("the complaint nobody pushed: %v", b)
		}
		s.idle()
		k := owner.want(200, "GET", "/complaints/"+found, nil)
		if !hasEntry(k, "system", "", "没有收到过这件投诉的推送，按扣分记录补录") || k.text("complaint_order_id") != missed {
			t.Errorf("its timeline: %s", k.raw)
		}

		st := owner.want(200, "GET", "/programs/"+p.ID+"/standing", nil)
		badge, _ := st.body["guarantee"].(obj)
		history, _ := st.body["history"].([]any)
		violations, _ := st.body["violations"].([]any)
		if st.body["score"] != 94.0 || st.body["deducted_30d"] != 6.0 || st.body["penalties_30d"] != 2.0 || st.body["problem"] != nil || badge["active"] != false || len(violations) != 1 ||
			len(history) == 0 || history[len(history)-1].(obj)["score"] != 94.0 {
			t.Errorf("standing: %s", st.raw)
		}

		if c := owner.want(200, "GET", "/complaints/"+found, nil); len(c.body["penalties"].([]any)) != 1 || c.body["penalties"].([]any)[0].(obj)["found"] != true {
			t.Errorf("the deduction in its case: %v", c.body["penalties"])
		}

		s.hearsOfViolations(owner, p)
		s.failsAndRecovers(owner, p, answered)

		// Nobody sees more than his programs.
		if got := outsider.penalties(""); len(got) != 0 {
			t.Errorf("outside the scope: %v", got)
		}
		outsider.want(404, "GET", "/penalties?program_id="+p.ID, nil)
		outsider.want(404, "GET", "/programs/"+p.ID+"/standing", nil)
		owner.want(422, "GET", "/penalties?cursor=x", nil)
	})
}

// hearsOfViolations: what the platform pushes is kept once, and an appeal that is over does not begin again.
func (s *stage) hearsOfViolations(owner caller, p *program.Program) {
	t := s.t
	for _, fields := range []string{
		"<Event>wxa_punish_event</Event><event_type>1</event_type><punish_id>2_11100</punish_id><illegal_content>首页</illegal_content><adjust_guide_url>https://a.example</adjust_guide_url>",
		"<Event>wxa_punish_event</Event><event_type>1</event_type><punish_id>of_another</punish_id><appid>wxffffffffffffffff</appid>",
		"<Event>wxa_appeal_record</Event><appeal_record_id>7</appeal_record_id><appeal_status>2</appeal_status><punish_description>限制搜索</punish_description>",
		"<Event>wxa_appeal_record</Event><appeal_record_id>7</appeal_record_id><appeal_status>1</appeal_status><punish_description>限制搜索</punish_description>",
	} {
		r, err := s.sim.SendRaw(t.Context(), wechatsim.RawPush{AppID: tea, XML: "<xml><ToUserName>" + p.UserName + "</ToUserName><MsgType>event</MsgType>" + fields + "</xml>"})
		if err != nil || !r.Acknowledged {
			t.Fatalf("push: %+v, %v", r, err)
		}
		s.idle() // in this order
	}
	got := map[string]obj{}
	for _, x := range owner.want(200, "GET", "/programs/"+p.ID+"/standing", nil).body["violations"].([]any) {
		got[x.(obj)["id"].(string)] = x.(obj)
	}
	a, b := got["2_11100"], got["appeal/7"]
	if len(got) != 2 || a["kind"] != "warning" || a["reason"] != "诱导分享" || a["content"] != "首页" || a["guide_url"] != "https://a.example" || b["kind"] != "appeal_won" {
		t.Errorf("violations: %v", got)
	}
}

// failsAndRecovers: a reading that fails leaves what is known and says so.
func (s *stage) failsAndRecovers(owner caller, p *program.Program, number string) {
	t := s.t
	busy := -1
	s.deduct(wechatsim.Deduction{ComplaintOrderID: number, Status: 6})
	s.fault(wechatsim.Fault{Target: "get_penalty_list", Errcode: &busy, Times: 50})
	owner.want(200, "POST", "/programs/"+p.ID+"/refresh", nil)
	if got := owner.penalties("&status=2"); len(got) != 2 {
		t.Errorf("a failed reading changed deductions: %v", got)
	}
	if st := owner.want(200, "GET", "/programs/"+p.ID+"/standing", nil); st.body["problem"] == nil || st.body["score"] != 94.0 {
		t.Errorf("a failed reading: %s", st.raw)
	}
	s.sim.ClearFaults()
	owner.want(200, "POST", "/programs/"+p.ID+"/refresh", nil)
	if got := owner.penalties("&status=6"); len(got) != 1 || got[number]["status_text"] != "申诉成功" || got[number]["appeal_until"] != nil {
		t.Errorf("a won appeal: %v", got)
	}
	if st := owner.want(200, "GET", "/programs/"+p.ID+"/standing", nil); st.body["problem"] != nil || st.body["score"] != 98.0 || st.body["deducted_30d"] != 2.0 {
		t.Errorf("after it worked again: %s", st.raw)
	}
}

func TestALongListOfDeductionsIsReadWholeAndADropToldOnce(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		s := start(t, t.TempDir(), databaseURL)
		var numbers []string
		for i := range 103 {
			numbers = append(numbers, s.file(wechatsim.Filing{Content: "第 " + strconv.Itoa(i) + " 件"}))
		}
		p := s.authorise(tea)
		owner := s.as(identity.Owner)
		if got := owner.want(200, "POST", "/programs/"+p.ID+"/refresh", nil); got.body["score"] != 100.0 || got.body["score_change"] != nil {
			t.Errorf("read for the first time, yet changed: %s", got.raw)
		}
		s.idle()
		unknown := 1
		s.fault(wechatsim.Fault{Target: "complaintOrderDetail", Errcode: &unknown, Times: 1000}) // WeChat knows none of them any more
		for _, n := range numbers {
			s.deduct(wechatsim.Deduction{ComplaintOrderID: n, Wording: "质量缺陷", Minus: 1})
		}
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() {
				if err := s.app.Standing.Read(t.Context(), p.ID); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		if got := owner.penalties(""); len(got) != len(numbers) {
			t.Errorf("%d deductions, want %d", len(got), len(numbers))
		}
		if got := owner.want(200, "GET", "/programs", nil).items()[0]; got["score"] != 0.0 || got["score_change"] != -100.0 {
			t.Errorf("the change of the score: %v", got)
		}
		seen, next := map[string]bool{}, ""
		for page := 0; page == 0 || next != ""; page++ {
			a := owner.want(200, "GET", "/penalties?limit=40&cursor="+next, nil)
			for _, x := range a.items() {
				seen[x["id"].(string)] = true
			}
			next = a.text("next_cursor")
		}
		if len(seen) != len(numbers) {
			t.Errorf("%d deductions on all pages", len(seen))
		}
		var told int
		if err := s.app.DB.Read.NewRaw(`SELECT count(*) FROM river_job WHERE kind = 'program.score_dropped'`).Scan(t.Context(), &told); err != nil || told != 1 {
			t.Errorf("the drop was told %d times, %v", told, err)
		}
		// Complaints that WeChat does not know are looked for a few at a time, and named among what may have been missed.
		asked := len(s.sim.APICalls("complaintOrderDetail"))
		if asked == 0 || asked > 2*20 {
			t.Errorf("WeChat was asked for %d complaints", asked)
		}
		if g := owner.want(200, "GET", "/gaps", nil); !strings.Contains(g.raw, "扣分记录") {
			t.Errorf("gaps: %s", g.raw)
		}
		if n := len(owner.want(200, "GET", "/complaints", nil).items()); n != 0 {
			t.Errorf("%d cases were made of numbers that WeChat does not know", n)
		}
	})
}
