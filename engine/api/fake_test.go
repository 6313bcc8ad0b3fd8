package api

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// wait bounds every wait of these tests; nothing should come near it.
const wait = 60 * time.Second

// fakeEvent is an event of the fake softphone.
type fakeEvent struct {
	Seq  uint64    `json:"seq"`
	Time time.Time `json:"time"`
	Type string    `json:"type"`
	Call CallID    `json:"call,omitempty"`
	Text string    `json:"text"`
}

// fakePhone is a Softphone without SIP: it writes down what it is asked for.
type fakePhone struct {
	mu      sync.Mutex
	seq     uint64
	journal []string
	calls   map[CallID]Call
	last    CallID
	streams map[*fakeStream]bool
	stopped bool
	block   chan struct{} // SendDTMF waits for it, where it is not nil
}

func newFakePhone() *fakePhone {
	return &fakePhone{calls: make(map[CallID]Call), streams: make(map[*fakeStream]bool)}
}

func (p *fakePhone) note(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.journal = append(p.journal, fmt.Sprintf(format, a...))
}

func (p *fakePhone) noted() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.journal)
}

// say publishes an event.
func (p *fakePhone) say(call CallID, text string) { p.sayType("fakeEvent", call, text) }

func (p *fakePhone) sayType(typ string, call CallID, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seq++
	ev := fakeEvent{Seq: p.seq, Time: time.Now().UTC(), Type: typ, Call: call, Text: text}
	for s := range p.streams {
		s.put(ev)
	}
}

// fakeStream has a queue without a limit.
type fakeStream struct {
	p    *fakePhone
	wake chan struct{}

	mu    sync.Mutex
	queue []fakeEvent
	ended bool
}

func (s *fakeStream) put(ev fakeEvent) {
	s.mu.Lock()
	s.queue = append(s.queue, ev)
	s.mu.Unlock()
	s.signal()
}

func (s *fakeStream) end() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.signal()
}

func (s *fakeStream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *fakeStream) Next(ctx context.Context) (any, bool) {
	for {
		s.mu.Lock()
		if len(s.queue) > 0 {
			ev := s.queue[0]
			s.queue = s.queue[1:]
			s.mu.Unlock()
			return ev, true
		}
		ended := s.ended
		s.mu.Unlock()
		if ended {
			return nil, false
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil, false
		}
	}
}

func (s *fakeStream) Close() {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	delete(s.p.streams, s)
}

func (p *fakePhone) Follow() (Snapshot, EventStream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &fakeStream{p: p, wake: make(chan struct{}, 1), ended: p.stopped}
	p.streams[s] = true
	return Snapshot{Type: "Snapshot", Seq: p.seq, Time: time.Now().UTC(), State: "running",
		Transports: []TransportAddress{}, Accounts: []Account{}, Calls: p.callsLocked()}, s
}

func (p *fakePhone) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Status{State: "running", Seq: p.seq, Calls: len(p.calls)}
}

// Stop ends all streams, as an engine that ends does.
func (p *fakePhone) Stop() {
	p.note("stop")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for s := range p.streams {
		s.end()
	}
}

func (p *fakePhone) Accounts() []Account {
	return []Account{{Number: 0}, {Number: 2, Label: "Sales", Registers: true, Registered: true}}
}

func (p *fakePhone) Register(_ context.Context, account int) error {
	return p.onAccount("register", account)
}

func (p *fakePhone) Unregister(_ context.Context, account int) error {
	return p.onAccount("unregister", account)
}

func (p *fakePhone) onAccount(verb string, account int) error {
	if account > 2 {
		return Errorf(http.StatusNotFound, CodeNoAccount, "there is no account %d", account)
	}
	p.note("%s %d", verb, account)
	return nil
}

func (p *fakePhone) callsLocked() []Call {
	list := []Call{}
	for _, c := range p.calls {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Call) int { return int(a.ID - b.ID) })
	return list
}

func (p *fakePhone) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.callsLocked()
}

func (p *fakePhone) Call(id CallID) (Call, error) { return p.on(id, "call") }

func (p *fakePhone) Dial(_ context.Context, req DialRequest) (Call, error) {
	if strings.Contains(req.URI, "nowhere") {
		return Call{}, Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "cannot dial %q", req.URI)
	}
	p.note("dial %s by %s with %v", req.URI, number(req.Account), req.Headers)
	p.mu.Lock()
	p.last++
	c := Call{ID: p.last, Role: "UAC", State: "CALLING", Remote: req.URI, Started: time.Now().UTC()}
	p.calls[c.ID] = c
	p.mu.Unlock()
	p.say(c.ID, "dialled")
	return c, nil
}

