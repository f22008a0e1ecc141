// Command zhisu is the back office for WeChat Mini Program complaints: one binary with everything in it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/config"
)

// version is set by the build.
var version = "dev"

type cli struct {
	config.Config

	Serve   serveCmd   `cmd:"" help:"Run the product."`
	Demo    demoCmd    `cmd:"" help:"Run the product with a simulated WeChat and seed data; nothing else is needed."`
	Migrate migrateCmd `cmd:"" help:"Bring the database schema up to date, or show it."`
	User    userCmd    `cmd:"" help:"Members."`
	Token   tokenCmd   `cmd:"" help:"API tokens."`
	Doctor  doctorCmd  `cmd:"" help:"Check configuration, database, keys, platform, permissions and reachability."`
	Backup  backupCmd  `cmd:"" help:"Write a consistent backup, also while serving (SQLite)."`
	Restore restoreCmd `cmd:"" help:"Restore a backup into an empty data directory."`
	Secrets secretsCmd `cmd:"" help:"Keys that seal stored secrets."`
	OpenAPI openapiCmd `cmd:"" name:"openapi" help:"Print the OpenAPI document."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// errFailed ends the process with 1 after everything was said.
var errFailed = errors.New("failed")

func main() {
	var c cli
	if err := config.DropEmptyEnv(); err != nil {
		fmt.Fprintln(os.Stderr, "zhisu:", err)
		os.Exit(1)
	}
	k := kong.Parse(&c, kong.Name("zhisu"), kong.Description("Zhisu 知诉: hear, answer and finish WeChat Mini Program complaints."), kong.UsageOnError())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	k.BindTo(ctx, (*context.Context)(nil))
	err := k.Run(&c)
	stop()
	switch {
	case errors.Is(err, errFailed):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "zhisu:", err)
		os.Exit(1)
	}
}

// options checks the settings and turns them into what the composition root wants.
func (c *cli) options(work bool) (app.Options, error) {
	cfg := c.Config
	if err := cfg.Normalize(); err != nil {
		return app.Options{}, err
	}
	return app.Options{Config: cfg, Logger: cfg.Logger(), Clock: clock.System{}, Version: version, Work: work}, nil
}

// execute runs one command here or in the running process and prints its result.
func (c *cli) execute(ctx context.Context, cmd app.Command) error {
	o, err := c.options(false)
	if err != nil {
		return err
	}
	res, err := app.Execute(ctx, o, cmd)
	if err != nil {
		return err
	}
	fmt.Print(res.Out)
	if res.Failed {
		return errFailed
	}
	return nil
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println(version)
	return nil
}
