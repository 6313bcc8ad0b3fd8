package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Names that cgo makes of C's.
const (
	cgoFunc   = "_Cfunc_"
	cgoConst  = "_Ciconst_"
	cgoStruct = "_Ctype_struct_"
)

// gofunc is a function, a method or a variable of package pjsua with what it mentions.
type gofunc struct {
	obj    types.Object
	unit   string                // the Go file, whose preamble it sees
	uses   map[types.Object]bool // functions, methods and variables of the package
	cfuncs map[string]bool       // C functions
}

// gosource is package pjsua as the compiler sees it after cgo.
type gosource struct {
	fset      *token.FileSet
	files     []*ast.File
	pkg       *types.Package
	info      *types.Info
	preambles map[string]string // Go file -> C
	cflags    []string          // of the preambles
	funcs     map[types.Object]*gofunc
	exported  map[string]types.Object // "Open", "Call.Hangup" -> function
	docs      map[string]string       // "Open", "Call", "Call.Hangup", "CallInfo.State" -> doc comment
	cfields   map[string][]token.Pos  // "struct.field" -> where Go touches it
	links     links                   // between fields of C and of Go
	decoded   map[string]map[string]bool
}

func loadGo(dir string) (*gosource, error) {
	cmd := exec.Command("go", "list", "-compiled", "-export", "-deps",
		"-json=ImportPath,Dir,Name,Export,CompiledGoFiles,CgoFiles,CgoCFLAGS,CgoPkgConfig", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", dir, err)
	}
	type listed struct {
		ImportPath, Dir, Export   string
		CompiledGoFiles, CgoFiles []string
		CgoCFLAGS, CgoPkgConfig   []string
	}
	exports := map[string]string{}
	var pkg listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		exports[p.ImportPath] = p.Export
		pkg = p // the last one is what was asked for
	}
	g := &gosource{
		fset: token.NewFileSet(), preambles: map[string]string{}, funcs: map[types.Object]*gofunc{},
		exported: map[string]types.Object{}, docs: map[string]string{}, cfields: map[string][]token.Pos{},
		info: &types.Info{
			Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{}, Types: map[ast.Expr]types.TypeAndValue{},
		},
	}
	for _, name := range pkg.CompiledGoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(pkg.Dir, name)
		}
		file, err := parser.ParseFile(g.fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		g.files = append(g.files, file)
	}
	g.cflags = pkg.CgoCFLAGS
	if len(pkg.CgoPkgConfig) > 0 {
		out, err := exec.Command("pkg-config", append([]string{"--cflags"}, pkg.CgoPkgConfig...)...).Output()
		if err != nil {
			return nil, fmt.Errorf("pkg-config --cflags %s: %w", strings.Join(pkg.CgoPkgConfig, " "), err)
		}
		g.cflags = append(g.cflags, strings.Fields(string(out))...)
	}
	for _, name := range pkg.CgoFiles {
		if err := g.preamble(filepath.Join(pkg.Dir, name)); err != nil {
			return nil, err
		}
	}
	conf := types.Config{Importer: importer.ForCompiler(g.fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	if g.pkg, err = conf.Check(pkg.ImportPath, g.fset, g.files, g.info); err != nil {
		return nil, err
	}
	g.collect()
	g.names()
	g.links = findLinks(g)
	g.decoded = g.decoders()
	return g, nil
}

// preamble reads the C in front of a Go file's import "C".
func (g *gosource) preamble(name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.ImportsOnly)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Doc == nil {
			continue
		}
		for _, spec := range gen.Specs {
			if imp, ok := spec.(*ast.ImportSpec); ok && imp.Path.Value == `"C"` {
				var text strings.Builder
				for _, c := range gen.Doc.List {
					body := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(c.Text, "/*"), "//"), "*/")
					for line := range strings.Lines(body) {
						if !strings.HasPrefix(strings.TrimSpace(line), "#cgo") {
							text.WriteString(strings.TrimSuffix(line, "\n"))
						}
						text.WriteString("\n")
					}
				}
				g.preambles[filepath.Base(name)] = text.String()
			}
		}
	}
	return nil
}

// collect finds what every function mentions.
func (g *gosource) collect() {
	for _, file := range g.files {
		unit := filepath.Base(g.fset.Position(file.Package).Filename)
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !strings.HasPrefix(d.Name.Name, "_C") {
					g.add(unit, g.info.Defs[d.Name], d)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						for _, id := range v.Names {
							if id.Name != "_" {
								g.add(unit, g.info.Defs[id], v)
							}
						}
					}
				}
			}
		}
	}
}

