//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// station is the binding in the test's own process, for what the program has no word
// for. There is one at a time.
type station struct {
	*pjsua.Endpoint
	t     *testing.T
	addr  string // host:port of its UDP
	tp    *pjsua.Transport
	trace *pjsua.Trace
	log   logBuffer
	seen  []pjsua.Event
	sip   []pjsua.SIPMessage
}

// logBuffer takes PJSIP's log.
type logBuffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed and replaced with each line
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	return l.b.Write(b)
}

// growth returns the log, and a channel that is closed when it has grown.
func (l *logBuffer) growth() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	return l.b.String(), l.more
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// openStation opens the binding with a UDP transport on ip, IPv4 or IPv6, until the test
// ends or it is closed.
func openStation(t *testing.T, ip string, cfg pjsua.Config) *station {
	t.Helper()
	s := &station{t: t}
	cfg.Logger, cfg.LogLevel = hclog.New(&hclog.LoggerOptions{Output: &s.log, Level: hclog.Debug}), 4
	var err error
	s.Endpoint, err = pjsua.Open(cfg)
	check(t, err)
	t.Cleanup(s.close)
	s.trace, err = s.Trace(s.soon(), pjsua.TraceOptions{})
	check(t, err)
	typ := pjsua.UDP
	if net.ParseIP(ip).To4() == nil {
		typ = pjsua.UDP6
	}
	s.tp, err = s.AddTransport(s.soon(), pjsua.TransportConfig{Type: typ, BindAddress: ip})
	check(t, err)
	_, port, err := net.SplitHostPort(s.tp.Info().Address)
	check(t, err)
	s.addr = net.JoinHostPort(ip, port)
	check(t, s.SetCodecOrder(s.soon(), "PCMA"))
	return s
}

// soon bounds a wait that ends at once when all is well.
func (s *station) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	s.t.Cleanup(cancel)
	return ctx
}

// close ends calls and registrations and closes the binding.
func (s *station) close() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		s.t.Error(err)
	}
	if s.t.Failed() {
		s.t.Logf("PJSIP's log:\n%s", s.log.String())
	}
}

// add adds an account that calls are made by, and registers it where it has a registrar.
func (s *station) add(cfg pjsua.AccountConfig) *pjsua.Account {
	s.t.Helper()
	cfg.Transport = s.tp
	acc, err := s.AddAccount(s.soon(), cfg)
	check(s.t, err)
	if cfg.Registrar != "" {
		await(s, func(ev pjsua.RegistrationChanged) bool { return ev.Account == acc.ID() && ev.Registered })
	}
	return acc
}

// at is an account of a peer that listens on addr.
func at(addr, domain, user string) pjsua.AccountConfig {
	return pjsua.AccountConfig{
		ID: "sip:" + user + "@" + domain, Registrar: "sip:" + addr, Proxies: []string{"sip:" + addr},
		Credentials: []pjsua.Credential{{Username: user, Password: pjsua.NewSecret(peers.Password(user))}},
	}
}

// await reads events until one of type E satisfies ok.
func await[E pjsua.Event](s *station, ok func(E) bool) E {
	s.t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case ev, open := <-s.Events():
			if !open {
				s.t.Fatalf("events closed; seen %+v", s.seen)
			}
			s.seen = append(s.seen, ev)
			if ev, is := ev.(E); is && ok(ev) {
				return ev
			}
		case <-limit:
			var want E
			s.t.Fatalf("no %T within %v; seen %+v", want, deadline, s.seen)
		}
	}
}

// awaitLog waits until text is n times in PJSIP's log, which comes another way than events do.
func (s *station) awaitLog(text string, n int) {
	s.t.Helper()
	limit := time.After(deadline)
	for {
		log, more := s.log.growth()
		if strings.Count(log, text) >= n {
			return
		}
		select {
		case <-more:
		case <-limit:
			s.t.Fatalf("%q is not %d times in the log within %v", text, n, deadline)
		}
	}
}

// awaitSIP reads the trace until a message satisfies ok.
func (s *station) awaitSIP(what string, ok func(pjsua.SIPMessage) bool) pjsua.SIPMessage {
	s.t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case m := <-s.trace.Messages():
			s.sip = append(s.sip, m)
			if ok(m) {
				return m
			}
		case <-limit:
			s.t.Fatalf("no %s within %v", what, deadline)
		}
	}
}

