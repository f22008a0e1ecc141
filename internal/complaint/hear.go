package complaint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// Hear records what a complaint push says and has the case read at WeChat. A case that is new is stored from the push alone and announced at once, so
// that people are told even while WeChat's detail cannot be read. For a known case the push is only a reason to look: pushes arrive late and out of
// order, WeChat's detail is the truth.
func (s *Service) Hear(ctx context.Context, p *program.Program, e push.ComplaintCallback) error {
	if e.ComplaintOrderID == "" {
		return ErrNotAtWeChat
	}
	s.loadUserKey(ctx)
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, created, err := s.ensure(ctx, tx, p.ID, e.ComplaintOrderID, func(c *Complaint) error {
			c.AssigneeID = p.OwnerID
			return s.applyPush(c, e)
		})
		if err != nil {
			return err
		}
		if created {
			if err := errors.Join(s.announceNew(ctx, tx, c), s.wantImages(ctx, tx, c.ID, e.MediaURLs)); err != nil {
				return err
			}
		}
		if c.SyncError != "" {
			return tx.Enqueue(ctx, SyncArgs{ComplaintID: c.ID}, db.Once(db.QueueDefault)) // one is being retried already
		}
		return tx.Enqueue(ctx, SyncArgs{ComplaintID: c.ID}, nil)
	})
}

// Import makes a case known by its number, for complaints whose push was never received, and reads it at WeChat first, so that a wrong number makes no
// case.
func (s *Service) Import(ctx context.Context, p *program.Program, orderID string) (*Complaint, error) {
	known := new(Complaint)
	err := s.db.Read.NewSelect().Model(known).Where("program_id = ? AND complaint_order_id = ?", p.ID, orderID).Scan(ctx)
	if err == nil {
		return known, s.db.Enqueue(ctx, SyncArgs{ComplaintID: known.ID}, nil)
	}
	if !db.IsNotFound(err) {
		return nil, fmt.Errorf("look for complaint: %w", err)
	}
	var d wechat.Detail
	err = s.programs.Call(ctx, p, program.ComplaintSets, func(ctx context.Context, token string) error {
		var err error
		d, _, err = s.wechat.ComplaintDetail(ctx, token, orderID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read complaint at WeChat: %w", err)
	}
	s.loadUserKey(ctx)
	var c *Complaint
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var created bool
		var err error
		// Filled at once: people are told of it before the sync has merged the same answer.
		if c, created, err = s.ensure(ctx, tx, p.ID, orderID, func(c *Complaint) error {
			c.AssigneeID = p.OwnerID
			return s.apply(c, d)
		}); err != nil {
			return err
		}
		if created {
			if err := s.announceNew(ctx, tx, c); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, SyncArgs{ComplaintID: c.ID}, nil)
	})
	return c, err
}

// ensure returns the case, inserting it (filled by fill) when it is not known yet.
func (s *Service) ensure(ctx context.Context, tx db.Tx, programID, orderID string, fill func(*Complaint) error) (*Complaint, bool, error) {
	c := new(Complaint)
	find := func() error {
		return tx.NewSelect().Model(c).Where("program_id = ? AND complaint_order_id = ?", programID, orderID).Scan(ctx)
	}
	err := find()
	if err == nil {
		return c, false, nil
	}
	if !db.IsNotFound(err) {
		return nil, false, fmt.Errorf("look for complaint: %w", err)
	}
	fresh := &Complaint{ID: db.NewID(), ProgramID: programID, ComplaintOrderID: orderID, Stage: StageUnknown, FirstSeenAt: s.now(), DueSort: noDue}
	fresh.NextCheckAt = db.At(s.clock.Now().Add(reconcileAfter))
	fresh.Images.V = []string{}
	if err := fill(fresh); err != nil {
		return nil, false, err
	}
	created, err := db.Changed(tx.NewInsert().Model(fresh).On("CONFLICT (program_id, complaint_order_id) DO NOTHING").Exec(ctx))
	if err != nil {
		return nil, false, fmt.Errorf("store complaint: %w", err)
	}
	if created {
		if err := putInbox(ctx, tx, fresh); err != nil {
			return nil, false, err
		}
		return fresh, true, noteOutcome(ctx, tx, fresh, nil)
	}
	if err := find(); err != nil {
		return nil, false, fmt.Errorf("look for complaint: %w", err)
	}
	return c, false, nil
}

func (s *Service) announceNew(ctx context.Context, tx db.Tx, c *Complaint) error {
	if err := s.announceDuty(ctx, tx, new(Complaint), c); err != nil {
		return err
	}
	return tx.Enqueue(ctx, ChangedArgs{ComplaintID: c.ID, ProgramID: c.ProgramID, Change: Created, Status: c.Status, Version: c.Version}, nil)
}

func (s *Service) applyPush(c *Complaint, e push.ComplaintCallback) error {
	c.Status, c.Type = Status(e.Status), Problem(e.Type)
	c.Stage = StageOf(c.Status, AppealNone)
	c.setDue(db.FromUnix(e.ExpireTime))
	c.setClosed(s.now())
	return s.setFacts(c, facts{
		amount: e.AmountFen, product: e.ProductName, orderID: e.OrderID, transactionID: e.TransactionID, outTradeNo: e.OutTradeNo,
		created: e.CreateTime, paid: e.PayTime, phone: e.PhoneNumber, openID: e.OpenID, content: strings.TrimSpace(e.Content), images: e.MediaURLs,
	})
}

// InTx returns a case inside a transaction, or ErrNotFound.
func (s *Service) InTx(ctx context.Context, tx db.Tx, id string) (*Complaint, error) {
	return s.byID(ctx, tx, id)
}

// NumberProblem says why something typed in cannot be a complaint number (投诉单号), empty if it can. Numbers seen have 4 to 8 digits, so a long one is
// most likely an order number (reference/wechat-complaint-api.md §2.2, §13).
func NumberProblem(number string) string {
	if number == "" {
		return "请填写投诉单号"
	}
	for _, r := range number {
		if r < '0' || r > '9' {
			return "投诉单号只有数字，请从微信公众平台的交易投诉页面复制"
		}
	}
	if len(number) > 20 {
		return "这看起来是支付单号，不是投诉单号。请从微信公众平台的交易投诉页面复制投诉单号"
	}
	return ""
}

// staleAfter is how old a reading may be before opening the case asks for a new one.
const staleAfter = 10 * time.Minute

// Freshen has a case read again if it may still change, or shows images, and was not read lately.
func (s *Service) Freshen(ctx context.Context, c *Complaint) error {
	if c.SyncError != "" || s.clock.Now().Sub(c.SyncedAt.Time()) < staleAfter || (!c.Stage.Open() && len(c.Images.V) == 0) {
		return nil
	}
	return s.db.Enqueue(ctx, SyncArgs{ComplaintID: c.ID}, db.Once(db.QueueDefault))
}
