package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/links"
)

func newInstallHandlers() *cobra.Command {
	var asJSON bool
	var path string
	cmd := &cobra.Command{
		Use:   "install-handlers [flags]",
		Short: "Have links to numbers call by Offhook: tel:, sip:, sips: and callto:",
		Long: `Install-handlers has the desktop start offhook microsip for links of the schemes tel, sip,
sips and callto, of this user only: on Windows in HKEY_CURRENT_USER, which also puts Offhook
into the list of Default apps; on Linux in mimeapps.list. It can be run again, such as after
the program was moved. What was there before is noted, and uninstall-handlers restores it.

A link is carried out by the running engine of the configuration, which -c names; where none
runs, one is started. Whatever its text, a link can do nothing but call, or send a message.

--json prints one object: {"handlers":[{"scheme":"tel","state":"installed","command":…}]};
state is installed or unchanged, command what was there before.

Exit codes: 0; 1 bad usage, or it could not be done.`,
		Example: `  offhook install-handlers -c offhook.ini
  offhook uninstall-handlers`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := linkProgram((&settings{path: path}).source().Path)
			if err != nil {
				return err
			}
			results, err := links.Install(p)
			return errors.Join(printLinks(cmd.OutOrStdout(), results, asJSON), err)
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "", "INI `file` (default $OFFHOOK_CONFIG, else ./offhook.ini where it exists)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func newUninstallHandlers() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "uninstall-handlers [--json]",
		Short: "Give links to numbers back to what was started for them before",
		Long: `Uninstall-handlers undoes install-handlers, and restores what was there before it. A scheme
that another program has taken since is left to that one.

--json prints one object: {"handlers":[{"scheme":"tel","state":"restored","command":…}]};
state is restored, removed, left or absent.

Exit codes: 0, also where nothing was installed; 1 bad usage, or it could not be done.`,
		Example: "  offhook uninstall-handlers",
		Args:    takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			results, err := links.Uninstall()
			return errors.Join(printLinks(cmd.OutOrStdout(), results, asJSON), err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// linkProgram is this program with a configuration. A link has none of its own: the folder in
// which a browser was started may hold an offhook.ini from anywhere.
func linkProgram(config string) (links.Program, error) {
	if config == "" {
		return links.Program{}, errors.New("install-handlers needs a configuration: name it with -c FILE")
	}
	config, err := filepath.Abs(config)
	if err != nil {
		return links.Program{}, err
	}
	if info, err := os.Stat(config); err != nil {
		return links.Program{}, err
	} else if info.IsDir() {
		return links.Program{}, fmt.Errorf("%s is a folder, not a configuration", config)
	}
	exe, err := os.Executable()
	return links.Program{Path: exe, Config: config}, err
}

func printLinks(w io.Writer, results []links.Result, asJSON bool) error {
	if asJSON {
		return writeJSON(w, map[string]any{"handlers": append([]links.Result{}, results...)})
	}
	var b strings.Builder
	for _, r := range results {
		fmt.Fprintf(&b, "%s: %s\n", r.Scheme, linkText(r))
		if r.Chosen != "" {
			fmt.Fprintf(&b, "  Windows starts %s, which was chosen in Settings, Default apps: choose Offhook there\n", printable(r.Chosen))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func linkText(r links.Result) string {
	command := printable(r.Command)
	switch r.State {
	case links.Installed:
		if command != "" {
			return "Offhook, in place of " + command
		}
		return "Offhook"
	case links.Unchanged:
		return "Offhook, as before"
	case links.Restored:
		return "again " + command
	case links.Removed:
		return "nothing any more, as before"
	case links.Left:
		return "left to " + command + ", which came after Offhook"
	}
	return "was not Offhook's"
}
