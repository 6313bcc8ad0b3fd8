//go:build cgo

package pjsua

import (
	"slices"
	"testing"
	"time"
)

// PCM that is written into a call arrives bit for bit when no packet is lost: as L16 any
// PCM does, as PCMU such whose samples mu-law has. The bridge runs at the codecs' rate:
// converting it would change samples. Both calls carry noise for a minute, at once. The
// jitter buffer is deep, so that a machine that is busy for a second makes no packet late;
// when it ran empty all the same, packets were late, and the calls are made again.
func TestCallsAreExact(t *testing.T) {
	exactCalls(t, 8000, time.Minute, "L16/8000/1", "PCMU")
}

// The same at the bridge's default rate.
func TestWidebandIsExact(t *testing.T) {
	exactCalls(t, 16000, 10*time.Second, "L16/16000/1")
}

func exactCalls(t *testing.T, rate int, d time.Duration, codecs ...string) {
	for try := 0; !exactTry(t, rate, d, codecs...); try++ {
		if try == 2 {
			t.Fatal("the jitter buffer ran empty three times")
		}
	}
}

// exactTry returns false when packets were late.
func exactTry(t *testing.T, rate int, d time.Duration, codecs ...string) bool {
	p := newPhone(t, Config{Media: MediaConfig{
		ClockRate: rate, JitterPrefix: 1500 * time.Millisecond, JitterMax: 3 * time.Second, JitterDiscard: DiscardNone,
	}})
	type way struct {
		codec    string
		call     pair
		from, to *Audio
		sent     []int16
		empty    int // frames that the jitter buffer did not have before
	}
	var ways []way
	n := int(d/time.Second) * rate
	opts := AudioOptions{ReadBuffer: d + 20*time.Second, WriteBuffer: d + time.Second}
	for _, codec := range codecs {
		check(t, p.SetCodecOrder(within(t), codec))
		c := p.connect()
		sent := noise(n)
		if codec == "PCMU" {
			for i, s := range sent {
				sent[i] = expandMuLaw(compandMuLaw(s))
			}
		}
		ways = append(ways, way{
			codec, c, must(c.out.Audio(within(t), rate, opts))(t), must(c.in.Audio(within(t), rate, opts))(t), sent, 0,
		})
	}
	for i := range ways {
		w := &ways[i]
		listen(t, w.to, 2*rate) // the jitter buffer has found its size
		w.empty = must(w.call.in.StreamStats(within(t), 0))(t).Jitter.Empty
		must(w.from.WriteSamples(w.sent))(t)
	}
	onTime := true
	for _, w := range ways {
		check(t, w.to.SetReadDeadline(time.Now().Add(d+patience)))
		got := make([]int16, 0, n+10*rate)
		for buf := make([]int16, 8000); len(got) < n+4*rate; {
			m := must(w.to.ReadSamples(buf))(t)
			got = append(got, buf[:m]...)
		}
		late := must(w.call.in.StreamStats(within(t), 0))(t).Jitter.Empty - w.empty
		_, end := p.hangup(w.call)
		if late > 0 {
			t.Logf("%s: the jitter buffer had no frame %d times", w.codec, late)
			onTime = false
			continue
		}
		t.Logf("%s: %+v", w.codec, end.Stats)
		at := find(got, w.sent[:200])
		if at < 0 || at+n > len(got) {
			t.Fatalf("%s: the beginning arrived at %d of %d", w.codec, at, len(got))
		}
		if slices.Equal(got[at:at+n], w.sent) {
			continue
		}
		differ, first := 0, -1
		for i, s := range w.sent {
			if got[at+i] != s {
				if differ++; first < 0 {
					first = i
				}
			}
		}
		t.Errorf("%s: %d of %d samples differ, from %d on: %v were sent, %v heard", w.codec, differ, n, first,
			w.sent[first:first+5], got[at+first:at+first+5])
	}
	p.Close()
	return onTime
}

// expandMuLaw is the decoder of G.711.
func expandMuLaw(c byte) int16 {
	c = ^c
	v := int16(c&15)<<3 + 0x84
	v = v<<(c>>4&7) - 0x84
	if c&0x80 != 0 {
		return -v
	}
	return v
}
