package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// source is what a struct was read from, by the keys of its fields.
type source struct {
	// later are values that contain variables and are not texts: they are decoded when the
	// variables are known.
	later map[string]*node
	// at is where values stand.
	at map[string]Position
}

// place is where the value of a key stands, or what was said instead.
func (s *source) place(key string, otherwise Position) Position {
	if pos, ok := s.at[key]; ok {
		return pos
	}
	return otherwise
}

func (s *source) put(key string, pos Position) {
	if s.at == nil {
		s.at = map[string]Position{}
	}
	s.at[key] = pos
}

func (s *source) defers(key string) bool { return s.later[key] != nil }

// decoder puts nodes into Go values and reports what does not fit.
type decoder struct {
	report func(Problem)
	// expand puts variables into a text; nil leaves them where they are.
	expand func(string) (string, error)
}

// field is a field of a struct that has a key.
type field struct {
	key      string
	index    int
	required bool
	short    bool // a value that is no map is this field's
	inline   bool // the whole value is this field's
	variable bool // names a variable
}

func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		key, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if key == "" || key == "-" {
			continue
		}
		has := func(option string) bool { return slices.Contains(strings.Split(options, ","), option) }
		list = append(list, field{key: key, index: i, required: has("required"), short: has("short") || has("inline"),
			inline: has("inline"), variable: has("variable")})
	}
	return list
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(t) {
		keys = append(keys, f.key)
	}
	return keys
}

func (d *decoder) problem(pos Position, format string, args ...any) {
	d.report(Problem{Position: pos, Message: fmt.Sprintf(format, args...)})
}

func (d *decoder) unknown(pos Position, message, word string, allowed []string) {
	d.report(Problem{Position: pos, Message: message, Nearest: near(word, allowed), Allowed: allowed})
}

// fields decodes a map into a struct, and notes in src where its values stand.
func (d *decoder) fields(n *node, dst reflect.Value, what string, src *source) {
	fields := fieldsOf(dst.Type())
	if n.kind != mapNode || (len(fields) == 1 && fields[0].inline) {
		d.shortForm(n, dst, what, fields, src)
		return
	}
	for _, e := range n.entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == e.key })
		if i < 0 {
			d.unknown(e.pos, fmt.Sprintf("unknown key %q of %s", e.key, what), e.key, keysOf(dst.Type()))
			continue
		}
		d.field(fields[i], e.node, dst, what, src)
	}
	for _, f := range fields {
		if f.required && n.get(f.key) == nil {
			d.problem(n.pos, "%s has no %s", what, f.key)
		}
	}
}

func (d *decoder) shortForm(n *node, dst reflect.Value, what string, fields []field, src *source) {
	for _, f := range fields {
		if !f.short {
			continue
		}
		if n.kind == nullNode {
			if f.required {
				d.problem(n.pos, "%s has no %s", what, f.key)
			}
			return
		}
		for _, other := range fields {
			if other.required && other.key != f.key {
				d.problem(n.pos, "%s is a map, as it has no %s otherwise", what, other.key)
				return
			}
		}
		d.field(f, n, dst, what, src)
		return
	}
	if n.kind == nullNode {
		for _, f := range fields {
			if f.required {
				d.problem(n.pos, "%s has no %s", what, f.key)
			}
		}
		return
	}
	if len(fields) == 0 {
		d.problem(n.pos, "%s takes nothing, and here stands %s", what, n.describe())
		return
	}
	d.report(Problem{Position: n.pos, Message: fmt.Sprintf("%s is a map, and here stands %s", what, n.describe()), Allowed: keysOf(dst.Type())})
}

func (d *decoder) field(f field, n *node, dst reflect.Value, what string, src *source) {
	v := dst.Field(f.index)
	src.put(f.key, n.pos)
	if d.expand == nil && !holdsText(v.Type()) && n.hasVariable() {
		if src.later == nil {
			src.later = map[string]*node{}
		}
		src.later[f.key] = n
		return
	}
	d.value(n, v, f.key+" of "+what)
}

// holdsText reports whether values of a type keep their variables as they are written.
func holdsText(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[Pairs](), reflect.TypeFor[secret.Text](), reflect.TypeFor[Condition](), reflect.TypeFor[[]Step](),
		reflect.TypeFor[[]Branch](), reflect.TypeFor[[]Pairs](), reflect.TypeFor[Matrix](), reflect.TypeFor[[]Actor]():
		return true
	case reflect.TypeFor[MessageKind]():
		return false
	}
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct {
		if t.Elem() == reflect.TypeFor[Rows]() {
			return true
		}
		return holdsText(t.Elem())
	}
	return t.Kind() == reflect.String && words[t.Name()] == nil
}

