package report

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	// A header field goes on in lines that begin with a blank.
	authHeader = regexp.MustCompile(`(?im)^((?:proxy-)?authorization)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*`)
	sdesKey    = regexp.MustCompile(`(?i)inline:[^\s|]+`)
	uriSecret  = regexp.MustCompile(`(?i)\b(sips?:[^\s:@<>";,]+):[^\s@<>"]+@`)
)

// redact puts *** in place of what is secret in a SIP message: the answers to digest
// challenges, the keys of SRTP by RFC 4568, and passwords in URIs. Its body may then be
// shorter than its Content-Length says.
func redact(message string) string {
	message = authHeader.ReplaceAllString(message, "$1: ***")
	message = sdesKey.ReplaceAllString(message, "inline:***")
	return uriSecret.ReplaceAllString(message, "$1:***@")
}

func redactAll(messages []SIPMessage) []SIPMessage {
	if messages == nil {
		return nil
	}
	out := make([]SIPMessage, len(messages))
	for i, m := range messages {
		m.Raw = redact(m.Raw)
		out[i] = m
	}
	return out
}

// startLine is what the ladder shows of a SIP message.
type startLine struct {
	method string // of a request
	code   int    // of a response
	reason string
	cseq   string // "1 INVITE"
	callID string
	sdp    bool
}

// label is such as "INVITE (SDP)" and "183 Session Progress (SDP)".
func (l startLine) label() string {
	s := l.method
	if l.code > 0 {
		s = strings.TrimSpace(strconv.Itoa(l.code) + " " + l.reason)
	}
	if s == "" {
		s = "not SIP"
	}
	if l.sdp {
		s += " (SDP)"
	}
	return s
}

// parseStart reads what is in every SIP message; of what is none it returns nothing.
func parseStart(raw string) startLine {
	var l startLine
	head, body, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimLeft(head, "\n"), "\n")
	first := lines[0]
	switch {
	case strings.HasPrefix(first, "SIP/2.0 "):
		code, reason, _ := strings.Cut(first[len("SIP/2.0 "):], " ")
		l.code, _ = strconv.Atoi(code)
		l.reason = reason
	case strings.HasSuffix(first, " SIP/2.0"):
		l.method, _, _ = strings.Cut(first, " ")
	default:
		return l
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "cseq":
			l.cseq = value
		case "call-id", "i":
			l.callID = value
		case "content-type", "c":
			l.sdp = strings.HasPrefix(strings.ToLower(value), "application/sdp") && strings.TrimSpace(body) != ""
		}
	}
	return l
}
