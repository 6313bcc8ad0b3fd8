package scenario

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// Write writes the scenario as a file that [Parse] reads as the same one. Passwords stand in it as
// they do in the scenario. Comments of what was read are lost; the scenario's own are written.
func (s *Scenario) Write(w io.Writer) error {
	text, err := s.MarshalYAML()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("scenario: write: %w", err)
	}
	return nil
}

// MarshalYAML returns what [Scenario.Write] writes. An error is a text that is not UTF-8.
func (s *Scenario) MarshalYAML() ([]byte, error) {
	e := encoder{}
	n := e.fields(reflect.ValueOf(s).Elem(), &s.src)
	var b bytes.Buffer
	comment(&b, s.Comment, 0)
	for i, entry := range n.entries {
		if i > 0 && len(entry.node.entries)+len(entry.node.items) > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(scalar(entry.key, false) + ":")
		writeNode(&b, entry.node, 0)
	}
	if !utf8.Valid(b.Bytes()) {
		return nil, fmt.Errorf("scenario: write: a text is not valid UTF-8")
	}
	return b.Bytes(), nil
}

// encoder makes nodes of Go values: decoder's inverse.
type encoder struct{}

// fields makes a map of a struct. What is not set is left out, unless it has to be there.
func (e encoder) fields(v reflect.Value, src *source) *node {
	n := &node{kind: mapNode}
	for _, f := range fieldsOf(v.Type()) {
		value := src.later[f.key]
		if value == nil {
			value = e.value(v.Field(f.index))
		}
		if value == nil && f.required {
			value = e.required(v.Field(f.index))
		}
		if value != nil {
			n.entries = append(n.entries, entry{key: f.key, node: value})
		}
	}
	return n
}

// required is what stands for the zero value where something has to.
func (e encoder) required(v reflect.Value) *node {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]() || v.Type() == reflect.TypeFor[DurationRange]():
		return typed("0s")
	case v.Type() == reflect.TypeFor[Percent]():
		return typed("0 %")
	case v.Kind() == reflect.Int || v.Kind() == reflect.Float64:
		return typed("0")
	case v.Kind() == reflect.String:
		return &node{kind: textNode}
	case v.Type() == reflect.TypeFor[Pairs]():
		return &node{kind: mapNode}
	}
	return &node{kind: listNode}
}

func typed(text string) *node { return &node{kind: textNode, text: text, typed: true} }