func (g *gosource) add(unit string, obj types.Object, n ast.Node) {
	if obj == nil || strings.HasPrefix(obj.Name(), "_C") {
		return
	}
	f := &gofunc{obj: obj, unit: unit, uses: map[types.Object]bool{}, cfuncs: map[string]bool{}}
	g.funcs[obj] = f
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if name := g.cfield(sel); name != "" {
					g.cfields[name] = append(g.cfields[name], sel.Sel.Pos())
				}
			}
			return true
		}
		for _, prefix := range []string{cgoFunc, "_C2func_", "_Cfpvar_fp_", "_Cmacro_"} {
			if name, ok := strings.CutPrefix(id.Name, prefix); ok {
				f.cfuncs[name] = true
			}
		}
		used := g.info.Uses[id]
		if used == nil || used.Pkg() != g.pkg {
			return true
		}
		switch used := used.(type) {
		case *types.Func:
			used = used.Origin()
			f.uses[used] = true
			for _, impl := range g.implementations(used) {
				f.uses[impl] = true
			}
		case *types.Var:
			if used.Parent() == g.pkg.Scope() {
				f.uses[used] = true
			}
		}
		return true
	})
}

// implementations returns the methods of the package that a call of an interface's method
// may mean.
func (g *gosource) implementations(m *types.Func) (out []types.Object) {
	recv := m.Type().(*types.Signature).Recv()
	if recv == nil || !types.IsInterface(recv.Type()) {
		return nil
	}
	iface := recv.Type().Underlying().(*types.Interface)
	for _, name := range g.pkg.Scope().Names() {
		tn, ok := g.pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || strings.HasPrefix(name, "_C") || types.IsInterface(tn.Type()) {
			continue
		}
		ptr := types.NewPointer(tn.Type())
		if types.Implements(ptr, iface) {
			if obj, _, _ := types.LookupFieldOrMethod(ptr, true, g.pkg, m.Name()); obj != nil {
				out = append(out, obj)
			}
		}
	}
	return out
}

// fieldOwner returns the named struct that declares the field which sel selects, "" when
// it is no field of a named struct of the package.
func (g *gosource) fieldOwner(sel *ast.SelectorExpr) (owner, field string) {
	s := g.info.Selections[sel]
	if s == nil || s.Kind() != types.FieldVal {
		return "", ""
	}
	typ := s.Recv()
	for i, index := range s.Index() {
		named, st := g.structOf(typ)
		if st == nil {
			return "", ""
		}
		if i == len(s.Index())-1 {
			return named, st.Field(index).Name()
		}
		typ = st.Field(index).Type()
	}
	return "", ""
}

func (g *gosource) structOf(typ types.Type) (name string, st *types.Struct) {
	typ = types.Unalias(typ)
	if ptr, ok := typ.Underlying().(*types.Pointer); ok {
		typ = types.Unalias(ptr.Elem())
	}
	st, _ = typ.Underlying().(*types.Struct)
	if named, ok := typ.(*types.Named); ok && named.Obj().Pkg() == g.pkg {
		name = named.Obj().Name()
	}
	return name, st
}

// cfield returns "struct.field" when sel selects a field of a C struct.
func (g *gosource) cfield(sel *ast.SelectorExpr) string {
	owner, field := g.fieldOwner(sel)
	if s, ok := strings.CutPrefix(owner, cgoStruct); ok && !isPlain(s) {
		return s + "." + strings.TrimPrefix(field, "_") // cgo writes _type for type
	}
	return ""
}

// isPlain says whether a struct of C is a value like an int, whose fields tell nothing.
func isPlain(name string) bool { return name == "pj_str_t" || name == "pj_time_val" }

// gofield returns "Struct.Field" when sel selects an exported field of an exported struct.
// Errors have fields too, but nothing is set from them.
func (g *gosource) gofield(sel *ast.SelectorExpr) string {
	owner, field := g.fieldOwner(sel)
	if ast.IsExported(owner) && ast.IsExported(field) && !strings.HasSuffix(owner, "Error") {
		return owner + "." + field
	}
	return ""
}

// names finds what the package exports, and the doc comments.
func (g *gosource) names() {
	scope := g.pkg.Scope()
	for _, name := range scope.Names() {
		if !ast.IsExported(name) {
			continue
		}
		switch obj := scope.Lookup(name).(type) {
		case *types.Func:
			g.exported[name] = obj
		case *types.TypeName:
			typ := obj.Type()
			if !types.IsInterface(typ) {
				typ = types.NewPointer(typ)
			}
			set := types.NewMethodSet(typ)
			for i := range set.Len() {
				if m, ok := set.At(i).Obj().(*types.Func); ok && m.Exported() && m.Pkg() == g.pkg {
					g.exported[name+"."+m.Name()] = m.Origin()
				}
			}
		}
	}
	for _, file := range g.files {
		for _, d := range file.Decls {
			g.doc(d)
		}
	}
	// A promoted method has the comment of the one that it is.
	byObj := map[types.Object]string{}
	for name, obj := range g.exported {
		if text, ok := g.docs[name]; ok {
			byObj[obj] = text
		}
	}
	for _, file := range g.files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Doc != nil {
				byObj[g.info.Defs[fn.Name]] = fn.Doc.Text()
			}
		}
	}
	for name, obj := range g.exported {
		if text := byObj[obj]; text != "" || g.docs[name] == "" { // an interface's methods have theirs
			g.docs[name] = text
		}
	}
}

