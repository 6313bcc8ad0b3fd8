package engine

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// moment is what the world outside is told of, by a hook or a line of the pop log: a
// point in the life of a call, or news of an account.
type moment struct {
	name  string // stable, docs/hooks.md lists them
	event Event
	call  callFacts // of the call as it was then; zero where there is none
}

// The moments. Those of MicroSIP come first.
const (
	momentOutgoing     = "outgoing"
	momentIncoming     = "incoming"
	momentRing         = "ring"
	momentAnswer       = "answer"
	momentAnswerVideo  = "answer_video"
	momentStart        = "start"
	momentBusy         = "busy"
	momentEnd          = "end"
	momentRefused      = "refused"
	momentHold         = "hold"
	momentResume       = "resume"
	momentTransfer     = "transfer"
	momentDTMF         = "dtmf"
	momentRegistration = "registration"
	momentRecording    = "recording"
	momentMessage      = "message"
	momentMWI          = "mwi"
	momentRule         = "rule" // a rule hands a call that rings to its command
)

// facts is what the events of a call have told of it.
type callFacts struct {
	call      CallID
	account   int
	out       bool // we called
	remote    string
	local     string
	user      string // of the far end, as it asserts its identity
	domain    string
	name      string
	sipCallID string
	source    string
	diversion string // user of the first Diversion
	video     bool   // the INVITE offers video
	code      int
	reason    string
	started   time.Time
	ringing   time.Time
	answered  time.Time
	ended     time.Time
	rang      bool // an incoming call was told that we ring
	held      string
	codec     string
	elsewhere bool // another phone took the call
	stats     CallStats
	files     []string // recordings that are complete, and those that are being made
	rule      string   // the rule that decided
	command   string   // of its action hook
}

// direction is in MicroSIP's words.
func (f *callFacts) direction() string {
	if f.out {
		return "out"
	}
	return "in"
}

// duration is how long the call has been connected, or was.
func (f *callFacts) duration(now time.Time) time.Duration {
	switch {
	case f.answered.IsZero():
		return 0
	case !f.ended.IsZero():
		now = f.ended
	}
	return max(0, now.Sub(f.answered))
}

// identify takes the far end's name and address from a name-addr.
func (f *callFacts) identify(addr string) {
	name, uri, err := splitNameAddr(addr)
	if err != nil {
		uri = addr
	}
	f.name = name
	f.user, f.domain = "", hostOf(uri)
	if strings.Contains(uri, "@") {
		f.user = harmless(unescapeUser(userOf(uri)))
	}
}

// hostOf returns the host of a SIP URI, without port and parameters.
func hostOf(uri string) string {
	if _, rest, ok := cutScheme(uri); ok {
		uri = rest
	}
	if i := strings.LastIndexByte(uri, '@'); i >= 0 {
		uri = uri[i+1:]
	}
	uri, _, _ = strings.Cut(uri, ";")
	uri, _, _ = strings.Cut(uri, "?")
	uri, _, _ = strings.Cut(uri, ">")
	if i := strings.LastIndexByte(uri, ':'); i >= 0 && !strings.HasSuffix(uri, "]") {
		uri = uri[:i]
	}
	return uri
}

// harmless has ? for what is no text: an escape can stand for a line end.
func harmless(user string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return '?'
		}
		return r
	}, user)
}

// identityOf is the caller as MicroSIP sees it: P-Asserted-Identity, else
// Remote-Party-ID, where there is an @ in it, else From.
func identityOf(values func(string) []string, from string) string {
	for _, header := range []string{"P-Asserted-Identity", "Remote-Party-ID"} {
		for _, v := range values(header) {
			if !strings.Contains(v, "@") {
				continue
			}
			if i := strings.IndexByte(v, '>'); i >= 0 {
				v = v[:i+1] // parameters of Remote-Party-ID follow
			}
			return strings.TrimSpace(v)
		}
	}
	return from
}

// offersVideo says whether an INVITE has a stream of video in its offer.
func offersVideo(invite []byte) bool {
	for line := range strings.Lines(string(invite)) {
		if rest, ok := strings.CutPrefix(line, "m=video "); ok && !strings.HasPrefix(rest, "0 ") {
			return true
		}
	}
	return false
}

// follower makes moments of an engine's events. It knows the calls by their events
// alone, so what it says is what was true when the event was published, however late
// it is read.
type follower struct {
	calls map[CallID]*callFacts
}

func newFollower() *follower { return &follower{calls: make(map[CallID]*callFacts)} }

// forget drops all calls: events were lost, and those that ended meanwhile would stay
// for ever.
func (w *follower) forget() { clear(w.calls) }

func (w *follower) call(h EventHeader) *callFacts {
	f := w.calls[h.Call]
	if f == nil {
		f = &callFacts{call: h.Call, started: h.Time}
		w.calls[h.Call] = f
	}
	if h.Account != 0 {
		f.account = h.Account
	}
	return f
}

// known returns the facts of a call that an event is about, and nil after its end.
func (w *follower) known(h EventHeader) *callFacts {
	if h.Call == 0 {
		return nil
	}
	return w.calls[h.Call]
}

