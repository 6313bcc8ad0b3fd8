package report

import (
	"bytes"
	"encoding/base64"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

const milli = Millis(time.Millisecond)

// smallRun is a run whose page is short enough to be read.
func smallRun() *Run {
	return &Run{
		Name: "Small & <short>", Version: "1.0", Host: "here", Command: "offhook test small.yaml", Seed: 7,
		Started: time.Date(2026, 11, 20, 2, 30, 0, 0, time.UTC), Duration: 2000 * milli,
		Scenarios: []Scenario{{
			Name: "One <step>", File: "small.yaml", Line: 3, Attempt: 1, Tags: []string{"t&t"}, Variables: map[string]string{"codec": "PCMU"},
			Outcome: Failed, Message: "expected 200; 486 Busy Here came", Started: time.Date(2026, 11, 20, 2, 30, 0, 0, time.UTC), Duration: 1900 * milli,
			Files: []string{"javascript:alert(1)", "logs/a b#1.log"},
			Steps: []Step{
				{Action: "dial", Text: "dial <bob>", Actor: "alice", File: "small.yaml", Line: 4, Duration: 100 * milli, Outcome: Passed, Call: 0},
				{
					Name: "Bob answers", Action: "expect-code", Text: "expect-code 200", Actor: "alice", File: "small.yaml", Line: 5, Depth: 1,
					Start: 100 * milli, Duration: 1800 * milli, Outcome: Failed, Message: "486 came", Expected: "200", Heard: "486", Call: 0,
				},
			},
			Calls: []Call{{
				Actor: "alice", ID: 1, SIPCallID: "x@y", Role: "UAC", Remote: "sip:bob@10.0.0.2", Code: 486, Reason: "Busy Here", Ended: 1900 * milli,
				Audio: "gone.wav",
				Quality: []QualitySample{
					{At: 500 * milli, MOSRX: 4.2, LossRX: 1, JitterRX: 2}, {At: 1000 * milli, MOSRX: 4, JitterRX: 3}, {At: 1500 * milli},
				},
				Messages: []SIPMessage{
					{At: 1 * milli, Sent: true, Transport: "UDP", Local: "10.0.0.1:5060", Remote: "10.0.0.2:5060", Raw: "INVITE sip:bob@10.0.0.2 SIP/2.0\r\nCSeq: 1 INVITE\r\nAuthorization: Digest response=\"secret\",\r\n nonce=\"secret\"\r\n\r\n"},
					{At: 9 * milli, Transport: "UDP", Local: "10.0.0.1:5060", Remote: "10.0.0.2:5060", Raw: "SIP/2.0 486 Busy <Here>\r\nCSeq: 1 INVITE\r\n\r\n"},
				},
			}},
		}},
	}
}

func page(t *testing.T, r *Run, o HTMLOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, r, o); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "ZgotmplZ") {
		t.Error("html/template refused something")
	}
	return b.String()
}

func TestHTML(t *testing.T) {
	got := page(t, smallRun(), HTMLOptions{Folder: t.TempDir()})
	for _, bad := range []string{"secret", "<short>", "<step>", "<bob>", "<Here>", `href="javascript:`, "http://", "https://"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s is in the page", bad)
		}
	}
	style, script := strings.Index(got, "<style>"), strings.Index(got, "<script>")
	if style < 0 || script < 0 {
		t.Fatal("no style, or no script")
	}
	if head := newHead("").Policy; !strings.Contains(got, strings.ReplaceAll(strings.ReplaceAll(head, "'", "&#39;"), "+", "&#43;")) {
		t.Error("the page's policy does not know its script")
	}
	if !strings.Contains(got, "<script>"+pageScript+"</script>") || !strings.Contains(got, "<style>"+pageStyle+"</style>") {
		t.Error("the script or the style is not what its hash is of")
	}
	// Neither is in the golden file.
	got = strings.NewReplacer(pageScript, "…", pageStyle, "…").Replace(got)
	policy := strings.Index(got, "script-src")
	got = got[:policy] + "…" + got[strings.Index(got, "; style-src-attr"):]
	path := filepath.Join("testdata", "small.html")
	if updating() {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; see what -update makes of it", path)
	}
}

