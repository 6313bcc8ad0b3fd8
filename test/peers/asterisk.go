//go:build linux

package peers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// Asterisk is a PBX. It knows these accounts, whose password is that of [Password] and whose domain is 127.0.0.1:
//
//	1001  any transport, plain RTP, digest with MD5
//	1002  the same, digest with SHA-256 and MD5 offered in this order
//	1003  the same as 1002, and SRTP with keys in the SDP (SDES) required: 488 without
//	1004  SRTP by DTLS required, ICE and RTCP on the port of RTP (rtcp-mux) offered; one codec only in an answer.
//	      Its media may use all addresses, see [AddAddress]: PJSIP makes no ICE candidate of 127.0.0.1
//	1005  reliable provisional responses (100rel, RFC 3262) required in both directions: 421 without
//	1006  session timer (RFC 4028) of 90 s required in both directions: 421 without
//	1007  media by IPv6, on ::1; the domain is [::1]
//	1008  NOTIFY about its mailbox without being asked (RFC 3842), from its registration on
//	1009  a hold by the other side is passed on as a re-INVITE, and a new other side is told by UPDATE
//	1010  DTMF as tones in the audio, both ways, and no telephone-event in SDP
//
// Every account but 1008 gets NOTIFY about its mailbox, which is called as the account is, when it subscribes to
// message-summary. Every account may subscribe to the state of another, or of the lamp 650, as dialog (RFC 4235,
// a busy lamp) or presence (PIDF); see [Asterisk.SetLamp]. MESSAGE to an account goes on to the phones that are
// registered as it, from whoever sent it, and is answered with 202 whatever becomes of it. REFER is accepted, with
// Replaces (an attended transfer) or without.
//
// A call from one of them is answered according to the number:
//
//	100N   rings that account, for as long as the caller waits
//	600    echo
//	601    a tone of 440 Hz and ToneLevel for 3 s, then BYE
//	602    menu: 330 Hz for 1 s, then 10 s for a digit. 1: 440 Hz for 2 s, 2: 880 Hz for 2 s, then the menu again;
//	       0: 550 Hz for 0.5 s, then BYE; another digit: the menu again; no digit: BYE. All at ToneLevel. A
//	       digit cuts a tone short, and each choice makes the event
//	       {Event: UserEvent, UserEvent: IVR, Choice: 1, 2, 0, invalid or none}
//	603    440 Hz at ToneLevel, with a pause of some milliseconds every 3 s, until the caller hangs up
//	605N   takes a voice message for the mailbox 100N, of 1 s or more, until the caller hangs up; it begins with
//	       550 Hz for 0.5 s. [Asterisk.Messages] counts
//	608    486
//	609    503
//	610    180, and nothing more for an hour
//	611    183 and 440 Hz at ToneLevel for 3 s as early media, then 486
//	613    200, and BYE after 2 s
//	614    200, after 1 s the DTMF digits 1234567890*#ABCD 250 ms each and 150 ms between them, then BYE
//	615    200, after 1 s REFER to 600; the event {Event: UserEvent, UserEvent: Transfer, Status: SUCCESS or FAILURE}
//	       comes when the caller has told by NOTIFY what became of it, or has refused it, then BYE
//	616NN  refused by the Q.850 cause NN: 61601 with 404, 61617 with 486, 61621 with 403
//	617    200, after 1 s MESSAGE inside the call with the text hello, and BYE after 2 s more
//	618NN  200, after 0.5 s what [Asterisk.SetPrompt] has given for NN, and BYE after 0.5 s more
//	651    486, and the lamp 650 goes on; 652 puts it out
//	700    the IVR of examples/ivr-smoke, with the prompts that the test puts into the folder Prompts
//
// Every digit that it receives makes the event {Event: DTMFEnd, Direction: Received, Digit: ...}; a phone that
// holds and resumes makes {Event: Hold} and {Event: Unhold}. It takes Opus, G.722, PCMA, PCMU, GSM and Speex, in its own order of preference.
type Asterisk struct {
	UDP   string // host:port
	TCP   string // host:port, the same as UDP
	TLS   string // host:port; TLS 1.2
	UDP6  string // [host]:port
	TCP6  string // [host]:port, the same as UDP6
	TLS6  string // [host]:port; TLS 1.2
	AMI   string // host:port of the manager interface
	Certs Certs  // the CA verifies the TLS server
	Log   string // file with its log, every SIP message included

	Prompts string // folder with the prompts of 700, empty at the start

	tb   testing.TB
	proc *process
	ami  *manager
}

