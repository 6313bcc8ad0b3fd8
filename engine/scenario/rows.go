package scenario

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// row is a set of values of variables.
type row struct {
	values   Pairs
	name     string
	template bool
}

// rows are those of the list or of the file that was read.
func (r *Rows) rows() []row {
	var list []row
	for i, values := range r.List {
		list = append(list, row{values: values, name: fmt.Sprintf("row=%d", i+1), template: true})
	}
	for i, values := range r.read {
		list = append(list, row{values: values, name: fmt.Sprintf("row=%d", i+1)})
	}
	return list
}

// names are those of all variables that rows give values to.
func (r *Rows) names() []string {
	names := slices.Clone(r.Columns)
	for _, list := range [][]Pairs{r.List, r.read} {
		for _, values := range list {
			for _, p := range values {
				if !slices.Contains(names, p.Name) {
					names = append(names, p.Name)
				}
			}
		}
	}
	return names
}

// load reads the file, once.
func (r *Rows) load(path string) error {
	if r.read != nil {
		return nil
	}
	data, err := readFile(path)
	if err != nil {
		return errors.New(fileError(err))
	}
	table, err := parseTable(string(data), r.Separator)
	if err != nil {
		return err
	}
	if r.Order == "" {
		r.Order = table.order
	}
	names := r.Columns
	if len(names) == 0 {
		names = table.names
	}
	for i, record := range table.records {
		var values Pairs
		for j, value := range record {
			name := fmt.Sprintf("field%d", j)
			if names != nil {
				if j >= len(names) {
					return fmt.Errorf("line %d has %d fields, and there are %d columns", table.lines[i], len(record), len(names))
				}
				name = names[j]
			}
			values = append(values, Pair{Name: name, Value: value})
		}
		if len(record) < len(names) {
			return fmt.Errorf("line %d has %d fields, and there are %d columns", table.lines[i], len(record), len(names))
		}
		r.read = append(r.read, values)
	}
	if len(r.read) == 0 {
		return errors.New("there are no rows in it")
	}
	return nil
}

// table is a CSV file.
type table struct {
	order   RowOrder // empty: not SIPp's form
	names   []string // nil in SIPp's form
	records [][]string
	lines   []int // of the records, from 1
}

// parseTable reads SIPp's form, whose first line says in which order its lines are taken, or a
// CSV with a line of names.
func parseTable(text, separator string) (*table, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("not valid UTF-8")
	}
	if separator != "" && utf8.RuneCountInString(separator) != 1 {
		return nil, fmt.Errorf("the separator %q is not one character", separator)
	}
	text = strings.TrimPrefix(text, "\ufeff")
	first, rest, _ := strings.Cut(text, "\n")
	t := &table{}
	words := strings.Split(strings.TrimSpace(first), ",")
	switch strings.ToUpper(words[0]) {
	case "SEQUENTIAL", "USER":
		t.order = Sequential
	case "RANDOM":
		t.order = Random
	default:
		return t, t.readNamed(text, separator)
	}
	for _, w := range words[1:] {
		if w = strings.TrimSpace(w); w != "" {
			return nil, fmt.Errorf("the first line says %s, which is not understood: write the lines out", w)
		}
	}
	if separator == "" {
		separator = ";"
	}
	for i, line := range strings.Split(rest, "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, separator)
		if len(fields) > 1 && fields[len(fields)-1] == "" {
			fields = fields[:len(fields)-1]
		}
		t.records = append(t.records, fields)
		t.lines = append(t.lines, i+2)
	}
	return t, nil
}

func (t *table) readNamed(text, separator string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	if separator != "" {
		r.Comma, _ = utf8.DecodeRuneInString(separator)
	}
	for {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		line, _ := r.FieldPos(0)
		if t.names == nil {
			for _, name := range record {
				if !validName(name) {
					return fmt.Errorf("line %d has the names of the columns, and %q is none: letters, digits, - and _", line, name)
				}
			}
			t.names = record
			continue
		}
		t.records, t.lines = append(t.records, record), append(t.lines, line)
	}
}
