package ivrtest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// Option says more about a step: a field of its action, of the same name. An option for an
// action without that field ends the test.
type Option func(*scenario.Step) error

// Within is how long what is expected may take, from the step's beginning.
func Within(d time.Duration) Option { return field("Within", d) }

// For is how long it has to last.
func For(d time.Duration) Option { return field("For", d) }

// After is the time from the INVITE after which Cancel gives a call up.
func After(d time.Duration) Option { return field("After", d) }

// On is the response after which Cancel gives a call up.
func On(r scenario.CancelOn) Option { return field("On", r) }

// Likeness is the least that counts as the prompt, in per cent.
func Likeness(percent float64) Option { return field("Likeness", scenario.Percent(percent)) }

// Matches is a regular expression for what is expected.
func Matches(expression string) Option { return field("Matches", scenario.Pattern(expression)) }

// From is a regular expression for the URI of who calls or writes.
func From(expression string) Option { return field("From", scenario.Pattern(expression)) }

// To is a regular expression for the URI that was called, or to which a transfer goes.
func To(expression string) Option { return field("To", scenario.Pattern(expression)) }

// Equals is what a header has to be.
func Equals(value string) Option { return field("Equals", value) }

// Absent is that there has to be no such header.
func Absent() Option { return field("Absent", true) }

// Method is how digits are sent, or have to come.
func Method(m scenario.DTMFMethod) Option { return field("Method", m) }

// Direction is that of the media that a step is about.
func Direction(d scenario.Direction) Option { return field("Direction", d) }

// Code is the status code with which a step answers, refuses or hangs up, or those of which it
// expects one.
func Code(codes ...int) Option { return codesField("Code", codes) }

// Expect are the final responses of which one is expected, where 2xx are otherwise.
func Expect(codes ...int) Option { return codesField("Expect", codes) }

// Header adds a header to what is sent.
func Header(name, value string) Option {
	return func(st *scenario.Step) error {
		f, err := fieldOf(st, "Headers")
		if err == nil {
			p := f.Addr().Interface().(*scenario.Pairs)
			*p = append(*p, scenario.Pair{Name: name, Value: value})
		}
		return err
	}
}

// Loop plays again and again, until StopPlaying or the call's end.
func Loop() Option { return field("Loop", true) }

// NoWait has Say and Play return at once.
func NoWait() Option { return field("Wait", new(bool)) }

// Beep has ExpectMachine last until the machine has beeped.
func Beep() Option { return field("Beep", true) }

// Named is what reports call the step.
func Named(name string) Option {
	return func(st *scenario.Step) error {
		st.Name = name
		return nil
	}
}

func field(name string, value any) Option {
	return func(st *scenario.Step) error {
		f, err := fieldOf(st, name)
		if err != nil {
			return err
		}
		v := reflect.ValueOf(value)
		if !v.CanConvert(f.Type()) {
			return fmt.Errorf("ivrtest: the %s of %s is no %s", name, st.Action.Name(), v.Type())
		}
		f.Set(v.Convert(f.Type()))
		return nil
	}
}

// codesField sets one code, or a list of them.
func codesField(name string, codes []int) Option {
	return func(st *scenario.Step) error {
		f, err := fieldOf(st, name)
		if err != nil {
			return err
		}
		switch p := f.Addr().Interface().(type) {
		case *scenario.Codes:
			*p = codeList(codes)
		case *int:
			if len(codes) != 1 {
				return fmt.Errorf("ivrtest: the %s of %s is one code", name, st.Action.Name())
			}
			*p = codes[0]
		}
		return nil
	}
}

func codeList(codes []int) scenario.Codes {
	var list scenario.Codes
	for _, c := range codes {
		list = append(list, scenario.CodeRange{Low: c, High: c})
	}
	return list
}

func fieldOf(st *scenario.Step, name string) (reflect.Value, error) {
	f := reflect.ValueOf(st.Action).Elem().FieldByName(name)
	if !f.IsValid() {
		return f, fmt.Errorf("ivrtest: %s has no %s", st.Action.Name(), name)
	}
	return f, nil
}
