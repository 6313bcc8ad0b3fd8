//go:build integration && linux

package windows

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offhook-voip/offhook/test/peers"
)

// What concerns the user's settings needs no PJSIP, so this offhook.exe is made without.

// TestHandlers installs the handlers of links over another program's, and takes them back.
func TestHandlers(t *testing.T) {
	w := peers.StartWine(t)
	exe := peers.BuildForWindows(t, "../../cmd/offhook")
	ini := filepath.Join(t.TempDir(), "my phone.ini")
	if err := os.WriteFile(ini, []byte("[Settings]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const key = `HKCU\Software\Classes\tel\shell\open\command`
	const other = `C:\other.exe %1`
	if out, code := w.Run("reg", "add", key, "/ve", "/d", other, "/f"); code != 0 {
		t.Fatal(out)
	}
	step := func(want string, args ...string) {
		t.Helper()
		out, code := w.Run(exe, args...)
		if out = strings.ReplaceAll(out, "\r", ""); code != 0 || out != want {
			t.Errorf("%q: exit code %d, output\n%s\nwant\n%s", args, code, out, want)
		}
	}
	command := func(want string) {
		t.Helper()
		if out, code := w.Run("reg", "query", key, "/ve"); code != 0 || !strings.Contains(out, want) {
			t.Errorf("the command of tel: is %s, want %s", out, want)
		}
	}
	step("tel: Offhook, in place of "+other+"\nsip: Offhook\nsips: Offhook\ncallto: Offhook", "install-handlers", "-c", w.Path(ini))
	command(`offhook.exe" microsip -c "` + w.Path(ini) + `" -- "%1"`)
	step("tel: Offhook, as before\nsip: Offhook, as before\nsips: Offhook, as before\ncallto: Offhook, as before", "install-handlers", "-c", w.Path(ini))
	step("tel: again "+other+"\nsip: nothing any more, as before\nsips: nothing any more, as before\ncallto: nothing any more, as before", "uninstall-handlers")
	command(other)
	for _, gone := range []string{`HKCU\Software\Offhook`, `HKCU\Software\Classes\Offhook.Link`, `HKCU\Software\Classes\sip`} {
		if out, code := w.Run("reg", "query", gone); code == 0 {
			t.Errorf("%s is left:\n%s", gone, out)
		}
	}
}

// TestImportsTheUsersMicroSIP finds the files of MicroSIP where Windows has them.
func TestImportsTheUsersMicroSIP(t *testing.T) {
	w := peers.StartWine(t)
	exe := peers.BuildForWindows(t, "../../cmd/offhook")
	dir := filepath.Join(w.User(), "AppData", "Roaming", "MicroSIP")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const ini = "[Settings]\r\nsourcePort=5062\r\nrecordingPath=C:\\Nahrávky 電話\r\n" +
		"[Account1]\r\nlabel=žluť 電話\r\nserver=pbx.example.com\r\ndomain=pbx.example.com\r\nusername=1001\r\npassword=s3cr3t\r\n"
	data := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(ini)) {
		data = binary.LittleEndian.AppendUint16(data, u)
	}
	const people = `<?xml version="1.0"?><contacts><contact name="Jan Novák" number="1003"/></contacts>`
	for name, content := range map[string][]byte{"microsip.ini": data, "Contacts.xml": []byte(people)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	target := filepath.Join(t.TempDir(), "žluť 電話.ini")
	out, code := w.Run(exe, "import", "microsip", "--output", w.Path(target))
	if code != 0 || strings.Contains(out, "s3cr3t") || !strings.Contains(out, "with 1 contact") || strings.Contains(out, "dropped") {
		t.Fatalf("exit code %d, output\n%s", code, out)
	}
	text, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"label = žluť 電話\n", "password = s3cr3t\n", "recordingPath = C:\\Nahrávky 電話\n", "contacts = " + w.Path(strings.TrimSuffix(target, ".ini")+"-contacts.xml") + "\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if out, code := w.Run(exe, "config", "check", "-c", w.Path(target)); code != 0 {
		t.Errorf("config check: exit code %d\n%s", code, out)
	}
	if out, code := w.Run(exe, "import", "microsip", "--output", w.Path(target)); code != 1 {
		t.Errorf("again: exit code %d\n%s", code, out)
	}
}
