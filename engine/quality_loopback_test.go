//go:build cgo

package engine

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

func TestQualityOfACall(t *testing.T) {
	l := newLoop(t, func(cfg *config.Config) {
		answersAll(cfg)
		cfg.Settings.QualityInterval = time.Second
	})
	p := l.up(DialRequest{})
	l.tone(p.in, 440)
	good := func(d DirectionQuality) bool { return d.MOS > 3.5 && d.MOS < 4.42 && d.Packets > 0 }
	next(l.ctx, t, l.sub, func(ev CallQuality) bool {
		return ev.Call == p.out.ID() && ev.Codec != "" && good(ev.RX)
	})
	// The far end has reported by RTCP, and a second has some 50 packets.
	ev := next(l.ctx, t, l.sub, func(ev CallQuality) bool { return ev.Call == p.out.ID() && good(ev.TX) && good(ev.RX) })
	if ev.RTTMS <= 0 || ev.RX.Packets > 500 || ev.TX.Packets < ev.RX.Packets {
		t.Errorf("%+v", ev)
	}
	stats, err := p.out.Stats(l.ctx)
	if err != nil || stats.RX.MOS == 0 || stats.TX.MOS == 0 {
		t.Errorf("%+v, %v", stats, err)
	}
}
