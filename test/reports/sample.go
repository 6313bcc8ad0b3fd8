// Package reports has a run as scenarios against a PBX leave it, made up to the sample, for
// the tests of package report's writers; and, with the build tag integration, tests of its
// HTML pages in a real browser and of its files with the programs that read them:
//
//	go test -tags integration ./test/reports
package reports

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// Secret is in the SIP messages of [Sample], as a digest, an SRTP key and a password in a
// URI. No report may have it.
const Secret = "c0ffee5ec7e7"

// Hostile is the name of a scenario of [Sample], and part of its texts and SIP messages.
const Hostile = `</script><script>document.title="pwned"</script><img src=x onerror='document.title="pwned"'> "&amp; ]]> | ` + "`x`"

const ms = report.Millis(time.Millisecond)

// Began is when the run of [Sample] began.
var Began = time.Date(2026, 11, 20, 2, 30, 0, 0, time.UTC)

// Sample returns a run with passed, failed, flaky and skipped scenarios and one that could
// not run, and writes its audio below dir unless that is empty. It is the same every time.
func Sample(dir string) (*report.Run, error) {
	r := &report.Run{
		Name: "Acme IVR, nightly", Version: "1.4.0", Host: "probe-3", Command: "offhook test ivr/ -j 4 --seed 42",
		Started: Began, Duration: 48_200 * ms, Seed: 42,
	}
	if dir != "" {
		if err := writeAudio(dir); err != nil {
			return nil, fmt.Errorf("reports: %w", err)
		}
	}
	r.Scenarios = []report.Scenario{
		menu("PCMU/8000", 1), menuFlaky(), greeting(), transfer(), lossy(), locked(),
		{
			Name: "Holiday greeting", File: "ivr/hours.yaml", Line: 31, Tags: []string{"hours"}, Attempt: 1,
			Outcome: report.Skipped, Message: "runs from 24 to 26 December only", Started: Began, Steps: []report.Step{},
		},
		hostile(),
	}
	return r, nil
}

func step(file string, line int, actor, text string, start, took report.Millis) report.Step {
	action, _, _ := strings.Cut(text, " ")
	return report.Step{Action: action, Text: text, Actor: actor, File: file, Line: line, Start: start, Duration: took, Outcome: report.Passed}
}

