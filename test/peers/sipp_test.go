//go:build integration && linux

package peers

import (
	"fmt"
	"testing"
	"time"
)

func TestSIPpLoad(t *testing.T) {
	t.Parallel()
	for _, tcp := range []bool{false, true} {
		uas := StartUAS(t, UAS{TCP: tcp, Provisional: []int{180}, Calls: 50})
		uac := StartUAC(t, UAC{URI: "sip:load@" + uas.Addr, Addr: uas.Addr, TCP: tcp, Calls: 50, Rate: 50, Duration: 200 * time.Millisecond})
		requireStats(t, uac.Wait(waitSIP), Stats{Created: 50, Successful: 50})
		requireStats(t, uas.Wait(waitSIP), Stats{Created: 50, Successful: 50})
	}
}

// requireStats compares all but retransmissions, which a busy machine may cause.
func requireStats(t *testing.T, got, want Stats) {
	t.Helper()
	got.Retransmissions = 0
	if got != want {
		t.Errorf("SIPp counted %+v, want %+v", got, want)
	}
}

func TestSIPpCountsFailures(t *testing.T) {
	t.Parallel()
	uas := StartUAS(t, UAS{Refuse: 486, Calls: 3})
	uac := StartUAC(t, UAC{URI: "sip:load@" + uas.Addr, Addr: uas.Addr, Calls: 3, Rate: 10})
	requireStats(t, uac.Wait(waitSIP), Stats{Created: 3, Failed: 3})
	requireStats(t, uas.Wait(waitSIP), Stats{Created: 3, Successful: 3})
}

func TestSIPpRefuses(t *testing.T) {
	t.Parallel()
	for _, code := range []int{404, 486, 503} {
		uas := StartUAS(t, UAS{Provisional: []int{180}, Refuse: code, Calls: 1})
		if d := call(t, uas.Addr, "sip:x@"+uas.Addr, "caller"); d.code != code || fmt.Sprint(d.provisions) != "[180]" {
			t.Errorf("%v and %d, want %d", d.provisions, d.code, code)
		}
		requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: 1})
	}
}

func TestSIPpNeverAnswers(t *testing.T) {
	t.Parallel()
	for _, first := range []int{100, 180} {
		uas := StartUAS(t, UAS{Provisional: []int{first}, Never: true, Calls: 1})
		d := dial(t, uas.Addr, "sip:x@"+uas.Addr, "caller")
		d.await(first)
		d.cancel()
		if m := d.await(200); m.code != 487 {
			t.Errorf("cancelled after %d: %d", first, m.code)
		}
		requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: 1})
	}
}

func TestSIPpEarlyMedia(t *testing.T) {
	t.Parallel()
	uas := StartUAS(t, UAS{Provisional: []int{183}, Tone: true, AnswerAfter: time.Second, Calls: 1})
	d := dial(t, uas.Addr, "sip:x@"+uas.Addr, "caller")
	d.await(183)
	requireTone(t, "early media", d.hearTone(ToneHz, 4000), ToneHz, ToneLevel)
	d.await(200)
	requireTone(t, "after the answer", d.hearTone(ToneHz, 8000), ToneHz, ToneLevel)
	d.bye()
	requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: 1})
}

func TestSIPpEchoes(t *testing.T) {
	t.Parallel()
	uas := StartUAS(t, UAS{Echo: true, Calls: 1})
	d := call(t, uas.Addr, "sip:x@"+uas.Addr, "caller")
	for i := range 50 {
		d.transmit(8, uint32(160*i), alaw(tone(ToneHz, -20, 1, 8000))[160*i:][:160])
		if p := d.receive(); p.stamp != uint32(160*i) || len(p.payload) != 160 {
			t.Fatalf("packet %d came back as %+v", i, p)
		}
	}
	d.bye()
	requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: 1})
}

func TestSIPpSendsTone(t *testing.T) {
	t.Parallel()
	d, addr := listen(t)
	uac := StartUAC(t, UAC{URI: "sip:x@" + addr, Addr: addr, Calls: 1, Rate: 1, Duration: 2 * time.Second, Tone: true})
	d.answer()
	requireTone(t, "tone", d.hearTone(ToneHz, 8000), ToneHz, ToneLevel)
	d.waitBye()
	requireStats(t, uac.Wait(waitSIP), Stats{Created: 1, Successful: 1})
}
