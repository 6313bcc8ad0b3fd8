package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const output = "nocgo.go"

// decl is a declaration of package scope, or a method.
type decl struct {
	file *ast.File
	gen  *ast.GenDecl  // of spec
	spec ast.Spec      // *ast.TypeSpec or *ast.ValueSpec
	fn   *ast.FuncDecl // or this
}

// source is package pjsua as it is parsed, its tests left out.
type source struct {
	fset    *token.FileSet
	cgo     map[string]decl // by name, what the files declare that need cgo
	methods []decl          // of those files, in the order of files and lines
	pure    map[string]decl // what the others declare
	needed  map[string]bool // names, and selectors, that the others use and do not declare
}

func load(dir string) (*source, error) {
	with, without := build.Default, build.Default
	with.CgoEnabled, without.CgoEnabled = true, false
	s := &source{
		fset: token.NewFileSet(), cgo: map[string]decl{}, pure: map[string]decl{}, needed: map[string]bool{},
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || name == output {
			continue
		}
		yes, err := with.MatchFile(dir, name)
		if err != nil {
			return nil, err
		}
		pure, err := without.MatchFile(dir, name)
		if err != nil {
			return nil, err
		}
		if !yes {
			continue
		}
		file, err := parser.ParseFile(s.fset, filepath.Join(dir, name), nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if !pure {
			s.add(file, s.cgo, true)
			continue
		}
		s.add(file, s.pure, false)
		for _, id := range file.Unresolved {
			s.needed[id.Name] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				s.needed["."+sel.Sel.Name] = true
			}
			return true
		})
	}
	if len(s.cgo) == 0 {
		return nil, fmt.Errorf("%s has no files that need cgo", dir)
	}
	return s, nil
}

func (s *source) add(file *ast.File, to map[string]decl, methods bool) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			switch {
			case d.Recv == nil:
				to[d.Name.Name] = decl{file: file, fn: d}
			case methods:
				s.methods = append(s.methods, decl{file: file, fn: d})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					to[spec.Name.Name] = decl{file: file, gen: d, spec: spec}
				case *ast.ValueSpec:
					for _, id := range spec.Names {
						if id.Name != "_" {
							to[id.Name] = decl{file: file, gen: d, spec: spec}
						}
					}
				}
			}
		}
	}
}

// receiver returns the name of the type that a method is of.
func receiver(fn *ast.FuncDecl) string {
	typ := fn.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

// importPath returns the path of the package that file calls name, "" for none.
func importPath(file *ast.File, name string) string {
	for _, imp := range file.Imports {
		path, _ := strconv.Unquote(imp.Path.Value)
		if imp.Name != nil && imp.Name.Name == name || imp.Name == nil && filepath.Base(path) == name ||
			imp.Name == nil && strings.TrimPrefix(filepath.Base(path), "go-") == name {
			return path
		}
	}
	return ""
}
