//go:build integration && linux

package integration

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// office is an engine in the test's own process; there is one at a time.
type office struct {
	*engine.Engine
	t    *testing.T
	sub  *engine.Subscription
	log  logBuffer
	seen []engine.Event
}

// openOffice runs an engine with accounts at a server until the test ends, and waits for
// their registrations.
func openOffice(t *testing.T, server, settings string, users ...string) *office {
	t.Helper()
	o := startOffice(t, officeINI(server, settings, users...))
	for i := range users {
		awaitOffice(o, func(ev engine.RegistrationChanged) bool { return ev.Account == i+1 && ev.Registered })
	}
	return o
}

func officeINI(server, settings string, users ...string) string {
	ini := "[Settings]\nbindAddress = " + peers.Loopback + "\naudioCodecs = PCMA/8000/1\n" + settings + "\n"
	for i, user := range users {
		ini += fmt.Sprintf("[Account%d]\nserver = %s\nusername = %s\npassword = %s\n", i+1, server, user, peers.Password(user))
	}
	return ini
}

func startOffice(t *testing.T, ini string) *office {
	t.Helper()
	cfg, err := config.Load(config.Source{Path: writeINI(t, ini)})
	check(t, err)
	o := &office{t: t}
	o.Engine, err = engine.New(cfg, hclog.New(&hclog.LoggerOptions{Output: &o.log, Level: hclog.Debug}))
	check(t, err)
	o.sub = o.Subscribe()
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- o.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		o.sub.Close()
		if t.Failed() {
			t.Log(o.log.String())
		}
	})
	awaitOffice(o, func(engine.EngineStarted) bool { return true })
	return o
}

func (o *office) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	o.t.Cleanup(cancel)
	return ctx
}

// awaitOffice returns the first event of type E that satisfies ok, and looks at those
// first which other waits have passed over.
func awaitOffice[E engine.Event](o *office, ok func(E) bool) E {
	o.t.Helper()
	for i, ev := range o.seen {
		if e, is := ev.(E); is && ok(e) {
			o.seen = slices.Delete(o.seen, i, i+1)
			return e
		}
	}
	limit := time.After(deadline)
	for {
		select {
		case ev, open := <-o.sub.Events():
			if !open {
				o.t.Fatalf("events closed; seen %+v", o.seen)
			}
			if e, is := ev.(E); is && ok(e) {
				return e
			}
			o.seen = append(o.seen, ev)
		case <-limit:
			o.t.Fatalf("no %T within %v; seen %+v", *new(E), deadline, o.seen)
		}
	}
}

// dial calls a number by the account and waits for the answer.
func (o *office) dial(account int, uri string) *engine.Call {
	o.t.Helper()
	c, err := o.Dial(o.soon(), engine.DialRequest{Account: account, URI: uri})
	check(o.t, err)
	check(o.t, c.Wait(o.soon(), engine.StateConfirmed))
	return c
}

// incoming returns the next call that comes in for the account.
func (o *office) incoming(account int) *engine.Call {
	o.t.Helper()
	ev := awaitOffice(o, func(ev engine.IncomingCall) bool { return ev.Account == account })
	c, ok := o.Call(ev.Call)
	if !ok {
		o.t.Fatalf("call %d is gone", ev.Call)
	}
	return c
}

// connect calls one account from another, by the server: the two ends of the call.
func (o *office) connect(from, to int, number string) (out, in *engine.Call) {
	o.t.Helper()
	out, err := o.Dial(o.soon(), engine.DialRequest{Account: from, URI: number})
	check(o.t, err)
	in = o.incoming(to)
	check(o.t, in.Answer(o.soon(), 200, ""))
	check(o.t, out.Wait(o.soon(), engine.StateConfirmed))
	return out, in
}

// bridged connects 1001 to 1002, and waits until Asterisk has bridged them: before that it refuses a transfer.
func (o *office) bridged(a *peers.Asterisk) (out, in *engine.Call) {
	o.t.Helper()
	watch := a.Watch()
	out, in = o.connect(1, 2, "1002")
	watch.WaitBridged(deadline, "1001", "1002")
	return out, in
}