func menu(codec string, attempt int) report.Scenario {
	const file = "ivr/menu.yaml"
	s := report.Scenario{
		Name: "Key 1 leads to sales", File: file, Line: 12, Tags: []string{"menu", "smoke"}, Attempt: attempt,
		Variables: map[string]string{"codec": codec, "account": "1001"},
		Outcome:   report.Passed, Started: Began.Add(40 * time.Millisecond), Duration: 14_820 * ms,
		Folder: "key-1-leads-to-sales", Files: []string{"key-1-leads-to-sales/call.pcap"},
	}
	welcome := step(file, 16, "alice", "expect-prompt prompts/welcome.wav within 4 s", 1_210*ms, 3_720*ms)
	welcome.Name = "The caller is welcomed"
	welcome.Expected, welcome.Heard = "prompts/welcome.wav, at least 85 % like it, within 4 s", "prompts/welcome.wav after 0.62 s, 98 % like it"
	sales := step(file, 19, "alice", "expect-prompt prompts/sales.wav within 5 s", 5_980*ms, 3_400*ms)
	sales.Expected, sales.Heard = "prompts/sales.wav, at least 85 % like it, within 5 s", "prompts/sales.wav after 0.50 s, 97 % like it"
	both := step(file, 22, "alice", "expect-rtp both ways for 2 s", 9_500*ms, 2_010*ms)
	both.Depth = 1
	quiet := step(file, 23, "alice", "expect-silence 1 s", 9_500*ms, 1_400*ms)
	quiet.Depth = 1
	bye := step(file, 26, "alice", "hangup", 14_300*ms, 60*ms)
	bye.Finally = true
	s.Steps = []report.Step{
		step(file, 14, "alice", "dial sip:700@pbx.example.com", 20*ms, 180*ms),
		step(file, 15, "alice", "expect-ringing within 2 s", 200*ms, 310*ms),
		step(file, 15, "alice", "expect-code 200 within 5 s", 510*ms, 690*ms),
		welcome,
		step(file, 18, "alice", "send-dtmf 1 by RFC4733", 5_100*ms, 260*ms),
		sales,
		step(file, 21, "", "parallel", 9_500*ms, 2_020*ms),
		both, quiet, bye,
	}
	for i := range s.Steps {
		if s.Steps[i].Actor == "" {
			s.Steps[i].Call = -1
		}
	}
	c := report.Call{
		Actor: "alice", ID: 1, SIPCallID: "7f3a9c@192.0.2.10", Role: "UAC", Remote: "sip:700@pbx.example.com", Local: "Alice <sip:1001@pbx.example.com>",
		Start: 24 * ms, Answered: 1_200 * ms, Ended: 14_350 * ms, Code: 200, Reason: "OK", Codec: codec, SRTP: "AES_CM_128_HMAC_SHA1_80",
		Audio: "key-1-leads-to-sales/alice.wav", AudioStart: 1_200 * ms,
		Marks: []report.Mark{
			{Side: report.Heard, From: 0, To: 630 * ms, Kind: report.MarkSilence, Label: "silence", OK: true},
			{Side: report.Heard, From: 630 * ms, To: 3_630 * ms, Kind: report.MarkPrompt, Label: "welcome.wav", Likeness: .98, OK: true, Reference: "prompts/welcome.wav"},
			{Side: report.Said, From: 3_900 * ms, To: 4_160 * ms, Kind: report.MarkDigit, Label: "1", OK: true},
			{Side: report.Heard, From: 5_280 * ms, To: 7_780 * ms, Kind: report.MarkPrompt, Label: "sales.wav", Likeness: .97, OK: true, Reference: "prompts/sales.wav"},
			{Side: report.Heard, From: 9_300 * ms, To: 12_300 * ms, Kind: report.MarkTone, Label: "ringback 425 Hz", OK: true},
			{Side: report.Said, From: 8_600 * ms, To: 10_900 * ms, Kind: report.MarkSpeech, Label: "hello.wav", OK: true},
		},
		Quality:  quality(1_200*ms, 14_000*ms, 0),
		Messages: callMessages("1001", "700", "192.0.2.10:5060", "192.0.2.1:5060", "7f3a9c@192.0.2.10", 24*ms, 1_200*ms, 14_310*ms),
		RX:       report.DirectionStats{Packets: 656, Bytes: 104_960, JitterMS: 1.2, JitterMaxMS: 4.1, MOS: 4.38},
		TX:       report.DirectionStats{Packets: 655, Bytes: 104_800, JitterMS: .9, JitterMaxMS: 3.0, MOS: 4.39},
		RTTMS:    11.4,
	}
	s.Calls = []report.Call{c}
	s.Messages = registration("alice", "1001", "192.0.2.10:5060", "192.0.2.1:5060", 2*ms)
	return s
}

func menuFlaky() report.Scenario {
	s := menu("G722/16000", 2)
	s.Started = Began.Add(3 * time.Second)
	s.Folder, s.Files = "key-1-leads-to-sales-2", nil
	first := report.Scenario{
		Name: s.Name, File: s.File, Line: s.Line, Tags: s.Tags, Variables: s.Variables, Attempt: 1, Outcome: report.Failed,
		Message: "expected an answer within 5 s; 503 Service Unavailable came after 0.2 s", Started: Began.Add(time.Second), Duration: 480 * ms,
	}
	st := step(s.File, 15, "alice", "expect-code 200 within 5 s", 200*ms, 210*ms)
	st.Outcome, st.Message = report.Failed, first.Message
	st.Expected, st.Heard = "200 within 5 s", "503 Service Unavailable"
	first.Steps = []report.Step{step(s.File, 14, "alice", "dial sip:700@pbx.example.com", 20*ms, 180*ms), st}
	first.Steps[0].Call, first.Steps[1].Call = -1, -1
	s.Earlier = []report.Scenario{first}
	return s
}

