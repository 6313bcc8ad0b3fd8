package main

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/serve"
)

// commanded is a softphone that writes down MicroSIP's command lines.
type commanded struct {
	api.Softphone
	mu    sync.Mutex
	lines []string
}

func (p *commanded) Status() api.Status { return api.Status{} }

func (p *commanded) Command(_ context.Context, line string) (api.CommandResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, line)
	switch line {
	case "/answer":
		return api.CommandResult{}, api.Errorf(http.StatusNotFound, api.CodeNoCall, "nobody rings")
	case "0900":
		return api.CommandResult{}, api.Errorf(http.StatusConflict, api.CodeConflict, "not allowed")
	case "1002":
		return api.CommandResult{Command: "dial", Waiting: true}, nil
	}
	return api.CommandResult{Command: "dial", Calls: []api.CallID{7}}, nil
}

func (p *commanded) noted() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// startCommanded serves it on a socket.
func startCommanded(t *testing.T) (*commanded, string) {
	t.Helper()
	p := &commanded{}
	socket := testSocket(t)
	ln, err := api.ListenSocket(socket)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := api.NewServer(api.Config{Softphone: p, Events: serve.Events()})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeSocket(ln) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		_ = ln.Close() // the server did
		<-served
	})
	return p, socket
}

// microsipRun runs the verb.
func microsipRun(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = execute(append([]string{"microsip"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestMicroSIPHandsOver(t *testing.T) {
	p, socket := startCommanded(t)
	for _, tt := range []struct {
		dialect string
		line    []string
		handed  string // empty: nothing
		code    int
		stdout  string // of --json
		text    string // without
	}{
		{"documented", []string{"1001"}, "1001", 0, `{"type":"CommandResult","command":"dial","calls":[7]}`, "dial 7"},
		{"documented", []string{"1002"}, "1002", 0, `{"type":"CommandResult","command":"dial","calls":[],"waiting":true}`, "dial: waits for the registration"},
		{"documented", []string{"1001", "hello there"}, "1001 hello there", 0, `{"type":"CommandResult","command":"dial","calls":[7]}`, "dial 7"},
		{"documented", []string{"/answer"}, "/answer", exitUnknown, `{"type":"Error","message":"nobody rings"`, ""},
		{"documented", []string{"0900"}, "0900", exitRefused, `{"type":"Error","message":"not allowed"`, ""},
		{"documented", []string{"/exit"}, "/exit", 0, `{"type":"CommandResult","command":"dial","calls":[7]}`, "dial 7"},
		{"documented", []string{"/minimized"}, "", 0, `{"type":"CommandResult","command":"minimize","calls":[]}`, "minimize"},
		{"documented", nil, "", 0, `{"type":"CommandResult","command":"show","calls":[]}`, "show"},
		{"documented", []string{"/reset"}, "", exitRefused, `{"type":"Error","message":"microsip: nothing was reset`, ""},
		{"strict", []string{"1001"}, "1001", 0, "", ""},
		{"strict", []string{"/answer"}, "/answer", 0, "", ""},
		{"strict", []string{"exit"}, "exit", 0, "", ""},
		{"strict", []string{"/minimized"}, "", 0, "", ""},
		{"strict", []string{"/resetnoask"}, "", 0, "", ""},
		{"strict", nil, "", 0, "", ""},
	} {
		for _, asJSON := range []bool{true, false} {
			args := []string{"--dialect", tt.dialect, "--socket", socket}
			want := tt.text
			if asJSON {
				args, want = append(args, "--json"), tt.stdout
			}
			before := len(p.noted())
			code, stdout, stderr := microsipRun(append(append(args, "--"), tt.line...)...)
			handed := strings.Join(p.noted()[before:], "|")
			if code != tt.code || handed != tt.handed || !strings.HasPrefix(strings.TrimSpace(stdout), want) || want == "" && stdout != "" {
				t.Errorf("%s %q: %d, handed over %q, %s%s", tt.dialect, tt.line, code, handed, stdout, stderr)
			}
			if (stderr != "") != (tt.code != 0) {
				t.Errorf("%s %q: on standard error %q", tt.dialect, tt.line, stderr)
			}
		}
	}
}

// Where no engine runs, some commands start none.
func TestMicroSIPStartsNoEngine(t *testing.T) {
	socket := testSocket(t)
	for _, tt := range []struct {
		dialect, line string
		code          int
	}{
		{"documented", "/answer", exitUnreachable}, {"documented", "/hangupall", exitUnreachable},
		{"documented", "/exit", exitUnreachable}, {"documented", "exit", exitUnreachable},
		{"strict", "/answer", 0}, {"strict", "/hangupall", 0}, {"strict", "/exit", 0}, {"strict", `"/exit"`, 0},
	} {
		code, stdout, stderr := microsipRun("--dialect", tt.dialect, "--socket", socket, "--", tt.line)
		if code != tt.code || stdout != "" || (stderr != "") != (code != 0) {
			t.Errorf("%s %s: %d, %q, %q", tt.dialect, tt.line, code, stdout, stderr)
		}
	}
	if startsNone(0, "msip:answer") || startsNone(0, "/hangupincoming") || startsNone(0, "1001") {
		t.Error("MicroSIP starts for these")
	}
}

func TestProgramArgs(t *testing.T) {
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"/usr/bin/offhook", []string{"run", "--json"}, []string{"run", "--json"}},
		{"microsip", []string{"/minimized", "100"}, []string{"microsip", "--", "/minimized 100"}},
		{`C:\Program Files\MicroSIP.exe`, []string{"--json"}, []string{"microsip", "--", "--json"}},
		{"./microsip", nil, []string{"microsip", "--", ""}},
	} {
		if got := programArgs(tt.name, tt.args, strings.Join(tt.args, " ")); !slices.Equal(got, tt.want) {
			t.Errorf("%s %q: %q", tt.name, tt.args, got)
		}
	}
}
