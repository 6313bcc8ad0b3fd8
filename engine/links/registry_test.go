package links

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// book is a hive in memory: values by key and name. A key in capitals is another than one
// without: the code spells each in one way.
type book struct {
	values map[[2]string]text
	keys   map[string]bool
	binary string // key whose values are no text
}

func newBook() *book { return &book{values: map[[2]string]text{}, keys: map[string]bool{}} }

func (b *book) get(key, name string) (text, error) {
	if t, ok := b.values[[2]string{key, name}]; ok {
		if key == b.binary {
			return text{}, errNoText
		}
		return t, nil
	}
	return text{Absent: true}, nil
}

func (b *book) set(key, name string, t text) error {
	if t.Absent {
		delete(b.values, [2]string{key, name})
		return nil
	}
	b.values[[2]string{key, name}] = t
	for k := key; k != ""; k = k[:max(strings.LastIndexByte(k, '\\'), 0)] {
		b.keys[k] = true
	}
	return nil
}

func (b *book) has(key string) (bool, error) { return b.keys[key], nil }

func (b *book) removeEmpty(key string) error {
	for v := range b.values {
		if v[0] == key {
			return nil
		}
	}
	for k := range b.keys {
		if strings.HasPrefix(k, key+`\`) {
			return nil
		}
	}
	delete(b.keys, key)
	return nil
}

// content is everything in it, sorted.
func (b *book) content() string {
	var lines []string
	for k := range b.keys {
		// RegisteredApplications and what is above the keys are Windows' own.
		if k != "Software" && k != `Software\Classes` && k != applications {
			lines = append(lines, k)
		}
	}
	for k, v := range b.values {
		lines = append(lines, fmt.Sprintf("%s|%s = %+v", k[0], k[1], v))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (b *book) copy() *book {
	return &book{values: maps.Clone(b.values), keys: maps.Clone(b.keys), binary: b.binary}
}

// other is what another program has in the registry for a scheme.
func (b *book) other(scheme, command string) {
	_ = b.set(classes+scheme, "", text{Text: "URL:Other"})
	_ = b.set(classes+scheme, "URL Protocol", text{})
	_ = b.set(classes+scheme+`\DefaultIcon`, "", text{Text: "other.ico"})
	_ = b.set(commandKey(scheme), "", text{Text: command, Expand: true})
	_ = b.set(commandKey(scheme), "DelegateExecute", text{Text: "{11111111-1111-1111-1111-111111111111}"})
}

// root makes a path absolute.
func root() string {
	if runtime.GOOS == "windows" {
		return "C:"
	}
	return ""
}

var abs = Program{Path: root() + "/opt/offhook", Config: root() + "/etc/off hook.ini"}

func states(results []Result) string {
	var all []string
	for _, r := range results {
		all = append(all, r.Scheme+" "+string(r.State)+" "+r.Command)
	}
	return strings.Join(all, "; ")
}

func want(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

func must(t *testing.T) func([]Result, error) string {
	return func(r []Result, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return states(r)
	}
}

func TestRegistryIsRestored(t *testing.T) {
	b := newBook()
	b.other("tel", `"%ProgramFiles%\other.exe" %1`)
	_ = b.set(classes+"sips", "", text{Text: "a key without a command"})
	before := b.content()

	want(t, "installed", must(t)(installInto(b, abs)),
		`tel installed "%ProgramFiles%\other.exe" %1; sip installed ; sips installed ; callto installed `)
	for _, scheme := range Schemes {
		command, _ := b.get(commandKey(scheme), "")
		want(t, scheme, command.Text, `"`+abs.Path+`" microsip -c "`+abs.Config+`" -- "%1"`)
		if delegate, _ := b.get(commandKey(scheme), "DelegateExecute"); !delegate.Absent {
			t.Error("DelegateExecute is still there, which would win")
		}
		listed, _ := b.get(capabilities+`\URLAssociations`, scheme)
		want(t, "the class of "+scheme, listed.Text, class)
	}
	for key, name := range map[string]string{applications: "Offhook", commandKey(class): "", classes + class: "URL Protocol"} {
		if v, _ := b.get(key, name); v.Absent {
			t.Errorf("%s has no value %q", key, name)
		}
	}

	once := b.content()
	want(t, "installed again", must(t)(installInto(b, abs)), "tel unchanged ; sip unchanged ; sips unchanged ; callto unchanged ")
	want(t, "the registry, installed again", b.content(), once)

	// Another configuration: what was before the first one is still what is restored.
	must(t)(installInto(b, Program{abs.Path, root() + "/etc/b.ini"}))
	want(t, "uninstalled", must(t)(uninstallFrom(b)), `tel restored "%ProgramFiles%\other.exe" %1; sip removed ; sips removed ; callto removed `)
	want(t, "the registry in the end", b.content(), before)
	want(t, "uninstalled again", must(t)(uninstallFrom(b)), "tel absent ; sip absent ; sips absent ; callto absent ")
	want(t, "the registry in the end", b.content(), before)
}

func TestRegistryLeavesLaterProgramsAlone(t *testing.T) {
	b := newBook()
	must(t)(installInto(b, abs))
	b.other("sip", "later.exe %1")
	later := b.copy()
	want(t, "uninstalled", must(t)(uninstallFrom(b)), "tel removed ; sip left later.exe %1; sips removed ; callto removed ")
	for v, text := range later.values {
		if strings.HasPrefix(v[0], classes+"sip\\") && b.values[v] != text {
			t.Errorf("%v is %+v, and was %+v", v, b.values[v], text)
		}
	}
	for k := range b.keys {
		if strings.Contains(k, "Offhook") || strings.HasPrefix(k, classes+"tel") {
			t.Errorf("%s is left", k)
		}
	}

	// Installed over it, the later program is what comes back.
	b = later
	want(t, "installed again", must(t)(installInto(b, abs)), "tel unchanged ; sip installed later.exe %1; sips unchanged ; callto unchanged ")
	want(t, "uninstalled", must(t)(uninstallFrom(b)), "tel removed ; sip restored later.exe %1; sips removed ; callto removed ")
	delegate, _ := b.get(commandKey("sip"), "DelegateExecute")
	want(t, "DelegateExecute", delegate.Text, "{11111111-1111-1111-1111-111111111111}")
}

// Somebody removed Software\Offhook: nothing is known, and Offhook's own command is not taken
// for another program's.
func TestRegistryWithoutJournal(t *testing.T) {
	b := newBook()
	must(t)(installInto(b, abs))
	for _, scheme := range Schemes {
		_ = b.set(journalKey, scheme, text{Text: "{"})
	}
	must(t)(installInto(b, abs))
	must(t)(uninstallFrom(b))
	want(t, "the registry", b.content(), "")
}

func TestRegistryRefuses(t *testing.T) {
	for _, p := range []Program{
		{"offhook", abs.Config},
		{abs.Path, "a.ini"},
		{abs.Path, ""},
		{root() + "/opt/100%1/offhook", abs.Config},
		{abs.Path, root() + `/etc/a" --cmd-call-start "calc`},
		{abs.Path, root() + "/etc/a\n.ini"},
	} {
		b := newBook()
		if _, err := installInto(b, p); err == nil || b.content() != "" {
			t.Errorf("%+v: error %v; the registry:\n%s", p, err, b.content())
		}
	}
	b := newBook()
	b.other("tel", "x")
	b.binary = classes + "tel"
	was, _ := b.get(commandKey("tel"), "")
	if _, err := installInto(b, abs); err == nil {
		t.Error("a value that cannot be put back is no error")
	}
	if now, _ := b.get(commandKey("tel"), ""); now != was {
		t.Errorf("the command was changed to %+v", now)
	}
}

func TestUserChoiceIsTold(t *testing.T) {
	b := newBook()
	_ = b.set(choices+`tel\UserChoice`, "ProgId", text{Text: "Other.Tel"})
	_ = b.set(choices+`sip\UserChoice`, "ProgId", text{Text: class})
	results, err := installInto(b, abs)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "chosen for tel and sip", results[0].Chosen+","+results[1].Chosen, "Other.Tel,")
}

// hostile are texts of links that want to be more than one argument.
var hostile = []string{
	`tel:123`,
	`tel:123" --cmd-call-start "calc.exe`,
	`tel:123" -c "\\host\share\evil.ini`,
	`tel:1\`,
	`tel:1\" -c evil.ini \"`,
	`sip:a@b" "-c" "evil.ini" "`,
	`tel:"" --socket=x`,
	`callto:"" -- --config x`,
	`tel:%1`,
	`tel:%22%20-c%20evil.ini`,
	"tel:1\t-c\tevil.ini",
}

// A link is split as the C library splits a command line; whatever it is, what is before "--"
// stays what was installed.
func TestLinkIsOneText(t *testing.T) {
	for _, link := range hostile {
		checkSplit(t, link)
	}
}

func FuzzLink(f *testing.F) {
	for _, link := range hostile {
		f.Add(link)
	}
	f.Fuzz(checkSplit)
}

func checkSplit(t *testing.T, link string) {
	line := strings.Replace(windowsCommand(abs), "%1", link, 1)
	args := splitWindows(line)
	fixed := []string{abs.Path, "microsip", "-c", abs.Config, "--"}
	if len(args) < len(fixed) || !slices.Equal(args[:len(fixed)], fixed) {
		t.Fatalf("%q is split into %q", link, args)
	}
}

// splitWindows splits a command line by the rules of Microsoft's C library, which are those of
// Go's programs.
func splitWindows(line string) []string {
	var args []string
	for line = strings.TrimLeft(line, " \t"); line != ""; line = strings.TrimLeft(line, " \t") {
		var arg strings.Builder
		quoted := false
		i := 0
		for ; i < len(line) && (quoted || (line[i] != ' ' && line[i] != '\t')); i++ {
			backslashes := 0
			for i < len(line) && line[i] == '\\' {
				backslashes++
				i++
			}
			if i == len(line) || line[i] != '"' {
				arg.WriteString(strings.Repeat(`\`, backslashes))
				i-- // what follows is looked at again
				if backslashes == 0 {
					i++
					arg.WriteByte(line[i])
				}
				continue
			}
			arg.WriteString(strings.Repeat(`\`, backslashes/2))
			switch {
			case backslashes%2 == 1:
				arg.WriteByte('"')
			case quoted && i+1 < len(line) && line[i+1] == '"':
				arg.WriteByte('"')
				i++
			default:
				quoted = !quoted
			}
		}
		args = append(args, arg.String())
		line = line[i:]
	}
	return args
}
