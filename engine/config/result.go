package config

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
)

// Result is a configuration with what is wrong about it, as [Check] returns it.
type Result struct {
	Config *Config // what could be read, not nil
	Errors Errors
}

// MarshalJSON writes the object that "offhook config check --json" prints:
//
//	{"accounts":[{"number":1,"label":…}],"settings":{…},"rules":[{"name":…}],"errors":[{"file":…}]}
//
// The names in accounts and settings are the keys of the INI file, in its order.
// Booleans, numbers and lists are those of JSON. A password is "***", and so are the user and the
// values of the query in a URL; an account without a password has no such member.
func (r Result) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	cfg := r.Config
	if cfg == nil {
		cfg = &Config{}
	}
	b.WriteString(`{"accounts":[`)
	for i, acc := range cfg.Accounts {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"number":%d`, acc.Number)
		if err := writeMembers(&b, accountPairs(&acc), false); err != nil {
			return nil, err
		}
		b.WriteByte('}')
	}
	b.WriteString(`],"settings":{`)
	if r.Config != nil {
		if err := writeMembers(&b, settingPairs(&cfg.Settings), true); err != nil {
			return nil, err
		}
	}
	b.WriteString(`},"rules":[`)
	for i, rule := range cfg.Rules {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":%s`, quoteJSON(rule.Name))
		if err := writeMembers(&b, rulePairs(&rule), false); err != nil {
			return nil, err
		}
		b.WriteByte('}')
	}
	b.WriteString(`],"errors":`)
	errors, err := json.Marshal(append(Errors{}, r.Errors...))
	if err != nil {
		return nil, err
	}
	b.Write(errors)
	b.WriteByte('}')
	return b.Bytes(), nil
}

func writeMembers(b *bytes.Buffer, pairs []pair, first bool) error {
	for _, p := range pairs {
		if !first {
			b.WriteByte(',')
		}
		first = false
		value, err := json.Marshal(p.shown().jsonValue())
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "%q:%s", p.key.Name, value)
	}
	return nil
}

// pair is a key and its resolved value in INI form.
type pair struct {
	key   Key
	value string
	list  bool
}

func settingPairs(s *Settings) []pair {
	return pairs(reflect.ValueOf(s).Elem(), SettingScope, s.Other)
}

// accountPairs leaves out an empty password.
func accountPairs(a *Account) []pair {
	return pairs(reflect.ValueOf(a).Elem(), AccountScope, a.Other)
}

// pairs returns every key that has a field or is in other, in the table's order.
func pairs(src reflect.Value, scope Scope, other map[string]string) []pair {
	var list []pair
	fields := fieldsOf(src.Type())
	for _, k := range keyTable {
		if k.Scope != scope || k.Alias != "" {
			continue
		}
		if i, ok := fields[k.Name]; ok {
			field := src.Field(i)
			value := k.encode(field)
			if k.Type != SecretText || value != "" {
				list = append(list, pair{key: k, value: value, list: field.Kind() == reflect.Slice})
			}
		} else if value, ok := other[k.Name]; ok {
			list = append(list, pair{key: k, value: value})
		}
	}
	return list
}

func (p pair) jsonValue() any {
	switch p.key.Type {
	case Bool:
		return p.value == "1"
	case Integer, Port, Seconds:
		if n, err := strconv.Atoi(p.value); err == nil {
			return n
		}
	}
	if p.list {
		return append([]string{}, p.key.items(p.value)...)
	}
	return p.value
}

// WriteResolved writes the configuration as an INI file with every value that
// holds, defaults included. Passwords are ***, and so are the
// user and the values of the query in a URL. But for them the text read again
// gives the same configuration.
func (c *Config) WriteResolved(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "[Settings]")
	writePairs(b, settingPairs(&c.Settings))
	for _, acc := range c.Accounts {
		fmt.Fprintf(b, "\n[Account%d]\n", acc.Number)
		writePairs(b, accountPairs(&acc))
	}
	for _, rule := range c.Rules {
		fmt.Fprintf(b, "\n[Rule.%s]\n", rule.Name)
		writePairs(b, rulePairs(&rule))
	}
	return b.Flush()
}

func writePairs(w io.Writer, pairs []pair) {
	for _, p := range pairs {
		if p = p.shown(); p.value == "" {
			fmt.Fprintf(w, "%s =\n", p.key.Name)
			continue
		}
		fmt.Fprintf(w, "%s = %s\n", p.key.Name, quote(p.value))
	}
}
