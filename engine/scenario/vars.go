package scenario

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// Vars are the variables of a run, which [Instance.Vars] makes. They may be used from several
// goroutines.
type Vars struct {
	shared *sharedVars
	local  map[string]Variable // of the scenario; shared.mu guards the values
}

// sharedVars are what a run and the scenarios that it calls have in common.
type sharedVars struct {
	mu       sync.Mutex
	captured map[string]string
	env      func(string) (string, bool)
	secrets  map[string]bool // texts that must not be printed
	names    map[string]bool // of variables that must not be printed; env:NAME of the environment's
	// later reports whether only a run knows the value of a variable; nil in a run. The environment's
	// have one as soon as they are set.
	later func(reference) bool
}

// errLater is that of a variable whose value only a run knows.
var errLater = errors.New("scenario: only a run knows the value")

// Variable is the value of a variable before others were put into it.
type Variable struct {
	Value string
	// Template is that the value may contain variables, as what stands in a scenario may. What was
	// captured or read from a CSV file is taken as it is.
	Template bool
}

// reference is a ${...} in a text.
type reference struct {
	name       string
	env, quote bool
	fallback   *string // of ${name:-fallback}
}

// parts cuts a text into pieces: plain ones and references in turn. $${ is a plain ${.
func parts(text string, plain func(string), ref func(reference) error) error {
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			plain(text)
			return nil
		}
		if i > 0 && text[i-1] == '$' {
			plain(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		plain(text[:i])
		end := closing(text[i+2:])
		if end < 0 {
			return fmt.Errorf("%q has no end: ${name}, ${name:-default}, ${env:NAME}, or $${ for these two characters", shorten(text[i:]))
		}
		r, err := parseReference(text[i+2 : i+2+end])
		if err != nil {
			return err
		}
		if err := ref(r); err != nil {
			return err
		}
		text = text[i+2+end+1:]
	}
}

// closing finds the } of a ${, whose fallback may have some of its own; -1 is none.
func closing(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "${"):
			depth++
			i++
		case text[i] == '}' && depth == 0:
			return i
		case text[i] == '}':
			depth--
		}
	}
	return -1
}

func parseReference(inside string) (reference, error) {
	var r reference
	name, fallback, ok := strings.Cut(inside, ":-")
	if ok {
		r.fallback = &fallback
	}
	name, r.env = cutPrefix(name, "env:")
	if !r.env {
		name, r.quote = cutPrefix(name, "quote:")
		if r.quote {
			name, r.env = cutPrefix(name, "env:")
		}
	}
	r.name = name
	if !validName(name) {
		return r, fmt.Errorf("${%s} is no variable: ${name}, ${name:-default}, ${env:NAME}, ${quote:name}, or $${ for a literal ${", shorten(inside))
	}
	if r.fallback != nil {
		return r, checkVariables(fallback)
	}
	return r, nil
}

func cutPrefix(s, prefix string) (string, bool) {
	after, ok := strings.CutPrefix(s, prefix)
	return after, ok
}

// hasVariable reports whether a text is more than it seems; also where that is only $${.
func hasVariable(text string) bool { return strings.Contains(text, "${") }

// unescape takes the escapes out of a text without variables.
func unescape(text string) string { return strings.ReplaceAll(text, "$${", "${") }

