package engine

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestCallQuality(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.QualityInterval = time.Second }, func(t *testing.T, r *rig) {
		set := func(rx, tx pjsua.DirectionStats, rtt time.Duration) {
			r.phone.mu.Lock()
			r.phone.stats = pjsua.CallStats{Codec: "PCMU/8000", RX: rx, TX: tx, RTT: rtt}
			r.phone.mu.Unlock()
		}
		c := r.dial("1002")
		time.Sleep(time.Minute) // it rings: nothing is told
		r.phone.confirm(c.ID())
		set(pjsua.DirectionStats{Packets: 50}, pjsua.DirectionStats{Packets: 50}, 0)
		r.events()
		next := func() CallQuality {
			t.Helper()
			time.Sleep(time.Second / 2)
			r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSend|pjsua.DirRecv) // what happens meanwhile does not put it off
			time.Sleep(time.Second/2 - time.Millisecond)
			r.expect("CallMediaChanged ACTIVE")
			time.Sleep(time.Millisecond)
			return r.expect("CallQuality")[0].(CallQuality)
		}
		first := next()
		first.EventHeader = EventHeader{}
		want := CallQuality{Codec: "PCMU/8000", RX: DirectionQuality{MOS: 4.4, Packets: 50}, TX: DirectionQuality{Packets: 50}}
		if first != want {
			t.Errorf("a good second: %+v, want %+v", first, want)
		}
		// A second with 6 % of the packets lost, in a call that was good before.
		set(pjsua.DirectionStats{Packets: 97, Lost: 3, Discarded: 2, Jitter: 10 * time.Millisecond},
			pjsua.DirectionStats{Packets: 100, Lost: 50}, 40*time.Millisecond)
		second := next()
		second.EventHeader = EventHeader{}
		want = CallQuality{Codec: "PCMU/8000", RX: DirectionQuality{3.75, 47, 3, 2, 10}, TX: DirectionQuality{1.57, 100, 50, 0, 0}, RTTMS: 40}
		if second != want {
			t.Errorf("a bad second: %+v, want %+v", second, want)
		}
		// Nothing came at all.
		if third := next(); third.RX.MOS != 0 || third.RX.Packets != 0 {
			t.Errorf("a second without packets: %+v", third)
		}
		if err := c.Hangup(t.Context(), 0, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		events := r.expect("CallStateChanged DISCONNECTED", "CallEnded 0")
		ended := events[len(events)-1].(CallEnded)
		if ended.RX.MOS == 0 || ended.TX.MOS == 0 {
			t.Errorf("%+v", ended.CallStats)
		}
	})
}
