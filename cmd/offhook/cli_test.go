package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine/config"
)

// These command lines end with 1 before anything is opened, with that in the
// message.
func TestBadUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	broken := writeFile(t, "broken.wav", "this is no WAV file")
	tests := map[string]struct {
		args []string
		want string
	}{
		"unknown verb":            {[]string{"cal"}, `unknown verb "cal", the nearest is call`},
		"unknown verb, no idea":   {[]string{"frobnicate"}, `unknown verb "frobnicate"; see offhook --help`},
		"unknown verb of config":  {[]string{"config", "chekc"}, "the nearest is check"},
		"unknown verb of help":    {[]string{"help", "cal"}, "the nearest is call"},
		"unknown flag of a verb":  {[]string{"run", "--jsn"}, "unknown flag --jsn, the nearest is --json"},
		"unknown setting":         {[]string{"run", "--sorce-port", "1"}, "the nearest is --source-port"},
		"unknown account key":     {[]string{"run", "--usrname-17", "x"}, "unknown flag --usrname-17, the nearest is --username-17"},
		"setting with a suffix":   {[]string{"run", "--source-port-2", "1"}, "the nearest is --source-port"},
		"unknown short flag":      {[]string{"run", "-z"}, "unknown shorthand flag: 'z'"},
		"flag without value":      {[]string{"run", "--username"}, "flag needs an argument: --username"},
		"argument too many":       {[]string{"run", "fast"}, `run takes no argument, and got "fast"`},
		"value of a setting":      {[]string{"run", "--source-port", "70000"}, "--source-port: 70000 is outside 0 to 65535"},
		"same flag twice":         {[]string{"run", "--username-2", "a", "--username-2", "b"}, "--username-2: duplicate"},
		"two names of one flag":   {[]string{"run", "--username", "a", "--username-1", "b"}, "duplicate of --username"},
		"missing configuration":   {[]string{"run", "-c", "none.ini"}, "none.ini: the file does not exist"},
		"no URI":                  {[]string{"call"}, "call takes one URI, not 0"},
		"two URIs":                {[]string{"call", "a", "b"}, "call takes one URI, not 2"},
		"digits that are none":    {[]string{"call", "sip:a@b", "--dtmf", "12x"}, "'x' is no digit"},
		"negative duration":       {[]string{"call", "sip:a@b", "--duration", "-1s"}, "must be positive"},
		"no timeout":              {[]string{"call", "sip:a@b", "--timeout", "0"}, "must be positive"},
		"duration without unit":   {[]string{"call", "sip:a@b", "--duration", "10"}, "--duration"},
		"unknown account":         {[]string{"call", "sip:a@b", "--username-3", "x", "--server-3", "y", "--account", "2"}, "--account 2: there is no such account in the configuration, which has 3"},
		"missing file to play":    {[]string{"call", "sip:a@b", "--play", "none.wav"}, "none.wav"},
		"file to play is no WAV":  {[]string{"call", "sip:a@b", "--play", broken}, "broken.wav"},
		"missing file on answer":  {[]string{"run", "--play-on-answer", "none.wav"}, "playOnAnswer"},
		"no WAV file on answer":   {[]string{"run", "--play-on-answer", broken}, "broken.wav"},
		"recording folder":        {[]string{"call", "sip:a@b", "--record", "none/a.wav"}, "none/a.wav"},
		"recording is no WAV":     {[]string{"call", "sip:a@b", "--record", "a.mp3"}, "must end in .wav, .opus"},
		"two mistakes at a time":  {[]string{"run", "--source-port", "x", "--vad", "--transport-2", "smoke"}, "the configuration has 2 errors"},
		"argument after a switch": {[]string{"run", "--vad", "maybe"}, `got "maybe"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := offhook(tt.args...)
			if got.code != exitUsage || !strings.Contains(got.stderr, tt.want) {
				t.Errorf("code %d, standard error %q; want code 1 and %q", got.code, got.stderr, tt.want)
			}
			if got.stdout != "" {
				t.Errorf("standard output %q", got.stdout)
			}
			if len(got.stderr) > 400 {
				t.Errorf("the message is %d bytes long:\n%s", len(got.stderr), got.stderr)
			}

			got = offhook(append(slices.Clone(tt.args), "--json")...)
			if tt.args[len(tt.args)-1] == "--username" {
				return // the flag took --json for its value
			}
			if got.code != exitUsage {
				t.Errorf("with --json: code %d", got.code)
			}
			line := object(t, got.stdout)
			if line["type"] != "Error" || line["message"] == "" {
				t.Errorf("with --json: standard output %q", got.stdout)
			}
		})
	}
}

func TestUnwritableRecordingLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	if err := checkWritable(filepath.Join(dir, "a.wav")); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	kept := writeFile(t, filepath.Join(dir, "kept.wav"), "audio")
	if err := checkWritable(kept); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(kept); string(text) != "audio" {
		t.Errorf("the existing file became %q", text)
	}
	if err := checkWritable(dir + "/sub.wav/x.wav"); err == nil {
		t.Error("a missing folder is accepted")
	}
}

// Flags win over variables, variables over the file, and all of them reach the
// configuration with the number of their account.
func TestSources(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "offhook.ini", "[Settings]\nsourcePort = 1\nrtpPortMin = 1\nuserAgent = file\n[Account]\nusername = file\nserver = file.example\nusername-2 = file2\nserver-2 = x.example\n")
	writeFile(t, "other.ini", "[Settings]\nuserAgent = other\n")
	t.Setenv("OFFHOOK_SOURCE_PORT", "2")
	t.Setenv("OFFHOOK_RTP_PORT_MIN", "2")
	t.Setenv("OFFHOOK_USERNAME_2", "env2")
	t.Setenv("OFFHOOK_SERVER_2", "y.example")

	check := func(args ...string) map[string]any {
		t.Helper()
		got := offhook(append([]string{"config", "check", "--json"}, args...)...)
		if got.code != exitOK {
			t.Fatalf("code %d: %s%s", got.code, got.stdout, got.stderr)
		}
		return object(t, got.stdout)
	}
	v := check("--source-port", "3", "--server-17=b.example", "--username-17", "flag17", "--vad", "0", "--tls-verify", "off", "--enable-log", "--username-0", "me")
	settings := v["settings"].(map[string]any)
	for key, want := range map[string]any{
		"sourcePort": 3.0, "rtpPortMin": 2.0, "userAgent": "file", "VAD": false, "tlsVerify": false, "enableLog": true,
	} {
		if settings[key] != want {
			t.Errorf("%s is %v, want %v", key, settings[key], want)
		}
	}
	users := map[float64]any{}
	for _, a := range v["accounts"].([]any) {
		a := a.(map[string]any)
		users[a["number"].(float64)] = a["username"]
	}
	if want := map[float64]any{0: "me", 1: "file", 2: "env2", 17: "flag17"}; !maps.Equal(users, want) {
		t.Errorf("usernames %v, want %v", users, want)
	}

	agent := func(args ...string) any { return check(args...)["settings"].(map[string]any)["userAgent"] }
	t.Setenv(configVariable, "other.ini")
	if got := agent(); got != "other" {
		t.Errorf("with OFFHOOK_CONFIG the file is %v", got)
	}
	if got := agent("-c", "offhook.ini"); got != "file" {
		t.Errorf("with -c the file is %v", got)
	}
	os.Remove("offhook.ini")
	t.Setenv(configVariable, "")
	if got := agent(); got != "" {
		t.Errorf("without a file userAgent is %v", got)
	}
}

func TestJoinSwitches(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"run --vad", "run --vad"},
		{"run --vad 0", "run --vad=0"},
		{"run --vad off --json", "run --vad=off --json"},
		{"run --ice-2 1", "run --ice-2=1"},
		{"call --vad 1001", "call --vad 1001"},
		{"call --vad=0 1", "call --vad=0 1"},
		{"call --play 1", "call --play 1"},
		{"call -- --vad 1", "call -- --vad 1"},
		{"run --json 1", "run --json 1"},
	} {
		if got := strings.Join(joinSwitches(strings.Fields(tt.args)), " "); got != tt.want {
			t.Errorf("%s became %s, want %s", tt.args, got, tt.want)
		}
	}
}

// No key may have the flag of a verb.
func TestFlagNamesAreDistinct(t *testing.T) {
	own := map[string]bool{"config": true, "help": true}
	for _, name := range []string{"account", "play", "record", "dtmf", "duration", "timeout", "json"} {
		own[name] = true
	}
	for _, k := range config.Keys() {
		if own[k.Flag] {
			t.Errorf("the key %s has the flag --%s of a verb", k.Name, k.Flag)
		}
	}
	for _, verb := range [][]string{{"run"}, {"call"}, {"config", "check"}} {
		cmd, _, err := newRoot(nil).Find(verb)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range config.Keys() {
			if k.Flag != "" && cmd.Flags().Lookup(k.Flag) == nil {
				t.Errorf("%v has no flag --%s", verb, k.Flag)
			}
		}
	}
}

func TestHelp(t *testing.T) {
	verbs := func(cmd *cobra.Command) []*cobra.Command {
		var list []*cobra.Command
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() && c.Name() != "completion" {
				list = append(list, c)
			}
		}
		return list
	}
	root := newRoot(nil)
	all := append([]*cobra.Command{root}, verbs(root)...)
	for _, c := range all[1:] {
		all = append(all, verbs(c)...)
	}
	if len(all) < 9 {
		t.Errorf("only %d verbs", len(all))
	}
	for _, c := range all {
		path := strings.Fields(c.CommandPath())
		t.Run(strings.Join(path, "-"), func(t *testing.T) {
			got := offhook(append(path[1:], "--help")...)
			if got.code != exitOK || got.stderr != "" {
				t.Errorf("code %d, standard error %q", got.code, got.stderr)
			}
			if !strings.Contains(got.stdout, "Examples:\n") {
				t.Error("no example")
			}
			for line := range strings.Lines(got.stdout) {
				if n := len([]rune(line)); n > helpWidth+1 {
					t.Errorf("a line of %d columns: %s", n, line)
				}
			}
			golden(t, "help-"+strings.Join(path, "-")+".golden", got.stdout)
			if c == root {
				return
			}
			if other := offhook(append([]string{"help"}, path[1:]...)...); other.stdout != got.stdout {
				t.Errorf("offhook help %s prints something else:\n%s", path[1:], other.stdout)
			}
		})
	}
	if got := offhook(); got.stdout != offhook("--help").stdout || got.code != exitOK {
		t.Errorf("offhook alone prints %s", got.stdout)
	}
}

func TestHelpSettings(t *testing.T) {
	got := offhook("help", "settings")
	if got.code != exitOK {
		t.Fatalf("code %d: %s", got.code, got.stderr)
	}
	for _, k := range config.Keys() {
		if k.Flag == "" {
			continue
		}
		want := "\n  --" + k.Flag + "  "
		if k.Scope == config.AccountScope {
			want = "\n  --" + k.Flag + "[-N]  "
		}
		if n := strings.Count(got.stdout, want); n != 1 {
			t.Errorf("%q is there %d times", want, n)
		}
	}
	for _, want := range []string{"OFFHOOK_USERNAME_2", "--username-2", "command line"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%s is not explained", want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := offhook("completion", shell); got.code != exitOK || len(got.stdout) < 1000 {
			t.Errorf("%s: code %d, %d bytes", shell, got.code, len(got.stdout))
		}
	}
	for _, tt := range []struct{ args, want string }{
		{"run --auto-ans", "--auto-answer\t"},
		{"run --transport ", "tls\n"},
		{"", "demo\t"},
		{"help set", "settings\n"},
	} {
		got := offhook(append([]string{"__complete"}, strings.Split(tt.args, " ")...)...)
		if !strings.Contains(got.stdout, tt.want) {
			t.Errorf("completing %q gives %q, without %q", tt.args, got.stdout, tt.want)
		}
	}
	if got := offhook("__complete", ""); strings.Contains(got.stdout, "demo-ivr") {
		t.Error("the demo's own process is offered")
	}
}

func TestConfigCheck(t *testing.T) {
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	read := func(name string) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, string(text))
	}
	read("good.ini")
	read("bad.ini")
	t.Setenv("SUPPORT_PASSWORD", "hunter2")
	for _, tt := range []struct {
		file string
		code int
	}{{"good", exitOK}, {"bad", exitUsage}} {
		t.Run(tt.file, func(t *testing.T) {
			text := offhook("config", "check", "-c", tt.file+".ini", "--username-3", "1003", "--server-3", "pbx.example.com", "--password-3", "hunter3")
			asJSON := offhook("config", "check", "-c", tt.file+".ini", "--username-3", "1003", "--server-3", "pbx.example.com", "--password-3", "hunter3", "--json")
			if text.code != tt.code || asJSON.code != tt.code {
				t.Errorf("codes %d and %d, want %d", text.code, asJSON.code, tt.code)
			}
			if asJSON.stderr != "" {
				t.Errorf("with --json on standard error: %s", asJSON.stderr)
			}
			for _, out := range []string{text.stdout, text.stderr, asJSON.stdout} {
				if strings.Contains(out, "hunter") {
					t.Errorf("a password is printed:\n%s", out)
				}
			}
			var v struct{ Errors config.Errors }
			if err := json.Unmarshal([]byte(asJSON.stdout), &v); err != nil {
				t.Fatal(err)
			}
			want := ""
			if len(v.Errors) > 0 {
				want = fmt.Sprintf("%v\noffhook: the configuration has %d errors\n", v.Errors, len(v.Errors))
			}
			if text.stderr != want {
				t.Errorf("standard error\n%s\nwant\n%s", text.stderr, want)
			}
			t.Chdir(filepath.Dir(dir))
			golden(t, tt.file+".stderr.golden", text.stderr)
		})
	}
}

func TestVersion(t *testing.T) {
	defer func(v string) { version = v }(version)
	version = "1.2.3"
	v := object(t, offhook("version", "--json").stdout)
	if v["version"] != "1.2.3" {
		t.Errorf("version %v", v["version"])
	}
	for _, key := range []string{"pjsip", "link", "limits"} {
		if _, ok := v[key]; !ok {
			t.Errorf("no %s in %v", key, v)
		}
	}
	if _, ok := v["limits"].(map[string]any)["calls"]; !ok {
		t.Errorf("limits %v", v["limits"])
	}
	if text := offhook("version").stdout; !strings.HasPrefix(text, "offhook ") || !strings.Contains(text, "1.2.3") {
		t.Errorf("offhook version prints %s", text)
	}
	version = ""
	if got := offhookVersion(); got == "" {
		t.Error("no version without the linker's")
	}
}
