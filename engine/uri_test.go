package engine

import (
	"errors"
	"strings"
	"testing"
)

func TestDialTarget(t *testing.T) {
	for _, test := range []struct{ text, domain, transport, want string }{
		{"1001", "pbx", "udp", "sip:1001@pbx"},
		{" 1001 ", "pbx:5070", "", "sip:1001@pbx:5070"},
		{"1001", "pbx", "tcp", "sip:1001@pbx;transport=tcp"},
		{"1001", "pbx", "tls", "sip:1001@pbx;transport=tls"},
		{"(030) 123-45/6", "pbx", "udp", "sip:030123456@pbx"},
		{"+49.30.12", "pbx", "udp", "sip:+493012@pbx"},
		{"*98#", "pbx", "udp", "sip:*98%23@pbx"},
		{"alice", "pbx", "udp", "sip:alice@pbx"},
		{"john.doe-2", "pbx", "udp", "sip:john.doe-2@pbx"},
		{"jürgen", "pbx", "udp", "sip:j%C3%BCrgen@pbx"},
		{"a%20b", "pbx", "udp", "sip:a%20b@pbx"},

		{"alice@host", "pbx", "udp", "sip:alice@host"},
		{"alice@host:5070;x=y", "pbx", "tcp", "sip:alice@host:5070;x=y;transport=tcp"},
		{"192.0.2.1", "pbx", "udp", "sip:192.0.2.1"},
		{"192.0.2.1:5070", "pbx", "udp", "sip:192.0.2.1:5070"},
		{"[2001:db8::1]:5070", "pbx", "udp", "sip:[2001:db8::1]:5070"},
		{"localhost", "pbx", "udp", "sip:localhost"},
		{"host:5070", "pbx", "udp", "sip:host:5070"},

		{"sip:1001", "pbx", "udp", "sip:1001@pbx"},
		{"SIP:1001;x=y", "pbx", "tcp", "sip:1001@pbx;x=y;transport=tcp"},
		{"sip:alice", "pbx", "udp", "sip:alice"},
		{"sip:alice@host", "", "udp", "sip:alice@host"},
		{"sip:echo@127.0.0.1:5066", "", "udp", "sip:echo@127.0.0.1:5066"},
		{"sip:alice@[::1]", "", "udp", "sip:alice@[::1]"},
		{"sip:a;b=c?d@host", "pbx", "udp", "sip:a;b=c?d@host"},
		{"sip:alice@host;transport=udp", "pbx", "tcp", "sip:alice@host;transport=udp"},
		{"sip:alice@host?X=y", "pbx", "tcp", "sip:alice@host;transport=tcp?X=y"},
		{"sips:alice@host", "pbx", "tls", "sips:alice@host"},

		{"tel:+49-30-12345", "pbx", "udp", "sip:+493012345@pbx;user=phone"},
		{"tel:112;phone-context=+49", "pbx", "tls", "sip:112@pbx;user=phone;transport=tls"},

		{`"Jo \"J\"" <sip:1001@pbx>`, "pbx", "udp", `"Jo \"J\"" <sip:1001@pbx>`},
		{`Jo Doe <1001>`, "pbx", "tcp", `"Jo Doe" <sip:1001@pbx;transport=tcp>`},
		{`<sip:1001@pbx;lr>`, "", "udp", "sip:1001@pbx;lr"},
	} {
		got, err := dialTarget(test.text, test.domain, test.transport)
		if err != nil || got != test.want {
			t.Errorf("dialTarget(%q, %q, %q) = %q, %v; want %q", test.text, test.domain, test.transport, got, err, test.want)
		}
	}
}

func TestDialTargetRefuses(t *testing.T) {
	for _, test := range []struct{ text, domain, reason string }{
		{"", "pbx", "empty"},
		{"  ", "pbx", "empty"},
		{strings.Repeat("1", 901), "pbx", "longer"},
		{"1001\r\nX: y", "pbx", "control"},
		{"two words", "pbx", "' '"},
		{"1001", "", "no domain"},
		{"tel:112", "", "no domain"},
		{"tel:help", "pbx", "telephone number"},
		{"http://host/x", "pbx", `"http"`},
		{"mailto:a@b", "pbx", `"mailto"`},
		{"sip:", "pbx", "no host"},
		{"sip:@host", "pbx", "before the @"},
		{"alice@", "pbx", "no host"},
		{"alice@ho st", "pbx", "host name"},
		{"alice@-x", "pbx", "host name"},
		{"alice@a..b", "pbx", "host name"},
		{"alice@300.1.1.1", "pbx", "neither an IP address"},
		{"alice@host:0", "pbx", "no port"},
		{"alice@host:99999", "pbx", "no port"},
		{"sip:alice@[::1", "pbx", "IPv6"},
		{"sip:alice@[::1]x", "pbx", "follows"},
		{"sip:alice@[1.2.3.4]", "pbx", "IPv6"},
		{"a@b@host", "pbx", "'@'"},
		{"sip:alice@host;a=\"b\"", "pbx", "parameters"},
		{`"Jo <sip:1@pbx>`, "pbx", "no end"},
		{`"Jo" sip:1@pbx`, "pbx", "must follow"},
		{`Jo <sip:1@pbx`, "pbx", "closing"},
		{"<>", "pbx", "no user"},
	} {
		got, err := dialTarget(test.text, test.domain, "udp")
		var bad *URIError
		if !errors.As(err, &bad) {
			t.Errorf("dialTarget(%q) = %q, %v; want a URIError", test.text, got, err)
			continue
		}
		if bad.Text != test.text || !strings.Contains(bad.Reason, test.reason) {
			t.Errorf("dialTarget(%q): %v; want a reason with %q", test.text, err, test.reason)
		}
	}
}

func TestUserOf(t *testing.T) {
	for in, want := range map[string]string{
		`"Jo <J>" <sip:1001@pbx;x=y>;tag=1`: "1001",
		"sip:1001@pbx":                      "1001",
		"sip:1001;phone@pbx":                "1001",
		"<sip:192.0.2.1:5060>":              "192.0.2.1:5060",
		"sip:host;transport=tcp":            "host",
		"":                                  "",
	} {
		if got := userOf(in); got != want {
			t.Errorf("userOf(%q) = %q, want %q", in, got, want)
		}
	}
}

// What comes out of dialTarget is one line, one URI, and goes through unchanged.
func FuzzDialTarget(f *testing.F) {
	for _, s := range []string{"1001", "sip:a@b;c?d", `"N" <tel:+1>`, "[::1]:5", "a@b:5;x"} {
		f.Add(s, "pbx", "tcp")
	}
	f.Fuzz(func(t *testing.T, text, domain, transport string) {
		if checkHostPort(domain) != nil {
			return
		}
		uri, err := dialTarget(text, domain, transport)
		if err != nil {
			return
		}
		if strings.ContainsAny(uri, "\r\n\x00") {
			t.Errorf("%q: %q", text, uri)
		}
		again, err := dialTarget(uri, domain, transport)
		if err != nil || again != uri {
			t.Errorf("%q became %q, and that %q, %v", text, uri, again, err)
		}
	})
}
