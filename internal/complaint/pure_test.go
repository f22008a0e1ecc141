package complaint

import (
	"slices"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/testkit"
)

// documented is the table of reference/wechat-complaint-api.md §3: code, official name, who acts.
var documented = []struct {
	code  Status
	name  string
	stage Stage
}{
	{101, "平台客服处理中", AtPlatform},
	{102, "用户取消申请", Closed},
	{103, "平台客服处理中", AtPlatform},
	{104, "平台客服处理中", AtPlatform},
	{105, "平台客服处理中", AtPlatform},
	{106, "待商家补充凭证", ToSupplement},
	{107, "平台客服处理中", AtPlatform},
	{108, "待双方补充凭证", ToSupplement},
	{109, "平台客服处理中", AtPlatform},
	{112, "投诉已完结", Closed},
	{115, "投诉已完结", Closed},
	{116, "投诉已完结", Closed},
	{201, "待处理", ToRespond},
	{202, "商家超时未回应，待用户确认", WaitingUser},
	{203, "已回应，待用户确认", WaitingUser},
	{204, "已回应，待用户确认", WaitingUser},
	{205, "投诉已完结", Closed},
	{206, "平台已判定为商责，待上传处理凭证", ToProve},
	{207, "平台客服核实凭证中", AtPlatform},
	{208, "超时未上传凭证", AtPlatform},
	{209, "投诉已关闭", Closed},
	{305, "平台客服处理中", AtPlatform},
	{307, "平台客服处理中", AtPlatform},
	{308, "平台已判定为商责，待用户退货中", WaitingUser},
	{309, "平台已判定为商责，待用户退货中", WaitingUser},
	{310, "平台客服处理中", AtPlatform},
	{311, "签收异常", AtPlatform},
	{312, "平台判定商家责任，平台退款中", AtPlatform},
}

// strangers are numbers that are no status: unset, the samples' junk, the sibling product's, appeal states, and one nobody has seen.
var strangers = []Status{0, 1, 110, 111, 113, 114, 117, 118, 401, 402, 403, 999, -1}

func TestEveryDocumentedStatus(t *testing.T) {
	if len(statuses) != len(documented) {
		t.Errorf("%d statuses are known, the reference has %d", len(statuses), len(documented))
	}
	for _, d := range documented {
		if got := d.code.Text(); got != d.name || !d.code.Known() {
			t.Errorf("%d is %q, known %v; want %q", d.code, got, d.code.Known(), d.name)
		}
		if got := StageOf(d.code, AppealNone); got != d.stage {
			t.Errorf("%d is in stage %s, want %s", d.code, got, d.stage)
		}
		merchants := slices.Contains([]Status{106, 108, 201, 206}, d.code)
		if got := StageOf(d.code, AppealNone).WaitsForMerchant(); got != merchants {
			t.Errorf("%d waits for the merchant: %v", d.code, got)
		}
		ended := slices.Contains([]Status{102, 112, 115, 116, 205, 209}, d.code)
		if got := StageOf(d.code, AppealNone).Open(); got == ended {
			t.Errorf("%d is open: %v", d.code, got)
		}
	}
}

func TestUnknownStatusSaysSo(t *testing.T) {
	for _, s := range strangers {
		if s.Known() || StageOf(s, AppealNone) != StageUnknown || StageOf(s, AppealOpen) != StageUnknown {
			t.Errorf("%d was given a meaning", s)
		}
		if s.Text() == "" || !StageOf(s, AppealNone).Open() || StageOf(s, AppealNone).WaitsForMerchant() {
			t.Errorf("%d: %q, open %v", s, s.Text(), StageOf(s, AppealNone).Open())
		}
	}
}

func TestAnAppealTurnsAClosedCaseIntoWork(t *testing.T) {
	for _, d := range documented {
		for _, appeal := range []int64{AppealNone, AppealExpired, AppealRunning, AppealAccepted, AppealRejected, 12345} {
			if got := StageOf(d.code, appeal); got != d.stage {
				t.Errorf("%d with appeal %d is in stage %s", d.code, appeal, got)
			}
		}
		want := d.stage
		if want == Closed {
			want = ToAppeal
		}
		if got := StageOf(d.code, AppealOpen); got != want {
			t.Errorf("%d with a possible appeal is in stage %s, want %s", d.code, got, want)
		}
	}
}

