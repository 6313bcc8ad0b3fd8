package api

import "context"

// Softphone is what a [Server] commands. The methods return an [*Error] where they
// know what is wrong; everything else becomes 500. A CallID of 0 is the call that
// MicroSIP would choose. Methods are called from several goroutines.
type Softphone interface {
	// Status says how the softphone is; the server adds what it knows itself.
	Status() Status
	// Watch returns a snapshot and the events that follow it.
	Watch() (Snapshot, EventStream)
	// Stop asks the engine to end, and returns at once.
	Stop()

	Accounts() []Account
	Register(ctx context.Context, account int) error
	Unregister(ctx context.Context, account int) error

	Calls() []Call
	Call(call CallID) (Call, error)
	Dial(ctx context.Context, req DialRequest) (Call, error)
	Answer(ctx context.Context, call CallID, req AnswerRequest) (Call, error)
	Reject(ctx context.Context, call CallID, req RejectRequest) (Call, error)
	Hangup(ctx context.Context, call CallID) (Call, error)
	Hold(ctx context.Context, call CallID) (Call, error)
	Resume(ctx context.Context, call CallID) (Call, error)
	// SendDTMF returns when the digits have been sent.
	SendDTMF(ctx context.Context, call CallID, req DTMFRequest) (Call, error)
	// Record returns the name of the file, once audio flows into it.
	Record(ctx context.Context, call CallID, req RecordRequest) (File, error)
	// StopRecording returns when the files are complete.
	StopRecording(ctx context.Context, call CallID) (Call, error)
	// Play plays the WAV file at path, and returns when it is being played.
	Play(ctx context.Context, call CallID, path string, loop bool) (Call, error)
	StopPlaying(ctx context.Context, call CallID) (Call, error)
}

// EventStream is one reader's events.
type EventStream interface {
	// Next waits for an event, which is of one of the types of [Config.Events]. ok is
	// false at the end of the stream or of ctx.
	Next(ctx context.Context) (event any, ok bool)
	Close()
}