// How long the tones of extensions 601 and 602 are.
const (
	PromptSeconds  = 3.0 // 601, 603, 611
	BranchSeconds  = 2.0 // 602, after 1 or 2
	MenuSeconds    = 1.0
	GoodbyeSeconds = 0.5
)

// The frequencies of the menu of extension 602.
const (
	MenuHz    = 330.0
	Branch1Hz = ToneHz
	Branch2Hz = 880.0
	GoodbyeHz = 550.0
)

const rtpPorts = 512 // each call leg takes two

// account is an account of Asterisk's.
type account struct {
	User, Password, Algorithms, Domain string

	Mailbox bool     // told unasked
	Options []string // of the endpoint
}

// asteriskAccounts are those that type Asterisk's comment describes.
func asteriskAccounts() []account {
	const twoDigests = "SHA-256,MD5"
	onLoopback := []string{"media_address = " + Loopback, "bind_rtp_to_media_address = yes"}
	list := []account{
		{User: "1001", Options: onLoopback},
		{User: "1002", Options: onLoopback, Algorithms: twoDigests},
		{User: "1003", Options: append([]string{"media_encryption = sdes", "media_encryption_optimistic = no"}, onLoopback...), Algorithms: twoDigests},
		{User: "1004", Options: []string{
			"media_encryption = dtls", "dtls_verify = fingerprint", "dtls_setup = actpass",
			"dtls_auto_generate_cert = yes", "ice_support = yes", "rtcp_mux = yes",
			// With several in the answer PJSIP chooses one by a new offer at once, and Asterisk would wait
			// for a second DTLS handshake.
			"preferred_codec_only = yes",
		}},
		{User: "1005", Options: append([]string{"100rel = required"}, onLoopback...)},
		{User: "1006", Options: append([]string{"timers = required", "timers_sess_expires = 90", "timers_min_se = 90"}, onLoopback...)},
		{User: "1007", Options: []string{"media_address = " + Loopback6, "bind_rtp_to_media_address = yes"}, Domain: "[" + Loopback6 + "]"},
		{User: "1008", Options: append([]string{"mailboxes = 1008@default"}, onLoopback...), Mailbox: true},
		{User: "1009", Options: append([]string{"moh_passthrough = yes", "connected_line_method = update", "send_pai = yes", "trust_id_outbound = yes"}, onLoopback...)},
		{User: "1010", Options: append([]string{"dtmf_mode = inband"}, onLoopback...)},
	}
	for i := range list {
		a := &list[i]
		a.Password = Password(a.User)
		if a.Algorithms == "" {
			a.Algorithms = "MD5"
		}
		if a.Domain == "" {
			a.Domain = Loopback
		}
	}
	return list
}

