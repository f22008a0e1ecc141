package app

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/wechatsim"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// moneyStage is a shop with a merchant that finance set up by itself, and the people around it.
type moneyStage struct {
	*stage
	owner, finance, outsider, viewer caller
	program, merchant                string
	secrets                          []string
}

func TestMoneyOverHTTP(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		m := &moneyStage{stage: start(t, t.TempDir(), databaseURL)}
		m.program = m.authorise(tea).ID
		m.owner, m.finance, m.viewer = m.as(identity.Owner), m.as(identity.Finance), m.as(identity.Viewer)
		m.outsider = m.as(identity.Finance, m.authorise(park).ID)
		m.merchants()
		refund := m.refunds()
		m.textsWithTheNumber(refund)
		m.ledger(refund)
		m.elsewhere()
		m.secondPerson()
		m.notices()
		for _, secret := range m.secrets {
			if strings.Contains(m.logs.String(), secret) {
				t.Error("a secret is in the log")
			}
		}
	})
}

func (m *moneyStage) code(a answer, status int, code string) {
	m.t.Helper()
	if a.status != status || a.text("code") != code || a.text("detail") == "" {
		m.t.Errorf("%d %s, want %d %s with a sentence", a.status, a.raw, status, code)
	}
}

func (m *moneyStage) merchants() {
	m.t.Helper()
	at := int64(0)
	if err := m.sim.Pay().Set(paysim.Settings{SettleMS: &at, GapMS: &at}); err != nil {
		m.t.Fatal(err)
	}
	c, err := m.sim.Pay().AddMerchant(paysim.Merchant{MchID: "1900000109", AppIDs: []string{tea}})
	if err != nil {
		m.t.Fatal(err)
	}
	m.secrets = []string{c.APIv3Key, strings.Split(c.PrivateKeyPEM, "\n")[3]}
	in := obj{
		"name": "满山茶铺", "mchid": c.MchID, "api_v3_key": c.APIv3Key, "private_key_pem": c.PrivateKeyPEM, "cert_pem": c.CertPEM, "verify": obj{"mode": "platform_cert"},
	}
	m.code(m.viewer.do("GET", "/merchants", nil), 403, "forbidden")
	m.code(m.viewer.do("POST", "/merchants", in), 403, "forbidden")
	m.code(m.outsider.do("POST", "/merchants", in), 403, "forbidden") // a merchant concerns every program
	in["api_v3_key"] = "short"
	m.code(m.finance.do("POST", "/merchants", in), 422, "validation")
	in["api_v3_key"] = c.APIv3Key
	made := m.finance.want(201, "POST", "/merchants", in)
	m.merchant = made.text("id")
	m.code(m.finance.do("POST", "/merchants", in), 422, "validation") // the same mchid twice
	path := "/merchants/" + m.merchant
	check := m.finance.want(200, "POST", path+"/check", nil)
	if check.body["ok"] != true {
		m.t.Fatalf("WeChat Pay does not take the merchant: %s", check.raw)
	}
	for _, a := range []answer{
		made, check, m.finance.want(200, "GET", path, nil), m.finance.want(200, "GET", "/merchants", nil), m.finance.want(200, "PATCH", path, obj{"name": "满山"}), m.owner.want(200, "GET", "/audit", nil),
	} {
		for _, secret := range m.secrets {
			if strings.Contains(a.raw, secret) {
				m.t.Errorf("an answer contains a secret: %s", a.raw)
			}
		}
	}
	// Finance says which program is paid from which merchant, and nothing else about programs.
	m.code(m.finance.do("PATCH", "/programs/"+m.program, obj{"merchant_id": m.merchant, "state": "disabled"}), 403, "forbidden")
	m.code(m.viewer.do("PATCH", "/programs/"+m.program, obj{"merchant_id": m.merchant}), 403, "forbidden")
	m.code(m.finance.do("PATCH", "/programs/"+m.program, obj{"merchant_id": "nothing"}), 422, "validation")
	m.code(m.outsider.do("PATCH", "/programs/"+m.program, obj{"merchant_id": m.merchant}), 404, "not_found")
	if p := m.finance.want(200, "PATCH", "/programs/"+m.program, obj{"merchant_id": m.merchant}); p.text("merchant_id") != m.merchant || p.text("state") != "active" {
		m.t.Errorf("the program: %s", p.raw)
	}
	m.code(m.finance.do("DELETE", path, nil), 409, "conflict")
}

