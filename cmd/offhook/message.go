package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
)

func newMessage() *cobra.Command {
	var account int
	var call int64
	var contentType string
	var wait bool
	cmd := &cobra.Command{
		Use:   "message [TO] TEXT [flags]",
		Short: "Have a running engine send a text message",
		Long: `Message has a running engine send a MESSAGE to TO, a user or number of the account's domain
or a URI, or with --call to the far end of a call. With --wait it waits until the far end
has answered.

--json prints one object: {"message":N}, N being the number in the MessageStatus event.

` + remoteCodes,
		Example: `  offhook message 1002 "Back at 3"
  offhook message --call 3 "4711" --wait`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case call != 0 && len(args) != 1:
				return fmt.Errorf("message --call takes one TEXT, not %d words; see %s --help", len(args), cmd.CommandPath())
			case call == 0 && len(args) != 2:
				return fmt.Errorf("message takes TO and TEXT, not %d words; see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVar(&account, "account", noAccount, "`number` of the account that sends, 0 is the local account (default the first registered)")
	f.Lookup("account").DefValue = "0" // not printed: its usage says what it is
	f.Int64Var(&call, "call", 0, "`id` of the call to send it in")
	f.Lookup("call").DefValue = "0" // not printed
	f.StringVar(&contentType, "content-type", "", "`type` of the text (default text/plain)")
	f.BoolVar(&wait, "wait", false, "wait for the answer of the far end")
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if account < noAccount || call < 0 {
			return errors.New("--account must be a number from 0, --call one from 1")
		}
		req := api.MessageRequest{Text: args[len(args)-1], Call: api.CallID(call), ContentType: contentType}
		if call == 0 {
			req.To = args[0]
		}
		if account != noAccount {
			req.Account = &account
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			m, err := sendMessage(ctx, c, req, wait)
			return result{m, oneLine("message %d sent", m.Message)}, err
		})
	}
	return cmd
}

// sendMessage sends a message and waits for its answer if it is to.
func sendMessage(ctx context.Context, c *api.Client, req api.MessageRequest, wait bool) (api.Message, error) {
	if !wait {
		return c.SendMessage(ctx, req)
	}
	events, err := c.Events(ctx) // before, so that the answer is not missed
	if err != nil {
		return api.Message{}, err
	}
	defer events.Close()
	m, err := c.SendMessage(ctx, req)
	for err == nil {
		var ev api.Event
		if ev, err = events.Next(ctx); err != nil {
			break
		}
		known, decodeErr := engine.DecodeEvent(ev.Raw)
		if decodeErr != nil {
			return m, decodeErr
		}
		if st, ok := known.(engine.MessageStatus); ok && int64(st.Message) == m.Message {
			if st.Code/100 != 2 {
				return m, &exitError{exitRefused, fmt.Errorf("message %d was not delivered: %s", m.Message, answerText(st.Code, st.Reason))}
			}
			return m, nil
		}
	}
	return m, err
}
