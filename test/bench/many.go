package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
)

// What a year's complaints of a service provider look like.
const (
	manyPrograms = 300
	manyStaff    = 20
	openShare    = 0.03
	textWords    = 14
)

var (
	// vocabulary: the first are in every other text, the last in few.
	vocabulary = strings.Fields("退款 商家 客服 不回复 收到 快递 申请 商品 联系 已经 订单 没有 发货 处理 物流 投诉 礼盒 破损 包装 茶叶 充电宝 归还 计费 扣费 孩子 误操作 会员 剧集 虚假 宣传 尺码 颜色 色差 描述不符 少发 错发 赠品 承诺 押金 余额 骑行 关锁 停车 调度费 门票 预约 取消 发票 地址 签收")
	seldom     = strings.Fields("荔枝 螃蟹 青花瓷 钢琴 帐篷 假发 猫砂 鱼缸 口琴 风筝")
	products   = strings.Fields("明前龙井礼盒 充电宝租借 亲子门票 短剧会员 露营帐篷套装 单车月卡 婚纱照套餐 小青柑 手工皂 蓝牙耳机")
	types      = []complaint.Problem{611, 612, 613, 614, 621, 631, 632, 633, 641, 642, 643, 650, 651, 652, 656, 660, 662, 664, 666, 670, 673, 675, 676, 678, 679}
	ended      = []complaint.Status{102, 112, 112, 115, 205, 205, 205, 209}
	waiting    = []complaint.Status{201, 201, 201, 203, 204, 101, 103, 106, 206, 309, 312}
)

// shelf fills a stopped product's database.
type shelf struct {
	db       *db.DB
	cases    *complaint.Service
	programs []string
	rand     *rand.Rand
	now      time.Time
}

// fill stores n complaints as older versions of the product left them, then brings them into the inbox and into the text index, as an upgrade does. Indexes are made at
// the end, which is many times faster.
func (w *world) fill(ctx context.Context, n int, dsn string) (err error) {
	d, err := db.Open(ctx, db.Options{URL: dsn, DataDir: filepath.Join(w.dir, "data")})
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Migrate(ctx); err != nil {
		return err
	}
	s := &shelf{db: d, rand: rand.New(rand.NewPCG(1, 1)), now: time.Now()}
	s.cases = complaint.New(complaint.Options{DB: d, Clock: clock.NewFake(s.now)})
	if err := s.addPrograms(ctx); err != nil {
		return err
	}
	w.programs = s.programs
	began := time.Now()
	say := func(what string) {
		fmt.Fprintf(os.Stderr, "  %s: %s after %s\n", d.Engine, what, time.Since(began).Round(time.Second))
	}
	if err := s.withoutIndexes(ctx, "complaints", func() error { return s.addComplaints(ctx, n) }); err != nil {
		return err
	}
	say("complaints stored")
	if err := s.addHistory(ctx); err != nil {
		return err
	}
	say("history stored")
	if d.Engine == db.Postgres { // as the server would have done long ago
		if _, err := d.SQL().ExecContext(ctx, "ANALYZE"); err != nil {
			return err
		}
	}
	if err := s.withoutIndexes(ctx, "inbox", func() error {
		_, err := s.cases.FillInbox(ctx)
		return err
	}); err != nil {
		return err
	}
	if err := s.noteReplies(ctx); err != nil {
		return err
	}
	say("inbox filled")
	if err := s.cases.TidyCounts(ctx); err != nil {
		return err
	}
	if err := s.cases.IndexText(ctx, func() bool { return false }); err != nil {
		return err
	}
	say("texts indexed")
	if d.Engine == db.Postgres {
		_, err = d.SQL().ExecContext(ctx, "VACUUM ANALYZE")
	}
	return err
}

func (s *shelf) addPrograms(ctx context.Context) error {
	var rows []program.Program
	for i := range manyPrograms {
		id := db.NewID()
		s.programs = append(s.programs, id)
		rows = append(rows, program.Program{
			ID: id, AppID: fmt.Sprintf("wxbench%011d", i), Mode: program.Platform, State: program.Disabled, Name: fmt.Sprintf("店铺 %d", i),
			CreatedAt: db.At(s.now), UpdatedAt: db.At(s.now),
		})
	}
	_, err := s.db.Write().NewInsert().Model(&rows).Exec(ctx)
	return err
}

