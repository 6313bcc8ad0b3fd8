// Package powershell has tests of build.ps1 and of what a checkout on Windows is like. check.sh beside them reads
// the scripts themselves.
package powershell

import (
	"bytes"
	"crypto/sha1" // git's
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// build.ps1 takes the verbs of the Makefile, and its help finds the text of each there.
func TestVerbs(t *testing.T) {
	makefile := read(t, "../../Makefile")
	script := read(t, "../../build.ps1")

	var verbs []string
	for _, m := range regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindAllStringSubmatch(makefile, -1) {
		verbs = append(verbs, strings.Fields(m[1])...)
	}
	set := regexp.MustCompile(`ValidateSet\(([^)]*)\)`).FindStringSubmatch(script)
	if set == nil {
		t.Fatal("build.ps1 has no set of verbs")
	}
	ours := strings.Split(strings.ReplaceAll(set[1], "'", ""), ", ")

	help := expression(t, `\$line -match '([^']*)'`)
	var listed []string
	for _, line := range strings.Split(makefile, "\n") {
		if m := help.FindStringSubmatch(line); m != nil {
			listed = append(listed, m[1])
		}
	}

	slices.Sort(verbs)
	for _, other := range []struct {
		what  string
		verbs []string
	}{{"build.ps1 takes", ours}, {"build.ps1 help lists", listed}} {
		slices.Sort(other.verbs)
		if !slices.Equal(other.verbs, verbs) {
			t.Errorf("%s  %v\nMakefile has %v", other.what, other.verbs, verbs)
		}
	}
}

// build.ps1 refuses clones in folders that PJSIP's makefiles cannot take.
func TestFolders(t *testing.T) {
	folder := expression(t, `\$PSScriptRoot -notmatch '([^']*)'`)
	for name, taken := range map[string]bool{
		`C:\src\offhook`:              true,
		`d:\Users\jane.doe\offhook-1`: true,
		`C:\Users\John Doe\offhook`:   false,
		`C:\Users\Žluť\offhook`:       false,
		`C:\src (2)\offhook`:          false,
		`\\server\share\offhook`:      false,
		`\\wsl$\Debian\offhook`:       false,
	} {
		if folder.MatchString(name) != taken {
			t.Errorf("%s: taken %t", name, !taken)
		}
	}
}

// expression returns an expression of build.ps1, which is the same in Go, by what is around it there.
func expression(t *testing.T, around string) *regexp.Regexp {
	t.Helper()
	m := regexp.MustCompile(around).FindStringSubmatch(read(t, "../../build.ps1"))
	if m == nil {
		t.Fatalf("build.ps1 has no %s", around)
	}
	return regexp.MustCompile(m[1])
}

// A checkout on Windows, where git makes CRLF of line ends by default, has the bytes that are in git, but for
// PowerShell's scripts.
func TestCheckoutOnWindows(t *testing.T) {
	dir := t.TempDir()
	git(t, "-c", "core.autocrlf=true", "checkout-index", "--all", "--prefix="+filepath.ToSlash(dir)+"/")
	scripts := 0
	for _, entry := range strings.Split(strings.TrimSuffix(git(t, "ls-files", "--stage", "-z"), "\x00"), "\x00") {
		about, name, _ := strings.Cut(entry, "\t") // mode, hash and stage before the name
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !info.Mode().IsRegular() {
			t.Errorf("%s is no plain file: Windows checks out no links", name)
			continue
		}
		text := read(t, filepath.Join(dir, name))
		if filepath.Ext(name) == ".ps1" {
			scripts++
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		hash := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(text), text))
		if !strings.Contains(about, hex.EncodeToString(hash[:])) {
			t.Errorf("%s is another file in a checkout on Windows", name)
		}
	}
	if scripts == 0 {
		t.Error("there is no script of PowerShell")
	}
}

// git runs git in the root of the repository and returns what it prints.
func git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", "../.."}, args...)...)
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, errors.String())
	}
	return string(out)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
