// Package contacts reads and writes the formats in which people keep whom they call:
// MicroSIP's Contacts.xml and CSV, and what a users directory answers with. What it
// reads may come from anywhere, so it is bounded.
package contacts

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Contact is somebody, with MicroSIP's fields.
type Contact struct {
	Name      string `json:"name"`
	Number    string `json:"number"` // or SIP URI
	FirstName string `json:"firstname,omitempty"`
	LastName  string `json:"lastname,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Mobile    string `json:"mobile,omitempty"`
	Email     string `json:"email,omitempty"`
	Address   string `json:"address,omitempty"`
	City      string `json:"city,omitempty"`
	State     string `json:"state,omitempty"`
	Zip       string `json:"zip,omitempty"`
	Comment   string `json:"comment,omitempty"`
	ID        string `json:"id,omitempty"`
	Info      string `json:"info,omitempty"`
	Presence  bool   `json:"presence,omitempty"` // to be watched
	Starred   bool   `json:"starred,omitempty"`
	Directory bool   `json:"directory,omitempty"` // from a users directory
}

const (
	// MaxSize bounds what is read, in bytes.
	MaxSize = 16 << 20
	// MaxContacts bounds how many contacts a document has.
	MaxContacts = 100_000
	maxDepth    = 32
)

var (
	errLarge = fmt.Errorf("contacts: more than %d bytes", MaxSize)
	errMany  = fmt.Errorf("contacts: more than %d contacts", MaxContacts)
)

// field is one of a contact's fields under its names.
type field struct {
	xml, csv string
	text     func(*Contact) *string
	flag     func(*Contact) *bool
}

// fields are in MicroSIP's order of columns.
var fields = []field{
	{xml: "name", csv: "Name", text: func(c *Contact) *string { return &c.Name }},
	{xml: "number", csv: "Number", text: func(c *Contact) *string { return &c.Number }},
	{xml: "firstname", csv: "First Name", text: func(c *Contact) *string { return &c.FirstName }},
	{xml: "lastname", csv: "Last Name", text: func(c *Contact) *string { return &c.LastName }},
	{xml: "phone", csv: "Phone Number", text: func(c *Contact) *string { return &c.Phone }},
	{xml: "mobile", csv: "Mobile Number", text: func(c *Contact) *string { return &c.Mobile }},
	{xml: "email", csv: "E-mail Address", text: func(c *Contact) *string { return &c.Email }},
	{xml: "address", csv: "Address", text: func(c *Contact) *string { return &c.Address }},
	{xml: "city", csv: "City", text: func(c *Contact) *string { return &c.City }},
	{xml: "state", csv: "State", text: func(c *Contact) *string { return &c.State }},
	{xml: "zip", csv: "Postal Code", text: func(c *Contact) *string { return &c.Zip }},
	{xml: "comment", csv: "Comment", text: func(c *Contact) *string { return &c.Comment }},
	{xml: "id", csv: "Id", text: func(c *Contact) *string { return &c.ID }},
	{xml: "info", csv: "Info", text: func(c *Contact) *string { return &c.Info }},
	{xml: "presence", csv: "Presence", flag: func(c *Contact) *bool { return &c.Presence }},
	{xml: "directory", csv: "Directory", flag: func(c *Contact) *bool { return &c.Directory }},
	{xml: "starred", csv: "Starred", flag: func(c *Contact) *bool { return &c.Starred }},
}

func (f *field) set(c *Contact, value string) {
	value = clean(value)
	if f.flag != nil {
		switch strings.ToLower(value) {
		case "1", "true", "yes":
			*f.flag(c) = true
		default:
			*f.flag(c) = false
		}
		return
	}
	*f.text(c) = value
}

func (f *field) get(c *Contact) string {
	switch {
	case f.flag == nil:
		return *f.text(c)
	case *f.flag(c):
		return "1"
	}
	return "0"
}

// clean makes one line of text that XML can hold.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r < ' ' || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// usable says whether a contact can be called or at least has a name.
func usable(c Contact) bool { return c.Number != "" || c.Name != "" || c.Phone != "" || c.Mobile != "" }

// readAll reads at most [MaxSize] bytes as UTF-8, without a byte order mark.
func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > MaxSize {
		return nil, errLarge
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// Read reads contacts of any of the formats that [Parse] knows.
func Read(r io.Reader) ([]Contact, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	doc, err := Parse("", data)
	return doc.Contacts, err
}

// WriteXML writes MicroSIP's Contacts.xml.
func WriteXML(w io.Writer, list []Contact) error {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<contacts>\n")
	for i := range list {
		b.WriteString("  <contact")
		for _, f := range fields {
			fmt.Fprintf(&b, ` %s="`, f.xml)
			if err := xml.EscapeText(&b, []byte(clean(f.get(&list[i])))); err != nil {
				return err
			}
			b.WriteByte('"')
		}
		b.WriteString("/>\n")
	}
	b.WriteString("</contacts>\n")
	_, err := w.Write(b.Bytes())
	return err
}

// WriteCSV writes MicroSIP's export.
func WriteCSV(w io.Writer, list []Contact) error {
	out := csv.NewWriter(w)
	row := make([]string, len(fields))
	for i, f := range fields {
		row[i] = f.csv
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for i := range list {
		for j, f := range fields {
			row[j] = clean(f.get(&list[i]))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// parseCSV reads a table whose first line names the columns, in any order and case;
// columns that are not known are left out. The separator is a comma, a semicolon or a
// tab.
func parseCSV(data []byte) ([]Contact, error) {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1
	in.LazyQuotes = true
	in.ReuseRecord = true
	for _, comma := range []byte{';', '\t'} {
		if bytes.Count(first, []byte{comma}) > bytes.Count(first, []byte{byte(in.Comma)}) {
			in.Comma = rune(comma)
		}
	}
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("contacts: CSV: %w", err)
	}
	columns := make([]*field, len(header))
	known := false
	for i, name := range header {
		columns[i] = columnOf(name)
		known = known || columns[i] != nil
	}
	if !known {
		return nil, errors.New("contacts: CSV: the first line names no column such as Name or Number")
	}
	var list []Contact
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("contacts: CSV: %w", err)
		}
		var c Contact
		for i, value := range row {
			if i < len(columns) && columns[i] != nil {
				columns[i].set(&c, value)
			}
		}
		if !usable(c) {
			continue
		}
		if len(list) == MaxContacts {
			return nil, errMany
		}
		list = append(list, c)
	}
}

func columnOf(name string) *field {
	name = strings.ToLower(clean(name))
	for i := range fields {
		if name == strings.ToLower(fields[i].csv) || name == fields[i].xml {
			return &fields[i]
		}
	}
	return nil
}

func attributeOf(name string) *field {
	for i := range fields {
		if strings.EqualFold(name, fields[i].xml) {
			return &fields[i]
		}
	}
	return nil
}
