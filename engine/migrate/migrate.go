// Package migrate makes a configuration of Offhook of one of MicroSIP, and tells of every key
// what became of it. It reads MicroSIP's files and changes none of them.
//
// What is left out is named with the reason: what has no meaning without a screen, what this
// machine cannot have, what is not valid, and passwords that MicroSIP has encrypted with a key
// that is compiled into it. The result is a configuration without mistakes.
package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// Source is what a configuration is made of.
type Source struct {
	INI []byte // as it is in the file
	// CodePage is Windows' number of the encoding of an INI that is neither UTF-16LE with a byte
	// order mark nor UTF-8. 0 is the system's, and 1252 where there is none.
	CodePage int
	// PlainPasswords takes passwords for plain that look like MicroSIP's encrypted ones.
	PlainPasswords bool
	// Windows says that the result is for Windows, with its paths, programs and sound devices.
	Windows bool
	// Codecs are those that the engine has; nil where they are not known, and all are taken.
	Codecs []string
	// Target is the name of the file that the result is for, and Contacts that of the contacts
	// which the configuration is to name; empty is none.
	Target, Contacts string
}

// What became of a key.
type What string

// What can become of it.
const (
	Taken   What = "taken"
	Changed What = "changed" // taken with another value, or elsewhere
	Dropped What = "dropped"
)

// Note tells what became of a key, or of a section where Key is empty. It holds no secret.
type Note struct {
	Section string `json:"section"`
	Key     string `json:"key,omitempty"`
	What    What   `json:"what"`
	Why     string `json:"why,omitempty"` // empty where it was taken
}

// Result is what was made.
type Result struct {
	Config   []byte // of the INI file, UTF-8
	Encoding string // of the source
	Notes    []Note // in the order of the source
	Accounts []int  // numbers of the accounts, without the local one
	// NoPassword are the numbers of accounts that have a user, and whose password could not be taken.
	NoPassword []int
}

// entry is a key on its way.
type entry struct {
	section, key, value string
	number              int // of an account, -1 in [Settings]
	note                int // index of its Note
}

// maxDialed is how many numbers MicroSIP keeps for redial.
const maxDialed = 10

type converter struct {
	src     Source
	res     *Result
	entries []entry
	dialed  []config.Entry
	seen    map[string]bool
}

// Convert makes a configuration. Its error is one of the source as a whole.
func Convert(src Source) (Result, error) {
	data, name, err := decode(src.INI, src.CodePage)
	if err != nil {
		return Result{}, err
	}
	file, err := config.ParseFile(src.Target, data)
	if err != nil {
		return Result{}, fmt.Errorf("migrate: %w", err)
	}
	c := &converter{src: src, res: &Result{Encoding: name}, seen: map[string]bool{}}
	all := file.Entries()
	if !slices.ContainsFunc(all, func(e config.Entry) bool { return isSettings(e.Section) || isAccount(e.Section) }) {
		return Result{}, errors.New("migrate: neither [Settings] nor [Account1]: this is not MicroSIP's configuration")
	}
	old := oldAccount(all)
	for _, e := range all {
		c.read(e, old)
	}
	c.checkAccounts()
	if err := c.write(); err != nil {
		return Result{}, err
	}
	return *c.res, nil
}

var accountSection = regexp.MustCompile(`(?i)^account(0|[1-9][0-9]{0,4})$`)

func isSettings(section string) bool { return strings.EqualFold(section, "Settings") }
func isAccount(section string) bool  { return accountSection.MatchString(section) }

// oldAccount says that the account is in [Settings], as in very old versions.
func oldAccount(all []config.Entry) bool {
	domain := false
	for _, e := range all {
		if isAccount(e.Section) && !strings.EqualFold(e.Section, "Account0") {
			return false
		}
		domain = domain || (isSettings(e.Section) && strings.EqualFold(e.Key, "domain") && e.Value != "")
	}
	return domain
}

func (c *converter) note(section, key string, what What, why string) int {
	c.res.Notes = append(c.res.Notes, Note{section, key, what, why})
	return len(c.res.Notes) - 1
}

// drop turns a note into one of a key that was dropped.
func (c *converter) drop(i int, why string) {
	c.res.Notes[i].What, c.res.Notes[i].Why = Dropped, why
}

// read takes a line, or says why not.
func (c *converter) read(e config.Entry, old bool) {
	number := -1
	switch {
	case isSettings(e.Section):
	case isAccount(e.Section):
		// The pattern has digits only, few of them.
		number, _ = strconv.Atoi(accountSection.FindStringSubmatch(e.Section)[1])
	case strings.EqualFold(e.Section, "Dialed"):
		if len(c.dialed) < maxDialed {
			c.dialed = append(c.dialed, e)
		}
		if !c.again(e.Section, "") {
			c.note(e.Section, "", Taken, "")
		}
		return
	default:
		if !c.again(e.Section, "") {
			c.note(e.Section, "", Dropped, "Offhook does not read this section")
		}
		return
	}
	key, known := findKey(e.Key, number >= 0)
	moved := false
	if !known && number < 0 && old {
		if key, known = findKey(e.Key, true); known {
			number, moved = 1, true
		}
	}
	if known {
		e.Key = key.Name
	}
	i := c.note(e.Section, e.Key, Taken, "")
	switch {
	case c.again(fmt.Sprint(number), e.Key):
		c.drop(i, "it stands there twice, and MicroSIP takes the first")
		return
	case !known:
		c.drop(i, "Offhook has no such key")
		return
	case key.Status == config.Kept:
		c.drop(i, "without effect on a program without a screen")
		return
	}
	section := "Settings"
	if number >= 0 {
		section = fmt.Sprintf("Account%d", number)
	}
	if moved {
		c.res.Notes[i].What, c.res.Notes[i].Why = Changed, "now in [Account1]"
	}
	value := c.value(i, key, e.Value)
	if c.res.Notes[i].What != Dropped {
		c.entries = append(c.entries, entry{section, key.Name, value, number, i})
	}
}

