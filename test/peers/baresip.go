//go:build linux

package peers

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// BaresipConfig is what a test chooses of a [Baresip]. The zero value is a phone that is called directly, rings
// until it is told to answer, speaks PCMA in the clear and sends a tone of ToneHz at ToneLevel.
type BaresipConfig struct {
	User      string // of its address of record, and of its credentials, for a digest with MD5; "" means baresip
	Registrar string // host:port to register at, and to send requests by; "" means none
	TCP       bool   // reach the registrar by TCP; otherwise UDP
	Domain    string // of its address of record; "" means the registrar's host or, without one, its own address

	Answer bool   // an incoming call is answered at once
	Codec  string // PCMA, PCMU, G722 or opus; "" means PCMA

	// Encryption of media: "" for none, "srtp" for SDES when the other side has it, "srtp-mand" for SDES in any
	// case, "dtls_srtp".
	Encryption string
	// NAT is how media gets through NAT: "" for nothing, "ice", "stun" or "turn". The server is Coturn.
	NAT     string
	Coturn  *Coturn
	RTCPMux bool // offer RTCP on the port of RTP

	Hz float64 // of the tone that it sends; 0 means ToneHz
	IP string  // that it listens on; "" means Loopback. See [AddAddress]
}

// Baresip is a phone whose user is the test: a further implementation of SIP, SDP, ICE, SRTP and DTLS. It hears
// into WAV files.
type Baresip struct {
	Addr string // host:port of its SIP, UDP and TCP
	URI  string // its address of record
	Log  string // file with its log, every SIP message included

	tb   testing.TB
	dir  string
	proc *process
	ctrl *baresipControl
}

// StartBaresip starts a phone, which ends with the test. One with a registrar is registered.
func StartBaresip(tb testing.TB, c BaresipConfig) *Baresip {
	tb.Helper()
	RequireNetns(tb)
	orElse := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	orElse(&c.User, "baresip")
	orElse(&c.IP, Loopback)
	orElse(&c.Codec, "PCMA")
	if c.Hz == 0 {
		c.Hz = ToneHz
	}
	codec, ok := map[string]struct {
		id             string
		rate, channels int
	}{
		"PCMA": {"pcma/8000/1", 8000, 1}, "PCMU": {"pcmu/8000/1", 8000, 1},
		"G722": {"g722/16000/1", 16000, 1}, "opus": {"opus/48000/2", 48000, 2},
	}[c.Codec]
	if !ok {
		tb.Fatalf("StartBaresip: unknown codec %q", c.Codec)
	}
	const rtp = 64
	dir, port, media := runDir(tb), FreePorts(tb, 3), FreePorts(tb, rtp)
	b := &Baresip{
		Addr: net.JoinHostPort(c.IP, strconv.Itoa(port)), Log: filepath.Join(dir, "log"),
		tb: tb, dir: dir,
	}
	host := b.Addr
	if c.Registrar != "" {
		host, _, _ = strings.Cut(c.Registrar, ":")
	}
	orElse(&c.Domain, host)
	b.URI = "sip:" + c.User + "@" + c.Domain
	registrar := ""
	if c.Registrar != "" {
		registrar = "sip:" + c.Registrar
		if c.TCP {
			registrar += ";transport=tcp"
		}
	}
	source := filepath.Join(dir, "source.wav")
	const seconds = 120 // more than a test lasts: at its end it falls silent
	if err := ToneWAV(source, c.Hz, ToneLevel, seconds, codec.rate, codec.channels); err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "heard"), 0o700); err != nil {
		tb.Fatal(err)
	}
	data := map[string]any{
		"Dir": dir, "SIP": b.Addr, "Source": source, "Rate": codec.rate, "RTPFirst": media, "RTPLast": media + rtp - 1,
		"RTCPMux": c.RTCPMux, "Interface": c.IP, "Modules": "/usr/lib/baresip/modules", "Control": address(port + 2),
		"URI": b.URI, "User": c.User, "Password": Password(c.User), "Registrar": registrar, "Answer": c.Answer,
		"Codec": codec.id, "Encryption": c.Encryption, "NAT": c.NAT, "STUN": "",
	}
	if c.Coturn != nil {
		scheme := "stun:"
		if c.NAT == "turn" {
			scheme = "turn:"
		}
		data["STUN"], data["STUNUser"], data["STUNPassword"] = scheme+c.Coturn.UDP, c.Coturn.User, c.Coturn.Password
	}
	certs := MakeCerts(tb, dir)
	if err := joinFiles(filepath.Join(dir, "certificate.pem"), certs.Key, certs.Cert); err != nil {
		tb.Fatal(err)
	}
	writeConfigs(tb, "baresip", dir, data)
	b.proc = startProcess(tb, command{
		name: "baresip", log: b.Log, dir: dir,
		env:  []string{"HOME=" + dir},
		argv: []string{"baresip", "-f", dir, "-s", "-v"}, // -s: SIP messages, -v: more
	})
	tb.Cleanup(func() {
		b.Stop()
		if tb.Failed() {
			tb.Log(tail(b.Log, 2*logTail))
		}
	})
	b.proc.waitUp(func() (err error) {
		b.ctrl, err = dialBaresip(address(port + 2))
		return err
	})
	if c.Registrar != "" {
		// Its event may come before our connection does.
		b.proc.waitUp(func() error {
			if out, err := b.ctrl.command("reginfo", ""); err != nil || !strings.Contains(out, "OK") {
				return fmt.Errorf("its registration: %s %w", out, err)
			}
			return nil
		})
	}
	return b
}

