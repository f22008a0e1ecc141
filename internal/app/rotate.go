package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// sealedColumn is a column of ciphertext; ID is the SQL expression of the row id its values are bound to. With As, the column holds a
// JSON array of values that were sealed for the column As of the same row.
type sealedColumn struct {
	Table, Column, ID string
	As                string
}

// sealedColumns is every place where secrets rest.
var sealedColumns = []sealedColumn{
	{Table: "platform", Column: "secret_sealed", ID: "id"},
	{Table: "platform", Column: "token_sealed", ID: "id"},
	{Table: "platform", Column: "aes_key_sealed", ID: "id"},
	{Table: "platform", Column: "prev_token_sealed", ID: "id"},
	{Table: "platform", Column: "prev_aes_key_sealed", ID: "id"},
	{Table: "platform", Column: "ticket_sealed", ID: "id"},
	{Table: "credentials", Column: "access_sealed", ID: "kind || '/' || appid"},
	{Table: "credentials", Column: "refresh_sealed", ID: "kind || '/' || appid"},
	{Table: "credentials", Column: "refresh_history", ID: "kind || '/' || appid", As: "refresh_sealed"},
	{Table: "auth_codes", Column: "code_sealed", ID: "code_hash"},
	{Table: "users", Column: "totp_sealed", ID: "id"},
	{Table: "programs", Column: "app_secret_sealed", ID: "id"},
	{Table: "programs", Column: "push_token_sealed", ID: "id"},
	{Table: "programs", Column: "push_key_sealed", ID: "id"},
	{Table: "programs", Column: "prev_push_token_sealed", ID: "id"},
	{Table: "programs", Column: "prev_push_key_sealed", ID: "id"},
	{Table: "complaints", Column: "phone_sealed", ID: "id"},
	{Table: "complaints", Column: "openid_sealed", ID: "id"},
	{Table: "complaints", Column: "content_sealed", ID: "id"},
	{Table: "channels", Column: "secrets_sealed", ID: "id"},
	{Table: "channels", Column: "callback_sealed", ID: "id"},
	{Table: "channel_bindings", Column: "address_sealed", ID: "id"},
	{Table: "subscriptions", Column: "receivers_sealed", ID: "id"},
	{Table: "contacts", Column: "address_sealed", ID: "user_id || '/' || channel_id"},
	{Table: "notices", Column: "address_sealed", ID: "id"},
	{Table: "links", Column: "token_sealed", ID: "id"},
	{Table: "deliveries", Column: "body_sealed", ID: "id"},
	{Table: "snapshots", Column: "body_sealed", ID: "id"},
	{Table: "merchants", Column: "api_v3_key_sealed", ID: "id"},
	{Table: "merchants", Column: "prev_api_v3_key_sealed", ID: "id"},
	{Table: "merchants", Column: "private_key_sealed", ID: "id"},
	{Table: "hash_keys", Column: "key_sealed", ID: "id"},
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

func (a *App) resealOne(ctx context.Context, tx db.Tx, c sealedColumn, id, stored string) error {
	fresh, err := a.resealed(c, id, stored)
	if err != nil {
		// It could not be opened before either; the others must not wait for it.
		a.Logger.WarnContext(ctx, "a stored secret does not open", "table", c.Table, "column", c.Column, "id", id)
		return nil
	}
	if fresh == stored {
		return nil
	}
	q := fmt.Sprintf(`UPDATE %s SET %s = ? WHERE %s = ? AND %s = ?`, c.Table, c.Column, c.ID, c.Column)
	if _, err := tx.NewRaw(q, fresh, id, stored).Exec(ctx); err != nil {
		return fmt.Errorf("seal %s.%s anew: %w", c.Table, c.Column, err)
	}
	return nil
}

// resealed returns what a column is to hold instead.
func (a *App) resealed(c sealedColumn, id, stored string) (string, error) {
	if c.As == "" {
		return a.Sealer.Reseal(secret.Place{Table: c.Table, Column: c.Column, ID: id}, stored)
	}
	var list []string
	if err := json.Unmarshal([]byte(stored), &list); err != nil {
		return "", fmt.Errorf("read %s.%s: %w", c.Table, c.Column, err)
	}
	for i, v := range list {
		var err error
		if list[i], err = a.Sealer.Reseal(secret.Place{Table: c.Table, Column: c.As, ID: id}, v); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("encode %s.%s: %w", c.Table, c.Column, err)
	}
	return string(b), nil
}