// dial calls uri and waits until the call is up.
func (s *station) dial(acc *pjsua.Account, uri string) *pjsua.Call {
	s.t.Helper()
	call, err := acc.Dial(s.soon(), uri, pjsua.DialOptions{})
	check(s.t, err)
	s.up(call)
	return call
}

// up waits until the call is up and has media.
func (s *station) up(call *pjsua.Call) {
	s.t.Helper()
	for {
		info, err := call.Info(s.soon())
		check(s.t, err)
		if info.State == pjsua.StateConfirmed && len(info.Media) > 0 && info.Media[0].Port != pjsua.NoPort {
			return
		}
		await(s, func(ev pjsua.Event) bool {
			switch ev := ev.(type) {
			case pjsua.CallStateChanged:
				return ev.Call == call.ID()
			case pjsua.CallMediaChanged:
				return ev.Call == call.ID()
			}
			return false
		})
	}
}

// answer takes the next call that comes in.
func (s *station) answer() *pjsua.Call {
	s.t.Helper()
	in := await(s, func(pjsua.IncomingCall) bool { return true })
	call := s.Call(in.Call)
	check(s.t, call.Answer(s.soon(), pjsua.CodeOK, pjsua.AnswerOptions{}))
	return call
}

// awaitMedia waits until the call's audio is in that status.
func (s *station) awaitMedia(call *pjsua.Call, status pjsua.MediaStatus) pjsua.Media {
	s.t.Helper()
	ev := await(s, func(ev pjsua.CallMediaChanged) bool {
		return ev.Call == call.ID() && len(ev.Media) > 0 && ev.Media[0].Status == status
	})
	return ev.Media[0]
}

// hangUp ends the call and waits for the end.
func (s *station) hangUp(call *pjsua.Call) pjsua.CallEnded {
	s.t.Helper()
	check(s.t, call.Hangup(s.soon(), pjsua.HangupOptions{}))
	return await(s, func(ev pjsua.CallEnded) bool { return ev.Call == call.ID() })
}

// ear records what a call hears while a tone is said into it.
type ear struct {
	s      *station
	call   *pjsua.Call
	path   string
	player *pjsua.Player
	rec    *pjsua.Recorder
}

// say plays a tone of hz at peerLevel into the call and begins to record what it hears.
func (s *station) say(call *pjsua.Call, hz float64) *ear {
	s.t.Helper()
	player, err := s.NewPlayer(s.soon(), toneFile(s.t, hz, peerLevel, time.Minute), pjsua.PlayerOptions{Loop: true})
	check(s.t, err)
	_, err = s.KeepConnected(s.soon(), player.Port(), call, pjsua.ConnectOptions{})
	check(s.t, err)
	e := &ear{s: s, call: call, player: player, path: filepath.Join(s.t.TempDir(), "heard.wav")}
	e.rec, err = s.NewRecorder(s.soon(), e.path, pjsua.RecorderOptions{})
	check(s.t, err)
	_, err = s.KeepConnected(s.soon(), call, e.rec.Port(), pjsua.ConnectOptions{})
	check(s.t, err)
	return e
}

// listen waits until so much more audio has arrived.
func (e *ear) listen(d time.Duration) {
	e.s.t.Helper()
	const packet = 20 * time.Millisecond
	received := func() uint64 {
		stats, err := e.call.Stats(e.s.soon())
		check(e.s.t, err)
		return stats.RX.Packets
	}
	want, limit := received()+uint64(d/packet), time.Now().Add(deadline)
	tick := time.NewTicker(packet)
	defer tick.Stop()
	for got := received(); got < want; got = received() {
		if time.Now().After(limit) {
			e.s.t.Fatalf("%d packets came, want %d", got, want)
		}
		<-tick.C
	}
}

// requireTone ends the recording, which must hold a tone of hz at peerLevel, and what is said meanwhile.
func (e *ear) requireTone(hz float64) {
	e.s.t.Helper()
	check(e.s.t, e.rec.Close(e.s.soon()))
	check(e.s.t, e.player.Close(e.s.soon()))
	requireTones(e.s.t, readRecording(e.s.t, e.path), peerLevel, hz)
}
