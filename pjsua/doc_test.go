package pjsua

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every exported name has a doc comment that begins as Go's do. Methods that every error
// and Stringer has need none. That the comments name what they wrap `make api-coverage`
// checks, which knows.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	names := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		names += checkDocs(t.Errorf, fset, file)
	}
	if names < 200 {
		t.Errorf("only %d exported names were seen; does the test still see them?", names)
	}
}

func TestCheckDocsSeesOffenders(t *testing.T) {
	for src, want := range map[string]int{
		"func F() {}":                        1,
		"// F does.\nfunc F() {}":            0,
		"// Does.\nfunc F() {}":              1,
		"// M does.\nfunc (t *T) M() {}":     0,
		"func (t *T) M() {}":                 1,
		"func (t t) M() {}":                  0,
		"func (t T) Error() string":          0,
		"func f() {}":                        0,
		"type T int":                         1,
		"// A T is.\ntype T int":             0,
		"// Serials.\ntype (\nT int\nU int)": 0,
		"// Both are.\nconst (\nA=1\nB=2)":   0,
		"const (\nA=1 // is\n// B is\nB=2)":  0,
		"const (\nA, C=1, 2\nB=2 // is\n)":   2,
		"var E = 1":                          1,
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package p\n"+src, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		checkDocs(func(string, ...any) { got++ }, fset, file)
		if got != want {
			t.Errorf("%q: %d offenders, want %d", src, got, want)
		}
	}
}

func checkDocs(report func(string, ...any), fset *token.FileSet, file *ast.File) (names int) {
	check := func(id *ast.Ident, doc string, named bool) {
		if !id.IsExported() {
			return
		}
		names++
		first, rest, _ := strings.Cut(strings.TrimSpace(doc), " ")
		if first == "A" || first == "An" || first == "The" {
			first, _, _ = strings.Cut(rest, " ")
		}
		switch {
		case first == "":
			report("%v: %s has no doc comment", fset.Position(id.Pos()), id.Name)
		case named && first != id.Name:
			report("%v: the doc comment of %s does not begin with it", fset.Position(id.Pos()), id.Name)
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || exportedReceiver(d) && d.Name.Name != "Error" && d.Name.Name != "String" {
				check(d.Name, d.Doc.Text(), true)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					doc := spec.Doc.Text()
					if doc == "" {
						doc = d.Doc.Text()
					}
					check(spec.Name, doc, spec.Doc != nil || len(d.Specs) == 1)
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						check(id, spec.Doc.Text()+spec.Comment.Text()+d.Doc.Text(), false)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) (exported bool) {
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			exported = id.IsExported()
			return false
		}
		return !exported
	})
	return exported
}
