package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// fakePhone is a Phone without SIP: it mints numbers, keeps a conference bridge,
// writes down what it is asked for, and says what the test has it say. Functions
// that are nil do the ordinary thing.
type fakePhone struct {
	events  chan pjsua.Event
	sending sync.Mutex
	ended   bool // events is closed

	mu       sync.Mutex
	seq      uint64
	serial   int64
	journal  []string // "answer 3 200"
	codecs   []pjsua.Codec
	devices  []pjsua.Device
	sound    [2]int
	tps      []pjsua.TransportConfig
	accounts map[pjsua.AccountID]pjsua.AccountConfig
	calls    map[pjsua.CallID]*fakeCall
	ports    map[pjsua.PortID]string // what they are
	links    map[link]bool
	files    map[int64]pjsua.PortID // players and recorders that are open
	lastPort pjsua.PortID
	closed   bool

	onDial       func(id pjsua.CallID, uri string) error
	onAnswer     func(id pjsua.CallID, code pjsua.SIPCode) error
	onHangup     func(id pjsua.CallID) error
	onPlayer     func(path string) error
	onRecorder   func(path string) error
	onConnect    func(link) error
	onTransport  func(pjsua.TransportConfig) error
	onAccount    func(pjsua.AccountConfig) error
	onShutdown   func(ctx context.Context)
	onCallInfo   func(id pjsua.CallID) (pjsua.CallInfo, error)
	onAccInfo    func(pjsua.AccountID) (pjsua.AccountInfo, error)
	closeFile    error                 // of CloseRecorder
	onClose      func(context.Context) // of a recorder
	stats        pjsua.CallStats
	hangs        bool // Shutdown and Close neither end calls nor close the events
	registersNow bool // Register is answered with 200
	onRegister   func(pjsua.AccountID) error
	onTransfer   func(call, other pjsua.CallID, target string) error
	onBuddy      func(id pjsua.BuddyID, uri string) error
	onDTMF       func(pjsua.DTMFOptions) error
	onLevels     func(pjsua.PortID) error
	onListen     func(pjsua.CallID) error
	tones        bool // the far ends take no telephone-event
	onJoin       func(pjsua.CallID) error
	onResume     func(pjsua.CallID) error
	onProbe      func(uri string) pjsua.SIPCode
	onModify     func(pjsua.AccountConfig)
	onRemove     func(pjsua.AccountID) error
	levels       map[pjsua.PortID]portLevels
	deviceVolume bool // the sound device has a level of its own
	listeners    map[pjsua.CallID]*fakeAudio
}

type fakeCall struct {
	id      pjsua.CallID
	account pjsua.AccountID
	role    pjsua.Role
	port    pjsua.PortID
	remote  string
}

func newFakePhone() *fakePhone {
	return &fakePhone{
		events:   make(chan pjsua.Event, 1<<17),
		codecs:   []pjsua.Codec{{ID: "PCMA/8000/1"}, {ID: "PCMU/8000/1"}},
		accounts: make(map[pjsua.AccountID]pjsua.AccountConfig),
		calls:    make(map[pjsua.CallID]*fakeCall),
		ports:    map[pjsua.PortID]string{pjsua.SoundPort: "sound"},
		links:    make(map[link]bool),
		files:    make(map[int64]pjsua.PortID),
		levels:   make(map[pjsua.PortID]portLevels),

		listeners: make(map[pjsua.CallID]*fakeAudio),
	}
}

func (f *fakePhone) note(format string, a ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.journal = append(f.journal, fmt.Sprintf(format, a...))
}

// noted returns the lines of the journal that begin with one of the words.
func (f *fakePhone) noted(words ...string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, line := range f.journal {
		word, _, _ := strings.Cut(line, " ")
		if len(words) == 0 || slices.Contains(words, word) {
			out = append(out, line)
		}
	}
	return out
}

func (f *fakePhone) mint() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	return f.serial
}

func (f *fakePhone) head() pjsua.EventHeader {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seq++
	return pjsua.EventHeader{Seq: f.seq, Time: time.Now()}
}

// send queues an event; the queue never is full, and one that is closed swallows it.
func (f *fakePhone) send(ev pjsua.Event) {
	f.sending.Lock()
	defer f.sending.Unlock()
	if !f.ended {
		f.events <- ev
	}
}

func (f *fakePhone) closeEvents() {
	f.sending.Lock()
	defer f.sending.Unlock()
	f.ended = true
	close(f.events)
}

func (f *fakePhone) shut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// What the far end does.

func (f *fakePhone) newCall(acc pjsua.AccountID, role pjsua.Role, remote string) *fakeCall {
	c := &fakeCall{id: pjsua.CallID(f.mint()), account: acc, role: role, port: pjsua.NoPort, remote: remote}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[c.id] = c
	return c
}