// hears records the call until a tone of hz is in it; hz 0 is silence.
func (o *office) hears(c *engine.Call, hz float64) {
	o.t.Helper()
	limit := time.Now().Add(deadline)
	for n := 0; ; n++ {
		path := filepath.Join(o.t.TempDir(), fmt.Sprintf("heard%d.wav", n))
		rec, err := c.Record(o.soon(), path, engine.RecordOptions{})
		check(o.t, err)
		first, err := c.Stats(o.soon())
		for now := first; err == nil && now.RX.Packets < first.RX.Packets+40 && time.Now().Before(limit); now, err = c.Stats(o.soon()) {
			time.Sleep(20 * time.Millisecond)
		}
		check(o.t, err)
		check(o.t, rec.Stop(o.soon()))
		heard := readRecording(o.t, path)
		tone := dsp.ClearestTone(heard.Channel(0), heard.Rate, 200*time.Millisecond)
		if hz == 0 && tone.Level < -50 || hz > 0 && math.Abs(tone.Hz-hz) < 3 && tone.Level > -30 {
			return
		}
		if time.Now().After(limit) {
			o.t.Fatalf("call %d hears %v, want %v Hz", c.ID(), tone, hz)
		}
	}
}

func (o *office) says(c *engine.Call, hz float64) {
	o.t.Helper()
	_, err := c.Play(o.soon(), toneFile(o.t, hz, peerLevel, time.Second), true)
	check(o.t, err)
}

func (o *office) ended(c *engine.Call) engine.CallEnded {
	o.t.Helper()
	return awaitOffice(o, func(ev engine.CallEnded) bool { return ev.Call == c.ID() })
}

// Asterisk does what REFER asks: the far end of the call talks to somebody else, and the
// call is hung up here.
func TestEngineBlindTransfer(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001", "1002")
	out, in := o.bridged(a)
	// 1002 sends 1001 on to the tone.
	tr, err := in.Transfer(o.soon(), "603")
	check(t, err)
	check(t, tr.Wait(o.soon()))
	if ev := awaitOffice(o, func(engine.TransferEnded) bool { return true }); ev.Outcome != engine.TransferSucceeded || ev.Call != in.ID() || ev.Code != 200 {
		t.Errorf("%+v", ev)
	}
	o.ended(in)
	o.hears(out, peers.ToneHz)
	if state := out.Info().State; state != engine.StateConfirmed {
		t.Errorf("the transferred call is %s", state)
	}
}

func TestEngineTransferByFeatureCode(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "enableFeatureCodeBT = 1\nfeatureCodeBT = #1\n", "1001")
	watch := a.Watch()
	c := o.dial(1, "603")
	_, err := c.Transfer(o.soon(), "600")
	check(t, err)
	for _, digit := range []string{"#", "1", "6", "0", "0"} {
		watch.Wait(deadline, peers.Event{"Event": "DTMFEnd", "Direction": "Received", "Digit": digit})
	}
}

// Two calls become one: the far ends of both talk to each other.
func TestEngineAttendedTransfer(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001", "1002")
	out, in := o.bridged(a)
	consult, err := in.Consult(o.soon(), "603")
	check(t, err)
	check(t, consult.Wait(o.soon(), engine.StateConfirmed))
	tr, err := in.TransferTo(o.soon(), consult)
	check(t, err)
	check(t, tr.Wait(o.soon()))
	o.ended(in)
	o.ended(consult)
	o.hears(out, peers.ToneHz)
}

