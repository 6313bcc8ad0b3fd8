//go:build integration && linux

package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// toneLevel is the level of the tones that offhook plays in these tests, in dBov.
const toneLevel = -15.0

// twoAccountsINI has alice and bob at a Kamailio in one file, numbered by the suffix.
func twoAccountsINI(k *peers.Kamailio, server, transport string) string {
	return fmt.Sprintf(`[Settings]
tlsCAFile = %[5]s
[Account]
label = first
server = %[1]s
username = alice
password = %[3]s
transport = %[2]s
registerRefresh = 10
label-2 = second
server-2 = %[1]s
username-2 = bob
password-2 = %[4]s
transport-2 = %[2]s
registerRefresh-2 = 10
`, server, transport, peers.Password("alice"), peers.Password("bob"), k.Certs.CA)
}

// Two accounts of one file register by digest at once, and one calls the other through
// the proxy: both hear what the other one plays.
func TestKamailioOneAccountCallsTheOther(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			k := peers.StartKamailio(t, peers.KamailioOptions{})
			server := map[string]string{"udp": k.UDP, "tcp": k.TCP, "tls": k.TLS}[transport]
			ini := writeINI(t, twoAccountsINI(k, server, transport))
			recordings := t.TempDir()
			run := startRun(t, "-c", ini, "--auto-answer", "all", "--auto-recording", "--recording-path", recordings,
				"--play-on-answer", toneFile(t, 440, toneLevel, 1500*time.Millisecond))
			for account, user := range map[int]string{1: "alice", 2: "bob"} {
				if got := run.awaitRegistered(account); got.number("code") != 200 || got.number("expires_ms") != 10_000 {
					t.Errorf("%s: %v", user, got)
				}
			}
			users := map[string]int{}
			for _, l := range k.WaitLocations(2, deadline) {
				users[l.User]++
			}
			if users["alice"] != 1 || users["bob"] != 1 {
				t.Errorf("registered: %v", users)
			}

			heard := filepath.Join(t.TempDir(), "heard.wav")
			call := startCall(t, "bob", "-c", ini, "--account", "1", "--record", heard, "--play", laterTone(t, 880))
			summary := call.summary(exitOK, "answered")
			if summary.number("code") != 200 || summary.text("codec") != "PCMA/8000" || summary.number("account") != 1 ||
				summary.number("rx", "packets") < 100 || summary.number("tx", "packets") < 100 || summary.number("rx", "lost") != 0 {
				t.Errorf("summary: %v", summary)
			}
			ended := run.awaitType("CallEnded")
			if ended.number("account") != 2 || ended.number("rx", "packets") < 100 || ended["role"] != "UAS" {
				t.Errorf("at the called side: %v", ended)
			}
			requireTones(t, readRecording(t, heard), toneLevel, 440)
			// It has both sides: what bob played, then what alice played.
			requireTones(t, readRecording(t, run.awaitType("RecordingEnded").text("path")), toneLevel, 440, 880)

			stopRun(t, run)
			k.WaitLocations(0, deadline)
		})
	}
}

// laterTone writes a file with silence, for as long as the other side plays, and then
// a tone.
func laterTone(t *testing.T, hz float64) string {
	t.Helper()
	const rate = 8000
	path := filepath.Join(t.TempDir(), "later.wav")
	samples := dsp.Concat(dsp.Silence(rate, 2500*time.Millisecond), dsp.GenerateTone(rate, 1500*time.Millisecond, toneLevel, hz))
	if err := dsp.WriteWAV(path, &dsp.Audio{Rate: rate, Channels: 1, Samples: samples}); err != nil {
		t.Fatal(err)
	}
	return path
}

// stopRun ends an offhook run by SIGTERM, which must take no longer than the 5 s that
// are promised.
func stopRun(t *testing.T, p *process) {
	t.Helper()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("SIGTERM took %v", took)
	}
	if last := p.last(); last.typ() != "EngineStopped" || last["error"] != nil {
		t.Errorf("the last event is %v", last)
	}
}

