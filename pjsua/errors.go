package pjsua

import (
	"errors"
	"fmt"
)

// Status is a PJLIB status code (pj_status_t) other than success. It is a
// comparable error: errors.Is(err, pjsua.StatusTimedOut) looks through wrapping.
// Its text needs the library; [Error] carries it.
type Status int32

// Status codes that callers act on.
const (
	StatusInvalid   Status = 70004  // PJ_EINVAL
	StatusTimedOut  Status = 70009  // PJ_ETIMEDOUT
	StatusTooMany   Status = 70010  // PJ_ETOOMANY
	StatusBusy      Status = 70011  // PJ_EBUSY
	StatusInvalidOp Status = 70013  // PJ_EINVALIDOP
	StatusNotFound  Status = 70006  // PJ_ENOTFOUND
	StatusNoName    Status = 70018  // PJ_ERESOLVE: a host name has no address
	StatusInUse     Status = 120098 // the operating system's EADDRINUSE on Linux
	// StatusNoTelephoneEvent is PJMEDIA_RTP_EREMNORFC2833: the far end takes no digits by
	// RFC 4733.
	StatusNoTelephoneEvent Status = 220107
	StatusSIPBusy          Status = 171001 // PJSIP_EBUSY: the request before has no answer yet
	sipStatusBase          Status = 170000 // PJSIP_ERRNO_FROM_SIP_STATUS
	sipStatusLimit         Status = 170800
)

func (s Status) Error() string { return fmt.Sprintf("PJ status %d", int32(s)) }

// SIPCode returns the SIP code that the status stands for, 0 when it stands for
// none.
func (s Status) SIPCode() SIPCode {
	if s > sipStatusBase && s < sipStatusLimit {
		return SIPCode(s - sipStatusBase)
	}
	return 0
}

// SIPCode is a status code of RFC 3261 section 21. It is a comparable error:
// errors.Is(err, pjsua.CodeForbidden) looks through wrapping.
type SIPCode int

// SIP codes that callers act on.
const (
	CodeTrying                 SIPCode = 100
	CodeRinging                SIPCode = 180
	CodeProgress               SIPCode = 183
	CodeOK                     SIPCode = 200
	CodeMovedTemporarily       SIPCode = 302
	CodeUnauthorized           SIPCode = 401
	CodeForbidden              SIPCode = 403
	CodeNotFound               SIPCode = 404
	CodeRequestTimeout         SIPCode = 408
	CodeTemporarilyUnavailable SIPCode = 480
	CodeBusyHere               SIPCode = 486
	CodeRequestTerminated      SIPCode = 487
	CodeNotAcceptableHere      SIPCode = 488
	CodeInternalServerError    SIPCode = 500
	CodeServiceUnavailable     SIPCode = 503
	CodeBusyEverywhere         SIPCode = 600
	CodeDecline                SIPCode = 603
)

func (c SIPCode) Error() string { return fmt.Sprintf("SIP %d", int(c)) }

// Success says whether the code is a 2xx.
func (c SIPCode) Success() bool { return c >= 200 && c < 300 }

// Error is the failure of an operation of the library.
type Error struct {
	Op     string // what was tried, such as `dial "sip:1001@pbx"`
	Status Status
	text   string // PJSIP's text, taken when the error was made
}

func (e *Error) Error() string {
	if e.text == "" {
		return fmt.Sprintf("pjsua: %s: %v", e.Op, e.Status)
	}
	return fmt.Sprintf("pjsua: %s: %s (status %d)", e.Op, e.text, int32(e.Status))
}

// Text returns PJSIP's text for the status, without the operation.
func (e *Error) Text() string { return e.text }

// Is reports whether target is the error's Status or the SIP code it stands for.
func (e *Error) Is(target error) bool {
	switch t := target.(type) {
	case Status:
		return t == e.Status
	case SIPCode:
		return t != 0 && t == e.Status.SIPCode()
	}
	return false
}

// CallError is the refusal of a call that [Account.DialWait] waited for.
type CallError struct {
	Code   SIPCode
	Reason string
}

func (e *CallError) Error() string {
	return fmt.Sprintf("pjsua: call refused: %d %s", int(e.Code), e.Reason)
}

// Unwrap returns the code, so that errors.Is(err, pjsua.CodeBusyHere) works.
func (e *CallError) Unwrap() error { return e.Code }

var (
	// ErrClosed is returned by everything that needs an open Endpoint.
	ErrClosed = errors.New("pjsua: endpoint is closed")
	// ErrOpen is returned by Open while the process has an open Endpoint:
	// pjsua is a singleton.
	ErrOpen = errors.New("pjsua: an endpoint is open already")
	// ErrCallGone is returned by commands on a call that has ended.
	ErrCallGone = errors.New("pjsua: the call has ended")
	// ErrAccountGone is returned by commands on an account that was removed.
	ErrAccountGone = errors.New("pjsua: the account was removed")
	// ErrAudioGone is returned by reads and writes of an Audio that was closed.
	ErrAudioGone = errors.New("pjsua: the audio is closed")
	// ErrToneGone is returned by commands on a tone generator that was closed.
	ErrToneGone = errors.New("pjsua: the tone generator is closed")
	// ErrPortGone is returned by commands on a port or a connection of the bridge that is
	// not there any more.
	ErrPortGone = errors.New("pjsua: the port is gone")
	// ErrConnected is returned by KeepConnected for what is kept connected already.
	ErrConnected = errors.New("pjsua: these are kept connected already")
	// ErrInRoom is returned by Room.Join for one who is in the room already.
	ErrInRoom = errors.New("pjsua: it is in the room already")
	// ErrNotInRoom is returned by commands of a Room about one who is not in it.
	ErrNotInRoom = errors.New("pjsua: it is not in the room")
	// ErrNoMedia is returned by commands that need a call's audio while it has
	// none.
	ErrNoMedia = errors.New("pjsua: the call has no audio")
	// ErrNoCgo is returned by Open in a program built with CGO_ENABLED=0.
	ErrNoCgo = errors.New("pjsua: built without cgo, so without PJSIP")
)