func TestRespondIsLegalIn201Only(t *testing.T) {
	all := slices.Clone(strangers)
	for _, d := range documented {
		all = append(all, d.code)
	}
	for _, s := range all {
		for _, appeal := range []int64{AppealNone, AppealOpen, AppealExpired, AppealRunning, AppealAccepted, AppealRejected} {
			l := Legal(Respond, Situation{Status: s, AppealState: appeal})
			if l.OK != (s == 201) {
				t.Errorf("respond in %d with appeal %d: %v", s, appeal, l.OK)
			}
			if !l.OK && l.Reason == "" {
				t.Errorf("no reason why %d cannot be answered", s)
			}
			names := LegalActions(Situation{Status: s, AppealState: appeal})
			if names == nil || slices.Contains(names, Respond) != l.OK {
				t.Errorf("legal actions of %d: %v", s, names)
			}
		}
	}
	for _, a := range []Action{Supplement, RefundProof, Appeal, "refund", ""} {
		if l := Legal(a, Situation{Status: 201}); l.OK || l.Reason == "" {
			t.Errorf("%s in 201: %+v", a, l)
		}
	}
}

func TestProblemTypes(t *testing.T) {
	// reference/wechat-complaint-api.md §5: every family's first and last, and the numbers around them.
	for code, want := range map[Problem]string{
		611: "发货-未按约定时间发货", 614: "发货-物流长时间不更新", 621: "客服-不回复", 622: "客服-辱骂/骚扰/恐吓", 633: "承诺未履行-其他", 643: "商品-其他",
		650: "车辆没电或故障", 654: "收费异常-其他（骑行）", 659: "客服不回复（骑行）", 660: "充电宝未弹出已扣费", 664: "收费异常-其他（充电宝）",
		668: "其他-误操作购买", 670: "欺诈-虚假广告", 678: "扣费-未成年误付款", 679: "其他问题", 610001: "可观看数量/时长与承诺不符", 610005: "其他",
	} {
		if got := code.Text(); got != want || !code.Known() {
			t.Errorf("%d is %q", code, got)
		}
	}
	known := 0
	for p := Problem(0); p < 700000; p++ {
		if p.Known() {
			known++
		}
	}
	if known != 4+2+3+3+10+9+10+5 {
		t.Errorf("%d types are known", known)
	}
	for _, p := range []Problem{0, 12, 610, 615, 669, 680, 610006, -1} {
		if p.Known() || p.Text() == "" {
			t.Errorf("%d: known %v, text %q", p, p.Known(), p.Text())
		}
	}
}