// StartAsterisk starts an Asterisk, which ends with the test.
func StartAsterisk(tb testing.TB) *Asterisk {
	tb.Helper()
	RequireNetns(tb)
	root := asteriskRoot(tb)
	lib := onlyMatch(tb, filepath.Join(root, "usr/lib/*-linux-*"))
	dir, port, rtp := runDir(tb), FreePorts(tb, 3), FreePorts(tb, rtpPorts)
	a := &Asterisk{
		UDP: address(port), TCP: address(port), TLS: address(port + 1), AMI: address(port + 2),
		UDP6: address6(port), TCP6: address6(port), TLS6: address6(port + 1),
		Certs:   MakeCerts(tb, dir),
		Log:     filepath.Join(dir, "log"),
		Prompts: filepath.Join(dir, "prompts"),
		tb:      tb,
	}
	asteriskFiles(tb, root, dir)
	writeConfigs(tb, "asterisk", dir, map[string]any{
		"Dir": dir, "Root": root, "Modules": filepath.Join(lib, "asterisk/modules"), "Certs": a.Certs,
		"IP": Loopback, "UDP": a.UDP, "TCP": a.TCP, "TLS": a.TLS, "AMIPort": port + 2,
		"RTPFirst": rtp, "RTPLast": rtp + rtpPorts - 1,
		"Prompts": a.Prompts, "SmokeIVR": filepath.Join(moduleDir(tb), "examples/ivr-smoke/extensions.conf"),
		"UDP6": a.UDP6, "TCP6": a.TCP6, "TLS6": a.TLS6, "Accounts": asteriskAccounts(),
	})
	a.proc = startProcess(tb, command{
		name: "asterisk", log: filepath.Join(dir, "stdout"), dir: dir,
		// its own loader, since its C library is newer than the system's; -f: stay in the foreground
		argv: []string{
			onlyMatch(tb, filepath.Join(lib, "ld-linux*.so.*")), "--library-path", lib, "--argv0", "asterisk",
			filepath.Join(root, "usr/sbin/asterisk"), "-f", "-C", filepath.Join(dir, "asterisk.conf"),
		},
	})
	tb.Cleanup(func() {
		a.proc.stop()
		if a.ami != nil {
			a.ami.close()
		}
		if tb.Failed() {
			tb.Log(tail(a.Log, 2*logTail))
		}
	})
	a.proc.waitUp(func() (err error) {
		a.ami, err = dialManager(a.AMI)
		return err
	})
	boot := &Watch{a: a}
	boot.Wait(upDeadline, Event{"Event": "FullyBooted"})
	// Its own commands come after that event.
	a.proc.waitUp(func() error {
		_, err := a.ami.action(Event{"Action": "Command", "Command": "core show version"})
		return err
	})
	a.CLI("pjsip set logger on")
	a.requireQuietStart()
	return a
}

// requireQuietStart fails the test when the log complains, say of a module that is missing: Asterisk starts
// anyway, and the test would fail later in a way that is harder to read.
func (a *Asterisk) requireQuietStart() {
	a.tb.Helper()
	log, err := os.ReadFile(a.Log)
	if err != nil {
		a.tb.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, " ERROR[") || strings.Contains(line, " WARNING[") {
			a.tb.Errorf("asterisk at the start: %s", strings.TrimSpace(line))
		}
	}
}

// asteriskRoot is the folder that install.sh unpacked Asterisk to.
func asteriskRoot(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command(filepath.Join(moduleDir(tb), "test/peers/install.sh"), "--print-asterisk-root").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		tb.Fatalf("where Asterisk is: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// moduleDir is the top folder of the clone: tests run in the folder of their package.
func moduleDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == "/" {
			err = errors.New("no go.mod above the working directory")
		}
	}
	tb.Fatal(err)
	return ""
}

func onlyMatch(tb testing.TB, pattern string) string {
	tb.Helper()
	m, err := filepath.Glob(pattern)
	if err != nil || len(m) != 1 {
		tb.Fatalf("%s: %d files, want 1 (%v)", pattern, len(m), err)
	}
	return m[0]
}