func (f *fakePhone) call(id pjsua.CallID) *fakeCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[id]
}

// ring makes an incoming call with header fields.
func (f *fakePhone) ring(acc pjsua.AccountID, remote string, headers ...string) pjsua.CallID {
	c := f.newCall(acc, pjsua.RoleUAS, remote)
	f.send(pjsua.IncomingCall{
		EventHeader: f.head(), Call: c.id, Account: acc, Remote: remote, Local: "sip:me@pbx",
		SIPCallID: fmt.Sprintf("in-%d", c.id), Source: "192.0.2.9:5060",
		Request: []byte("INVITE sip:me@pbx SIP/2.0\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"),
	})
	return c.id
}

func (f *fakePhone) state(id pjsua.CallID, s pjsua.CallState, code pjsua.SIPCode, reason string) {
	c := f.call(id)
	f.send(pjsua.CallStateChanged{
		EventHeader: f.head(), Call: id, Account: c.account, Role: c.role, State: s, Code: code, Reason: reason,
		Remote: c.remote, Local: "sip:me@pbx", SIPCallID: fmt.Sprintf("id-%d", id),
	})
}

// media gives the call a new port in the bridge; the old one goes with its links.
func (f *fakePhone) media(id pjsua.CallID, status pjsua.MediaStatus, dir pjsua.MediaDir) pjsua.PortID {
	f.mu.Lock()
	f.dropLocked(f.calls[id].port)
	port := f.addLocked("call")
	f.calls[id].port = port
	f.mu.Unlock()
	f.says(id, port, status, dir)
	return port
}

// says reports media without changing the bridge.
func (f *fakePhone) says(id pjsua.CallID, port pjsua.PortID, status pjsua.MediaStatus, dir pjsua.MediaDir) {
	f.send(pjsua.CallMediaChanged{
		EventHeader: f.head(), Call: id,
		Media: []pjsua.Media{{Status: status, Dir: dir, Port: port, Codec: "PCMU/8000", TelephoneEvent: !f.tones}},
	})
}

func (f *fakePhone) end(id pjsua.CallID, code pjsua.SIPCode, reason string) {
	f.mu.Lock()
	c := f.calls[id]
	if c == nil {
		f.mu.Unlock()
		return
	}
	delete(f.calls, id)
	f.dropLocked(c.port)
	f.endListenerLocked(id)
	f.mu.Unlock()
	f.send(pjsua.CallStateChanged{
		EventHeader: f.head(), Call: id, Account: c.account, Role: c.role, State: pjsua.StateDisconnected,
		Code: code, Reason: reason, Remote: c.remote, Local: "sip:me@pbx", SIPCallID: fmt.Sprintf("id-%d", id),
	})
	f.send(pjsua.CallEnded{
		EventHeader: f.head(), Call: id, Account: c.account, Role: c.role, Code: code, Reason: reason,
		Remote: c.remote, Local: "sip:me@pbx", SIPCallID: fmt.Sprintf("id-%d", id), Stats: f.stats,
	})
}

// confirm takes an answered call to CONFIRMED with audio.
func (f *fakePhone) confirm(id pjsua.CallID) pjsua.PortID {
	f.state(id, pjsua.StateConnecting, 200, "OK")
	port := f.media(id, pjsua.MediaActive, pjsua.DirSendRecv)
	f.state(id, pjsua.StateConfirmed, 200, "OK")
	return port
}

func (f *fakePhone) registered(acc pjsua.AccountID, code pjsua.SIPCode, reason string) {
	f.send(pjsua.RegistrationChanged{
		EventHeader: f.head(), Account: acc, Code: code, Reason: reason,
		Registered: code.Success(), Expires: 300 * time.Second,
	})
}

// The conference bridge.

func (f *fakePhone) addLocked(what string) pjsua.PortID {
	f.lastPort++
	f.ports[f.lastPort] = what
	return f.lastPort
}

func (f *fakePhone) dropLocked(port pjsua.PortID) {
	delete(f.ports, port)
	delete(f.levels, port)
	for l := range f.links {
		if l.src == port || l.dst == port {
			delete(f.links, l)
		}
	}
}

// wiring returns the links, each as "player>call", sorted; sound>call, which every
// call has, is left out.
func (f *fakePhone) wiring() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for l := range f.links {
		if text := f.ports[l.src] + ">" + f.ports[l.dst]; text != "sound>call" {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

func (f *fakePhone) linked(src, dst pjsua.PortID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.links[link{src, dst}]
}

// open returns how many players and recorders there are.
func (f *fakePhone) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.files)
}

