package main

import (
	"go/ast"
	"strings"
)

// function writes the stub of a function or method.
func (g *generator) function(d decl) {
	fn := d.fn
	name := fn.Name.Name
	if g.usesC(fn.Type) {
		g.fail(fn, "the signature of %s has C types", name)
		return
	}
	key, title, text := "1 "+name, name, "func "
	recv := ""
	if fn.Recv != nil {
		recv = receiver(fn)
		key = "2 " + recv + "." + name
		typ := g.print(d.file, fn.Recv.List[0].Type)
		if names := fn.Recv.List[0].Names; len(names) > 0 {
			typ = names[0].Name + " " + typ
		}
		text += "(" + typ + ") "
	}
	text += name + strings.TrimPrefix(g.print(d.file, fn.Type), "func")
	body, says := g.body(d, recv)
	comment := ""
	if fn.Name.IsExported() {
		comment = "// " + title + " " + says + ".\n"
	}
	if body == "" {
		text += " {}"
	} else {
		text += " { " + body + " }"
	}
	g.text[key] = comment + text + "\n"
}

// body returns what a stub does and how its comment says that.
func (g *generator) body(d decl, recv string) (code, says string) {
	fn := d.fn
	if code, ok := special[fn.Name.Name]; ok && recv == "" {
		return code, "has nothing to tell without cgo"
	}
	if fn.Type.Results == nil {
		return "", "does nothing without cgo"
	}
	if field := getter(fn); field != "" && g.kept[recv][field] {
		return "return " + fn.Recv.List[0].Names[0].Name + "." + field, "returns what the handle was made with"
	}
	if typ, lit := constructor(fn); lit != nil && len(g.kept[typ]) > 0 {
		return "return &" + typ + "{" + strings.Join(g.set(typ, lit), ", ") + "}", "returns a handle whose methods return ErrNoCgo"
	}
	says = "returns zero values without cgo"
	var values []string
	for _, f := range fn.Type.Results.List {
		zero := g.zero(d.file, f.Type)
		if id, ok := f.Type.(*ast.Ident); ok && id.Name == "error" {
			zero, says = "ErrNoCgo", "returns ErrNoCgo"
		}
		for range max(1, len(f.Names)) {
			values = append(values, zero)
		}
	}
	if says != "returns ErrNoCgo" && len(values) == 1 {
		says = "returns " + values[0] + " without cgo"
	}
	return "return " + strings.Join(values, ", "), says
}

// zero returns the zero value of a type as an expression.
func (g *generator) zero(file *ast.File, typ ast.Expr) string {
	switch t := typ.(type) {
	case *ast.StarExpr, *ast.MapType, *ast.ChanType, *ast.FuncType, *ast.InterfaceType:
		return "nil"
	case *ast.ArrayType:
		if t.Len == nil {
			return "nil"
		}
	case *ast.SelectorExpr:
		switch g.print(file, t) {
		case "time.Duration":
			return "0"
		case "context.Context", "error", "net.Addr", "net.Conn":
			return "nil"
		case "time.Time":
			return "time.Time{}"
		}
	case *ast.Ident:
		switch t.Name {
		case "string":
			return `""`
		case "bool":
			return "false"
		case "any", "error":
			return "nil"
		}
		if strings.Contains(" int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr byte rune float32 float64 ",
			" "+t.Name+" ") {
			return "0"
		}
		// NoPort is the PortID of nothing.
		none := "No" + strings.TrimSuffix(t.Name, "ID")
		if _, ok := g.pure[none]; ok && strings.HasSuffix(t.Name, "ID") {
			return none
		}
		d, ok := g.pure[t.Name]
		if !ok {
			d = g.cgo[t.Name]
		}
		if spec, ok := d.spec.(*ast.TypeSpec); ok {
			if _, ok := spec.Type.(*ast.StructType); ok {
				return t.Name + "{}"
			}
			return g.zero(d.file, spec.Type)
		}
	}
	return "*new(" + g.print(file, typ) + ")"
}

// getter returns the field of the receiver that fn does nothing but return.
func getter(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List[0].Names) == 0 {
		return ""
	}
	if sel, ok := only(fn).(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == fn.Recv.List[0].Names[0].Name {
			return sel.Sel.Name
		}
	}
	return ""
}

// constructor returns the type and the literal of a function that does nothing but
// return a handle: &T{...}.
func constructor(fn *ast.FuncDecl) (string, *ast.CompositeLit) {
	if addr, ok := only(fn).(*ast.UnaryExpr); ok {
		if lit, ok := addr.X.(*ast.CompositeLit); ok {
			if id, ok := lit.Type.(*ast.Ident); ok {
				return id.Name, lit
			}
		}
	}
	return "", nil
}

// only returns the expression of a function that is a return statement.
func only(fn *ast.FuncDecl) ast.Expr {
	if fn.Body == nil || len(fn.Body.List) != 1 {
		return nil
	}
	if ret, ok := fn.Body.List[0].(*ast.ReturnStmt); ok && len(ret.Results) == 1 {
		return ret.Results[0]
	}
	return nil
}

// findKept finds the fields that exported constructors without an error set from their
// parameters: handles keep these.
func (g *generator) findKept() {
	fns := g.methods
	for _, d := range g.cgo {
		if d.fn != nil {
			fns = append(fns[:len(fns):len(fns)], d)
		}
	}
	for _, d := range fns {
		typ, lit := constructor(d.fn)
		if lit == nil || !d.fn.Name.IsExported() {
			continue
		}
		params := map[string]bool{}
		for _, f := range d.fn.Type.Params.List {
			for _, id := range f.Names {
				params[id.Name] = !g.usesC(f.Type)
			}
		}
		for field, value := range g.literal(typ, lit) {
			if id, ok := value.(*ast.Ident); ok && params[id.Name] {
				if g.kept[typ] == nil {
					g.kept[typ] = map[string]bool{}
				}
				g.kept[typ][field] = true
			}
		}
	}
}

// literal returns the fields that a literal sets.
func (g *generator) literal(typ string, lit *ast.CompositeLit) map[string]ast.Expr {
	out := map[string]ast.Expr{}
	names := g.fieldNames(typ)
	for i, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				out[id.Name] = kv.Value
			}
		} else if i < len(names) {
			out[names[i]] = elt
		}
	}
	return out
}

func (g *generator) fieldNames(typ string) (names []string) {
	spec, ok := g.cgo[typ].spec.(*ast.TypeSpec)
	if !ok {
		return nil
	}
	st, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	for _, f := range st.Fields.List {
		if len(f.Names) == 0 {
			if id, ok := unstar(f.Type).(*ast.Ident); ok {
				names = append(names, id.Name)
			}
		}
		for _, id := range f.Names {
			names = append(names, id.Name)
		}
	}
	return names
}

// set returns the kept fields of a literal as its stub sets them.
func (g *generator) set(typ string, lit *ast.CompositeLit) (out []string) {
	values := g.literal(typ, lit)
	for _, name := range g.fieldNames(typ) {
		if id, ok := values[name].(*ast.Ident); ok && g.kept[typ][name] {
			out = append(out, name+": "+id.Name)
		}
	}
	return out
}
