package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/db"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply what is missing."`
	Status migrateStatusCmd `cmd:"" help:"Show every migration."`
}

type migrateUpCmd struct{}

// Run applies the schema.
func (migrateUpCmd) Run(ctx context.Context, c *cli) error {
	return c.withDB(ctx, func(d *db.DB) error { return d.Migrate(ctx) })
}

type migrateStatusCmd struct{}

// Run prints the schema's state.
func (migrateStatusCmd) Run(ctx context.Context, c *cli) error {
	return c.withDB(ctx, func(d *db.DB) error {
		ms, err := d.Migrations(ctx)
		for _, m := range ms {
			state := "pending"
			if m.Applied {
				state = "applied"
			}
			fmt.Printf("%-8s %s\n", state, filepath.Base(m.Name))
		}
		return err
	})
}

// withDB opens the database alone. Reading the schema needs no lock; SQLite itself keeps writers apart.
func (c *cli) withDB(ctx context.Context, fn func(*db.DB) error) error {
	o, err := c.options(false)
	if err != nil {
		return err
	}
	if err := o.Config.MakeDataDir(); err != nil {
		return err
	}
	d, err := db.Open(ctx, db.Options{URL: o.Config.DatabaseURL, DataDir: o.Config.DataDir, Logger: o.Logger})
	if err != nil {
		return err
	}
	defer d.Close()
	return fn(d)
}

type userCmd struct {
	Create userCreateCmd `cmd:"" help:"Create a member."`
}

type userCreateCmd struct {
	Email         string `required:"" help:"E-mail, the login name."`
	Role          string `required:"" enum:"owner,manager,agent,finance,viewer" help:"owner, manager, agent, finance or viewer."`
	Name          string `help:"Name shown to others. Default: the part of the e-mail before the @."`
	PasswordStdin bool   `required:"" help:"Read the password from standard input."`
}

// Run creates a member.
func (u userCreateCmd) Run(ctx context.Context, c *cli) error {
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && line == "" {
		return errors.New("no password on standard input")
	}
	return c.execute(ctx, app.Command{Name: "user.create", Email: u.Email, Role: u.Role, Label: u.Name, Password: strings.TrimRight(line, "\r\n")})
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Create an API token and print it; it is shown only once."`
}

type tokenCreateCmd struct {
	User string `required:"" help:"E-mail of the member whose rights the token has."`
	Name string `required:"" help:"What the token is for."`
}

// Run creates a token.
func (t tokenCreateCmd) Run(ctx context.Context, c *cli) error {
	return c.execute(ctx, app.Command{Name: "token.create", Email: t.User, Label: t.Name})
}

type doctorCmd struct{}

// Run prints what works and what doesn't.
func (doctorCmd) Run(ctx context.Context, c *cli) error {
	return c.execute(ctx, app.Command{Name: "doctor"})
}

type backupCmd struct {
	To string `required:"" help:"File to write; it must not exist."`
}

// Run writes a backup. The path is made absolute, since the running process may work elsewhere.
func (b backupCmd) Run(ctx context.Context, c *cli) error {
	path, err := filepath.Abs(b.To)
	if err != nil {
		return fmt.Errorf("resolve --to: %w", err)
	}
	return c.execute(ctx, app.Command{Name: "backup", Path: path})
}

type restoreCmd struct {
	From string `required:"" help:"File that backup wrote."`
}

// Run restores a backup.
func (r restoreCmd) Run(c *cli) error {
	o, err := c.options(false)
	if err != nil {
		return err
	}
	return app.Restore(o.Config, r.From)
}

type secretsCmd struct {
	Rotate rotateCmd `cmd:"" help:"Use a new key and seal stored secrets anew in the background."`
}

type rotateCmd struct{}

// Run rotates the keys.
func (rotateCmd) Run(ctx context.Context, c *cli) error {
	return c.execute(ctx, app.Command{Name: "secrets.rotate"})
}

type openapiCmd struct{}

// Run prints the document.
func (openapiCmd) Run() error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(app.OpenAPI(version))
}
