package engine

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func statsOf(s pjsua.CallStats) CallStats {
	out := CallStats{Codec: s.Codec, RX: directionOf(s.RX), TX: directionOf(s.TX), RTTMS: millis(s.RTT)}
	out.RX.MOS = mos(s.Codec, s.RX, s.RX.Packets+s.RX.Lost, s.RTT)
	if s.RTT > 0 { // else the far end has told nothing of what it hears
		out.TX.MOS = mos(s.Codec, s.TX, s.TX.Packets, s.RTT)
	}
	return out
}

func directionOf(d pjsua.DirectionStats) DirectionStats {
	return DirectionStats{
		Packets: d.Packets, Bytes: d.Bytes, Lost: d.Lost, Discarded: d.Discarded,
		Reordered: d.Reordered, Duplicates: d.Duplicates,
		JitterMS: millis(d.Jitter), JitterMaxMS: millis(d.JitterMax),
	}
}

// packetTime is what a packet holds unless something else was agreed upon.
const packetTime = 20 * time.Millisecond

// mos estimates the quality of one direction, in hundredths; 0: there were no packets to
// come, expected. A jitter buffer holds back about twice the jitter. What it discards does
// not count: it is all of a call that nobody listens to.
func mos(codec string, d pjsua.DirectionStats, expected uint64, rtt time.Duration) float64 {
	if expected == 0 {
		return 0
	}
	name, _, _ := strings.Cut(codec, "/")
	loss := float64(d.Lost) / float64(expected)
	return math.Round(100*dsp.MOS(name, loss, rtt/2+2*d.Jitter+packetTime)) / 100
}

// tellQuality publishes a CallQuality and begins to wait for the next.
func (w *worker) tellQuality(ctx context.Context) {
	every := w.e.settings().QualityInterval
	if every <= 0 {
		w.rated = false
		return
	}
	w.quality.Reset(every)
	s, err := w.phone.CallStats(ctx, w.c.id)
	if err != nil {
		w.c.report("statistics", err)
		return
	}
	since := s.RX
	since.Packets = less(s.RX.Packets, w.rx.Packets)
	since.Lost = less(s.RX.Lost, w.rx.Lost)
	since.Discarded = less(s.RX.Discarded, w.rx.Discarded)
	w.rx = s.RX
	all := statsOf(s)
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if w.c.endedLocked() {
		return
	}
	w.e.bus.publish(CallQuality{
		EventHeader: w.c.headerLocked("CallQuality", time.Now()), Codec: s.Codec,
		RX:    DirectionQuality{mos(s.Codec, since, since.Packets+since.Lost, s.RTT), since.Packets, since.Lost, since.Discarded, all.RX.JitterMS},
		TX:    DirectionQuality{all.TX.MOS, s.TX.Packets, s.TX.Lost, s.TX.Discarded, all.TX.JitterMS},
		RTTMS: all.RTTMS,
	})
}

// less is how much a counter grew, which may have begun again or taken a duplicate for a
// loss that was none.
func less(now, before uint64) uint64 {
	if now < before {
		return 0
	}
	return now - before
}