func (g *gosource) doc(d ast.Decl) {
	gen, ok := d.(*ast.GenDecl)
	if !ok {
		return
	}
	for _, spec := range gen.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			text := spec.Doc.Text()
			if text == "" {
				text = gen.Doc.Text()
			}
			if !spec.Name.IsExported() {
				break
			}
			g.docs[spec.Name.Name] = text
			var members *ast.FieldList
			switch typ := spec.Type.(type) {
			case *ast.StructType:
				members = typ.Fields
			case *ast.InterfaceType:
				members = typ.Methods
			}
			if members != nil {
				for _, f := range members.List {
					for _, id := range f.Names {
						if id.IsExported() {
							g.docs[spec.Name.Name+"."+id.Name] = f.Doc.Text() + f.Comment.Text()
						}
					}
				}
			}
		case *ast.ValueSpec:
			text := spec.Doc.Text() + spec.Comment.Text() + gen.Doc.Text()
			for _, id := range spec.Names {
				if id.IsExported() {
					g.docs[id.Name] = text
				}
			}
		}
	}
}

// has says whether the package exports name.
func (g *gosource) has(name string) bool {
	_, doc := g.docs[name]
	_, fn := g.exported[name]
	return doc || fn
}

// standard says whether name is exported by a package that package pjsua imports, such as
// time.AfterFunc.
func (g *gosource) standard(name string) bool {
	pkg, member, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(g.pkg.Imports(), func(p *types.Package) bool {
		return p.Name() == pkg && ast.IsExported(member) && p.Scope().Lookup(member) != nil
	})
}

// reach returns how many calls every C function is away from a Go function.
func (g *gosource) reach(from types.Object, c *csource) map[string]int {
	out := map[string]int{}
	seen := map[types.Object]bool{from: true}
	type item struct {
		obj   types.Object
		depth int
	}
	for queue := []item{{from, 0}}; len(queue) > 0; queue = queue[1:] {
		it := queue[0]
		f := g.funcs[it.obj]
		if f == nil {
			continue
		}
		for name := range f.cfuncs {
			calls, _ := c.closure(f.unit, name)
			for callee, depth := range calls {
				if old, ok := out[callee]; !ok || it.depth+depth < old {
					out[callee] = it.depth + depth
				}
			}
		}
		for next := range f.uses {
			if !seen[next] {
				seen[next] = true
				queue = append(queue, item{next, it.depth + 1})
			}
		}
	}
	return out
}

// decoders returns, for each constant OH_X of a C event, the exported types that Go
// makes of it: those of the composite literals in the case clause for it.
func (g *gosource) decoders() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	bodies := map[types.Object]ast.Node{}
	for _, file := range g.files {
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				bodies[g.info.Defs[fn.Name]] = fn.Body
			}
		}
	}
	var literals func(n ast.Node, event string, to map[string]bool, depth int)
	literals = func(n ast.Node, event string, to map[string]bool, depth int) {
		ast.Inspect(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CaseClause:
				if names := constants(n.List); len(names) > 0 && !slices.Contains(names, event) {
					return false // of another event
				}
			case *ast.CompositeLit:
				if name, st := g.structOf(g.info.Types[n].Type); st != nil && ast.IsExported(name) && embedsHeader(st) {
					to[name] = true
				}
			case *ast.Ident:
				if body := bodies[g.info.Uses[n]]; body != nil && !ast.IsExported(n.Name) && depth < 3 {
					literals(body, event, to, depth+1)
				}
			}
			return true
		})
	}
	note := func(keys []ast.Expr, values ...ast.Node) {
		for _, name := range constants(keys) {
			found := map[string]bool{}
			for _, v := range values {
				literals(v, name, found, 0)
			}
			// A clause for several constants leads to one for each.
			if len(found) > 0 && (out[name] == nil || len(found) < len(out[name])) {
				out[name] = found
			}
		}
	}
	for _, file := range g.files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CaseClause:
				var body []ast.Node
				for _, st := range n.Body {
					body = append(body, st)
				}
				note(n.List, body...)
			case *ast.KeyValueExpr:
				note([]ast.Expr{n.Key}, n.Value)
			}
			return true
		})
	}
	return out
}

// constants returns the constants of C in expressions.
func constants(exprs []ast.Expr) (out []string) {
	for _, e := range exprs {
		ast.Inspect(e, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if name, ok := strings.CutPrefix(id.Name, cgoConst); ok {
					out = append(out, name)
				}
			}
			return true
		})
	}
	return out
}

func embedsHeader(st *types.Struct) bool {
	return slices.ContainsFunc(fieldsOf(st), func(f *types.Var) bool { return f.Embedded() && f.Name() == "EventHeader" })
}

func fieldsOf(st *types.Struct) (out []*types.Var) {
	for i := range st.NumFields() {
		out = append(out, st.Field(i))
	}
	return out
}
