package config

import (
	"reflect"
	"strings"
)

// Changes returns the keys whose values differ, in the order of docs/config.md.
func Changes(a, b *Settings) []string {
	return changes(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), SettingScope, a.Other, b.Other)
}

// AccountChanges is [Changes] for two accounts.
func AccountChanges(a, b *Account) []string {
	return changes(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), AccountScope, a.Other, b.Other)
}

func changes(a, b reflect.Value, scope Scope, otherA, otherB map[string]string) []string {
	var list []string
	fields := fieldsOf(a.Type())
	for _, k := range keyTable {
		if k.Scope != scope || k.Alias != "" {
			continue
		}
		i, ok := fields[k.Name]
		switch {
		case ok && k.Type == SecretText:
			if a.Field(i).Interface().(Secret).Reveal() != b.Field(i).Interface().(Secret).Reveal() {
				list = append(list, k.Name)
			}
		case ok:
			if k.encode(a.Field(i)) != k.encode(b.Field(i)) {
				list = append(list, k.Name)
			}
		case otherA[k.Name] != otherB[k.Name]:
			list = append(list, k.Name)
		}
	}
	return list
}

// Copy gives dst the values that src has for keys.
func Copy(dst, src *Settings, keys []string) {
	to, from := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	fields := fieldsOf(to.Type())
	for _, key := range keys {
		if i, ok := fields[key]; ok {
			to.Field(i).Set(from.Field(i))
		}
	}
	dst.Other = src.Other // nothing is done with them
}

// Get returns the value of a key in a section, both found as [File.Set] finds them.
func (f *File) Get(section, key string) (string, bool) {
	inside := false
	for _, l := range f.lines {
		switch {
		case l.kind == sectionLine:
			inside = strings.EqualFold(l.name, section)
		case l.kind == keyLine && inside && sameKey(section, l.name, key):
			return unquote(l.value()), true
		}
	}
	return "", false
}