// asteriskFiles puts into dir what Asterisk expects there besides its configuration.
func asteriskFiles(tb testing.TB, root, dir string) {
	tb.Helper()
	for _, sub := range []string{"data/sounds/en", "keys", "lib", "prompts", "spool"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	// Asterisk takes the definitions of its options from its documentation.
	if err := os.Symlink(filepath.Join(root, "usr/share/asterisk/documentation"), filepath.Join(dir, "data/documentation")); err != nil {
		tb.Fatal(err)
	}
	// Without these it complains at the start.
	for _, name := range []string{"acl", "ccss", "cdr", "cel", "features", "pjproject", "udptl"} {
		if err := os.WriteFile(filepath.Join(dir, name+".conf"), nil, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	for _, p := range []struct {
		name        string
		hz, seconds float64
	}{
		{"tone440", ToneHz, PromptSeconds},
		{"branch1", Branch1Hz, BranchSeconds},
		{"branch2", Branch2Hz, BranchSeconds},
		{"menu", MenuHz, MenuSeconds},
		{"goodbye", GoodbyeHz, GoodbyeSeconds},
		{"data/sounds/en/beep", GoodbyeHz, GoodbyeSeconds},
	} {
		if err := ToneWAV(filepath.Join(dir, p.name+".wav"), p.hz, ToneLevel, p.seconds, 8000, 1); err != nil {
			tb.Fatal(err)
		}
	}
}

// Stop ends the Asterisk and waits until it is gone. Stopping it twice does nothing.
func (a *Asterisk) Stop() {
	a.tb.Helper()
	a.proc.stop()
}

// CLI runs a command of Asterisk's command line, such as "core show channels", and returns its output.
func (a *Asterisk) CLI(command string) string {
	a.tb.Helper()
	r, err := a.ami.action(Event{"Action": "Command", "Command": command})
	if err != nil {
		a.tb.Fatalf("asterisk: %s: %v", command, err)
	}
	return r["Output"]
}

// Originate calls the registered phone of user and, when it answers, connects it to the extension exten. It does
// not wait: the event {Event: OriginateResponse, Response: Success or Failure} says what came of it.
func (a *Asterisk) Originate(user, exten string) {
	a.tb.Helper()
	_, err := a.ami.action(Event{
		"Action": "Originate", "Channel": "PJSIP/" + user, "Context": "phones", "Exten": exten, "Priority": "1",
		"CallerID": fmt.Sprintf("%q <%s>", "Asterisk", exten), "Async": "true", "Timeout": "30000",
	})
	if err != nil {
		a.tb.Fatalf("asterisk: Originate %s: %v", user, err)
	}
}

// SetPrompt has the extension 618NN play samples of 8000 Hz. NN is two digits or more.
func (a *Asterisk) SetPrompt(number string, samples []int16) {
	a.tb.Helper()
	path := filepath.Join(filepath.Dir(a.Log), "prompts", number+".wav")
	if err := dsp.WriteWAV(path, &dsp.Audio{Rate: 8000, Channels: 1, Samples: samples}); err != nil {
		a.tb.Fatal(err)
	}
}

// SetLamp sets the state of the lamp 650: NOT_INUSE, INUSE, BUSY, RINGING, UNAVAILABLE, ONHOLD or UNKNOWN.
func (a *Asterisk) SetLamp(state string) {
	a.tb.Helper()
	a.CLI("devstate change Custom:lamp " + state)
}

// Messages returns how many new voice messages the mailbox of user has.
func (a *Asterisk) Messages(user string) int {
	a.tb.Helper()
	r, err := a.ami.action(Event{"Action": "MailboxCount", "Mailbox": user + "@default"})
	if err != nil {
		a.tb.Fatalf("asterisk: MailboxCount %s: %v", user, err)
	}
	n, err := strconv.Atoi(r["NewMessages"])
	if err != nil {
		a.tb.Fatalf("asterisk: MailboxCount %s: %v", user, r)
	}
	return n
}

// Locations returns the contacts that are registered now.
func (a *Asterisk) Locations() ([]Location, error) {
	list, err := a.ami.list(Event{"Action": "PJSIPShowRegistrationInboundContactStatuses"}, "ContactStatusDetail")
	if err != nil {
		return nil, err
	}
	var all []Location
	for _, e := range list {
		all = append(all, Location{User: e["AOR"], Contact: e["URI"]})
	}
	return all, nil
}

// WaitLocations waits until exactly n contacts are registered and returns them. It ends the test when that does
// not happen within d.
func (a *Asterisk) WaitLocations(n int, d time.Duration) []Location {
	a.tb.Helper()
	return waitLocations(a.tb, a.proc, a.Locations, n, d)
}
