package bot

import (
	"context"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// Line is what this package needs of a telephone call. The calls of an engine are lines,
// and so are those of package bottest. Methods return the errors of [engine.Call].
type Line interface {
	Info() engine.CallInfo
	// Done is closed at the end of the call.
	Done() <-chan struct{}
	// Headers returns the values of header fields of the INVITE that came in.
	Headers(name string) []string
	// Notify has f called for each event of the call, one after the other, those included
	// that came before. f does not block.
	Notify(f func(engine.Event))

	// Answer waits for the far end's ACK where code is one of success.
	Answer(ctx context.Context, code pjsua.SIPCode, reason string, headers ...pjsua.Header) error
	Hangup(ctx context.Context, code pjsua.SIPCode, reason string) error
	Audio(ctx context.Context, rate int, opts pjsua.AudioOptions) (engine.Audio, error)
	// Record records the call until stop is called or the call ends.
	Record(ctx context.Context, path string, opts engine.RecordOptions) (stop func(context.Context) error, err error)
	SendDTMF(ctx context.Context, digits string, opts engine.DTMFOptions) error
	Message(ctx context.Context, text, contentType string) (engine.MessageID, error)
	Hold(ctx context.Context) error
	Resume(ctx context.Context) error
	// Transfer and TransferTo wait until it is known what became of the transfer.
	Transfer(ctx context.Context, target string) error
	TransferTo(ctx context.Context, other Line) error
	// Consult puts the call on hold and calls target; it waits for the answer.
	Consult(ctx context.Context, target string) (Line, error)
	Conference(ctx context.Context, others ...Line) error
}

// engineLine is a call of an engine.
type engineLine struct {
	*engine.Call
	b       *Bot
	headers func(name string) []string
}

func (l *engineLine) Headers(name string) []string {
	if l.headers == nil {
		return nil
	}
	return l.headers(name)
}

func (l *engineLine) Notify(f func(engine.Event)) { l.b.events.join(l.ID(), f) }

func (l *engineLine) Answer(ctx context.Context, code pjsua.SIPCode, reason string, headers ...pjsua.Header) error {
	err := l.Call.Answer(ctx, code, reason, headers...)
	if !code.Success() {
		return err
	}
	// The configuration may have it answered already.
	if waited := l.Wait(ctx, engine.StateConfirmed); waited == nil || err == nil {
		err = waited
	}
	return err
}

func (l *engineLine) Record(ctx context.Context, path string, opts engine.RecordOptions) (func(context.Context) error, error) {
	r, err := l.Call.Record(ctx, path, opts)
	if err != nil {
		return nil, err
	}
	return r.Stop, nil
}

func (l *engineLine) Transfer(ctx context.Context, target string) error {
	t, err := l.Call.Transfer(ctx, target)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

func (l *engineLine) TransferTo(ctx context.Context, other Line) error {
	o, ok := other.(*engineLine)
	if !ok {
		return errOtherLine
	}
	t, err := l.Call.TransferTo(ctx, o.Call)
	if err != nil {
		return err
	}
	return t.Wait(ctx)
}

func (l *engineLine) Consult(ctx context.Context, target string) (Line, error) {
	l.b.events.dialling(+1)
	defer l.b.events.dialling(-1)
	call, err := l.Call.Consult(ctx, target)
	if err != nil {
		return nil, err
	}
	if call == nil {
		return nil, errFeatureCode
	}
	return l.b.answered(ctx, call)
}

func (l *engineLine) Conference(ctx context.Context, others ...Line) error {
	calls := []*engine.Call{l.Call}
	for _, other := range others {
		o, ok := other.(*engineLine)
		if !ok {
			return errOtherLine
		}
		calls = append(calls, o.Call)
	}
	_, err := l.b.phone.Conference(ctx, calls...)
	return err
}
