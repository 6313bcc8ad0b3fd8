package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// cfunc is a function that our C defines.
type cfunc struct {
	unit  string          // the file that it is in
	calls map[string]bool // functions that it calls
	enums map[string]bool // enumeration constants that it names
}

// csource is our C: the preambles of the Go files and package cbridge.
type csource struct {
	// By name, or for the static ones by unit and name ("call.go:call_data").
	funcs map[string]*cfunc
	// Which names stand anywhere in our C.
	refs   map[string]bool // functions, called or not
	fields map[string]bool // "struct.field"
	// Assignments between fields: "struct.field" -> those that it is computed from.
	flows map[[2]string]bool
	// Callbacks: member of pjsua_callback -> functions that were put there.
	handlers map[string][]string
}

func readC(c *clang, dir string, g *gosource) (*csource, error) {
	s := &csource{
		funcs: map[string]*cfunc{}, refs: map[string]bool{}, fields: map[string]bool{},
		flows: map[[2]string]bool{}, handlers: map[string][]string{},
	}
	out, err := exec.Command("go", "list", "-json=Dir,CFiles", dir).Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", dir, err)
	}
	var pkg struct {
		Dir    string
		CFiles []string
	}
	if err := json.Unmarshal(out, &pkg); err != nil {
		return nil, err
	}
	for _, name := range pkg.CFiles {
		unit, err := c.source(filepath.Join(pkg.Dir, name))
		if err != nil {
			return nil, err
		}
		s.unit(name, unit)
	}
	for name, text := range g.preambles {
		file := filepath.Join(c.dir, name+".c")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		unit, err := c.source(file, g.cflags...)
		if err != nil {
			return nil, fmt.Errorf("the preamble of %s: %w", name, err)
		}
		s.unit(name, unit)
	}
	return s, nil
}

// lookup returns the function that unit means by name, nil for one of PJSIP's.
func (s *csource) lookup(unit, name string) (key string, fn *cfunc) {
	if fn := s.funcs[unit+":"+name]; fn != nil {
		return unit + ":" + name, fn
	}
	return name, s.funcs[name]
}

func (s *csource) unit(name string, tu *node) {
	for _, n := range tu.Inner {
		if n.Kind == "VarDecl" {
			s.body(name, nil, n)
		}
		if n.Kind != "FunctionDecl" || !slices.ContainsFunc(n.Inner, func(in *node) bool { return in.Kind == "CompoundStmt" }) {
			continue
		}
		key := n.Name
		if n.Storage == "static" {
			key = name + ":" + n.Name
		}
		fn := &cfunc{unit: name, calls: map[string]bool{}, enums: map[string]bool{}}
		s.funcs[key] = fn
		s.body(name, fn, n)
	}
}

// body collects what a function says.
func (s *csource) body(unit string, fn *cfunc, n *node) {
	switch n.Kind {
	case "CallExpr":
		if callee := n.Inner[0].declRef(); callee != "" && fn != nil {
			fn.calls[callee] = true
		}
	case "DeclRefExpr":
		if n.Ref == nil {
			break
		}
		switch n.Ref.Kind {
		case "FunctionDecl":
			s.refs[n.Ref.Name] = true
		case "EnumConstantDecl":
			if fn != nil {
				fn.enums[n.Ref.Name] = true
			}
		}
	case "MemberExpr":
		if f := n.field(); f != "" {
			s.fields[f] = true
		}
	case "BinaryOperator", "CompoundAssignOperator":
		if !strings.HasSuffix(n.Opcode, "=") || strings.HasSuffix(n.Opcode, "==") || len(n.Inner) != 2 ||
			n.Opcode == "<=" || n.Opcode == ">=" || n.Opcode == "!=" {
			break
		}
		for _, to := range n.Inner[0].topFields() {
			for from := range n.Inner[1].allFields() {
				s.flows[[2]string{to, from}] = true
			}
			if member, ok := strings.CutPrefix(to, callbackStruct+"."); ok {
				if handler := n.Inner[1].declRef(); handler != "" {
					s.handlers[member] = append(s.handlers[member], unit+":"+handler)
				}
			}
		}
	}
	for _, in := range n.Inner {
		s.body(unit, fn, in)
	}
}

// declRef returns the function that an expression names, behind casts.
func (n *node) declRef() string {
	for {
		switch n.Kind {
		case "DeclRefExpr":
			if n.Ref != nil && (n.Ref.Kind == "FunctionDecl" || n.Ref.Kind == "CXXMethodDecl") {
				return n.Ref.Name
			}
			return ""
		case "ImplicitCastExpr", "ParenExpr", "CStyleCastExpr", "UnaryOperator":
			if len(n.Inner) == 0 {
				return ""
			}
			n = n.Inner[len(n.Inner)-1]
		default:
			return ""
		}
	}
}

// field returns "struct.field" of a member expression.
func (n *node) field() string {
	if n.Kind != "MemberExpr" || n.Name == "" || len(n.Inner) == 0 {
		return ""
	}
	if s := n.Inner[0].structName(); s != "" && !isPlain(s) {
		return s + "." + n.Name
	}
	return ""
}

// topFields returns the fields on the way to what is assigned: a.b.c = ... sets parts of
// a.b too.
func (n *node) topFields() (out []string) {
	for {
		if f := n.field(); f != "" {
			out = append(out, f)
		}
		if len(n.Inner) == 0 {
			return out
		}
		n = n.Inner[0]
	}
}

func (n *node) allFields() map[string]bool {
	out := map[string]bool{}
	var walk func(*node)
	walk = func(n *node) {
		if f := n.field(); f != "" {
			out[f] = true
		}
		for _, in := range n.Inner {
			walk(in)
		}
	}
	walk(n)
	return out
}

// closure returns the names of the functions that the function called key calls, directly
// or not, with the number of calls between, and the constants that they name.
func (s *csource) closure(unit, name string) (calls map[string]int, enums map[string]bool) {
	calls, enums = map[string]int{}, map[string]bool{}
	type item struct {
		unit, name string
		depth      int
	}
	seen := map[string]bool{}
	for queue := []item{{unit, name, 0}}; len(queue) > 0; queue = queue[1:] {
		it := queue[0]
		key, fn := s.lookup(it.unit, it.name)
		if fn == nil {
			if _, ok := calls[it.name]; !ok {
				calls[it.name] = it.depth
			}
			continue
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		for e := range fn.enums {
			enums[e] = true
		}
		for callee := range fn.calls {
			queue = append(queue, item{fn.unit, callee, it.depth + 1})
		}
	}
	return calls, enums
}
