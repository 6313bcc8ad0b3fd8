package scenario

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of a file, so that one that is no scenario does no harm.
const (
	maxFileSize = 4 << 20
	maxNodes    = 200_000 // aliases counted each time
	maxDepth    = 64
)

type nodeKind int

const (
	nullNode nodeKind = iota
	textNode          // a scalar, as it is written: 012 is not 10
	listNode
	mapNode
)

// node is a value of YAML with aliases and merges resolved. It is what is decoded, now or, where
// variables stand in it, when they are known.
type node struct {
	kind    nodeKind
	text    string
	pos     Position
	items   []*node // of a list
	entries []entry // of a map

	// When it is written:
	typed   bool   // a number, a time or a word, no text
	flow    bool   // in one line if it fits
	comment string // above it
}

type entry struct {
	key  string
	pos  Position
	node *node
}

// describe says what a node is, for errors.
func (n *node) describe() string {
	switch n.kind {
	case nullNode:
		return "nothing"
	case listNode:
		return "a list"
	case mapNode:
		return "a map"
	}
	return fmt.Sprintf("%q", shorten(n.text))
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) > 60 {
		return string([]rune(text)[:57]) + "..."
	}
	return text
}

// hasVariable reports whether there is a ${ anywhere in the node.
func (n *node) hasVariable() bool {
	if n.kind == textNode && hasVariable(n.text) {
		return true
	}
	for _, item := range n.items {
		if item.hasVariable() {
			return true
		}
	}
	for _, e := range n.entries {
		if e.node.hasVariable() {
			return true
		}
	}
	return false
}

// parseYAML returns the document of a file, nil where it is empty.
func parseYAML(file string, data []byte, report func(Problem)) *node {
	fail := func(line, column int, format string, args ...any) *node {
		report(Problem{Position: Position{File: file, Line: line, Column: column}, Message: fmt.Sprintf(format, args...)})
		return nil
	}
	data = []byte(strings.TrimPrefix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\ufeff"))
	switch {
	case len(data) > maxFileSize:
		return fail(0, 0, "the file is larger than %d bytes", maxFileSize)
	case !utf8.Valid(data):
		for i, line := range strings.Split(string(data), "\n") {
			if !utf8.ValidString(line) {
				return fail(i+1, 1, "not valid UTF-8")
			}
		}
	}
	if i := strings.IndexFunc(string(data), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }); i >= 0 {
		before := string(data[:i])
		return fail(strings.Count(before, "\n")+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1,
			"holds the control character %#02x", data[i])
	}
	if line := tooDeep(data); line > 0 {
		return fail(line, 1, "lists and maps within each other, more than %d deep", maxDepth)
	}
	parsed, err := parseDocument(data)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
			at := syntax.GetToken().Position
			hint := ""
			if lines := strings.Split(string(data), "\n"); at.Line <= len(lines) && strings.Contains(lines[max(0, at.Line-1)], "${") {
				hint = "; within {} and [] a text with ${ needs quotes"
			}
			return fail(at.Line, at.Column, "no YAML: %s%s", syntax.GetMessage(), hint)
		}
		return fail(1, 1, "no YAML: %v", err)
	}
	var bodies []ast.Node
	for _, doc := range parsed.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		return nil
	}
	b := treeBuilder{file: file, anchors: map[string]ast.Node{}, report: report}
	if len(bodies) > 1 {
		b.problem(bodies[1], "a second document in the file: a scenario is one file")
	}
	return b.build(bodies[0], 0)
}

// parseDocument is the parser's Parse, which panics on some files that are no YAML.
func parseDocument(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser gave up: %v", p)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// tooDeep returns the line where brackets, dashes or keys within each other are more than the
// parser should be asked to recurse into; 0 is nowhere. It may count some too many, in texts.
func tooDeep(data []byte) int {
	brackets := 0
	for i, line := range strings.Split(string(data), "\n") {
		marks := 0
		for j, c := range line {
			switch c {
			case '[', '{':
				brackets++
			case ']', '}':
				brackets = max(0, brackets-1)
			case '-', '?', ':':
				if j+1 < len(line) && line[j+1] == ' ' {
					marks++
				}
			}
		}
		if brackets > 4*maxDepth || marks > 16*maxDepth || len(line)-len(strings.TrimLeft(line, " ")) > 64*maxDepth {
			return i + 1
		}
	}
	return 0
}

// treeBuilder makes nodes of the parser's.
type treeBuilder struct {
	file    string
	anchors map[string]ast.Node
	nodes   int
	full    bool
	open    []string // aliases that are being resolved
	report  func(Problem)
}

func (b *treeBuilder) position(n ast.Node) Position {
	p := Position{File: b.file}
	if t := firstToken(n); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}

// firstToken is where a node begins; the parser gives maps the position of their first colon.
func firstToken(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return firstToken(n.Values[0])
		}
	case *ast.MappingValueNode:
		return firstToken(n.Key)
	}
	return n.GetToken()
}

func (b *treeBuilder) problem(n ast.Node, format string, args ...any) {
	b.report(Problem{Position: b.position(n), Message: fmt.Sprintf(format, args...)})
}