func TestMaskPhone(t *testing.T) {
	for in, want := range map[string]string{
		"": "", " ": "", "1": "****", "1234": "****", "12345": "****45", "0571881": "****81", "13812346021": "138****6021", " 13812346021 ": "138****6021",
		"+8613812346021": "+86****6021", "0571-88157300": "057****7300",
	} {
		if got := MaskPhone(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestMaskOpenID(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "o1": "****", "o1234567890": "****", "oABCdefghijklmnopqrstuvwxyz0": "oABC****xyz0",
	} {
		if got := MaskOpenID(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestMaskText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"没有数字":                             "没有数字",
		"打我电话13812346021谢谢":                "打我电话138****6021谢谢",
		"13812346021，19912345678":          "138****6021，199****5678",
		"+8613812346021":                   "+86138****6021",
		"8613812346021":                    "86138****6021",
		"+86 138 1234 6021":                "+86 138 **** 6021",
		"138-1234-6021":                    "138-****-6021",
		"138 1234 6021":                    "138 **** 6021",
		"微信13812346021x":                   "微信138****6021x",
		"身份证110101199003078515":            "身份证110***********8515",
		"身份证11010119900307851X":            "身份证110***********851X",
		"订单420000123420260312000000000000": "订单420000123420260312000000000000",
		"投诉单号11897048":                     "投诉单号11897048",
		"座机05718815730，金额16800":            "座机05718815730，金额16800",
		"12345678901":                      "12345678901",
	} {
		if got := MaskText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestNumberProblem(t *testing.T) {
	for number, ok := range map[string]bool{
		"2157": true, "11897048": true, "12345678901234567890": true,
		"": false, "123456789012345678901": false, "4200002188202603127890123456": false, "1189 7048": false, "A123": false, "１２３": false, "-1": false,
		"payorder@_4200": false, "12\n": false,
	} {
		if got := NumberProblem(number); (got == "") != ok {
			t.Errorf("%q: %q", number, got)
		}
	}
	if got := NumberProblem(strings.Repeat("4", 28)); !strings.Contains(got, "支付单号") {
		t.Errorf("a payment's number is not told apart: %q", got)
	}
}

func TestChangeOf(t *testing.T) {
	for name, c := range map[string]struct {
		from, to             Status
		fromAppeal, toAppeal int64
		want                 Change
	}{
		"nothing":                            {201, 201, 0, 0, ""},
		"answered":                           {201, 203, 0, 0, Progressed},
		"refused":                            {201, 204, 0, 0, Progressed},
		"too late":                           {201, 202, 0, 0, Progressed},
		"the platform takes over":            {204, 101, 0, 0, Progressed},
		"evidence of the merchant":           {103, 106, 0, 0, EvidenceAsked},
		"evidence of both":                   {103, 108, 0, 0, EvidenceAsked},
		"evidence of the user":               {103, 104, 0, 0, Progressed},
		"liable, proof wanted":               {103, 206, 0, 401, RuledAgainst},
		"liable, return first":               {103, 308, 0, 401, RuledAgainst},
		"the parcel turned round":            {309, 308, 0, 0, Progressed},
		"proof wanted after the return":      {309, 206, 0, 0, RuledAgainst},
		"withdrawn":                          {201, 102, 0, 0, Withdrawn},
		"accepted":                           {203, 205, 0, 0, Ended},
		"proof accepted":                     {207, 115, 401, 401, Ended},
		"closed":                             {207, 209, 0, 0, Ended},
		"not liable":                         {103, 112, 0, 0, Ended},
		"appeal possible":                    {112, 112, 0, 401, Progressed},
		"appeal handed in":                   {112, 112, 401, 403, Progressed},
		"appeal won":                         {112, 112, 403, 117, AppealSettled},
		"appeal lost":                        {112, 112, 403, 118, AppealSettled},
		"appeal won and the case moved":      {206, 115, 403, 117, AppealSettled},
		"an unknown status":                  {201, 999, 0, 0, Progressed},
		"out of an unknown status":           {999, 206, 0, 0, RuledAgainst},
		"an unknown status that does not go": {999, 999, 0, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := changeOf(c.from, c.to, c.fromAppeal, c.toAppeal); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNodeText(t *testing.T) {
	zero, one, odd := int64(0), int64(1), int64(7)
	for _, c := range []struct {
		item  int64
		blame *int64
		want  string
	}{
		{1, nil, "用户发起投诉"},
		{12, nil, "用户撤销投诉"},
		{109, nil, "商家已回应"},
		{118, nil, "商责自动赔付"},
		{31, nil, "平台判定商家责任"},
		{31, &zero, "平台判定商家责任，待上传处理凭证"},
		{32, &one, "平台判定商家责任，待用户退货"},
		{31, &odd, "平台判定商家责任"},
		{1, &one, "用户发起投诉"},
		{0, nil, "投诉进度更新"},
		{4711, nil, "投诉进度更新"},
	} {
		if got := NodeText(c.item, c.blame); got != c.want {
			t.Errorf("%d is %q, want %q", c.item, got, c.want)
		}
	}
}

func TestViews(t *testing.T) {
	now := testkit.Start
	base := Filter{ProgramIDs: []string{"p"}, Query: "q"}
	for _, v := range []View{ViewSupplement, ViewProve, ViewAppeal, ViewPlatform, ViewWaitingUser, ViewClosed, ViewUnknown} {
		f := v.Apply(base, now)
		if !slices.Equal(f.Stages, []Stage{Stage(v)}) || f.DueBefore != 0 || f.Query != "q" || len(f.ProgramIDs) != 1 {
			t.Errorf("%s became %+v", v, f)
		}
	}
	if f := ViewAll.Apply(base, now); f.Stages != nil || f.DueBefore != 0 {
		t.Errorf("all became %+v", f)
	}
	if f := ViewDueSoon.Apply(base, now); f.DueBefore.Time().Sub(now) != DueSoon || !slices.Equal(f.Stages, ViewMine.Apply(base, now).Stages) {
		t.Errorf("due soon became %+v", f)
	}
}
