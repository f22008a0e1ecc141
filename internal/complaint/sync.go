package complaint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Sync does SyncArgs: it reads the case at WeChat and merges it. A failure is kept on the case, where people see it, and tried again with a
// backoff; missing permission and revoked authorisation wait longer, since somebody has to act first.
func (s *Service) Sync(ctx context.Context, id string) error {
	_, err := s.SyncNow(ctx, id)
	if err == nil || errors.Is(err, ErrNotFound) {
		return nil
	}
	if errors.Is(err, errMoved) {
		return river.JobSnooze(time.Second)
	}
	if !errors.Is(err, errUnread) {
		return err // our own fault: the queue logs it and tries again
	}
	c, rerr := s.ByID(ctx, id)
	if rerr != nil {
		return rerr
	}
	return river.JobSnooze(s.retryAfter(c, err))
}

func (s *Service) retryAfter(c *Complaint, err error) time.Duration {
	var we *wechat.Error
	if errors.As(err, &we) && (we.Class == wechat.NoPermission || we.Class == wechat.Revoked) ||
		errors.Is(err, program.ErrRevoked) || errors.Is(err, program.ErrNeedsReauth) || errors.Is(err, program.ErrModeMismatch) {
		return 10 * time.Minute
	}
	if we != nil && we.NeedsOperator { // an AppSecret or an IP list has to be mended first
		return 10 * time.Minute
	}
	wait := db.Backoff(int(c.SyncAttempts))
	if we != nil && we.RetryAfter > wait {
		wait = we.RetryAfter
	}
	return wait
}

// maxRereads bounds how often SyncNow starts again because somebody else merged the case meanwhile.
const maxRereads = 3

// SyncNow reads the case at WeChat now, merges it and returns it as it is afterwards.
func (s *Service) SyncNow(ctx context.Context, id string) (c *Complaint, err error) {
	for range maxRereads {
		if c, err = s.readAndMerge(ctx, id); !errors.Is(err, errMoved) {
			return c, err
		}
	}
	return nil, err
}

func (s *Service) readAndMerge(ctx context.Context, id string) (*Complaint, error) {
	c, err := s.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := s.programs.ByID(ctx, c.ProgramID)
	if err != nil {
		return nil, err
	}
	var d wechat.Detail
	var raw []byte
	asked := s.now() // not when it is stored: what happens at WeChat in between is not in the answer
	err = s.programs.Call(ctx, p, program.ComplaintSets, func(ctx context.Context, token string) error {
		var err error
		d, raw, err = s.wechat.ComplaintDetail(ctx, token, c.ComplaintOrderID)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", errUnread, err), s.noteSyncError(ctx, c.ID, err))
	}
	return s.merge(ctx, c, d, raw, asked)
}

func (s *Service) noteSyncError(ctx context.Context, id string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	code, rid := 0, ""
	var we *wechat.Error
	if errors.As(cause, &we) {
		code, rid = we.Code, we.RID
	}
	_, err := s.db.Write().NewUpdate().Model((*Complaint)(nil)).
		Set("sync_error = ?, sync_errcode = ?, sync_rid = ?, sync_attempts = sync_attempts + 1", SyncProblem(cause), code, rid).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note failed sync: %w", err)
	}
	return nil
}

// SyncProblem says in words why a case could not be read at WeChat.
func SyncProblem(err error) string {
	var we *wechat.Error
	switch {
	case errors.Is(err, program.ErrRevoked), errors.Is(err, program.ErrNeedsReauth):
		return "小程序的授权已失效，无法与微信同步。请管理员重新授权"
	case errors.Is(err, program.ErrNoPlatform), errors.Is(err, program.ErrNoTicket):
		return "第三方平台还没有连通微信，连通后会自动同步"
	case !errors.As(err, &we):
		return "暂时无法与微信同步，正在自动重试"
	case we.API == wechat.APIStableToken:
		text, _ := program.UpstreamText(err)
		return text
	case we.Class == wechat.NoPermission:
		return "小程序没有授权「小程序违规与交易投诉管理」，读不到投诉详情"
	case we.Class == wechat.Revoked:
		return "小程序已取消授权，读不到投诉详情"
	case we.Code == -1:
		return "微信繁忙，或单号不属于这个小程序，正在自动重试"
	}
	return "微信暂时没有返回投诉详情，正在自动重试"
}

