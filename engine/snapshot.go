package engine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Snapshot is what an engine knows at one moment.
type Snapshot struct {
	// Seq is that of the last event that the snapshot includes, 0 before the first.
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	// State is "idle" before Run, then "starting", "running", "stopping", "stopped".
	State      string             `json:"state"`
	Started    time.Time          `json:"started,omitzero"` // of EngineStarted
	Transports []TransportAddress `json:"transports"`
	Accounts   []AccountInfo      `json:"accounts"` // in the order of their numbers
	Calls      []CallInfo         `json:"calls"`    // that are not over, in the order of their ids
}

func (s runState) String() string {
	return [...]string{"idle", "starting", "running", "stopping", "stopped"}[s]
}

// Snapshot returns what the engine knows now.
func (e *Engine) Snapshot() Snapshot {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.snapshotLocked()
}

// Follow returns a snapshot and a reader of the events that follow it: the first one
// has the Seq after the snapshot's. See [Engine.Subscribe].
func (e *Engine) Follow() (Snapshot, *Subscription) {
	e.mu.Lock() // events are made and published with it held
	defer e.mu.Unlock()
	sub := e.bus.subscribe()
	return e.snapshotLocked(), sub
}

func (e *Engine) snapshotLocked() Snapshot {
	s := Snapshot{
		Seq:        e.bus.last(),
		Time:       time.Now().UTC(),
		State:      e.state.String(),
		Started:    e.startedAt,
		Transports: slices.Clone(e.addresses),
		Accounts:   make([]AccountInfo, 0, len(e.accounts)),
		Calls:      make([]CallInfo, 0, len(e.calls)),
	}
	for _, a := range e.accounts {
		s.Accounts = append(s.Accounts, a.infoLocked())
	}
	for _, c := range e.callsLocked() {
		s.Calls = append(s.Calls, c.infoLocked())
	}
	return s
}

// Playbacks returns what is being played into the call.
func (c *Call) Playbacks() []*Playback {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return slices.Clone(c.plays)
}

// Recordings returns what the call is being recorded to, by [Call.Record] and by
// the configuration.
func (c *Call) Recordings() []*Recording {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return slices.Clone(c.recs)
}

// RecordingPath makes an empty file in the configured folder, whose name has
// MicroSIP's pattern, for [Call.Record].
func (c *Call) RecordingPath() (string, error) { return c.reserveRecording() }

// EventTypes returns a zero value of each type of event.
func EventTypes() []Event {
	return []Event{
		EngineStarted{}, EngineStopped{}, RegistrationChanged{}, IncomingCall{}, CallStateChanged{},
		CallMediaChanged{}, CallEnded{}, DTMFReceived{}, TransferRequested{}, TransportChanged{},
		PlaybackEnded{}, RecordingStarted{}, RecordingEnded{}, RecordingFailed{}, EventsLost{},
		TransferStarted{}, TransferProgress{}, TransferEnded{}, CallTransferred{}, ReplaceRequested{},
		CallReplaced{}, CallRedirected{}, CallRejected{}, LevelsChanged{}, ConferenceChanged{}, DTMFSent{},
		MessageReceived{}, MessageStatus{}, MWIChanged{}, BuddyChanged{}, AccountAdded{}, AccountRemoved{},
		AccountUpdated{}, AddressChanged{}, HookFailed{}, WebhookChanged{}, FileFailed{},
		ConfigReloaded{}, DirectoryLoaded{}, RuleMatched{}, CallQuality{}, SystemResumed{},
	}
}

var eventTypes = func() map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	for _, ev := range EventTypes() {
		types[reflect.TypeOf(ev).Name()] = reflect.TypeOf(ev)
	}
	return types
}()

// DecodeEvent makes an event of its JSON. Of a type that is not known, as a newer
// engine may send, it returns the [EventHeader].
func DecodeEvent(data []byte) (Event, error) {
	var head EventHeader
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("engine: event: %w", err)
	}
	typ, ok := eventTypes[head.Type]
	if !ok {
		return head, nil
	}
	v := reflect.New(typ)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("engine: event %s: %w", head.Type, err)
	}
	return v.Elem().Interface().(Event), nil
}
