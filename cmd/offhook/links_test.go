package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

// What a link is split into is no flag, and as a command line it calls or writes to somebody.
func TestALinkIsNoFlag(t *testing.T) {
	for _, link := range [][]string{
		{"tel:123"},
		{"tel:123", "--cmd-call-start", "calc.exe"},
		{"tel:123", "-c", `\\host\share\evil.ini`},
		{"tel:123", "--json", "--socket=x"},
		{"sip:a@b", "--", "--config", "evil.ini"},
		{"callto:", "/exit"},
		{"sips:/account:2 /password:x"},
		{"TEL:", "msip:answer"},
		{"tel:1", "--vad", "0"},
		{`tel:"/exit"`},
	} {
		args := append([]string{"microsip", "-c", "offhook.ini", "--"}, link...)
		if got := joinSwitches(args); !slices.Equal(got, args) {
			t.Errorf("%q becomes %q", args, got)
		}
		cmd, rest, err := newRoot(args).Find(args)
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.ParseFlags(rest); err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		var given []string
		cmd.Flags().Visit(func(f *pflag.Flag) { given = append(given, f.Name+"="+f.Value.String()) })
		if !slices.Equal(given, []string{"config=offhook.ini"}) || !slices.Equal(cmd.Flags().Args(), link) {
			t.Errorf("%q sets the flags %q and leaves %q", args, given, cmd.Flags().Args())
		}
		for _, dialect := range []config.Dialect{config.Documented, config.Strict} {
			for _, c := range microsip.Parse(dialect, strings.Join(link, " ")) {
				if c.Op != microsip.Dial && c.Op != microsip.Message {
					t.Errorf("%q is the command %v", link, c.Op)
				}
			}
		}
	}
}

func TestInstallHandlers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it would change the registry; package links has the tests")
	}
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Chdir(dir)
	if got := offhook("install-handlers"); got.code != exitUsage || !strings.Contains(got.stderr, "-c FILE") {
		t.Errorf("without a configuration: %+v", got)
	}
	if got := offhook("install-handlers", "-c", "none.ini"); got.code != exitUsage {
		t.Errorf("with one that is not there: %+v", got)
	}
	writeFile(t, filepath.Join(dir, "my phone.ini"), "[Settings]\n")
	if got := offhook("install-handlers", "-c", "my phone.ini"); got.code != exitOK || got.stdout != "tel: Offhook\nsip: Offhook\nsips: Offhook\ncallto: Offhook\n" {
		t.Errorf("installed: %+v", got)
	}
	entry, err := os.ReadFile(filepath.Join(dir, "data", "applications", "offhook-links.desktop"))
	if err != nil || !strings.Contains(string(entry), ` microsip -c "`+filepath.Join(dir, "my phone.ini")+`" -- %u`) {
		t.Errorf("the application is %s, %v", entry, err)
	}
	list := object(t, offhook("install-handlers", "-c", "my phone.ini", "--json").stdout)["handlers"].([]any)
	if len(list) != 4 || list[0].(map[string]any)["state"] != "unchanged" {
		t.Errorf("installed again: %v", list)
	}
	if got := offhook("uninstall-handlers"); got.code != exitOK || !strings.HasPrefix(got.stdout, "tel: nothing any more, as before\n") {
		t.Errorf("uninstalled: %+v", got)
	}
	if got := offhook("uninstall-handlers"); got.code != exitOK || !strings.HasPrefix(got.stdout, "tel: was not Offhook's\n") {
		t.Errorf("uninstalled again: %+v", got)
	}
}