// value makes a node of any value, nil of what is not set.
func (e encoder) value(v reflect.Value) *node {
	if v.IsZero() {
		return nil
	}
	switch p := v.Interface().(type) {
	case []Step:
		return e.steps(p)
	case []Branch:
		return e.branches(p)
	case []Actor:
		return e.actors(p)
	case Pairs:
		return e.pairs(p)
	case Matrix:
		return e.matrix(p)
	case *Rows:
		return e.rows(p)
	case secret.Text:
		return &node{kind: textNode, text: p.Reveal()}
	case time.Duration:
		return typed(formatDuration(p))
	case fmt.Stringer: // Percent, DurationRange, CodeRange, Condition
		if v.Kind() != reflect.Slice {
			return typed(p.String())
		}
	}
	switch v.Kind() {
	case reflect.Slice:
		n := &node{kind: listNode}
		for i := range v.Len() {
			item := e.value(v.Index(i))
			if item == nil {
				item = e.required(v.Index(i))
			}
			if v.Index(i).Kind() == reflect.Struct && item.kind != textNode {
				item.flow = true
			}
			n.items = append(n.items, item)
		}
		if len(n.items) == 1 && n.items[0].kind == textNode || v.Type() == reflect.TypeFor[[]Impairment]() && len(n.items) == 1 {
			return n.items[0]
		}
		n.flow = true
		return n
	case reflect.Pointer:
		if v.Elem().Kind() == reflect.Bool {
			return typed(strconv.FormatBool(v.Elem().Bool()))
		}
		return e.value(v.Elem())
	case reflect.Struct:
		n := e.fields(v, &source{})
		n.flow = true
		return n
	case reflect.Bool:
		return typed("true")
	case reflect.Int:
		return typed(strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		return typed(strconv.FormatFloat(v.Float(), 'f', -1, 64))
	}
	return &node{kind: textNode, text: v.String(), typed: words[v.Type().Name()] != nil || v.Type() == reflect.TypeFor[MessageKind]()}
}

func (e encoder) pairs(list Pairs) *node {
	n := &node{kind: mapNode, flow: true}
	for _, p := range list {
		value := &node{kind: textNode, text: p.Value}
		i := slices.IndexFunc(n.entries, func(e entry) bool { return e.key == p.Name })
		switch {
		case i < 0:
			n.entries = append(n.entries, entry{key: p.Name, node: value})
		case n.entries[i].node.kind == listNode:
			n.entries[i].node.items = append(n.entries[i].node.items, value)
		default:
			n.entries[i].node = &node{kind: listNode, flow: true, items: []*node{n.entries[i].node, value}}
		}
	}
	return n
}

func (e encoder) actors(list []Actor) *node {
	n := &node{kind: mapNode}
	for _, a := range list {
		actor := e.fields(reflect.ValueOf(&a).Elem(), &a.src)
		actor.comment = a.Comment
		if len(actor.entries) == 0 {
			actor.flow = true
		}
		n.entries = append(n.entries, entry{key: a.Name, node: actor})
	}
	return n
}

func (e encoder) matrix(m Matrix) *node {
	n := &node{kind: mapNode}
	for _, axis := range m.Axes {
		values := &node{kind: listNode, flow: true}
		for _, value := range axis.Values {
			values.items = append(values.items, &node{kind: textNode, text: value})
		}
		n.entries = append(n.entries, entry{key: axis.Name, node: values})
	}
	if len(m.Exclude) > 0 {
		n.entries = append(n.entries, entry{key: "exclude", node: e.rowList(m.Exclude)})
	}
	return n
}

func (e encoder) rowList(rows []Pairs) *node {
	n := &node{kind: listNode}
	for _, row := range rows {
		n.items = append(n.items, e.pairs(row))
	}
	return n
}

func (e encoder) rows(r *Rows) *node {
	if len(r.List) > 0 {
		return e.rowList(r.List)
	}
	return e.short(e.fields(reflect.ValueOf(r).Elem(), &source{}), reflect.TypeFor[Rows]())
}

func (e encoder) steps(list []Step) *node {
	n := &node{kind: listNode}
	for _, s := range list {
		step := e.fields(reflect.ValueOf(&s).Elem(), &s.src)
		step.comment = s.Comment
		if s.Action != nil {
			v := reflect.ValueOf(s.Action).Elem()
			action := entry{key: s.Action.Name(), node: e.short(e.fields(v, &s.actionSrc), v.Type())}
			// The actor before the action reads best, the rest after it.
			at := 0
			for at < len(step.entries) && (step.entries[at].key == "actor" || step.entries[at].key == "line") {
				at++
			}
			step.entries = slices.Insert(step.entries, at, action)
		}
		n.items = append(n.items, step)
	}
	return n
}

// short is the shortest form of an action.
func (e encoder) short(n *node, t reflect.Type) *node {
	n.flow = true
	if len(n.entries) == 0 {
		return &node{kind: nullNode}
	}
	for _, f := range fieldsOf(t) {
		value := n.entries[0].node
		if f.short && f.key == n.entries[0].key && len(n.entries) == 1 && (f.inline || value.kind != mapNode && value.kind != nullNode) {
			return value
		}
	}
	for _, entry := range n.entries { // steps do not stand in one line
		if entry.node.kind == listNode && !entry.node.flow {
			n.flow = false
		}
	}
	return n
}

func (e encoder) branches(list []Branch) *node {
	named := len(list) > 0
	for i, b := range list {
		named = named && b.Name != "" && !slices.ContainsFunc(list[:i], func(o Branch) bool { return o.Name == b.Name })
	}
	if !named {
		n := &node{kind: listNode}
		for _, b := range list {
			n.items = append(n.items, e.steps(b.Steps))
		}
		return n
	}
	n := &node{kind: mapNode}
	for _, b := range list {
		n.entries = append(n.entries, entry{key: b.Name, node: e.steps(b.Steps)})
	}
	return n
}

// writeNode writes what comes after a key and its colon, or after a dash, with the line's end.
func writeNode(b *bytes.Buffer, n *node, indent int) {
	pad := strings.Repeat("  ", indent+1)
	switch {
	case n.kind == nullNode:
		b.WriteByte('\n')
	case n.kind == mapNode && len(n.entries) > 0 && !(n.flow && fits(n)):
		b.WriteByte('\n')
		for _, e := range n.entries {
			comment(b, e.node.comment, indent+1)
			b.WriteString(pad + scalar(e.key, false) + ":")
			writeNode(b, e.node, indent+1)
		}
	case n.kind == listNode && len(n.items) > 0 && !(n.flow && fits(n)):
		b.WriteByte('\n')
		for _, item := range n.items {
			comment(b, item.comment, indent+1)
			b.WriteString(pad + "-")
			writeItem(b, item, indent+1)
		}
	case n.kind == textNode:
		b.WriteString(" " + scalar(n.text, n.typed) + "\n")
	default:
		b.WriteString(" " + flow(n) + "\n")
	}
}

// writeItem writes a map in the line of its dash.
func writeItem(b *bytes.Buffer, n *node, indent int) {
	if n.kind == listNode && len(n.items) > 0 && !n.flow {
		for i, item := range n.items {
			if i > 0 || item.comment != "" {
				if i == 0 {
					b.WriteByte('\n')
				}
				comment(b, item.comment, indent+1)
				b.WriteString(strings.Repeat("  ", indent) + "  -")
			} else {
				b.WriteString(" -")
			}
			writeItem(b, item, indent+1)
		}
		return
	}
	if n.kind != mapNode || len(n.entries) == 0 || n.flow && fits(n) {
		writeNode(b, n, indent)
		return
	}
	for i, e := range n.entries {
		if i == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteString(strings.Repeat("  ", indent) + "  ")
		}
		b.WriteString(scalar(e.key, false) + ":")
		writeNode(b, e.node, indent+1)
	}
}

