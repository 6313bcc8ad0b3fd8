package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	tests := []struct{ rows, csv, want, err string }{
		{"rows.csv", "number,who\n500,Ann\n\"0501\",\"Bob, Jr.\"\n", "number=500 who=Ann|number=0501 who=Bob, Jr.", ""},
		{"rows.csv", "SEQUENTIAL\n# a comment\n1001;secret;\n\n1002;${x}\r\n", "field0=1001 field1=secret|field0=1002 field1=${x}", ""},
		{"{file: rows.csv, columns: [user, pw]}", "RANDOM\n1;2\n", "user=1 pw=2", ""},
		{"{file: rows.csv, separator: \"|\"}", "a|b\n1|2\n", "a=1 b=2", ""},
		{"rows.csv", "", "", "there are no rows in it"},
		{"rows.csv", "USER\n", "", "there are no rows in it"},
		{"rows.csv", "a,b\n1\n", "", "line 2 has 1 fields, and there are 2 columns"},
		{"rows.csv", "a,b\n1,2,3\n", "", "line 2 has 3 fields"},
		{"rows.csv", "a b,c\n1,2\n", "", `line 1 has the names of the columns, and "a b" is none`},
		{"rows.csv", "SEQUENTIAL,PRINTF=99\n1\n", "", "the first line says PRINTF=99"},
		{"{file: rows.csv, separator: ab}", "a\n1\n", "", "is not one character"},
		{"rows.csv", "a\n\xff\n", "", "not valid UTF-8"},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "rows.csv"), []byte(tt.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Parse(filepath.Join(dir, "a.yaml"), []byte("rows: "+tt.rows+"\nactors: {a: }\nsteps: [{log: x}]\n"), Options{})
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: %v, want %s", tt.csv, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.csv, err)
			continue
		}
		list, err := s.Expand()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range list {
			var pairs []string
			for _, p := range i.Values {
				pairs = append(pairs, p.Name+"="+p.Value)
				if value, err := i.Vars().Get(p.Name); err != nil || value != p.Value {
					t.Errorf("%s is %q, %v", p.Name, value, err)
				}
			}
			got = append(got, strings.Join(pairs, " "))
		}
		if strings.Join(got, "|") != tt.want {
			t.Errorf("%q: %q", tt.csv, got)
		}
		if random := strings.HasPrefix(tt.csv, "RANDOM"); random != (s.Rows.Order == Random) {
			t.Errorf("%q: order %q", tt.csv, s.Rows.Order)
		}
	}
}

func TestMatrix(t *testing.T) {
	s, err := Parse("a.yaml", []byte(`
name: calls
matrix:
  codec: [PCMU, opus]
  transport: [udp, tcp]
  exclude: [{codec: opus, transport: tcp}]
rows: [{n: 1}, {n: "${codec}"}]
actors: {a: {codecs: "${codec}", transport: "${transport}"}}
steps: [{log: "${n}"}]
`), Options{NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range list {
		n, err := i.Vars().Get("n")
		if err != nil {
			t.Fatal(err)
		}
		a := i.Scenario.Actors[0]
		got = append(got, fmt.Sprintf("%s: %s %s %s", i.Name(), a.Codecs, a.Transport, n))
	}
	want := []string{
		"calls [codec=PCMU transport=udp row=1]: [PCMU] udp 1",
		"calls [codec=PCMU transport=tcp row=1]: [PCMU] tcp 1",
		"calls [codec=opus transport=udp row=1]: [opus] udp 1",
		"calls [codec=PCMU transport=udp row=2]: [PCMU] udp PCMU",
		"calls [codec=PCMU transport=tcp row=2]: [PCMU] tcp PCMU",
		"calls [codec=opus transport=udp row=2]: [opus] udp opus",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
