package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"strings"
)

// links are the pairs of a C field and another field, of Go or of C, between which a
// value flows. How sure that is decides between several.
type links map[string]map[string]strength

type strength int

const (
	byCondition strength = iota + 1 // one decides whether the other is set
	byParameter                     // through a parameter of a function
	direct
)

func (l links) add(cfield, other string, s strength) {
	if cfield == other {
		return
	}
	if l[cfield] == nil {
		l[cfield] = map[string]strength{}
	}
	l[cfield][other] = max(l[cfield][other], s)
}

// values are the fields that an expression is made of. The key of a Go field has an
// upper-case first letter, that of a C field a lower-case one.
type values map[string]strength

func (v values) join(w values, at strength) {
	for f, s := range w {
		v[f] = max(v[f], min(s, at))
	}
}

// flow follows values through local variables, regardless of the order of statements.
type flow struct {
	*gosource
	links   links
	vars    map[types.Object]values   // local variables and parameters
	points  map[types.Object][]string // those that point to C fields: _cgo0 := &c.field
	results map[types.Object]values   // functions: what their results are made of
	bodies  map[types.Object]*ast.FuncDecl
}

func findLinks(g *gosource) links {
	fl := &flow{
		gosource: g, links: links{}, vars: map[types.Object]values{}, points: map[types.Object][]string{},
		results: map[types.Object]values{}, bodies: map[types.Object]*ast.FuncDecl{},
	}
	for _, file := range g.files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				fl.bodies[g.info.Defs[fn.Name]] = fn
			}
		}
	}
	// Variables first, until they hold what flows through four of them.
	for round := range 5 {
		for _, fn := range fl.bodies {
			fl.statements(fn.Body, nil, round == 4)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncLit:
					return false
				case *ast.ReturnStmt:
					obj := g.info.Defs[fn.Name]
					for _, e := range n.Results {
						if fl.results[obj] == nil {
							fl.results[obj] = values{}
						}
						for f, s := range fl.of(e) {
							if s == direct { // a parameter's values are seen where it is called
								fl.results[obj][f] = s
							}
						}
					}
				}
				return true
			})
		}
	}
	return fl.links
}

// of returns the fields that an expression is made of.
func (fl *flow) of(e ast.Node) values {
	out := values{}
	if e == nil {
		return out
	}
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if f := fl.cfield(n); f != "" {
				out[f] = direct
			} else if f := fl.gofield(n); f != "" {
				out[f] = direct
				return false // of a.B.C it is C
			}
		case *ast.Ident:
			obj := fl.info.Uses[n]
			out.join(fl.vars[obj], direct)
			if fn, ok := obj.(*types.Func); ok && !fn.Exported() {
				out.join(fl.results[fn.Origin()], direct)
			}
		case *ast.CompositeLit:
			// Its own fields are told apart in statements.
			if name, _ := fl.structOf(fl.info.Types[n].Type); ast.IsExported(name) {
				return false
			}
		}
		return true
	})
	return out
}

// statements follows the assignments below n; cond is what the conditions around it are
// made of. Links are noted in the last round.
func (fl *flow) statements(n ast.Node, cond values, last bool) {
	switch n := n.(type) {
	case *ast.IfStmt:
		fl.statements(n.Init, cond, last)
		inner := maps.Clone(cond)
		if inner == nil {
			inner = values{}
		}
		inner.join(fl.of(n.Cond), direct)
		fl.expressions(n.Cond, cond, last)
		fl.statements(n.Body, inner, last)
		if n.Else != nil {
			fl.statements(n.Else, inner, last)
		}
	case *ast.SwitchStmt:
		fl.statements(n.Init, cond, last)
		inner := maps.Clone(cond)
		if inner == nil {
			inner = values{}
		}
		if n.Tag != nil {
			inner.join(fl.of(n.Tag), direct)
		}
		for _, c := range n.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				inner.join(fl.of(e), direct)
			}
		}
		fl.statements(n.Body, inner, last)
	case *ast.RangeStmt:
		from := fl.of(n.X)
		for _, e := range []ast.Expr{n.Key, n.Value} {
			if id, ok := e.(*ast.Ident); ok {
				fl.variable(id, from, direct)
			}
		}
		inner := maps.Clone(cond)
		if inner == nil {
			inner = values{}
		}
		inner.join(from, direct)
		fl.statements(n.Body, inner, last)
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			right := n.Rhs[0]
			if len(n.Rhs) == len(n.Lhs) {
				right = n.Rhs[i]
			}
			fl.assign(left, fl.of(right), cond, last)
			if id, ok := left.(*ast.Ident); ok {
				fl.points[fl.info.ObjectOf(id)] = fl.address(right)
			}
		}
		for _, e := range append(n.Rhs[:len(n.Rhs):len(n.Rhs)], n.Lhs...) {
			fl.expressions(e, cond, last)
		}
	case *ast.ValueSpec:
		for i, id := range n.Names {
			if i < len(n.Values) {
				fl.variable(id, fl.of(n.Values[i]), direct)
			}
		}
		for _, e := range n.Values {
			fl.expressions(e, cond, last)
		}
	case nil:
	default:
		if isNil(n) {
			return
		}
		if e, ok := n.(ast.Expr); ok {
			fl.expressions(e, cond, last)
			return
		}
		for _, child := range children(n) {
			fl.statements(child, cond, last)
		}
	}
}

