package runner

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// Describe says an action in one line, as "expect-prompt welcome.wav within 4 s".
func Describe(a scenario.Action) string {
	if a == nil {
		return ""
	}
	v := reflect.ValueOf(a).Elem()
	var first string
	var rest []string
	for i := range v.NumField() {
		key, options, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if key == "" || key == "-" || v.Field(i).IsZero() && !strings.Contains(options, "required") {
			continue
		}
		text := describeValue(v.Field(i).Interface())
		switch {
		case strings.Contains(options, "inline"):
			first = text
		case strings.Contains(options, "short") && key != "within":
			first = text
		case text == "true":
			rest = append(rest, key)
		default:
			rest = append(rest, key+" "+text)
		}
	}
	return strings.Join(append(strings.Fields(a.Name()+" "+first), rest...), " ")
}

func describeValue(v any) string {
	switch v := v.(type) {
	case time.Duration:
		return seconds(v)
	case *bool:
		return fmt.Sprint(*v)
	case []scenario.Step:
		return fmt.Sprintf("%d steps", len(v))
	case []scenario.Branch:
		return fmt.Sprintf("%d branches", len(v))
	case scenario.Pairs:
		list := make([]string, len(v))
		for i, p := range v {
			list[i] = p.Name + "=" + p.Value
		}
		return strings.Join(list, " ")
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice {
		list := make([]string, r.Len())
		for i := range list {
			list[i] = fmt.Sprint(r.Index(i).Interface())
		}
		if _, ok := v.(fmt.Stringer); !ok {
			return strings.Join(list, ", ")
		}
	}
	return fmt.Sprint(v)
}
