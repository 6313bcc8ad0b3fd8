package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
)

const (
	// configVariable names the INI file where -c does not.
	configVariable = "OFFHOOK_CONFIG"
	// defaultFile is read where it exists and nothing else is named.
	defaultFile = "offhook.ini"
)

// settings is the part of the command line that becomes the configuration.
type settings struct {
	path  string
	shown []string
	flags []config.Flag
}

// addSettings gives a verb -c and the flags of all keys. Account keys have their
// plain flag, which is account 1's, and those with a suffix that args name. The
// verb's own help lists those in shown, which are keys of shownUsage.
func addSettings(cmd *cobra.Command, args []string, shown ...string) *settings {
	s := &settings{shown: shown}
	cmd.Flags().StringVarP(&s.path, "config", "c", "",
		"INI `file` (default $OFFHOOK_CONFIG, else ./offhook.ini where it exists)")
	for _, k := range config.Keys() {
		if k.Flag != "" {
			s.addFlag(cmd, k, k.Flag)
		}
	}
	for _, arg := range args {
		name, ok := flagName(arg)
		if !ok || cmd.Flags().Lookup(name) != nil {
			continue
		}
		if k, _, ok := config.ParseFlag(name); ok {
			s.addFlag(cmd, k, name)
		}
	}
	return s
}

func (s *settings) addFlag(cmd *cobra.Command, k config.Key, name string) {
	usage := strings.ReplaceAll(k.Doc, "`", "") // would name the value in pflag's help
	if slices.Contains(s.shown, name) {
		usage = shownUsage[name]
	}
	f := cmd.Flags().VarPF(&keyFlag{settings: s, name: name, key: k}, name, "", usage)
	if k.Type == config.Bool {
		f.NoOptDefVal = "1"
	}
	if k.Type == config.Choice {
		// The name was added in the line above, so there is no error.
		choices := slices.DeleteFunc(slices.Clone(k.Choices), func(c string) bool { return c == "" })
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	}
}

// shownUsage is the short help of the flags of keys that a verb's own help lists.
var shownUsage = map[string]string{
	"api-listen":     "`host:port` where the API is served on TCP",
	"api-token-file": "`file` of the tokens for it; made where there is none",
	"bind-address":   "local IP `address` of SIP and RTP (default all)",
	"log-level":      "least `level` that is logged: trace, debug, info, warn or error",
	"socket":         "`path` of the engine's control socket, or none (default one for the configuration)",
	"source-port":    "local SIP `port` (default any free one)",
}

// keyFlag is the flag of a key. Its value is checked with the whole configuration.
type keyFlag struct {
	settings *settings
	name     string
	key      config.Key
}

func (f *keyFlag) String() string { return "" }
func (f *keyFlag) Type() string   { return string(f.key.Type) }

func (f *keyFlag) Set(value string) error {
	f.settings.flags = append(f.settings.flags, config.Flag{Name: f.name, Value: value})
	return nil
}

// source says where the configuration comes from.
func (s *settings) source() config.Source {
	path := s.path
	if path == "" {
		path = os.Getenv(configVariable)
	}
	if path == "" {
		if _, err := os.Stat(defaultFile); !errors.Is(err, fs.ErrNotExist) {
			path = defaultFile
		}
	}
	return config.Source{
		Path: path, Env: os.Environ(), Flags: s.flags,
		OwnEnv: append(engine.HookVariables(), configVariable, urlVariable, tokenVariable, voiceKey, recogniserKey),
	}
}

// load reads the configuration; its error is config.Errors.
func (s *settings) load() (*config.Config, error) { return config.Load(s.source()) }

// flagName returns the name in "--name" and "--name=value".
func flagName(arg string) (string, bool) {
	name, ok := strings.CutPrefix(arg, "--")
	name, _, _ = strings.Cut(name, "=")
	return name, ok && name != ""
}

// joinSwitches lets a switch have its value as the next argument, as all other keys
// can: "--vad 0" becomes "--vad=0". Without a value a switch is on.
func joinSwitches(args []string) []string {
	words := []string{"0", "1", "true", "false", "yes", "no", "on", "off"}
	out := []string{} // nil would make cobra read os.Args
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if name, ok := flagName(arg); ok && !strings.Contains(arg, "=") && i+1 < len(args) {
			k, _, known := config.ParseFlag(name)
			if known && k.Type == config.Bool && slices.Contains(words, strings.ToLower(args[i+1])) {
				arg += "=" + args[i+1]
				i++
			}
		}
		out = append(out, arg)
	}
	return out
}

// nearestFlag returns the flag of cmd that is most like name, or "". The flags of
// the keys are compared with the account suffix that name has.
func nearestFlag(cmd *cobra.Command, name string) string {
	suffix := ""
	if i := strings.LastIndexByte(name, '-'); i > 0 && strings.Trim(name[i+1:], "0123456789") == "" && name[i+1:] != "" {
		suffix = name[i:]
	}
	// Cobra compares names of commands, so the flags become some.
	candidates := &cobra.Command{}
	add := func(flag string) {
		candidates.AddCommand(&cobra.Command{Use: flag, Run: func(*cobra.Command, []string) {}})
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		add(f.Name)
		if k, ok := f.Value.(*keyFlag); ok && k.key.Scope == config.AccountScope && suffix != "" {
			add(f.Name + suffix)
		}
	})
	for d := 1; d <= len(name)/2+1; d++ {
		candidates.SuggestionsMinimumDistance = d
		if near := candidates.SuggestionsFor(name); len(near) > 0 {
			return near[0]
		}
	}
	return ""
}

// newLogger logs to standard error, in colour when that is a terminal.
func newLogger(level string, stderr *os.File) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name:   "offhook",
		Level:  hclog.LevelFromString(level),
		Output: stderr,
		Color:  hclog.AutoColor,
	})
}