func isNil(n ast.Node) bool {
	st, ok := n.(ast.Stmt)
	return ok && st == nil
}

func children(n ast.Node) (out []ast.Node) {
	ast.Inspect(n, func(m ast.Node) bool {
		if m == n {
			return true
		}
		if m != nil {
			out = append(out, m)
		}
		return false
	})
	return out
}

func (fl *flow) variable(id *ast.Ident, from values, s strength) {
	obj := fl.info.Defs[id]
	if obj == nil {
		obj = fl.info.Uses[id]
	}
	if v, ok := obj.(*types.Var); !ok || v.IsField() || v.Parent() == fl.pkg.Scope() {
		return
	}
	if fl.vars[obj] == nil {
		fl.vars[obj] = values{}
	}
	fl.vars[obj].join(from, s)
}

// assign follows from into what left is.
func (fl *flow) assign(left ast.Expr, from, cond values, last bool) {
	for {
		switch l := left.(type) {
		case *ast.Ident:
			fl.variable(l, from, direct)
			return
		case *ast.SelectorExpr:
			if f := fl.cfield(l); f != "" {
				fl.link(f, from, cond, last)
			} else if f := fl.gofield(l); f != "" {
				fl.link(f, from, cond, last)
			}
			left = l.X // a.b.c = ... sets parts of a.b too
			if _, ok := left.(*ast.Ident); ok {
				return
			}
		case *ast.IndexExpr:
			left = l.X
		case *ast.StarExpr:
			left = l.X
		case *ast.ParenExpr:
			left = l.X
		default:
			return
		}
	}
}

// link notes that from flows into field, and that cond decides it.
func (fl *flow) link(field string, from, cond values, last bool) {
	if !last {
		return
	}
	pair := func(other string, s strength) {
		if !ast.IsExported(field) {
			fl.links.add(field, other, s)
		}
		if !ast.IsExported(other) {
			fl.links.add(other, field, s)
		}
	}
	for f, s := range from {
		pair(f, s)
	}
	for f := range cond {
		pair(f, byCondition)
	}
}

// expressions looks into an expression for literals, calls and closures.
func (fl *flow) expressions(e ast.Node, cond values, last bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			fl.statements(n.Body, cond, last)
			return false
		case *ast.CompositeLit:
			fl.literal(n, cond, last)
		case *ast.CallExpr:
			fl.call(n, cond, last)
		}
		return true
	})
}

// address returns the C fields on the way to what e is the address of.
func (fl *flow) address(e ast.Expr) (out []string) {
	u, ok := e.(*ast.UnaryExpr)
	if !ok || u.Op != token.AND {
		return nil
	}
	for e = u.X; ; {
		switch x := e.(type) {
		case *ast.SelectorExpr:
			if f := fl.cfield(x); f != "" {
				out = append(out, f)
			}
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			return append(out, fl.points[fl.info.Uses[x]]...)
		default:
			return out
		}
	}
}

func (fl *flow) literal(lit *ast.CompositeLit, cond values, last bool) {
	name, st := fl.structOf(fl.info.Types[lit].Type)
	if st == nil {
		return
	}
	for i, elt := range lit.Elts {
		field, value := "", elt
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				field, value = id.Name, kv.Value
			}
		} else if i < st.NumFields() {
			field = st.Field(i).Name()
		}
		switch {
		case strings.HasPrefix(name, cgoStruct):
			fl.link(strings.TrimPrefix(name, cgoStruct)+"."+field, fl.of(value), cond, last)
		case ast.IsExported(name) && ast.IsExported(field) && !strings.HasSuffix(name, "Error"):
			fl.link(name+"."+field, fl.of(value), cond, last)
		}
	}
}

// call follows arguments into parameters, and links a C field whose address is an
// argument to what the other arguments are made of.
func (fl *flow) call(call *ast.CallExpr, cond values, last bool) {
	var addressed []string
	all := values{}
	for _, arg := range call.Args {
		all.join(fl.of(arg), direct)
		if id, ok := arg.(*ast.Ident); ok {
			addressed = append(addressed, fl.points[fl.info.Uses[id]]...)
		}
		addressed = append(addressed, fl.address(arg)...)
	}
	for _, f := range addressed {
		fl.link(f, all, cond, last)
	}
	var callee types.Object
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		callee = fl.info.Uses[fun]
	case *ast.SelectorExpr:
		callee = fl.info.Uses[fun.Sel]
	}
	decl := fl.bodies[callee]
	if decl == nil {
		return
	}
	i := 0
	for _, f := range decl.Type.Params.List {
		for _, id := range f.Names {
			if i < len(call.Args) {
				fl.variable(id, fl.of(call.Args[i]), byParameter)
			}
			i++
		}
	}
}
