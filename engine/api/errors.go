package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Error is the body of every answer that is no success, as application/problem+json
// (RFC 9457), and what [Client] returns for it.
type Error struct {
	Title  string `json:"title,omitempty" doc:"The phrase of the HTTP status"`
	Status int    `json:"status,omitempty" doc:"The HTTP status"`
	Detail string `json:"detail,omitempty" doc:"What went wrong, for people"`
	// Code is a word for programs, one of the Code constants.
	Code string `json:"code,omitempty" doc:"What went wrong, for programs"`
	// Errors names the parts of the request that are wrong.
	Errors []Fault `json:"errors,omitempty" doc:"The parts of the request that are wrong"`
}

// Fault is a part of a request that is wrong.
type Fault struct {
	Location string `json:"location,omitempty" doc:"Such as body.uri"`
	Message  string `json:"message,omitempty"`
}

// The values of [Error.Code].
const (
	CodeBadRequest     = "bad-request"     // malformed, or a value is out of range
	CodeUnauthorized   = "unauthorized"    // no token, or an unknown one
	CodeForbidden      = "forbidden"       // the token lacks the scope, or the request comes from a web page
	CodeNotFound       = "not-found"       // no such path or file
	CodeNoCall         = "no-call"         // no such call, or none to choose
	CodeNoAccount      = "no-account"      // no such account
	CodeConflict       = "conflict"        // not in this state of the call, or the name is taken
	CodeTooLarge       = "too-large"       // the request is over the size limit
	CodeTooMany        = "too-many"        // over the rate limit, or too many readers
	CodeNotRunning     = "not-running"     // the engine starts or stops
	CodeFailed         = "failed"          // the softphone could not do it
	CodeInternal       = "internal"        // a mistake in the server
	CodeUnsupported    = "unsupported"     // content type, or the engine was built without it
	CodeTimeout        = "timeout"         // the request took too long to arrive
	CodeNotImplemented = "not-implemented" // a method that the path does not have
)

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = fmt.Sprintf("%d %s", e.Status, e.Title)
	}
	var faults []string
	for _, f := range e.Errors {
		faults = append(faults, strings.TrimSpace(f.Location+" "+f.Message))
	}
	if len(faults) > 0 {
		text += ": " + strings.Join(faults, "; ")
	}
	return text
}

// GetStatus makes huma answer with the error itself.
func (e *Error) GetStatus() int { return e.Status }

// ContentType is RFC 9457's.
func (e *Error) ContentType(string) string { return "application/problem+json" }

// Errorf makes an [Error] with an HTTP status and a code.
func Errorf(status int, code, format string, args ...any) *Error {
	return &Error{Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// codeOf is the code of an error that has a status only.
func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return CodeUnauthorized
	case http.StatusForbidden:
		return CodeForbidden
	case http.StatusNotFound:
		return CodeNotFound
	case http.StatusMethodNotAllowed:
		return CodeNotImplemented
	case http.StatusRequestTimeout:
		return CodeTimeout
	case http.StatusRequestEntityTooLarge:
		return CodeTooLarge
	case http.StatusUnsupportedMediaType:
		return CodeUnsupported
	case http.StatusTooManyRequests:
		return CodeTooMany
	case http.StatusServiceUnavailable:
		return CodeNotRunning
	}
	if status >= 500 {
		return CodeInternal
	}
	return CodeBadRequest
}

// fromHuma turns huma's own errors into ours. The values that huma echoes are left
// out: one may be a password.
func fromHuma(m *huma.ErrorModel) *Error {
	e := Errorf(m.Status, codeOf(m.Status), "%s", m.Detail)
	for _, d := range m.Errors {
		e.Errors = append(e.Errors, Fault{Location: d.Location, Message: d.Message})
	}
	return e
}

// asError makes an [*Error] of what a [Softphone] returned.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Errorf(http.StatusInternalServerError, CodeInternal, "%v", err)
}
