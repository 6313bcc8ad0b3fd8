package pjsua

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strconv"
	"strings"
)

// Message is a SIP message as it was sent or received (RFC 3261 section 7).
type Message struct {
	Method string // of a request; empty in a response, whose CSeq has it
	URI    string // of a request
	Code   SIPCode
	Reason string // of a response
	// Headers are the header fields in their order, as they were spelled; a folded
	// value is one line.
	Headers []Header
	Body    []byte
}

// ParseMessage reads a SIP message. It asks for a start line, and for nothing else that
// RFC 3261 wants to be there; lines that are no header field are left out. Lines may end
// in LF alone. A Content-Length that is smaller than what follows the headers cuts the
// body.
func ParseMessage(raw []byte) (*Message, error) {
	m := &Message{}
	head, body := splitHead(raw)
	lines := strings.Split(head, "\n")
	if err := m.startLine(strings.TrimSuffix(lines[0], "\r")); err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' { // folding, section 7.3.1
			if len(m.Headers) > 0 {
				h := &m.Headers[len(m.Headers)-1]
				h.Value = strings.TrimSpace(h.Value + " " + strings.TrimSpace(line))
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimRight(name, " \t")
		if ok && name != "" {
			m.Headers = append(m.Headers, Header{name, strings.TrimSpace(value)})
		}
	}
	if n, err := strconv.Atoi(m.Value("Content-Length")); err == nil && n >= 0 && n < len(body) {
		body = body[:n]
	}
	if len(body) > 0 {
		m.Body = bytes.Clone(body)
	}
	return m, nil
}

// splitHead cuts at the empty line after the headers.
func splitHead(raw []byte) (head string, body []byte) {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\n' {
			continue
		}
		rest := raw[i+1:]
		if bytes.HasPrefix(rest, []byte("\r\n")) {
			return string(raw[:i]), rest[2:]
		}
		if bytes.HasPrefix(rest, []byte("\n")) {
			return string(raw[:i]), rest[1:]
		}
	}
	return string(raw), nil
}

func (m *Message) startLine(line string) error {
	first, rest, ok := strings.Cut(line, " ")
	if !ok {
		return fmt.Errorf("pjsua: %q begins no SIP message", line)
	}
	if strings.EqualFold(first, "SIP/2.0") {
		code, reason, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseUint(code, 10, 16)
		if err != nil || len(code) != 3 || n < 100 || n > 699 {
			return fmt.Errorf("pjsua: %q is no status line", line)
		}
		m.Code, m.Reason = SIPCode(n), reason
		return nil
	}
	uri, version, ok := strings.Cut(rest, " ")
	if !ok || first == "" || uri == "" || !strings.EqualFold(version, "SIP/2.0") {
		return fmt.Errorf("pjsua: %q begins no SIP message", line)
	}
	m.Method, m.URI = first, uri
	return nil
}

// IsRequest says whether m is a request and not a response.
func (m *Message) IsRequest() bool { return m.Method != "" }

// Values returns the values of all header fields called name, in order. Names are
// compared without regard to case, and a compact form (RFC 3261 section 7.3.3) is the
// same as the long one: Values("From") finds "f: ..." too. A field whose value is a list
// gives the list as it stands.
func (m *Message) Values(name string) []string {
	if m == nil {
		return nil
	}
	want := longName(name)
	var out []string
	for _, h := range m.Headers {
		if longName(h.Name) == want {
			out = append(out, h.Value)
		}
	}
	return out
}

// Value returns the first of Values, "" when there is none.
func (m *Message) Value(name string) string {
	if v := m.Values(name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// CallID returns the Call-ID.
func (m *Message) CallID() string { return m.Value("Call-ID") }

// CSeq returns the number and the method of the CSeq, 0 and "" when it has none.
func (m *Message) CSeq() (number uint32, method string) {
	num, method, _ := strings.Cut(m.Value("CSeq"), " ")
	n, err := strconv.ParseUint(num, 10, 32)
	if err != nil {
		return 0, ""
	}
	return uint32(n), strings.TrimSpace(method)
}

// Parts returns the parts of a multipart body (RFC 5621), and the body as the only part
// when it is of another type; nothing when there is none.
func (m *Message) Parts() ([]BodyPart, error) {
	if m == nil || len(m.Body) == 0 {
		return nil, nil
	}
	contentType := m.Value("Content-Type")
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !strings.HasPrefix(media, "multipart/") {
		return []BodyPart{{ContentType: contentType, Body: m.Body}}, nil
	}
	var parts []BodyPart
	r := multipart.NewReader(bytes.NewReader(m.Body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			if len(parts) > 0 && errors.Is(err, io.EOF) {
				return parts, nil
			}
			return parts, fmt.Errorf("pjsua: multipart body: %w", err)
		}
		part := BodyPart{ContentType: p.Header.Get("Content-Type")}
		for name, values := range p.Header {
			for _, v := range values {
				if name != "Content-Type" {
					part.Headers = append(part.Headers, Header{name, v})
				}
			}
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(p); err != nil {
			return parts, fmt.Errorf("pjsua: multipart body: %w", err)
		}
		part.Body = body.Bytes()
		parts = append(parts, part)
	}
}

// longName is the lower-case long form of a header field's name. The compact forms are
// those of IANA's registry.
func longName(name string) string {
	name = strings.ToLower(name)
	if len(name) != 1 {
		return name
	}
	switch name[0] {
	case 'a':
		return "accept-contact"
	case 'b':
		return "referred-by"
	case 'c':
		return "content-type"
	case 'd':
		return "request-disposition"
	case 'e':
		return "content-encoding"
	case 'f':
		return "from"
	case 'i':
		return "call-id"
	case 'j':
		return "reject-contact"
	case 'k':
		return "supported"
	case 'l':
		return "content-length"
	case 'm':
		return "contact"
	case 'n':
		return "identity-info"
	case 'o':
		return "event"
	case 'r':
		return "refer-to"
	case 's':
		return "subject"
	case 't':
		return "to"
	case 'u':
		return "allow-events"
	case 'v':
		return "via"
	case 'x':
		return "session-expires"
	case 'y':
		return "identity"
	}
	return name
}

// parseRecord is ParseMessage for what PJSIP handed over, which it has parsed itself; nil
// where there is none.
func parseRecord(raw string) *Message {
	if raw == "" {
		return nil
	}
	m, err := ParseMessage([]byte(raw))
	if err != nil {
		return nil
	}
	return m
}

func headerValues(raw []byte, name string) []string { return parseRecord(string(raw)).Values(name) }
