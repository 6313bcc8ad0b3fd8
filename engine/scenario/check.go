package scenario

import (
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// Check says what is wrong with a scenario that a program made, as Parse does with a file.
func (s *Scenario) Check(opts Options) error {
	opts.setDefaults()
	s.Warnings = nil
	if s.env == nil {
		s.env = opts.Env
	}
	return s.split(s.check(opts))
}

// split keeps warnings and returns the rest.
func (s *Scenario) split(problems Problems) error {
	problems.sort()
	var wrong Problems
	for _, p := range problems {
		if p.Warning {
			s.Warnings = append(s.Warnings, p)
		} else {
			wrong = append(wrong, p)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// checker looks at a scenario beyond the form of single values.
type checker struct {
	s        *Scenario
	opts     Options
	problems Problems
	known    map[string]bool // variables that may have a value
	used     map[string]bool // variables that are asked for
	lines    map[string]bool // actor/line of what is dialled and waited for
}

func (s *Scenario) check(opts Options) Problems {
	c := &checker{s: s, opts: opts, known: map[string]bool{}, used: map[string]bool{}, lines: map[string]bool{}}
	c.head()
	s.walk(c.collect)
	c.matrix()
	if s.Rows != nil {
		c.rows()
	}
	c.actors()
	s.walk(c.step)
	c.texts()
	c.instances()
	c.times()
	newCourse(c).run()
	return c.problems
}

func (c *checker) problem(pos Position, format string, args ...any) {
	c.problems = append(c.problems, Problem{Position: pos, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) warn(pos Position, format string, args ...any) {
	c.problems = append(c.problems, Problem{Position: pos, Message: fmt.Sprintf(format, args...), Warning: true})
}

func (c *checker) unknown(pos Position, message, word string, allowed []string) {
	c.problems = append(c.problems, Problem{Position: pos, Message: message, Nearest: near(word, allowed), Allowed: allowed})
}

// file is the beginning of the file.
func (c *checker) file() Position {
	if c.s.File == "" {
		return Position{}
	}
	return Position{File: c.s.File, Line: 1, Column: 1}
}

// at is where a key of the scenario stands, as "matrix" or "matrix.codec".
func (c *checker) at(key string) Position {
	outer, _, _ := strings.Cut(key, ".")
	return c.s.src.place(key, c.s.src.place(outer, c.file()))
}

// walk visits all steps, those inside others after these.
func (s *Scenario) walk(visit func(*Step)) {
	walkSteps(s.Steps, visit)
	walkSteps(s.Finally, visit)
}

func walkSteps(steps []Step, visit func(*Step)) {
	for i := range steps {
		visit(&steps[i])
		switch a := steps[i].Action.(type) {
		case *Parallel:
			for _, b := range a.Branches {
				walkSteps(b.Steps, visit)
			}
		case *Repeat:
			walkSteps(a.Steps, visit)
		}
	}
}

func (c *checker) head() {
	s := c.s
	if len(s.Steps) == 0 && !s.src.defers("steps") {
		c.problem(c.file(), "the scenario has no steps")
	}
	if s.Retries < 0 {
		c.problem(c.at("retries"), "retries is %d, and cannot be less than 0", s.Retries)
	}
	for _, p := range s.Variables {
		c.declare(p.Name, c.at("variables."+p.Name))
	}
	names := map[string]bool{}
	for i := range s.Actors {
		if names[s.Actors[i].Name] {
			c.problem(s.Actors[i].Pos, "there are two actors %s", s.Actors[i].Name)
		}
		names[s.Actors[i].Name] = true
		c.known[s.Actors[i].URIVariable()] = true
	}
	if len(s.Actors) == 0 {
		c.problem(c.file(), "the scenario has no actors")
	}
}

func (c *checker) declare(name string, pos Position) {
	if !validName(name) {
		c.problem(pos, "%q is no name of a variable: letters, digits, - and _", name)
		return
	}
	c.known[name] = true
}

// collect notes what steps give names to, and reads the scenarios that are called.
func (c *checker) collect(s *Step) {
	switch a := s.Action.(type) {
	case *Dial, *WaitCall:
		c.lines[c.actorOf(s)+"/"+s.Line] = true
	case *Call:
		c.call(s, a)
	}
	s.captures(func(key, name string) {
		c.declare(name, s.actionSrc.place(key, s.Pos))
	})
}

// captures visits the names of the variables that a step gives values to, with the keys of its
// action where they stand.
func (s *Step) captures(visit func(key, name string)) {
	v := reflect.ValueOf(s.Action).Elem()
	for _, f := range fieldsOf(v.Type()) {
		if name := v.Field(f.index); f.variable && name.String() != "" {
			visit(f.key, name.String())
		}
	}
	switch a := s.Action.(type) {
	case *Set:
		for _, p := range a.Variables {
			visit("variables", p.Name)
		}
	case *Call: // of those that the other declares itself the caller does not hear
		if a.Scenario != nil {
			a.Scenario.walk(func(inner *Step) {
				inner.captures(func(_, name string) {
					if _, own := a.Scenario.Variables.Get(name); !own {
						visit("file", name)
					}
				})
			})
		}
	}
}

// actorOf is the step's actor, or the only one.
func (c *checker) actorOf(s *Step) string {
	if s.Actor == "" && len(c.s.Actors) == 1 {
		return c.s.Actors[0].Name
	}
	return s.Actor
}

func (c *checker) actorNames() []string {
	var names []string
	for i := range c.s.Actors {
		names = append(names, c.s.Actors[i].Name)
	}
	return names
}

func (c *checker) matrix() {
	for _, axis := range c.s.Matrix.Axes {
		if _, twice := c.s.Variables.Get(axis.Name); twice {
			c.warn(c.at("matrix."+axis.Name), "matrix: %s is one of the variables too, whose value is never used", axis.Name)
		}
		c.declare(axis.Name, c.at("matrix."+axis.Name))
	}
	runs := 1
	for _, axis := range c.s.Matrix.Axes {
		runs *= len(axis.Values)
		if runs > 100_000 {
			c.problem(c.at("matrix"), "matrix: more than 100000 combinations")
			c.s.Matrix = Matrix{}
			return
		}
	}
	if len(c.s.Matrix.Axes) > 0 && runs > 0 && len(c.s.Matrix.combinations()) == 0 {
		c.problem(c.at("matrix"), "matrix: exclude leaves nothing")
	}
}

func (c *checker) rows() {
	r := c.s.Rows
	if r.File != "" && !c.opts.NoFiles {
		if err := r.load(c.s.Path(r.File)); err != nil {
			c.problem(c.at("rows"), "rows: %s: %v", r.File, err)
		}
	}
	for _, name := range r.names() {
		c.declare(name, c.at("rows"))
	}
	if r.File != "" && c.opts.NoFiles && len(r.Columns) == 0 {
		for i := range 100 { // as SIPp names them
			c.known[fmt.Sprintf("field%d", i)] = true
		}
	}
}

func (c *checker) actors() {
	for i := range c.s.Actors {
		a := &c.s.Actors[i]
		if a.Account < 0 {
			c.problem(a.Pos, "actor %s: account %d is none", a.Name, a.Account)
		}
		if a.Account > 0 || a.src.defers("account") {
			continue
		}
		if a.Server == "" && a.Domain == "" && a.Password.Reveal() != "" {
			c.warn(a.Pos, "actor %s has a password, and neither server nor domain to ask for it", a.Name)
		}
		if a.Server != "" && a.Username == "" {
			c.problem(a.Pos, "actor %s has a server and no username", a.Name)
		}
		if a.Register != nil && *a.Register && a.Server == "" {
			c.problem(a.Pos, "actor %s cannot register: it has no server", a.Name)
		}
	}
}

// step checks a step by itself.
func (c *checker) step(s *Step) {
	name := s.Action.Name()
	if s.Actor != "" && !hasVariable(s.Actor) {
		if _, ok := c.s.Actor(s.Actor); !ok {
			c.unknown(s.Pos, fmt.Sprintf("there is no actor %q", s.Actor), s.Actor, c.actorNames())
		}
	}
	if s.Actor == "" && len(c.s.Actors) > 1 && NeedsActor(s.Action) {
		c.report(Problem{Position: s.Pos, Message: name + " has no actor, and there are several", Allowed: c.actorNames()})
	}
	if s.Line != "" && !validName(s.Line) {
		c.problem(s.Pos, "%q is no name of a line: letters, digits, - and _", s.Line)
	} else {
		c.line(s, s.Line)
	}
	if v, ok := s.Action.(interface{ check(*checker, *Step) }); ok {
		v.check(c, s)
	}
	c.files(s)
}

func (c *checker) report(p Problem) { c.problems = append(c.problems, p) }

// line wants that a step of the actor begins a call of that name.
func (c *checker) line(s *Step, line string) {
	actor := c.actorOf(s)
	if line == "" || hasVariable(line) || hasVariable(actor) || c.lines[actor+"/"+line] {
		return
	}
	var lines []string
	for key := range c.lines {
		if rest, ok := strings.CutPrefix(key, actor+"/"); ok && rest != "" {
			lines = append(lines, rest)
		}
	}
	slices.Sort(lines)
	c.unknown(s.Pos, fmt.Sprintf("no dial or wait-call of %s has the line %q", actor, line), line, lines)
}

// NeedsActor reports whether an action is somebody's.
func NeedsActor(a Action) bool {
	switch a := a.(type) {
	case *Wait, *Parallel, *Repeat, *Call, *Set, *Assert, *Log:
		return false
	case *Conference:
		return len(a.Actors) == 0
	}
	return true
}

// files wants the sound files that a step names.
func (c *checker) files(s *Step) {
	if c.opts.NoFiles {
		return
	}
	v := reflect.ValueOf(s.Action).Elem()
	for _, f := range fieldsOf(v.Type()) {
		switch p := v.Field(f.index).Interface().(type) {
		case SoundFile:
			c.sound(s, f.key, p)
		case []SoundFile:
			for _, file := range p {
				c.sound(s, f.key, file)
			}
		}
	}
}

func (c *checker) sound(s *Step, key string, file SoundFile) {
	if file == "" || hasVariable(string(file)) {
		return // those with variables are checked with their values
	}
	path := c.s.Path(unescape(string(file)))
	audio, err := dsp.ReadWAV(path)
	switch {
	case err != nil:
		p := Problem{Position: s.actionSrc.place(key, s.Pos),
			Message: fmt.Sprintf("%s of %s: %s: %s", key, s.Action.Name(), file, strings.TrimPrefix(fileError(err), "read WAV "+path+": "))}
		if list, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.wav")); err == nil {
			for i := range list {
				list[i] = filepath.ToSlash(filepath.Join(filepath.Dir(string(file)), filepath.Base(list[i])))
			}
			p.Nearest = near(string(file), list)
		}
		c.report(p)
	case len(audio.Samples) == 0:
		c.problem(s.actionSrc.place(key, s.Pos), "%s of %s: %s holds no sound", key, s.Action.Name(), file)
	}
}

// texts checks the variables of all texts.
func (c *checker) texts() {
	visit := func(pos Position, text string) {
		references(text, func(r reference) {
			if !r.env {
				c.used[r.name] = true
			}
			if !r.env && !c.known[r.name] && r.fallback == nil {
				c.unknown(pos, fmt.Sprintf("unknown variable ${%s}", r.name), r.name, c.knownNames())
			}
			if _, ok := c.s.env(r.name); r.env && !ok && r.fallback == nil {
				c.warn(pos, "the environment has no %s", r.name)
			}
		})
	}
	eachText(reflect.ValueOf(c.s).Elem(), &c.s.src, c.file(), visit)
	for i := range c.s.Actors {
		a := &c.s.Actors[i]
		eachText(reflect.ValueOf(a).Elem(), &a.src, a.Pos, visit)
	}
	c.s.walk(func(s *Step) {
		eachText(reflect.ValueOf(s).Elem(), &s.src, s.Pos, visit)
		eachText(reflect.ValueOf(s.Action).Elem(), &s.actionSrc, s.Pos, visit)
	})
	for _, name := range c.s.Secrets {
		if env, ok := strings.CutPrefix(name, "env:"); ok && validName(env) {
			continue
		}
		if !c.known[name] {
			c.unknown(c.at("secrets"), fmt.Sprintf("secrets: there is no variable %s", name), name, c.knownNames())
		}
	}
	for _, axis := range c.s.Matrix.Axes {
		if !c.used[axis.Name] {
			c.warn(c.at("matrix."+axis.Name), "matrix: ${%s} is used nowhere, so that runs are the same but for their names", axis.Name)
		}
	}
}

func (c *checker) knownNames() []string {
	var names []string
	for name := range c.known {
		if !regexp.MustCompile(`^field\d+$`).MatchString(name) || len(c.known) < 20 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// instances puts the values of rows and matrix where they go, so that one that does not fit is known
// before anything is dialled. What is captured has no value yet, and what is missing in the environment
// is a warning already.
func (c *checker) instances() {
	if len(c.problems.errors()) > 0 || c.opts.NoFiles && c.s.Rows != nil && c.s.Rows.File != "" {
		return // they would be reported twice
	}
	const enough = 200
	seen := map[string]bool{}
	captured := map[string]bool{}
	c.s.walk(func(s *Step) { s.captures(func(_, name string) { captured[name] = true }) })
	for i := range c.s.Actors {
		captured[c.s.Actors[i].URIVariable()] = true
	}
	later := func(r reference) bool { return r.env || captured[r.name] }
	add := func(err error, suffix string) {
		problems, _ := err.(Problems)
		for _, p := range problems {
			if key := p.Error(); !seen[key] {
				seen[key] = true
				if suffix != "" {
					p.Message += ", with " + suffix
				}
				c.report(p)
			}
		}
	}
	rows := []row{{}}
	if c.s.Rows != nil {
		rows = c.s.Rows.rows()
	}
	for i, r := range rows {
		for j, values := range c.s.Matrix.combinations() {
			if i*j > enough && i > 0 && j > 0 || i > enough || j > enough {
				break
			}
			instance, problems := c.s.instance(r, values, later)
			add(problems, instance.Suffix)
			vars := instance.Vars()
			vars.shared.later = later
			c.s.walk(func(s *Step) {
				step, err := s.Expand(vars)
				add(err, instance.Suffix)
				if err == nil && !c.opts.NoFiles && s.hasVariables() {
					c.files(&step)
				}
			})
		}
	}
}

// hasVariables reports whether a step is not always the same.
func (s *Step) hasVariables() bool {
	found := false
	eachText(reflect.ValueOf(s.Action).Elem(), &s.actionSrc, s.Pos, func(_ Position, text string) { found = found || hasVariable(text) })
	return found
}

func (p Problems) errors() Problems {
	var list Problems
	for _, problem := range p {
		if !problem.Warning {
			list = append(list, problem)
		}
	}
	return list
}

// eachText visits all texts of a struct that was read from src, with where they stand.
func eachText(v reflect.Value, src *source, otherwise Position, visit func(Position, string)) {
	e := expander{visit: visit}
	for _, f := range fieldsOf(v.Type()) {
		if n := src.later[f.key]; n != nil {
			n.eachText(visit)
			continue
		}
		e.pos = src.place(f.key, otherwise)
		field := reflect.New(v.Field(f.index).Type()).Elem() // whose lists are copied
		field.Set(v.Field(f.index))
		e.value(field, "")
	}
}

func (n *node) eachText(visit func(Position, string)) {
	if n.kind == textNode {
		visit(n.pos, n.text)
	}
	for _, item := range n.items {
		item.eachText(visit)
	}
	for _, e := range n.entries {
		e.node.eachText(visit)
	}
}

// times warns of steps that may take longer than the scenario, or have to.
func (c *checker) times() {
	limit := c.s.Timeout
	if limit == 0 {
		limit = DefaultTimeout
	}
	if c.s.src.defers("timeout") {
		return
	}
	c.s.walk(func(s *Step) {
		v := reflect.ValueOf(s.Action).Elem()
		for _, f := range fieldsOf(v.Type()) {
			var d time.Duration
			switch value := v.Field(f.index).Interface().(type) {
			case time.Duration:
				d = value
			case DurationRange:
				d = value.Min
			}
			if d > limit {
				c.warn(s.actionSrc.place(f.key, s.Pos), "%s of %s is %s, and the whole scenario has %s",
					f.key, s.Action.Name(), formatDuration(d), formatDuration(limit))
				return
			}
		}
	})
	if d := leastTime(c.s.Steps); d > limit {
		c.warn(c.at("timeout"), "the steps wait for %s at least, and the whole scenario has %s", formatDuration(d), formatDuration(limit))
	}
}

// leastTime is what steps take because they say so, whatever the far end does.
func leastTime(steps []Step) time.Duration {
	var sum time.Duration
	for i := range steps {
		s := &steps[i]
		if s.If != (Condition{}) || len(s.Tags) > 0 {
			continue
		}
		switch a := s.Action.(type) {
		case *Wait:
			sum += a.For.Min
		case *ExpectSilence:
			sum += a.For
		case *ExpectNoAudio:
			sum += a.For
		case *Repeat:
			if a.Until == (Condition{}) {
				sum += time.Duration(min(a.Times, 1_000_000)) * min(leastTime(a.Steps), time.Hour)
			}
		case *Parallel:
			var longest time.Duration
			for _, b := range a.Branches {
				longest = max(longest, leastTime(b.Steps))
			}
			sum += longest
		}
		if sum > 1000*time.Hour { // enough for every warning
			return sum
		}
	}
	return sum
}
