//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/offhook-voip/offhook/test/peers"
)

// load is 200 calls at 20 a second into the address of an offhook, each with media.
func load(t *testing.T, addr string) *peers.SIPp {
	t.Helper()
	return peers.StartUAC(t, peers.UAC{
		URI: "sip:load@" + addr, Addr: addr, Calls: 200, Rate: 20, Duration: 2 * time.Second, Tone: true,
	})
}

// requireAllGood fails the test unless SIPp counted n calls, all good, and met nothing
// that its scenario does not expect.
func requireAllGood(t *testing.T, s *peers.SIPp, got peers.Stats, n int) {
	t.Helper()
	got.Retransmissions = 0 // a busy machine may cause some
	if want := (peers.Stats{Created: n, Successful: n}); got != want {
		t.Errorf("SIPp counted %+v, want %+v", got, want)
	}
	if said, err := os.ReadFile(s.Errors); err == nil && len(said) > 0 {
		t.Errorf("SIPp found errors:\n%s", said)
	}
}

// listensAt returns the address of an offhook's first transport, which is UDP.
func listensAt(t *testing.T, p *process) string {
	t.Helper()
	return p.awaitType("EngineStarted").text("transports", "address")
}

// awaitCount waits until n events of that type were printed, and returns them.
func (p *process) awaitCount(typ string, n int) []line {
	p.t.Helper()
	seen := 0
	p.await(fmt.Sprint(n, " ", typ), func(l line) bool {
		if l.typ() == typ {
			seen++
		}
		return seen == n
	})
	return p.ofType(typ)
}

// 200 calls at 20 per second are all answered, whether or not somebody reads the
// events. A reader that stops for as long as these calls take gets every one of them
// after that. What the calls took is given back.
func TestSIPpLoad(t *testing.T) {
	run := startRun(t, "--auto-answer", "all", "--max-calls", "100")
	addr := listensAt(t, run)

	uac := load(t, addr)
	requireAllGood(t, uac, uac.Wait(deadline), 200)
	run.awaitCount("CallEnded", 200)
	requireNoCalls(t, run)
	before := usageOf(t, run)

	pipe := run.stopReading()
	began := time.Now()
	uac = load(t, addr)
	stats := uac.Wait(deadline)
	held := time.Since(began)
	waiting, size := pipe()
	run.resumeReading()
	requireAllGood(t, uac, stats, 200)
	if held < 5*time.Second {
		t.Errorf("the reader was stopped for %v only", held)
	}
	if waiting < size/2 {
		t.Errorf("%d of %d bytes are in the pipe: the reader read on", waiting, size)
	}

	ended := run.awaitCount("CallEnded", 400)
	for _, l := range ended {
		if l.number("rx", "packets") < 1 || l.number("code") != 200 || l["codec"] != "PCMA/8000" || l["role"] != "UAS" {
			t.Errorf("%v", l)
		}
	}
	requireNoCalls(t, run)
	requireGivenBack(t, run, before)
	stopRun(t, run)
	for i, l := range run.all() {
		if l.number("seq") != float64(i+1) {
			t.Fatalf("event %d has the number %v: %v", i+1, l["seq"], l)
		}
	}
}

// stopReading leaves what the program prints in its pipe, which is made as small as
// can be, until resumeReading. The function it returns tells how many bytes are in the
// pipe, and how many can be.
func (p *process) stopReading() (inPipe func() (waiting, size int)) {
	p.t.Helper()
	p.gate.Lock()
	conn, err := p.output.(*os.File).SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	size := 0
	if err := conn.Control(func(fd uintptr) { size, err = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, 1) }); err != nil || size <= 0 {
		p.t.Fatalf("F_SETPIPE_SZ: %d, %v", size, err)
	}
	return func() (waiting, _ int) {
		p.t.Helper()
		if e := conn.Control(func(fd uintptr) { waiting, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }); e != nil || err != nil {
			p.t.Errorf("TIOCINQ: %v, %v", e, err)
		}
		return waiting, size
	}
}

func (p *process) resumeReading() { p.gate.Unlock() }

// requireNoCalls fails the test unless every call that began has ended.
func requireNoCalls(t *testing.T, p *process) {
	t.Helper()
	began, ended := map[any]bool{}, map[any]bool{}
	for _, l := range p.ofType("IncomingCall") {
		began[l["call"]] = true
	}
	for _, l := range p.ofType("CallEnded") {
		if ended[l["call"]] || !began[l["call"]] {
			t.Errorf("it ended twice, or never began: %v", l)
		}
		ended[l["call"]] = true
	}
	if len(began) != len(ended) {
		t.Errorf("%d calls began, %d ended", len(began), len(ended))
	}
}

// usage is what a process has of the machine.
type usage struct {
	memory         int // KiB that nobody else uses
	threads, files int
}

func usageOf(t *testing.T, p *process) usage {
	t.Helper()
	dir := filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid))
	var u usage
	field := func(file, name string) int {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(l, name+":"); ok {
				n, err := strconv.Atoi(strings.Fields(value)[0])
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		}
		t.Fatalf("%s has no %s", file, name)
		return 0
	}
	u.memory = field("smaps_rollup", "Private_Dirty")
	u.threads = field("status", "Threads")
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	u.files = len(files)
	return u
}

// requireGivenBack waits until the process has about what it had before 200 calls.
//
// Over UDP the transactions of a call, 36 to 65 KB with the messages that they may have
// to send again and what the allocator keeps, live for 32 s; the call itself takes 100 KB.
// The Go runtime starts a thread now and then, which it keeps.
func requireGivenBack(t *testing.T, p *process, before usage) {
	t.Helper()
	const moreMemory, moreThreads = 20 << 10, 5 // KiB
	limit := time.After(deadline)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		now := usageOf(t, p)
		if now.memory <= before.memory+moreMemory && now.threads <= before.threads+moreThreads && now.files == before.files {
			t.Logf("before the calls %+v, after them %+v", before, now)
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Errorf("before the calls %+v, after them %+v", before, now)
			return
		}
	}
}
