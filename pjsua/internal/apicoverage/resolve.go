package main

import (
	"errors"
	"fmt"
	"go/ast"
	"io"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// row is a function, a callback or a field of pjsua.h.
type row struct {
	name    string // "pjsua_call_hangup", "pjsua_callback.on_reg_state2", "pjsua_acc_config.id"
	table   string // area, callbacks, or struct
	goNames []string
	reason  string   // video, superseded by ...
	touched string   // where our code refers to it, for rows without a Go name
	called  bool     // a function: the Go names are those that call it
	silent  []string // exported functions that call it and do not say so, where none does
}

type coverage struct {
	rows   []*row
	g      *gosource
	beyond map[string][]string // functions of PJSIP beside pjsua.h's -> Go names that call them and say so
	untrue error               // notes that are not true
}

func (r *row) covered() bool { return len(r.goNames) > 0 }

// resolve gives every row its Go name or its reason.
func resolve(a *api, g *gosource, c *csource, notes []*note) *coverage {
	cov := &coverage{g: g, beyond: map[string][]string{}}
	cov.functions(a, c)
	cov.callbacks(a, c)
	cov.fields(a, c)
	cov.untrue = cov.apply(notes, c)
	return cov
}

// functions names, for each function of pjsua.h, the exported Go functions that call it
// and say so in their doc comments. Others may call it for purposes of their own; the
// nearest of them are told where no comment says so.
func (cov *coverage) functions(a *api, c *csource) {
	g := cov.g
	reach := map[string]map[string]int{}
	for name, obj := range g.exported {
		reach[name] = g.reach(obj, c)
	}
	for _, goName := range slices.Sorted(maps.Keys(reach)) {
		for name := range reach[goName] {
			if !strings.HasPrefix(name, "pjsua_") && strings.HasPrefix(name, "pj") && mentions(g.docs[goName], name) {
				cov.beyond[name] = append(cov.beyond[name], goName)
			}
		}
	}
	for _, name := range a.functions {
		r := &row{name: name, table: area(name), called: true}
		cov.rows = append(cov.rows, r)
		var said, nearest []string
		best := 0
		for _, goName := range slices.Sorted(maps.Keys(reach)) {
			depth, ok := reach[goName][name]
			if !ok {
				continue
			}
			if mentions(g.docs[goName], name) {
				said = append(said, goName)
			}
			switch {
			case len(nearest) == 0 || depth < best:
				nearest, best = []string{goName}, depth
			case depth == best:
				nearest = append(nearest, goName)
			}
		}
		r.goNames = said
		r.silent = nearest[:min(3, len(nearest))]
		switch {
		case len(said) > 0:
			r.silent = nil
		case len(nearest) > 0:
			r.touched = "by " + strings.Join(r.silent, ", ")
		case cov.references(c, name):
			r.touched = "in cbridge"
		}
	}
}

// mentions says whether a text has name as a word of its own.
func mentions(text, name string) bool {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).MatchString(text)
}

// callbacks names the events that the handlers of a callback push.
func (cov *coverage) callbacks(a *api, c *csource) {
	for _, field := range a.fields[callbackStruct] {
		r := &row{name: callbackStruct + "." + field, table: callbackStruct}
		cov.rows = append(cov.rows, r)
		events := map[string]bool{}
		for _, handler := range c.handlers[field] {
			r.touched = "in cbridge"
			unit, name, _ := strings.Cut(handler, ":")
			_, enums := c.closure(unit, name)
			for e := range enums {
				maps.Copy(events, cov.g.decoded[e])
			}
		}
		r.goNames = slices.Sorted(maps.Keys(events))
	}
}

// fields names the Go fields that a C field is set from or goes to.
func (cov *coverage) fields(a *api, c *csource) {
	all := links{}
	for f, others := range cov.g.links {
		for o, s := range others {
			all.add(f, o, s)
		}
	}
	for pair := range c.flows {
		all.add(pair[0], pair[1], direct)
		all.add(pair[1], pair[0], direct)
	}
	for _, s := range structs {
		for _, field := range a.fields[s] {
			r := &row{name: s + "." + field, table: s}
			cov.rows = append(cov.rows, r)
			if pos := cov.g.cfields[r.name]; len(pos) > 0 {
				p := cov.g.fset.Position(pos[0])
				r.touched = fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
			} else if c.fields[r.name] {
				r.touched = "in cbridge or a preamble"
			}
			r.goNames = goFields(all, r.name)
		}
	}
}