func (m *moneyStage) newCase() string { return m.caseID(m.file(wechatsim.Filing{Amount: 16800})) }

// done waits for a refund's end.
func (m *moneyStage) done(id string) answer {
	m.t.Helper()
	var a answer
	m.until("the refund's end", func() bool {
		a = m.finance.want(200, "GET", "/refunds/"+id, nil)
		return a.text("state") == "done"
	})
	return a
}

func (m *moneyStage) refunds() answer {
	m.t.Helper()
	id := m.newCase()
	path := "/complaints/" + id + "/refunds"
	in := obj{"amount": 5000, "reason": "破损"}
	m.code(m.viewer.do("POST", path, in), 403, "forbidden")
	m.code(m.outsider.do("POST", path, in), 404, "not_found")
	m.code(m.outsider.do("GET", "/complaints/"+id+"/refund-options", nil), 404, "not_found")
	m.code(m.finance.do("POST", path, obj{"amount": 0}), 422, "validation")
	m.code(m.finance.do("POST", path, obj{"amount": 16801}), 422, "validation")
	m.code(m.finance.do("POST", path, obj{"amount": 100, "reason": strings.Repeat("破", 27)}), 422, "validation")
	first := m.finance.want(202, "POST", path, in, "Idempotency-Key", "one").text("refund_id")
	if again := m.finance.want(202, "POST", path, in, "Idempotency-Key", "one").text("refund_id"); again != first {
		m.t.Errorf("the same key made another refund")
	}
	m.code(m.finance.do("POST", path, obj{"amount": 5001}, "Idempotency-Key", "one"), 422, "idempotency_mismatch")
	r := m.done(first)
	if moved := m.sim.Pay().Ledger().Totals[r.text("transaction_id")]; moved != 5000 {
		m.t.Errorf("%d fen moved", moved)
	}
	m.code(m.finance.do("POST", "/refunds/"+first+"/retry", nil), 409, "conflict")
	m.code(m.finance.do("POST", "/refunds/"+first+"/cancel", nil), 409, "conflict")
	m.code(m.outsider.do("GET", "/refunds/"+first, nil), 404, "not_found")
	m.code(m.viewer.do("POST", "/refunds/"+first+"/approve", nil), 403, "forbidden")
	row := m.viewer.want(200, "GET", "/complaints", nil).items()[0]
	if legal, _ := row["legal_actions"].([]any); row["refunded_amount"] != 5000.0 || !slices.Contains(legal, any("refund")) {
		m.t.Errorf("the inbox does not say what went back: %v", row)
	}
	var c answer
	m.until("the offer to agree", func() bool {
		c = m.finance.want(200, "GET", "/complaints/"+id, nil)
		follow, _ := c.body["refund_follow_up"].(map[string]any)
		text, _ := follow["content"].(string)
		return follow["action"] == "respond" && strings.Contains(text, "¥50.00") && strings.Contains(text, r.text("refund_id"))
	})
	return r
}

// textsWithTheNumber looks at texts to choose from that name the refund (退款单号): only what arrived has a number.
func (m *moneyStage) textsWithTheNumber(r answer) {
	m.t.Helper()
	t := m.owner.want(201, "POST", "/templates", obj{"name": "已退款", "kinds": []string{"respond"}, "body": "已退款，退款单号 {退款单号}。"})
	said := func(id string) (text string, unfilled []any) {
		m.t.Helper()
		list, _ := m.owner.want(200, "GET", "/complaints/"+id+"/advice?kind=respond", nil).body["templates"].([]any)
		for _, x := range list {
			if one, _ := x.(map[string]any); one["id"] == t.text("id") {
				text, _ = one["text"].(string)
				unfilled, _ = one["unfilled"].([]any)
			}
		}
		return text, unfilled
	}
	if text, unfilled := said(r.text("complaint_id")); text != "已退款，退款单号 "+r.text("refund_id")+"。" || len(unfilled) != 0 {
		m.t.Errorf("after a refund: %q, unfilled %v", text, unfilled)
	}
	if text, unfilled := said(m.newCase()); text != "已退款，退款单号 {退款单号}。" || !slices.Contains(unfilled, any("{退款单号}")) {
		m.t.Errorf("without a refund: %q, unfilled %v", text, unfilled)
	}
	m.owner.want(204, "DELETE", "/templates/"+t.text("id"), nil)
}

