package engine

import (
	"errors"
	"fmt"
)

var (
	// ErrRunTwice is returned by the second Run of an Engine.
	ErrRunTwice = errors.New("engine: Run was called before")
	// ErrNotRunning is returned by everything that needs a running Engine, before
	// [Engine.Started] and from the moment in which Run's context ends.
	ErrNotRunning = errors.New("engine: not running")
	// ErrCallEnded is returned by commands on a call that is over.
	ErrCallEnded = errors.New("engine: the call has ended")
	// ErrNoRegistrar is returned by Register and Unregister of an account without a
	// server.
	ErrNoRegistrar = errors.New("engine: the account has no server to register at")
	// ErrNotRinging is returned by what only an incoming call can do that is not
	// answered.
	ErrNotRinging = errors.New("engine: the call is not an incoming one that waits for an answer")
	// ErrNotAnswered is returned by what needs a call that is answered.
	ErrNotAnswered = errors.New("engine: the call is not answered")
	// ErrTransferPending is returned by a transfer of a call that is being transferred.
	ErrTransferPending = errors.New("engine: the call is being transferred")
	// ErrInConference is returned by a transfer of a call that is in a conference.
	ErrInConference = errors.New("engine: the call is in a conference")
	// ErrNoConference is returned by Separate of a call that is in none.
	ErrNoConference = errors.New("engine: the call is in no conference")
	// ErrNotRecording is returned by StopRecording of what is not being recorded.
	ErrNotRecording = errors.New("engine: the call is not being recorded to that file")
	// ErrMessagingDisabled is returned where disableMessaging is on.
	ErrMessagingDisabled = errors.New("engine: messages are off: disableMessaging")
	// ErrAccountBusy is returned by RemoveAccount of an account that has calls.
	ErrAccountBusy = errors.New("engine: the account has calls")
	// ErrAccountExists is returned by AddAccount for a number that is taken.
	ErrAccountExists = errors.New("engine: there is an account of that number")
)

// UnknownAccountError says that the configuration has no account of that number.
type UnknownAccountError struct {
	Number int
}

func (e *UnknownAccountError) Error() string {
	return fmt.Sprintf("engine: there is no account %d", e.Number)
}

// URIError says why a text cannot be dialled.
type URIError struct {
	Text   string // what was to be dialled
	Reason string
}

func (e *URIError) Error() string {
	return fmt.Sprintf("engine: cannot dial %q: %s", e.Text, e.Reason)
}

// RegistrationError is the failure that [Account.WaitRegistered] saw.
type RegistrationError struct {
	Account int
	Code    int    // as in [RegistrationChanged]
	Reason  string // the answer's, or why none came
	Detail  string // as in [RegistrationChanged]
}

func (e *RegistrationError) Error() string {
	text := fmt.Sprintf("engine: account %d: registration failed: ", e.Account)
	if e.Code != 0 {
		text += fmt.Sprintf("%d ", e.Code)
	}
	text += e.Reason
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}