// goFields returns the Go fields nearest to a C field: the surest kind of link, else the
// same through another C field.
func goFields(all links, cfield string) []string {
	seen := map[string]bool{cfield: true}
	for level := []string{cfield}; len(level) > 0 && len(seen) < 200; {
		best := map[strength][]string{}
		var next []string
		for _, f := range level {
			for other, s := range all[f] {
				switch {
				case ast.IsExported(other):
					if !slices.Contains(best[s], other) {
						best[s] = append(best[s], other)
					}
				case !seen[other] && s == direct:
					seen[other] = true
					next = append(next, other)
				}
			}
		}
		for s := direct; s >= byCondition; s-- {
			if len(best[s]) > 0 {
				return shorten(best[s])
			}
		}
		level = next
	}
	return nil
}

// shorten sorts names, and puts a struct in the place of many of its fields.
func shorten(names []string) (out []string) {
	of := map[string]int{}
	for _, name := range names {
		typ, _, _ := strings.Cut(name, ".")
		of[typ]++
	}
	for _, name := range names {
		if typ, _, _ := strings.Cut(name, "."); of[typ] > 3 {
			name = typ
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// references says whether our code has the C name at all.
func (cov *coverage) references(c *csource, name string) bool {
	if strings.Contains(name, ".") {
		return c.fields[name] || len(cov.g.cfields[name]) > 0
	}
	if c.refs[name] {
		return true
	}
	for _, f := range cov.g.funcs {
		if f.cfuncs[name] {
			return true
		}
	}
	return false
}

// apply puts the notes over what the code shows, and says which notes are not true.
func (cov *coverage) apply(notes []*note, c *csource) error {
	byName := map[string]*row{}
	for _, r := range cov.rows {
		byName[r.name] = r
	}
	var errs []error
	fail := func(n *note, msg string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", notesFile, n.line, fmt.Sprintf(msg, args...)))
	}
	for _, n := range notes {
		for _, r := range cov.rows {
			if ok, _ := path.Match(n.pattern, r.name); !ok {
				continue
			}
			n.used = true
			if n.reason != "" {
				if r.called && r.covered() && n.reason != "C memory management" {
					fail(n, "%s is %s and yet called by %s", r.name, n.reason, strings.Join(r.goNames, ", "))
				}
				r.goNames, r.reason = nil, n.reason
				if n.by != "" {
					r.reason += " by " + n.by
				}
				continue
			}
			if !cov.references(c, r.name) {
				fail(n, "our code does not refer to %s", r.name)
				continue
			}
			for _, goName := range n.goNames {
				if !cov.g.has(goName) {
					fail(n, "package pjsua has no %s", goName)
				}
			}
			r.goNames = n.goNames
		}
		if !n.used {
			fail(n, "pjsua.h has no %s", n.pattern)
		}
	}
	for _, n := range notes {
		if n.by == "" {
			continue
		}
		if by := byName[n.by]; by == nil && !cov.g.has(n.by) && !cov.g.standard(n.by) {
			fail(n, "%s, which is to supersede %s, is neither in pjsua.h nor in package pjsua", n.by, n.pattern)
		} else if by != nil && by.reason != "" {
			fail(n, "%s, which is to supersede %s, is itself left out: %s", n.by, n.pattern, by.reason)
		}
	}
	return errors.Join(errs...)
}

func (cov *coverage) missing() (out []*row) {
	for _, r := range cov.rows {
		if !r.covered() && r.reason == "" {
			out = append(out, r)
		}
	}
	return out
}

// tables returns the names of the tables in the order of the page.
func tables() []string {
	return append(append(slices.Clone(areas), callbackStruct), structs...)
}

// why says what keeps a row that our code touches from being covered.
func (r *row) why() string {
	if len(r.silent) > 0 {
		return "whose doc comments do not say so"
	}
	return "but no Go name follows from it"
}

func (cov *coverage) printMissing(w io.Writer) {
	rows := cov.missing()
	for _, t := range tables() {
		first := true
		for _, r := range rows {
			if r.table != t {
				continue
			}
			if first {
				fmt.Fprintf(w, "%s\n", t)
				first = false
			}
			fmt.Fprintf(w, "  %s", r.name)
			if r.touched != "" {
				fmt.Fprintf(w, "  (used %s, %s)", r.touched, r.why())
			}
			fmt.Fprintln(w)
		}
	}
}
