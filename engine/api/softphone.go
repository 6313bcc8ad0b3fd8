package api

import (
	"context"
	"io"
)

// Softphone is what a [Server] commands. The methods return an [*Error] where they
// know what is wrong; everything else becomes 500. A CallID of 0 is the call that
// MicroSIP would choose. Methods are called from several goroutines.
type Softphone interface {
	// Status says how the softphone is; the server adds what it knows itself.
	Status() Status
	// Follow returns a snapshot and the events that follow it.
	Follow() (Snapshot, EventStream)
	// Stop asks the engine to end, and returns at once.
	Stop()
	// Reload reads the configuration again. A mistake changes nothing.
	Reload(ctx context.Context) (Reloaded, error)
	// Command carries out a command line of MicroSIP.
	Command(ctx context.Context, line string) (CommandResult, error)

	Accounts() []Account
	Register(ctx context.Context, account int) error
	Unregister(ctx context.Context, account int) error
	AddAccount(ctx context.Context, req AccountRequest) (Account, error)
	UpdateAccount(ctx context.Context, account int, req AccountRequest) (Account, error)
	RemoveAccount(ctx context.Context, account int) error

	Calls() []Call
	Call(call CallID) (Call, error)
	CallStats(ctx context.Context, call CallID) (CallStats, error)
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
	Select(ctx context.Context, call CallID) (Call, error)
	SetMuted(ctx context.Context, call CallID, dir string, muted bool) (Call, error)
	SetVolume(ctx context.Context, call CallID, req VolumeRequest) (Call, error)
	Forward(ctx context.Context, call CallID, req TargetRequest) (Call, error)
	Transfer(ctx context.Context, call CallID, req TransferRequest) (Call, error)
	// Consult returns the call to the target, or the one that it is about where the PBX
	// does the rest.
	Consult(ctx context.Context, call CallID, req TargetRequest) (Call, error)
	Park(ctx context.Context, call CallID, req SlotRequest) (Call, error)
	Redial(ctx context.Context) (Call, error)
	Pickup(ctx context.Context, req PickupRequest) (Call, error)
	Retrieve(ctx context.Context, req SlotRequest) (Call, error)
	Voicemail(ctx context.Context, req VoicemailRequest) (Call, error)
	// HangupThose ends all calls of a kind and says how many: "all", "incoming" or
	// "calling", as MicroSIP has them.
	HangupThose(ctx context.Context, which string) (int, error)

	Levels() Levels
	// MuteAll is MicroSIP's button.
	MuteAll(ctx context.Context, dir string, muted bool) (Levels, error)
	SetVolumes(ctx context.Context, req VolumesRequest) (Levels, error)

	Conferences() []Conference
	// Conference brings calls together, all answered ones where none is named.
	Conference(ctx context.Context, req ConferenceRequest) (Conference, error)
	Separate(ctx context.Context, call CallID) (Call, error)

	SendMessage(ctx context.Context, req MessageRequest) (Message, error)

	CallLog(ctx context.Context, q LogQuery) ([]LogEntry, error)
	// WriteCallLog writes the same as CSV.
	WriteCallLog(ctx context.Context, w io.Writer, q LogQuery) error

	Contacts() []Contact
	// WriteContacts writes them as CSV.
	WriteContacts(w io.Writer) error
	SetContacts(ctx context.Context, contacts []Contact) error

	Buddies() []Buddy
	Watch(ctx context.Context, req WatchRequest) (Buddy, error)
	Unwatch(ctx context.Context, uri string) error
	Publish(ctx context.Context, req PresenceRequest) error
}

// EventStream is one reader's events.
type EventStream interface {
	// Next waits for an event, which is of one of the types of [Config.Events]. ok is
	// false at the end of the stream or of ctx.
	Next(ctx context.Context) (event any, ok bool)
	Close()
}