// Literal escapes a text so that a scenario takes it as it is.
func Literal(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// checkVariables reports variables that are not written as such.
func checkVariables(text string) error {
	return parts(text, func(string) {}, func(reference) error { return nil })
}

// references calls visit for all variables in a text and in the fallbacks of these.
func references(text string, visit func(reference)) {
	_ = parts(text, func(string) {}, func(r reference) error { // reported when it was read
		visit(r)
		if r.fallback != nil {
			references(*r.fallback, visit)
		}
		return nil
	})
}

// newVars makes the variables of a scenario that is not called by another.
func newVars(s *Scenario, values map[string]Variable) *Vars {
	shared := &sharedVars{captured: map[string]string{}, env: s.env, secrets: map[string]bool{}, names: map[string]bool{}}
	if shared.env == nil {
		shared.env = os.LookupEnv
	}
	v := &Vars{shared: shared, local: map[string]Variable{}}
	for _, p := range s.Variables {
		v.local[p.Name] = Variable{Value: p.Value, Template: true}
	}
	maps.Copy(v.local, values)
	if s.hidden != nil {
		maps.Copy(shared.names, s.hidden)
	} else {
		s.secretNames(shared.names)
	}
	for _, a := range s.Actors {
		if password := a.Password.Reveal(); password != "" && !hasVariable(password) {
			shared.secrets[password] = true
		}
	}
	return v
}

// secretNames collects the variables that must not be printed: those that are said to be secrets, and
// those that stand in passwords.
func (s *Scenario) secretNames(names map[string]bool) {
	for _, name := range s.Secrets {
		names[name] = true
	}
	for _, a := range s.Actors {
		references(a.Password.Reveal(), func(r reference) { names[r.key()] = true })
	}
}

func (r reference) key() string {
	if r.env {
		return "env:" + r.name
	}
	return r.name
}

// Set gives a variable a value, which is taken as it is.
func (v *Vars) Set(name, value string) {
	v.shared.mu.Lock()
	defer v.shared.mu.Unlock()
	if v.shared.names[name] && value != "" {
		v.shared.secrets[value] = true
	}
	if _, ok := v.local[name]; ok {
		v.local[name] = Variable{Value: value}
		return
	}
	v.shared.captured[name] = value
}

// Get returns the value of a variable. An error is a variable in it that has none.
func (v *Vars) Get(name string) (string, error) {
	v.shared.mu.Lock()
	defer v.shared.mu.Unlock()
	return v.lookup(reference{name: name}, 0)
}

// Text puts the values of variables into a text.
func (v *Vars) Text(text string) (string, error) {
	v.shared.mu.Lock()
	defer v.shared.mu.Unlock()
	return v.expand(text, 0)
}

// expand and lookup want the lock.
func (v *Vars) expand(text string, depth int) (string, error) {
	if !hasVariable(text) {
		return text, nil
	}
	var b strings.Builder
	err := parts(text, func(s string) { b.WriteString(s) }, func(r reference) error {
		value, err := v.lookup(r, depth)
		b.WriteString(value)
		return err
	})
	if err == nil && b.Len() > maxFileSize {
		err = fmt.Errorf("%q is longer than %d bytes", shorten(text), maxFileSize)
	}
	return b.String(), err
}

func (v *Vars) lookup(r reference, depth int) (string, error) {
	if depth > 20 {
		return "", fmt.Errorf("the variable %s contains itself", r.name)
	}
	value, err := v.value(r, depth)
	if err != nil {
		return "", err
	}
	if v.shared.names[r.key()] && value != "" {
		v.shared.secrets[value] = true
	}
	if r.quote {
		value = regexp.QuoteMeta(value)
	}
	return value, nil
}

func (v *Vars) value(r reference, depth int) (string, error) {
	if r.env {
		if value, ok := v.shared.env(r.name); ok {
			return value, nil
		}
		if r.fallback != nil {
			return v.expand(*r.fallback, depth+1)
		}
		if v.shared.later != nil && v.shared.later(r) {
			return "", errLater
		}
		return "", fmt.Errorf("the environment has no %s", r.name)
	}
	if v.shared.later != nil && v.shared.later(r) {
		return "", errLater
	}
	if variable, ok := v.local[r.name]; ok {
		if variable.Value == "" && r.fallback != nil {
			return v.expand(*r.fallback, depth+1)
		}
		if variable.Template {
			return v.expand(variable.Value, depth+1)
		}
		return variable.Value, nil
	}
	value, ok := v.shared.captured[r.name]
	switch {
	case r.fallback != nil && value == "":
		return v.expand(*r.fallback, depth+1)
	case !ok:
		return "", fmt.Errorf("the variable %s has no value", r.name)
	}
	return value, nil
}

// Call makes the variables of a scenario that this one calls. call has gone through [Step.Expand].
// What the other captures and does not declare itself is known to this one afterwards.
func (v *Vars) Call(call *Call) *Vars {
	child := &Vars{shared: v.shared, local: map[string]Variable{}}
	v.shared.mu.Lock()
	defer v.shared.mu.Unlock()
	if call.Scenario != nil {
		for _, p := range call.Scenario.Variables {
			child.local[p.Name] = Variable{Value: p.Value, Template: true}
		}
		call.Scenario.secretNames(v.shared.names)
	}
	for _, p := range call.With {
		child.local[p.Name] = Variable{Value: p.Value}
	}
	return child
}

// Redact puts *** where a text has the value of a secret that was used so far.
func (v *Vars) Redact(text string) string {
	v.shared.mu.Lock()
	list := slices.Collect(maps.Keys(v.shared.secrets))
	v.shared.mu.Unlock()
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) }) // one may contain another
	for _, s := range list {
		text = strings.ReplaceAll(text, s, secret.Redacted)
	}
	return text
}