// merge stores what WeChat said: complaint, snapshot, timeline and the jobs that follow, in one transaction. The same answer twice changes nothing but
// the time of the last sync. A case that changed meanwhile gives errMoved: what was read may be older than what is stored.
func (s *Service) merge(ctx context.Context, read *Complaint, d wechat.Detail, raw []byte, asked db.Time) (*Complaint, error) {
	sum, err := fingerprint(d)
	if err != nil {
		return nil, err
	}
	next := *read
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.apply(&next, d); err != nil {
			return err
		}
		next.SyncedAt, next.SyncError, next.SyncErrcode, next.SyncRID, next.SyncAttempts = asked, "", 0, "", 0
		fresh := sum != read.SnapshotHash
		next.SnapshotHash = sum
		next.Unchanged++
		if fresh {
			next.Version++
			next.Unchanged = 0
		}
		next.NextCheckAt = db.At(nextCheck(&next, s.clock.Now()))
		ok, err := db.Changed(tx.NewUpdate().Model(&next).ExcludeColumn("assignee_id").WherePK().Where("version = ?", read.Version).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store complaint: %w", err)
		}
		if !ok {
			return errMoved
		}
		if err := moveInbox(ctx, tx, &next); err != nil {
			return err
		}
		if err := s.announceDuty(ctx, tx, read, &next); err != nil {
			return err
		}
		if err := s.wantImages(ctx, tx, next.ID, mediaURLs(d)); err != nil {
			return err
		}
		if err := s.mergeNodes(ctx, tx, next.ID, d, fresh); err != nil || !fresh {
			return err
		}
		if err := s.noteDeadline(ctx, tx, read, &next, d); err != nil {
			return err
		}
		if err := s.keepSnapshot(ctx, tx, &next, raw); err != nil {
			return err
		}
		return s.announce(ctx, tx, read, &next)
	})
	if err != nil {
		return nil, err
	}
	return &next, nil
}

// announce enqueues what became of the case, if it is something people care about.
func (s *Service) announce(ctx context.Context, tx db.Tx, from, to *Complaint) error {
	change := changeOf(from.Status, to.Status, from.AppealState, to.AppealState)
	if from.Status == 0 { // imported or heard without a readable status: its creation was announced already
		change = ""
	}
	if change == "" {
		return nil
	}
	return tx.Enqueue(ctx, ChangedArgs{
		ComplaintID: to.ID, ProgramID: to.ProgramID, Change: change, Status: to.Status, AppealState: to.AppealState, Version: to.Version,
	}, nil)
}

// apply copies WeChat's answer over a case. Fields that WeChat left out keep what they had.
func (s *Service) apply(c *Complaint, d wechat.Detail) error {
	w := d.Complaint
	if w.Status != 0 {
		c.Status = Status(w.Status)
	}
	if w.Type != 0 {
		c.Type = Problem(w.Type)
	}
	c.AppealState = int64(w.AppealState)
	c.Stage = StageOf(c.Status, c.AppealState)
	c.setDue(db.FromUnix(w.ExpireTime))
	c.setClosed(lastStep(d, s.now()))
	facts := facts{
		amount: w.AmountFen, product: w.ProductName, orderID: w.OrderID, transactionID: w.TransactionID, outTradeNo: w.OutTradeNo,
		created: w.CreateTime, paid: w.PayTime, phone: w.PhoneNumber, openID: w.OpenID, content: w.Content, images: w.MediaURLs,
	}
	if d.ReturnBill != nil {
		b, err := json.Marshal(d.ReturnBill)
		if err != nil {
			return fmt.Errorf("encode return bill: %w", err)
		}
		c.ReturnBill = string(b)
	}
	return s.setFacts(c, facts)
}

// lastStep is when WeChat's last step was, or now when it doesn't say: what is imported long after its end ended then.
func lastStep(d wechat.Detail, now db.Time) db.Time {
	last := db.Time(0)
	for _, n := range d.Nodes {
		if at := db.FromUnix(n.Time); at <= now {
			last = max(last, at)
		}
	}
	return cmp.Or(last, now)
}

// setClosed notes since when a case is over. One that goes on again is as if it had never been: what was forgotten of it comes back with WeChat's answer.
func (c *Complaint) setClosed(now db.Time) {
	switch over := c.Stage == Closed && c.AppealState != AppealRunning; {
	case !over:
		c.ClosedAt, c.ErasedAt = 0, 0
	case c.ClosedAt.IsZero():
		c.ClosedAt = now
	}
}

func (c *Complaint) setDue(t db.Time) {
	c.DueAt, c.DueSort = t, int64(t)
	if t.IsZero() || c.Stage == Closed {
		c.DueSort = noDue
	}
}

// facts are the plain values that pushes and details have in common; empty ones don't overwrite.
type facts struct {
	amount                                      *int64
	product, orderID, transactionID, outTradeNo string
	created, paid                               int64 // Unix seconds
	phone, openID, content                      string
	images                                      []string
}

func (s *Service) setFacts(c *Complaint, f facts) error {
	if f.amount != nil {
		c.Amount = f.amount
	}
	for _, t := range []struct {
		to *string
		v  string
	}{{&c.ProductName, f.product}, {&c.OrderID, f.orderID}, {&c.TransactionID, f.transactionID}, {&c.OutTradeNo, f.outTradeNo}} {
		if t.v != "" {
			*t.to = storable(t.v)
		}
	}
	if f.created != 0 {
		c.CreatedAt = db.FromUnix(f.created)
	}
	if f.paid != 0 {
		c.PaidAt = db.FromUnix(f.paid)
	}
	if len(f.images) > 0 {
		c.Images.V = f.images
	}
	return s.setPersonal(c, f)
}

