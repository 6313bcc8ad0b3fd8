package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/calllog"
)

func newLog() *cobra.Command {
	var q api.LogQuery
	var missed, asCSV bool
	account := noAccount
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "log [flags]",
		Short: "Print the call log of a running engine",
		Long: `Log prints the last calls of a running engine, the newest first.

--json prints one object: {"log":[…]}, each as GET /v1/log of the API answers. --csv
prints a table with a header, MicroSIP's columns first.

` + remoteCodes,
		Example: `  offhook log --last 20
  offhook log --missed --since 24h
  offhook log --csv --last 1000 > calls.csv`,
		Args: takesNothing,
	}
	f := cmd.Flags()
	f.IntVar(&q.Last, "last", 100, "at most so `many` calls")
	f.BoolVar(&missed, "missed", false, "only missed calls")
	f.StringVar(&q.Type, "type", "", "only calls of this `kind`: outgoing, incoming, missed or elsewhere (another phone took it)")
	f.StringVar(&q.Number, "number", "", "only calls with this `user` at the far end")
	f.IntVar(&account, "account", noAccount, "only calls of the account of this `number`")
	f.Lookup("account").DefValue = "0" // not printed: its usage says what it is
	f.DurationVar(&since, "since", 0, "only calls that began at most so long ago")
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	r := addRemote(cmd)
	cmd.MarkFlagsMutuallyExclusive("csv", "json")
	cmd.MarkFlagsMutuallyExclusive("missed", "type")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case q.Last < 1:
			return errors.New("--last must be a number from 1")
		case account < noAccount || since < 0:
			return errors.New("--account must be a number from 0, --since positive, such as 24h")
		case account != noAccount:
			q.Account = fmt.Sprint(account)
		}
		if missed {
			q.Type = calllog.Missed.String()
		}
		if since > 0 {
			q.Since = time.Now().Add(-since)
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			list, err := c.CallLog(ctx, q)
			res := result{map[string]any{"log": list}, func(w io.Writer) error { return printLog(w, list) }}
			if asCSV {
				res.text = func(w io.Writer) error { return writeLogCSV(w, list) }
			}
			return res, err
		})
	}
	return cmd
}

func printLog(w io.Writer, list []api.LogEntry) error {
	if len(list) == 0 {
		return oneLine("no calls")(w)
	}
	t := newTable(w, "")
	t.row("TIME", "TYPE", "NUMBER", "NAME", "DURATION", "INFO")
	for _, e := range list {
		t.row(e.Time.Local().Format(time.DateTime), e.Type, printable(e.Number), printable(e.Name),
			human(time.Duration(e.DurationS)*time.Second), printable(e.Info))
	}
	return t.flush()
}

func writeLogCSV(w io.Writer, list []api.LogEntry) error {
	entries := make([]calllog.Entry, 0, len(list))
	for _, e := range list {
		var typ calllog.Type
		if err := typ.UnmarshalText([]byte(e.Type)); err != nil {
			return err
		}
		entries = append(entries, calllog.Entry{
			ID: e.ID, SIPCallID: e.SIPCallID, Number: e.Number, Name: e.Name, Type: typ, Time: e.Time, DurationS: e.DurationS,
			Info: e.Info, Account: e.Account, Remote: e.Remote, Local: e.Local, Domain: e.Domain, Diversion: e.Diversion,
			Code: e.Code, Reason: e.Reason, Codec: e.Codec, RXLost: e.RXLost, TXLost: e.TXLost,
			Ringing: e.Ringing, Answered: e.Answered, Ended: e.Ended, Recordings: e.Recordings,
		})
	}
	return calllog.WriteCSV(w, entries)
}
