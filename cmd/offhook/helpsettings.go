package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/config"
)

// newSettingsHelp is the topic "offhook help settings", no verb.
func newSettingsHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "The keys of the configuration as flags",
		Long:  settingsText(),
	}
}

func settingsText() string {
	var b strings.Builder
	b.WriteString(`Every key of the INI file is also a flag of run, call and config check, and an
environment variable. A flag wins over a variable, a variable over the file.

  INI file       flag             environment variable
  sourcePort     --source-port    OFFHOOK_SOURCE_PORT
  username       --username       OFFHOOK_USERNAME
  username-2     --username-2     OFFHOOK_USERNAME_2

The file is the one of -c, else that of OFFHOOK_CONFIG, else offhook.ini in the current
folder, if it is there. No file is needed.

A switch (type "0 or 1") is on where it has no value: --vad is --vad 1.

Everybody on the machine can read a command line: give a password by
--password-file, by OFFHOOK_PASSWORD, or in the file, rather than by --password.

Keys of accounts. Without a suffix they are account 1's; with -N (any number, gaps
allowed) account N's: --server-2 pbx.example.com --username-2 1002. -0 is the local
account, which registers nowhere.

`)
	writeKeys(&b, config.AccountScope, config.Active)
	b.WriteString("\nSettings.\n\n")
	writeKeys(&b, config.SettingScope, config.Active)
	b.WriteString("\nKeys that are accepted and checked, and have no effect yet.\n\n")
	writeKeys(&b, config.AccountScope, config.Kept)
	writeKeys(&b, config.SettingScope, config.Kept)
	return b.String()
}

// writeKeys lists the flags of a scope with what may be given and what they are for.
func writeKeys(b *strings.Builder, scope config.Scope, status config.Status) {
	for _, k := range config.Keys() {
		if k.Flag == "" || k.Scope != scope || k.Status != status {
			continue
		}
		flag := "--" + k.Flag
		if scope == config.AccountScope {
			flag += "[-N]"
		}
		fmt.Fprintf(b, "  %s  %s", flag, valueForm(k))
		if k.Default != "" {
			fmt.Fprintf(b, ", default %s", k.Default)
		}
		fmt.Fprintf(b, "\n%s\n", wrap(k.Doc, "        ", helpWidth))
	}
}

// valueForm says what a key takes.
func valueForm(k config.Key) string {
	if k.Type != config.Choice {
		return string(k.Type)
	}
	var words []string
	for _, c := range k.Choices {
		words = append(words, cmp.Or(c, `""`))
	}
	return strings.Join(words, "|")
}

// wrap breaks text into lines of at most width columns.
func wrap(text, indent string, width int) string {
	var lines []string
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > width && line != indent {
			lines = append(lines, line)
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
