package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
)

func newStatus() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Tell how a running engine is",
		Long: `Status prints what a running engine says of itself: its version, since when it runs, where
it listens, and how many accounts and calls it has.

--json prints one object, as GET /v1/status of the API answers.

` + remoteCodes,
		Example: `  offhook status
  offhook status -c /etc/offhook.ini --json`,
		Args: takesNothing,
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			st, err := c.Status(ctx)
			return result{st, func(w io.Writer) error { return printStatus(w, st) }}, err
		})
	}
	return cmd
}

func printStatus(w io.Writer, st api.Status) error {
	t := newTable(w, "")
	t.row("state", st.State)
	t.row("version", printable(st.Version))
	t.row("process", fmt.Sprint(st.PID))
	if !st.Started.IsZero() {
		t.row("started", fmt.Sprintf("%s, %s ago", st.Started.Local().Format(time.DateTime), human(time.Since(st.Started))))
	}
	t.row("configuration", cmp.Or(printable(st.Config), "no file"))
	for _, tp := range st.Transports {
		t.row("listens", tp.Type+" "+tp.Address)
	}
	for _, at := range st.API {
		t.row("commands", printable(at))
	}
	t.row("accounts", fmt.Sprintf("%d, %d registered", st.Accounts, st.Registered))
	t.row("calls", fmt.Sprint(st.Calls))
	t.row("events", fmt.Sprintf("%d, %s", st.Seq, count(st.Watchers, "reader")))
	return t.flush()
}

func newStop() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop [flags]",
		Short: "End a running engine",
		Long: `Stop asks a running engine to hang up, unregister and end, and waits until it has ended.

` + remoteCodes,
		Example: `  offhook stop
  offhook stop --socket /run/offhook/office.sock`,
		Args: takesNothing,
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			events, err := c.Events(ctx)
			if err != nil {
				return result{}, err
			}
			defer events.Close()
			if err := c.Stop(ctx); err != nil {
				return result{}, err
			}
			for err == nil {
				_, err = events.Next(ctx)
			}
			return done(), ctx.Err() // the stream ends with the engine, however it does
		})
	}
	return cmd
}

func newAccounts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "accounts [flags]",
		Short: "List the accounts of a running engine",
		Long: `Accounts lists the accounts of a running engine with their registrations.

--json prints one object: {"accounts":[…]}, each as GET /v1/accounts of the API answers.

` + remoteCodes,
		Example: `  offhook accounts
  offhook accounts --json`,
		Args: takesNothing,
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			list, err := c.Accounts(ctx)
			return result{map[string]any{"accounts": list}, func(w io.Writer) error { return printAccounts(w, list) }}, err
		})
	}
	return cmd
}

func printAccounts(w io.Writer, list []api.Account) error {
	t := newTable(w, "")
	t.row("ACCOUNT", "LABEL", "URI", "REGISTRATION")
	for _, a := range list {
		t.row(fmt.Sprint(a.Number), printable(a.Label), printable(a.URI), printable(registrationOf(a)))
	}
	return t.flush()
}

func registrationOf(a api.Account) string {
	switch {
	case !a.Registers:
		return "does not register"
	case a.Registered:
		return "for " + human(time.Duration(a.ExpiresMS)*time.Millisecond)
	case a.Code == 0 && a.Reason == "":
		return "under way"
	}
	return joinWords("failed:", answerText(a.Code, a.Reason), a.Detail)
}

func newReload() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reload [flags]",
		Short: "Have a running engine read its configuration again",
		Long: `Reload has a running engine read its configuration again, with the flags and the
environment that it was started with, as SIGHUP does. Only what changed is changed, and
no call ends. With a mistake in the configuration nothing changes, and all of them are
printed.

--json prints one object, {"changed":[…],"restart":[…]}: the keys with another value, and
those of them that take effect when the engine is started again.

` + remoteCodes,
		Example: `  offhook reload
  offhook reload --socket /run/offhook/office.sock --json`,
		Args: takesNothing,
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			changed, err := c.Reload(ctx)
			return result{changed, func(w io.Writer) error { return printReloaded(w, changed) }}, err
		})
	}
	return cmd
}

func printReloaded(w io.Writer, r api.Reloaded) error {
	if len(r.Changed) == 0 {
		return oneLine("nothing changed")(w)
	}
	t := newTable(w, "")
	for _, key := range r.Changed {
		when := "now"
		if slices.Contains(r.Restart, key) {
			when = "when the engine is started again"
		}
		t.row(printable(key), when)
	}
	return t.flush()
}