// updating says whether the golden files are to be written; report_test.go, in the other
// package of the tests, has the flag.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

func TestHTMLOfNothing(t *testing.T) {
	if got := page(t, &Run{}, HTMLOptions{}); !strings.Contains(got, "No scenario was run") {
		t.Error("it does not say that there is nothing")
	}
	// Odd figures make no odd page.
	r := smallRun()
	r.Scenarios[0].Duration = 0
	r.Scenarios[0].Steps[1].Call = 17
	r.Scenarios[0].Steps[0].Start = -5 * milli
	r.Scenarios[0].Calls[0].Quality[0].MOSRX = math.NaN()
	r.Scenarios[0].Calls[0].Quality[1].JitterRX = math.Inf(1)
	r.Scenarios[0].Calls[0].Ended = 0
	if got := strings.ReplaceAll(page(t, r, HTMLOptions{}), pageScript, ""); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Error("NaN is in the page")
	}
}

// What has no room in the page is linked, that of what passed first.
func TestHTMLHasRoomForSomeAudio(t *testing.T) {
	dir := t.TempDir()
	r := &Run{}
	for i, o := range []Outcome{Passed, Failed, Passed} {
		name := string(rune('a'+i)) + " call.wav"
		if err := wav.Write(filepath.Join(dir, name), 8000, 2, make([]int16, 2*8000)); err != nil {
			t.Fatal(err)
		}
		r.Scenarios = append(r.Scenarios, Scenario{Outcome: o, Calls: []Call{{Audio: name, Codec: "PCMU/8000"}}})
	}
	got := page(t, r, HTMLOptions{Folder: dir, MaxAudio: 25_000})
	parts := strings.Split(got, `class="sound"`)
	if len(parts) != 4 {
		t.Fatalf("%d sounds", len(parts)-1)
	}
	if n := strings.Count(got, "data:audio/wav"); n != 1 || !strings.Contains(parts[2], "data:audio/wav") {
		t.Errorf("%d audios are in the page, or not that of what failed", n)
	}
	if !strings.Contains(parts[1], `src="a%20call.wav"`) || !strings.Contains(parts[1], "too big") {
		t.Error("the first audio is not linked")
	}
	if strings.Contains(page(t, r, HTMLOptions{Folder: dir, MaxAudio: -1}), "data:audio") {
		t.Error("there is audio in the page")
	}
}

// Audio in a page is what was in the file, but for what mu-law takes away.
func TestAudioOnThePage(t *testing.T) {
	for _, c := range []struct {
		rate, onPage int
		codec        string
	}{{8000, 8000, "PCMU/8000"}, {16000, 16000, "opus/48000"}, {16000, 8000, "PCMA/8000"}, {48000, 16000, ""}, {11025, 8000, ""}} {
		left, right := dsp.GenerateTone(c.rate, time.Second, -10, 440), dsp.GenerateTone(c.rate, time.Second, -30, 1000)
		s := &sound{rate: c.rate, left: left, right: right}
		file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s.dataURI(c.codec)), "data:audio/wav;base64,"))
		if err != nil {
			t.Fatal(err)
		}
		a, err := wav.Decode(file)
		if err != nil {
			t.Fatal(err)
		}
		if a.Info.Rate != c.onPage || a.Info.Channels != 2 || a.Info.Unfinished || math.Abs(a.Info.Duration().Seconds()-1) > .01 {
			t.Fatalf("%d Hz of %s are %v", c.rate, c.codec, a.Info)
		}
		for side, want := range [][]int16{wav.Resample(left, c.rate, c.onPage), wav.Resample(right, c.rate, c.onPage)} {
			noise, signal := 0.0, 0.0
			for i, v := range want {
				d := float64(v) - float64(a.Samples[2*i+side])
				noise, signal = noise+d*d, signal+float64(v)*float64(v)
			}
			if snr := 10 * math.Log10(signal/noise); snr < 30 {
				t.Errorf("%d Hz of %s, side %d: signal to noise %.1f dB", c.rate, c.codec, side, snr)
			}
		}
	}
}

