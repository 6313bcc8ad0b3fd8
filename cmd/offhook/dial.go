package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
)

func newDial() *cobra.Command {
	var account int
	var headers []string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "dial URI [flags]",
		Short: "Have a running engine call somebody",
		Long: `Dial has a running engine call URI, and prints the call as soon as the INVITE was sent.
With --wait it waits until the call is answered, and hangs up when it is not in that time.

URI is a SIP, SIPS or tel URI, user@host, or a number of the account's domain.

--json prints one object, the call as the API answers it.

` + strings.Replace(remoteCodes, "; 6 no", "; 2 rejected (with\n--wait); 3 not answered in the time of --wait; 6 no", 1),
		Example: `  offhook dial 1002
  offhook dial sip:1002@pbx.example.com --account 2 --header "X-Order: 4711" --wait 30s`,
		Args: takesOne("URI"),
	}
	f := cmd.Flags()
	f.IntVar(&account, "account", noAccount, "`number` of the account that calls, 0 is the local account (default the first registered)")
	f.Lookup("account").DefValue = "0" // not printed: its usage says what it is
	f.StringArrayVar(&headers, "header", nil, "`field` to add to the INVITE, such as \"X-Order: 4711\"; may be given again")
	f.DurationVar(&wait, "wait", 0, "wait so long for the answer")
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		req := api.DialRequest{URI: args[0]}
		switch {
		case account < noAccount:
			return errors.New("--account must be a number from 0")
		case account != noAccount:
			req.Account = &account
		}
		if wait < 0 {
			return errors.New("--wait must be positive, such as 30s")
		}
		for _, h := range headers {
			name, value, ok := strings.Cut(h, ":")
			if !ok {
				return fmt.Errorf("--header %q is not of the form Name: value", h)
			}
			req.Headers = append(req.Headers, api.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			if wait == 0 {
				return callResult(c.Dial(ctx, req))
			}
			return callResult(dialAndWait(ctx, c, req, wait))
		})
	}
	return cmd
}

// dialAndWait dials and waits until the call is answered.
func dialAndWait(ctx context.Context, c *api.Client, req api.DialRequest, wait time.Duration) (api.Call, error) {
	events, err := c.Events(ctx) // before the call, so that none of its events is missed
	if err != nil {
		return api.Call{}, err
	}
	defer events.Close()
	call, err := c.Dial(ctx, req)
	if err != nil {
		return call, err
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		ev, err := events.Next(limited)
		switch {
		case err == nil:
		case limited.Err() != nil:
			// Also after Ctrl-C: the call was to be answered or not be.
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			if _, err := c.Hangup(bye, call.ID); err != nil {
				return call, err
			}
			if ctx.Err() != nil {
				return call, ctx.Err()
			}
			return call, &exitError{exitNotAnswered, fmt.Errorf("call %d was not answered in %v", call.ID, wait)}
		case errors.Is(err, io.EOF):
			return call, errors.New("the engine has ended")
		default:
			return call, err
		}
		if ev.Call != call.ID {
			continue
		}
		known, err := engine.DecodeEvent(ev.Raw)
		if err != nil {
			return call, err
		}
		switch known := known.(type) {
		case engine.CallStateChanged:
			if known.State == engine.StateConfirmed {
				return c.Call(ctx, call.ID)
			}
		case engine.CallEnded:
			return call, &exitError{exitRejected, fmt.Errorf("call %d was not answered: %s", call.ID, answerText(known.Code, known.Reason))}
		}
	}
}