func greeting() report.Scenario {
	const file = "ivr/voicemail.yaml"
	s := report.Scenario{
		Name: "Voicemail greets in English", File: file, Line: 4, Tags: []string{"voicemail"}, Attempt: 1, Outcome: report.Failed,
		Message: "expected prompt welcome.wav within 4 s; heard 2.1 s of silence, then something 31 % like it",
		Started: Began.Add(2 * time.Second), Duration: 8_120 * ms, Folder: "voicemail-greets-in-english",
	}
	miss := step(file, 8, "alice", "expect-prompt prompts/welcome.wav within 4 s", 900*ms, 4_000*ms)
	miss.Outcome, miss.Message = report.Failed, s.Message
	miss.Expected = "prompts/welcome.wav, at least 85 % like it, within 4 s"
	miss.Heard = "2.1 s of silence, then something 31 % like it; the nearest prompt is welcome-de.wav, 96 % like it"
	skipped := step(file, 9, "alice", "send-dtmf 1234#", 4_900*ms, 0)
	skipped.Outcome, skipped.Message = report.Skipped, "a step before it failed"
	skipped.Call = -1
	bye := step(file, 12, "alice", "hangup", 4_910*ms, 40*ms)
	bye.Finally = true
	s.Steps = []report.Step{step(file, 6, "alice", "dial sip:*97@pbx.example.com", 20*ms, 860*ms), miss, skipped, bye}
	s.Calls = []report.Call{{
		Actor: "alice", ID: 3, SIPCallID: "55aa01@192.0.2.10", Role: "UAC", Remote: "sip:*97@pbx.example.com", Local: "sip:1001@pbx.example.com",
		Start: 22 * ms, Answered: 880 * ms, Ended: 4_950 * ms, Code: 200, Reason: "OK", Codec: "PCMA/8000",
		Audio: "voicemail-greets-in-english/alice.wav", AudioStart: 880 * ms,
		Marks: []report.Mark{
			{Side: report.Heard, From: 0, To: 2_100 * ms, Kind: report.MarkSilence, Label: "silence"},
			{Side: report.Heard, From: 2_100 * ms, To: 4_000 * ms, Kind: report.MarkPrompt, Label: "welcome.wav", Likeness: .31, Reference: "prompts/welcome.wav"},
		},
		Quality:  quality(880*ms, 4_900*ms, 0),
		Messages: callMessages("1001", "*97", "192.0.2.10:5060", "192.0.2.1:5060", "55aa01@192.0.2.10", 22*ms, 880*ms, 4_915*ms),
		RX:       report.DirectionStats{Packets: 203, Bytes: 32_480, JitterMS: .8, JitterMaxMS: 1.9, MOS: 4.39},
		TX:       report.DirectionStats{Packets: 202, Bytes: 32_320, JitterMS: .7, JitterMaxMS: 1.6, MOS: 4.39},
	}}
	return s
}

