package pjsua

import (
	"regexp"
	"strings"

	"github.com/hashicorp/go-hclog"
)

func newLogger(l hclog.Logger) hclog.Logger {
	if l == nil {
		return hclog.NewNullLogger()
	}
	return l.Named("pjsip")
}

// pjLevel is the PJSIP level that fits what l prints: PJSIP's level 3, "info", tells
// about every message, so it is hclog's debug.
func pjLevel(l hclog.Logger) int {
	switch {
	case l == nil:
		return 0
	case l.IsTrace():
		return 5
	case l.IsDebug():
		return 4
	case l.IsWarn():
		return 2
	}
	return 1
}

// logLine writes one line of PJSIP's. Its sender, which PJSIP pads and puts first,
// becomes a pair.
func logLine(l hclog.Logger, level int, line string) {
	sender, text, _ := strings.Cut(strings.TrimSpace(line), " ")
	text = redact(strings.TrimLeft(text, " .!"))
	switch {
	case level <= 1:
		l.Error(text, "sender", sender)
	case level == 2:
		l.Warn(text, "sender", sender)
	case level <= 4:
		l.Debug(text, "sender", sender)
	default:
		l.Trace(text, "sender", sender)
	}
}

var (
	// A header field goes on in lines that begin with a blank.
	authHeader = regexp.MustCompile(`(?im)^((?:proxy-)?authorization)[ \t]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*`)
	sdesKey    = regexp.MustCompile(`inline:[^\s|]+`)
	// What PJSIP says when SRTP starts, whichever way its keys came.
	srtpKey = regexp.MustCompile(`^([RT]X: \S+ key=)\S+`)
)

// redact takes digests and SRTP keys out of a SIP message, or of another line of PJSIP's log.
func redact(text string) string {
	if !strings.Contains(text, ":") {
		return text
	}
	text = authHeader.ReplaceAllString(text, "$1: ***")
	text = srtpKey.ReplaceAllString(text, "$1***")
	return sdesKey.ReplaceAllString(text, "inline:***")
}
