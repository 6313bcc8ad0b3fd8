package contacts

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Document is what a users directory answers with.
type Document struct {
	Contacts []Contact
	// Refresh is when to ask again; 0 where the document does not say.
	Refresh time.Duration
	// Silent asks not to report what changed.
	Silent   bool
	Presence []Presence
}

// Presence is the state of a number, as a directory tells it.
type Presence struct {
	Number string `json:"number"`
	// Status is "offline", "online", "away", "busy", "ring" or "phone".
	Status string `json:"status"`
	Info   string `json:"info,omitempty"`
}

// Parse reads a document by its content: JSON, XML (MicroSIP's contacts, Yealink's phone
// book, or entries with a name and an extension or telephone), else CSV. contentType
// decides where the content does not.
func Parse(contentType string, data []byte) (Document, error) {
	if len(data) > MaxSize {
		return Document{}, errLarge
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case len(data) == 0:
		return Document{}, errors.New("contacts: the document is empty")
	case strings.HasPrefix(contentType, "text/csv"):
	case data[0] == '[' || data[0] == '{':
		return parseJSON(data)
	case data[0] == '<':
		return parseXML(data)
	}
	list, err := parseCSV(data)
	return Document{Contacts: list}, err
}

// parseJSON takes an array of contacts, or an object with items.
func parseJSON(data []byte) (Document, error) {
	var doc struct {
		Refresh  any              `json:"refresh"`
		Silent   any              `json:"silent"`
		Items    []map[string]any `json:"items"`
		Presence []map[string]any `json:"presence"`
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber() // a number can be longer than a float has digits
	var err error
	if data[0] == '[' {
		err = in.Decode(&doc.Items)
	} else {
		err = in.Decode(&doc)
	}
	if err != nil {
		return Document{}, fmt.Errorf("contacts: JSON: %w", err)
	}
	if len(doc.Items) > MaxContacts || len(doc.Presence) > MaxContacts {
		return Document{}, errMany
	}
	out := Document{Refresh: seconds(text(doc.Refresh)), Silent: truth(text(doc.Silent))}
	for _, item := range doc.Items {
		var c Contact
		for name, value := range item {
			if f := attributeOf(name); f != nil {
				f.set(&c, text(value))
			}
		}
		if usable(c) {
			out.Contacts = append(out.Contacts, c)
		}
	}
	for _, item := range doc.Presence {
		p := Presence{Number: clean(text(item["number"])), Status: clean(text(item["status"])), Info: clean(text(item["info"]))}
		if p.Number != "" {
			out.Presence = append(out.Presence, p)
		}
	}
	return out, nil
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "1"
		}
		return "0"
	}
	return ""
}

func truth(s string) bool { return s == "1" || strings.EqualFold(s, "true") }

// seconds returns 0 for what is no whole number above 0.
func seconds(s string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt32 {
		return 0
	}
	return time.Duration(n) * time.Second
}

// parseXML takes the elements of all dialects wherever they stand.
func parseXML(data []byte) (Document, error) {
	in := xml.NewDecoder(bytes.NewReader(data))
	in.CharsetReader = func(charset string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(charset, "iso-8859-1") || strings.EqualFold(charset, "latin1") || strings.EqualFold(charset, "windows-1252") {
			return latin1{r}, nil
		}
		return nil, fmt.Errorf("the character set %s is not known", charset)
	}
	p := xmlParser{in: in}
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			if !p.seen {
				return Document{}, errors.New("contacts: XML: no element")
			}
			return p.doc, nil
		}
		if err != nil {
			return Document{}, fmt.Errorf("contacts: XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			err = p.start(token)
		case xml.EndElement:
			p.end(token)
		case xml.CharData:
			if p.entry != nil && p.child != "" && len(p.value) < 4096 {
				p.value += string(token)
			}
		}
		if err != nil {
			return Document{}, err
		}
	}
}

type xmlParser struct {
	in    *xml.Decoder
	doc   Document
	seen  bool
	depth int

	entry      *Contact // that children are read for
	entryDepth int
	child      string
	value      string
}

func (p *xmlParser) start(e xml.StartElement) error {
	p.seen = true
	p.depth++
	if p.depth > maxDepth {
		return errors.New("contacts: XML: too many elements in one another")
	}
	name := strings.ToLower(e.Name.Local)
	if p.entry != nil {
		p.child, p.value = name, ""
		return nil
	}
	switch name {
	case "contacts":
		for _, a := range e.Attr {
			switch strings.ToLower(a.Name.Local) {
			case "refresh":
				p.doc.Refresh = seconds(a.Value)
			case "silent":
				p.doc.Silent = truth(a.Value)
			}
		}
	case "contact":
		var c Contact
		for _, a := range e.Attr {
			if f := attributeOf(a.Name.Local); f != nil {
				f.set(&c, a.Value)
			}
		}
		return p.add(c)
	case "unit": // Yealink
		var c Contact
		for _, a := range e.Attr {
			p.yealink(&c, a.Name.Local, a.Value)
		}
		return p.add(c)
	case "entry", "directoryentry":
		p.entry, p.entryDepth = new(Contact), p.depth
		for _, a := range e.Attr {
			generic(p.entry, a.Name.Local, a.Value)
		}
	}
	return nil
}

func (p *xmlParser) end(xml.EndElement) {
	if p.entry != nil {
		if p.depth == p.entryDepth {
			// The bound was checked when the entry began.
			_ = p.add(*p.entry)
			p.entry = nil
		} else if p.child != "" {
			generic(p.entry, p.child, p.value)
		}
		p.child, p.value = "", ""
	}
	p.depth--
}

func (p *xmlParser) add(c Contact) error {
	if !usable(c) {
		return nil
	}
	if len(p.doc.Contacts) >= MaxContacts {
		return errMany
	}
	p.doc.Contacts = append(p.doc.Contacts, c)
	return nil
}

func (p *xmlParser) yealink(c *Contact, name, value string) {
	value = clean(value)
	switch strings.ToLower(name) {
	case "name":
		c.Name = value
	case "phone1":
		c.Number = value
	case "phone2":
		c.Phone = value
	case "phone3":
		c.Mobile = value
	}
}

// generic takes a child or attribute of an entry.
func generic(c *Contact, name, value string) {
	value = clean(value)
	if value == "" {
		return
	}
	switch strings.ToLower(name) {
	case "name":
		c.Name = value
	case "extension", "telephone":
		switch {
		case c.Number == "":
			c.Number = value
		case c.Phone == "":
			c.Phone = value
		case c.Mobile == "":
			c.Mobile = value
		}
	}
}

// latin1 reads ISO 8859-1 as UTF-8.
type latin1 struct{ r io.Reader }

func (l latin1) Read(p []byte) (int, error) {
	if len(p) < 2 {
		return 0, io.ErrShortBuffer
	}
	raw := make([]byte, len(p)/2)
	n, err := l.r.Read(raw)
	out := p[:0]
	for _, b := range raw[:n] {
		if b < 0x80 {
			out = append(out, b)
		} else {
			out = append(out, 0xc0|b>>6, 0x80|b&0x3f)
		}
	}
	return len(out), err
}