func TestMuLaw(t *testing.T) {
	for _, v := range []int16{0, 1, -1, 100, -100, 32767, -32768, 8031, -8031} {
		file := append([]byte("RIFF\x32\x00\x00\x00WAVEfmt \x12\x00\x00\x00\x07\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00\x00\x00data\x01\x00\x00\x00"), muLaw(v), 0)
		a, err := wav.Decode(file)
		if err != nil || len(a.Samples) != 1 {
			t.Fatal(a, err)
		}
		if d := math.Abs(float64(v) - float64(a.Samples[0])); d > 8+math.Abs(float64(v))/16 {
			t.Errorf("%d becomes %d", v, a.Samples[0])
		}
	}
}

// Two actors that talk without a PBX between them have one arrow for each message.
func TestLadderWithoutPBX(t *testing.T) {
	const alice, bob = "127.0.0.1:5060", "127.0.0.1:5062"
	s := Scenario{Calls: []Call{
		{Actor: "alice", Role: "UAC", Answered: 5 * milli, Messages: []SIPMessage{
			{At: 1 * milli, Sent: true, Local: alice, Remote: bob, Raw: "INVITE sip:bob SIP/2.0\r\n\r\n"},
			{At: 3 * milli, Local: alice, Remote: bob, Raw: "SIP/2.0 200 OK\r\n\r\n"},
		}},
		{Actor: "bob", Role: "UAS", Answered: 5 * milli, Messages: []SIPMessage{
			{At: 2 * milli, Local: bob, Remote: alice, Raw: "INVITE sip:bob SIP/2.0\r\n\r\n"},
			{At: 2 * milli, Sent: true, Local: bob, Remote: alice, Raw: "SIP/2.0 200 OK\r\n\r\n"},
			{At: 4 * milli, Sent: true, Local: bob, Remote: alice, Raw: "SIP/2.0 200 OK\r\n\r\n"},
		}},
	}}
	check := func(how string) {
		t.Helper()
		l := s.drawLadder()
		if len(l.Columns) != 2 || l.Columns[0].Name != "alice" || l.Columns[1].Name != "bob" {
			t.Fatalf("%s: columns %+v", how, l.Columns)
		}
		var got []string
		for _, r := range l.Rows {
			arrow := ">"
			if r.Back {
				arrow = "<"
			}
			got = append(got, r.Kind+arrow+r.Label)
		}
		if want := "request>INVITE response<200 OK response<200 OK, again media>audio"; strings.Join(got, " ") != want {
			t.Errorf("%s: %q, not %q", how, got, want)
		}
	}
	check("an address each")
	for i := range s.Calls {
		for j := range s.Calls[i].Messages {
			m := &s.Calls[i].Messages[j]
			m.Local, m.Remote = alice, alice
		}
	}
	check("one address of both")
	if (&Scenario{}).drawLadder() != nil {
		t.Error("a ladder of nothing")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		from, to float64
		unit     string
		want     string
	}{
		{0, 10, "", "0 2 4 6 8 10"}, {0, .5, "", "0 0.1 0.2 0.3 0.4 0.5"}, {0, 100, "s", "0 s 30 s 1:00 1:30"},
		{0, 0, "", "0"}, {3, 33, "s", "10 s 20 s 30 s"}, {1, 5, "", "1 2 3 4 5"},
	} {
		var got []string
		for _, tick := range ticks(c.from, c.to, 5, c.unit) {
			got = append(got, tick.Label)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v to %v: %q, not %q", c.from, c.to, got, c.want)
		}
	}
}

func TestRedact(t *testing.T) {
	got := redact("REGISTER sip:user:pass@pbx SIP/2.0\r\nAUTHORIZATION : Digest a=1,\r\n\tb=2\r\nProxy-Authorization: Digest c\r\nTo: <sip:u@h:5060>\r\n\r\n" +
		"a=crypto:1 AES inline:key|2^31\r\na=crypto:2 AES INLINE:key2\r\n")
	for _, bad := range []string{"pass", "a=1", "b=2", "Digest", "key"} {
		if strings.Contains(got, bad) {
			t.Errorf("%s stays in %q", bad, got)
		}
	}
	for _, good := range []string{"sip:user:***@pbx SIP/2.0", "To: <sip:u@h:5060>", "|2^31"} {
		if !strings.Contains(got, good) {
			t.Errorf("%s is gone from %q", good, got)
		}
	}
}
