package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Call is one call, from its first INVITE to its end. After the end its methods
// return [ErrCallEnded], but for those that say otherwise.
type Call struct {
	e  *Engine
	id CallID

	wake chan struct{} // one slot: the worker has to look
	done chan struct{} // closed at the end
	dtmf chan struct{} // one slot: whose digits are being sent

	// Guarded by Engine.mu.
	account   *Account // nil while not known
	role      pjsua.Role
	state     CallState
	reached   int // highest rank of a state other than DISCONNECTED
	code      pjsua.SIPCode
	reason    string
	remote    string
	local     string
	sipCallID string
	media     []pjsua.Media
	wiring    int // rises when links of the conference bridge may be gone
	started   time.Time
	ringing   time.Time // first 1xx other than 100
	answered  time.Time
	ended     time.Time
	stats     CallStats // once ended
	claimed   bool      // Dial returned it, or it came in
	worked    bool      // its worker was started
	verdict   verdict
	elsewhere bool // another phone has answered
	gated     bool // the verdict waits for cmdIncomingCall
	taken     bool // Answer or Hangup was called: the policy need not say that it rings
	resync    bool // the worker has to ask the phone what is true
	plays     []*Playback
	streams   []pjsua.PortID // of what Audio gave, those that are written to
	tones     []*tone
	twins     []twin // nil while digits are not listened for
	recs      []*Recording
	touched   uint64 // see touchLocked
	levels    Levels
	levelled  portLevels  // what the worker has set the port to
	conf      *conference // that it belongs to
	room      *conference // where the worker has brought it
	roomErr   error       // why it could not
	inviteTo  CallID      // whose conference it joins when it is answered
	postDial  string      // digits that are sent when it is answered
	asked     bool        // PJSIP waits for a decision about a redirect
	follow    bool        // which is this
	hops      int         // redirects that were followed

	transferring *Transfer     // under way
	released     bool          // it was transferred, and is to be hung up
	changed      chan struct{} // closed and replaced at each change
}

// CallInfo is a snapshot of a call.
type CallInfo struct {
	ID        CallID    `json:"call"`
	Account   int       `json:"account"` // its number, 0 for the local account
	Role      string    `json:"role"`    // "UAC": we called, "UAS": we were called
	State     CallState `json:"state"`
	Code      int       `json:"code"` // the last status code of the call
	Reason    string    `json:"reason"`
	Remote    string    `json:"remote"`
	Local     string    `json:"local"`
	SIPCallID string    `json:"sip_call_id"`
	Media     []Media   `json:"media"`
	// Started is when the INVITE was sent or came. The others are zero as long as
	// there is nothing to say.
	Started  time.Time `json:"started"`
	Ringing  time.Time `json:"ringing,omitzero"`  // first 1xx other than 100
	Answered time.Time `json:"answered,omitzero"` // confirmed
	Ended    time.Time `json:"ended,omitzero"`
	// Recordings are the files that are being written.
	Recordings []string     `json:"recordings,omitempty"`
	Held       bool         `json:"held"`                 // we hold it
	Conference ConferenceID `json:"conference,omitempty"` // that it is in
	Levels
}

// newCallLocked makes the record of a call and puts it in the table.
func (e *Engine) newCallLocked(id CallID, at time.Time) *Call {
	c := &Call{
		e:       e,
		id:      id,
		wake:    make(chan struct{}, 1),
		done:    make(chan struct{}),
		dtmf:    make(chan struct{}, 1),
		state:   StateNull,
		started: at,
		changed: make(chan struct{}),

		levels:   Levels{VolumeIn: 100, VolumeOut: 100},
		levelled: unchangedLevels,
	}
	e.calls[id] = c
	return c
}

func (e *Engine) callsLocked() []*Call {
	out := make([]*Call, 0, len(e.calls))
	for _, c := range e.calls {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Call) int { return cmp.Compare(a.id, b.id) })
	return out
}

// ID returns the call's serial number.
func (c *Call) ID() CallID { return c.id }

// Done is closed when the call is over.
func (c *Call) Done() <-chan struct{} { return c.done }

// Info returns a snapshot, of an ended call too.
func (c *Call) Info() CallInfo {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return c.infoLocked()
}

func (c *Call) infoLocked() CallInfo {
	info := CallInfo{
		ID:        c.id,
		Account:   c.numberLocked(),
		Role:      c.role.String(),
		State:     c.state,
		Code:      int(c.code),
		Reason:    c.reason,
		Remote:    c.remote,
		Local:     c.local,
		SIPCallID: c.sipCallID,
		Media:     mediaOf(c.media),
		Started:   c.started,
		Ringing:   c.ringing,
		Answered:  c.answered,
		Ended:     c.ended,
		Held:      c.heldLocked(),
		Levels:    c.levels,
	}
	if c.conf != nil {
		info.Conference = c.conf.id
	}
	for _, r := range c.recs {
		info.Recordings = append(info.Recordings, r.path)
	}
	return info
}