// on does something with a call, 0 being the last one.
func (p *fakePhone) on(id CallID, format string, a ...any) (Call, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id == 0 {
		id = p.last
	}
	c, ok := p.calls[id]
	if !ok {
		return Call{}, Errorf(http.StatusNotFound, CodeNoCall, "there is no call %d", id)
	}
	p.journal = append(p.journal, fmt.Sprintf(format, a...)+fmt.Sprintf(" on %d", id))
	return c, nil
}

func (p *fakePhone) Answer(_ context.Context, id CallID, req AnswerRequest) (Call, error) {
	return p.on(id, "answer %d %q", req.Code, req.Reason)
}

func (p *fakePhone) Reject(_ context.Context, id CallID, req RejectRequest) (Call, error) {
	return p.on(id, "reject %d %q", req.Code, req.Reason)
}

func (p *fakePhone) Hangup(_ context.Context, id CallID) (Call, error) {
	c, err := p.on(id, "hangup")
	if err == nil {
		p.mu.Lock()
		delete(p.calls, c.ID)
		p.mu.Unlock()
		p.say(c.ID, "ended")
	}
	return c, err
}

func (p *fakePhone) Hold(_ context.Context, id CallID) (Call, error)   { return p.on(id, "hold") }
func (p *fakePhone) Resume(_ context.Context, id CallID) (Call, error) { return p.on(id, "resume") }

func (p *fakePhone) SendDTMF(ctx context.Context, id CallID, req DTMFRequest) (Call, error) {
	if p.block != nil {
		select {
		case <-p.block:
		case <-ctx.Done():
			return Call{}, ctx.Err()
		}
	}
	return p.on(id, "dtmf %s %s %d", req.Digits, req.Method, req.DurationMS)
}

func (p *fakePhone) Record(_ context.Context, id CallID, req RecordRequest) (File, error) {
	_, err := p.on(id, "record %q %v", req.Name, req.OneSided)
	return File{Name: req.Name}, err
}

func (p *fakePhone) CallStats(_ context.Context, id CallID) (CallStats, error) {
	_, err := p.on(id, "stats")
	return CallStats{Codec: "PCMU/8000", RX: DirectionStats{MOS: 4.3}}, err
}

func (p *fakePhone) StopRecording(_ context.Context, id CallID) (Call, error) {
	return p.on(id, "stop-recording")
}

func (p *fakePhone) Play(_ context.Context, id CallID, path string, loop bool) (Call, error) {
	return p.on(id, "play %s %v", filepath.Base(path), loop)
}

func (p *fakePhone) StopPlaying(_ context.Context, id CallID) (Call, error) {
	return p.on(id, "stop-playing")
}

func (p *fakePhone) Select(_ context.Context, id CallID) (Call, error) { return p.on(id, "select") }

func (p *fakePhone) SetMuted(_ context.Context, id CallID, dir string, muted bool) (Call, error) {
	return p.on(id, "muted %s %v", dir, muted)
}

func (p *fakePhone) SetVolume(_ context.Context, id CallID, req VolumeRequest) (Call, error) {
	return p.on(id, "volume %s %d", req.Direction, req.Percent)
}

func (p *fakePhone) Forward(_ context.Context, id CallID, req TargetRequest) (Call, error) {
	return p.on(id, "forward %s", req.Target)
}

func (p *fakePhone) Transfer(_ context.Context, id CallID, req TransferRequest) (Call, error) {
	return p.on(id, "transfer %q %d %v", req.Target, req.To, req.Wait)
}

func (p *fakePhone) Consult(_ context.Context, id CallID, req TargetRequest) (Call, error) {
	return p.on(id, "consult %s", req.Target)
}

func (p *fakePhone) Park(_ context.Context, id CallID, req SlotRequest) (Call, error) {
	return p.on(id, "park %q", req.Slot)
}

func (p *fakePhone) Separate(_ context.Context, id CallID) (Call, error) { return p.on(id, "separate") }

func (p *fakePhone) Redial(context.Context) (Call, error) { p.note("redial"); return Call{}, nil }

func (p *fakePhone) Pickup(_ context.Context, req PickupRequest) (Call, error) {
	p.note("pickup %s", req.Extension)
	return Call{}, nil
}

func (p *fakePhone) Retrieve(_ context.Context, req SlotRequest) (Call, error) {
	p.note("retrieve %q", req.Slot)
	return Call{}, nil
}

func (p *fakePhone) Voicemail(_ context.Context, req VoicemailRequest) (Call, error) {
	p.note("voicemail %s", number(req.Account))
	return Call{}, nil
}

func number(n *int) string {
	if n == nil {
		return "default"
	}
	return fmt.Sprint(*n)
}

func (p *fakePhone) HangupThose(_ context.Context, which string) (int, error) {
	p.note("hangup %s", which)
	return 3, nil
}

func (p *fakePhone) Levels() Levels { return Levels{VolumeIn: 70} }

func (p *fakePhone) MuteAll(_ context.Context, dir string, muted bool) (Levels, error) {
	p.note("all muted %s %v", dir, muted)
	return Levels{MutedIn: muted}, nil
}