// read gets what is not JSON.
func (m *moneyStage) read(c caller, path string) string {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.app.Config.PublicURL+"/api/v1"+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		m.t.Fatalf("%s: %d %s %v", path, res.StatusCode, b, err)
	}
	return string(b)
}

func (m *moneyStage) ledger(r answer) {
	m.t.Helper()
	number := r.text("out_refund_no")
	if got := m.viewer.want(200, "GET", "/refunds?state=done,closed&q="+number+"&merchant_id="+m.merchant, nil).items(); len(got) != 1 || got[0]["id"] != r.text("id") {
		m.t.Errorf("the list: %v", got)
	}
	for _, none := range []string{"/refunds?state=closed", "/refunds?q=nothing", "/refunds?created_to=1", "/refunds?merchant_id=nothing"} {
		if got := m.viewer.want(200, "GET", none, nil).items(); len(got) != 0 {
			m.t.Errorf("%s: %v", none, got)
		}
	}
	if got := m.outsider.want(200, "GET", "/refunds", nil).items(); len(got) != 0 {
		m.t.Errorf("outside the scope: %v", got)
	}
	m.code(m.outsider.do("GET", "/refunds?program_id="+m.program, nil), 404, "not_found")
	m.code(m.viewer.do("GET", "/refunds?state=gone", nil), 422, "validation")
	m.code(m.viewer.do("GET", "/refunds?cursor=x", nil), 422, "validation")
	for by, name := range map[string]string{"program": "满山茶铺", "merchant": "满山", "day": ""} {
		a := m.viewer.want(200, "GET", "/refunds/totals?by="+by, nil)
		all, _ := a.body["all"].(map[string]any)
		if got := a.items(); len(got) != 1 || got[0]["done"] != 5000.0 || all["done_count"] != 1.0 || name != "" && got[0]["name"] != name {
			m.t.Errorf("totals by %s: %s", by, a.raw)
		}
		if got := m.outsider.want(200, "GET", "/refunds/totals?by="+by, nil).items(); len(got) != 0 {
			m.t.Errorf("totals outside the scope: %v", got)
		}
	}
	if csv := m.read(m.viewer, "/refunds/export?format=csv"); strings.Count(csv, "\n") != 2 || !strings.Contains(csv, number) || !strings.Contains(csv, "50.00") {
		m.t.Errorf("the export: %s", csv)
	}
	if csv := m.read(m.outsider, "/refunds/export"); strings.Contains(csv, number) {
		m.t.Errorf("the export outside the scope: %s", csv)
	}
	if csv := m.read(m.viewer, "/complaints/export"); !strings.Contains(csv, "已退款（元）") || !strings.Contains(csv, "168.00,50.00") {
		m.t.Errorf("the export of cases: %s", csv)
	}
	m.code(m.viewer.do("POST", "/refunds/reconcile", nil), 403, "forbidden")
	m.finance.want(202, "POST", "/refunds/reconcile", nil)
	m.until("the comparison", func() bool {
		last, _ := m.viewer.want(200, "GET", "/refunds/reconciliation", nil).body["last"].(map[string]any)
		differences, _ := last["differences"].([]any)
		return last["state"] == "done" && last["checked"] == 1.0 && len(differences) == 0
	})
}

