package powershell

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build.sh as MSYS2 runs it, with programs in testdata/msys2 that play MSYS2's. They say nothing of what a compiler
// there does: these tests are of what build.sh decides.
type msys2 struct {
	dir   string // a folder of its own, with the clone's third_party/pjsip in it
	cache string // OFFHOOK_CACHE
}

func newMSYS2(t *testing.T) msys2 {
	t.Helper()
	m := msys2{dir: t.TempDir()}
	m.cache = filepath.Join(m.dir, "cache")
	for _, name := range strings.Fields(git(t, "ls-files", "--", "third_party/pjsip")) {
		to := filepath.Join(m.dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(read(t, "../../"+name)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(m.dir+"/source", []byte("no archive"), 0o644); err != nil {
		t.Fatal(err)
	}
	return m
}

// build runs build.sh and returns what it printed, both streams, and whether it succeeded.
func (m msys2) build(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	played, err := filepath.Abs("testdata/msys2")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{m.dir + "/third_party/pjsip/build.sh"}, args...)...)
	cmd.Dir = m.dir
	cmd.Env = []string{"PATH=" + played + ":/usr/bin:/bin", "HOME=" + m.dir, "PLAYED=" + m.dir, "OFFHOOK_CACHE=" + m.cache,
		"MSYSTEM=UCRT64", "MINGW_PREFIX=/ucrt64", "MINGW_PACKAGE_PREFIX=mingw-w64-ucrt-x86_64", "PJSIP_TARBALL=" + m.dir + "/source"}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// pacman is asked once, for all that is missing, without questions; what it brought is not asked for again.
func TestMSYS2Packages(t *testing.T) {
	m := newMSYS2(t)
	out, ok := m.build(t)
	if ok || !strings.Contains(out, "cannot unpack") {
		t.Errorf("the build went elsewhere than to the source that is none:\n%s", out)
	}
	calls := strings.Split(strings.TrimSpace(read(t, m.dir+"/pacman")), "\n")
	if len(calls) != 1 {
		t.Fatalf("pacman was called %d times: %q", len(calls), calls)
	}
	for _, want := range []string{"-S", "--needed", "--noconfirm", "mingw-w64-ucrt-x86_64-openssl", "mingw-w64-ucrt-x86_64-libsrtp",
		"mingw-w64-ucrt-x86_64-opus", "mingw-w64-ucrt-x86_64-speex", "mingw-w64-ucrt-x86_64-speexdsp", "mingw-w64-ucrt-x86_64-gsm"} {
		if !strings.Contains(" "+calls[0]+" ", " "+want+" ") {
			t.Errorf("pacman %s: without %s", calls[0], want)
		}
	}
}

// What the go command is told has the paths of Windows, and needs no links, which Windows keeps for developers.
func TestMSYS2Env(t *testing.T) {
	m := newMSYS2(t)
	prefix := m.cache + "/pjsip/0123456789abcdef"
	pc := prefix + "/lib/pkgconfig/libpjproject.pc"
	if err := os.MkdirAll(filepath.Dir(pc), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pc, []byte("offhook_stamp=0123456789abcdef\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(prefix, m.dir+"/third_party/pjsip/prefix-windows-amd64"); err != nil {
		t.Fatal(err)
	}
	out, ok := m.build(t, "--print-env")
	if !ok {
		t.Fatal(out)
	}
	for _, want := range []string{
		"export PKG_CONFIG_PATH='C:/msys64" + prefix + "/lib/pkgconfig'\n",
		"-DOFFHOOK_PJSIP_STAMP=0123456789abcdef'\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	line := expression(t, `\$line -match "(\^export[^"]*)"`)
	for _, l := range strings.Split(strings.TrimSpace(out), "\n") {
		if !line.MatchString(l) {
			t.Errorf("build.ps1 env does not take the line %q", l)
		}
	}
}

// A folder that PJSIP's makefiles cannot take is refused before anything is done, with the cure.
func TestMSYS2CacheWithSpaces(t *testing.T) {
	m := newMSYS2(t)
	m.cache = m.dir + "/John Doe/offhook"
	out, ok := m.build(t)
	if ok || !strings.Contains(out, "OFFHOOK_CACHE") {
		t.Errorf("a folder with a space was taken:\n%s", out)
	}
	if _, err := os.Stat(m.dir + "/pacman"); err == nil {
		t.Error("pacman was called")
	}
}

// The folder may be written as Windows writes it.
func TestMSYS2CacheOfWindows(t *testing.T) {
	m := newMSYS2(t)
	m.cache = `C:\msys64` + strings.ReplaceAll(m.dir, "/", `\`) + `\cache`
	if out, _ := m.build(t); !strings.Contains(out, "cannot unpack") {
		t.Error(out)
	}
	if out, _ := m.build(t, "--print-env"); !strings.Contains(out, "is not built yet") {
		t.Error(out)
	}
	if _, err := os.Stat(m.dir + "/cache/pjsip"); err != nil {
		t.Error(err)
	}
}
