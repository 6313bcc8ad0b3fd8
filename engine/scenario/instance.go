package scenario

import (
	"reflect"
	"strings"
)

// Instance is one run of a scenario: with the values of a row and of a combination of its matrix.
type Instance struct {
	// Scenario is the scenario, its actors and times with the values of variables. Its steps have
	// their variables still.
	Scenario *Scenario
	// Values are those of the row and of the matrix.
	Values Pairs
	// Suffix tells the instances of a scenario apart, as "[codec=PCMU row=3]"; empty where there is
	// one only.
	Suffix string

	variables map[string]Variable
}

// Name is the scenario's title with the suffix.
func (i Instance) Name() string { return strings.TrimSpace(i.Scenario.Title() + " " + i.Suffix) }

// Vars makes the variables of a run: fresh ones each time, for another try.
func (i Instance) Vars() *Vars { return newVars(i.Scenario, i.variables) }

// Expand returns the runs that rows and matrix ask for, all combinations of the matrix for the
// first row, then for the next. An error is a value that does not fit where it is put.
func (s *Scenario) Expand() ([]Instance, error) {
	rows := []row{{}}
	if s.Rows != nil {
		rows = s.Rows.rows()
	}
	var list []Instance
	var problems Problems
	for _, r := range rows {
		for _, values := range s.Matrix.combinations() {
			instance, wrong := s.instance(r, values, nil)
			problems = append(problems, wrong...)
			list = append(list, instance)
		}
	}
	if len(problems) > 0 {
		problems.sort()
		return nil, problems
	}
	return list, nil
}

// Runs is how many instances there are.
func (s *Scenario) Runs() int {
	n := len(s.Matrix.combinations())
	if s.Rows != nil {
		n *= len(s.Rows.rows())
	}
	return n
}

// instance is the run with a row and a combination of the matrix. later is as of sharedVars.
func (s *Scenario) instance(r row, values Pairs, later func(reference) bool) (Instance, Problems) {
	variables := make(map[string]Variable, len(values)+len(r.values))
	suffix := make([]string, 0, len(values)+1)
	for _, p := range values {
		variables[p.Name] = Variable{Value: p.Value, Template: true}
		suffix = append(suffix, p.Name+"="+p.Value)
	}
	for _, p := range r.values {
		variables[p.Name] = Variable{Value: p.Value, Template: r.template}
	}
	if r.name != "" {
		suffix = append(suffix, r.name)
	}
	i := Instance{Values: append(values[:len(values):len(values)], r.values...), variables: variables}
	if len(suffix) > 0 {
		i.Suffix = "[" + strings.Join(suffix, " ") + "]"
	}
	var problems Problems
	i.Scenario, problems = s.withValues(variables, later)
	return i, problems
}

// withValues returns the scenario with the values of variables outside of its steps.
func (s *Scenario) withValues(variables map[string]Variable, later func(reference) bool) (*Scenario, Problems) {
	out := *s
	vars := newVars(s, variables)
	vars.shared.later = later
	e := expander{vars: vars, pos: s.src.place("name", Position{File: s.File})}
	d := decoder{report: func(p Problem) { e.problems = append(e.problems, p) }, expand: vars.Text}
	for _, f := range fieldsOf(reflect.TypeOf(out)) {
		if n := s.src.later[f.key]; n != nil {
			d.value(n, reflect.ValueOf(&out).Elem().Field(f.index), f.key+" of the scenario")
		}
	}
	out.src.later, out.hidden = nil, map[string]bool{}
	s.secretNames(out.hidden)
	e.value(reflect.ValueOf(&out.Name).Elem(), "name of the scenario")
	e.value(reflect.ValueOf(&out.Tags).Elem(), "tags of the scenario")
	out.Actors = nil
	for _, a := range s.Actors {
		expanded, err := a.Expand(vars)
		if problems, ok := err.(Problems); ok {
			e.problems = append(e.problems, problems...)
		}
		out.Actors = append(out.Actors, expanded)
	}
	return &out, e.redacted()
}

// combinations are the product of the axes without what is excluded, the last axis the fastest.
// An empty matrix has one, which is empty.
func (m Matrix) combinations() []Pairs {
	list := []Pairs{nil}
	for _, axis := range m.Axes {
		var longer []Pairs
		for _, c := range list {
			for _, value := range axis.Values {
				longer = append(longer, append(c[:len(c):len(c)], Pair{Name: axis.Name, Value: value}))
			}
		}
		list = longer
	}
	var kept []Pairs
	for _, c := range list {
		excluded := false
		for _, e := range m.Exclude {
			excluded = excluded || len(e) > 0 && c.hasAll(e)
		}
		if !excluded {
			kept = append(kept, c)
		}
	}
	return kept
}

func (p Pairs) hasAll(of Pairs) bool {
	for _, pair := range of {
		if value, ok := p.Get(pair.Name); !ok || value != pair.Value {
			return false
		}
	}
	return true
}
