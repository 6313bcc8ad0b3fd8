package pjsua

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every function that names a pjsua_ function or type of C takes the onThread token, or
// stands inside one that does. A type named in a signature or a declaration is no use
// of the library.
func TestOnlyTheExecutorEntersPJSUA(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	calls := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		calls += checkToken(t.Errorf, fset, file)
	}
	if calls < 50 {
		t.Errorf("only %d calls of pjsua were seen; does the test still see them?", calls)
	}
}

func TestCheckTokenSeesOffenders(t *testing.T) {
	for _, tc := range []struct {
		src  string
		want int
	}{
		{`func f() { C.pjsua_start() }`, 1},
		{`func f(t onThread) { C.pjsua_start() }`, 0},
		{`func f() { do(func(t onThread) error { C.pjsua_start(); return nil }) }`, 0},
		{`func f() { do(func() error { C.pjsua_start(); return nil }) }`, 1},
		{`func (t onThread) f() { C.pjsua_start() }`, 0},
		{`func f(id C.pjsua_call_id) {}`, 0},
		{`var x = C.pjsua_start()`, 1},
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package p\n"+tc.src, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		checkToken(func(string, ...any) { got++ }, fset, file)
		if got != tc.want {
			t.Errorf("%s: %d offenders, want %d", tc.src, got, tc.want)
		}
	}
}

func checkToken(report func(string, ...any), fset *token.FileSet, file *ast.File) (calls int) {
	var walk func(n ast.Node, allowed bool)
	walk = func(n ast.Node, allowed bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncDecl:
				if m != n && m.Body != nil {
					walk(m.Body, hasToken(m.Recv) || hasToken(m.Type.Params))
					return false
				}
			case *ast.FuncLit:
				if m != n {
					walk(m.Body, allowed || hasToken(m.Type.Params))
					return false
				}
			case *ast.CallExpr:
				sel, ok := m.Fun.(*ast.SelectorExpr)
				if !ok {
					break
				}
				pkg, ok := sel.X.(*ast.Ident)
				if !ok || pkg.Name != "C" || !isPJ(sel.Sel.Name) {
					break
				}
				calls++
				if !allowed {
					report("%v: C.%s is called without the onThread token", fset.Position(m.Pos()), sel.Sel.Name)
				}
			}
			return true
		})
	}
	walk(file, false)
	return calls
}

// isPJ says whether a C name enters the library. Type conversions such as
// C.pjsua_call_id(x) and C.pj_uint8_t(x) do not.
func isPJ(name string) bool {
	for _, conversion := range []string{"_id", "_t", "_e", "_use", "_method"} {
		if strings.HasSuffix(name, conversion) {
			return false
		}
	}
	for _, prefix := range []string{"pjsua_", "pjsip_", "pjmedia_", "pj_"} {
		if strings.HasPrefix(name, prefix) && name != "pj_get_version" {
			return true
		}
	}
	return false
}

func hasToken(fields *ast.FieldList) bool {
	if fields == nil {
		return false
	}
	for _, f := range fields.List {
		if id, ok := f.Type.(*ast.Ident); ok && id.Name == "onThread" {
			return true
		}
	}
	return false
}
