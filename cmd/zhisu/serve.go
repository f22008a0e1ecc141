package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/zhisu/zhisu/internal/app"
)

type serveCmd struct{}

// Run serves until it is told to stop.
func (serveCmd) Run(ctx context.Context, c *cli) error {
	o, err := c.options(true)
	if err != nil {
		return err
	}
	a, err := app.New(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(serve(ctx, a), a.Close())
}

func serve(ctx context.Context, a *app.App) error {
	l, err := a.Listen(ctx)
	if err != nil {
		return err
	}
	link, err := a.FirstRunLink(ctx)
	if err != nil {
		return err
	}
	if link != "" {
		// For the person at the terminal, never for the log.
		fmt.Fprintf(os.Stderr, "\n首次使用，请打开下面的一次性链接创建所有者 / open this one-time link to create the owner:\n\n  %s\n\n", link)
	}
	return a.Serve(ctx, l)
}
