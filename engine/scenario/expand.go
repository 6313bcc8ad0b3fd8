package scenario

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// Expand returns the step with the values of variables in all its fields and in those of its
// action. The steps inside an action keep theirs, since they are done later. An error says which
// variable has no value, or which value is none for its field.
func (s Step) Expand(v *Vars) (Step, error) {
	e := expander{vars: v, pos: s.Pos}
	out := s
	e.fields(reflect.ValueOf(&out).Elem(), &s.src, "the step")
	out.src.later, out.actionSrc.later = nil, nil
	if s.Action != nil {
		action := reflect.New(reflect.TypeOf(s.Action).Elem())
		action.Elem().Set(reflect.ValueOf(s.Action).Elem())
		e.fields(action.Elem(), &s.actionSrc, s.Action.Name())
		out.Action = action.Interface().(Action)
	}
	if len(e.problems) > 0 {
		return s, e.redacted()
	}
	return out, nil
}

// redacted are the problems without the values of secrets.
func (e *expander) redacted() Problems {
	for i := range e.problems {
		e.problems[i].Message = e.vars.Redact(e.problems[i].Message)
	}
	return e.problems
}

// Expand is [Step.Expand] for an actor.
func (a Actor) Expand(v *Vars) (Actor, error) {
	e := expander{vars: v, pos: a.Pos}
	out := a
	e.fields(reflect.ValueOf(&out).Elem(), &a.src, "actor "+a.Name)
	out.src.later = nil
	if password := out.Password.Reveal(); password != "" {
		v.shared.mu.Lock()
		v.shared.secrets[password] = true
		v.shared.mu.Unlock()
	}
	if len(e.problems) > 0 {
		return a, e.redacted()
	}
	return out, nil
}

// expander puts variables into structs.
type expander struct {
	vars     *Vars
	pos      Position               // of problems
	waits    bool                   // for variables that only a run knows
	visit    func(Position, string) // is shown all texts, which are left as they are then
	problems Problems
}

// fields expands a copy of a struct in place. It changes nothing that the original has too.
func (e *expander) fields(v reflect.Value, src *source, what string) {
	d := decoder{
		report: func(p Problem) { e.problems = append(e.problems, p) },
		expand: e.vars.Text,
	}
	otherwise := e.pos
	defer func() { e.pos = otherwise }()
	for _, f := range fieldsOf(v.Type()) {
		e.pos = src.place(f.key, otherwise)
		if n := src.later[f.key]; n != nil {
			v.Field(f.index).SetZero()
			d.value(n, v.Field(f.index), f.key+" of "+what)
			continue
		}
		e.value(v.Field(f.index), f.key+" of "+what)
	}
}

func (e *expander) value(v reflect.Value, what string) {
	switch p := v.Addr().Interface().(type) {
	case *secret.Text:
		*p = secret.New(e.text(p.Reveal(), what))
		return
	case *Condition:
		right := e.text(p.Right, what)
		*p = Condition{Left: e.text(p.Left, what), Op: p.Op, Right: right}
		return
	case *Pattern:
		waited := e.waits
		e.waits = false
		*p = Pattern(e.text(string(*p), what))
		waits := e.waits
		e.waits = e.waits || waited
		if e.visit != nil || waits {
			return
		}
		if _, err := p.Compile(); err != nil {
			e.problem(what, err)
		}
		return
	case *[]Step, *[]Branch, *[]Actor:
		return
	case *Matrix:
		if e.visit != nil {
			for _, axis := range p.Axes {
				for _, value := range axis.Values {
					e.visit(e.pos, value)
				}
			}
		}
		return
	case **Rows:
		if e.visit != nil && *p != nil {
			for _, row := range (*p).List {
				e.value(reflect.ValueOf(&row).Elem(), what)
			}
		}
		return
	case *Pairs:
		var list Pairs
		for _, pair := range *p {
			list = append(list, Pair{Name: pair.Name, Value: e.text(pair.Value, pair.Name+" of "+what)})
		}
		*p = list
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(e.text(v.String(), what))
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.String || v.IsNil() {
			return
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			list.Index(i).SetString(v.Index(i).String())
			e.value(list.Index(i), what)
		}
		v.Set(list)
	}
}

func (e *expander) text(text, what string) string {
	if e.visit != nil {
		e.visit(e.pos, text)
		return text
	}
	out, err := e.vars.Text(text)
	if err != nil {
		e.problem(what, err)
	}
	return out
}

func (e *expander) problem(what string, err error) {
	if errors.Is(err, errLater) {
		e.waits = true
		return
	}
	e.problems = append(e.problems, Problem{Position: e.pos, Message: fmt.Sprintf("%s: %v", what, err)})
}
