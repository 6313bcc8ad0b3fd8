//go:build linux

package peers

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// UAC is a load of calls that SIPp places.
type UAC struct {
	URI      string        // SIP URI to call, e.g. sip:1001@127.0.0.1:15060
	Addr     string        // host:port the INVITE goes to
	TCP      bool          // by one TCP connection; otherwise UDP
	Calls    int           // how many in all
	Rate     int           // new calls a second
	Duration time.Duration // of each call, from ACK to BYE
	Stays    bool          // do not hang up but wait until the called side does; Duration means nothing
	Tone     bool          // send a tone of ToneHz and ToneLevel in every call, as PCMA
	Outside  Request       // no call but one request outside any, to which this is the answer expected
	From     string        // user@host of From; SIPp's own when empty
	CallID   string        // Call-ID of every call, so that there can be one only; SIPp's own when empty
	Headers  []string      // header fields of the INVITE
	Refused  int           // the final response that must come, in place of 200
	Cancels  bool          // cancel when it rings
}

// Request is one that is no INVITE, and the code of the answer to it.
type Request struct {
	Method string
	Code   int
}

// UAS is how SIPp treats the calls that it takes. The zero value answers at once and stays silent.
type UAS struct {
	TCP         bool          // listen with TCP; otherwise UDP
	Calls       int           // end after as many; 0 means at Stop
	Provisional []int         // responses before the final one: 100, 180, 183 (with SDP)
	Refuse      int           // final response other than 200
	Contacts    []string      // values of Contact header fields of it, which a redirect has
	Never       bool          // no final response but to a CANCEL
	AnswerAfter time.Duration // pause before the 200
	Tone        bool          // send a tone of ToneHz and ToneLevel, as PCMA, from the provisional responses on; they must have a 183
	Echo        bool          // send back what RTP comes in
	Text        bool          // take real-time text (T.140 with redundancy) beside the audio
	Takes       []Request     // inside a call, before the BYE: answered so
	Sends       []Request     // after those: must be answered so
	Outside     Request       // no calls but one request outside any, answered so
	Fork        bool          // answer as a proxy that forks does when two phones answer: 180 and 200 of each, with tags of their own, the second one's 200 first; the caller must end the first with BYE, then the second. Nothing else may be set but Calls
}

// Stats is what SIPp counted. Retransmissions counts what SIPp sent again or got again.
type Stats struct {
	Created, Successful, Failed, Retransmissions int
}

// SIPp is a running scenario.
type SIPp struct {
	Addr     string // host:port of its SIP socket
	Messages string // file with every SIP message it sent and received
	Errors   string // file with what it found wrong

	tb      testing.TB
	proc    *process
	network string // udp or tcp
	port    int    // of Addr
	stats   string // file
}

// StartUAC starts placing calls. It ends by itself: see [SIPp.Wait].
func StartUAC(tb testing.TB, u UAC) *SIPp {
	tb.Helper()
	calls := strconv.Itoa(u.Calls)
	if u.From == "" {
		u.From = "sipp@[local_ip]:[local_port]"
	}
	var callID []string
	if u.CallID != "" {
		callID = []string{"-cid_str", u.CallID}
	}
	return startSIPp(tb, scenario{
		name: "uac.xml", data: u, tcp: u.TCP, tone: u.Tone, ends: true,
		args: append(callID,
			"-m", calls, "-l", calls, "-r", strconv.Itoa(u.Rate),
			"-d", strconv.FormatInt(u.Duration.Milliseconds(), 10), u.Addr),
	})
}

// StartUAS starts taking calls and returns when the socket is open.
func StartUAS(tb testing.TB, u UAS) *SIPp {
	tb.Helper()
	sc := scenario{name: "uas.xml", data: u, tcp: u.TCP, tone: u.Tone, ends: u.Calls > 0}
	if sc.ends {
		sc.args = append(sc.args, "-m", strconv.Itoa(u.Calls))
	}
	if u.Echo {
		sc.args = append(sc.args, "-rtp_echo")
	}
	s := startSIPp(tb, sc)
	s.proc.waitUp(func() error { return bound(s.network, s.port) })
	return s
}

// Text of a UAC is none: both fill in the same SDP.
func (UAC) Text() bool { return false }

// AnswerMS is AnswerAfter in the unit of SIPp's scenario.
func (u UAS) AnswerMS() int64 { return u.AnswerAfter.Milliseconds() }

// Leg is a response of one of the phones of a Fork.
type Leg struct {
	Code int
	Tag  string // the end of its To tag
}

