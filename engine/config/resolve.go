package config

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPassword bounds what is read from a password_file.
const maxPassword = 4096

// resolve makes the Config of all assignments and reports what only shows when
// they are put together.
func (l *loader) resolve() *Config {
	cfg := &Config{Path: l.src.Path}
	cfg.Settings.Other = l.fill(reflect.ValueOf(&cfg.Settings).Elem(), SettingScope, l.settings)
	if s := &cfg.Settings; s.Dialect == Strict {
		unset := func(key string) bool {
			_, set := l.settings[key]
			return !set
		}
		s.SingleMode = s.SingleMode || unset("singleMode")
		s.AutoHold = s.AutoHold || unset("autoHold")
		s.DuplicateCalls = s.DuplicateCalls && !unset("duplicateCalls")
		if unset("autoAnswerCalls") {
			s.AutoAnswerCalls = ""
		}
	}
	l.strict = cfg.Settings.Dialect == Strict
	cfg.Settings.WebhookSecret = l.secret(l.settings["webhookSecret"])
	l.checkTogether(&cfg.Settings)
	if s := &cfg.Settings; s.RTPPortMin > 0 && s.RTPPortMax == 0 && !l.settings["rtpPortMax"].bad {
		s.RTPPortMax = 65535
	}

	for _, number := range slices.Sorted(maps.Keys(l.accounts)) {
		if number > 0 {
			l.resolveAccount(cfg, number)
		}
	}
	l.resolveLocal(cfg)
	l.resolveRules(cfg)
	return cfg
}

// fill sets the fields of a struct from assignments, else from the defaults, and
// returns what was set and has no field.
func (l *loader) fill(dst reflect.Value, scope Scope, from assignments) map[string]string {
	var other map[string]string
	fields := fieldsOf(dst.Type())
	for _, k := range keyTable {
		if k.Scope != scope || k.Alias != "" {
			continue
		}
		value := k.Default
		a, set := from[k.Name]
		if set && !a.bad {
			value = a.value
		}
		if i, ok := fields[k.Name]; ok {
			k.decode(dst.Field(i), value)
		} else if set && !a.bad && otherPassword(k) == "" {
			if other == nil {
				other = map[string]string{}
			}
			other[k.Name] = value
		}
	}
	return other
}

// fieldsOf returns the index of each field of a struct by the key in its tag.
func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("ini"); name != "" && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
)

// decode sets a field from a value in normal form.
func (k Key) decode(field reflect.Value, value string) {
	switch {
	case field.Type() == secretType:
		field.Set(reflect.ValueOf(NewSecret(value)))
	case field.Kind() == reflect.String:
		field.SetString(value)
	case field.Kind() == reflect.Bool:
		field.SetBool(value == "1")
	case field.Kind() == reflect.Slice:
		field.Set(reflect.ValueOf(k.items(value)))
	default:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			// A key of the table without a number for a default: TestFields.
			panic("config: " + k.Name + " has no number")
		}
		if field.Type() == durationType {
			n *= int64(time.Second)
		}
		field.SetInt(n)
	}
}

