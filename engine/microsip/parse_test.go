package microsip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
)

// text writes commands shortly: "account 2, dial 1001+12".
func text(commands []Command) string {
	var out []string
	for _, c := range commands {
		s := c.Op.String()
		switch c.Op {
		case Dial:
			s += " " + c.Number
			if c.Digits != "" {
				s += "+" + c.Digits
			}
		case Message:
			s += " " + c.Number + ": " + c.Text
		case Transfer:
			s += " " + c.Number
		case SendDTMF, TypeDigits:
			s += " " + c.Digits
		case SelectAccount, ToggleAccount:
			s += fmt.Sprintf(" %d", c.Account)
		case SetPassword:
			s += fmt.Sprintf(" %d %s", c.Account, c.Password.Reveal())
		case MicVolume, SpeakerVolume:
			s += fmt.Sprintf(" %+d", c.Steps)
		case SetMicVolume, SetSpeakerVolume:
			s += fmt.Sprintf(" %d", c.Percent)
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// TestParse has every command of MicroSIP's command line. Where the dialects differ,
// strict says what MicroSIP does.
func TestParse(t *testing.T) {
	for _, tt := range []struct{ line, want, strict string }{
		// Whole words.
		{"", "show", ""},
		{"   ", "show", ""},
		{"/answer", "answer", ""},
		{"/hangupall", "hangupall", ""},
		{"/hangupincoming", "hangupincoming", ""},
		{"/hangupcalling", "hangupcalling", ""},
		{"/minimized", "minimize", ""},
		{"/exit", "exit", ""},
		{"/reset", "reset", ""},
		{"/resetnoask", "resetnoask", ""},
		{"/hidden", "minimize", "dial /hidden"},

		// Numbers and URIs.
		{"1001", "dial 1001", ""},
		{"+4930123", "dial +4930123", ""},
		{"ann@example.com", "dial ann@example.com", ""},
		{"1001,12", "dial 1001+12", ""},
		{"1001,12#,34*", "dial 1001+12#,34*", ""},
		{"1001,,9a", "dial 1001+,9A", ""},
		{"1001,", "dial 1001,", ""},
		{"smith,ann@example.com", "dial smith,ann@example.com", ""},
		{"1001 hello", "message 1001: hello", ""},
		{"1001  hello there ", "message 1001: hello there", ""},
		{"1001%20", "dial 1001 ", ""},
		{"10%2001", "dial 10 01", ""},
		{"%2B4930123", "dial +4930123", ""},
		{"%2b4930123", "dial %2b4930123", ""},
		{"%2B49 50%20%2B", "message +49: 50%20%2B", ""},
		{"1001,12 hi", "message 1001,12: hi", ""},

		// Quotes: one pair around all of it.
		{`"1001"`, "dial 1001", ""},
		{`  "/answer"  `, "answer", ""},
		{`""1001""`, `dial "1001"`, ""},
		{`"1001`, `dial "1001`, ""},
		{`"`, `dial "`, ""},
		{`""`, "show", ""},

		// Schemes in any case.
		{"tel:1001", "dial 1001", ""},
		{"TEL:+49-30", "dial +49-30", ""},
		{"sip:1001@pbx", "dial 1001@pbx", ""},
		{"Sip://1001@pbx/", "dial 1001@pbx", ""},
		{"callto:1001", "dial 1001", ""},
		{"CallTo://1001/", "dial 1001", ""},
		{"dial:1001", "dial 1001", ""},
		{"dialpad:1001", "dial 1001", ""},
		{"tel:1001,5", "dial 1001+5", ""},
		{"sip:1001@pbx hello", "message 1001@pbx: hello", ""},
		{"tel:/answer", "dial /answer", ""},
		{"sips:1001@pbx", "dial sips:1001@pbx", ""},
		{"im:1001@pbx", "dial im:1001@pbx", ""},

		// msip:
		{"msip:minimize", "minimize", ""},
		{"msip:answer", "answer", ""},
		{"msip:hangupall", "hangupall", ""},
		{"msip:hold", "hold", ""},
		{"msip:transfer_1002", "transfer 1002", ""},
		{"msip:micmute", "micmute", ""},
		{"msip:micunmute", "micunmute", ""},
		{"msip:speakmute", "speakmute", ""},
		{"msip:speakunmute", "speakunmute", ""},
		{"msip:micmuteclick", "micmuteclick", ""},
		{"msip:speakmuteclick", "speakmuteclick", ""},
		{"msip:micup", "micvolume +1", ""},
		{"msip:micdown", "micvolume -1", ""},
		{"msip:speakup", "speakvolume +1", ""},
		{"msip:speakdown", "speakvolume -1", ""},
		{"MSIP:hold", "hold", ""},
		{"msip:Hold", "dial Hold", ""},
		{"msip:/dtmf:12", "dtmf 12", ""},
		{"msip:/hangupcalling", "hangupcalling", ""},
		{"msip:1001", "dial 1001", ""},
		{"msip:tel:1001", "dial 1001", ""},
		{"msip:/exit", "dial /exit", ""},

		// With a value.
		{"/dtmf:12#", "dtmf 12#", ""},
		{"/dtmf:12?", "type 12", ""},
		{"/transfer:1002", "transfer 1002", ""},
		{"/transfer:1002@pbx", "transfer 1002@pbx", ""},
		{"/account:2", "account 2", ""},
		{"/account:2 1001", "account 2, dial 1001", ""},
		{"/account:2 /answer", "account 2, answer", ""},
		{"/account:2 sip:1001@pbx", "account 2, dial 1001@pbx", ""},
		{"/account:2 1001 hi", "account 2, message 1001: hi", ""},
		{"/account:two 1001", "account -1, dial 1001", ""},
		{"/account:0 1001", "account -1, dial 1001", ""},
		{"/account:2 /password:pass word", "password 2 pass word", ""},
		{"/password:secret", "password 0 secret", ""},

		// What is no command is dialled.
		{"exit", "exit", "dial exit"},
		{"mute", "micmuteclick", "dial mute"},
		{"Exit", "dial Exit", ""},
		{"hangup", "dial hangup", ""},
		{"answer", "dial answer", ""},
		{"hold", "dial hold", ""},
		{"status", "dial status", ""},
		{"-hangup", "dial -hangup", ""},
		{"--log", "dial --log", ""},
		{"/hangup", "dial /hangup", ""},
		{"/Answer", "dial /Answer", ""},
		{"/answer now", "message /answer: now", ""},
		{"/minimized 100", "message /minimized: 100", ""},
		{"/i:other.ini", "dial /i:other.ini", ""},
		{"volume 80", "message volume: 80", ""},
	} {
		if got := text(Parse(config.Documented, tt.line)); got != tt.want {
			t.Errorf("documented: %q is %q, want %q", tt.line, got, tt.want)
		}
		want := tt.want
		if tt.strict != "" {
			want = tt.strict
		}
		if got := text(Parse(config.Strict, tt.line)); got != want {
			t.Errorf("strict: %q is %q, want %q", tt.line, got, want)
		}
	}
}

func TestAPasswordIsNotPrinted(t *testing.T) {
	for _, line := range []string{"/password:hunter2", "/account:1 /password:hunter2"} {
		if got := fmt.Sprintf("%v %+v %#v", Parse(config.Strict, line), Parse(config.Strict, line), Parse(config.Strict, line)[0].Password); strings.Contains(got, "hunter2") {
			t.Errorf("%s", got)
		}
	}
}

func TestOpNames(t *testing.T) {
	seen := map[string]bool{}
	for op := Show; op <= Screen; op++ {
		name := op.String()
		if name == "" || seen[name] || strings.HasPrefix(name, "Op(") {
			t.Errorf("%d is called %q", int(op), name)
		}
		seen[name] = true
	}
	if got := Op(-1).String() + (Screen + 1).String(); !strings.HasPrefix(got, "Op(-1)Op(") {
		t.Error(got)
	}
}

func TestParseDDE(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"[Dial(5551234)]", "dial 5551234"},
		{" [dial( \"sip:1001@pbx\" )] [HOLD]", "dial 1001@pbx, hold"},
		{"[CallTo(tel:1001,12)]", "dial 1001+12"},
		{"[Dial(/exit)]", "dial /exit"},
		{"[Hangup]", "hangup"},
		{"[Hangup()]", "hangup"},
		{"[Answer]", "answer"},
		{"[Reject]", "reject"},
		{"[Transfer(1002)]", "transfer 1002"},
		{"[SendDTMF(12#)]", "dtmf 12#"},
		{"[Mute]", "micmuteclick"},
		{"[VolumeUp]", "speakvolume +1"},
		{"[VolumeDown(3)]", "speakvolume -3"},
		{"[SetVolume(0)]", "setspeakvolume 0"},
		{"[SetVolume( 100 )]", "setspeakvolume 100"},
		{"[SetMicVolume(50)]", "setmicvolume 50"},
		{"[Redial]", "redial"},
		{"[Close]", "exit"},
		{`[Dial("a]b")]`, "dial a]b"},
	} {
		got, err := ParseDDE(config.Documented, tt.text)
		if err != nil || text(got) != tt.want {
			t.Errorf("%s is %q, %v", tt.text, text(got), err)
		}
		if got, err := ParseDDE(config.Strict, tt.text); err == nil || got != nil {
			t.Errorf("strict: %s is %q", tt.text, text(got))
		}
	}
	for _, bad := range []string{"", "Dial(1)", "[Dial]", "[Dial()]", "[Dial(1]", "[Hold(1)]", "[Nothing]", "[Hold", "[Hold]x", "[VolumeUp(0)]", "[VolumeUp(x)]", "[]",
		"[SetVolume]", "[SetVolume()]", "[SetVolume(101)]", "[SetVolume(-1)]", "[SetVolume(x)]", "[SetMicVolume]"} {
		if got, err := ParseDDE(config.Documented, bad); err == nil {
			t.Errorf("%q is %q", bad, text(got))
		}
	}
}

func TestByID(t *testing.T) {
	for _, tt := range []struct {
		id           int
		want, strict string
	}{
		{32784, "exit", "exit"},
		{32802, "micmuteclick", "micmuteclick"},
		{32803, "speakmuteclick", "speakmuteclick"},
		{40000, "toggleaccount 1", "toggleaccount 1"},
		{40001, "answer", "toggleaccount 2"},
		{40002, "hangup", "toggleaccount 3"},
		{40003, "redial", "toggleaccount 4"},
		{40004, "toggleaccount 5", "toggleaccount 5"},
		{40099, "toggleaccount 100", "toggleaccount 100"},
		{40100, "screen", "screen"},
		{40499, "screen", "screen"},
		{32771, "screen", "screen"}, {32776, "screen", "screen"}, {32786, "screen", "screen"}, {32787, "screen", "screen"},
		{32789, "screen", "screen"}, {32791, "screen", "screen"}, {32798, "screen", "screen"}, {32799, "screen", "screen"},
		{32808, "screen", "screen"}, {32813, "screen", "screen"},
		{32777, "", ""}, {32785, "", ""}, {40200, "", ""}, {40300, "", ""}, {40500, "", ""}, {0, "", ""}, {-1, "", ""},
	} {
		for dialect, want := range map[config.Dialect]string{config.Documented: tt.want, config.Strict: tt.strict} {
			c, ok := ByID(dialect, tt.id)
			if ok != (want != "") || ok && text([]Command{c}) != want {
				t.Errorf("%s: %d is %q, %v, want %q", dialect, tt.id, text([]Command{c}), ok, want)
			}
		}
	}
}

func TestCopyData(t *testing.T) {
	dial := []byte{'s', 0, 0xfc, 0, 0x3d, 0xd8, 0, 0xde, 0, 0, 'x', 0}
	for _, kind := range []uint64{1, 2} {
		if line, after, ok := CopyData(kind, dial); line != "sü\U0001f600" || after != (kind == 2) || !ok {
			t.Errorf("%d: %q, %v, %v", kind, line, after, ok)
		}
	}
	if line, _, ok := CopyData(1, []byte{0, 0}); line != "" || !ok {
		t.Errorf("the empty command line: %q, %v", line, ok)
	}
	for _, bad := range []string{"", "1", "1\x002", "1\x002\x00", "1\x00\x00\x00\x00"} {
		if line, _, ok := CopyData(1, []byte(bad)); ok {
			t.Errorf("%q is %q", bad, line)
		}
	}
	for _, kind := range []uint64{0, 3, 1 << 40} {
		if _, _, ok := CopyData(kind, dial); ok {
			t.Errorf("kind %d was taken", kind)
		}
	}
	if _, _, ok := CopyData(1, make([]byte, maxCopyData+1)); ok {
		t.Error("too long, and taken")
	}
}

func TestAfterProgram(t *testing.T) {
	for line, want := range map[string]string{
		"":                                      "",
		"MicroSIP.exe":                          "",
		"MicroSIP.exe 100":                      "100",
		`"C:\Program Files\MicroSIP.exe"  1 2 `: "1 2 ",
		`"C:\Program Files\MicroSIP.exe" "1 2"`: `"1 2"`,
		`C:\"Program Files"\MicroSIP.exe` + "\t/dtmf:1": "/dtmf:1",
		`"C:\open 100`:                       "",
		"MicroSIP.exe \"tel:+420 1\" --json": "\"tel:+420 1\" --json",
	} {
		if got := AfterProgram(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

func TestWindowTitle(t *testing.T) {
	if WindowTitle(config.Documented, "Sales") != "MicroSIP" || WindowTitle(config.Strict, "Sales") != "MicroSIP - Sales" || WindowTitle(config.Strict, "") != "MicroSIP" {
		t.Error(WindowTitle(config.Documented, "Sales"), WindowTitle(config.Strict, "Sales"))
	}
}

// FuzzParse holds what is true of every line.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "1001,12", "/account:2 sip:a b", `"msip:transfer_1"`, "[Dial(1)]", "/password:x", "CALLTO://1/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, dialect := range []config.Dialect{config.Documented, config.Strict} {
			commands := Parse(dialect, line)
			if len(commands) == 0 {
				t.Fatalf("%q is nothing", line)
			}
			for _, c := range commands {
				if strings.HasPrefix(c.Op.String(), "Op(") {
					t.Errorf("%q: %v", line, c.Op)
				}
				if c.Op == Dial && c.Digits != "" && strings.IndexFunc(c.Digits, notDTMF) >= 0 {
					t.Errorf("%q: digits %q", line, c.Digits)
				}
				if c.Op == Message && c.Text == "" {
					t.Errorf("%q: a message without text", line)
				}
			}
			// White space and quotes around it change nothing.
			if again := Parse(dialect, " \t"+line+"\n"); text(again) != text(commands) {
				t.Errorf("%q is %q, with white space %q", line, text(commands), text(again))
			}
			trimmed := strings.TrimSpace(line)
			if bare := !strings.HasPrefix(trimmed, `"`); bare {
				if again := Parse(dialect, `"`+trimmed+`"`); text(again) != text(commands) {
					t.Errorf("%q is %q, in quotes %q", line, text(commands), text(again))
				}
			}
			if dde, err := ParseDDE(dialect, line); (err == nil) == (len(dde) == 0) {
				t.Errorf("%q by DDE: %q, %v", line, text(dde), err)
			}
		}
	})
}

// FuzzCopyData: no data makes it fail, and a line never holds NUL.
func FuzzCopyData(f *testing.F) {
	f.Add(uint64(1), []byte("a\x00b\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, kind uint64, data []byte) {
		line, _, ok := CopyData(kind, data)
		if strings.ContainsRune(line, 0) || !ok && line != "" {
			t.Errorf("%q, %v", line, ok)
		}
	})
}