// elsewhere: WeChat Pay knows of a refund that was not made here. Somebody who may looks it up and says how much it was.
func (m *moneyStage) elsewhere() {
	m.t.Helper()
	id := m.newCase()
	transaction := m.owner.want(200, "GET", "/complaints/"+id, nil).text("transaction_id")
	if err := m.sim.Pay().RefundByHand(transaction, 6800); err != nil {
		m.t.Fatal(err)
	}
	m.facts(id, 0.0, 16800.0) // WeChat Pay was not asked yet
	blocked, _ := m.finance.want(200, "GET", "/complaints/"+id+"/refund-options", nil).body["blocked"].(map[string]any)
	if blocked["code"] != "refunded_elsewhere" || blocked["way_out"] == nil {
		m.t.Errorf("blocked: %v", blocked)
	}
	m.facts(id, nil, nil)
	path := "/complaints/" + id + "/refunds"
	a := m.finance.do("POST", path, obj{"amount": 10000})
	m.code(a, 409, "not_legal_now")
	if a.text("block") != "refunded_elsewhere" {
		m.t.Errorf("the problem: %s", a.raw)
	}
	m.code(m.finance.do("POST", path, obj{"amount": 10001, "elsewhere": 6800}), 422, "validation")
	m.done(m.finance.want(202, "POST", path, obj{"amount": 10000, "elsewhere": 6800}).text("refund_id"))
	if moved := m.sim.Pay().Ledger().Totals[transaction]; moved != 16800 {
		m.t.Errorf("%d fen moved", moved)
	}
	m.facts(id, 6800.0, 0.0)
}

// facts asserts what a case says of its order; nil = not known.
func (m *moneyStage) facts(id string, elsewhere, remaining any) {
	m.t.Helper()
	got := m.owner.want(200, "GET", "/complaints/"+id, nil).body
	if got["refunded_elsewhere"] != elsewhere || got["refund_remaining"] != remaining {
		m.t.Errorf("the case says %v elsewhere and %v left, want %v and %v", got["refunded_elsewhere"], got["refund_remaining"], elsewhere, remaining)
	}
}

func (m *moneyStage) secondPerson() {
	m.t.Helper()
	m.code(m.viewer.do("PUT", "/settings/refunds", obj{"approval_above": 0, "agent_limit": 0}), 403, "forbidden")
	m.code(m.outsider.do("PUT", "/settings/refunds", obj{"approval_above": 0, "agent_limit": 0}), 403, "forbidden")
	m.finance.want(200, "PUT", "/settings/refunds", obj{"approval_above": 0, "agent_limit": 0})
	id := m.finance.want(202, "POST", "/complaints/"+m.newCase()+"/refunds", obj{"amount": 100}).text("refund_id")
	if got := m.viewer.want(200, "GET", "/refunds/"+id, nil).text("state"); got != "waiting_approval" {
		m.t.Errorf("the refund is %s", got)
	}
	m.code(m.finance.do("POST", "/refunds/"+id+"/approve", nil), 403, "forbidden")
	m.code(m.outsider.do("POST", "/refunds/"+id+"/approve", nil), 404, "not_found")
	m.owner.want(200, "POST", "/refunds/"+id+"/approve", nil)
	m.code(m.owner.do("POST", "/refunds/"+id+"/reject", obj{"reason": "晚了"}), 409, "conflict")
	m.done(id)
}

// notices: what WeChat Pay sends by itself is stored once; what anybody else sends is refused.
func (m *moneyStage) notices() {
	m.t.Helper()
	post := func(path, text string) int {
		r, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.app.Config.PublicURL+path, strings.NewReader(text))
		if err != nil {
			m.t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			m.t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	here := "/wechatpay/notify/" + m.merchant
	for _, tc := range []struct {
		path, text string
		want       int
	}{{"/wechatpay/notify/nobody", "{}", 404}, {here, "{}", 401}, {here, strings.Repeat(" ", 2<<20), 413}} {
		if got := post(tc.path, tc.text); got != tc.want {
			m.t.Errorf("%s answered %d, want %d", tc.path, got, tc.want)
		}
	}
	m.until("a notification of each refund", func() bool {
		var n int
		err := m.app.DB.Read.NewRaw(`SELECT count(*) FROM refund_events WHERE matched <> ''`).Scan(m.t.Context(), &n)
		return err == nil && n == 3
	})
}
