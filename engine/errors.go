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
