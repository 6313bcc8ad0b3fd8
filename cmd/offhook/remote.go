package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
)

// The exit codes of the verbs that command a running engine, beside those of all.
const (
	exitUnreachable = 6
	exitUnknown     = 7
	exitRefused     = 8
)

const remoteCodes = `Exit codes: 0; 1 bad usage, or a value that the engine does not take; 6 no engine is
running there; 7 there is no such call, account or file; 8 the engine refused or failed.`

const (
	// urlVariable and tokenVariable are --url and what --token-file holds.
	urlVariable   = "OFFHOOK_API_URL"
	tokenVariable = "OFFHOOK_API_TOKEN"
)

// remote is where the engine is that a verb commands.
type remote struct {
	settings  settings
	socket    string
	url       string
	tokenFile string
	json      bool
}

// addRemote gives a verb the flags that say which engine it commands, and --json.
func addRemote(cmd *cobra.Command) *remote {
	r := &remote{}
	f := cmd.Flags()
	f.StringVarP(&r.settings.path, "config", "c", "", "INI `file` of the engine (default as of run)")
	f.StringVar(&r.socket, "socket", "", "`path` of the engine's socket (default that of the configuration)")
	f.StringVar(&r.url, "url", "", "`URL` of an engine's apiListen, such as http://127.0.0.1:8090 (default $OFFHOOK_API_URL)")
	f.StringVar(&r.tokenFile, "token-file", "", "`file` with the token for --url (default $OFFHOOK_API_TOKEN)")
	f.BoolVar(&r.json, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("socket", "url")
	cmd.MarkFlagsMutuallyExclusive("config", "url")
	return r
}

// client finds the engine. Mistakes in its configuration are not this verb's business.
func (r *remote) client() (*api.Client, error) {
	url := r.url
	if url == "" && r.socket == "" && r.settings.path == "" {
		url = os.Getenv(urlVariable)
	}
	if url != "" {
		token := os.Getenv(tokenVariable)
		if r.tokenFile != "" {
			var err error
			if token, err = api.ReadToken(r.tokenFile); err != nil {
				return nil, fmt.Errorf("--token-file: %w", err)
			}
		}
		return &api.Client{URL: url, Token: token}, nil
	}
	src := r.settings.source()
	socket, err := socketOf(cmp.Or(r.socket, config.Check(src).Config.Settings.Socket), src.Path)
	if err != nil {
		return nil, err
	}
	if socket == "" {
		return nil, errors.New("the configuration says that there is no socket")
	}
	return &api.Client{Socket: socket}, nil
}

// socketOf returns the path of the control socket, empty where there is to be none.
func socketOf(socket, configPath string) (string, error) {
	switch socket {
	case config.SocketNone:
		return "", nil
	case "":
		return api.DefaultSocket(configPath)
	}
	return socket, nil
}

// explainRemote gives an error of the client its exit code.
func explainRemote(err error) error {
	var refused *api.Error
	var nobody *api.UnreachableError
	switch {
	case err == nil, errors.Is(err, errInterrupted):
		return err
	case errors.As(err, &nobody):
		return &exitError{exitUnreachable, fmt.Errorf("%w; offhook run starts one", err)}
	case !errors.As(err, &refused):
		return err
	}
	switch {
	case refused.Code == api.CodeNoCall, refused.Code == api.CodeNoAccount, refused.Code == api.CodeNotFound:
		return &exitError{exitUnknown, err}
	case refused.Status == http.StatusBadRequest, refused.Status == http.StatusUnprocessableEntity:
		return &exitError{exitUsage, err}
	}
	return &exitError{exitRefused, err}
}

// command runs what a verb asks of an engine, and prints the answer. The second signal
// ends the program at once, the first one the wait.
func (r *remote) command(cmd *cobra.Command, ask func(context.Context, *api.Client) (result, error)) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	res, err := ask(ctx, c)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return explainRemote(err)
	}
	if r.json {
		return writeJSON(cmd.OutOrStdout(), res.json)
	}
	if res.text == nil {
		return nil
	}
	return res.text(cmd.OutOrStdout())
}

// result is what a verb prints: JSON, or text for people.
type result struct {
	json any
	text func(io.Writer) error
}

// done is the result of a verb that has nothing to tell.
func done() result { return result{json: map[string]bool{"ok": true}} }

// oneLine prints one line for people.
func oneLine(format string, a ...any) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := fmt.Fprintln(w, printable(fmt.Sprintf(format, a...)))
		return err
	}
}
