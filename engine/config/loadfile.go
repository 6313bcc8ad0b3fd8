package config

import (
	"fmt"
	"strings"

	"gopkg.in/ini.v1"

	"github.com/offhook-voip/offhook/engine/nearest"
)

// sectionKind is what a section means.
type sectionKind int

const (
	unknownSection sectionKind = iota
	keptSection                // MicroSIP's data, not read
	settingsSection
	dashSection     // [Account]: the suffix numbers the account
	defaultsSection // [AccountDefaults]
	numberSection   // [AccountN]
	ruleSection     // [Rule.name]
)

// keptSections are MicroSIP's call log, redial list, buttons and so on: lines of
// any form are accepted in them.
var keptSections = []string{"Calls", "Dialed", "Shortcuts", "Contacts", "Global"}

// classify returns the kind of a section by its name in any case, and the number of
// an [AccountN].
func classify(name string) (sectionKind, int) {
	switch lower := strings.ToLower(name); lower {
	case "settings":
		return settingsSection, 0
	case "account":
		return dashSection, 0
	case "accountdefaults":
		return defaultsSection, 0
	default:
		for _, kept := range keptSections {
			if strings.EqualFold(kept, name) {
				return keptSection, 0
			}
		}
		if digits, ok := strings.CutPrefix(lower, "account"); ok {
			if n, ok := accountNumber(digits); ok {
				return numberSection, n
			}
		}
		if len(lower) > len("rule.") && strings.HasPrefix(lower, "rule.") {
			return ruleSection, 0
		}
	}
	return unknownSection, 0
}

// nearestSection suggests a section for a name that is none.
func nearestSection(name string) string {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	valid := append([]string{"Settings", "Account", "AccountDefaults", "Rule.1"}, keptSections...)
	if n := strings.TrimLeft(digits, "0"); n != "" && len(n) <= 5 {
		valid = append(valid, "Account"+n)
	}
	return nearest.Word(name, valid)
}

// findKey returns the key of a name in a section, and for an account key in
// [Account] the number of the account. problem is empty where there is one.
func findKey(kind sectionKind, name string) (k Key, number int, problem string) {
	if kind == ruleSection {
		k, ok := lookup(RuleScope, name)
		if !ok {
			return Key{}, 0, "unknown key of a rule, the nearest is " + nearest.Word(name, names(RuleScope))
		}
		return k, 0, ""
	}
	scope, other := AccountScope, SettingScope
	elsewhere := "is a setting, it belongs into [Settings]"
	if kind == settingsSection {
		scope, other = other, scope
		elsewhere = "is a key of accounts, it belongs into [Account]"
	}
	base, suffix := name, ""
	if b, n, ok := cutSuffix(name); ok {
		base, suffix, number = b, fmt.Sprintf("-%d", n), n
	} else if kind == dashSection {
		number = 1
	}
	k, ok := lookup(scope, base)
	switch {
	case ok && (suffix == "" || kind == dashSection):
		return k, number, ""
	case ok && scope == SettingScope:
		return Key{}, 0, fmt.Sprintf("settings take no account suffix, write %s", k.Name)
	case ok:
		return Key{}, 0, fmt.Sprintf("the suffix belongs into [Account] only, write %s", k.Name)
	}
	if _, ok := lookup(other, base); ok {
		return Key{}, 0, elsewhere
	}
	if i := strings.LastIndexByte(name, '-'); i > 0 && kind == dashSection && strings.Trim(name[i+1:], "0123456789") == "" {
		if k, ok := lookup(scope, name[:i]); ok {
			return Key{}, 0, fmt.Sprintf("%q is not the number of an account, which is 0 to %d without leading zeros: %s-2 is account 2", name[i+1:], maxAccount, k.Name)
		}
	}
	if kind != dashSection {
		suffix = ""
	}
	return Key{}, 0, fmt.Sprintf("unknown key, the nearest is %s%s", nearest.Word(base, names(scope)), suffix)
}

// fileKey is a key line that means something.
type fileKey struct {
	key     Key
	to      assignments
	section string // lower case, as ini.v1 has it
	name    string // lower case
	guarded bool
	at      Problem
}

// fileReader goes through the lines of a file once and picks what ini.v1 is to
// read.
type fileReader struct {
	*loader
	file *File

	kind    sectionKind
	number  int
	section string // as written
	begun   bool   // a section was begun

	sections map[string]int  // line of the first of each name
	forms    map[int]formUse // of each account
	seen     map[string]bool // section and key that ini.v1 was given
	orphans  bool            // keys before the first section were reported

	text strings.Builder // what ini.v1 reads, line by line
	keys []fileKey
}

// formUse is the section that an account was first found in.
type formUse struct {
	kind     sectionKind
	line     int
	reported bool
}

