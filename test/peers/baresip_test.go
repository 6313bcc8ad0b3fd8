//go:build integration && linux

package peers

import (
	"math"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// requireHeard fails the test unless the phone heard a tone of hz at ToneLevel.
func (b *Baresip) requireHeard(t *testing.T, hz float64) {
	t.Helper()
	files := b.Heard()
	if len(files) == 0 {
		t.Fatalf("%s heard nothing", b.URI)
	}
	audio, err := dsp.ReadWAV(files[0])
	if err != nil {
		t.Fatal(err)
	}
	tone := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond)
	if want := ToneLevel + dsp.FullScaleSine; math.Abs(tone.Hz-hz) > 1 || math.Abs(tone.Level-want) > 1 {
		t.Errorf("%s heard %v, want %v Hz at %.1f dBov", b.URI, tone, hz, want)
	}
}

// listenFor waits for so much audio.
func listenFor(d time.Duration) { <-time.After(d) }

func TestBaresipRegistersAndDials(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	for _, c := range []BaresipConfig{
		{User: "1001", Hz: 660},
		{User: "1001", TCP: true, Codec: "PCMU"},
		{User: "1001", Codec: "G722"},
		{User: "1001", Codec: "opus"},
	} {
		c.Registrar = a.UDP
		b := StartBaresip(t, c)
		a.WaitLocations(1, waitSIP)
		w := a.Watch()
		b.Dial("sip:600@" + Loopback)
		b.Wait(waitSIP, BaresipEvent{Type: "CALL_ESTABLISHED"})
		listenFor(time.Second)
		b.Hold()
		w.Wait(waitSIP, Event{"Event": "Hold"})
		b.Resume()
		w.Wait(waitSIP, Event{"Event": "Unhold"})
		b.Hangup()
		b.Wait(waitSIP, BaresipEvent{Type: "CALL_CLOSED"})
		b.Stop()
		hz := ToneHz
		if c.Hz != 0 {
			hz = c.Hz
		}
		b.requireHeard(t, hz)
		a.WaitLocations(0, waitSIP)
	}
}

func TestBaresipCallsBaresip(t *testing.T) {
	t.Parallel()
	c := StartCoturn(t)
	for _, set := range []BaresipConfig{
		{},
		{Encryption: "srtp-mand"},
		{Encryption: "dtls_srtp", RTCPMux: true},
		{NAT: "turn", Coturn: c},
	} {
		set.User = "one"
		one := StartBaresip(t, set)
		set.User, set.Hz = "two", 880
		two := StartBaresip(t, set)
		one.Dial("sip:two@" + two.Addr)
		two.Wait(waitSIP, BaresipEvent{Type: "CALL_INCOMING"})
		two.Accept()
		for _, b := range []*Baresip{one, two} {
			b.Wait(waitSIP, BaresipEvent{Type: "CALL_ESTABLISHED"})
			if set.Encryption == "dtls_srtp" {
				b.Wait(waitSIP, BaresipEvent{Type: "CALL_MENC"})
			}
		}
		listenFor(time.Second)
		two.Hangup()
		one.Wait(waitSIP, BaresipEvent{Type: "CALL_CLOSED"})
		one.Stop()
		two.Stop()
		one.requireHeard(t, 880)
		two.requireHeard(t, ToneHz)
	}
	for _, r := range c.WaitRelays(4, waitSIP) {
		if r.TCP {
			t.Errorf("%+v", r)
		}
	}
}

func TestBaresipTransfers(t *testing.T) {
	t.Parallel()
	three := StartBaresip(t, BaresipConfig{User: "three", Answer: true, Hz: 550})
	two := StartBaresip(t, BaresipConfig{User: "two", Answer: true})
	one := StartBaresip(t, BaresipConfig{User: "one"})
	one.Dial("sip:two@" + two.Addr)
	one.Wait(waitSIP, BaresipEvent{Type: "CALL_ESTABLISHED"})
	one.Transfer("sip:three@" + three.Addr)
	three.Wait(waitSIP, BaresipEvent{Type: "CALL_ESTABLISHED"})
	one.Wait(waitSIP, BaresipEvent{Type: "CALL_CLOSED"})
	listenFor(time.Second)
	two.Hangup()
	three.Wait(waitSIP, BaresipEvent{Type: "CALL_CLOSED"})
	two.Stop()
}
