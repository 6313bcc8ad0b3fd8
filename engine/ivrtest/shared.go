package ivrtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/runner"
)

// shared is the engine of all tests that run now.
type shared struct {
	mu    sync.Mutex
	users int
	opts  Options // those of the first user
	run   *runner.Runner
	stop  func() error
}

var engines shared

// acquire returns the runner of the one engine, which it starts for the first user. The caller
// releases it.
func (s *shared) acquire(opts Options) (*runner.Runner, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users > 0 {
		if !reflect.DeepEqual(s.opts.engine(), opts.engine()) {
			return nil, errors.New("ivrtest: a test with another Config, Voice or Recogniser runs at this time: a process has one engine")
		}
		s.users++
		return s.run, nil
	}
	if err := s.start(opts); err != nil {
		return nil, err
	}
	s.users, s.opts = 1, opts
	return s.run, nil
}

// release ends the engine after its last user.
func (s *shared) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.stop()
}

// start wants the lock.
func (s *shared) start(opts Options) error {
	cfg := opts.Config
	if cfg == nil {
		var err error
		if cfg, err = config.Load(config.Source{}); err != nil {
			return fmt.Errorf("ivrtest: %w", err)
		}
	}
	own := *cfg // Prepare changes it
	log := hclog.New(&hclog.LoggerOptions{Name: "offhook", Level: hclog.Warn, Output: os.Stderr})
	accounts := runner.Prepare(&own)
	eng, err := engine.New(&own, log)
	if err != nil {
		return fmt.Errorf("ivrtest: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- eng.Run(ctx) }()
	select {
	case <-eng.Started():
	case err := <-ran:
		cancel()
		return fmt.Errorf("ivrtest: %w", err)
	}
	runOpts := runner.Options{Accounts: accounts, Recogniser: opts.Recogniser, Log: log}
	if opts.Voice != nil {
		runOpts.Voice = func(string) bot.Voice { return opts.Voice }
	}
	run, err := runner.New(ctx, eng, runOpts)
	if err != nil {
		cancel()
		return errors.Join(err, <-ran)
	}
	s.run = run
	s.stop = func() error {
		err := run.Close()
		cancel()
		return errors.Join(err, <-ran)
	}
	return nil
}
