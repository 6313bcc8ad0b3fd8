//go:build linux

package peers

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Wine is the Windows of one test: a registry, users and services of its own over a Windows folder that all tests
// share. It has no screen, and windows are made all the same, see wine/prefix.sh.
type Wine struct {
	Prefix string // folder of the wine prefix; drive C: is its drive_c
	Env    []string

	tb testing.TB
}

// StartWine starts a Windows, which ends with the test together with every program in it. The programs get the
// environment of the test without what names a screen or configures Offhook.
func StartWine(tb testing.TB) *Wine {
	tb.Helper()
	w := &Wine{Prefix: filepath.Join(tb.TempDir(), "wine"), tb: tb}
	w.script(w.Prefix)
	w.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "OFFHOOK_") || strings.HasPrefix(kv, "WINE") ||
			strings.HasPrefix(kv, "DISPLAY=") || strings.HasPrefix(kv, "WAYLAND_DISPLAY=") ||
			strings.HasPrefix(kv, "LANG=") || strings.HasPrefix(kv, "LC_")
	})
	w.Env = append(w.Env, "WINEPREFIX="+w.Prefix, "WINEARCH=win64", "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "LANG=C.UTF-8", "HOME="+filepath.Dir(w.Prefix))
	tb.Cleanup(func() { w.script("--end", w.Prefix) })
	// Started with no output, so that the services do not keep that of the first program open.
	for _, argv := range [][]string{{"wineserver", "-p"}, {"wineboot"}} {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env = w.Env
		if err := cmd.Run(); err != nil {
			tb.Fatalf("%s: %v (test/peers/install.sh installs what the tests need)", argv[0], err)
		}
	}
	return w
}

// script runs prefix.sh, which lies beside this file.
func (w *Wine) script(args ...string) {
	w.tb.Helper()
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(filepath.Join(filepath.Dir(file), "wine", "prefix.sh"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.tb.Fatalf("prefix.sh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// Path is the name that programs under wine have for a file of Linux: /tmp/a is Z:\tmp\a, and what is below drive C:
// is named so.
func (w *Wine) Path(unix string) string {
	w.tb.Helper()
	unix, err := filepath.Abs(unix)
	if err != nil {
		w.tb.Fatal(err)
	}
	drive := "Z:"
	if below, ok := strings.CutPrefix(unix, filepath.Join(w.Prefix, "drive_c")+"/"); ok {
		drive, unix = "C:", "/"+below
	}
	return drive + strings.ReplaceAll(unix, "/", `\`)
}

// User is the folder of the user, C:\Users\name, as a path of Linux.
func (w *Wine) User() string {
	w.tb.Helper()
	u, err := user.Current()
	if err != nil {
		w.tb.Fatal(err)
	}
	return filepath.Join(w.Prefix, "drive_c", "users", u.Username)
}

// WineCommand is what [Wine.Start] starts.
type WineCommand struct {
	Program string       // the path of an .exe as Linux has it, or the name of one of wine's own: reg, cmd
	Args    []string     // as the program gets them: see [Wine.Path]
	Dir     string       // working directory as Linux has it; one of the test's own when empty
	Env     []string     // KEY=VALUE, beside those of the Wine
	Line    func(string) // where set, called with each line of its standard output, from one goroutine
}

// Start starts a program. It is killed when the test ends before it does.
func (w *Wine) Start(c WineCommand) *Program {
	w.tb.Helper()
	cmd := exec.Command("wine", append([]string{c.Program}, c.Args...)...)
	if cmd.Dir = c.Dir; c.Dir == "" {
		cmd.Dir = w.tb.TempDir()
	}
	cmd.Env = append(slices.Clone(w.Env), c.Env...)
	name := strings.Join(append([]string{filepath.Base(c.Program)}, c.Args...), " ")
	return StartProgram(w.tb, name, cmd, c.Line)
}

// Run starts a program, waits for its end and returns its standard output, lines joined by \n, and its exit code.
func (w *Wine) Run(program string, args ...string) (output string, code int) {
	w.tb.Helper()
	p := w.Start(WineCommand{Program: program, Args: args})
	p.Stdin.Close()
	code = p.Wait()
	return strings.Join(p.Lines(), "\n"), code
}

// BuildForWindows compiles a Go package without cgo for Windows and returns the path of the .exe. The package is
// named as for go build, from the folder of the test.
func BuildForWindows(tb testing.TB, pkg string) (exe string) {
	tb.Helper()
	exe = filepath.Join(tb.TempDir(), filepath.Base(pkg)+".exe")
	compile(tb, []string{"GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0"}, "go", "build", "-o", exe, pkg)
	return exe
}

// CompileForWindows compiles one C file with mingw and returns the path of the .exe. The flags follow the file:
// -luser32, -municode, -Wall.
func CompileForWindows(tb testing.TB, file string, flags ...string) (exe string) {
	tb.Helper()
	exe = filepath.Join(tb.TempDir(), strings.TrimSuffix(filepath.Base(file), ".c")+".exe")
	compile(tb, nil, "x86_64-w64-mingw32-gcc", append([]string{"-O2", "-static", "-o", exe, file}, flags...)...)
	return exe
}

func compile(tb testing.TB, env []string, name string, args ...string) {
	tb.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
