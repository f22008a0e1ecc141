package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// sealedColumn is a column of ciphertext; ID is the SQL expression of the row id its values are bound to, Keys the primary key.
type sealedColumn struct{ Table, Column, ID string }

// sealedColumns is every place where secrets rest.
var sealedColumns = []sealedColumn{
	{"platform", "secret_sealed", "id"}, {"platform", "token_sealed", "id"}, {"platform", "aes_key_sealed", "id"},
	{"platform", "prev_token_sealed", "id"}, {"platform", "prev_aes_key_sealed", "id"}, {"platform", "ticket_sealed", "id"},
	{"credentials", "access_sealed", "kind || '/' || appid"}, {"credentials", "refresh_sealed", "kind || '/' || appid"},
	{"auth_codes", "code_sealed", "code_hash"}, {"users", "totp_sealed", "id"},
	{"programs", "app_secret_sealed", "id"}, {"programs", "push_token_sealed", "id"}, {"programs", "push_key_sealed", "id"},
	{"complaints", "phone_sealed", "id"}, {"complaints", "openid_sealed", "id"}, {"complaints", "content_sealed", "id"},
	{"channels", "secrets_sealed", "id"}, {"notices", "address_sealed", "id"},
	{"deliveries", "body_sealed", "id"}, {"snapshots", "body_sealed", "id"},
}

// ResealArgs is the job that seals one column's values with the new primary key, a batch at a time, then goes on with the next column.
type ResealArgs struct {
	Column int    `json:"column"`
	After  string `json:"after"`
}

// Kind implements river.JobArgs.
func (ResealArgs) Kind() string { return "app.reseal" }

// rotate adds a new primary key and starts sealing everything anew in the background. Old keys keep opening what they sealed.
func (a *App) rotate(ctx context.Context) (Result, error) {
	mk, err := a.Config.LoadMasterKey(false)
	if err != nil {
		return Result{}, err
	}
	err = a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var old string
		if err := tx.NewRaw(`SELECT wrapped FROM keyset WHERE id = 'default'`).Scan(ctx, &old); err != nil {
			return fmt.Errorf("read keyset: %w", err)
		}
		next, err := secret.AddPrimary(mk, old)
		if err != nil {
			return err
		}
		ok, err := db.Changed(tx.NewRaw(`UPDATE keyset SET wrapped = ? WHERE id = 'default' AND wrapped = ?`, next, old).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store keyset: %w", err)
		}
		if !ok {
			return errors.New("another rotation was faster; try again")
		}
		return tx.Enqueue(ctx, ResealArgs{}, &river.InsertOpts{Queue: db.QueueDefault})
	})
	if err != nil {
		return Result{}, err
	}
	if err := a.Sealer.Reload(ctx); err != nil {
		return Result{}, err
	}
	return Result{Out: "a new key is in use; stored secrets are being sealed anew in the background\n"}, nil
}

const resealBatch = 200

// reseal does ResealArgs. A row that changes meanwhile is already sealed with the new key; compare-and-set leaves it alone.
func (a *App) reseal(ctx context.Context, j ResealArgs) error {
	if j.Column >= len(sealedColumns) {
		a.Logger.InfoContext(ctx, "all stored secrets are sealed with the new key")
		return nil
	}
	if err := a.Sealer.Reload(ctx); err != nil {
		return err
	}
	c := sealedColumns[j.Column]
	return a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var rows []struct{ ID, V string }
		q := fmt.Sprintf(`SELECT %s AS id, %s AS v FROM %s WHERE %s <> '' AND %s > ? ORDER BY 1 LIMIT %d`, c.ID, c.Column, c.Table, c.Column, c.ID, resealBatch)
		if err := tx.NewRaw(q, j.After).Scan(ctx, &rows); err != nil {
			return fmt.Errorf("read %s.%s: %w", c.Table, c.Column, err)
		}
		for _, r := range rows {
			if err := a.resealOne(ctx, tx, c, r.ID, r.V); err != nil {
				return err
			}
		}
		next := ResealArgs{Column: j.Column + 1}
		if len(rows) == resealBatch {
			next = ResealArgs{Column: j.Column, After: rows[len(rows)-1].ID}
		}
		return tx.Enqueue(ctx, next, nil)
	})
}

func (a *App) resealOne(ctx context.Context, tx db.Tx, c sealedColumn, id, sealed string) error {
	if a.Sealer.SealedWithPrimary(sealed) {
		return nil
	}
	place := secret.Place{Table: c.Table, Column: c.Column, ID: id}
	v, err := a.Sealer.Open(place, sealed)
	if err != nil {
		return err
	}
	fresh, err := a.Sealer.Seal(place, v)
	if err != nil {
		return err
	}
	q := fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ? AND %s = ?`, c.Table, c.Column, c.ID, c.Column)
	if _, err := tx.NewRaw(q, fresh, id, sealed).Exec(ctx); err != nil {
		return fmt.Errorf("seal %s.%s anew: %w", c.Table, c.Column, err)
	}
	return nil
}