func comment(b *bytes.Buffer, text string, indent int) {
	if text == "" {
		return
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ReplaceAll(text, "\r", "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(strings.TrimRight(strings.Repeat("  ", indent)+"# "+line, " ") + "\n")
	}
}

// fits reports whether a map or list goes into a line.
func fits(n *node) bool { return n.comment == "" && len(flow(n)) <= 90 }

// flow is the form in one line.
func flow(n *node) string {
	switch n.kind {
	case nullNode:
		return "null"
	case textNode:
		if strings.Contains(n.text, ":") { // not every reader takes these for part of a word there
			return quoted(n.text)
		}
		return scalar(n.text, n.typed)
	case listNode:
		list := make([]string, len(n.items))
		for i, item := range n.items {
			list[i] = flow(item)
		}
		return "[" + strings.Join(list, ", ") + "]"
	}
	list := make([]string, len(n.entries))
	for i, e := range n.entries {
		list[i] = scalar(e.key, false) + ": " + flow(e.node)
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// scalar writes a text plain where nobody could take it for something else, in quotes otherwise. A
// typed one may look like a number.
func scalar(text string, typed bool) string {
	if plain(text) && (typed || !looksTyped(text)) {
		return text
	}
	return quoted(text)
}

func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// plain reports whether a text has nothing that YAML reads as anything else, also within brackets.
func plain(text string) bool {
	if text == "" || len(text) > 200 || strings.TrimSpace(text) != text {
		return false
	}
	for i, r := range text {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		switch {
		case letter, r == '_', r == '/':
		case i == 0:
			return false
		case r == ' ' || r == '.' || r == '-' || r == '+' || r == '@' || r == '(' || r == ')' || r == ';' || r == '=':
		case r == ':' && i+1 < len(text) && text[i+1] != ' ':
		case r == '%' && i+1 == len(text):
		default:
			return false
		}
	}
	return true
}

// looksTyped reports whether a plain text would be a number, a truth or nothing to some reader of
// YAML.
func looksTyped(text string) bool {
	if text[0] >= '0' && text[0] <= '9' {
		return true // numbers of all bases, times, dates
	}
	switch strings.ToLower(text) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}
