package scenario

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// scenario decodes a whole file, which is a map.
func (d *decoder) scenario(n *node) *Scenario {
	s := &Scenario{}
	kept := &node{kind: mapNode, pos: n.pos}
	for _, e := range n.entries {
		if !strings.HasPrefix(e.key, "x-") { // whose place is for anchors
			kept.entries = append(kept.entries, e)
		}
	}
	d.fields(kept, reflect.ValueOf(s).Elem(), "the scenario", &s.src)
	for _, e := range kept.entries {
		for _, inner := range e.node.entries {
			s.src.put(e.key+"."+inner.key, inner.pos)
		}
	}
	return s
}

func (d *decoder) actors(n *node) []Actor {
	if n.kind != mapNode {
		d.problem(n.pos, "actors is a map of names, and here stands %s", n.describe())
		return nil
	}
	var list []Actor
	for _, e := range n.entries {
		a := Actor{Name: e.key, Pos: e.pos}
		if !validName(e.key) {
			d.problem(e.pos, "%q is no name of an actor: letters, digits, - and _", e.key)
		}
		if e.node.kind != nullNode {
			d.fields(e.node, reflect.ValueOf(&a).Elem(), "actor "+e.key, &a.src)
		}
		list = append(list, a)
	}
	return list
}

// validName reports whether a text can name an actor, a line or a variable.
func validName(name string) bool {
	if name == "" || len(name) > 64 {
		return false
	}
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-' {
			return false
		}
	}
	return true
}

func (d *decoder) pairs(n *node, what string) Pairs {
	if n.kind != mapNode {
		d.problem(n.pos, "%s is a map, and here stands %s", what, n.describe())
		return nil
	}
	var list Pairs
	for _, e := range n.entries {
		values := []*node{e.node}
		if e.node.kind == listNode && strings.HasPrefix(what, "headers ") {
			values = e.node.items
		}
		for _, v := range values {
			if v.kind == nullNode { // an empty value
				v = &node{kind: textNode, pos: v.pos}
			}
			if text, ok := d.text(v, e.key+" of "+what, reflect.TypeFor[string]()); ok {
				list = append(list, Pair{Name: e.key, Value: text})
			}
		}
	}
	return list
}

func (d *decoder) matrix(n *node, m *Matrix) {
	if n.kind != mapNode {
		d.problem(n.pos, "matrix is a map of variables with their values, and here stands %s", n.describe())
		return
	}
	for _, e := range n.entries {
		if e.key == "exclude" {
			m.Exclude = d.rowList(e.node, "exclude of matrix")
			continue
		}
		d.variableName(e.key, e.pos)
		axis := Axis{Name: e.key}
		list := []*node{e.node}
		if e.node.kind == listNode {
			list = e.node.items
		}
		for _, item := range list {
			if text, ok := d.text(item, e.key+" of matrix", reflect.TypeFor[string]()); ok {
				axis.Values = append(axis.Values, text)
			}
		}
		if len(list) == 0 {
			d.problem(e.node.pos, "%s of matrix is an empty list", e.key)
		}
		m.Axes = append(m.Axes, axis)
	}
	for i, excluded := range m.Exclude {
		for _, p := range excluded {
			j := slices.IndexFunc(m.Axes, func(a Axis) bool { return a.Name == p.Name })
			pos := n.get("exclude").pos
			if items := n.get("exclude").items; i < len(items) {
				pos = items[i].pos
			}
			switch {
			case j < 0:
				var names []string
				for _, a := range m.Axes {
					names = append(names, a.Name)
				}
				d.unknown(pos, fmt.Sprintf("exclude of matrix: %q is none of its variables", p.Name), p.Name, names)
			case !slices.Contains(m.Axes[j].Values, p.Value):
				d.unknown(pos, fmt.Sprintf("exclude of matrix: %q is no value of %s", p.Value, p.Name), p.Value, m.Axes[j].Values)
			}
		}
	}
}

func (d *decoder) rowList(n *node, what string) []Pairs {
	list := []*node{n}
	if n.kind == listNode {
		list = n.items
	}
	var rows []Pairs
	for _, item := range list {
		row := d.pairs(item, what)
		for _, e := range item.entries {
			d.variableName(e.key, e.pos)
		}
		rows = append(rows, row)
	}
	return rows
}