func (p *fakePhone) SetVolumes(_ context.Context, req VolumesRequest) (Levels, error) {
	p.note("volumes %s %s %s", number(req.Input), number(req.Output), number(req.Ring))
	return Levels{}, nil
}

func (p *fakePhone) Conferences() []Conference { return []Conference{{1, []CallID{2, 3}}} }

func (p *fakePhone) Conference(_ context.Context, req ConferenceRequest) (Conference, error) {
	p.note("conference %v", req.Calls)
	return Conference{1, req.Calls}, nil
}

func (p *fakePhone) SendMessage(_ context.Context, req MessageRequest) (Message, error) {
	p.note("message %q %d %s %q %q", req.To, req.Call, number(req.Account), req.Text, req.ContentType)
	return Message{7}, nil
}

func (p *fakePhone) CallLog(_ context.Context, q LogQuery) ([]LogEntry, error) {
	p.note("log %d %d %s %q %s %d %d", q.Last, q.Before, q.Type, q.Account, q.Number, q.Since.UnixMilli(), q.Until.UnixMilli())
	return []LogEntry{{ID: 4, Type: "missed", Number: "1002"}}, nil
}

func (p *fakePhone) WriteCallLog(_ context.Context, w io.Writer, q LogQuery) error {
	if q.Number == "none" {
		return Errorf(http.StatusConflict, CodeFailed, "there is no call log")
	}
	_, err := fmt.Fprintf(w, "Type,Number\nmissed,%s\n", q.Number)
	return err
}

func (p *fakePhone) WriteContacts(w io.Writer) error {
	_, err := io.WriteString(w, "Name,Number\nAnn,1002\n")
	return err
}

func (p *fakePhone) Reload(context.Context) (Reloaded, error) {
	p.note("reload")
	return Reloaded{Changed: []string{"DND"}}, nil
}

func (p *fakePhone) Contacts() []Contact { return []Contact{{Name: "Ann", Number: "1002"}} }

func (p *fakePhone) SetContacts(_ context.Context, contacts []Contact) error {
	p.note("set-contacts %v", contacts)
	return nil
}

func (p *fakePhone) Buddies() []Buddy { return []Buddy{{URI: "sip:b@c"}} }

func (p *fakePhone) Watch(_ context.Context, req WatchRequest) (Buddy, error) {
	p.note("watch %s %s %s", req.URI, req.Package, number(req.Account))
	return Buddy{URI: req.URI}, nil
}

func (p *fakePhone) Unwatch(_ context.Context, uri string) error {
	p.note("unwatch %s", uri)
	return nil
}

func (p *fakePhone) Publish(_ context.Context, req PresenceRequest) error {
	p.note("publish %v %s %q", req.Online, req.Activity, req.Note)
	return nil
}

func (p *fakePhone) AddAccount(_ context.Context, req AccountRequest) (Account, error) {
	p.note("account-add %d %v", req.Number, req.Keys)
	return Account{Number: 5}, nil
}

func (p *fakePhone) UpdateAccount(_ context.Context, account int, req AccountRequest) (Account, error) {
	return Account{Number: account}, p.onAccount(fmt.Sprintf("account-update %v", req.Keys), account)
}

func (p *fakePhone) RemoveAccount(_ context.Context, account int) error {
	return p.onAccount("account-remove", account)
}

// The tokens of the tests.
const (
	readToken  = "read-0123456789abcdefghij"
	callToken  = "call-0123456789abcdefghij"
	adminToken = "admin-0123456789abcdefghi"
)

// rig is a server of a fake softphone on a socket and on TCP.
type rig struct {
	t      *testing.T
	phone  *fakePhone
	srv    *Server
	socket string
	url    string
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	tokens, err := ParseTokens([]byte("r read " + readToken + "\nc call " + callToken + "\na admin " + adminToken + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, phone: newFakePhone(), socket: testSocket(t)}
	cfg := Config{
		Softphone: r.phone, Events: []any{fakeEvent{}}, Tokens: tokens, Hosts: []string{"phone.example"},
		Prompts: filepath.Join(testFolder(t), "prompts"), Recordings: filepath.Join(testFolder(t), "recordings"),
		Limits:  Limits{Requests: 1e6, Burst: 1e6},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "counted 1\n") }),
	}
	if change != nil {
		change(&cfg)
	}
	if r.srv, err = NewServer(cfg); err != nil {
		t.Fatal(err)
	}
	local, err := ListenSocket(r.socket)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + tcp.Addr().String()
	served := make(chan error, 2)
	go func() { served <- r.srv.ServeSocket(local) }()
	go func() { served <- r.srv.ServeTCP(tcp) }()
	t.Cleanup(func() {
		r.phone.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		defer cancel()
		if err := r.srv.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-served; err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

func (r *rig) client() *Client { return &Client{Socket: r.socket} }
