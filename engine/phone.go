package engine

import (
	"context"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// Phone is what the engine needs of package pjsua. Its methods are those of
// pjsua's Endpoint, Account, Call, Player and Recorder with the object named by its
// serial number, and return the same errors.
type Phone interface {
	// Events is closed when the phone is.
	Events() <-chan pjsua.Event

	// AddTransport also returns what Info of the transport says.
	AddTransport(ctx context.Context, cfg pjsua.TransportConfig) (*pjsua.Transport, pjsua.TransportInfo, error)
	AddAccount(ctx context.Context, cfg pjsua.AccountConfig) (pjsua.AccountID, error)
	ModifyAccount(ctx context.Context, acc pjsua.AccountID, cfg pjsua.AccountConfig) error
	// RemoveAccount ends the account's registration; pjsua.ErrAccountBusy: it has calls.
	RemoveAccount(ctx context.Context, acc pjsua.AccountID) error
	// Register sends a REGISTER now; with renew false, one that ends the registration.
	Register(ctx context.Context, acc pjsua.AccountID, renew bool) error
	AccountInfo(ctx context.Context, acc pjsua.AccountID) (pjsua.AccountInfo, error)
	SetOnlineStatus(ctx context.Context, acc pjsua.AccountID, status pjsua.OnlineStatus) error
	// Probe sends OPTIONS to uri and returns the answer's code.
	Probe(ctx context.Context, acc pjsua.AccountID, uri string) (pjsua.SIPCode, error)
	HandleIPChange(ctx context.Context) error

	// AddBuddy subscribes to the presence or the dialogs of uri.
	AddBuddy(ctx context.Context, acc pjsua.AccountID, uri string, pkg pjsua.EventPackage) (pjsua.BuddyID, error)
	// UpdateBuddy subscribes now where a subscription has failed.
	UpdateBuddy(ctx context.Context, buddy pjsua.BuddyID, pkg pjsua.EventPackage) error
	RemoveBuddy(ctx context.Context, buddy pjsua.BuddyID) error
	SendMessage(ctx context.Context, acc pjsua.AccountID, uri string, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error)

	Dial(ctx context.Context, acc pjsua.AccountID, uri string, opts pjsua.DialOptions) (pjsua.CallID, error)
	Answer(ctx context.Context, call pjsua.CallID, code pjsua.SIPCode, opts pjsua.AnswerOptions) error
	Hangup(ctx context.Context, call pjsua.CallID, opts pjsua.HangupOptions) error
	ProcessRedirect(ctx context.Context, call pjsua.CallID, op pjsua.RedirectOp) error
	Hold(ctx context.Context, call pjsua.CallID) error
	Resume(ctx context.Context, call pjsua.CallID) error
	Transfer(ctx context.Context, call pjsua.CallID, target string, opts pjsua.TransferOptions) error
	AttendedTransfer(ctx context.Context, call, other pjsua.CallID, opts pjsua.TransferOptions) error
	SendCallMessage(ctx context.Context, call pjsua.CallID, body []byte, opts pjsua.MessageOptions) (pjsua.MessageID, error)
	SendDTMF(ctx context.Context, call pjsua.CallID, digits string, opts pjsua.DTMFOptions) error
	CallInfo(ctx context.Context, call pjsua.CallID) (pjsua.CallInfo, error)
	CallStats(ctx context.Context, call pjsua.CallID) (pjsua.CallStats, error)

	NewPlayer(ctx context.Context, path string, opts pjsua.PlayerOptions) (pjsua.PlayerID, pjsua.PortID, error)
	ClosePlayer(ctx context.Context, player pjsua.PlayerID) error
	// NewRecorder returns the ports of a recorder, the second one NoPort where it is mono.
	NewRecorder(ctx context.Context, path string, opts pjsua.RecorderOptions) (id pjsua.RecorderID, port, right pjsua.PortID, err error)
	CloseRecorder(ctx context.Context, recorder pjsua.RecorderID) error
	// NewTone plays digits as tones, once, and then silence.
	NewTone(ctx context.Context, digits string, opts pjsua.ToneDigits) (pjsua.ToneID, pjsua.PortID, error)
	// NewTones plays tones, once and then silence, or again and again.
	NewTones(ctx context.Context, tones []pjsua.Tone, opts pjsua.PlayTonesOptions) (pjsua.ToneID, pjsua.PortID, error)
	CloseTone(ctx context.Context, tone pjsua.ToneID) error
	// Audio is PCM to and from a call, in samples of a rate in Hz, until it is closed or the
	// call ends, through all changes of the call's media.
	Audio(ctx context.Context, call pjsua.CallID, rate int, opts pjsua.AudioOptions) (Audio, error)
	// Trace hands out SIP messages; it ends with the phone.
	Trace(ctx context.Context, opts pjsua.TraceOptions) (Trace, error)
	// TraceRTP hands out media packets; it ends with the phone.
	TraceRTP(ctx context.Context, opts pjsua.RTPTraceOptions) (RTPTrace, error)
	// SetPortLevels adjusts what a port hears (tx) and what it says (rx).
	SetPortLevels(ctx context.Context, port pjsua.PortID, tx, rx float64) error
	NewRoom() Room
	Connect(ctx context.Context, src, dst pjsua.PortID, opts pjsua.ConnectOptions) error
	Disconnect(ctx context.Context, src, dst pjsua.PortID) error

	Devices(ctx context.Context) ([]pjsua.Device, error)
	SetDevices(ctx context.Context, capture, playback int) error
	// SetDeviceVolume sets the level of the capture device in per cent; many cannot.
	SetDeviceVolume(ctx context.Context, percent int) error
	Codecs(ctx context.Context) ([]pjsua.Codec, error)
	SetCodecOrder(ctx context.Context, ids ...string) error
	// SetOpusStereo has Opus send and take two channels, or one.
	SetOpusStereo(ctx context.Context, stereo bool) error

	// Shutdown hangs up and unregisters within ctx, Close does not wait for answers.
	Shutdown(ctx context.Context) error
	Close() error
}

// Audio is PCM to and from a call, 16 bits and mono, at a rate of its own. The methods
// are those of [pjsua.Audio], which may be called from any goroutine.
type Audio interface {
	// Rate is in Hz. Port is the end of it in the conference bridge.
	Rate() int
	Port() pjsua.PortID
	// ReadSamples waits until something was heard. At the end of the call it returns
	// io.EOF, after Close pjsua.ErrAudioGone, after the deadline os.ErrDeadlineExceeded.
	ReadSamples(samples []int16) (int, error)
	// WriteSamples queues samples to be heard by the far end, and waits for room. At the
	// end of the call it returns pjsua.ErrCallGone.
	WriteSamples(samples []int16) (int, error)
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error

	// Played is how many samples the far end was sent, Queued how many wait for that.
	Played() uint64
	Queued() uint64
	// Clear drops what is queued and returns how much that was.
	Clear() uint64
	// Pause is silence from the next tick on; what is queued waits for Resume.
	Pause()
	Resume()
	// Mark reports when the last sample that was written so far is heard, or that it will
	// not be.
	Mark(name string) <-chan pjsua.Mark
	Stats() pjsua.AudioStats
	Close() error
}

// Trace is a tap of all SIP messages: a [pjsua.Trace].
type Trace interface {
	Messages() <-chan pjsua.SIPMessage
	Close()
}

// RTPTrace is a tap of the media packets of calls: a [pjsua.RTPTrace].
type RTPTrace interface {
	Packets() <-chan pjsua.RTPPacket
	Close()
}

// Room is a conversation of several calls: pjsua's Room.
type Room interface {
	Join(ctx context.Context, call pjsua.CallID, opts pjsua.JoinOptions) error
	Leave(ctx context.Context, call pjsua.CallID) error
	// Listen has a recorder hear everybody.
	Listen(ctx context.Context, recorder pjsua.RecorderID) error
	Unlisten(ctx context.Context, recorder pjsua.RecorderID) error
}