func (c *Call) numberLocked() int {
	if c.account == nil {
		return 0
	}
	return c.account.cfg().Number
}

// changedLocked tells the worker and everybody who waits.
func (c *Call) changedLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
	c.wakeWorker()
}

func (c *Call) wakeWorker() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Call) endedLocked() bool { return !c.ended.IsZero() }

// phoneFor returns the phone for a command on the call.
func (c *Call) phoneFor() (Phone, error) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	switch {
	case c.endedLocked():
		return nil, ErrCallEnded
	case c.e.phone == nil:
		return nil, ErrNotRunning
	}
	return c.e.phone, nil
}

func (c *Call) failed(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pjsua.ErrCallGone):
		return ErrCallEnded
	}
	return fmt.Errorf("engine: call %d: %s: %w", c.id, op, err)
}

// Answer answers an incoming call with code, 180 or 200 for example. An empty
// reason stands for the code's usual phrase. 183 opens the audio before the call is
// answered (early media, RFC 3960). headers are added to the response, and stay in those
// that follow it.
func (c *Call) Answer(ctx context.Context, code pjsua.SIPCode, reason string, headers ...pjsua.Header) error {
	phone, err := c.phoneFor()
	if err == nil {
		err = checkHeaders(headers)
	}
	if err != nil {
		return err
	}
	c.take()
	if code.Success() {
		c.decide()
		c.e.endOthers(ctx, phone, c.id)
		c.e.holdOthers(ctx, phone, c)
	}
	return c.failed("answer", phone.Answer(ctx, c.id, code, pjsua.AnswerOptions{
		Reason: reason, OwnCodecOrder: c.e.settings().ForceCodec, Msg: pjsua.MsgData{Headers: headers},
	}))
}

// take says that the application decides about the call.
func (c *Call) take() {
	c.e.mu.Lock()
	c.taken = true
	c.e.mu.Unlock()
}

func (c *Call) isTaken() bool {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return c.taken
}

// Hangup ends the call: an incoming one that was not answered with code, or 603
// when code is 0; any other with BYE or CANCEL, whatever code is. It returns nil
// when the call is over already, and does not wait for [Call.Done].
func (c *Call) Hangup(ctx context.Context, code pjsua.SIPCode, reason string) error {
	c.take()
	c.decide()
	phone, err := c.phoneFor()
	if err == nil {
		err = c.failed("hang up", phone.Hangup(ctx, c.id, pjsua.HangupOptions{Code: code, Reason: reason}))
	}
	if errors.Is(err, ErrCallEnded) {
		return nil
	}
	return err
}

// Stats returns the figures of the call's audio, of an ended call the final ones.
func (c *Call) Stats(ctx context.Context) (CallStats, error) {
	c.e.mu.Lock()
	phone, ended := c.e.phone, c.endedLocked()
	c.e.mu.Unlock()
	if !ended && phone != nil {
		s, err := phone.CallStats(ctx, c.id)
		if err == nil {
			return statsOf(s), nil
		}
		if !errors.Is(err, pjsua.ErrCallGone) {
			return CallStats{}, c.failed("statistics", err)
		}
		// It ended a moment ago; its last event is on the way.
		select {
		case <-c.done:
		case <-ctx.Done():
			return CallStats{}, ctx.Err()
		}
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return c.stats, nil
}

// Wait waits until the call has reached state or a later one. When the call ends
// before, it returns a [*pjsua.CallError] with the code and reason of the end.
func (c *Call) Wait(ctx context.Context, state CallState) error {
	return c.waitUntil(ctx, func() bool {
		if state == StateDisconnected {
			return c.endedLocked()
		}
		return c.reached >= state.rank()
	})
}

// waitUntil waits for a condition, which is called with Engine.mu held.
func (c *Call) waitUntil(ctx context.Context, ok func() bool) error {
	for {
		c.e.mu.Lock()
		ready, ended, changed := ok(), c.endedLocked(), c.changed
		code, reason := c.code, c.reason
		c.e.mu.Unlock()
		switch {
		case ready:
			return nil
		case ended:
			return &pjsua.CallError{Code: code, Reason: reason}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// audioOf leaves out the m= lines that are for text and the like.
func audioOf(media []pjsua.Media) []pjsua.Media {
	return slices.DeleteFunc(slices.Clone(media), func(m pjsua.Media) bool { return m.Type > pjsua.MediaTypeAudio })
}

func mediaOf(media []pjsua.Media) []Media {
	out := make([]Media, 0, len(media))
	for _, m := range media {
		out = append(out, Media{Status: m.Status.String(), Direction: m.Dir.String(), Codec: m.Codec, SRTP: m.SRTP})
	}
	return out
}

// Refused says whether the engine refuses an incoming call by itself, as the configuration
// has it.
func (c *Call) Refused() bool { return c.verdictNow().code >= 300 }

// Rule is what the rule of the configuration that matched an incoming call has done with it,
// and its file, command or bot; empty where none matched.
func (c *Call) Rule() (action config.RuleAction, value string) {
	v := c.verdictNow()
	return v.action, v.value
}
