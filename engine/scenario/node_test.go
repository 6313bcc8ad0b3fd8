package scenario

import (
	"strings"
	"testing"
)

// show is a node in a form like JSON.
func show(n *node) string {
	switch {
	case n == nil:
		return "-"
	case n.kind == nullNode:
		return "null"
	case n.kind == textNode:
		return "'" + n.text + "'"
	}
	var list []string
	for _, item := range n.items {
		list = append(list, show(item))
	}
	for _, e := range n.entries {
		list = append(list, e.key+"="+show(e.node))
	}
	if n.kind == listNode {
		return "[" + strings.Join(list, " ") + "]"
	}
	return "{" + strings.Join(list, " ") + "}"
}

func TestYAML(t *testing.T) {
	tests := []struct{ yaml, want string }{
		{"", "-"},
		{"# only a comment\n", "-"},
		{"a: 012\nb: 0x1F\nc: 1_000\nd: 1e3\ne: off\nf: .inf", "{a='012' b='0x1F' c='1_000' d='1e3' e='off' f='.inf'}"},
		{"a:\nb: ~\nc: null\nd: ''", "{a=null b=null c=null d=''}"},
		{"[sip:1@a, sip:2@b:5060;transport=tcp, 'x': 1, 10:30]", "['sip:1@a' 'sip:2@b:5060;transport=tcp' {x='1'} '10:30']"},
		{"{to: sip:1@a:5060, from: tel:+49}", "{to='sip:1@a:5060' from='tel:+49'}"},
		{"a: sip:1@a:5060\nb: 12#\n\"c\":  x # y", "{a='sip:1@a:5060' b='12#' c='x'}"},
		{"a: &q {x: 1, y: 2}\nb: *q\nc: {<<: *q, y: 3}\nd:\n  <<: [*q]\n  z: 4", "{a={x='1' y='2'} b={x='1' y='2'} c={y='3' x='1'} d={z='4' x='1' y='2'}}"},
		{"a: |\n  x\n   y\nb: >-\n  x\n  y\n", "{a='x\n y\n' b='x y'}"},
		{"a: !!str 5", "{a='5'}"},
		{"\ufeffa: 1\r\nb: 2\r\n", "{a='1' b='2'}"},
	}
	for _, tt := range tests {
		var problems Problems
		n := parseYAML("a.yaml", []byte(tt.yaml), func(p Problem) { problems = append(problems, p) })
		if got := show(n); got != tt.want || len(problems) > 0 {
			t.Errorf("%q: %s, want %s; %v", tt.yaml, got, tt.want, problems)
		}
	}
}

func TestYAMLProblems(t *testing.T) {
	laughs := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		laughs += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 10), ", ") + "]\n"
	}
	tests := []struct{ yaml, want string }{
		{"a: 1\na: 2", "a.yaml:2:1: a stands here twice, first in line 1"},
		{"a: 1\n b: 2", "a.yaml:1:4: no YAML: "},
		{"a: [1", "a.yaml:1:4: no YAML: "},
		{"a: *b", "a.yaml:1:4: there is no anchor &b before this"},
		{"a: &a [*a]", "a.yaml:1:8: the anchor &a contains itself"},
		{"a: 1\n---\nb: 2", "a.yaml:3:1: a second document"},
		{"a: \"\x01\"", "a.yaml:1:5: holds the control character 0x01"},
		{"a: b\n\xff: 1", "a.yaml:2:1: not valid UTF-8"},
		{strings.Repeat("[", 1000), "a.yaml:1:1: lists and maps within each other"},
		{laughs, "more than 200000 values"},
		{"{a: {<<: 5}}", "only maps can be merged"},
		{strings.Repeat("a", maxFileSize+1), "a.yaml: the file is larger than"},
	}
	for _, tt := range tests {
		var problems Problems
		parseYAML("a.yaml", []byte(tt.yaml), func(p Problem) { problems = append(problems, p) })
		if len(problems) == 0 || !strings.Contains(problems[0].Error(), tt.want) {
			t.Errorf("%q: %v, want %s", shorten(tt.yaml), problems, tt.want)
		}
	}
}