// REFER of the far end is refused, or obeyed where the account says so.
func TestEngineIsTransferred(t *testing.T) {
	a := peers.StartAsterisk(t)
	for _, tc := range []struct {
		accept string
		status string
		code   int
	}{{"0", "FAILURE", 603}, {"1", "SUCCESS", 202}} {
		t.Run(tc.status, func(t *testing.T) {
			o := startOffice(t, officeINI(a.UDP, "", "1001")+"acceptTransfers = "+tc.accept+"\n")
			awaitOffice(o, func(ev engine.RegistrationChanged) bool { return ev.Registered })
			watch := a.Watch()
			c := o.dial(1, "615")
			ev := awaitOffice(o, func(engine.TransferRequested) bool { return true })
			if ev.Call != c.ID() || ev.Code != tc.code && !(tc.code == 202 && ev.Code/100 == 2) {
				t.Errorf("%+v", ev)
			}
			watch.Wait(deadline, peers.Event{"Event": "UserEvent", "UserEvent": "Transfer", "Status": tc.status})
			if tc.accept == "1" {
				born := awaitOffice(o, func(engine.CallTransferred) bool { return true })
				awaitOffice(o, func(ev engine.CallStateChanged) bool {
					return ev.Call == born.NewCall && ev.State == engine.StateConfirmed
				})
			}
		})
	}
}

// Who talks by Asterisk hears the others, mixed here.
func TestEngineConference(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001", "1002")
	tone := o.dial(1, "603")
	out, in := o.connect(1, 2, "1002")
	_, err := o.Conference(o.soon(), tone, out)
	check(t, err)
	o.hears(in, peers.ToneHz)
	check(t, out.SetMuted(o.soon(), engine.Input, true))
	o.hears(in, 0)
	check(t, out.SetMuted(o.soon(), engine.Input, false))
	o.hears(in, peers.ToneHz)
	check(t, o.Separate(o.soon(), tone))
	o.hears(in, 0)
	// Who was separated is on hold, and resumed by the next conference.
	_, err = o.Conference(o.soon(), tone, out)
	check(t, err)
	o.hears(in, peers.ToneHz)
}

// A lamp and the presence of an extension, as Asterisk tells them.
func TestEngineLamps(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001")
	a.SetLamp("NOT_INUSE")
	for _, pkg := range []string{engine.PackageDialog, engine.PackagePresence} {
		_, err := o.Watch(o.soon(), "650", engine.WatchOptions{Package: pkg})
		check(t, err)
	}
	for _, tc := range []struct{ lamp, status string }{
		{"", engine.BuddyOnline}, {"RINGING", engine.BuddyRinging}, {"INUSE", engine.BuddyOnThePhone}, {"NOT_INUSE", engine.BuddyOnline},
	} {
		if tc.lamp != "" {
			a.SetLamp(tc.lamp)
		}
		for _, pkg := range []string{engine.PackageDialog, engine.PackagePresence} {
			awaitOffice(o, func(ev engine.BuddyChanged) bool {
				return ev.Package == pkg && ev.Status == tc.status && strings.Contains(ev.URI, "650") && ev.Account == 1
			})
		}
	}
	check(t, o.Unwatch(o.soon(), "650"))
}

// Who is not known there is told, and nothing is known of him.
func TestEngineLampRefused(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001")
	_, err := o.Watch(o.soon(), "699", engine.WatchOptions{Package: engine.PackageDialog})
	check(t, err)
	ev := awaitOffice(o, func(ev engine.BuddyChanged) bool { return ev.State == "TERMINATED" })
	if ev.Code != 404 || ev.Status != engine.BuddyUnknown {
		t.Errorf("%+v", ev)
	}
}

// A message that is left is counted.
func TestEngineVoicemail(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := startOffice(t, officeINI(a.UDP, "", "1001", "1002")+"voicemailNumber = 6052\n")
	first := awaitOffice(o, func(ev engine.MWIChanged) bool { return ev.Account == 2 })
	if first.Waiting || first.New != 0 {
		t.Errorf("%+v", first)
	}
	c, err := o.Voicemail(o.soon(), 2)
	check(t, err)
	check(t, c.Wait(o.soon(), engine.StateConfirmed))
	o.says(c, 440)
	before, err := c.Stats(o.soon())
	check(t, err)
	limit := time.Now().Add(deadline)
	for now := before; now.TX.Packets < before.TX.Packets+200 && time.Now().Before(limit); {
		time.Sleep(20 * time.Millisecond)
		now, err = c.Stats(o.soon())
		check(t, err)
	}
	check(t, c.Hangup(o.soon(), 0, ""))
	ev := awaitOffice(o, func(ev engine.MWIChanged) bool { return ev.Account == 2 && ev.Waiting })
	if ev.New != 1 || ev.Old != 0 {
		t.Errorf("%+v", ev)
	}
	for _, acc := range o.Accounts() {
		if acc.Number == 2 && (acc.Mailbox == nil || acc.Mailbox.New != 1) {
			t.Errorf("%+v", acc)
		}
	}
}