func (d *decoder) rows(n *node) *Rows {
	r := &Rows{}
	if n.kind == listNode {
		r.List = d.rowList(n, "a row")
		if len(r.List) == 0 {
			d.problem(n.pos, "rows is an empty list")
		}
		return r
	}
	d.fields(n, reflect.ValueOf(r).Elem(), "rows", &source{})
	if r.File == "" {
		d.problem(n.pos, "rows has no file")
	}
	return r
}

func (d *decoder) variableName(name string, pos Position) {
	if !validName(name) {
		d.problem(pos, "%q is no name of a variable: letters, digits, - and _", name)
	}
}

func (d *decoder) steps(n *node, what string) []Step {
	if n.kind != listNode {
		d.problem(n.pos, "%s is a list of steps, each with a dash, and here stands %s", what, n.describe())
		return nil
	}
	if len(n.items) == 0 {
		d.problem(n.pos, "%s is an empty list", what)
	}
	var list []Step
	for _, item := range n.items {
		if s, ok := d.step(item); ok {
			list = append(list, s)
		}
	}
	return list
}

func (d *decoder) branches(n *node, what string) []Branch {
	var list []Branch
	switch n.kind {
	case listNode:
		if len(n.items) == 0 {
			d.problem(n.pos, "%s is an empty list", what)
		}
		for _, item := range n.items {
			if item.kind == mapNode { // a branch of one step needs no list
				item = &node{kind: listNode, pos: item.pos, items: []*node{item}}
			}
			list = append(list, Branch{Steps: d.steps(item, "a branch of "+what)})
		}
	case mapNode:
		for _, e := range n.entries {
			if !validName(e.key) {
				d.problem(e.pos, "%q is no name of a branch: letters, digits, - and _", e.key)
			}
			list = append(list, Branch{Name: e.key, Steps: d.steps(e.node, "branch "+e.key)})
		}
	default:
		d.problem(n.pos, "parallel is a list of lists of steps, or a map of them, and here stands %s", n.describe())
	}
	return list
}

// step decodes a map with one action, or the bare name of one.
func (d *decoder) step(n *node) (Step, bool) {
	s := Step{Pos: n.pos}
	if n.kind == textNode && actionTypes[n.text] != nil {
		n = &node{kind: mapNode, pos: n.pos, entries: []entry{{key: n.text, pos: n.pos, node: &node{pos: n.pos}}}}
	}
	if n.kind != mapNode {
		d.report(Problem{Position: n.pos, Message: "a step is a map with an action, and here stands " + n.describe(),
			Nearest: near(strings.TrimSpace(n.text), Actions())})
		return s, false
	}
	options := fieldsOf(reflect.TypeOf(s))
	var first *entry
	ok := true
	for i := range n.entries {
		e := &n.entries[i]
		if j := slices.IndexFunc(options, func(f field) bool { return f.key == e.key }); j >= 0 {
			d.field(options[j], e.node, reflect.ValueOf(&s).Elem(), "the step", &s.src)
			continue
		}
		t := actionTypes[e.key]
		switch {
		case t == nil:
			ok = false
			d.unknownInStep(n, e)
		case first != nil:
			ok = false
			d.problem(e.pos, "a step has one action, and this one has %s and %s: a dash before %s makes it a step of its own",
				first.key, e.key, e.key)
		default:
			first = e
			action := reflect.New(t)
			d.fields(e.node, action.Elem(), e.key, &s.actionSrc)
			s.Action = action.Interface().(Action)
			s.Pos = e.pos
		}
	}
	if first == nil && ok {
		d.report(Problem{Position: n.pos, Message: "the step has no action"})
	}
	return s, s.Action != nil && ok
}

// unknownInStep reports a key that is neither an action nor an option of steps.
func (d *decoder) unknownInStep(n *node, e *entry) {
	for _, other := range n.entries {
		if t := actionTypes[other.key]; t != nil && slices.Contains(keysOf(t), e.key) {
			d.problem(e.pos, "%s belongs to %s: write it as %s: {..., %s: ...}", e.key, other.key, other.key, e.key)
			return
		}
	}
	options := keysOf(reflect.TypeFor[Step]())
	p := Problem{Position: e.pos, Message: fmt.Sprintf("unknown action %q", e.key), Nearest: near(e.key, append(Actions(), options...))}
	for _, other := range n.entries {
		if t := actionTypes[other.key]; t != nil {
			p.Message = fmt.Sprintf("unknown key %q of a step", e.key)
			p.Nearest, p.Allowed = near(e.key, append(keysOf(t), options...)), options
		}
	}
	if p.Nearest == "" && p.Allowed == nil {
		p.Allowed = append(Actions(), options...)
	}
	d.report(p)
}