// joinFiles writes one file after the other into path.
func joinFiles(path string, parts ...string) error {
	var all []byte
	for _, part := range parts {
		b, err := os.ReadFile(part)
		if err != nil {
			return err
		}
		all = append(all, b...)
	}
	return os.WriteFile(path, all, 0o600)
}

// Stop ends the phone and waits until it is gone; its calls end with BYE. Stopping it twice does nothing.
func (b *Baresip) Stop() {
	b.tb.Helper()
	b.proc.stop()
	if b.ctrl != nil {
		b.ctrl.close()
	}
}

// BaresipEvent is what baresip tells: Type is REGISTER_OK, REGISTER_FAIL, CALL_INCOMING, CALL_OUTGOING,
// CALL_RINGING, CALL_PROGRESS, CALL_ANSWERED, CALL_ESTABLISHED, CALL_CLOSED, CALL_TRANSFER, CALL_TRANSFER_FAILED,
// CALL_DTMF_START, CALL_DTMF_END, CALL_RTPESTAB, CALL_MENC and others.
type BaresipEvent struct {
	Type  string `json:"type"`
	Param string `json:"param"` // the digit, the reason of an end, ...
	Peer  string `json:"peeruri"`
	Call  string `json:"id"` // Call-ID
}

// Wait waits for the next event that has the members of want which are not empty, and returns it. Param need only
// be a part. Events before it are passed over. It ends the test when there is none within d.
func (b *Baresip) Wait(d time.Duration, want BaresipEvent) BaresipEvent {
	b.tb.Helper()
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	matches := func(have, want string) bool { return want == "" || have == want }
	var seen []BaresipEvent
	for {
		select {
		case ev, ok := <-b.ctrl.events:
			if !ok {
				b.tb.Fatalf("baresip: its control connection is closed; there were %+v", seen)
			}
			if matches(ev.Type, want.Type) && strings.Contains(ev.Param, want.Param) && matches(ev.Peer, want.Peer) && matches(ev.Call, want.Call) {
				return ev
			}
			seen = append(seen, ev)
		case <-timeout.C:
			b.tb.Fatalf("baresip: waited %v for the event %+v; there were %+v", d, want, seen)
		}
	}
}

