package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

const (
	financeEmail = "finance@example.com"
	// approvalAbove is the amount in fen above which the demo's refunds wait for a second person.
	approvalAbove = 100_000
)

// repayment is the money that a story ends with.
type repayment struct {
	amount int64 // fen
	reason string
	// trouble is a fault of WeChat Pay that hits it; see paysim.Fault.
	trouble string
	want    refund.State
}

// openShop gives the simulated WeChat Pay the one merchant that all programs of the demo use.
func (w *world) openShop() error {
	var ids []string
	for _, p := range programs() {
		ids = append(ids, p.AppID)
	}
	var err error
	if w.merchant, err = w.sim.Pay().AddMerchant(paysim.Merchant{AppIDs: ids}); err != nil {
		return fmt.Errorf("add demo merchant: %w", err)
	}
	return nil
}

// seedMoney makes refunds possible and then those of the stories.
func (w *world) seedMoney(ctx context.Context, a *app.App, all []*story) error {
	if err := w.seedMerchant(ctx, a); err != nil {
		return err
	}
	for _, s := range all {
		if s.back.amount == 0 {
			continue
		}
		if err := w.repay(ctx, a, s.id, s.back); err != nil {
			return err
		}
	}
	return nil
}

// seedMerchant stores the merchant, gives it to both programs, and sets from which amount a second person decides.
func (w *world) seedMerchant(ctx context.Context, a *app.App) error {
	name := "满山小禾商户号"
	key, private := secret.New(w.merchant.APIv3Key), secret.New(w.merchant.PrivateKeyPEM)
	m, err := a.Refunds.CreateMerchant(ctx, refund.MerchantInput{
		Name: &name, MchID: &w.merchant.MchID, CertSerial: &w.merchant.CertSerial, CertPEM: &w.merchant.CertPEM, APIv3Key: &key, PrivateKeyPEM: &private,
	}, func(context.Context, db.Tx, *refund.Merchant) error { return nil })
	if err != nil {
		return fmt.Errorf("create demo merchant: %w", err)
	}
	limit := int64(approvalAbove)
	return a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, id := range []string{tea, park} {
			p, err := a.Programs.ByAppID(ctx, id)
			if err != nil {
				return err
			}
			if _, err := a.Programs.Update(ctx, tx, p.ID, program.Patch{MerchantID: &m.ID}); err != nil {
				return err
			}
		}
		return a.Refunds.SetSettings(ctx, tx, refund.Settings{ApprovalAbove: &limit, AgentLimit: 10_000})
	})
}

// repay asks for a story's refund in the name of the finance user, so that the visitor may decide the large one, and waits for what becomes of it.
func (w *world) repay(ctx context.Context, a *app.App, complaintID string, back repayment) error {
	u, err := a.Identity.UserByEmail(ctx, financeEmail)
	if err != nil {
		return err
	}
	if back.trouble != "" {
		if err := w.sim.Pay().AddFault(paysim.Fault{Target: "pay.refund.create", Mode: back.trouble, Times: 1}); err != nil {
			return fmt.Errorf("make trouble: %w", err)
		}
	}
	r, err := a.Refunds.Submit(ctx, refund.Intent{
		ComplaintID: complaintID, Amount: back.amount, Reason: back.reason, RequestKey: "demo/" + complaintID,
		Actor: refund.Actor{ID: u.ID, Name: u.Name, Any: true, Source: complaint.FromStaff},
	})
	if err != nil {
		return fmt.Errorf("ask for a refund: %w", err)
	}
	return await(ctx, "a refund", func() (bool, error) {
		r, err := a.Refunds.ByID(ctx, r.ID)
		return err == nil && r.State == back.want, err
	})
}

// ensureUser makes a demo user, or gives one of an earlier demo the password of this one.
func ensureUser(ctx context.Context, a *app.App, email, name string, role identity.Role, password string) (identity.User, error) {
	pw := secret.New(password)
	u, err := a.Identity.UserByEmail(ctx, email)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		u, err = a.Identity.CreateUser(ctx, identity.NewUser{Email: email, Name: name, Role: role, Password: pw})
	case err == nil: // a database that an earlier demo filled
		u, err = a.Identity.UpdateUser(ctx, u.ID, identity.Patch{Password: &pw})
	}
	if err != nil {
		return identity.User{}, fmt.Errorf("create demo user %s: %w", email, err)
	}
	return u, nil
}
