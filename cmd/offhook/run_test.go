//go:build cgo

package main

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// SIGTERM hangs up and ends the program within 5 s.
func TestRunSIGTERM(t *testing.T) {
	far, addr := phone(t, "--auto-answer", "all")
	near := dial(t, "sip:x@"+addr)
	near.awaitState("CONFIRMED")
	began := time.Now()
	far.signal(syscall.SIGTERM)
	if code := far.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	far.awaitType("CallEnded")
	if last := far.last(); last.typ() != "EngineStopped" {
		t.Errorf("the last event is %v", last)
	}
	s := near.summary(exitOK, resultAnswered)
	if s["ended_by"] != "remote" {
		t.Errorf("summary %v", s)
	}
}

// A registrar that answers nothing any more does not keep the program.
func TestRunSIGTERMWithoutAnswer(t *testing.T) {
	p := newPeer(t, func(method string) int {
		if method == "unregister" {
			return 0
		}
		return 200
	})
	run := start(t, "run", "--json", "--bind-address", "127.0.0.1", "--server-2", p.addr, "--username-2", "1002")
	reg := run.awaitType("RegistrationChanged")
	if reg["registered"] != true || reg.number("account") != 2 {
		t.Fatalf("registration %v", reg)
	}
	began := time.Now()
	run.signal(syscall.SIGTERM)
	if code := run.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	p.await(t, "unregister")
}

// The second signal ends a program that the first one has not ended yet.
func TestSecondSignal(t *testing.T) {
	p := startAs(t, "stuck", nil)
	p.awaitType("Ready")
	p.signal(os.Interrupt)
	p.awaitType("Stuck")
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 128+int(syscall.SIGTERM) {
		t.Errorf("exit code %d", code)
	}
}

func TestRunPortInUse(t *testing.T) {
	_, addr := phone(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	second := start(t, "run", "--json", "--bind-address", "127.0.0.1", "--source-port", port)
	if code := second.code(); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	text, _ := second.last()["message"].(string)
	if second.last().typ() != "Error" || !strings.Contains(text, addr) || !strings.Contains(text, "--source-port 0") {
		t.Errorf("last line %v", second.last())
	}
	if !strings.Contains(second.stderr.String(), addr) {
		t.Errorf("standard error %s", second.stderr.String())
	}
}

// A reader that went away ends the engine in order, with an error.
func TestRunWithoutReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	p := startAs(t, "offhook", w, "run", "--json", "--bind-address", "127.0.0.1")
	w.Close()
	if code := p.code(); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(p.stderr.String(), "standard output") {
		t.Errorf("standard error %s", p.stderr.String())
	}
}

// Logs are on standard error only, and every event of --json on standard output;
// process.read checks the latter.
func TestRunLogs(t *testing.T) {
	p, _ := phone(t, "--log-level", "debug")
	p.signal(os.Interrupt)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if log := p.stderr.String(); !strings.Contains(log, "[DEBUG]") || strings.Contains(log, "\x1b[") {
		t.Errorf("standard error:\n%s", log)
	}
}

// What PJSIP has is there.
func TestLists(t *testing.T) {
	codecs := object(t, offhook("codecs", "--json").stdout)["codecs"].([]any)
	if first := codecs[0].(map[string]any); first["id"] != "PCMA/8000/1" || first["default"] != true {
		t.Errorf("codecs %v", codecs)
	}
	if text := offhook("codecs"); text.code != exitOK || !strings.Contains(text.stdout, "PCMU/8000/1") {
		t.Errorf("offhook codecs: %v", text)
	}
	if _, ok := object(t, offhook("devices", "--json").stdout)["devices"].([]any); !ok {
		t.Error("devices --json has no list")
	}
	if text := offhook("devices"); text.code != exitOK || text.stdout == "" {
		t.Errorf("offhook devices: %v", text)
	}
	v := line(object(t, offhook("version", "--json").stdout))
	if v["pjsip"] == "" || v.number("limits", "calls") < 1 || v["link"].(map[string]any)["origin"] == "none" {
		t.Errorf("version %v", v)
	}
}
