package microsip

import (
	"context"
	"errors"

	"github.com/offhook-voip/offhook/engine/config"
)

// ErrNoCall is returned for a command that needs a call that is not there: one that
// rings, or one that is selected.
var ErrNoCall = errors.New("microsip: there is no such call")

// ErrScreen is returned for what only a window could do.
var ErrScreen = errors.New("microsip: that needs a screen")

// ErrReset is returned for /reset and /resetnoask. MicroSIP removes its folder then, with the
// configuration, the contacts and the call log in it: a line that any program on the machine may
// send, and that takes away what nobody has a copy of.
var ErrReset = errors.New("microsip: nothing was reset: the configuration, contacts and call log are their owner's to remove")

// Direction is which way audio flows.
type Direction int

// The directions.
const (
	Microphone Direction = iota // what the far end hears
	Speaker                     // what is heard here
)

// Switch is what becomes of something that is on or off.
type Switch int

// The switches.
const (
	Off Switch = iota
	On
	Toggle
)

// Phone is what commands are carried out by. Methods that are about calls return the
// ids of those they were about.
type Phone interface {
	// Dial calls a number and sends digits once it was answered. Call 0 says that it waits
	// for the account to be registered.
	Dial(ctx context.Context, number, digits string) (call int64, err error)
	Redial(ctx context.Context) (call int64, err error)
	SendMessage(ctx context.Context, number, text string) error

	AnswerFirst(ctx context.Context) (call int64, err error)
	RejectFirst(ctx context.Context) (call int64, err error)
	HangupAll(ctx context.Context) (calls []int64, err error)
	HangupIncoming(ctx context.Context) (calls []int64, err error)
	HangupCalling(ctx context.Context) (calls []int64, err error)

	// Of the selected call, with ErrNoCall when there is none.
	HangupSelected(ctx context.Context) (call int64, err error)
	DTMFSelected(ctx context.Context, digits string) (call int64, err error)
	TransferSelected(ctx context.Context, number string) (call int64, err error)
	ToggleHold(ctx context.Context) (call int64, err error)

	// Mute turns the muting of all calls on or off.
	Mute(ctx context.Context, dir Direction, to Switch) error
	// StepVolume changes a level by so many steps of 5 %.
	StepVolume(ctx context.Context, dir Direction, steps int) error
	// SetVolume sets a level in per cent, from 0 to 100.
	SetVolume(ctx context.Context, dir Direction, percent int) error

	// SelectAccount makes an account the one that dials. With toggle, the one that dials
	// already is deselected.
	SelectAccount(ctx context.Context, number int, toggle bool) error
	// SetPassword sets an account's password and registers it again; 0 is the one that
	// dials, and nothing is stored.
	SetPassword(ctx context.Context, account int, password config.Secret) error

	// Exit ends the engine; it returns before that has happened.
	Exit(ctx context.Context) error
}

// Result is what became of a command.
type Result struct {
	Command string  `json:"command"`         // the text of its Op
	Calls   []int64 `json:"calls,omitempty"` // the ids of those it was about
	// Waiting: a number that is called as soon as the account is registered.
	Waiting bool `json:"waiting,omitempty"`
}

// Run carries out a command line. The result is that of the last command that was begun.
func Run(ctx context.Context, phone Phone, dialect config.Dialect, line string) (Result, error) {
	var last Result
	for _, c := range Parse(dialect, line) {
		var err error
		if last, err = Execute(ctx, phone, c); err != nil {
			return last, err
		}
	}
	return last, nil
}

// Execute carries out one command.
func Execute(ctx context.Context, phone Phone, c Command) (Result, error) {
	var call int64
	var calls []int64
	var err error
	switch c.Op {
	case Show, Minimize:
		// There is no window: it is hidden already, and cannot be shown.
	case Dial:
		call, err = phone.Dial(ctx, c.Number, c.Digits)
	case Redial:
		call, err = phone.Redial(ctx)
	case Message:
		err = phone.SendMessage(ctx, c.Number, c.Text)
	case AnswerFirst:
		call, err = phone.AnswerFirst(ctx)
	case RejectFirst:
		call, err = phone.RejectFirst(ctx)
	case HangupAll:
		calls, err = phone.HangupAll(ctx)
	case HangupIncoming:
		calls, err = phone.HangupIncoming(ctx)
	case HangupCalling:
		calls, err = phone.HangupCalling(ctx)
	case HangupOne:
		call, err = phone.HangupSelected(ctx)
		if errors.Is(err, ErrNoCall) {
			call, err = phone.RejectFirst(ctx)
		}
	case SendDTMF:
		call, err = phone.DTMFSelected(ctx, c.Digits)
	case Transfer:
		call, err = phone.TransferSelected(ctx, c.Number)
	case ToggleHold:
		call, err = phone.ToggleHold(ctx)
	case SelectAccount, ToggleAccount:
		err = phone.SelectAccount(ctx, c.Account, c.Op == ToggleAccount)
	case SetPassword:
		err = phone.SetPassword(ctx, c.Account, c.Password)
	case MuteMic:
		err = phone.Mute(ctx, Microphone, On)
	case UnmuteMic:
		err = phone.Mute(ctx, Microphone, Off)
	case ToggleMic:
		err = phone.Mute(ctx, Microphone, Toggle)
	case MuteSpeaker:
		err = phone.Mute(ctx, Speaker, On)
	case UnmuteSpeaker:
		err = phone.Mute(ctx, Speaker, Off)
	case ToggleSpeaker:
		err = phone.Mute(ctx, Speaker, Toggle)
	case MicVolume:
		err = phone.StepVolume(ctx, Microphone, c.Steps)
	case SpeakerVolume:
		err = phone.StepVolume(ctx, Speaker, c.Steps)
	case SetMicVolume:
		err = phone.SetVolume(ctx, Microphone, c.Percent)
	case SetSpeakerVolume:
		err = phone.SetVolume(ctx, Speaker, c.Percent)
	case Exit:
		err = phone.Exit(ctx)
	case Reset, ResetNoAsk:
		err = ErrReset
	default: // about the window
		err = ErrScreen
	}
	if call != 0 {
		calls = []int64{call}
	}
	return Result{Command: c.Op.String(), Calls: calls, Waiting: c.Op == Dial && call == 0 && err == nil}, err
}
