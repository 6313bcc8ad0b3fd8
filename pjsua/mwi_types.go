package pjsua

import (
	"bufio"
	"bytes"
	"fmt"
	"mime"
	"strings"
)

// MessageSummary is what an application/simple-message-summary document says of a
// mailbox (RFC 3842).
type MessageSummary struct {
	Waiting bool
	Account string // of the mailbox, empty when it does not say
	// Messages are the counts by class, such as "voice-message", in small letters.
	Messages map[string]MessageCount
}

// MessageCount is how many messages of one class there are.
type MessageCount struct {
	New, Old             int // all, urgent ones too
	UrgentNew, UrgentOld int
}

// Voice returns the count of voice messages.
func (s MessageSummary) Voice() MessageCount { return s.Messages["voice-message"] }

// Fax returns the count of faxes.
func (s MessageSummary) Fax() MessageCount { return s.Messages["fax-message"] }

// MWIChanged reports what a NOTIFY told of a mailbox, whether the account has subscribed
// to it or not: pjsua's on_mwi_info.
type MWIChanged struct {
	EventHeader
	Account    AccountID
	Subscribed bool // the NOTIFY belongs to the account's own subscription
	Summary    MessageSummary
	// Err says why Summary is empty: the NOTIFY has no body, or none of this kind.
	Err         error
	ContentType string
	Body        []byte // as it came
	Source      string // address and port it came from
}

// ParseMessageSummary reads the body of a NOTIFY about a mailbox. Lines that it does not
// know are left out.
func ParseMessageSummary(contentType string, body []byte) (MessageSummary, error) {
	if typ, _, err := mime.ParseMediaType(contentType); err != nil || typ != "application/simple-message-summary" {
		return MessageSummary{}, fmt.Errorf("pjsua: the body is %q, not application/simple-message-summary", contentType)
	}
	s := MessageSummary{Messages: map[string]MessageCount{}}
	known := false
	lines := bufio.NewScanner(bytes.NewReader(body))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), ":")
		if !ok {
			if strings.TrimSpace(name) == "" {
				break // headers of single messages follow
			}
			continue
		}
		value = strings.TrimSpace(value)
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "messages-waiting":
			s.Waiting, known = strings.EqualFold(value, "yes"), true
		case "message-account":
			s.Account = value
		default:
			if c, ok := messageCount(value); ok && len(s.Messages) < 64 {
				s.Messages[name] = c
			}
		}
	}
	if !known {
		return MessageSummary{}, fmt.Errorf("pjsua: the message summary does not say whether messages wait")
	}
	return s, nil
}

// messageCount reads "2/8 (0/2)".
func messageCount(text string) (MessageCount, bool) {
	var c MessageCount
	counts, urgent, both := strings.Cut(text, "(")
	if n, _ := fmt.Sscanf(strings.TrimSpace(counts), "%d/%d", &c.New, &c.Old); n != 2 || c.New < 0 || c.Old < 0 {
		return c, false
	}
	if both {
		if n, _ := fmt.Sscanf(urgent, "%d/%d)", &c.UrgentNew, &c.UrgentOld); n != 2 || c.UrgentNew < 0 || c.UrgentOld < 0 {
			return c, false
		}
	}
	return c, true
}
