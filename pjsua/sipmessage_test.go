package pjsua

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

const wireInvite = "INVITE sip:bob@example.com;x=1 SIP/2.0\r\n" +
	"v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n" +
	"VIA: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2\r\n" +
	"f: \"A:B\" <sip:a@example.com>;tag=1\r\n" +
	"To : <sip:bob@example.com>\r\n" +
	"i: one@two\r\n" +
	"CSeq: 4711  INVITE\r\n" +
	"s: folded\r\n\t over \r\n   lines\r\n" +
	"x: 90\r\n" +
	"k: 100rel\r\n" +
	"o: dialog\r\n" +
	"Empty:\r\n" +
	"c: text/plain\r\n" +
	"l: 5\r\n" +
	"\r\n" +
	"hello, and what follows"

func TestParseMessage(t *testing.T) {
	m, err := ParseMessage([]byte(wireInvite))
	if err != nil {
		t.Fatal(err)
	}
	if !m.IsRequest() || m.Method != "INVITE" || m.URI != "sip:bob@example.com;x=1" || string(m.Body) != "hello" {
		t.Errorf("%+v", m)
	}
	for name, want := range map[string]string{
		"Via": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1|SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2", "v": "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1|SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK2",
		"FROM": `"A:B" <sip:a@example.com>;tag=1`, "t": "<sip:bob@example.com>", "Subject": "folded over lines",
		"Session-Expires": "90", "supported": "100rel", "Event": "dialog", "empty": "", "Nothing": "",
	} {
		if got := strings.Join(m.Values(name), "|"); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if len(m.Values("Empty")) != 1 || len(m.Values("Nothing")) != 0 {
		t.Error("an empty header field is one, a missing one is none")
	}
	if n, method := m.CSeq(); n != 4711 || method != "INVITE" || m.CallID() != "one@two" {
		t.Errorf("CSeq %d %q, Call-ID %q", n, method, m.CallID())
	}

	m, err = ParseMessage([]byte("SIP/2.0 486 Busy Here\nCSeq: 1 INVITE\n\nx"))
	if err != nil || m.IsRequest() || m.Code != CodeBusyHere || m.Reason != "Busy Here" || string(m.Body) != "x" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, bad := range []string{
		"", "\r\n\r\n", "INVITE", "INVITE sip:a", "INVITE sip:a HTTP/1.1\r\n\r\n", "SIP/2.0 99 Low\r\n\r\n",
		"SIP/2.0 abc\r\n\r\n", "SIP/2.0 700 High\r\n\r\n",
	} {
		if m, err := ParseMessage([]byte(bad)); err == nil {
			t.Errorf("%q gave %+v", bad, m)
		}
	}
	m, err = ParseMessage([]byte("A b SIP/2.0\r\n folded\r\nnone\r\n: x\r\nTo: y"))
	if err != nil || len(m.Headers) != 1 || m.Value("To") != "y" {
		t.Errorf("%+v, %v", m, err)
	}
	var none *Message
	if none.Value("From") != "" || none.Values("From") != nil {
		t.Error("a nil message has header fields")
	}
}

func TestMessageParts(t *testing.T) {
	const multi = "MESSAGE sip:a@b SIP/2.0\r\nContent-Type: multipart/mixed;boundary=\"x-y\"\r\n\r\n" +
		"--x-y\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--x-y\r\nContent-Type: text/plain\r\nContent-ID: <1>\r\n\r\nhi\r\n--x-y--\r\n"
	m, err := ParseMessage([]byte(multi))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := m.Parts()
	want := []BodyPart{
		{ContentType: "application/sdp", Body: []byte("v=0\r\n")},
		{ContentType: "text/plain", Body: []byte("hi"), Headers: []Header{{"Content-Id", "<1>"}}},
	}
	if err != nil || !reflect.DeepEqual(parts, want) {
		t.Errorf("%+v, %v", parts, err)
	}
	m, _ = ParseMessage([]byte(wireInvite))
	if parts, err := m.Parts(); err != nil || len(parts) != 1 || parts[0].ContentType != "text/plain" || string(parts[0].Body) != "hello" {
		t.Errorf("%+v, %v", parts, err)
	}
	m, _ = ParseMessage([]byte(strings.Replace(multi, "--x-y--", "--x", 1)))
	if _, err := m.Parts(); err == nil {
		t.Error("a multipart body without its end was read")
	}
}

// What is read is what was written, and nothing makes the reader fail in another way
// than by an error.
func FuzzParseMessage(f *testing.F) {
	f.Add([]byte(wireInvite))
	f.Add([]byte("SIP/2.0 200 OK\r\nl: -1\r\n\r\nx"))
	f.Add([]byte("A b SIP/2.0\nc: multipart/mixed;boundary=a\n\n--a\n\n--a--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseMessage(raw)
		if err != nil {
			return
		}
		_, _ = m.Parts()
		_, _ = m.CSeq()
		var out bytes.Buffer
		if m.IsRequest() {
			out.WriteString(m.Method + " " + m.URI + " SIP/2.0\r\n")
		} else {
			out.WriteString("SIP/2.0 " + strings.TrimPrefix(m.Code.Error(), "SIP ") + " " + m.Reason + "\r\n")
		}
		for _, h := range m.Headers {
			out.WriteString(h.Name + ": " + h.Value + "\r\n")
		}
		out.WriteString("\r\n")
		out.Write(m.Body)
		again, err := ParseMessage(out.Bytes())
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Fatalf("%q\n%+v\n%+v %v", raw, m, again, err)
		}
	})
}
