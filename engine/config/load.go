package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/nearest"
)

// Source is what a configuration is read from. The zero value gives the defaults
// and no account.
type Source struct {
	// Path is the INI file to read and its name in problems. Empty: no file.
	Path string
	// Data is the content of the file, if it is not nil: Path is not opened then.
	Data []byte
	// Env is the environment as os.Environ returns it.
	Env []string
	// OwnEnv lists the OFFHOOK_ variables that are not keys, which a name ending
	// in * lists by prefix. Other unknown ones are mistakes.
	OwnEnv []string
	// Flags are the flags that were given.
	Flags []Flag
}

// Flag is a command-line flag and its value. Dashes before the name do not matter.
type Flag struct{ Name, Value string }

// Load reads a configuration. Its error is [Errors], with every mistake there is;
// the Config holds what could be read even then, and is never nil.
func Load(src Source) (*Config, error) {
	r := Check(src)
	if len(r.Errors) > 0 {
		return r.Config, r.Errors
	}
	return r.Config, nil
}

// Check reads a configuration for printing.
func Check(src Source) Result {
	l := newLoader(src)
	if src.Path != "" || src.Data != nil {
		l.readSource()
	}
	l.readEnv()
	l.readFlags()
	l.reportUnknownEnv()
	cfg := l.resolve()
	slices.SortStableFunc(l.problems, func(a, b Problem) int { return cmp.Compare(rank(a), rank(b)) })
	return Result{Config: cfg, Errors: l.problems}
}

// rank orders problems: the file by line, then variables, then flags.
func rank(p Problem) int {
	switch {
	case p.File != "":
		return p.Line
	case strings.HasPrefix(p.Key, "--"):
		return maxInt
	}
	return maxInt - 1
}

// layer is where a value comes from; the higher one wins.
type layer int

const (
	fromFile layer = iota + 1
	fromEnv
	fromFlag
)

// assignment is a value that was given to a key.
type assignment struct {
	value string // in normal form
	bad   bool   // a problem was reported, value is not set
	layer layer
	at    Problem // without Message
}

// assignments are by the canonical name of the key.
type assignments map[string]assignment

type loader struct {
	src      Source
	problems Errors

	settings assignments
	defaults assignments
	accounts map[int]assignments
	rules    []ruleAssignments
	strict   bool // the dialect, once it is resolved

	env        map[string]string
	unknownEnv []string
	usedEnv    map[string]bool // named by a ${VARIABLE}
}

func newLoader(src Source) *loader {
	l := &loader{
		src:      src,
		settings: assignments{},
		defaults: assignments{},
		accounts: map[int]assignments{},
		env:      map[string]string{},
		usedEnv:  map[string]bool{},
	}
	for _, e := range src.Env {
		if name, value, ok := strings.Cut(e, "="); ok {
			l.env[name] = value
		}
	}
	return l
}

// report adds a problem at a place.
func (l *loader) report(at Problem, format string, args ...any) {
	at.Message = fmt.Sprintf(format, args...)
	l.problems = append(l.problems, at)
}

// scope returns where the values of a key are kept.
func (l *loader) scope(k Key, number int) assignments {
	if k.Scope == SettingScope {
		return l.settings
	}
	if l.accounts[number] == nil {
		l.accounts[number] = assignments{}
	}
	return l.accounts[number]
}

// assign checks a value and gives it to a key, in place of what a lower layer gave:
// the layers are read from the lowest up.
func (l *loader) assign(to assignments, k Key, value string, from layer, at Problem) {
	name := k.canonical().Name
	before, given := to[name]
	if given && before.layer == from {
		l.report(at, "duplicate of %s", place(before.at))
		return
	}
	norm, err := k.normalize(value)
	if err != nil {
		l.report(at, "%v", err)
	}
	if variable, ok := variableOf(norm); ok && k.Type == SecretText {
		l.usedEnv[variable] = true
	}
	if other := otherPassword(k); other != "" {
		if o, ok := to[other]; ok && o.layer == from {
			l.report(at, "the password stands in %s already", place(o.at))
			return
		}
		delete(to, other)
	}
	to[name] = assignment{value: norm, bad: err != nil, layer: from, at: at}
}

// otherPassword is the key that gives the same thing as k, if k gives a password.
func otherPassword(k Key) string {
	switch k.Name {
	case "password":
		return "password_file"
	case "password_file":
		return "password"
	}
	return ""
}

// place says where something stands that a problem elsewhere refers to.
func place(at Problem) string {
	if at.File == "" {
		return at.Key
	}
	return fmt.Sprintf("%s in line %d", at.Key, at.Line)
}

func (l *loader) readSource() {
	at := Problem{File: l.src.Path}
	data := l.src.Data
	if data == nil {
		var err error
		data, err = readLimited(l.src.Path, maxFileSize)
		if err != nil {
			l.report(at, "%v", err)
			return
		}
	}
	text, enc, err := decode(data)
	if err != nil {
		l.report(at, "%v", err)
		return
	}
	l.readFile(&File{path: l.src.Path, enc: enc, lines: splitLines(text)})
}

// readEnv takes the OFFHOOK_ variables, in the order of the environment.
func (l *loader) readEnv() {
	seen := map[string]bool{}
	for _, e := range l.src.Env {
		name, _, ok := strings.Cut(e, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) || seen[name] || l.ownEnv(name) {
			continue
		}
		seen[name] = true
		flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, envPrefix), "_", "-"))
		k, number, ok := ParseFlag(flag)
		if !ok || name != strings.ToUpper(name) || strings.Contains(name, "-") {
			l.unknownEnv = append(l.unknownEnv, name)
			continue
		}
		l.assign(l.scope(k, number), k, l.env[name], fromEnv, Problem{Key: name})
	}
}

func (l *loader) ownEnv(name string) bool {
	return slices.ContainsFunc(l.src.OwnEnv, func(own string) bool {
		prefix, ok := strings.CutSuffix(own, "*")
		return own == name || (ok && strings.HasPrefix(name, prefix))
	})
}

// reportUnknownEnv comes after all passwords were seen: a variable that one of them
// names may be called anything.
func (l *loader) reportUnknownEnv() {
	for _, name := range l.unknownEnv {
		if l.usedEnv[name] {
			continue
		}
		number := 1
		if _, n, ok := cutSuffix(strings.ReplaceAll(name, "_", "-")); ok {
			number = n
		}
		valid := slices.DeleteFunc(slices.Clone(l.src.OwnEnv), func(own string) bool { return strings.HasSuffix(own, "*") })
		for _, k := range keyTable {
			if env := k.Env(number); env != "" {
				valid = append(valid, env)
			}
		}
		l.report(Problem{Key: name}, "unknown variable, the nearest is %s", nearest.Word(name, valid))
	}
}

func (l *loader) readFlags() {
	for _, f := range l.src.Flags {
		name := strings.TrimLeft(f.Name, "-")
		at := Problem{Key: "--" + name}
		k, number, ok := ParseFlag(name)
		if !ok {
			number = 1
			if _, n, ok := cutSuffix(name); ok {
				number = n
			}
			var valid []string
			for _, k := range keyTable {
				if k.Flag != "" {
					valid = append(valid, k.FlagName(number))
				}
			}
			l.report(at, "unknown flag, the nearest is --%s", nearest.Word(name, valid))
			continue
		}
		l.assign(l.scope(k, number), k, f.Value, fromFlag, at)
	}
}
