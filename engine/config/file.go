package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// maxFileSize bounds what is read as a configuration; MicroSIP's are some 10 KB.
const maxFileSize = 16 << 20

// File is an INI file for editing: what is not changed stays byte for byte what it
// was, encoding, line ends, comments and order included. It is not safe for
// concurrent use.
type File struct {
	path  string
	enc   encoding
	lines []line
}

// ReadFile reads the file at path for editing. It does not check the keys: a file
// with mistakes can be edited too.
func ReadFile(path string) (*File, error) {
	data, err := readLimited(path, maxFileSize)
	if err != nil {
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	return ParseFile(path, data)
}

// ParseFile takes the content of a file for editing; empty data is a new file in
// UTF-8. The path is where [File.Save] writes.
func ParseFile(path string, data []byte) (*File, error) {
	text, enc, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	return &File{path: path, enc: enc, lines: splitLines(text)}, nil
}

// Bytes returns the content as [File.Save] writes it.
func (f *File) Bytes() []byte { return encode(f.text(), f.enc) }

func (f *File) text() string {
	var b strings.Builder
	for _, l := range f.lines {
		b.WriteString(l.raw)
	}
	return b.String()
}

// Set gives a key a value, in the line where the key stands, else in a new line
// after the last key of the section, else in a new section at the end. Sections and
// keys are found in any case and under their other names ("username-1" for
// "username"). A change that [Load] would report as a mistake is refused with
// that [Problem], and nothing is changed.
func (f *File) Set(section, key, value string) error {
	fail := func(message string) error {
		return Problem{File: f.path, Section: section, Key: key, Message: message}
	}
	if strings.ContainsAny(section+key+value, "\r\n\x00") {
		return fail("a line break cannot be written")
	}
	if !utf8.ValidString(section + key + value) {
		return fail("not valid UTF-8")
	}
	edited := &File{path: f.path, enc: f.enc, lines: append([]line(nil), f.lines...)}
	at := edited.set(section, key, quote(value))
	edited.lines = splitLines(edited.text())
	if l := edited.lines[at]; l.kind != keyLine || !sameKey(section, l.name, key) || unquote(l.value()) != value {
		return fail("cannot be written as a line of an INI file")
	}
	// A mistake may show at another line, such as the same account in its other form.
	before, after := f.problems(), edited.problems()
	if len(after) > len(before) {
		worst := after[len(after)-1]
		for _, p := range after {
			if p.Line == at+1 {
				worst = p
			}
		}
		return worst
	}
	f.lines = edited.lines
	return nil
}

// SetPassword replaces the password of an account where it stands in the file as plain text, and
// returns whether it does: one that is absent, ${VARIABLE} or in a password_file is left alone.
func (f *File) SetPassword(number int, password Secret) (bool, error) {
	for _, at := range []struct{ section, key string }{
		{"Account", fmt.Sprintf("password-%d", number)},
		{fmt.Sprintf("Account%d", number), "password"},
	} {
		text, ok := f.Get(at.section, at.key)
		if _, variable := variableOf(text); !ok || variable {
			continue
		}
		return true, f.Set(at.section, at.key, password.Reveal())
	}
	return false, nil
}

// Entry is a line with a key and its value, which is without the quotes around it.
type Entry struct {
	Line                int // from 1
	Section, Key, Value string
}

// Entries returns the lines with keys, of whatever section and in their order. Section is empty
// before the first one.
func (f *File) Entries() []Entry {
	var list []Entry
	section := ""
	for i, l := range f.lines {
		switch {
		case l.kind == sectionLine:
			section = l.name
		case l.kind == keyLine:
			list = append(list, Entry{i + 1, section, l.name, unquote(l.value())})
		}
	}
	return list
}

// problems are those that the text alone shows.
func (f *File) problems() Errors {
	l := newLoader(Source{})
	l.readFile(f)
	return l.problems
}

// set does Set's work and returns the index of the line.
func (f *File) set(section, key, value string) int {
	inside, last, lastKey := false, -1, -1
	for i, l := range f.lines {
		switch {
		case l.kind == sectionLine:
			inside = strings.EqualFold(l.name, section)
			if inside && last < 0 {
				last = i
			}
		case l.kind == keyLine && inside:
			if sameKey(section, l.name, key) {
				f.lines[i] = scanLine(l.raw[:l.start] + value + l.raw[l.end:])
				return i
			}
			last, lastKey = i, i
		}
	}
	equals := " = "
	if lastKey >= 0 {
		// As the line above has it, MicroSIP's files without spaces.
		l := f.lines[lastKey]
		if i := strings.IndexByte(l.raw, '='); i > 0 && l.raw[i-1] != ' ' && l.raw[i-1] != '\t' {
			equals = "="
		}
	}
	var added []string
	if last < 0 {
		last = len(f.lines) - 1
		if last >= 0 && f.lines[last].kind != blankLine {
			added = append(added, "")
		}
		added = append(added, "["+section+"]")
	}
	added = append(added, key+equals+value)

	eol := f.lineEnd()
	if last >= 0 && !strings.HasSuffix(f.lines[last].raw, "\n") {
		f.lines[last] = scanLine(f.lines[last].raw + eol)
	}
	lines := make([]line, 0, len(f.lines)+len(added))
	lines = append(lines, f.lines[:last+1]...)
	for _, raw := range added {
		lines = append(lines, scanLine(raw+eol))
	}
	f.lines = append(lines, f.lines[last+1:]...)
	return last + len(added)
}

// sameKey reports whether two spellings in a section name the same key.
func sameKey(section, a, b string) bool {
	kind, _ := classify(section)
	keyA, numberA, errA := findKey(kind, a)
	keyB, numberB, errB := findKey(kind, b)
	if errA != "" || errB != "" {
		return strings.EqualFold(a, b)
	}
	return keyA.canonical().Name == keyB.canonical().Name && numberA == numberB
}

// lineEnd is that of the first line, else what the encoding's users write.
func (f *File) lineEnd() string {
	if len(f.lines) > 0 && strings.HasSuffix(f.lines[0].raw, "\n") {
		if strings.HasSuffix(f.lines[0].raw, "\r\n") {
			return "\r\n"
		}
		return "\n"
	}
	if f.enc == utf16LE {
		return "\r\n"
	}
	return "\n"
}

// Save writes the file in one step: a reader sees the old content or the new one.
// The mode of the file is kept, that of a new one is 0600, since it may hold
// passwords. A symbolic link stays one.
func (f *File) Save() error {
	if err := ReplaceFile(f.path, f.Bytes(), 0o600, true); err != nil {
		return fmt.Errorf("config: save %s: %w", f.path, err)
	}
	return nil
}

// ReplaceFile writes a file in one step: a reader sees the old content or the new one.
// The mode of a file that exists is kept, a new one has mode. A symbolic link stays one.
// With sync the new content survives a power cut.
func ReplaceFile(path string, data []byte, mode fs.FileMode, sync bool) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temp.Close()
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(data); err != nil {
		return err
	}
	if err = temp.Chmod(mode); err != nil {
		return err
	}
	if sync {
		if err = temp.Sync(); err != nil {
			return err
		}
	}
	if err = temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// readLimited reads a file of at most limit bytes, so that a wrong name such as
// that of a device does not fill the memory. Its errors do not repeat the path.
func readLimited(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, plain(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("it is larger than %d bytes", limit)
	}
	return data, nil
}

// errNoFile reads the same on every system.
var errNoFile error = noFile{}

type noFile struct{}

func (noFile) Error() string        { return "the file does not exist" }
func (noFile) Is(target error) bool { return target == fs.ErrNotExist }

// plain takes the path off an error.
func plain(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errNoFile
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
