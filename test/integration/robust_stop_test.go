//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// twentyCalls are up at the returned offhook, which is registered at k as alice and
// carol by UDP and TCP; SIPp waits for their BYE.
func twentyCalls(t *testing.T, k *peers.Kamailio) (run *process, uac *peers.SIPp) {
	t.Helper()
	run = startRun(t, "--auto-answer", "all", "-c", writeINI(t, fmt.Sprintf(`[Account]
server = %s
username = alice
password = %s
server-2 = %s
username-2 = carol
password-2 = %s
transport-2 = tcp
`, k.UDP, peers.Password("alice"), k.TCP, peers.Password("carol"))))
	run.awaitRegistered(1)
	run.awaitRegistered(2)
	addr := listensAt(t, run)
	uac = peers.StartUAC(t, peers.UAC{URI: "sip:x@" + addr, Addr: addr, Calls: 20, Rate: 20, Stays: true, Tone: true})
	confirmed := 0
	run.await("20 calls", func(l line) bool {
		if l["state"] == "CONFIRMED" {
			confirmed++
		}
		return confirmed == 20
	})
	return run, uac
}

// SIGTERM with calls up: each is ended by BYE and told as ended, and the accounts are
// unregistered, within 5 s.
func TestRobustStopWithCalls(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	run, uac := twentyCalls(t, k)
	stopRun(t, run)
	requireAllGood(t, uac, uac.Wait(deadline), 20) // a BYE for each
	k.WaitLocations(0, deadline)
	requireNoCalls(t, run)
	unregistered := map[float64]bool{}
	for _, l := range run.ofType("RegistrationChanged") {
		if l["unregistering"] == true && l.number("code") == 200 {
			unregistered[l.number("account")] = true
		}
	}
	if len(unregistered) != 2 {
		t.Errorf("unregistered: %v", unregistered)
	}
}

// The same when nobody answers: neither BYE nor REGISTER. It ends in 5 s all the same,
// and every call has its CallEnded.
func TestRobustStopWithoutAnswers(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	run, uac := twentyCalls(t, k)
	uac.Stop()
	k.Stop()
	stopRun(t, run)
	requireNoCalls(t, run)
	if got := len(run.ofType("CallEnded")); got != 20 {
		t.Errorf("%d calls ended", got)
	}
}

// A second signal does not wait for answers.
func TestRobustSecondSignal(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	run, uac := twentyCalls(t, k)
	uac.Stop()
	k.Stop()
	run.signal(syscall.SIGTERM)
	run.await("the first BYE", func(l line) bool { return l["state"] == "DISCONNECTED" })
	run.signal(syscall.SIGINT)
	if code := run.code(); code != 128+int(syscall.SIGINT) {
		t.Errorf("exit code %d", code)
	}
}

// Ctrl-C ends a call of offhook call: by CANCEL while it rings, by BYE when answered,
// and the account is unregistered.
func TestRobustInterruptedCall(t *testing.T) {
	t.Parallel()
	ringing := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Never: true, Calls: 1})
	call := startCall(t, "sip:x@"+ringing.Addr)
	call.awaitState("EARLY")
	call.signal(os.Interrupt)
	if s := call.summary(exitNotAnswered, "cancelled"); s.text("reason") != "interrupted" || s["answer_ms"] != nil {
		t.Errorf("%v", s)
	}
	requireAllGood(t, ringing, ringing.Wait(deadline), 1)

	answering := peers.StartUAS(t, peers.UAS{Echo: true, Calls: 1})
	call = startCall(t, "sip:x@"+answering.Addr)
	call.awaitState("CONFIRMED")
	call.signal(os.Interrupt)
	if s := call.summary(exitOK, "answered"); s.text("ended_by") != "local" {
		t.Errorf("%v", s)
	}
	requireAllGood(t, answering, answering.Wait(deadline), 1)
}

// A reader of the events that goes away ends the program in order: calls and
// registrations do not outlive it.
func TestRobustReaderGoesAway(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	run, uac := twentyCalls(t, k)
	if err := run.output.Close(); err != nil {
		t.Fatal(err)
	}
	// The next event that it prints finds nobody; a call brings one.
	addr := listensAt(t, run)
	peers.StartUAC(t, peers.UAC{URI: "sip:y@" + addr, Addr: addr, Calls: 1, Rate: 1, Stays: true}).Wait(deadline)
	requireAllGood(t, uac, uac.Wait(deadline), 20)
	k.WaitLocations(0, deadline)
	if code, said := run.code(), run.errors(); code != exitUsage || !strings.Contains(said, "standard output: write") {
		t.Errorf("exit code %d: %s", code, said)
	}
}
