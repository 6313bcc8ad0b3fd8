package pjsua

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestErrorsMatchStatusAndCode(t *testing.T) {
	forbidden := fmt.Errorf("engine: account 2: %w", &Error{Op: "register", Status: 170403, text: "Forbidden"})
	for _, tc := range []struct {
		err, target error
		want        bool
	}{
		{forbidden, CodeForbidden, true},
		{forbidden, Status(170403), true},
		{forbidden, CodeNotFound, false},
		{forbidden, StatusInvalid, false},
		{&Error{Op: "x", Status: StatusTimedOut}, StatusTimedOut, true},
		{&Error{Op: "x", Status: StatusTimedOut}, SIPCode(0), false},
		{fmt.Errorf("call: %w", &CallError{486, "Busy Here"}), CodeBusyHere, true},
	} {
		if got := errors.Is(tc.err, tc.target); got != tc.want {
			t.Errorf("Is(%v, %v) = %v", tc.err, tc.target, got)
		}
	}
	var e *Error
	if !errors.As(forbidden, &e) || e.Op != "register" || e.Text() != "Forbidden" {
		t.Errorf("As gave %+v", e)
	}
	if got := forbidden.Error(); got != "engine: account 2: pjsua: register: Forbidden (status 170403)" {
		t.Errorf("text %q", got)
	}
	if Status(70004).SIPCode() != 0 || Status(170486).SIPCode() != CodeBusyHere {
		t.Error("SIPCode of a status")
	}
}

// Nothing that PJSIP could say makes a String panic.
func TestStringsOfUnknownValues(t *testing.T) {
	for _, s := range []fmt.Stringer{
		Role(9), CallState(-1), CallState(99), MediaStatus(77), MediaDir(4), DTMFMethod(5),
		TransportType(42), SRTPUse(-3), SRTPKeying(9), TransactionState(8),
	} {
		if text := s.String(); !strings.Contains(text, "(") {
			t.Errorf("%T: %q", s, text)
		}
	}
	if StateConfirmed.String() != "CONFIRMED" || DirSendRecv.String() != "sendrecv" || TLS6.String() != "TLS6" {
		t.Error("a known value has another name")
	}
}

func TestHeaderValues(t *testing.T) {
	invite := IncomingCall{Request: []byte("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP x\r\nX-Two: one\r\nx-two : two,\r\n  three\r\n" +
		"Subject:\r\nContent-Length: 11\r\n\r\nX-Two: body")}
	for name, want := range map[string]string{
		"X-Two": "[one two, three]", "subject": "[]", "INVITE sip": "[]", "none": "[]", "via": "[SIP/2.0/UDP x]",
	} {
		if got := fmt.Sprint(invite.HeaderValues(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := (IncomingCall{}).HeaderValues("Via"); got != nil {
		t.Errorf("no message: %q", got)
	}
}

func TestRedact(t *testing.T) {
	const msg = "TX 500 bytes:\nREGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"u\", response=\"0123\"\r\n" +
		"Proxy-Authorization : Digest nonce=\"n\",\r\n\tresponse=\"4567\"\r\nFrom: <sip:u@x>\r\n\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0a2V5|2^31\r\n"
	got := redact(msg)
	for _, secret := range []string{"0123", "4567", "c2VjcmV0a2V5"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is in %q", secret, got)
		}
	}
	if !strings.Contains(got, "From: <sip:u@x>") || !strings.Contains(got, "AES_CM_128_HMAC_SHA1_80 inline:***|2^31") {
		t.Errorf("too much was taken: %q", got)
	}
	if got := redact("TX: AEAD_AES_256_GCM key=GusUG9Yay+E="); got != "TX: AEAD_AES_256_GCM key=***" {
		t.Errorf("the key with which SRTP starts: %q", got)
	}
	// PJSIP logs messages at level 4.
	for level := range 7 {
		var out bytes.Buffer
		logLine(hclog.New(&hclog.LoggerOptions{Output: &out, Level: hclog.Trace}), level, "pjsua_core.c  .."+msg)
		if said := out.String(); strings.Contains(said, "0123") || !strings.Contains(said, "REGISTER sip:x") {
			t.Errorf("level %d: %q", level, said)
		}
	}
}

func TestCodecOrder(t *testing.T) {
	all := []Codec{{"PCMU/8000/1", 128}, {"PCMA/8000/1", 128}, {"speex/16000/1", 130}, {"speex/8000/1", 130}}
	order, err := codecOrder(all, []string{"pcma", "speex", "speex/8000"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"PCMA/8000/1": 254, "speex/16000/1": 253, "speex/8000/1": 253, "PCMU/8000/1": 0}
	if fmt.Sprint(order) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", order, want)
	}
	for _, ids := range [][]string{{"MP3"}, {""}, {"PCMU", "opus"}} {
		if _, err := codecOrder(all, ids); err == nil {
			t.Errorf("%q: no error", ids)
		}
	}
}

func TestValidateNamesEverything(t *testing.T) {
	err := errors.Join(
		Config{LogLevel: 7, Threads: 33, Nameservers: make([]string, 5), STUNServers: make([]string, 9),
			Media: MediaConfig{ClockRate: 12345, Quality: 11}}.Validate(),
		TransportConfig{Type: 9, Port: 70000, BindAddress: "localhost"}.Validate(),
		AccountConfig{Proxies: make([]string, 9), RTPPort: 65000, RTPPortRange: 1000, Credentials: []Credential{{Username: "a\r\nb"}}}.Validate())
	for _, want := range []string{"LogLevel", "Threads", "nameservers", "STUN", "ClockRate", "Quality", "type",
		"port 70000", `"localhost"`, "ID is empty", "proxies", "RTP ports", "line break"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if err := (Config{}).Validate(); err != nil {
		t.Error(err)
	}
}
