package config

import (
	"slices"
	"strconv"
	"strings"
)

// Scope says where a key stands.
type Scope string

// The scopes.
const (
	SettingScope Scope = "setting" // [Settings]
	AccountScope Scope = "account" // [Account], [AccountN], [AccountDefaults]
	RuleScope    Scope = "rule"    // [Rule.name]
)

// Status says what Offhook does with a key.
type Status string

// The statuses.
const (
	Active Status = "acted on"
	Kept   Status = "kept" // accepted, checked and kept, with no effect
)

// Type is the form of a value. Its text is what docs/config.md prints.
type Type string

// The types.
const (
	Text       Type = "text"
	Bool       Type = "0 or 1"
	Integer    Type = "number"
	Port       Type = "port"
	Seconds    Type = "seconds"
	Choice     Type = "choice" // one of Key.Choices
	Host       Type = "host"
	HostPort   Type = "host[:port]"
	HostPorts  Type = "hosts"     // host[:port], separated by ; or ,
	Proxies    Type = "proxies"   // host[:port] or SIP URI, separated by spaces
	IPAddress  Type = "address"   // IPv4 or IPv6
	IPAddrs    Type = "addresses" // separated by ; or ,
	CodecIDs   Type = "codecs"    // name/rate[/channels], separated by spaces
	Path       Type = "path"
	URLs       Type = "URLs"   // http or https, separated by spaces
	Words      Type = "words"  // separated by spaces
	SecretText Type = "secret" // the text, or ${VARIABLE}
)

// Key describes one key of the configuration.
type Key struct {
	Name   string // the spelling in the INI file, without suffix; case does not matter
	Flag   string // the flag without dashes and suffix; empty: neither flag nor variable
	Scope  Scope
	Type   Type
	Status Status
	Own    bool // Offhook's own key, MicroSIP has none of that name
	// Default is the value in INI form where the key is absent, and, but for Text
	// and a Choice that has it, where the value is empty.
	Default string
	Choices []string // of type Choice; "" may be one
	// Min and Max bound Integer, Port and Seconds. Seconds below a Min are raised
	// to it, and 0 and less are the default, as in MicroSIP; where Min is 0,
	// negative seconds are refused. Of lists, Max is the number of items.
	Min, Max int
	Alias    string // the name of the key that this one is another name of
	Doc      string // one line
}

// Env returns the name of the environment variable of the key for account number,
// which does not matter for settings. It is empty where the key has no flag.
func (k Key) Env(number int) string {
	if k.Flag == "" {
		return ""
	}
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.FlagName(number), "-", "_"))
}

// FlagName returns the flag of the key for account number, without leading dashes:
// account 1 has no suffix. The number does not matter for settings.
func (k Key) FlagName(number int) string {
	if k.Flag == "" || k.Scope == SettingScope || number == 1 {
		return k.Flag
	}
	return k.Flag + "-" + strconv.Itoa(number)
}

const (
	envPrefix = "OFFHOOK_"
	// maxAccount is far above what any build of PJSIP takes; it bounds what a
	// mistyped suffix can ask for.
	maxAccount = 99999
)

// Keys returns all known keys, settings first, in the order of docs/config.md.
func Keys() []Key { return slices.Clone(keyTable) }

// ParseFlag finds the key of a flag such as "source-port", "username" or
// "username-2"; leading dashes are allowed. number is that of the account: 1 where
// there is no suffix, 0 for settings.
func ParseFlag(name string) (key Key, number int, ok bool) {
	name = strings.TrimLeft(name, "-")
	if i, found := byFlag[name]; found {
		key = keyTable[i]
		if key.Scope == AccountScope {
			number = 1
		}
		return key, number, true
	}
	base, number, ok := cutSuffix(name)
	if !ok {
		return Key{}, 0, false
	}
	i, found := byFlag[base]
	if !found || keyTable[i].Scope != AccountScope {
		return Key{}, 0, false
	}
	return keyTable[i], number, true
}

// cutSuffix splits "username-2" into "username" and 2. Leading zeros are refused,
// so that a number has one spelling.
func cutSuffix(name string) (base string, number int, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 {
		return "", 0, false
	}
	number, ok = accountNumber(name[i+1:])
	return name[:i], number, ok
}

func accountNumber(digits string) (int, bool) {
	if digits == "" || len(digits) > 5 || (digits[0] == '0' && digits != "0") {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n <= maxAccount
}

// byName and byFlag index keyTable; names are lower case and "account." or
// "setting." stands before them.
var byName, byFlag = indexKeys()

func indexKeys() (names, flags map[string]int) {
	names, flags = map[string]int{}, map[string]int{}
	for i := range keyTable {
		k := &keyTable[i]
		k.Scope = SettingScope
		if rules := len(keyTable) - len(ruleKeys); i >= rules {
			k.Scope = RuleScope
		} else if i >= rules-len(accountKeys) {
			k.Scope = AccountScope
		}
		names[string(k.Scope)+"."+strings.ToLower(k.Name)] = i
		if k.Flag == noFlag {
			k.Flag = ""
			continue
		}
		k.Flag = kebab(k.Name)
		flags[k.Flag] = i
	}
	return names, flags
}

// lookup finds a key by its INI name in any case.
func lookup(scope Scope, name string) (Key, bool) {
	i, ok := byName[string(scope)+"."+strings.ToLower(name)]
	if !ok {
		return Key{}, false
	}
	return keyTable[i], true
}

// canonical returns the key that k is another name of, or k.
func (k Key) canonical() Key {
	if k.Alias == "" {
		return k
	}
	c, _ := lookup(k.Scope, k.Alias)
	return c
}

// names lists what is a valid name in a scope, for suggestions.
func names(scope Scope) []string {
	var list []string
	for _, k := range keyTable {
		if k.Scope == scope {
			list = append(list, k.Name)
		}
	}
	return list
}

// kebab writes sourcePort as source-port, tlsCAFile as tls-ca-file and
// password_file as password-file.
func kebab(name string) string {
	isUpper := func(i int) bool { return i >= 0 && i < len(name) && name[i] >= 'A' && name[i] <= 'Z' }
	isLower := func(i int) bool { return i >= 0 && i < len(name) && name[i] >= 'a' && name[i] <= 'z' }
	var b strings.Builder
	for i := range len(name) {
		switch {
		case name[i] == '_':
			b.WriteByte('-')
			continue
		case isUpper(i) && (isLower(i-1) || (isUpper(i-1) && isLower(i+1))):
			b.WriteByte('-')
		}
		b.WriteByte(name[i])
	}
	return strings.ToLower(b.String())
}