// Phone.

func (f *fakePhone) Events() <-chan pjsua.Event { return f.events }

func (f *fakePhone) AddTransport(_ context.Context, cfg pjsua.TransportConfig) (*pjsua.Transport, pjsua.TransportInfo, error) {
	if f.onTransport != nil {
		if err := f.onTransport(cfg); err != nil {
			return nil, pjsua.TransportInfo{}, err
		}
	}
	f.note("transport %v", cfg.Type)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tps = append(f.tps, cfg)
	port := cfg.Port
	if port == 0 {
		port = 40000 + len(f.tps)
	}
	host := cmp.Or(cfg.BindAddress, "192.0.2.1")
	return new(pjsua.Transport), pjsua.TransportInfo{Type: cfg.Type, Address: fmt.Sprintf("%s:%d", host, port)}, nil
}

func (f *fakePhone) AddAccount(_ context.Context, cfg pjsua.AccountConfig) (pjsua.AccountID, error) {
	if f.onAccount != nil {
		if err := f.onAccount(cfg); err != nil {
			return 0, err
		}
	}
	id := pjsua.AccountID(f.mint())
	f.note("account %s", cfg.ID)
	f.mu.Lock()
	f.accounts[id] = cfg
	f.mu.Unlock()
	if cfg.Registrar != "" && !cfg.RegisterLater {
		panic("a server that cannot be found would stop the engine")
	}
	return id, nil
}

// account returns the id of the account whose address of record begins with id.
func (f *fakePhone) account(aor string) pjsua.AccountID {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, cfg := range f.accounts {
		if strings.HasPrefix(cfg.ID, aor) {
			return id
		}
	}
	panic("no account " + aor)
}

func (f *fakePhone) Register(_ context.Context, acc pjsua.AccountID, renew bool) error {
	if f.shut() {
		return pjsua.ErrClosed
	}
	f.note("register %d %v", acc, renew)
	if f.onRegister != nil {
		if err := f.onRegister(acc); err != nil {
			return err
		}
	}
	if f.registersNow {
		f.registered(acc, 200, "OK")
	}
	return nil
}

func (f *fakePhone) AccountInfo(_ context.Context, acc pjsua.AccountID) (pjsua.AccountInfo, error) {
	if f.onAccInfo != nil {
		return f.onAccInfo(acc)
	}
	return pjsua.AccountInfo{ID: acc}, nil
}

func (f *fakePhone) Dial(_ context.Context, acc pjsua.AccountID, uri string, opts pjsua.DialOptions) (pjsua.CallID, error) {
	if f.shut() {
		return 0, pjsua.ErrClosed
	}
	from := ""
	if opts.Msg.LocalURI != "" {
		from = " from " + opts.Msg.LocalURI
	}
	f.note("dial %d %s%s%s", acc, uri, headersOf(opts.Msg), from)
	c := f.newCall(acc, pjsua.RoleUAC, uri)
	if f.onDial != nil {
		if err := f.onDial(c.id, uri); err != nil {
			return 0, err
		}
	} else {
		f.state(c.id, pjsua.StateCalling, 0, "")
	}
	return c.id, nil
}

func (f *fakePhone) gone(call pjsua.CallID) error {
	switch {
	case f.shut():
		return pjsua.ErrClosed
	case f.call(call) == nil:
		return pjsua.ErrCallGone
	}
	return nil
}

func (f *fakePhone) Answer(_ context.Context, call pjsua.CallID, code pjsua.SIPCode, opts pjsua.AnswerOptions) error {
	if err := f.gone(call); err != nil {
		return err
	}
	own := ""
	if opts.OwnCodecOrder {
		own = " own"
	}
	f.note("answer %d %d%s%s", call, code, headersOf(opts.Msg), own)
	if f.onAnswer != nil {
		return f.onAnswer(call, code)
	}
	switch {
	case code < 200:
		f.state(call, pjsua.StateEarly, code, "")
	case code.Success():
		f.confirm(call)
	default:
		f.end(call, code, opts.Reason)
	}
	return nil
}

// headersOf are the header fields of a message, for the journal.
func headersOf(msg pjsua.MsgData) string {
	text := ""
	for _, h := range msg.Headers {
		text += " " + h.Name + ": " + h.Value
	}
	return text
}

func (f *fakePhone) Hangup(_ context.Context, call pjsua.CallID, opts pjsua.HangupOptions) error {
	if err := f.gone(call); err != nil {
		return err
	}
	f.note("hangup %d %d %s%s", call, opts.Code, opts.Reason, headersOf(opts.Msg))
	if f.onHangup != nil {
		return f.onHangup(call)
	}
	f.end(call, opts.Code, opts.Reason)
	return nil
}