func TestEngineMessages(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001", "1002")
	id, err := o.SendMessage(o.soon(), 1, "1002", "Grüße", "")
	check(t, err)
	if ev := awaitOffice(o, func(ev engine.MessageStatus) bool { return ev.Message == id }); ev.Code != 202 || ev.Account != 1 {
		t.Errorf("%+v", ev)
	}
	if ev := awaitOffice(o, func(engine.MessageReceived) bool { return true }); ev.Text != "Grüße" || ev.Account != 2 || !strings.Contains(ev.From, "sip:1001@") {
		t.Errorf("%+v", ev)
	}
	c := o.dial(1, "617")
	if ev := awaitOffice(o, func(engine.MessageReceived) bool { return true }); ev.Text != "hello" || ev.Call != c.ID() {
		t.Errorf("%+v", ev)
	}
}

// A caller whose call was forwarded goes there: Asterisk follows 302.
func TestEngineForward(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001", "1002")
	watch := a.Watch()
	out, err := o.Dial(o.soon(), engine.DialRequest{Account: 1, URI: "1002"})
	check(t, err)
	check(t, o.incoming(2).Forward(o.soon(), "603"))
	// Asterisk dials the new extension on behalf of 1002.
	watch.Wait(deadline, peers.Event{"Event": "Newchannel"})
	check(t, out.Wait(o.soon(), engine.StateConfirmed))
	o.hears(out, peers.ToneHz)
}

// The registrar is out of order, another stands in, and the first is used again.
func TestEngineFailover(t *testing.T) {
	a := peers.StartAsterisk(t)
	dead := peers.FreePorts(t, 1)
	ini := officeINI(fmt.Sprintf("%s:%d", peers.Loopback, dead), "", "1001") +
		"domain = " + a.UDP + "\ntransport = tcp\nbackupServer = " + a.TCP + "\n"
	o := startOffice(t, ini)
	first := awaitOffice(o, func(engine.RegistrationChanged) bool { return true })
	if first.Registered {
		t.Errorf("%+v", first)
	}
	awaitOffice(o, func(ev engine.RegistrationChanged) bool { return ev.Registered })
	a.WaitLocations(1, deadline)
}

// Accounts come and go while the engine runs.
func TestEngineAccounts(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := openOffice(t, a.UDP, "", "1001")
	cfg := o.Config(t, a.UDP, "1002")
	acc, err := o.AddAccount(o.soon(), cfg)
	check(t, err)
	check(t, acc.WaitRegistered(o.soon()))
	a.WaitLocations(2, deadline)
	out, _ := o.connect(1, acc.Number(), "1002")
	if err := o.RemoveAccount(o.soon(), acc.Number()); err != engine.ErrAccountBusy {
		t.Errorf("with a call: %v", err)
	}
	check(t, out.Hangup(o.soon(), 0, ""))
	awaitOffice(o, func(ev engine.CallEnded) bool { return ev.Account == acc.Number() })
	check(t, o.RemoveAccount(o.soon(), acc.Number()))
	a.WaitLocations(1, deadline)
}

// Config is the configuration of an account at server.
func (o *office) Config(t *testing.T, server, user string) config.Account {
	t.Helper()
	cfg, err := config.Load(config.Source{Path: writeINI(t, officeINI(server, "", user))})
	check(t, err)
	acc, _ := cfg.Account(1)
	acc.Number = 0
	return acc
}
