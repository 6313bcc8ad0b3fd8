package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestKebab(t *testing.T) {
	for name, want := range map[string]string{
		"sourcePort": "source-port", "authID": "auth-id", "SRTP": "srtp", "DTMFMethod": "dtmf-method",
		"enableSTUN": "enable-stun", "tlsCAFile": "tls-ca-file", "password_file": "password-file",
		"videoVP8": "video-vp8", "dnsSrvNs": "dns-srv-ns", "rtpPortMin": "rtp-port-min", "VAD": "vad",
		"autoHangUpTime": "auto-hang-up-time", "enableFeatureCodeCP": "enable-feature-code-cp",
	} {
		if got := kebab(name); got != want {
			t.Errorf("kebab(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestKeys holds the table together: names, flags and variables are unique, a
// default is a valid value in normal form, an alias has a key.
func TestKeys(t *testing.T) {
	seen := map[string]string{}
	unique := func(name, of string) {
		if before, ok := seen[name]; ok {
			t.Errorf("%s is the name of both %s and %s", name, before, of)
		}
		seen[name] = of
	}
	for _, k := range Keys() {
		unique("ini "+strings.ToLower(k.Name)+string(k.Scope), k.Name)
		if k.Flag != "" {
			unique("flag "+k.Flag, k.Name)
			unique("env "+k.Env(1), k.Name)
			if _, _, isNumbered := cutSuffix(k.Flag); isNumbered {
				t.Errorf("%s: the flag %s reads like one with a suffix", k.Name, k.Flag)
			}
		}
		if k.Type != CodecIDs && k.Type != Proxies && k.Type != HostPorts && k.Type != IPAddrs && k.Type != URLs && k.Type != Integer && k.Type != Port && k.Type != Seconds && k.Max != 0 {
			t.Errorf("%s: Max without a meaning", k.Name)
		}
		if norm, err := k.normalize(k.Default); err != nil || norm != k.canonical().Default {
			t.Errorf("%s: default %q becomes %q, %v", k.Name, k.Default, norm, err)
		}
		if k.Alias != "" && k.canonical().Name != k.Alias {
			t.Errorf("%s: no key %s", k.Name, k.Alias)
		}
		if (k.Type == Choice) != (len(k.Choices) > 0) {
			t.Errorf("%s: choices and type differ", k.Name)
		}
		if k.Doc == "" || strings.ContainsAny(k.Doc, "\n") || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s: the doc is no one-line sentence: %q", k.Name, k.Doc)
		}
		if k.Status != Active && k.Status != Kept {
			t.Errorf("%s: status %q", k.Name, k.Status)
		}
	}
}

// TestFields: every tagged field has a key of its scope and a type that the key's
// values fit, and what is acted on has a field.
func TestFields(t *testing.T) {
	for scope, typ := range map[Scope]reflect.Type{
		SettingScope: reflect.TypeFor[Settings](), AccountScope: reflect.TypeFor[Account](), RuleScope: reflect.TypeFor[Rule](),
	} {
		fields := fieldsOf(typ)
		for name := range fields {
			k, ok := lookup(scope, name)
			if !ok || k.Name != name || k.Alias != "" {
				t.Errorf("field for %s %q has no key of that spelling", scope, name)
				continue
			}
			field := reflect.New(typ).Elem().Field(fields[name])
			k.decode(field, k.Default) // panics where the type does not fit
			if got := k.encode(field); got != k.Default {
				t.Errorf("%s: default %q became %q", name, k.Default, got)
			}
		}
		for _, k := range Keys() {
			if k.Scope != scope || k.Status != Active || k.Alias != "" || k.Name == "password_file" {
				continue
			}
			if _, ok := fields[k.Name]; !ok {
				t.Errorf("%s is acted on and has no field", k.Name)
			}
		}
		for i := range typ.NumField() {
			if typ.Field(i).Tag.Get("ini") == "" {
				t.Errorf("field %s has no tag", typ.Field(i).Name)
			}
		}
	}
}

func TestParseFlag(t *testing.T) {
	tests := []struct {
		flag, name string
		number     int
	}{
		{"source-port", "sourcePort", 0},
		{"--source-port", "sourcePort", 0},
		{"username", "username", 1},
		{"username-1", "username", 1},
		{"username-2", "username", 2},
		{"transport-0", "transport", 0},
		{"auth-id-12", "authID", 12},
		{"srtp", "SRTP", 1},
		{"password-file-2", "password_file", 2},
		{"media-port-min", "mediaPortMin", 0},
	}
	for _, tt := range tests {
		k, number, ok := ParseFlag(tt.flag)
		if !ok || k.Name != tt.name || number != tt.number {
			t.Errorf("ParseFlag(%q) = %s, %d, %v", tt.flag, k.Name, number, ok)
		}
	}
	for _, bad := range []string{"", "-", "source-port-2", "sourcePort", "username-02", "username-", "username-x", "-2", "username-100000", "main-x", "version", "username--2", "Username"} {
		if k, number, ok := ParseFlag(bad); ok {
			t.Errorf("ParseFlag(%q) = %s, %d", bad, k.Name, number)
		}
	}
	for _, k := range Keys() {
		for _, number := range []int{0, 1, 2, 300} {
			if k.Flag == "" {
				continue
			}
			got, n, ok := ParseFlag(k.FlagName(number))
			want := number
			if k.Scope == SettingScope {
				want = 0
			}
			if !ok || got.Name != k.Name || n != want {
				t.Errorf("ParseFlag(%q) = %s, %d, %v", k.FlagName(number), got.Name, n, ok)
			}
		}
	}
	if k, _, _ := ParseFlag("username"); k.Env(2) != "OFFHOOK_USERNAME_2" || k.Env(1) != "OFFHOOK_USERNAME" {
		t.Errorf("variables are %s and %s", k.Env(1), k.Env(2))
	}
}

// TestEveryKeyEverywhere gives each key by file, variable and flag: all of them
// reach the configuration, the two higher layers alike.
func TestEveryKeyEverywhere(t *testing.T) {
	for _, k := range Keys() {
		if k.Name == "password_file" || k.Name == "enableLocalAccount" {
			continue // no value of their own in the result
		}
		if k.Scope == RuleScope {
			continue // in files only: TestRules
		}
		value := sample(k)
		section, host := "Settings", "[Account]\n"
		if k.Scope == AccountScope {
			section, host = "Account", ""
		}
		if k.Name != "server" && k.Name != "domain" {
			host += "server = pbx.example.com\n"
		}
		text := fmt.Sprintf("[%s]\n%s = %s\n%s", section, k.Name, value, host)
		sources := map[string]Source{"file": {Path: "x.ini", Data: []byte(text)}}
		if k.Flag != "" {
			flags := []Flag{{k.Flag, value}}
			if host != "" {
				flags = append(flags, Flag{"server", "pbx.example.com"})
			}
			sources["flag"] = Source{Flags: flags}
			env := []string{k.Env(1) + "=" + value}
			if host != "" {
				env = append(env, "OFFHOOK_SERVER=pbx.example.com")
			}
			sources["variable"] = Source{Env: env}
		}
		for name, src := range sources {
			r := Check(src)
			errs := r.Errors
			if k.Name == "rtpPortMax" || k.Name == "mediaPortMax" || strings.HasPrefix(k.Name, "tls") {
				errs = slices.DeleteFunc(errs, func(p Problem) bool { return strings.Contains(p.Message, "needs") })
			}
			if len(errs) > 0 || len(r.Config.Accounts) != 1 {
				t.Errorf("%s by %s: %v, %d accounts", k.Name, name, errs, len(r.Config.Accounts))
				continue
			}
			acc := r.Config.Accounts[0]
			if k.Name == "password" {
				if acc.Password.Reveal() != value {
					t.Errorf("password by %s is not what was given", name)
				}
				continue
			}
			if k.Name == "turnPassword" {
				if acc.TURNPassword.Reveal() != value {
					t.Errorf("turnPassword by %s is not what was given", name)
				}
				continue
			}
			if k.Name == "webhookSecret" {
				if r.Config.Settings.WebhookSecret.Reveal() != value {
					t.Errorf("webhookSecret by %s is not what was given", name)
				}
				continue
			}
			list := settingPairs(&r.Config.Settings)
			if k.Scope == AccountScope {
				list = accountPairs(&acc)
			}
			i := slices.IndexFunc(list, func(p pair) bool { return p.key.Name == k.canonical().Name })
			if i < 0 || list[i].value != value {
				t.Errorf("%s by %s: %q did not reach the configuration", k.Name, name, value)
			}
		}
	}
}

// sample is a value of the key that is not its default.
func sample(k Key) string {
	switch k.Type {
	case Bool:
		return map[string]string{"0": "1", "1": "0", "": "1"}[k.Default]
	case Integer, Port, Seconds:
		return fmt.Sprint(min(33, k.Max))
	case Choice:
		return k.Choices[len(k.Choices)-1]
	case IPAddress, IPAddrs:
		return "192.0.2.7"
	case CodecIDs:
		return "GSM/8000/1 PCMU/8000/1"
	case URLs:
		return "https://crm.example.com/hook http://192.0.2.7:8080/"
	}
	return "sample"
}
