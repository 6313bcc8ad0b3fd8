package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
)

// The exit codes of all verbs; call documents what the ones from 2 on mean.
const (
	exitOK             = 0
	exitUsage          = 1
	exitRejected       = 2
	exitNotAnswered    = 3
	exitRegisterFailed = 4
	exitMediaFailed    = 5
)

// exitError ends the program with a code. Err is nil where everything was said
// already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// execute runs the program and returns its exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	args = joinSwitches(args)
	root := newRoot(args)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err == nil {
		return exitOK
	}
	code := exitUsage
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
		if exit.err == nil {
			return code
		}
	}
	tell(err, wantsJSON(args), stdout, stderr)
	return code
}

// tell prints an error for people, and for programs when they asked for JSON.
func tell(err error, asJSON bool, stdout, stderr io.Writer) {
	var problems config.Errors
	isConfig := errors.As(err, &problems)
	if isConfig {
		for _, p := range problems {
			fmt.Fprintln(stderr, p.Error())
		}
		err = fmt.Errorf("the configuration has %s", count(len(problems), "error"))
	}
	fmt.Fprintf(stderr, "offhook: %v\n", err)
	if asJSON {
		// What cannot be written to standard output was said on standard error.
		line := errorLine{Type: "Error", Message: err.Error(), Errors: problems}
		var refused *api.Error
		if errors.As(err, &refused) {
			line.Code = refused.Code
		}
		_ = writeJSON(stdout, line)
	}
}

// errorLine is what --json prints when a verb could not do its work.
type errorLine struct {
	Type    string           `json:"type"`
	Message string           `json:"message"`
	Code    string           `json:"code,omitempty"` // of the API, when it refused
	Errors  []config.Problem `json:"errors,omitempty"`
}

// wantsJSON looks for --json by hand: the flags may be what is wrong.
func wantsJSON(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// newRoot makes the tree of commands. args are those of the command line: which
// accounts have flags depends on them.
func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "offhook",
		Short: "Headless SIP softphone",
		Long: `Offhook is a headless SIP softphone: it registers the accounts of an INI file, places
and takes calls, plays and records them, and reports what happened.`,
		Example: `  offhook demo
  offhook run -c offhook.ini --json
  offhook call sip:1000@pbx.example.com --play hello.wav --record answer.wav`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          takesNothing,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(printUsage)
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newRun(args),
		newMicroSIP(args),
		newCall(args),
		newConfig(args),
		newDevices(),
		newCodecs(),
		newVersion(),
		newTest(args),
		newLoad(args),
		newDemo(),
		newDemoIVR(),
		newSettingsHelp(),
		newStatus(),
		newStop(),
		newReload(),
		newAccounts(),
		newAccountAdd(),
		newAccountRemove(),
		newCalls(),
		newDial(),
		newEvents(),
		newConference(),
		newMessage(),
		newLog(),
		newContacts(),
		newService(),
		newImport(),
		newInstallHandlers(),
		newUninstallHandlers(),
	)
	root.AddCommand(callVerbs()...)
	return root
}

// flagError adds the nearest valid name to the error of an unknown flag.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	}
	name := unknown.GetSpecifiedName()
	if near := nearestFlag(cmd, name); near != "" {
		return fmt.Errorf("unknown flag --%s, the nearest is --%s; see %s --help", name, near, cmd.CommandPath())
	}
	return fmt.Errorf("unknown flag --%s; see %s --help", name, cmd.CommandPath())
}

// takesNothing refuses arguments, with the nearest verb where one is wanted.
func takesNothing(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasAvailableSubCommands():
		return fmt.Errorf("%s takes no argument, and got %q; see %s --help", cmd.Name(), args[0], cmd.CommandPath())
	}
	return unknownVerb(cmd, args[0])
}

func unknownVerb(cmd *cobra.Command, name string) error {
	near := ""
	cmd.SuggestionsMinimumDistance = 2
	if list := cmd.SuggestionsFor(name); len(list) > 0 {
		near = ", the nearest is " + list[0]
	}
	return fmt.Errorf("unknown verb %q%s; see %s --help", name, near, cmd.CommandPath())
}

// newHelp is cobra's help, but an unknown verb is an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [VERB]",
		Short:   "Help about a verb, or about the settings",
		Example: "  offhook help call\n  offhook help settings",
		RunE: func(help *cobra.Command, args []string) error {
			cmd, rest, err := help.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return unknownVerb(help.Root(), strings.Join(args, " "))
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(help *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if cmd, _, err := help.Root().Find(args); err == nil {
				for _, sub := range cmd.Commands() {
					if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
						names = append(names, sub.Name())
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// helpWidth is how wide help is, in columns.
const helpWidth = 96

// printUsage is cobra's usage without the flags of the configuration's keys, which
// are too many: "offhook help settings" has them.
func printUsage(cmd *cobra.Command) error {
	var b strings.Builder
	fmt.Fprint(&b, "Usage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s VERB\n", cmd.CommandPath())
	}
	if !cmd.HasAvailableSubCommands() || strings.Contains(cmd.Use, " ") {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprint(&b, "\nVerbs:\n")
		t := newTable(&b, "  ")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				t.row(sub.Name(), sub.Short)
			}
		}
		t.flush()
	}
	own, keys := pflag.NewFlagSet("", pflag.ContinueOnError), false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if k, ok := f.Value.(*keyFlag); ok {
			keys = true
			if !slices.Contains(k.settings.shown, f.Name) {
				return
			}
		}
		own.AddFlag(f)
	})
	if own.HasAvailableFlags() {
		fmt.Fprintf(&b, "\nFlags:\n%s", own.FlagUsagesWrapped(helpWidth))
	}
	if keys {
		fmt.Fprint(&b, `
Every key of the configuration is a flag and an environment variable too, those of
account N with the suffix -N: --source-port 5070 --username-2 1002. All of them:
offhook help settings
`)
	}
	if !cmd.HasParent() {
		fmt.Fprint(&b, `
offhook VERB --help has the details and the exit codes of a verb,
offhook help settings the keys of the configuration.
`)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}
