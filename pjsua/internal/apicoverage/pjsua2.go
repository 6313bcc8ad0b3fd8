package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const pjsua2File = "pjsua/internal/apicoverage/pjsua2.txt"

// writePJSUA2 reads pjsua2's C++ in a source tree of PJSIP, which an installation does
// not have, and writes which of its names stand for which names of pjsua.h.
func writePJSUA2(tree string) error {
	c, err := newClang()
	if err != nil {
		return err
	}
	defer c.close()
	version, err := os.ReadFile(filepath.Join(tree, "version.mak"))
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(tree, "pjsip/src/pjsua2/*.cpp"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("%s has no pjsip/src/pjsua2/*.cpp: %w", tree, err)
	}
	p := &pjsua2{names: map[string]map[string]bool{}, calls: map[string]map[string]bool{}, wired: map[string]string{}}
	for _, file := range files {
		// The filter leaves the standard library out. The jobs that call back later are in
		// no namespace.
		for _, filter := range []string{"pj::", "Pending"} {
			nodes, err := c.run(append(slices.Clone(c.flags), "-x", "c++", "-std=c++14", "-Xclang", "-ast-dump-filter="+filter, file))
			if err != nil {
				return err
			}
			for _, n := range nodes {
				p.walk("", n)
			}
		}
	}
	for member, handler := range p.wired {
		for name := range p.virtuals(handler, 0) {
			p.add(callbackStruct+"."+member, name)
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Names of pjsua2 for names of pjsua.h: which method calls which function, which virtual
# method a callback calls, which field is assigned from which. Read from
# pjsip/src/pjsua2/*.cpp of PJSIP %s by
#   go run ./pjsua/internal/apicoverage -pjsua2 PJSIP_SOURCE_TREE
`, numbers(version))
	for _, name := range slices.Sorted(maps.Keys(p.names)) {
		fmt.Fprintf(&b, "%s = %s\n", name, strings.Join(slices.Sorted(maps.Keys(p.names[name])), ", "))
	}
	return os.WriteFile(pjsua2File, b.Bytes(), 0o644)
}

var versionLine = regexp.MustCompile(`(?m)^export PJ_VERSION_(?:MAJOR|MINOR) *:= *(\d+)`)

func numbers(makefile []byte) string {
	var parts []string
	for _, m := range versionLine.FindAllSubmatch(makefile, -1) {
		parts = append(parts, string(m[1]))
	}
	return strings.Join(parts, ".")
}

type pjsua2 struct {
	names map[string]map[string]bool // name of pjsua.h -> names of pjsua2
	calls map[string]map[string]bool // method -> virtual methods and jobs that it calls
	wired map[string]string          // member of pjsua_callback -> method
}

func (p *pjsua2) add(cname, name string) {
	if p.names[cname] == nil {
		p.names[cname] = map[string]bool{}
	}
	p.names[cname][name] = true
}

// method returns "Class::method" of a mangled name, _ZN2pj4Call6hangupE... .
func method(mangled string) string {
	rest := strings.TrimLeft(strings.TrimPrefix(mangled, "_ZN"), "K")
	var parts []string
	for len(rest) > 0 && unicode.IsDigit(rune(rest[0])) {
		n, i := 0, 0
		for ; i < len(rest) && unicode.IsDigit(rune(rest[i])); i++ {
			n = n*10 + int(rest[i]-'0')
		}
		if i+n > len(rest) {
			return ""
		}
		parts = append(parts, rest[i:i+n])
		rest = rest[i+n:]
	}
	if len(parts) > 0 && parts[0] == "pj" {
		parts = parts[1:]
	}
	if len(parts) == 1 && (strings.HasPrefix(rest, "C1") || strings.HasPrefix(rest, "C2")) {
		return parts[0] + "::" + parts[0]
	}
	if len(parts) == 1 && strings.HasPrefix(rest, "D") {
		return parts[0] + "::~" + parts[0]
	}
	if len(parts) != 2 {
		return ""
	}
	return parts[0] + "::" + parts[1]
}

func (p *pjsua2) walk(in string, n *node) {
	switch n.Kind {
	case "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl":
		in = method(n.Mangled)
	case "DeclRefExpr":
		if n.Ref != nil && n.Ref.Kind == "FunctionDecl" && strings.HasPrefix(n.Ref.Name, "pjsua_") && isPublic(in) {
			p.add(n.Ref.Name, strings.TrimPrefix(in, "::"))
		}
	case "MemberExpr":
		if class := local(n.structNameOfBase()); class != "" && isVirtual(n.Name) {
			p.call(in, class+"::"+n.Name)
		}
	case "CXXNewExpr":
		if class := n.structName(); strings.HasPrefix(class, "Pending") {
			p.call(in, class+"::execute")
		}
	case "BinaryOperator":
		if n.Opcode == "=" && len(n.Inner) == 2 {
			p.assign(n.Inner[0], n.Inner[1])
		}
	case "CXXOperatorCallExpr":
		if len(n.Inner) == 3 && n.Inner[0].declRef() == "operator=" {
			p.assign(n.Inner[1], n.Inner[2])
		}
	case "CXXMemberCallExpr":
		if m := n.Inner[0]; m.Kind == "MemberExpr" && m.Name == "push_back" && len(n.Inner) == 2 && len(m.Inner) == 1 {
			p.assign(m.Inner[0], n.Inner[1])
		}
	}
	for _, child := range n.Inner {
		p.walk(in, child)
	}
}

// isPublic says whether a method is one that an application calls, and neither a
// destructor, nor a conversion, nor what the class does for itself.
func isPublic(name string) bool {
	class, method, ok := strings.Cut(name, "::")
	return ok && !strings.HasPrefix(method, "~") && !strings.HasPrefix(method, "on_") && !strings.HasPrefix(method, "process") &&
		!slices.Contains([]string{"toPj", "fromPj", "lookup", "getOriginalInstance"}, method) && !strings.HasPrefix(class, "Pending")
}

func (p *pjsua2) call(from, to string) {
	if p.calls[from] == nil {
		p.calls[from] = map[string]bool{}
	}
	p.calls[from][to] = true
}

// isVirtual says whether a method is one that an application overrides: onCallState.
func isVirtual(name string) bool {
	return len(name) > 2 && name[:2] == "on" && unicode.IsUpper(rune(name[2]))
}

// virtuals returns the methods that a handler calls, at once or by a job.
func (p *pjsua2) virtuals(from string, depth int) map[string]bool {
	out := map[string]bool{}
	for to := range p.calls[from] {
		if _, name, _ := strings.Cut(to, "::"); isVirtual(name) {
			out[to] = true
		} else if depth < 3 {
			maps.Copy(out, p.virtuals(to, depth+1))
		}
	}
	return out
}

func (n *node) structNameOfBase() string {
	if len(n.Inner) == 0 {
		return ""
	}
	return n.Inner[0].structName()
}

func local(class string) string { return strings.TrimPrefix(class, "pj::") }

// assign notes fields of pjsua.h and of pjsua2 of which one becomes the other.
func (p *pjsua2) assign(left, right *node) {
	for left.Kind != "MemberExpr" && len(left.Inner) > 0 { // casts, indexes
		left = left.Inner[0]
	}
	to := left.field()
	if to == "" {
		return
	}
	if member, ok := strings.CutPrefix(to, callbackStruct+"."); ok {
		if handler := right.declRef(); handler != "" {
			p.wired[member] = "Endpoint::" + handler
		}
		return
	}
	for from := range right.outerFields() {
		c, cpp := from, to
		if !isC(c) {
			c, cpp = to, from
		}
		if isC(c) && !isC(cpp) {
			class, field, _ := strings.Cut(local(cpp), ".")
			if class != "" && unicode.IsUpper(rune(class[0])) {
				p.add(c, class+"::"+field)
			}
		}
	}
}

// outerFields returns the fields that an expression is made of: of a.b.c only c, and no
// methods.
func (n *node) outerFields() map[string]bool {
	out := map[string]bool{}
	var walk func(*node)
	walk = func(n *node) {
		if f := n.field(); f != "" && !strings.Contains(n.Type.Qual, "bound member function") {
			out[f] = true
			return
		}
		for _, in := range n.Inner {
			walk(in)
		}
	}
	walk(n)
	return out
}

// isC says whether a field is one of the rows.
func isC(field string) bool {
	s, _, _ := strings.Cut(field, ".")
	return s == callbackStruct || slices.Contains(structs, s)
}

// readPJSUA2 reads what writePJSUA2 wrote.
func readPJSUA2(name string) (map[string][]string, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if cname, names, ok := strings.Cut(strings.TrimSpace(line), " = "); ok && !strings.HasPrefix(line, "#") {
			out[cname] = strings.Split(names, ", ")
		}
	}
	return out, nil
}