func (f *fakePhone) ProcessRedirect(_ context.Context, call pjsua.CallID, op pjsua.RedirectOp) error {
	f.note("redirect %d %v", call, op)
	return f.gone(call)
}

func (f *fakePhone) Hold(_ context.Context, call pjsua.CallID) error {
	f.note("hold %d", call)
	return f.gone(call)
}

func (f *fakePhone) Resume(_ context.Context, call pjsua.CallID) error {
	f.note("resume %d", call)
	if f.onResume != nil {
		if err := f.onResume(call); err != nil {
			return err
		}
	}
	return f.gone(call)
}

func (f *fakePhone) SendDTMF(_ context.Context, call pjsua.CallID, digits string, opts pjsua.DTMFOptions) error {
	if f.onDTMF != nil {
		if err := f.onDTMF(opts); err != nil {
			return err
		}
	}
	f.note("dtmf %d %s %v %v", call, digits, opts.Method, time.Now().Format("04:05.0"))
	return f.gone(call)
}

func (f *fakePhone) CallInfo(_ context.Context, call pjsua.CallID) (pjsua.CallInfo, error) {
	if f.onCallInfo != nil {
		return f.onCallInfo(call)
	}
	return pjsua.CallInfo{}, f.gone(call)
}

func (f *fakePhone) CallStats(_ context.Context, call pjsua.CallID) (pjsua.CallStats, error) {
	return f.stats, f.gone(call)
}

func (f *fakePhone) NewPlayer(_ context.Context, path string, opts pjsua.PlayerOptions) (pjsua.PlayerID, pjsua.PortID, error) {
	if f.onPlayer != nil {
		if err := f.onPlayer(path); err != nil {
			return 0, pjsua.NoPort, err
		}
	}
	id := f.mint()
	f.note("play %s loop=%v", path, opts.Loop)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[id] = f.addLocked("player")
	return pjsua.PlayerID(id), f.files[id], nil
}

func (f *fakePhone) NewRecorder(_ context.Context, path string, opts pjsua.RecorderOptions) (pjsua.RecorderID, pjsua.PortID, pjsua.PortID, error) {
	if f.onRecorder != nil {
		if err := f.onRecorder(path); err != nil {
			return 0, pjsua.NoPort, pjsua.NoPort, err
		}
	}
	id := f.mint()
	f.note("record %s", path)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[id] = f.addLocked("recorder")
	right := pjsua.NoPort
	if opts.Stereo {
		right = f.addLocked("right")
	}
	return pjsua.RecorderID(id), f.files[id], right, nil
}

func (f *fakePhone) closeLocked(id int64) error {
	port, ok := f.files[id]
	if !ok {
		return errors.New("closed twice")
	}
	f.dropLocked(port)
	delete(f.files, id)
	return nil
}

func (f *fakePhone) ClosePlayer(_ context.Context, id pjsua.PlayerID) error {
	f.note("closeplayer %d", id)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closeLocked(int64(id))
}

func (f *fakePhone) CloseRecorder(ctx context.Context, id pjsua.RecorderID) error {
	f.note("closerecorder %d", id)
	if f.onClose != nil {
		f.onClose(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.closeLocked(int64(id)), f.closeFile)
}

func (f *fakePhone) Connect(_ context.Context, src, dst pjsua.PortID, _ pjsua.ConnectOptions) error {
	if f.onConnect != nil {
		if err := f.onConnect(link{src, dst}); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ports[src] == "" || f.ports[dst] == "" {
		return pjsua.StatusInvalid
	}
	f.journal = append(f.journal, fmt.Sprintf("connect %s>%s", f.ports[src], f.ports[dst]))
	f.links[link{src, dst}] = true
	return nil
}

func (f *fakePhone) Disconnect(_ context.Context, src, dst pjsua.PortID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.journal = append(f.journal, fmt.Sprintf("disconnect %s>%s", f.ports[src], f.ports[dst]))
	delete(f.links, link{src, dst})
	return nil
}

func (f *fakePhone) Shutdown(ctx context.Context) error {
	f.mu.Lock()
	again := f.closed
	var open []pjsua.CallID
	for id := range f.calls {
		open = append(open, id)
	}
	f.mu.Unlock()
	if again {
		return nil
	}
	f.note("shutdown")
	if f.onShutdown != nil {
		f.onShutdown(ctx)
	}
	if f.hangs {
		return ctx.Err()
	}
	slices.Sort(open)
	for _, id := range open {
		f.end(id, 200, "Normal call clearing")
	}
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.closeEvents()
	return nil
}

func (f *fakePhone) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return f.Shutdown(ctx)
}
