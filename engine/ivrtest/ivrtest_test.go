package ivrtest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// byDo are the actions that have no method of their own: Go has what they do.
var byDo = []string{"repeat", "assert"}

func TestEachActionHasItsMethod(t *testing.T) {
	methods := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[*Actor](), reflect.TypeFor[*Test]()} {
		for i := range typ.NumMethod() {
			methods[strings.ToLower(typ.Method(i).Name)] = true
		}
	}
	for _, action := range scenario.Actions() {
		name := strings.ReplaceAll(action, "-", "")
		if methods[name] == slices.Contains(byDo, action) {
			t.Errorf("%s: has a method: %t", action, methods[name])
		}
	}
}

func TestOptions(t *testing.T) {
	st := scenario.Step{Action: &scenario.ExpectPrompt{}}
	for _, o := range []Option{Within(4), Likeness(70), Named("menu")} {
		if err := o(&st); err != nil {
			t.Error(err)
		}
	}
	if e := st.Action.(*scenario.ExpectPrompt); e.Within != 4 || e.Likeness != 70 || st.Name != "menu" {
		t.Errorf("%+v, %+v", e, st)
	}
	if err := Absent()(&st); err == nil || err.Error() != "ivrtest: expect-prompt has no Absent" {
		t.Error(err)
	}
	st.Action = &scenario.Answer{}
	for _, o := range []Option{Code(183), Header("X-A", "1"), Header("X-B", "2")} {
		if err := o(&st); err != nil {
			t.Error(err)
		}
	}
	if a := st.Action.(*scenario.Answer); a.Code != 183 || len(a.Headers) != 2 {
		t.Errorf("%+v", a)
	}
	if err := Code(180, 183)(&st); err == nil {
		t.Error("an answer with two codes")
	}
	st.Action = &scenario.ExpectHangup{}
	if err := Code(486, 600)(&st); err != nil || !st.Action.(*scenario.ExpectHangup).Code.Has(600) {
		t.Error(err, st.Action)
	}
	st.Action = &scenario.Play{}
	if err := NoWait()(&st); err != nil || *st.Action.(*scenario.Play).Wait {
		t.Error(err, st.Action)
	}
	// What is another type under the same name.
	st.Action = &scenario.ExpectDTMF{}
	if err := Method("info")(&st); err != nil {
		t.Error(err)
	}
	st.Action = &scenario.ExpectCodec{}
	if err := field("Codec", "PCMU")(&st); err == nil {
		t.Error("a text for a list")
	}
}