// With a domain of its own, registrations and calls go through the proxy that the
// accounts name.
func TestKamailioAsOutboundProxy(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{Domain: "pbx.test"})
	ini := writeINI(t, fmt.Sprintf(`[AccountDefaults]
domain = pbx.test
proxy = %s
[Account]
domain = pbx.test
username = alice
password = %s
domain-2 = pbx.test
username-2 = bob
password-2 = %s
`, k.UDP, peers.Password("alice"), peers.Password("bob")))
	run := startRun(t, "-c", ini, "--auto-answer", "all")
	run.awaitRegistered(1)
	run.awaitRegistered(2)
	s := startCall(t, "bob", "-c", ini, "--duration", "1s").summary(exitOK, "answered")
	if in := run.awaitType("IncomingCall"); in.text("local") != "<sip:bob@pbx.test>" || in.text("remote") != "<sip:alice@pbx.test>" {
		t.Errorf("%v", in)
	}
	if s.text("ended_by") != "local" {
		t.Errorf("%v", s)
	}
	run.awaitType("CallEnded") // BYE went through the proxy too
	stopRun(t, run)
}

// The codes that a PBX answers with reach the summary, and the exit code is 2.
func TestKamailioRejects(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	ini := writeINI(t, twoAccountsINI(k, k.UDP, "udp"))
	for _, code := range []int{404, 486, 603} {
		s := startCall(t, fmt.Sprintf("sip:9%d@%s", code, k.UDP), "-c", ini).summary(exitRejected, "rejected")
		if s.number("code") != float64(code) || s.text("reason") != "Asked For" || s["answer_ms"] != nil {
			t.Errorf("%d: %v", code, s)
		}
	}
	// Kamailio's own 404 for somebody who is not registered.
	s := startCall(t, "nobody", "-c", ini).summary(exitRejected, "rejected")
	if s.number("code") != 404 || s.text("reason") != "Not Found" {
		t.Errorf("%v", s)
	}
}

func TestKamailioWrongPassword(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	ini := writeINI(t, twoAccountsINI(k, k.UDP, "udp"))
	run := startRun(t, "-c", ini, "--password", "wrong-password")
	run.awaitRegistered(2)
	refused := run.await("failed registration", func(l line) bool {
		return l.typ() == "RegistrationChanged" && l.number("account") == 1
	})
	if refused["registered"] != false || refused.number("code") != 401 || !strings.HasPrefix(refused.text("reason"), "Credential failed to authenticate") ||
		refused.text("detail") != k.UDP+" refuses username and password of alice" {
		t.Errorf("%v", refused)
	}
	if got := k.WaitLocations(1, deadline); got[0].User != "bob" {
		t.Errorf("registered: %v", got)
	}
	stopRun(t, run)

	s := startCall(t, "bob", "-c", ini, "--password", "wrong-password").summary(exitRegisterFailed, "register_failed")
	if s.number("code") != 401 || s.text("reason") != refused.text("reason")+": "+refused.text("detail") {
		t.Errorf("%v", s)
	}
}

// When the registrar was away, everything is registered again without help.
func TestKamailioRestarts(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	run := startRun(t, "-c", writeINI(t, twoAccountsINI(k, k.UDP, "udp")+fmt.Sprintf(`
server-3 = %s
username-3 = carol
password-3 = pwcarol
transport-3 = tcp
registerRefresh-3 = 10
server-4 = %s
username-4 = dave
password-4 = pwdave
transport-4 = tls
registerRefresh-4 = 10
`, k.TCP, k.TLS)))
	for account := 1; account <= 4; account++ {
		run.awaitRegistered(account)
	}
	k.WaitLocations(4, deadline)
	k.Stop()
	// One that notices is enough: by UDP it takes 32 s.
	lost := run.await("lost registration", func(l line) bool {
		return l.typ() == "RegistrationChanged" && l["registered"] == false
	})
	if lost.text("reason") == "" {
		t.Errorf("%v", lost)
	}
	run.forget()
	k.Start()
	k.WaitLocations(4, deadline)
	for account := 1; account <= 4; account++ {
		run.awaitRegistered(account)
	}
	stopRun(t, run)
	k.WaitLocations(0, deadline)
}
