package main

import (
	"context"
	"os"

	"github.com/zhisu/zhisu/internal/demo"
)

type demoCmd struct {
	SimulatorListen string `default:"127.0.0.1:8081" env:"ZHISU_SIMULATOR_LISTEN" help:"Address of the simulated WeChat."`
}

// Run runs product and simulator until told to stop.
func (d demoCmd) Run(ctx context.Context, c *cli) error {
	o, err := c.options(true)
	if err != nil {
		return err
	}
	return demo.Run(ctx, demo.Options{App: o, SimulatorListen: d.SimulatorListen, Out: os.Stdout, Err: os.Stderr})
}