// take returns the moments that an event is.
func (w *follower) take(ev Event) []moment {
	h := ev.Header()
	one := func(name string, f *callFacts) []moment {
		m := moment{name: name, event: ev}
		if f != nil {
			m.call = *f
		}
		return []moment{m}
	}
	switch ev := ev.(type) {
	case IncomingCall:
		f := w.call(h)
		f.take(false, ev.Remote, ev.Local, ev.SIPCallID)
		f.source = ev.Source
		f.identify(identityOf(ev.HeaderValues, ev.Remote))
		if ev.Name != "" {
			f.name = ev.Name
		}
		f.video = offersVideo(ev.invite.Request)
		if d := ev.HeaderValues("Diversion"); len(d) > 0 {
			f.diversion = harmless(unescapeUser(userOf(d[0])))
		}
		return one(momentIncoming, f)
	case CallStateChanged:
		return w.state(ev, one)
	case CallMediaChanged:
		return w.media(ev, one)
	case CallEnded:
		return w.end(ev, one)
	case DTMFReceived:
		if f := w.known(h); f != nil {
			return one(momentDTMF, f)
		}
	case TransferRequested:
		if f := w.known(h); f != nil {
			return one(momentTransfer, f)
		}
	case RegistrationChanged:
		return one(momentRegistration, nil)
	case RuleMatched:
		if f := w.known(h); f != nil {
			f.rule = ev.Rule
			if ev.Action == string(config.RuleHook) {
				f.command = ev.Value
			}
		}
	case RecordingStarted:
		if f := w.known(h); f != nil {
			f.files = append(f.files, ev.Path)
		}
	case RecordingEnded:
		f := w.known(h)
		if f == nil {
			f = &callFacts{call: h.Call, account: h.Account}
		}
		return one(momentRecording, f)
	case MessageReceived:
		f := &callFacts{remote: ev.From, local: ev.To, source: ev.Source}
		f.identify(ev.From)
		return one(momentMessage, f)
	case MWIChanged:
		return one(momentMWI, nil)
	case EventsLost:
		if ev.Final {
			w.forget()
		}
	}
	return nil
}

// take fills in who is who.
func (f *callFacts) take(out bool, remote, local, sipCallID string) {
	f.out = out
	if remote != "" && remote != f.remote {
		if f.remote == "" || out {
			f.identify(remote) // an incoming call stays with who it said that it was
		}
		f.remote = remote
	}
	if local != "" {
		f.local = local
	}
	if sipCallID != "" {
		f.sipCallID = sipCallID
	}
}

func (w *follower) state(ev CallStateChanged, one func(string, *callFacts) []moment) []moment {
	f := w.call(ev.Header())
	f.take(ev.Role == pjsua.RoleUAC.String(), ev.Remote, ev.Local, ev.SIPCallID)
	if ev.Code != 0 {
		f.code, f.reason = ev.Code, ev.Reason
	}
	switch ev.State {
	case StateCalling:
		return one(momentOutgoing, f)
	case StateEarly:
		if f.ringing.IsZero() {
			f.ringing = ev.Time
		}
		if !f.out && !f.rang && ev.Code == int(pjsua.CodeRinging) {
			f.rang = true
			list := one(momentRing, f)
			if f.command != "" {
				list = append(list, one(momentRule, f)...)
			}
			return list
		}
	case StateConfirmed:
		if !f.answered.IsZero() {
			return nil
		}
		f.answered = ev.Time
		var list []moment
		if !f.out {
			list = append(list, one(momentAnswer, f)...)
			if f.video {
				list = append(list, one(momentAnswerVideo, f)...)
			}
		}
		return append(list, one(momentStart, f)...)
	}
	return nil
}

func (w *follower) media(ev CallMediaChanged, one func(string, *callFacts) []moment) []moment {
	f := w.known(ev.Header())
	if f == nil || len(ev.Media) == 0 {
		return nil
	}
	before := f.held
	f.held = ""
	switch m := ev.Media[0]; m.Status {
	case pjsua.MediaLocalHold.String():
		f.held = "local"
	case pjsua.MediaRemoteHold.String():
		f.held = "remote"
	}
	if c := ev.Media[0].Codec; c != "" {
		f.codec = c
	}
	switch {
	case f.held == before:
		return nil
	case f.held == "":
		return one(momentResume, f)
	}
	return one(momentHold, f)
}

func (w *follower) end(ev CallEnded, one func(string, *callFacts) []moment) []moment {
	f := w.call(ev.Header())
	f.take(ev.Role == pjsua.RoleUAC.String(), ev.Remote, ev.Local, ev.SIPCallID)
	f.code, f.reason, f.ended, f.stats = ev.Code, ev.Reason, ev.Time, ev.CallStats
	f.elsewhere = ev.Elsewhere
	if f.answered.IsZero() && ev.DurationMS > 0 {
		f.answered = ev.Time.Add(-time.Duration(ev.DurationMS) * time.Millisecond)
	}
	if ev.Codec != "" {
		f.codec = ev.Codec
	}
	delete(w.calls, f.call)
	return one(endName(f), f)
}

// endName is which end a call has had. One that was refused before it rang has never
// been a call to MicroSIP: it runs no hook.
func endName(f *callFacts) string {
	switch {
	case !f.out && !f.rang && f.answered.IsZero() && f.code >= 400 && (f.code < 500 || f.code >= 600):
		return momentRefused
	case f.code == 486 || f.code == 600 || f.code == 603:
		return momentBusy
	}
	return momentEnd
}
