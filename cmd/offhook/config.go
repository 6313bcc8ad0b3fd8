package main

import (
	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/config"
)

func newConfig(args []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Look at the configuration",
		Long:    "Config has verbs about the configuration: its file, environment variables and flags.",
		Example: `  offhook config check -c offhook.ini`,
		Args:    takesNothing,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheck(args))
	return cmd
}

func newConfigCheck(args []string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Print the resolved configuration and everything that is wrong with it",
		Long: `Check reads the configuration as run and call do: the file, the environment, and the
flags that are given here. It prints the result as an INI file with every value that
holds, defaults included and passwords, also those in URLs, as ***. Mistakes go to
standard error, all of them, each with its file and line, or with its flag or variable.

--json prints one object instead: {"accounts":[…],"settings":{…},"errors":[…]}.

Exit codes: 0; 1 bad usage, or there are mistakes.`,
		Example: `  offhook config check -c offhook.ini
  OFFHOOK_USERNAME_2=1002 offhook config check --server-2 pbx.example.com --json`,
		Args: takesNothing,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	s := addSettings(cmd, args)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		result := config.Check(s.source())
		var err error
		if asJSON {
			err = writeJSON(cmd.OutOrStdout(), result)
		} else {
			err = result.Config.WriteResolved(cmd.OutOrStdout())
		}
		switch {
		case err != nil:
			return err
		case len(result.Errors) == 0:
			return nil
		case asJSON:
			return &exitError{code: exitUsage} // the object has the errors
		}
		return result.Errors
	}
	return cmd
}
