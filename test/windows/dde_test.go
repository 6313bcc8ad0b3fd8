//go:build integration && linux

package windows

import (
	"slices"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// ddeClients are programs that converse by DDE.
type ddeClients struct {
	t             *testing.T
	w             *peers.Wine
	ansi, unicode string // in C
	inGo          string
}

func buildDDEClients(t *testing.T, w *peers.Wine) *ddeClients {
	t.Helper()
	return &ddeClients{t, w, compileSample(t, "dde.c"), compileSample(t, "dde.c", asUnicode...), peers.BuildForWindows(t, "./senders/dde")}
}

// run runs a client, which the one in Go is told the topic for, and returns what it prints.
func (d *ddeClients) run(program string, args ...string) (output string, code int) {
	d.t.Helper()
	if program == d.inGo {
		args = slices.Insert(slices.Clone(args), 0, "call")
	}
	return d.w.Run(program, args...)
}

// executes has a client's commands acknowledged.
func (d *ddeClients) executes(program string, commands ...string) {
	d.t.Helper()
	if output, code := d.run(program, commands...); output != "" || code != 0 {
		d.t.Errorf("%s: %q, exit code %d", commands, output, code)
	}
}

// awaitItem asks until an item is want: an acknowledgement does not say that it was carried out.
func (d *ddeClients) awaitItem(program, item, want string) {
	d.t.Helper()
	for limit := time.Now().Add(deadline); ; {
		output, code := d.run(program, "-r", item)
		if output == want && code == 0 {
			return
		}
		if time.Now().After(limit) {
			d.t.Fatalf("%s is %q, exit code %d, want %q", item, output, code, want)
		}
	}
}

// TestDDE has ANSI and Unicode programs in C, and one in Go, command offhook.exe by DDE.
func TestDDE(t *testing.T) {
	const direct = "[Settings]\nenableLocalAccount = 1\nsaveState = 0\n"
	w := peers.StartWine(t)
	d := buildDDEClients(t, w)
	win, lin := startWindows(t, w, options{ini: direct}), startLinux(t, options{ini: direct})
	d.awaitItem(d.ansi, "State", "IDLE")

	d.executes(d.ansi, "[Dial(sip:lin@"+lin.address["UDP"]+")]")
	there := lin.takes()
	here := win.awaitState(0, "CONFIRMED").Call
	lin.awaitMedia(there, "ACTIVE")
	win.awaitMedia(here, "ACTIVE")
	for _, client := range []string{d.ansi, d.unicode, d.inGo} {
		if output, code := d.run(client, "-r", "State", "-r", "Number", "-r", "Direction", "-r", "Calls"); output != "CONFIRMED\nlin\nout\n1" || code != 0 {
			t.Errorf("%q, exit code %d", output, code)
		}
	}

	win.forget()
	d.executes(d.unicode, "[Hold]")
	win.awaitMedia(here, "LOCAL_HOLD")
	d.awaitItem(d.inGo, "Held", "1")
	win.forget()
	d.executes(d.inGo, "[Hold]")
	win.awaitMedia(here, "ACTIVE")
	d.executes(d.inGo, "[SendDTMF(5)]")
	lin.await("digit", func(e event) bool { return e.Type == "DTMFReceived" && e.Digit == "5" })
	d.executes(d.unicode, "[SetVolume(40)][Mute]")
	d.awaitItem(d.ansi, "Volume", "40")
	d.awaitItem(d.ansi, "Muted", "1")
	if output, code := d.run(d.unicode, "[Hangup][Nothing]"); code != 2 { // nothing of it is done
		t.Errorf("%q, exit code %d", output, code)
	}
	d.executes(d.ansi, "[Hangup]")
	lin.awaitEnd(there)
	win.awaitEnd(here)

	for _, tt := range []struct {
		client, command, state string
	}{{d.unicode, "[Reject]", "DISCONNECTED"}, {d.ansi, "[Answer]", "CONFIRMED"}} {
		win.forget()
		lin.forget()
		call := lin.dial(0, "sip:win@"+win.address["UDP"])
		win.await("IncomingCall", func(e event) bool { return e.Type == "IncomingCall" })
		d.executes(tt.client, tt.command)
		if e := lin.awaitState(call, tt.state); tt.command == "[Reject]" && e.Code != 486 {
			t.Errorf("refused with %d", e.Code)
		}
	}
	d.executes(d.inGo, "[Close]")
	if code := win.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if output, code := d.run(d.unicode, "[Hold]"); code != 1 {
		t.Errorf("%q, exit code %d", output, code)
	}
}

// In the strict dialect there is no DDE, as in MicroSIP.
func TestStrictHasNoDDE(t *testing.T) {
	w := peers.StartWine(t)
	d := buildDDEClients(t, w)
	startWindows(t, w, options{ini: "[Settings]\nenableLocalAccount = 1\ndialect = strict\n"})
	if output, code := d.run(d.unicode, "-r", "State"); code != 1 {
		t.Errorf("%q, exit code %d", output, code)
	}
}
