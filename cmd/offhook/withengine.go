package main

import (
	"context"

	"github.com/offhook-voip/offhook/engine"
)

// withEngine runs fn while an engine runs.
func withEngine(eng *engine.Engine, fn func() error) (err error) {
	engineCtx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- eng.Run(engineCtx) }()
	defer func() {
		stop()
		if runErr := <-ran; err == nil {
			err = explainStart(runErr)
		}
	}()
	select {
	case <-eng.Started():
		return fn()
	case err := <-ran:
		ran <- nil
		return explainStart(err)
	}
}