func (s *Service) setPersonal(c *Complaint, f facts) error {
	for _, t := range []struct {
		column, v      string
		sealed, masked *string
		mask           func(string) string
	}{
		{"phone_sealed", f.phone, &c.PhoneSealed, &c.PhoneMasked, MaskPhone},
		{"openid_sealed", f.openID, &c.OpenIDSealed, &c.OpenIDMasked, MaskOpenID},
		{"content_sealed", f.content, &c.ContentSealed, &c.ContentMasked, MaskText},
	} {
		if t.v == "" || !c.ErasedAt.IsZero() { // what was deleted does not come back because somebody looks
			continue
		}
		var err error
		if *t.sealed, err = s.sealer.Seal(place(t.column, c.ID), secret.New(t.v)); err != nil {
			return err
		}
		*t.masked = storable(t.mask(t.v))
	}
	return nil
}

// storable drops NUL, which JSON may carry and no text column may hold: one bad character must not keep a case from being read.
func storable(v string) string { return strings.ReplaceAll(v, "\x00", "") }

func (s *Service) keepSnapshot(ctx context.Context, tx db.Tx, c *Complaint, raw []byte) error {
	snap := snapshot{ID: db.NewID(), ComplaintID: c.ID, Hash: c.SnapshotHash, Status: c.Status, TakenAt: s.now()}
	var err error
	if snap.BodySealed, err = s.sealer.Seal(secret.Place{Table: "snapshots", Column: "body_sealed", ID: snap.ID}, secret.New(string(raw))); err != nil {
		return err
	}
	if _, err := tx.NewInsert().Model(&snap).Exec(ctx); err != nil {
		return fmt.Errorf("store snapshot: %w", err)
	}
	return nil
}

// mergeNodes adds WeChat's progress entries that are not in the timeline yet, and renews the image links of those that are: they expire.
func (s *Service) mergeNodes(ctx context.Context, tx db.Tx, id string, d wechat.Detail, fresh bool) error {
	for _, n := range d.Nodes {
		if !fresh && len(n.MediaURLs) == 0 {
			continue
		}
		var blame *int64
		if n.BlameResult != nil {
			v := int64(*n.BlameResult)
			blame = &v
		}
		text := NodeText(int64(n.ItemType), blame)
		if n.Content != "" && n.Content != text {
			text += "：" + storable(MaskText(n.Content))
		}
		if t, ok := appealTexts[int64(n.AppealItemType)]; ok {
			text = t
		}
		e := Entry{
			ComplaintID: id, At: db.FromUnix(n.Time), Source: FromWeChat, Kind: fmt.Sprintf("node_%d", n.ItemType), Text: text,
			DedupeKey: "wechat:" + shortHash(fmt.Sprintf("%d|%d|%d|%s", n.Time, n.ItemType, n.AppealItemType, n.Content)),
		}
		e.Images.V = n.MediaURLs
		if e.Images.V == nil {
			e.Images.V = []string{}
		}
		if err := s.AddEntry(ctx, tx, e); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*Entry)(nil)).Set("images = ?", e.Images).
			Where("complaint_id = ? AND dedupe_key = ? AND images <> ?", id, e.DedupeKey, e.Images).Exec(ctx); err != nil {
			return fmt.Errorf("renew timeline images: %w", err)
		}
	}
	return nil
}

var appealTexts = map[int64]string{
	AppealOpen: "可以申诉", AppealExpired: "超过申诉时间", AppealRunning: "申诉中", AppealAccepted: "申诉成功", AppealRejected: "申诉失败",
}

// fingerprint identifies what a detail says. Image links carry signatures that change at every call, so their queries don't count.
func fingerprint(d wechat.Detail) (string, error) {
	strip := func(urls []string) []string {
		out := make([]string, len(urls))
		for i, u := range urls {
			if p, err := url.Parse(u); err == nil {
				p.RawQuery, p.Fragment = "", ""
				u = p.String()
			}
			out[i] = u
		}
		return out
	}
	c := d.Complaint
	c.MediaURLs = strip(c.MediaURLs)
	c.HeadImgURL = ""
	nodes := make([]wechat.Node, len(d.Nodes))
	for i, n := range d.Nodes {
		n.MediaURLs = strip(n.MediaURLs)
		nodes[i] = n
	}
	b, err := json.Marshal(struct {
		C wechat.Complaint
		N []wechat.Node
		R *wechat.ReturnBill
	}{c, nodes, d.ReturnBill})
	if err != nil {
		return "", fmt.Errorf("fingerprint complaint: %w", err)
	}
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:]), nil
}

func shortHash(v string) string {
	h := sha256.Sum256([]byte(v))
	return hex.EncodeToString(h[:12])
}

// mediaURLs are the links of all pictures in a detail.
func mediaURLs(d wechat.Detail) []string {
	out := slices.Clone(d.Complaint.MediaURLs)
	for _, n := range d.Nodes {
		out = append(out, n.MediaURLs...)
	}
	return out
}
