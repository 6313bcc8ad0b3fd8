package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
)

func newEvents() *cobra.Command {
	var call int64
	cmd := &cobra.Command{
		Use:   "events [flags]",
		Short: "Print what happens in a running engine, as it does",
		Long: `Events prints a line for everything that happens in a running engine, until the engine
ends or Ctrl-C is pressed.

With --json each line is one JSON object: first a Snapshot with the accounts and calls,
then every event that follows it, as run --json prints them. When this program is too far
behind, an EventsLost with final set says so, and a new Snapshot follows.

` + remoteCodes,
		Example: `  offhook events
  offhook events --json | jq 'select(.type == "DTMFReceived") | .digit'`,
		Args: takesNothing,
	}
	cmd.Flags().Int64Var(&call, "call", 0, "only events about the call of this `id`")
	cmd.Flags().Lookup("call").DefValue = "0" // not printed
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := r.client()
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(cmd.Context())
		defer stop()
		w := &watcher{out: cmd.OutOrStdout(), json: r.json, call: api.CallID(call)}
		for {
			err := w.watch(ctx, c)
			switch {
			case errors.Is(err, api.ErrCutOff):
				continue
			case errors.Is(err, io.EOF), ctx.Err() != nil:
				return nil
			}
			return explainRemote(err)
		}
	}
	return cmd
}

// watcher prints a stream of events.
type watcher struct {
	out  io.Writer
	json bool
	call api.CallID // 0: all
}

// watch prints one stream to its end, which is its error.
func (w *watcher) watch(ctx context.Context, c *api.Client) error {
	events, err := c.Events(ctx)
	if err != nil {
		return err
	}
	defer events.Close()
	if w.json {
		err = writeJSON(w.out, events.Snapshot)
	} else {
		_, err = fmt.Fprintf(w.out, "engine %s, %s, %s\n", events.Snapshot.State,
			count(len(events.Snapshot.Accounts), "account"), count(len(events.Snapshot.Calls), "call"))
	}
	if err != nil {
		return err
	}
	printer := &eventPrinter{w: w.out}
	for {
		ev, next := events.Next(ctx)
		if next != nil && !errors.Is(next, api.ErrCutOff) {
			return next
		}
		if w.call != 0 && ev.Call != w.call && next == nil {
			continue
		}
		if w.json {
			_, err = w.out.Write(append(ev.Raw, '\n'))
		} else {
			var known engine.Event
			if known, err = engine.DecodeEvent(ev.Raw); err == nil {
				err = printer.print(known)
			}
		}
		if err = errors.Join(err, next); err != nil {
			return err
		}
	}
}
