package complaint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

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
		if err := noteOutcome(ctx, tx, &next, d.Nodes); err != nil {
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
		created: w.CreateTime, paid: w.PayTime, phone: w.PhoneNumber, openID: w.OpenID, content: strings.TrimSpace(w.Content), images: w.MediaURLs,
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
		// Blank content is none, and content may be WeChat's own words once more.
		if said := strings.TrimSpace(n.Content); said != "" && said != text && said != NodeText(int64(n.ItemType), nil) {
			text += "：" + storable(MaskText(said))
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
