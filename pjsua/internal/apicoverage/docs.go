package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// undocumented lists the exported names without a doc comment, and the functions that are
// nearest to a function of pjsua.h which no comment names.
func (cov *coverage) undocumented() (out []string) {
	g := cov.g
	for name, text := range g.docs {
		if strings.TrimSpace(text) == "" && !plain(g, name) {
			out = append(out, name+" has no doc comment")
		}
	}
	for _, r := range cov.rows {
		if r.covered() || r.reason != "" {
			continue
		}
		for _, name := range r.silent {
			out = append(out, fmt.Sprintf("%s calls %s and does not say so", name, r.name))
		}
	}
	slices.Sort(out)
	return out
}

// plain says whether a name may go without a comment of its own: a field, which its type's
// comment or its name explains, and the methods that every error and Stringer has.
func plain(g *gosource, name string) bool {
	typ, member, ok := strings.Cut(name, ".")
	if !ok {
		return false
	}
	if fn, isFunc := g.exported[name].(*types.Func); isFunc {
		return slices.Contains([]string{"Error", "String"}, fn.Name())
	}
	return ast.IsExported(typ) && ast.IsExported(member)
}
