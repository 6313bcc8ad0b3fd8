package links

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// TestMain is also what a link starts: it notes its arguments beside the configuration.
func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "microsip" {
		data, err := json.Marshal(os.Args[1:])
		if err == nil {
			err = os.WriteFile(os.Args[3]+".part", data, 0o600)
		}
		if err == nil {
			err = os.Rename(os.Args[3]+".part", os.Args[3]+".args")
		}
		if err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestHandlersInTheRegistry writes to the registry of whoever runs it, below the key of a
// scheme that nobody has, and takes it back.
func TestHandlersInTheRegistry(t *testing.T) {
	was := Schemes
	Schemes = []string{"offhook-test"}
	defer func() { Schemes = was }()
	var h currentUser
	if _, err := uninstallFrom(h); err != nil {
		t.Fatal(err)
	}

	p := Program{`C:\Program Files\Offhook\offhook.exe`, `C:\Users\žluť 電話\offhook.ini`}
	command := windowsCommand(p)
	want(t, "installed", must(t)(Install(p)), "offhook-test installed ")
	there, err := h.get(commandKey("offhook-test"), "")
	if err != nil || there.Text != command {
		t.Errorf("the command is %+v, %v", there, err)
	}
	want(t, "installed again", must(t)(Install(p)), "offhook-test unchanged ")
	want(t, "uninstalled", must(t)(Uninstall()), "offhook-test removed ")
	for _, key := range []string{classes + "offhook-test", classes + class, ownKey} {
		if there, err := h.has(key); there || err != nil {
			t.Errorf("%s is there, %v", key, err)
		}
	}

	// Another program's, with a variable in it.
	before := text{Text: `"%ProgramFiles%\other.exe" %1`, Expand: true}
	if err := h.set(commandKey("offhook-test"), "", before); err != nil {
		t.Fatal(err)
	}
	want(t, "installed", must(t)(Install(p)), "offhook-test installed "+before.Text)
	want(t, "uninstalled", must(t)(Uninstall()), "offhook-test restored "+before.Text)
	there, err = h.get(commandKey("offhook-test"), "")
	if err != nil || there != before {
		t.Errorf("the command is %+v, %v", there, err)
	}
	if err := h.set(commandKey("offhook-test"), "", text{Absent: true}); err != nil {
		t.Fatal(err)
	}
	for _, key := range schemeKeys("offhook-test") {
		if err := h.removeEmpty(key); err != nil {
			t.Error(err)
		}
	}
}

// Windows' own function splits the part before the link as splitWindows does. They differ in
// what two quotation marks within quotes are.
func TestWindowsSplits(t *testing.T) {
	for _, link := range hostile {
		line := strings.Replace(windowsCommand(abs), "%1", link, 1)
		args, err := windows.DecomposeCommandLine(line)
		if err != nil || len(args) < 6 {
			t.Fatalf("%q, %v", args, err)
		}
		want(t, "the arguments of "+link, strings.Join(args[:5], "\n"), strings.Join(splitWindows(line)[:5], "\n"))
	}
}

// TestShellStartsLinks opens links as a browser does.
func TestShellStartsLinks(t *testing.T) {
	was := Schemes
	Schemes = []string{"offhook-test"}
	defer func() { Schemes = was }()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Its name is not ASCII, and t.TempDir cannot be removed by wine's os.RemoveAll.
	dir, err := os.MkdirTemp("", "žluť 電話")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "a b.ini")
	must(t)(Install(Program{exe, config}))
	defer func() { must(t)(Uninstall()) }()
	seen(t, exe, config)

	for i, link := range hostile {
		_, rest, _ := strings.Cut(link, ":")
		link = "offhook-test:" + rest
		file, err := windows.UTF16PtrFromString(link)
		if err != nil {
			t.Fatal(err)
		}
		if err := windows.ShellExecute(0, nil, file, nil, nil, windows.SW_HIDE); err != nil {
			t.Logf("%q: the shell refuses it: %v", link, err)
			if i == 0 {
				t.Error("which is a plain link")
			}
			continue
		}
		args := noted(t, config+".args")
		t.Logf("%q: %q", link, args)
		fixed := []string{"microsip", "-c", config, "--"}
		if len(args) < len(fixed) || !slices.Equal(args[:len(fixed)], fixed) {
			t.Errorf("%q started the program with %q", link, args)
		}
		if text := strings.Join(args[min(len(args), len(fixed)):], " "); i == 0 && text != link {
			t.Errorf("%q arrived as %q", link, text)
		}
	}
	_ = os.Remove(dir)
}

// seen has the shell see the handler. Wine 8 looks for it among those of all users only, whom
// the product leaves alone.
func seen(t *testing.T, exe, config string) {
	t.Helper()
	key := `offhook-test\shell\open\command`
	if k, err := registry.OpenKey(registry.CLASSES_ROOT, key, registry.QUERY_VALUE); err == nil {
		_ = k.Close()
		return
	}
	k, _, err := registry.CreateKey(registry.CLASSES_ROOT, key, registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.SetStringValue("", windowsCommand(Program{exe, config})); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, key := range schemeKeys("offhook-test") {
			_ = registry.DeleteKey(registry.CLASSES_ROOT, strings.TrimPrefix(key, classes))
		}
	})
}

// noted waits for the arguments of a program that was started, and removes the note.
func noted(t *testing.T, path string) []string {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		data, err := os.ReadFile(path)
		if err != nil && time.Now().Before(end) {
			continue
		}
		if err != nil {
			t.Fatal("nothing was started within a minute")
		}
		var args []string
		if err := json.Unmarshal(data, &args); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		return args
	}
}
