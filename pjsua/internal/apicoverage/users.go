package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed users.md
var usersIntroduction string

// users is the page for those who know pjsua or pjsua2.
func (cov *coverage) users() ([]byte, error) {
	pjsua2, err := readPJSUA2(pjsua2File)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(usersIntroduction)
	for _, t := range tables() {
		var lines []string
		for _, r := range cov.rows {
			if r.table != t || !r.covered() && !strings.HasPrefix(r.reason, "superseded") {
				continue
			}
			c := r.name
			if strings.Contains(t, "_") { // the heading has the struct
				_, c, _ = strings.Cut(r.name, ".")
			}
			c = "`" + c + "`"
			names := pjsua2[r.name]
			if len(names) > 4 { // a helper that half of pjsua2 calls
				names = nil
			}
			for _, name := range names {
				class, member, _ := strings.Cut(name, "::")
				if class == member {
					name = class
				}
				c += "<br>`" + name + "`"
			}
			lines = append(lines, fmt.Sprintf("| %s | %s |\n", c, cov.ours(r)))
		}
		if len(lines) > 0 {
			fmt.Fprintf(&b, "\n## %s\n\n| C, pjsua2 | Go |\n|---|---|\n%s", title(t), strings.Join(lines, ""))
		}
	}
	b.WriteString("\n## Beyond pjsua.h\n\n| C | Go |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(cov.beyond)) {
		fmt.Fprintf(&b, "| `%s` | `%s` |\n", name, strings.Join(cov.beyond[name], "`, `"))
	}
	return b.Bytes(), nil
}

// ours is what takes the place of a row, itself or by another.
func (cov *coverage) ours(r *row) string {
	by, ok := strings.CutPrefix(r.reason, "superseded by ")
	if !ok {
		return r.said()
	}
	for _, other := range cov.rows {
		if other.name == by && other.covered() {
			return other.said()
		}
	}
	return "`" + by + "`"
}