func transfer() report.Scenario {
	const file = "pbx/transfer.yaml"
	s := report.Scenario{
		Name: "Attended transfer keeps audio both ways", File: file, Line: 3, Tags: []string{"transfer"}, Attempt: 1, Outcome: report.Passed,
		Started: Began.Add(11 * time.Second), Duration: 9_400 * ms,
	}
	pbx := "192.0.2.1:5060"
	s.Steps = []report.Step{
		step(file, 6, "alice", "dial bob", 10*ms, 420*ms),
		step(file, 7, "bob", "wait-for-call within 5 s", 10*ms, 120*ms),
		step(file, 8, "bob", "answer 200", 300*ms, 80*ms),
		step(file, 9, "bob", "hold", 1_000*ms, 90*ms),
		step(file, 10, "bob", "dial carol", 1_100*ms, 500*ms),
		step(file, 11, "carol", "answer 200", 1_400*ms, 60*ms),
		step(file, 12, "bob", "transfer alice to carol", 2_200*ms, 640*ms),
		step(file, 13, "", "parallel", 3_000*ms, 3_000*ms),
		step(file, 14, "alice", "expect-tone 440 Hz within 3 s", 3_000*ms, 1_800*ms),
		step(file, 15, "carol", "expect-tone 880 Hz within 3 s", 3_000*ms, 2_100*ms),
	}
	calls := []int{0, 1, 1, 1, 2, 3, 1, -1, 0, 3}
	for i := range s.Steps {
		s.Steps[i].Call = calls[i]
	}
	s.Steps[8].Depth, s.Steps[9].Depth = 1, 1
	call := func(actor, role, remote, id, local string, start, answered, ended report.Millis) report.Call {
		c := report.Call{
			Actor: actor, ID: len(s.Calls) + 1, SIPCallID: id, Role: role, Remote: remote, Local: "sip:" + actor + "@pbx.example.com",
			Start: start, Answered: answered, Ended: ended, Code: 200, Reason: "OK", Codec: "opus/48000",
			RX: report.DirectionStats{Packets: 300, Bytes: 24_000, JitterMS: 1.1, JitterMaxMS: 3, MOS: 4.3},
			TX: report.DirectionStats{Packets: 300, Bytes: 24_000, JitterMS: 1, JitterMaxMS: 3, MOS: 4.3},
		}
		if role == "UAC" {
			c.Messages = callMessages(actor, remote[len("sip:"):strings.Index(remote, "@")], local, pbx, id, start, answered, ended)
		} else {
			c.Messages = incomingMessages(actor, local, pbx, id, start, answered, ended)
		}
		return c
	}
	s.Calls = append(s.Calls, call("alice", "UAC", "sip:bob@pbx.example.com", "a1@192.0.2.10", "192.0.2.10:5060", 12*ms, 380*ms, 8_900*ms))
	s.Calls = append(s.Calls, call("bob", "UAS", "sip:alice@pbx.example.com", "b1@192.0.2.1", "192.0.2.10:5062", 90*ms, 378*ms, 2_840*ms))
	s.Calls = append(s.Calls, call("bob", "UAC", "sip:carol@pbx.example.com", "b2@192.0.2.10", "192.0.2.10:5062", 1_102*ms, 1_480*ms, 2_845*ms))
	s.Calls = append(s.Calls, call("carol", "UAS", "sip:bob@pbx.example.com", "c1@192.0.2.1", "192.0.2.10:5064", 1_180*ms, 1_478*ms, 8_905*ms))
	s.Calls[3].Audio, s.Calls[3].AudioStart = "pbx/carol.wav", 1_478*ms
	s.Calls[3].Marks = []report.Mark{
		{Side: report.Heard, From: 1_600 * ms, To: 3_600 * ms, Kind: report.MarkTone, Label: "880 Hz", OK: true},
		{Side: report.Said, From: 1_600 * ms, To: 3_600 * ms, Kind: report.MarkTone, Label: "440 Hz", OK: true},
	}
	return s
}

func lossy() report.Scenario {
	const file = "ivr/quality.yaml"
	s := report.Scenario{
		Name: "A menu is usable at 5 % loss", File: file, Line: 20, Tags: []string{"quality", "nightly"}, Attempt: 1, Outcome: report.Failed,
		Variables: map[string]string{"codec": "GSM/8000", "loss": "5 %"},
		Message:   "expected a MOS of at least 3.0 over 30 s; it was 2.41, lowest 1.72 after 17 s, with 7.9 % of the packets lost",
		Started:   Began.Add(12 * time.Second), Duration: 33_000 * ms, Folder: "quality",
	}
	mos := step(file, 27, "alice", "expect-mos at least 3.0 over 30 s", 1_500*ms, 30_000*ms)
	mos.Outcome, mos.Message, mos.Expected, mos.Heard = report.Failed, s.Message, "MOS of at least 3.0", "2.41 (lowest 1.72 after 17 s), 7.9 % of the packets lost"
	text := step(file, 24, "alice", `expect-text /press one/ within 6 s`, 1_500*ms, 4_100*ms)
	text.Expected, text.Heard = "/press one/", "“for sales press one for support press two”"
	s.Steps = []report.Step{
		step(file, 22, "alice", "dial sip:700@pbx.example.com", 15*ms, 1_400*ms), text, mos,
		step(file, 30, "alice", "hangup", 31_600*ms, 50*ms),
	}
	s.Steps[3].Finally = true
	s.Calls = []report.Call{{
		Actor: "alice", ID: 9, SIPCallID: "9e9e@192.0.2.10", Role: "UAC", Remote: "sip:700@pbx.example.com", Local: "sip:1001@pbx.example.com",
		Start: 15 * ms, Answered: 1_415 * ms, Ended: 31_650 * ms, Code: 200, Reason: "OK", Codec: "GSM/8000",
		Audio: "quality/alice.wav", AudioStart: 1_415 * ms,
		Marks: []report.Mark{
			{Side: report.Heard, From: 400 * ms, To: 3_400 * ms, Kind: report.MarkText, Label: "for sales press one for support press two", OK: true},
			{Side: report.Heard, From: 4_000 * ms, To: 7_000 * ms, Kind: report.MarkPrompt, Label: "welcome.wav", Likeness: .88, OK: true, Reference: "prompts/welcome.wav"},
		},
		Quality:  quality(1_415*ms, 31_000*ms, 7.9),
		Messages: callMessages("1001", "700", "192.0.2.10:5060", "192.0.2.1:5060", "9e9e@192.0.2.10", 15*ms, 1_415*ms, 31_600*ms),
		RX:       report.DirectionStats{Packets: 1_392, Bytes: 45_936, Lost: 119, Discarded: 14, Reordered: 22, JitterMS: 18.4, JitterMaxMS: 61, MOS: 2.41},
		TX:       report.DirectionStats{Packets: 1_511, Bytes: 49_863, Lost: 3, JitterMS: 2.2, JitterMaxMS: 9, MOS: 3.6},
		RTTMS:    84,
	}}
	return s
}