// readFile assigns what the file holds and reports what the text alone shows.
func (l *loader) readFile(f *File) {
	r := &fileReader{
		loader:   l,
		file:     f,
		sections: map[string]int{},
		forms:    map[int]formUse{},
		seen:     map[string]bool{},
	}
	for i, line := range f.lines {
		// Lines that are refused become empty for ini.v1, which would stop there.
		r.text.WriteString(r.readLine(i+1, line))
		r.text.WriteByte('\n')
	}
	values, err := readINI(r.text.String())
	if err != nil {
		l.report(Problem{File: f.path}, "%v", err)
		return
	}
	for _, k := range r.keys {
		value := values.Section(k.section).Key(k.name).Value()
		if k.guarded {
			value = value[1 : len(value)-1]
		}
		l.assign(k.to, k.key, unquote(value), fromFile, k.at)
	}
}

// readINI reads text with everything off that would change a value.
func readINI(text string) (*ini.File, error) {
	return ini.LoadSources(ini.LoadOptions{
		Insensitive:             true,
		IgnoreInlineComment:     true,
		IgnoreContinuation:      true,
		PreserveSurroundedQuote: true,
		KeyValueDelimiters:      "=",
	}, []byte(text))
}

// readLine reports what is wrong with a line and returns it as ini.v1 is to see it.
func (r *fileReader) readLine(number int, line line) string {
	at := Problem{File: r.file.path, Line: number, Section: r.section}
	switch line.kind {
	case sectionLine:
		return r.readSection(at, line)
	case badLine:
		if line.bracket {
			// Whatever section was meant, the next lines are not of the one before.
			r.kind, r.section, r.begun = unknownSection, "", true
			at.Section = ""
		}
		if r.kind != keptSection {
			r.report(at, "%s", line.name)
		}
	case keyLine:
		at.Key = line.name
		return r.readKey(at, line)
	}
	return ""
}

func (r *fileReader) readSection(at Problem, line line) string {
	at.Section = line.name
	r.section, r.begun = line.name, true
	r.kind, r.number = classify(line.name)
	switch r.kind {
	case unknownSection:
		r.report(at, "unknown section, the nearest is [%s]", nearestSection(line.name))
		return ""
	case keptSection:
		return ""
	}
	lower := strings.ToLower(line.name)
	if first, ok := r.sections[lower]; ok {
		r.report(at, "duplicate section, the first is in line %d", first)
	} else {
		r.sections[lower] = at.Line
	}
	switch r.kind {
	case numberSection:
		r.claim(at, r.number)
	case ruleSection:
		r.beginRule(at, line.name)
	}
	return "[" + lower + "]"
}

// claim reports whether an account may be given in the current section: it may be
// in one form only.
func (r *fileReader) claim(at Problem, number int) bool {
	use, ok := r.forms[number]
	if !ok {
		r.forms[number] = formUse{kind: r.kind, line: at.Line}
		return true
	}
	if use.kind == r.kind {
		return true
	}
	if !use.reported {
		dash, section := use.line, at.Line
		if r.kind == dashSection {
			dash, section = section, dash
		}
		r.report(at, "account %d stands both in [Account], line %d, and as [Account%d], line %d", number, dash, number, section)
		use.reported = true
		r.forms[number] = use
	}
	return false
}

func (r *fileReader) readKey(at Problem, line line) string {
	switch r.kind {
	case keptSection:
		return ""
	case unknownSection:
		if !r.begun && !r.orphans {
			r.report(at, "keys before the first section, such as [Settings] or [Account]")
			r.orphans = true
		}
		return ""
	}
	k, number, problem := findKey(r.kind, line.name)
	if problem != "" {
		r.report(at, "%s", problem)
		return ""
	}
	to := r.settings
	switch r.kind {
	case dashSection:
		to = r.scope(k, number)
		if !r.claim(at, number) {
			to = assignments{}
		}
	case numberSection:
		to = r.scope(k, r.number)
		if !r.claim(at, r.number) {
			to = assignments{}
		}
	case defaultsSection:
		to = r.defaults
	case ruleSection:
		to = r.rules[len(r.rules)-1].keys
	}
	entry := fileKey{key: k, to: to, section: strings.ToLower(r.section), name: strings.ToLower(line.name), at: at}
	id := entry.section + "\n" + entry.name
	if r.seen[id] {
		// ini.v1 would take the last one; the first was assigned, or will be.
		r.report(at, "duplicate of %s", r.firstOf(entry))
		return ""
	}
	r.seen[id] = true
	value := line.value()
	// ini.v1 reads these as values of several lines, whatever its options.
	entry.guarded = strings.HasPrefix(value, "`") || strings.HasPrefix(value, `"""`)
	r.keys = append(r.keys, entry)
	if entry.guarded {
		value = "'" + value + "'"
	}
	return entry.name + " = " + value
}

func (r *fileReader) firstOf(entry fileKey) string {
	for _, k := range r.keys {
		if k.section == entry.section && k.name == entry.name {
			return place(k.at)
		}
	}
	return entry.name
}
