package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
)

func newAccountAdd() *cobra.Command {
	var number int
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "account-add KEY=VALUE... [flags]",
		Short: "Add an account to a running engine",
		Long: `Account-add adds an account to a running engine, which registers it when it has a server.
KEY is a key of an account of the INI file, without a suffix. The INI file is not changed.

Everybody on the machine can read a command line: give a password by --password-file.

--json prints one object, the account as the API answers it.

` + remoteCodes,
		Example: `  offhook account-add server=pbx.example.com username=1003 --password-file secret.txt
  offhook account-add --number 7 domain=pbx.example.com username=1003 transport=tls`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("account-add takes KEY=VALUE, such as server=pbx.example.com; see %s --help", cmd.CommandPath())
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&number, "number", 0, "`number` of the account (default the next free one)")
	cmd.Flags().Lookup("number").DefValue = "0" // not printed: its usage says what it is
	cmd.Flags().StringVar(&passwordFile, "password-file", "", "`file` whose first line is the password; read here, not by the engine")
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		req := api.AccountRequest{Number: number, Keys: map[string]string{}}
		if number < 0 {
			return errors.New("--number must be a number from 1")
		}
		for _, arg := range args {
			key, value, ok := strings.Cut(arg, "=")
			if !ok || key == "" {
				return fmt.Errorf("%q is not of the form KEY=VALUE", arg)
			}
			if _, twice := req.Keys[key]; twice {
				return fmt.Errorf("%s is given twice", key)
			}
			req.Keys[key] = value
		}
		if passwordFile != "" {
			text, err := os.ReadFile(passwordFile)
			if err != nil {
				return err
			}
			line, _, _ := strings.Cut(string(text), "\n")
			req.Keys["password"] = strings.TrimSuffix(line, "\r")
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			a, err := c.AddAccount(ctx, req)
			return result{a, oneLine("account %d %s", a.Number, a.URI)}, err
		})
	}
	return cmd
}

func newAccountRemove() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account-remove NUMBER [flags]",
		Short: "Remove an account from a running engine",
		Long: `Account-remove unregisters an account of a running engine and removes it. One that has calls
stays. The INI file is not changed.

` + remoteCodes,
		Example: `  offhook account-remove 7
  offhook account-remove 7 --json`,
		Args: takesOne("NUMBER"),
	}
	r := addRemote(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		number, err := strconv.Atoi(args[0])
		if err != nil || number < 0 {
			return fmt.Errorf("%q is no number of an account", args[0])
		}
		return r.command(cmd, func(ctx context.Context, c *api.Client) (result, error) {
			return done(), c.RemoveAccount(ctx, number)
		})
	}
	return cmd
}
