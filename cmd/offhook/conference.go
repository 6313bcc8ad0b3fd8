package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
)

func newConference() *cobra.Command {
	var separate bool
	cmd := &cobra.Command{
		Use:   "conference [ID...] [flags]",
		Short: "Bring calls into a conference, or take one out",
		Long: `Conference brings calls of a running engine into one conference, all that are answered where
none is named, and waits until they hear each other. Calls on hold are resumed. With
--separate it takes calls out of theirs and puts them on hold.

--json prints one object: {"conference":N,"calls":[…]}.

` + remoteCodes,
		Example: `  offhook conference
  offhook conference 3 4 5
  offhook conference --separate 4`,
		Args: func(_ *cobra.Command, args []string) error {
			if separate && len(args) == 0 {
				return errors.New("conference --separate takes the ids of calls")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&separate, "separate", false, "take the calls out of their conference")
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var ids []api.CallID
		for _, arg := range args {
			id, err := strconv.ParseInt(arg, 10, 64)
			if err != nil || id < 1 {
				return fmt.Errorf("%q is no id of a call", arg)
			}
			ids = append(ids, api.CallID(id))
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			if separate {
				for _, id := range ids {
					if _, err := c.Separate(ctx, id); err != nil {
						return result{}, err
					}
				}
				return done(), nil
			}
			conf, err := c.Conference(ctx, ids...)
			var words []string
			for _, id := range conf.Calls {
				words = append(words, fmt.Sprint(id))
			}
			return result{conf, oneLine("conference %d of the calls %s", conf.Conference, strings.Join(words, ", "))}, err
		})
	}
	return cmd
}
