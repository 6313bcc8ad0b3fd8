package scenario

import (
	"fmt"
	"reflect"
)

// difference says where two values differ but for positions, files, comments and warnings; empty is
// nowhere.
func difference(a, b reflect.Value, path string) string {
	if a.IsValid() != b.IsValid() || a.IsValid() && a.Type() != b.Type() {
		return path + ": one of them is not there"
	}
	if !a.IsValid() || a.Type() == reflect.TypeFor[Position]() || a.Kind() == reflect.Func {
		return ""
	}
	switch a.Kind() {
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				return path + ": one is nil"
			}
			return ""
		}
		return difference(a.Elem(), b.Elem(), path)
	case reflect.Struct:
		for i := range a.NumField() {
			name := a.Type().Field(i).Name
			switch name {
			case "Comment", "File", "Warnings", "comment", "typed", "flow":
				if a.Type() != reflect.TypeFor[ExpectPrompt]() && a.Type() != reflect.TypeFor[Call]() {
					continue
				}
			}
			if d := difference(a.Field(i), b.Field(i), path+"."+name); d != "" {
				return d
			}
		}
		return ""
	case reflect.Slice:
		if a.Len() != b.Len() {
			return fmt.Sprintf("%s: %d and %d long", path, a.Len(), b.Len())
		}
		for i := range a.Len() {
			if d := difference(a.Index(i), b.Index(i), fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Map:
		for _, key := range a.MapKeys() {
			if d := difference(a.MapIndex(key), b.MapIndex(key), fmt.Sprintf("%s[%v]", path, key)); d != "" {
				return d
			}
		}
		if a.Len() != b.Len() {
			return path + ": not as long"
		}
		return ""
	case reflect.String:
		if a.String() != b.String() {
			return fmt.Sprintf("%s: %q and %q", path, a.String(), b.String())
		}
		return ""
	case reflect.Bool:
		if a.Bool() != b.Bool() {
			return path
		}
	case reflect.Int, reflect.Int64:
		if a.Int() != b.Int() {
			return fmt.Sprintf("%s: %d and %d", path, a.Int(), b.Int())
		}
	case reflect.Float64:
		if a.Float() != b.Float() {
			return fmt.Sprintf("%s: %g and %g", path, a.Float(), b.Float())
		}
	default:
		return path + ": " + a.Kind().String()
	}
	return ""
}
