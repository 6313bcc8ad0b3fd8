//go:build !cgo

package pjsua

import "context"

// Built without cgo, the package keeps its vocabulary so that programs which only
// talk to a running engine compile; Open returns ErrNoCgo, so that no method below is
// ever reached with a live endpoint.

var limits Limit

// Version returns PJSIP's version; empty without cgo.
func Version() string { return "" }

// Link says which PJSIP the program was linked with; "none" without cgo.
func Link() (origin, stamp string) { return "none", "" }

// NoDevice and DefaultDevice are directions of SetDevices.
const (
	NoDevice      = -99
	DefaultDevice = -1
)

// Endpoint is pjsua.
type Endpoint struct{}

// Open returns ErrNoCgo.
func Open(Config) (*Endpoint, error) { return nil, ErrNoCgo }

// Events returns nil.
func (*Endpoint) Events() <-chan Event { return nil }

// Close returns ErrNoCgo.
func (*Endpoint) Close() error { return ErrNoCgo }

// Shutdown returns ErrNoCgo.
func (*Endpoint) Shutdown(context.Context) error { return ErrNoCgo }

// AddTransport returns ErrNoCgo.
func (*Endpoint) AddTransport(context.Context, TransportConfig) (*Transport, error) {
	return nil, ErrNoCgo
}

// AddAccount returns ErrNoCgo.
func (*Endpoint) AddAccount(context.Context, AccountConfig) (*Account, error) { return nil, ErrNoCgo }

// Account returns a handle whose methods return ErrNoCgo.
func (*Endpoint) Account(id AccountID) *Account { return &Account{id} }

// Call returns a handle whose methods return ErrNoCgo.
func (*Endpoint) Call(id CallID) *Call { return &Call{id} }

// NewPlayer returns ErrNoCgo.
func (*Endpoint) NewPlayer(context.Context, string, PlayerOptions) (*Player, error) {
	return nil, ErrNoCgo
}

// NewRecorder returns ErrNoCgo.
func (*Endpoint) NewRecorder(context.Context, string) (*Recorder, error) { return nil, ErrNoCgo }

// Connect returns ErrNoCgo.
func (*Endpoint) Connect(context.Context, PortID, PortID, ConnectOptions) error { return ErrNoCgo }

// Disconnect returns ErrNoCgo.
func (*Endpoint) Disconnect(context.Context, PortID, PortID) error { return ErrNoCgo }

// PortInfo returns ErrNoCgo.
func (*Endpoint) PortInfo(context.Context, PortID) (PortInfo, error) { return PortInfo{}, ErrNoCgo }

// Ports returns ErrNoCgo.
func (*Endpoint) Ports(context.Context) ([]PortID, error) { return nil, ErrNoCgo }

// SetPortLevels returns ErrNoCgo.
func (*Endpoint) SetPortLevels(context.Context, PortID, float64, float64) error { return ErrNoCgo }

// Devices returns ErrNoCgo.
func (*Endpoint) Devices(context.Context) ([]Device, error) { return nil, ErrNoCgo }

// RefreshDevices returns ErrNoCgo.
func (*Endpoint) RefreshDevices(context.Context) error { return ErrNoCgo }

// SetDevices returns ErrNoCgo.
func (*Endpoint) SetDevices(context.Context, int, int) error { return ErrNoCgo }

// SetNullDevice returns ErrNoCgo.
func (*Endpoint) SetNullDevice(context.Context) error { return ErrNoCgo }

// Codecs returns ErrNoCgo.
func (*Endpoint) Codecs(context.Context) ([]Codec, error) { return nil, ErrNoCgo }

// SetCodecPriority returns ErrNoCgo.
func (*Endpoint) SetCodecPriority(context.Context, string, int) error { return ErrNoCgo }

// SetCodecOrder returns ErrNoCgo.
func (*Endpoint) SetCodecOrder(context.Context, ...string) error { return ErrNoCgo }

// Transport is a SIP transport.
type Transport struct{}

// Info returns nothing.
func (*Transport) Info() TransportInfo { return TransportInfo{} }

// Account is an account of pjsua.
type Account struct{ id AccountID }

// ID returns the account's serial number.
func (acc *Account) ID() AccountID { return acc.id }

// Register returns ErrNoCgo.
func (*Account) Register(context.Context, bool) error { return ErrNoCgo }

// Info returns ErrNoCgo.
func (*Account) Info(context.Context) (AccountInfo, error) { return AccountInfo{}, ErrNoCgo }

// Remove returns ErrNoCgo.
func (*Account) Remove(context.Context) error { return ErrNoCgo }

// Dial returns ErrNoCgo.
func (*Account) Dial(context.Context, string, DialOptions) (*Call, error) { return nil, ErrNoCgo }

// DialWait returns ErrNoCgo.
func (*Account) DialWait(context.Context, string, DialOptions) (*Call, error) { return nil, ErrNoCgo }

// Call is one call.
type Call struct{ id CallID }

// ID returns the call's serial number.
func (c *Call) ID() CallID { return c.id }

// Answer returns ErrNoCgo.
func (*Call) Answer(context.Context, SIPCode, AnswerOptions) error { return ErrNoCgo }

// Hangup returns ErrNoCgo.
func (*Call) Hangup(context.Context, HangupOptions) error { return ErrNoCgo }

// Hold returns ErrNoCgo.
func (*Call) Hold(context.Context, HoldOptions) error { return ErrNoCgo }

// Resume returns ErrNoCgo.
func (*Call) Resume(context.Context, ReinviteOptions) error { return ErrNoCgo }

// Reinvite returns ErrNoCgo.
func (*Call) Reinvite(context.Context, ReinviteOptions) error { return ErrNoCgo }

// SendDTMF returns ErrNoCgo.
func (*Call) SendDTMF(context.Context, string, DTMFOptions) error { return ErrNoCgo }

// Info returns ErrNoCgo.
func (*Call) Info(context.Context) (CallInfo, error) { return CallInfo{}, ErrNoCgo }

// Stats returns ErrNoCgo.
func (*Call) Stats(context.Context) (CallStats, error) { return CallStats{}, ErrNoCgo }

// Player plays a WAV file.
type Player struct{}

// ID returns 0.
func (*Player) ID() PlayerID { return 0 }

// Port returns NoPort.
func (*Player) Port() PortID { return NoPort }

// Close returns ErrNoCgo.
func (*Player) Close(context.Context) error { return ErrNoCgo }

// Recorder writes a WAV file.
type Recorder struct{}

// ID returns 0.
func (*Recorder) ID() RecorderID { return 0 }

// Port returns NoPort.
func (*Recorder) Port() PortID { return NoPort }

// Close returns ErrNoCgo.
func (*Recorder) Close(context.Context) error { return ErrNoCgo }
