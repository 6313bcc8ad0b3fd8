package engine

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

var update = flag.Bool("update", false, "write the golden files")

// everyEvent has one event of each type with every field set.
func everyEvent() []Event {
	head := func(typ string) EventHeader {
		at := time.Date(2026, 11, 23, 12, 30, 45, 123456789, time.UTC)
		return EventHeader{Seq: 7, Time: at, Type: typ, Account: 2, Call: 41}
	}
	stats := CallStats{
		Codec: "PCMU/8000",
		RX:    DirectionStats{Packets: 500, Bytes: 80000, Lost: 1, Discarded: 2, Reordered: 3, Duplicates: 4, JitterMS: 0.125, JitterMaxMS: 2.5, MOS: 4.32},
		TX:    DirectionStats{Packets: 499, Bytes: 79840},
		RTTMS: 1.75,
	}
	levels := Levels{true, true, 50, 80}
	return []Event{
		TransferStarted{head("TransferStarted"), "sip:e@f", 42},
		TransferProgress{head("TransferProgress"), 180, "Ringing"},
		TransferEnded{head("TransferEnded"), "sip:e@f", 42, TransferSucceeded, 200, "OK"},
		CallTransferred{head("CallTransferred"), 42},
		ReplaceRequested{head("ReplaceRequested"), 603, "sip:a@b"},
		CallReplaced{head("CallReplaced"), 42},
		CallRedirected{head("CallRedirected"), 302, "sip:e@f", "follow"},
		RuleMatched{head("RuleMatched"), "night", "play", "closed.wav"},
		CallRejected{head("CallRejected"), 486, "Busy Here", "sip:a@b", "sip:c@d", "x@y"},
		LevelsChanged{head("LevelsChanged"), levels},
		ConferenceChanged{head("ConferenceChanged"), 1, []CallID{41, 42}},
		DTMFSent{head("DTMFSent"), "12#", "INBAND"},
		MessageReceived{head("MessageReceived"), "sip:a@b", "sip:c@d", "text/plain", "hello", []byte{0xff}, "192.0.2.9:5060"},
		MessageStatus{head("MessageStatus"), 9, "sip:a@b", 202, "Accepted"},
		MWIChanged{head("MWIChanged"), Mailbox{true, 2, 8, 1, 3, "sip:1001@pbx"}},
		BuddyChanged{head("BuddyChanged"), BuddyInfo{
			URI: "sip:a@b", Package: PackageDialog, Status: BuddyOnThePhone, Note: "On the phone", State: "TERMINATED", Code: 403, Reason: "rejected",
			Dialogs: []Dialog{{"1", "confirmed", "initiator", "sip:e@f"}},
		}},
		AccountAdded{head("AccountAdded"), "sip:1001@pbx"},
		AccountUpdated{head("AccountUpdated"), "sip:1001@pbx"},
		AccountRemoved{head("AccountRemoved"), "sip:1001@pbx"},
		AddressChanged{head("AddressChanged"), []string{"192.0.2.1"}},
		SystemResumed{head("SystemResumed"), 3600000},
		EngineStarted{head("EngineStarted"), []TransportAddress{{"UDP", "192.0.2.1:5060"}}},
		EngineStopped{head("EngineStopped"), "why"},
		RegistrationChanged{head("RegistrationChanged"), true, 200, "OK", "words", 300000, true},
		IncomingCall{EventHeader: head("IncomingCall"), Remote: "sip:a@b", Local: "sip:c@d", Name: "Ann", SIPCallID: "x@y", Source: "192.0.2.9:5060",
			invite: pjsua.IncomingCall{Request: []byte("INVITE\r\nAuthorization: x\r\n\r\n")}},
		CallStateChanged{head("CallStateChanged"), "UAC", StateConfirmed, 200, "OK", "sip:a@b", "sip:c@d", "x@y"},
		CallMediaChanged{head("CallMediaChanged"), []Media{{"ACTIVE", "sendrecv", "PCMU/8000", "AES_CM_128_HMAC_SHA1_80"}}},
		CallEnded{head("CallEnded"), "UAS", 200, "Normal call clearing", "sip:a@b", "sip:c@d", "x@y", 1500, 2500, true, stats},
		CallQuality{head("CallQuality"), "PCMU/8000", DirectionQuality{4.32, 50, 1, 2, 0.125}, DirectionQuality{4.41, 500, 3, 0, 0.25}, 1.75},
		DTMFReceived{head("DTMFReceived"), "#", "RFC4733", 160},
		TransferRequested{head("TransferRequested"), "sip:e@f", 603},
		TransportChanged{head("TransportChanged"), "TLS", true, "192.0.2.2:5061", "handshake"},
		PlaybackEnded{head("PlaybackEnded"), "a.wav", "finished"},
		RecordingStarted{head("RecordingStarted"), "r.wav", true},
		RecordingEnded{head("RecordingEnded"), "r.wav", 1234},
		RecordingFailed{head("RecordingFailed"), "r.wav", "disk full"},
		HookFailed{head("HookFailed"), "cmdCallEnd", "exit status 3"},
		WebhookChanged{head("WebhookChanged"), "https://crm.example.com/in", true, 3, 2, "answered with 503"},
		FileFailed{head("FileFailed"), "statusFile", "status.json", "disk full"},
		ConfigReloaded{head("ConfigReloaded"), []string{"DND", "sourcePort"}, []string{"sourcePort"}, "words"},
		DirectoryLoaded{head("DirectoryLoaded"), 40, "answered with 404"},
		EventsLost{head("EventsLost"), 12, true},
	}
}

func TestJSONOfEveryEvent(t *testing.T) {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	for _, ev := range everyEvent() {
		if err := enc.Encode(ev); err != nil {
			t.Fatal(err)
		}
	}
	// What a header leaves out when there is nothing to say.
	if err := enc.Encode(EventHeader{Seq: 1, Type: "EngineStarted"}); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "events.json")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("the JSON of the events is not that of %s; -update writes it.\n%s", golden, out.String())
	}
}

func TestEveryEventIsListed(t *testing.T) {
	names, err := filepath.Glob("event*.go")
	if err != nil {
		t.Fatal(err)
	}
	types := make(map[string]bool)
	find := func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok && len(s.Fields.List) > 0 && s.Fields.List[0].Names == nil {
			if id, ok := s.Fields.List[0].Type.(*ast.Ident); ok && id.Name == "EventHeader" {
				types[spec.Name.Name] = true
			}
		}
		return true
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, find)
	}
	for _, ev := range everyEvent() {
		name := reflect.TypeOf(ev).Name()
		if !types[name] || ev.Header().Type != name {
			t.Errorf("%s: not in event*.go, or its header says %q", name, ev.Header().Type)
		}
		delete(types, name)
	}
	if len(types) > 0 {
		t.Errorf("without a golden: %v", types)
	}
}
