package push

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPushesAboutViolations(t *testing.T) {
	tests := []struct {
		name, body string
		want       *Violation
	}{
		{
			"a warning",
			`<xml><ToUserName>gh_1</ToUserName><MsgType>event</MsgType><Event>wxa_punish_event</Event><event_type>1</event_type><punish_id>2_11100</punish_id><appid>wx1</appid>` +
				`<punish_time>1773000000</punish_time><illegal_reason>诱导分享</illegal_reason><illegal_content>首页</illegal_content><rule_name>运营规范</rule_name><rule_url>https://a</rule_url>` +
				`<adjust_guide_url>https://b</adjust_guide_url><detail>{"x":1}</detail></xml>`,
			&Violation{
				Event: EventPunish, AppID: "wx1", ID: "2_11100", Code: 1, Time: 1773000000, Reason: "诱导分享", Content: "首页", RuleName: "运营规范", RuleURL: "https://a", GuideURL: "https://b",
				Detail: `{"x":1}`,
			},
		},
		{
			"an appeal, as JSON, running: without a result",
			`{"MsgType":"event","Event":"wxa_appeal_record","appeal_record_id":42,"appid":"wx1","appeal_time":1773000001,"appeal_status":1,"punish_description":"限制搜索"}`,
			&Violation{Event: EventAppeal, AppID: "wx1", ID: "42", Code: 1, Time: 1773000001, Reason: "限制搜索"},
		},
		{"of a type nobody published", `{"MsgType":"event","Event":"wxa_punish_event","punish_id":"9","event_type":77}`, &Violation{Event: EventPunish, ID: "9", Code: 77}},
		{"without a number of its own", `{"MsgType":"event","Event":"wxa_punish_event","event_type":1}`, nil},
		{"another event", `{"MsgType":"event","Event":"kf_close_session","punish_id":"9"}`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := ParseEvent([]byte(tt.body), FormatAuto)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, e.Violation); diff != "" || e.Complaint != nil {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if e.Violation != nil && strings.Contains(fmt.Sprintf("%v %+v", e.Violation, *e.Violation), "首页") {
				t.Error("its words are printed")
			}
		})
	}
}