// parser is a type that reads itself.
type valueParser interface{ parse(text string) error }

// value decodes any value. what is "within of expect-prompt".
func (d *decoder) value(n *node, v reflect.Value, what string) {
	switch p := v.Addr().Interface().(type) {
	case *[]Step:
		*p = d.steps(n, what)
		return
	case *[]Branch:
		*p = d.branches(n, what)
		return
	case *[]Actor:
		*p = d.actors(n)
		return
	case *Pairs:
		*p = d.pairs(n, what)
		return
	case *Matrix:
		d.matrix(n, p)
		return
	case **Rows:
		*p = d.rows(n)
		return
	}
	t := v.Type()
	switch {
	case t.Kind() == reflect.Slice:
		list := []*node{n}
		if n.kind == listNode {
			list = n.items
		}
		if len(list) == 0 {
			d.problem(n.pos, "%s is an empty list", what)
		}
		for _, item := range list {
			one := reflect.New(t.Elem()).Elem()
			d.value(item, one, what)
			v.Set(reflect.Append(v, one))
		}
		return
	case t.Kind() == reflect.Pointer:
		one := reflect.New(t.Elem())
		d.value(n, one.Elem(), what)
		v.Set(one)
		return
	case t == reflect.TypeFor[Impairment]():
		d.fields(n, v, "impairment", &source{})
		return
	}
	if text, ok := d.text(n, what, t); ok {
		if err := setText(v, text, d.expand == nil); err != nil {
			p := Problem{Position: n.pos, Message: what + ": " + err.Error()}
			var unknown unknownWord
			if errors.As(err, &unknown) {
				p.Nearest, p.Allowed = near(unknown.word, unknown.allowed), unknown.allowed
			}
			d.report(p)
		}
	}
}

// text returns the text of a scalar, with its variables if they are to be put in.
func (d *decoder) text(n *node, what string, t reflect.Type) (string, bool) {
	switch n.kind {
	case nullNode:
		d.problem(n.pos, "%s: nothing stands here, and %s is wanted", what, describeType(t))
		return "", false
	case listNode, mapNode:
		d.problem(n.pos, "%s: here stands %s, and %s is wanted", what, n.describe(), describeType(t))
		return "", false
	}
	if d.expand != nil {
		text, err := d.expand(n.text)
		if err != nil {
			if !errors.Is(err, errLater) {
				d.problem(n.pos, "%s: %v", what, err)
			}
			return "", false
		}
		return text, true
	}
	if err := checkVariables(n.text); err != nil {
		d.problem(n.pos, "%s: %v", what, err)
		return "", false
	}
	return n.text, true
}

// describeType says what kind of value is wanted.
func describeType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[DurationRange]():
		return "a time, as 4s"
	case t == reflect.TypeFor[Percent]():
		return "a share, as 70 %"
	case t == reflect.TypeFor[CodeRange]():
		return "a status code, as 486 or 4xx"
	case t == reflect.TypeFor[MessageKind]():
		return "a method or a status code"
	case t == reflect.TypeFor[Condition]():
		return "a condition, as ${digits} == 42"
	case t == reflect.TypeFor[Pattern]():
		return "a regular expression"
	case t == reflect.TypeFor[SoundFile]():
		return "the name of a sound file"
	case words[t.Name()] != nil:
		return join(words[t.Name()], "or")
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Float64:
		return "a number"
	}
	return "a text"
}

// setText gives a value of a simple type what stands in a text. templates is that it may contain
// variables, where the type keeps them.
func setText(v reflect.Value, text string, templates bool) error {
	switch p := v.Addr().Interface().(type) {
	case *secret.Text:
		*p = secret.New(text)
		return nil
	case *time.Duration:
		var err error
		*p, err = parseDuration(text)
		return err
	case *Pattern:
		*p = Pattern(text)
		if templates {
			if hasVariable(text) {
				return nil
			}
			text = unescape(text)
		}
		_, err := Pattern(text).Compile()
		return err
	case valueParser:
		return p.parse(text)
	}
	if list := words[v.Type().Name()]; list != nil && v.Kind() == reflect.String {
		for _, w := range list {
			if strings.EqualFold(w, text) {
				v.SetString(w)
				return nil
			}
		}
		return unknownWord{kind: "value", word: text, allowed: list}
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch strings.ToLower(text) {
		case "true", "false":
			v.SetBool(strings.EqualFold(text, "true"))
		default:
			return unknownWord{kind: "value", word: text, allowed: []string{"true", "false"}}
		}
	case reflect.Int:
		i, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is no whole number", text)
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f-f != 0 {
			return fmt.Errorf("%q is no number", text)
		}
		v.SetFloat(f)
	default:
		panic("scenario: no way to read a " + v.Type().String())
	}
	return nil
}