// encode is the inverse of decode; a secret is ***, if it is not empty.
func (k Key) encode(field reflect.Value) string {
	switch v := field.Interface().(type) {
	case Secret:
		if v.Reveal() == "" {
			return ""
		}
		return redacted
	case time.Duration:
		return strconv.FormatInt(int64(v/time.Second), 10)
	case []string:
		return k.join(v)
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	if field.Kind() == reflect.String {
		return field.String()
	}
	return strconv.FormatInt(field.Int(), 10)
}

// checkTogether reports settings that do not go together, each at the place of the
// one that came last.
func (l *loader) checkTogether(s *Settings) {
	for _, c := range s.conflicts() {
		if l.settings[c.key].bad || l.settings[c.with].bad {
			continue
		}
		a, b := l.settings[c.key], l.settings[c.with]
		if b.layer > a.layer || (b.layer == a.layer && b.at.Line > a.at.Line) {
			a = b
		}
		l.report(a.at, "%s", c.message)
	}
}

// resolveAccount adds an account that has a server or a domain.
func (l *loader) resolveAccount(cfg *Config, number int) {
	own := l.accounts[number]
	all := maps.Clone(own)
	for name, a := range l.defaults {
		k, _ := lookup(AccountScope, name)
		_, set := own[name]
		_, otherSet := own[otherPassword(k)]
		if !set && !otherSet {
			all[name] = a
		}
	}
	server, domain := all["server"], all["domain"]
	if server.value == "" && domain.value == "" && !server.bad && !domain.bad {
		if at, ok := firstGiven(own); ok {
			l.report(at, "account %d has neither server nor domain", number)
		}
		return
	}
	acc := Account{Number: number}
	acc.Other = l.fill(reflect.ValueOf(&acc).Elem(), AccountScope, all)
	if _, set := all["server"]; !set {
		acc.Server = acc.Domain
	}
	if acc.Domain == "" {
		acc.Domain = acc.Server
	}
	l.finish(&acc, all)
	cfg.Accounts = append(cfg.Accounts, acc)
}

// firstGiven returns the first key that says something: a window saves empty
// values and defaults for an account that does not exist.
func firstGiven(own assignments) (Problem, bool) {
	var first Problem
	found := false
	for name, a := range own {
		k, _ := lookup(AccountScope, name)
		if a.bad || a.value == "" || a.value == k.Default {
			continue
		}
		if !found || a.at.Line < first.Line || (a.at.Line == first.Line && a.at.Key < first.Key) {
			first, found = a.at, true
		}
	}
	return first, found
}

// resolveLocal adds the local account: where enableLocalAccount says so, and where
// it says nothing and one of the account's keys is set. It has no part in
// [AccountDefaults], which is about registrars.
func (l *loader) resolveLocal(cfg *Config) {
	own := l.accounts[0]
	if server := own["server"]; server.value != "" {
		l.report(server.at, "the local account does not register, it has no server")
	}
	if _, set := l.settings["enableLocalAccount"]; !set {
		for _, a := range own {
			if a.value != "" {
				cfg.Settings.EnableLocalAccount = true
			}
		}
	}
	if !cfg.Settings.EnableLocalAccount {
		return
	}
	var acc Account
	acc.Other = l.fill(reflect.ValueOf(&acc).Elem(), AccountScope, own)
	acc.Server = ""
	l.finish(&acc, own)
	cfg.Accounts = slices.Insert(cfg.Accounts, 0, acc)
}

// finish sets what an account has from elsewhere.
func (l *loader) finish(acc *Account, from assignments) {
	if acc.AuthID == "" {
		acc.AuthID = acc.Username
	}
	asMicroSIP := "0"
	if l.strict {
		asMicroSIP = "1"
	}
	for _, choice := range []*string{&acc.FollowRedirects, &acc.AcceptTransfers, &acc.AcceptReplaces} {
		if *choice == "" {
			*choice = asMicroSIP
		}
	}
	acc.Password = l.password(from)
	acc.TURNPassword = l.secret(from["turnPassword"])
}

var variableForm = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// variableOf returns the name in a password that is ${NAME} and nothing more.
func variableOf(password string) (string, bool) {
	m := variableForm.FindStringSubmatch(password)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// password returns the text that password or password_file stands for.
func (l *loader) password(from assignments) Secret {
	if a := from["password_file"]; a.value != "" {
		data, err := readLimited(a.value, maxPassword)
		if err != nil {
			l.reportOnce(a.at, "cannot read "+strconv.Quote(a.value)+": "+err.Error())
			return Secret{}
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if strings.IndexFunc(text, isControl) >= 0 {
			l.reportOnce(a.at, "the password in "+strconv.Quote(a.value)+" is more than one line")
			return Secret{}
		}
		return NewSecret(text)
	}
	return l.secret(from["password"])
}

// secret returns the text that a value with ${VARIABLE} stands for.
func (l *loader) secret(a assignment) Secret {
	name, ok := variableOf(a.value)
	if !ok {
		return NewSecret(a.value)
	}
	value := l.env[name]
	if value == "" {
		l.reportOnce(a.at, "the environment variable "+name+" is not set, or empty")
	}
	return NewSecret(value)
}

// reportOnce is for what several accounts have from [AccountDefaults].
func (l *loader) reportOnce(at Problem, message string) {
	at.Message = message
	if !slices.Contains(l.problems, at) {
		l.problems = append(l.problems, at)
	}
}
