package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// microsipFolder is a portable MicroSIP's, whose name is not ASCII.
func microsipFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "žluť 電話")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "MicroSIP.ini"), `[Settings]
accountId=1
audioCodecs=PCMA/8000/1
mainX=5
[Account1]
server=pbx.example.com
domain=pbx.example.com
username=1001
password=0123456789abcdef
[Account2]
server=pbx.example.com
domain=pbx.example.com
username=1002
password=s3cr3t
`)
	writeFile(t, filepath.Join(dir, "Contacts.xml"), `<?xml version="1.0"?>
<contacts>
<contact name="Jan Novák" number="1003" presence="1" starred="0" directory="0"/>
<contact name="From the directory" number="1004" directory="1"/>
</contacts>
`)
	return dir
}

func TestImportMicroSIP(t *testing.T) {
	from := microsipFolder(t)
	dir := t.TempDir()
	ini := filepath.Join(dir, "telefon ž.ini")
	book := filepath.Join(dir, "telefon ž-contacts.xml")
	got := offhook("import", "microsip", from, "--output", ini)
	if got.code != exitOK || strings.Contains(got.stdout+got.stderr, "s3cr3t") {
		t.Fatalf("%+v", got)
	}
	for _, want := range []string{
		"read " + filepath.Join(from, "MicroSIP.ini") + ", UTF-8\n",
		"  dropped: MicroSIP has encrypted it with a key of its own, so it has to be written anew\n      password\n",
		"  dropped: without effect on a program without a screen\n      mainX\n",
		"[Account2]\n  taken\n      server, domain, username, password\n",
		"wrote " + book + ", with 1 contact\n",
		"wrote " + ini + ", with 2 accounts\nAll of them register; MicroSIP registers one at a time.\n",
		"Account 1 has no password: write one below [Account1] in " + ini + "\n",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is not in\n%s", want, got.stdout)
		}
	}
	resolved := offhook("config", "check", "-c", ini, "--json")
	if resolved.code != exitOK {
		t.Errorf("config check: %+v", resolved)
	}
	if set := object(t, resolved.stdout)["settings"].(map[string]any); set["contacts"] != book {
		t.Errorf("contacts is %v, want %s", set["contacts"], book)
	}
	people, err := readContacts(book)
	if err != nil || len(people) != 1 || people[0].Name != "Jan Novák" || !people[0].Presence {
		t.Errorf("the contacts are %+v, %v", people, err)
	}
	for _, path := range []string{ini, book} {
		if info, err := os.Stat(path); err != nil || (runtime.GOOS != "windows" && info.Mode().Perm() != 0o600) {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestImportMicroSIPOverwritesNothing(t *testing.T) {
	from := microsipFolder(t)
	dir := t.TempDir()
	ini := filepath.Join(dir, "offhook.ini")
	book := filepath.Join(dir, "offhook-contacts.xml")
	writeFile(t, book, "mine")
	if got := offhook("import", "microsip", from, "-o", ini); got.code != exitUsage || !strings.Contains(got.stderr, "--force") {
		t.Errorf("beside other contacts: %+v", got)
	}
	if _, err := os.Stat(ini); !os.IsNotExist(err) {
		t.Error("the configuration was written all the same")
	}
	if err := os.Rename(book, ini); err != nil {
		t.Fatal(err)
	}
	if got := offhook("import", "microsip", from, "-o", ini); got.code != exitUsage {
		t.Errorf("over another file: %+v", got)
	}
	if data, _ := os.ReadFile(ini); string(data) != "mine" {
		t.Errorf("it is %q now", data)
	}
	out := object(t, offhook("import", "microsip", from, "-o", ini, "--force", "--json").stdout)
	if out["config"] != ini || out["contacts"] != book || out["people"] != 1.0 || len(out["accounts"].([]any)) != 2 || len(out["no_password"].([]any)) != 1 {
		t.Errorf("%v", out)
	}
	// MicroSIP's own file, whatever is said.
	own := filepath.Join(from, "MicroSIP.ini")
	before, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	if got := offhook("import", "microsip", from, "-o", own, "--force"); got.code != exitUsage {
		t.Errorf("over its own file: %+v", got)
	}
	if after, _ := os.ReadFile(own); string(after) != string(before) {
		t.Error("MicroSIP's file was changed")
	}
}

func TestImportMicroSIPFindsItself(t *testing.T) {
	t.Setenv("APPDATA", "")
	t.Chdir(t.TempDir())
	if got := offhook("import", "microsip"); got.code != exitUsage || !strings.Contains(got.stderr, "%APPDATA%") {
		t.Errorf("without %%APPDATA%%: %+v", got)
	}
	data := t.TempDir()
	if err := os.Rename(microsipFolder(t), filepath.Join(data, "MicroSIP")); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(data, "MicroSIP", "Contacts.xml"), "<contacts><contact")
	t.Setenv("APPDATA", data)
	got := offhook("import", "microsip")
	if got.code != exitOK || !strings.Contains(got.stdout, "wrote offhook.ini, with 2 accounts") || !strings.Contains(got.stdout, "[Contacts.xml]\n  dropped: contacts: XML") {
		t.Errorf("%+v", got)
	}
}