// Legs are the responses of a Fork, in order.
func (u UAS) Legs() []Leg {
	return []Leg{{180, "first"}, {180, "second"}, {200, "second"}, {200, "first"}}
}

// Byes are the phones of a Fork in the order in which they are hung up.
func (u UAS) Byes() []string { return []string{"first", "second"} }

// scenario is a template of SIPp's, and how to run it.
type scenario struct {
	name      string
	data      any // for the template
	tcp, tone bool
	ends      bool // by itself
	args      []string
}

// startSIPp fills in a scenario and runs it.
func startSIPp(tb testing.TB, sc scenario) *SIPp {
	tb.Helper()
	RequireNetns(tb)
	dir, port := runDir(tb), FreePorts(tb, 8)
	s := &SIPp{
		Addr:     address(port),
		Messages: filepath.Join(dir, "messages"),
		Errors:   filepath.Join(dir, "errors"),
		tb:       tb,
		network:  "udp",
		port:     port,
		stats:    filepath.Join(dir, "stats.csv"),
	}
	file := filepath.Join(dir, sc.name)
	writeConfig(tb, templates(tb, "sipp").Lookup(sc.name+".tmpl"), file, sc.data)
	if sc.tone {
		// one second holds a whole number of periods, so that it joins its own start
		if err := os.WriteFile(filepath.Join(dir, "tone.alaw"), alaw(tone(ToneHz, ToneLevel, 1, 8000)), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	argv := []string{
		"sipp", "-sf", file, "-i", Loopback, "-p", strconv.Itoa(port), "-nostdin", "-skip_rlimit",
		// RTP, and RTP + 2 which SIPp opens too; the control socket, which would be 8888 for all
		"-mi", Loopback, "-mp", strconv.Itoa(port + 2), "-cp", strconv.Itoa(port + 6),
		"-trace_stat", "-stf", s.stats, "-trace_msg", "-message_file", s.Messages, "-trace_err", "-error_file", s.Errors,
	}
	if sc.tcp {
		s.network = "tcp"
		argv = append(argv, "-t", "t1") // one connection for all calls
	}
	s.proc = startProcess(tb, command{
		name: "sipp " + sc.name, log: filepath.Join(dir, "log"), dir: dir, argv: append(argv, sc.args...), ends: sc.ends,
	})
	tb.Cleanup(func() {
		s.proc.stop()
		if tb.Failed() {
			tb.Logf("%s\n%s", tail(s.Errors, logTail), tail(s.Messages, 2*logTail))
		}
	})
	return s
}

// Wait waits until the scenario has ended by itself, which must be within d, and returns what it counted.
func (s *SIPp) Wait(d time.Duration) Stats {
	s.tb.Helper()
	select {
	case <-s.proc.done:
	case <-time.After(d):
		s.tb.Fatalf("%s has not ended within %v\n%s", s.proc.name, d, tail(s.proc.log, logTail))
	}
	return s.counted()
}

// Stop ends the scenario and returns what it counted. Calls that are open count as created only.
func (s *SIPp) Stop() Stats {
	s.tb.Helper()
	s.proc.stop()
	return s.counted()
}

// counted reads the last row of the statistics that SIPp left.
func (s *SIPp) counted() Stats {
	s.tb.Helper()
	const allGood, callsFailed, noCalls = 0, 1, 99
	switch code := s.proc.cmd.ProcessState.ExitCode(); code {
	case allGood, callsFailed, noCalls:
	default:
		s.tb.Fatalf("%s: exit code %d\n%s", s.proc.name, code, tail(s.proc.log, logTail))
	}
	f, err := os.Open(s.stats)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) < 2 {
		s.tb.Fatalf("%s: %d rows of statistics, %v", s.stats, len(rows), err)
	}
	last := rows[len(rows)-1]
	field := func(name string) int {
		s.tb.Helper()
		i := slices.Index(rows[0], name)
		if i < 0 || i >= len(last) {
			s.tb.Fatalf("%s: no field %s", s.stats, name)
		}
		n, err := strconv.Atoi(last[i])
		if err != nil {
			s.tb.Fatalf("%s: %s: %v", s.stats, name, err)
		}
		return n
	}
	return Stats{
		Created:         field("TotalCallCreated"),
		Successful:      field("SuccessfulCall(C)"),
		Failed:          field("FailedCall(C)"),
		Retransmissions: field("Retransmissions(C)"),
	}
}
