package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/metrics"
	"github.com/offhook-voip/offhook/engine/serve"
)

// control serves the API of a running engine.
type control struct {
	srv    *api.Server
	socket net.Listener // nil: none
	tcp    net.Listener // nil: none
	served []chan error
}

// openControl listens, so that a second engine of the configuration does not start. What
// connects before serve waits.
func openControl(e *engine.Engine, cfg *config.Config, configPath string, log hclog.Logger,
	stop func(), again func(context.Context) (engine.ConfigReloaded, error)) (*control, error) {
	set := cfg.Settings
	path, err := socketOf(set.Socket, configPath)
	if err != nil {
		return nil, err
	}
	c := &control{}
	if path != "" {
		c.socket, err = api.ListenSocket(path)
		var busy *api.BusyError
		if errors.As(err, &busy) {
			return nil, fmt.Errorf("%w; offhook stop ends it, --socket PATH lets this one have another socket", err)
		}
		if err != nil {
			return nil, fmt.Errorf("%w; --socket PATH takes another one, --socket none does without", err)
		}
		log.Info("listening for commands", "socket", path)
	}
	counted := metrics.New(e, offhookVersion())
	options := api.Config{
		Softphone:  serve.New(e, serve.Options{Stop: stop, Reload: again, Recordings: set.RecordingPath}),
		Events:     serve.Events(),
		Hosts:      hostNames(append([]string{set.APIListen}, set.APIHosts...)),
		Prompts:    set.PromptPath,
		Recordings: set.RecordingPath,
		Version:    offhookVersion(),
		ConfigFile: configPath,
		Metrics:    counted,
		Answered:   counted.CountRequest,
		Log:        log.Named("api"),
	}
	if set.APIListen != "" {
		if err := c.listenTCP(set, &options, log); err != nil {
			return nil, errors.Join(err, c.close(0))
		}
	}
	if c.srv, err = api.NewServer(options); err != nil {
		return nil, errors.Join(err, c.close(0))
	}
	return c, nil
}

func (c *control) listenTCP(set config.Settings, options *api.Config, log hclog.Logger) (err error) {
	if set.APITokenFile == "" {
		return errors.New("apiListen needs apiTokenFile: whoever can connect could make calls; one that does not exist is made")
	}
	if options.Tokens, err = api.LoadTokens(set.APITokenFile); err != nil {
		return err
	}
	if c.tcp, err = net.Listen("tcp", set.APIListen); err != nil {
		return fmt.Errorf("apiListen: %w", err)
	}
	log.Info("listening for commands", "address", c.tcp.Addr().String())
	return nil
}

// hostNames cuts the ports off.
func hostNames(list []string) []string {
	var names []string
	for _, h := range list {
		if name, _, err := net.SplitHostPort(h); err == nil {
			h = name
		}
		if h = strings.Trim(h, "[]"); h != "" {
			names = append(names, h)
		}
	}
	return names
}

// serve answers requests from when the engine has started. An error after that ends it.
func (c *control) serve(ctx context.Context, started <-chan struct{}, failed func(error)) {
	run := func(l net.Listener, serve func(net.Listener) error) {
		if l == nil {
			return
		}
		done := make(chan error, 1)
		c.served = append(c.served, done)
		go func() {
			defer close(done)
			select {
			case <-started:
			case <-ctx.Done():
				return
			}
			if err := serve(l); err != nil {
				failed(err)
			}
		}()
	}
	run(c.socket, c.srv.ServeSocket)
	run(c.tcp, c.srv.ServeTCP)
}

// close lets the answers that are under way, and the ends of streams, be sent for so long.
func (c *control) close(limit time.Duration) error {
	var errs []error
	if c.srv != nil {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		errs = append(errs, c.srv.Shutdown(ctx))
	}
	for _, l := range []net.Listener{c.socket, c.tcp} {
		if l != nil {
			if err := l.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
	}
	for _, done := range c.served {
		<-done
	}
	return errors.Join(errs...)
}