// again says whether a key, or a section, was there before.
func (c *converter) again(section, key string) bool {
	id := strings.ToLower(section + "\n" + key)
	was := c.seen[id]
	c.seen[id] = true
	return was
}

func findKey(name string, account bool) (config.Key, bool) {
	scope := config.SettingScope
	if account {
		scope = config.AccountScope
	}
	for _, k := range config.Keys() {
		if k.Scope == scope && strings.EqualFold(k.Name, name) {
			return k, true
		}
	}
	return config.Key{}, false
}

var (
	// encrypted is the form of MicroSIP's passwords: RC2 in blocks of 8 bytes, as hexadecimal digits.
	encrypted = regexp.MustCompile(`^([0-9a-f]{16})+$`)
	// ofWindows is a path or a program that no other system has.
	ofWindows = regexp.MustCompile(`(?i)(^|[\s"])([a-z]:[\\/]|\\\\)|%[a-z0-9_()]+%|\.(exe|bat|cmd|com|lnk|vbs|ps1)\b`)
	// variable is what MicroSIP replaces in paths.
	variable = regexp.MustCompile(`%[A-Za-z0-9_()]+%`)
)

// value returns the value that a key gets, and says in the note what is otherwise.
func (c *converter) value(i int, key config.Key, value string) string {
	if value == "" {
		return value
	}
	switch {
	case key.Name == "password" && encrypted.MatchString(value) && !c.src.PlainPasswords:
		c.drop(i, "MicroSIP has encrypted it with a key of its own, so it has to be written anew")
	case key.Type == config.SecretText && strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}"):
		c.drop(i, "it has the form of a variable, ${…}: such a password can stand in a file that password_file names")
	case strings.HasPrefix(key.Name, "audio") && strings.HasSuffix(key.Name, "Device") && !c.src.Windows:
		c.drop(i, "a sound device of Windows: offhook devices lists those of this machine")
	case (key.Type == config.Path || strings.HasPrefix(key.Name, "cmd")) && !c.src.Windows && ofWindows.MatchString(value):
		c.drop(i, "a path or program of Windows")
	case key.Type == config.Path && variable.MatchString(value):
		c.drop(i, "a path with a variable, which MicroSIP replaces: write the path itself")
	case key.Name == "audioCodecs" && c.src.Codecs != nil:
		value = c.codecs(i, value)
	}
	return value
}

// codecs leaves out what the engine does not have: a codec that is listed and missing keeps it
// from starting.
func (c *converter) codecs(i int, value string) string {
	var have, missing []string
	for _, id := range strings.Fields(value) {
		if slices.ContainsFunc(c.src.Codecs, func(o string) bool {
			return len(o) >= len(id) && strings.EqualFold(o[:len(id)], id)
		}) {
			have = append(have, id)
		} else {
			missing = append(missing, id)
		}
	}
	switch {
	case len(have) == 0:
		c.drop(i, "Offhook has none of these codecs: the default holds")
	case len(missing) > 0:
		c.res.Notes[i].What = Changed
		c.res.Notes[i].Why = "without " + strings.Join(missing, " ") + ", which Offhook does not have"
	}
	return strings.Join(have, " ")
}

// get returns the value of an account's key, and whether it is there.
func (c *converter) get(number int, key string) (string, bool) {
	for _, e := range c.entries {
		if e.number == number && e.key == key {
			return e.value, true
		}
	}
	return "", false
}

// checkAccounts drops what MicroSIP takes for no account, and completes the others.
func (c *converter) checkAccounts() {
	var numbers []int
	for _, e := range c.entries {
		if e.number > 0 && !slices.Contains(numbers, e.number) {
			numbers = append(numbers, e.number)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if domain, _ := c.get(n, "domain"); domain == "" {
			c.dropAll(func(e entry) bool { return e.number == n }, "MicroSIP has no account without a domain")
			continue
		}
		c.res.Accounts = append(c.res.Accounts, n)
		section := fmt.Sprintf("Account%d", n)
		if _, ok := c.get(n, "server"); !ok {
			i := c.note(section, "server", Changed, "empty, since the account does not register in MicroSIP")
			c.entries = append(c.entries, entry{section, "server", "", n, i})
		}
	}
	c.dropAll(func(e entry) bool { return e.number == 0 && e.key == "server" && e.value != "" },
		"the local account does not register")
	c.dropAll(func(e entry) bool {
		n, err := strconv.Atoi(e.value)
		return e.key == "accountId" && (err != nil || n != 0 && !slices.Contains(c.res.Accounts, n))
	}, "there is no such account")
}

func (c *converter) dropAll(which func(entry) bool, why string) {
	c.entries = slices.DeleteFunc(c.entries, func(e entry) bool {
		if !which(e) {
			return false
		}
		c.drop(e.note, why)
		return true
	})
}