func (b *treeBuilder) build(n ast.Node, depth int) *node {
	if b.nodes++; b.nodes > maxNodes || depth > maxDepth {
		if !b.full {
			b.problem(n, "more than %d values, or more than %d of them within each other", maxNodes, maxDepth)
			b.full = true
		}
		return &node{pos: b.position(n)}
	}
	out := &node{kind: textNode, pos: b.position(n)}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = nullNode
	case *ast.StringNode:
		out.text = n.Value
	case *ast.LiteralNode:
		out.text = n.Value.Value
	case *ast.AnchorNode:
		if n.Name != nil {
			b.anchors[n.Name.GetToken().Value] = n.Value
		}
		return b.build(n.Value, depth+1)
	case *ast.AliasNode:
		return b.alias(n, depth, out)
	case *ast.TagNode:
		if n.Value != nil {
			return b.build(n.Value, depth+1)
		}
		out.kind = nullNode
	case *ast.SequenceNode:
		out.kind = listNode
		for _, v := range n.Values {
			out.items = append(out.items, b.build(v, depth+1))
		}
	case *ast.MappingNode:
		if len(n.Values) == 1 {
			if text, ok := colonWord(n.Values[0]); ok {
				out.text = text
				return out
			}
		}
		out.kind = mapNode
		for _, v := range n.Values {
			b.entry(out, v, depth)
		}
		b.merge(out, n.Values, depth)
	case *ast.MappingValueNode:
		if text, ok := colonWord(n); ok {
			out.text = text
			return out
		}
		out.kind = mapNode
		b.entry(out, n, depth)
		b.merge(out, []*ast.MappingValueNode{n}, depth)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.text = n.GetToken().Value
	default:
		b.problem(n, "a %s cannot stand here", strings.ToLower(n.Type().String()))
		out.kind = nullNode
	}
	return out
}

// colonWord returns sip:1@a of [sip:1@a], which the parser takes for a map: a colon without a space
// after it is part of a word (YAML 1.2.2, 7.3.3), unless quotes stand before it.
func colonWord(v *ast.MappingValueNode) (string, bool) {
	key, value := v.Key.GetToken(), v.Value.GetToken()
	if key == nil || value == nil || key.Type != token.StringType || key.Position == nil || value.Position == nil ||
		key.Position.Line != value.Position.Line || value.Position.Column != key.Position.Column+utf8.RuneCountInString(key.Value)+1 {
		return "", false
	}
	switch value := v.Value.(type) {
	case *ast.StringNode:
		return key.Value + ":" + value.Value, value.GetToken().Type == token.StringType
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return key.Value + ":" + value.GetToken().Value, true
	case *ast.MappingValueNode:
		rest, ok := colonWord(value)
		return key.Value + ":" + rest, ok
	case *ast.MappingNode:
		if len(value.Values) == 1 && !value.IsFlowStyle {
			rest, ok := colonWord(value.Values[0])
			return key.Value + ":" + rest, ok
		}
	}
	return "", false
}

func (b *treeBuilder) alias(n *ast.AliasNode, depth int, out *node) *node {
	name := ""
	if n.Value != nil {
		name = n.Value.GetToken().Value
	}
	target, ok := b.anchors[name]
	out.kind = nullNode
	if !ok {
		b.problem(n, "there is no anchor &%s before this", name)
		return out
	}
	for _, open := range b.open {
		if open == name {
			b.problem(n, "the anchor &%s contains itself", name)
			return out
		}
	}
	b.open = append(b.open, name)
	defer func() { b.open = b.open[:len(b.open)-1] }()
	return b.build(target, depth+1)
}

// entry adds what is no merge to a map.
func (b *treeBuilder) entry(out *node, v *ast.MappingValueNode, depth int) {
	if _, merge := v.Key.(*ast.MergeKeyNode); merge {
		return
	}
	key := b.build(v.Key, depth+1)
	if key.kind != textNode {
		b.problem(v.Key, "a key is a word, not %s", key.describe())
		return
	}
	for _, e := range out.entries {
		if e.key == key.text {
			b.problem(v.Key, "%s stands here twice, first in line %d", key.text, e.pos.Line)
			return
		}
	}
	out.entries = append(out.entries, entry{key: key.text, pos: key.pos, node: b.build(v.Value, depth+1)})
}

// merge adds what <<: *anchor brings and the map does not have itself.
func (b *treeBuilder) merge(out *node, values []*ast.MappingValueNode, depth int) {
	for _, v := range values {
		if _, merge := v.Key.(*ast.MergeKeyNode); !merge {
			continue
		}
		from := b.build(v.Value, depth+1)
		list := []*node{from}
		if from.kind == listNode {
			list = from.items
		}
		for _, m := range list {
			if m.kind != mapNode {
				b.problem(v.Value, "only maps can be merged")
				continue
			}
			for _, e := range m.entries {
				if out.get(e.key) == nil {
					out.entries = append(out.entries, e)
				}
			}
		}
	}
}

// get returns the value of a key, nil where there is none.
func (n *node) get(key string) *node {
	for _, e := range n.entries {
		if e.key == key {
			return e.node
		}
	}
	return nil
}