func locked() report.Scenario {
	const file = "ivr/locked.yaml"
	s := report.Scenario{
		Name: "Dave calls the queue", File: file, Line: 2, Attempt: 1, Outcome: report.Errored,
		Message: "actor dave is not registered: 403 Forbidden; look at the password of account 4", Started: Began.Add(46 * time.Second), Duration: 210 * ms,
	}
	st := step(file, 5, "dave", "register", 10*ms, 190*ms)
	st.Outcome, st.Message, st.Call = report.Errored, s.Message, -1
	s.Steps = []report.Step{st}
	s.Messages = refusedRegistration("dave", "1004", "192.0.2.10:5066", "192.0.2.1:5060", 11*ms)
	return s
}

func hostile() report.Scenario {
	s := report.Scenario{
		Name: Hostile, File: "ivr/odd.yaml", Line: 1, Tags: []string{Hostile}, Variables: map[string]string{"who": Hostile}, Attempt: 1, Outcome: report.Failed,
		Message: Hostile + "\nand a second line", Started: Began.Add(47 * time.Second), Duration: 300 * ms, Files: []string{`javascript:document.title="pwned"`},
	}
	st := step("ivr/odd.yaml", 3, "eve", "expect-header Subject "+Hostile, 100*ms, 10*ms)
	st.Outcome, st.Message, st.Expected, st.Heard = report.Failed, Hostile, Hostile, Hostile
	s.Steps = []report.Step{st}
	s.Calls = []report.Call{{
		Actor: "eve", ID: 12, SIPCallID: Hostile, Role: "UAS", Remote: Hostile, Local: "sip:eve@192.0.2.10", Start: 5 * ms, Ended: 280 * ms, Code: 603, Reason: Hostile,
		Audio: "../missing.wav", Marks: []report.Mark{{Side: report.Heard, From: 0, To: 200 * ms, Kind: report.MarkText, Label: Hostile}},
		Messages: []report.SIPMessage{
			{At: 5 * ms, Transport: "UDP", Local: "192.0.2.10:5068", Remote: "198.51.100.7:5060", Raw: "INVITE sip:eve@192.0.2.10 SIP/2.0\r\nCSeq: 1 INVITE\r\nSubject: " + Hostile + "\r\n\r\n"},
			{At: 9 * ms, Sent: true, Transport: "UDP", Local: "192.0.2.10:5068", Remote: "198.51.100.7:5060", Raw: "SIP/2.0 603 " + Hostile + "\r\nCSeq: 1 INVITE\r\n\r\n"},
			{At: 12 * ms, Transport: "UDP", Local: "192.0.2.10:5068", Remote: "198.51.100.7:5060", Raw: "\x00\xff\xfe" + Hostile},
		},
	}}
	return s
}

func writeAudio(dir string) error {
	for name, make := range map[string]func() (int, int, []int16){
		"prompts/welcome.wav":                   func() (int, int, []int16) { return 8000, 1, voice(8000, 3, 1) },
		"prompts/sales.wav":                     func() (int, int, []int16) { return 8000, 1, voice(8000, 2.5, 2) },
		"key-1-leads-to-sales/alice.wav":        menuAudio,
		"voicemail-greets-in-english/alice.wav": greetingAudio,
		"pbx/carol.wav":                         transferAudio,
		"quality/alice.wav":                     lossyAudio,
	} {
		rate, channels, samples := make()
		if err := writeWAV(filepath.Join(dir, filepath.FromSlash(name)), rate, channels, samples); err != nil {
			return err
		}
	}
	return nil
}