// Command runs a command of baresip's menu and returns what it prints: see the methods for the usual ones, and
// "help" for all.
func (b *Baresip) Command(name, params string) string {
	b.tb.Helper()
	out, err := b.ctrl.command(name, params)
	if err != nil {
		b.tb.Fatalf("baresip: %s %s: %v", name, params, err)
	}
	return out
}

// Dial calls uri.
func (b *Baresip) Dial(uri string) { b.tb.Helper(); b.Command("dial", uri) }

// Accept answers the call that rings.
func (b *Baresip) Accept() { b.tb.Helper(); b.Command("accept", "") }

// Hangup ends the call, or refuses the one that rings.
func (b *Baresip) Hangup() { b.tb.Helper(); b.Command("hangup", "") }

// Hold holds the call, and Resume takes it back.
func (b *Baresip) Hold() { b.tb.Helper(); b.Command("hold", "") }

// Resume ends Hold.
func (b *Baresip) Resume() { b.tb.Helper(); b.Command("resume", "") }

// Transfer sends REFER with uri in the call.
func (b *Baresip) Transfer(uri string) { b.tb.Helper(); b.Command("transfer", uri) }

// Heard returns the WAV files of what it heard, one for each stream that it had, in that order. They are complete
// when the call is over.
func (b *Baresip) Heard() []string {
	b.tb.Helper()
	files, err := filepath.Glob(filepath.Join(b.dir, "heard/*-dec.wav"))
	if err != nil {
		b.tb.Fatal(err)
	}
	return files // by name, which is the time
}

// baresipControl is a connection to baresip's control port, which takes and gives netstrings of JSON.
type baresipControl struct {
	conn    net.Conn
	events  chan BaresipEvent
	answers chan baresipAnswer

	mu    sync.Mutex // guards writing
	token int
}

type baresipAnswer struct {
	OK    bool   `json:"ok"`
	Data  string `json:"data"`
	Token string `json:"token"`
}

func dialBaresip(addr string) (*baresipControl, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &baresipControl{
		conn: conn,
		// Nobody may have to read them for the next answer to come: far more than a test makes.
		events: make(chan BaresipEvent, 4096), answers: make(chan baresipAnswer, 1),
	}
	go c.read()
	return c, nil
}

func (c *baresipControl) close() { c.conn.Close() }

func (c *baresipControl) read() {
	defer close(c.events)
	defer close(c.answers)
	for in := bufio.NewReader(c.conn); ; {
		text, err := readNetstring(in)
		if err != nil {
			return
		}
		var kind struct {
			Event bool `json:"event"`
		}
		if json.Unmarshal(text, &kind) != nil {
			continue
		}
		if kind.Event {
			var ev BaresipEvent
			if json.Unmarshal(text, &ev) == nil {
				c.events <- ev
			}
			continue
		}
		var a baresipAnswer
		if json.Unmarshal(text, &a) == nil {
			c.answers <- a
		}
	}
}

// readNetstring reads length, colon, text, comma.
func readNetstring(in *bufio.Reader) ([]byte, error) {
	length, err := in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 {
		return nil, fmt.Errorf("%q is no netstring", length)
	}
	text := make([]byte, n+1)
	_, err = io.ReadFull(in, text)
	return text[:n], err
}

func (c *baresipControl) command(name, params string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token++
	token := strconv.Itoa(c.token)
	text, err := json.Marshal(map[string]string{"command": name, "params": params, "token": token})
	if err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c.conn, "%d:%s,", len(text), text); err != nil {
		return "", err
	}
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	select {
	case a, ok := <-c.answers:
		switch {
		case !ok:
			return "", io.ErrUnexpectedEOF
		case a.Token != token:
			return "", fmt.Errorf("the answer is to another command: %+v", a)
		case !a.OK:
			return "", errors.New(a.Data)
		}
		return a.Data, nil
	case <-timeout.C:
		return "", errors.New("no answer")
	}
}
