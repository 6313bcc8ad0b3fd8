package scenario

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// comments are the doc comments of the package's types and of their fields, by "Type" and
// "Type.Field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				typ, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				doc := typ.Doc
				if doc == nil {
					doc = gen.Doc
				}
				docs[typ.Name.Name] = oneParagraph(doc.Text())
				if s, ok := typ.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, name := range f.Names {
							docs[typ.Name.Name+"."+name.Name] = oneParagraph(f.Doc.Text())
						}
					}
				}
			}
		}
	}
	return docs
}

func oneParagraph(text string) string { return strings.Join(strings.Fields(text), " ") }

var goName = regexp.MustCompile(`^[A-Z]\w*`)

// typeComment is the comment of a type without its name: "Waits for an incoming call..."
func typeComment(t *testing.T, docs map[string]string, typ reflect.Type) string {
	t.Helper()
	doc := docs[typ.Name()]
	rest := strings.TrimPrefix(doc, typ.Name()+" ")
	if doc == "" || rest == doc {
		t.Errorf("%s has no comment that begins with its name", typ.Name())
		return ""
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// fieldComment is the comment of a field without its name: "The SIP URI or the number."
func fieldComment(t *testing.T, docs map[string]string, typ reflect.Type, f field) string {
	t.Helper()
	name := typ.Field(f.index).Name
	doc := docs[typ.Name()+"."+name]
	if goName.FindString(doc) != name {
		t.Errorf("%s.%s has no comment that begins with its name", typ.Name(), name)
		return ""
	}
	rest := strings.TrimPrefix(doc, name+" ")
	for _, verb := range []string{"is ", "are "} {
		rest = strings.TrimPrefix(rest, verb)
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}
