//go:build !windows

package links

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// desktopFile is the application of the XDG specifications that links start.
const desktopFile = "offhook-links.desktop"

// errSystem is what Install and Uninstall return where there is neither Windows nor XDG.
var errSystem = errors.New("links: handlers of links are installed on Windows, and on systems with XDG desktops such as Linux")

// Install has the desktop start p for links, and tells what became of each scheme. It can be
// called again.
func Install(p Program) ([]Result, error) {
	x, err := places()
	if err != nil {
		return nil, err
	}
	return x.install(p)
}

// Uninstall takes back what Install did.
func Uninstall() ([]Result, error) {
	x, err := places()
	if err != nil {
		return nil, err
	}
	return x.uninstall()
}

// xdg are the two files that are written.
type xdg struct{ application, associations string }

// places finds them as the XDG Base Directory Specification has it.
func places() (xdg, error) {
	if runtime.GOOS == "darwin" {
		return xdg{}, errSystem
	}
	folder := func(variable string, or ...string) (string, error) {
		if dir := os.Getenv(variable); filepath.IsAbs(dir) {
			return dir, nil
		}
		home, err := os.UserHomeDir()
		return filepath.Join(append([]string{home}, or...)...), err
	}
	data, err := folder("XDG_DATA_HOME", ".local", "share")
	if err != nil {
		return xdg{}, fmt.Errorf("links: %w", err)
	}
	conf, err := folder("XDG_CONFIG_HOME", ".config")
	if err != nil {
		return xdg{}, fmt.Errorf("links: %w", err)
	}
	return xdg{filepath.Join(data, "applications", desktopFile), filepath.Join(conf, "mimeapps.list")}, nil
}

func (x xdg) install(p Program) ([]Result, error) {
	if err := p.check(`"`); err != nil {
		return nil, err
	}
	if err := write(x.application, desktopEntry(p)); err != nil {
		return nil, err
	}
	old, err := read(x.associations)
	if err != nil {
		return nil, err
	}
	fresh, results := associate(old, true)
	if fresh != old {
		err = write(x.associations, fresh)
	}
	return results, err
}

func (x xdg) uninstall() ([]Result, error) {
	old, err := read(x.associations)
	if err != nil {
		return nil, err
	}
	fresh, results := associate(old, false)
	switch {
	case fresh == old:
	case fresh == "":
		err = remove(x.associations)
	default:
		err = write(x.associations, fresh)
	}
	if err != nil {
		return nil, err
	}
	return results, remove(x.application)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("links: %w", err)
	}
	return nil
}

// desktopEntry is an application that menus do not show.
func desktopEntry(p Program) string {
	var types strings.Builder
	for _, scheme := range Schemes {
		types.WriteString(mimeType(scheme) + ";")
	}
	return "[Desktop Entry]\nType=Application\nName=Offhook\nComment=Headless SIP softphone\nNoDisplay=true\nTerminal=false\n" +
		fmt.Sprintf("Exec=%s microsip -c %s -- %%u\n", quoteExec(p.Path), quoteExec(p.Config)) +
		"MimeType=" + types.String() + "\n"
}

// quoteExec quotes an argument of Exec: within the quotes four characters have a backslash, %
// is doubled, and a backslash of the value is written as two.
func quoteExec(arg string) string {
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(arg)
	return `"` + strings.ReplaceAll(quoted, `\`, `\\`) + `"`
}

func mimeType(scheme string) string { return "x-scheme-handler/" + scheme }

// defaults is the section of mimeapps.list in which the first application of a type is its default.
const defaults = "[Default Applications]"

// associate puts Offhook before, or takes it from, the applications of each scheme, and leaves
// every other line as it is. What stood there is still there, so that nothing needs to be noted.
func associate(text string, install bool) (string, []Result) {
	lines := strings.SplitAfter(text, "\n")
	var results []Result
	for _, scheme := range Schemes {
		r := Result{Scheme: scheme, State: Absent}
		begin, at := find(lines, mimeType(scheme))
		var apps []string
		if at >= 0 {
			_, list, _ := strings.Cut(strings.TrimSpace(lines[at]), "=")
			apps = strings.FieldsFunc(list, func(c rune) bool { return c == ';' || c == ' ' })
		}
		ours := slices.Index(apps, desktopFile)
		others := slices.DeleteFunc(slices.Clone(apps), func(a string) bool { return a == desktopFile })
		first := ""
		if len(others) > 0 {
			first = others[0]
		}
		switch {
		case install && ours == 0:
			r.State = Unchanged
		case install:
			r.State, r.Command = Installed, first
			others = append([]string{desktopFile}, others...)
		case ours > 0:
			r.State, r.Command = Left, first
		case ours == 0 && first != "":
			r.State, r.Command = Restored, first
		case ours == 0:
			r.State = Removed
		}
		results = append(results, r)
		if r.State == Unchanged || r.State == Absent {
			continue
		}
		line := mimeType(scheme) + "=" + strings.Join(others, ";") + ";\n"
		switch {
		case at >= 0 && len(others) == 0:
			lines = slices.Delete(lines, at, at+1)
		case at >= 0:
			lines[at] = line
		case begin >= 0:
			lines = slices.Insert(lines, begin+1, line)
		default:
			if last := len(lines) - 1; lines[last] != "" {
				lines[last] += "\n"
			}
			lines = append(lines, defaults+"\n", line)
		}
	}
	text = strings.Join(lines, "")
	if !install {
		// A section that Install began at the end goes with its last line.
		text = strings.TrimSuffix(text, defaults+"\n")
	}
	return text, results
}

// find returns the line of the section of defaults, and that of a key in it; -1 is none.
func find(lines []string, key string) (begin, at int) {
	begin = -1
	inside := false
	for i, raw := range lines {
		line := strings.TrimSpace(raw)
		if strings.HasPrefix(line, "[") {
			inside = line == defaults
			if inside && begin < 0 {
				begin = i
				if !strings.HasSuffix(raw, "\n") {
					lines[i] = raw + "\n"
				}
			}
			continue
		}
		if name, _, ok := strings.Cut(line, "="); ok && inside && strings.TrimSpace(name) == key {
			return begin, i
		}
	}
	return begin, -1
}

func read(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("links: %w", err)
	}
	return string(data), nil
}

// write makes the folder where there is none, and replaces the file in one step.
func write(path, text string) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, []byte(text)) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("links: %w", err)
	}
	if err := config.ReplaceFile(path, []byte(text), 0o644, true); err != nil {
		return fmt.Errorf("links: %w", err)
	}
	return nil
}