// withoutIndexes takes the indexes of a table away while fn fills it.
func (s *shelf) withoutIndexes(ctx context.Context, table string, fn func() error) error {
	var defs []struct{ Name, Def string }
	query := "SELECT name, sql AS def FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
	if s.db.Engine == db.Postgres {
		query = "SELECT indexname AS name, indexdef AS def FROM pg_indexes WHERE tablename = ? AND indexname NOT LIKE '%key'"
	}
	if err := s.db.Read.NewRaw(query, table).Scan(ctx, &defs); err != nil {
		return err
	}
	for _, x := range defs {
		if _, err := s.db.SQL().ExecContext(ctx, "DROP INDEX "+x.Name); err != nil {
			return err
		}
	}
	if err := fn(); err != nil {
		return err
	}
	for _, x := range defs {
		if _, err := s.db.SQL().ExecContext(ctx, x.Def); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) addComplaints(ctx context.Context, n int) error {
	const perStatement, perTx = 250, 5000
	for from := 0; from < n; from += perTx {
		if err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for at := from; at < min(from+perTx, n); at += perStatement {
				var rows []complaint.Complaint
				for i := at; i < min(at+perStatement, n); i++ {
					rows = append(rows, s.one(i, n))
				}
				if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// one is the i-th of n complaints, the last of which was filed just now and the first a year ago.
func (s *shelf) one(i, n int) complaint.Complaint {
	r := s.rand
	filed := s.now.Add(-time.Duration(float64(365*24*time.Hour) * float64(n-i) / float64(n)))
	p := int(float64(len(s.programs)) * r.Float64() * r.Float64()) // some shops have many, most few
	c := complaint.Complaint{
		ID: idAt(filed, r), ProgramID: s.programs[p], ComplaintOrderID: fmt.Sprint(11_000_000 + i), Type: types[r.IntN(len(types))], Status: ended[r.IntN(len(ended))],
		ProductName: products[r.IntN(len(products))], TransactionID: fmt.Sprintf("4200002%021d", r.Int64N(1e18)), OutTradeNo: fmt.Sprintf("MS%s%06d", filed.Format("060102"), r.IntN(1e6)),
		PhoneMasked: fmt.Sprintf("138****%04d", r.IntN(1e4)), OpenIDMasked: "oHSi****mC4d", ContentMasked: s.text(), CreatedAt: db.At(filed), PaidAt: db.At(filed.Add(-72 * time.Hour)),
		FirstSeenAt: db.At(filed.Add(time.Second)), SyncedAt: db.At(s.now), SnapshotHash: strings.Repeat("0f", 32), Version: 3,
		PhoneSealed: sealed(60), OpenIDSealed: sealed(90), ContentSealed: sealed(240),
	}
	amount := 100 + r.Int64N(50_000)
	user := fmt.Sprintf("%064x", r.IntN(max(1, n-n/5)))
	c.Amount, c.Images.V, c.UserHash = &amount, []string{}, &user
	if r.Float64() < openShare || n-i < n/200 {
		c.Status = waiting[r.IntN(len(waiting))]
		c.DueAt = db.At(s.now.Add(time.Duration(r.IntN(52*60)-120) * time.Minute))
		if r.IntN(3) > 0 {
			c.AssigneeID = staff(r.IntN(manyStaff))
		}
	}
	c.Stage = complaint.StageOf(c.Status, 0)
	c.DueSort = int64(c.DueAt)
	return c
}

func staff(i int) string { return fmt.Sprintf("staff-%02d", i) }

func (s *shelf) text() string {
	var b strings.Builder
	for range textWords {
		// Words are the rarer the later they stand in the list.
		x := s.rand.Float64()
		b.WriteString(vocabulary[int(float64(len(vocabulary))*x*x)])
	}
	if s.rand.IntN(20_000) == 0 {
		b.WriteString(seldom[s.rand.IntN(len(seldom))])
	}
	return b.String()
}

// sealed stands for a sealed value of n characters; nobody opens it.
func sealed(n int) string { return strings.Repeat("A", n) }

// idAt is a UUIDv7 of a moment.
func idAt(t time.Time, r *rand.Rand) string {
	var u uuid.UUID
	ms := uint64(t.UnixMilli())
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	for i := 6; i < 16; i++ {
		u[i] = byte(r.Uint32())
	}
	u[6] = 0x70 | u[6]&0x0f
	u[8] = 0x80 | u[8]&0x3f
	return u.String()
}
