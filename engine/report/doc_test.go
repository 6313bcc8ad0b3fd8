package report_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// docs/reports.md names every field of the reports' JSON.
func TestReportsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice:
			walk(typ.Elem())
		case reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range typ.NumField() {
				f := typ.Field(i)
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "" {
					t.Errorf("%v.%s has no name in JSON", typ, f.Name)
				}
				names[name] = true
				if f.Type != reflect.TypeFor[[]report.Scenario]() {
					walk(f.Type)
				}
			}
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[report.Run](), reflect.TypeFor[report.Scenario](), reflect.TypeFor[report.Counts](), reflect.TypeFor[report.LoadRun]()} {
		walk(typ)
	}
	if len(names) < 90 {
		t.Errorf("only %d names", len(names))
	}
	for name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/reports.md does not name %s", name)
		}
	}
}
