package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// Every event has a line for people.
func TestDescribe(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.Local)
	header := engine.EventHeader{Seq: 1, Time: at}
	account := engine.EventHeader{Seq: 1, Time: at, Account: 2}
	call := engine.EventHeader{Seq: 1, Time: at, Account: 2, Call: 7}
	stats := engine.CallStats{
		Codec: "PCMU/8000",
		RX:    engine.DirectionStats{Packets: 100, Lost: 2, JitterMS: 1.25},
		TX:    engine.DirectionStats{Packets: 1},
	}
	media := []engine.Media{{Status: "LOCAL_HOLD", Direction: "sendonly", Codec: "PCMU/8000", SRTP: "AES_CM_128_HMAC_SHA1_80"}}
	var b bytes.Buffer
	p := &eventPrinter{w: &b}
	for _, ev := range []engine.Event{
		engine.EngineStarted{EventHeader: header, Transports: []engine.TransportAddress{{Type: "UDP", Address: "127.0.0.1:5060"}, {Type: "TCP", Address: "127.0.0.1:5060"}}},
		engine.RegistrationChanged{EventHeader: account, Registered: true, Code: 200, Reason: "OK", ExpiresMS: 300000},
		engine.RegistrationChanged{EventHeader: account, Code: 403, Reason: "Forbidden", Detail: "pbx refuses username and password of 1002"},
		engine.RegistrationChanged{EventHeader: account, Reason: "no answer"},
		engine.RegistrationChanged{EventHeader: account, Code: 200, Reason: "OK", Unregistering: true},
		engine.IncomingCall{EventHeader: call, Remote: `"Ann" <sip:1001@pbx>`, Local: "<sip:1002@pbx>"},
		engine.IncomingCall{EventHeader: call, Remote: "\"\x1b[2J\" <sip:e@vil>", Local: "a\nb"},
		engine.CallStateChanged{EventHeader: call, State: engine.StateEarly, Code: 180, Reason: "Ringing"},
		engine.CallStateChanged{EventHeader: call, State: engine.StateCalling},
		engine.CallMediaChanged{EventHeader: call, Media: media},
		engine.CallMediaChanged{EventHeader: call},
		engine.CallEnded{EventHeader: call, Code: 200, Reason: "OK", DurationMS: 61500, CallStats: stats},
		engine.CallEnded{EventHeader: call, Code: 486, Reason: "Busy Here"},
		engine.DTMFReceived{EventHeader: call, Digit: "#", Method: "RFC4733"},
		engine.TransferRequested{EventHeader: call, Target: "sip:1003@pbx", Code: 603},
		engine.TransportChanged{EventHeader: header, Transport: "TLS", Connected: true, Remote: "192.0.2.1:5061"},
		engine.TransportChanged{EventHeader: header, Transport: "TLS", Remote: "192.0.2.1:5061", Reason: "connection reset"},
		engine.PlaybackEnded{EventHeader: call, Path: "a.wav", Reason: "call_ended"},
		engine.RecordingStarted{EventHeader: call, Path: "b.wav"},
		engine.RecordingEnded{EventHeader: call, Path: "b.wav", DurationMS: 1234},
		engine.RecordingFailed{EventHeader: call, Path: "b.wav", Reason: "no space"},
		engine.EventsLost{EventHeader: header, Count: 1},
		engine.EngineStopped{EventHeader: header},
		engine.EngineStopped{EventHeader: header, Error: "out of handles"},
	} {
		if err := p.print(ev); err != nil {
			t.Fatal(err)
		}
		if text := describe(ev); text == "" || strings.HasPrefix(text, fmt.Sprintf("%T", ev)) {
			t.Errorf("%T has no line", ev)
		}
	}
	golden(t, "events.golden", b.String())
}

// A reader that does not read any more does not keep the program.
func TestEventPrinterFinish(t *testing.T) {
	p := &eventPrinter{}
	p.finish(make(chan struct{}))
	closed := make(chan struct{})
	close(closed)
	p.finish(closed)
}

// failing is a standard output that cannot be written to.
type failing struct{}

var errFull = errors.New("full")

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestPrintFails(t *testing.T) {
	for _, asJSON := range []bool{true, false} {
		p := &eventPrinter{w: failing{}, json: asJSON}
		if err := p.print(engine.EngineStopped{}); !errors.Is(err, errFull) {
			t.Errorf("an event: %v", err)
		}
		if err := p.summary(callSummary{}); !errors.Is(err, errFull) {
			t.Errorf("the summary: %v", err)
		}
	}
	for _, verb := range []string{"version", "config check"} {
		var stderr bytes.Buffer
		if code := execute(strings.Fields(verb), failing{}, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "full") {
			t.Errorf("%s: code %d, %s", verb, code, stderr.String())
		}
	}
}
