//go:build cgo

package engine

import (
	"errors"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// The packets of both ends of a call, from its beginning to the engine's end.
func TestLoopbackTraceRTP(t *testing.T) {
	l := newLoop(t, func(cfg *config.Config) { cfg.Settings.AutoAnswer = config.AutoAnswerAll })
	tr, err := l.e.TraceRTP(l.ctx, pjsua.RTPTraceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := l.up(DialRequest{})
	seen := map[pjsua.CallID]map[bool]int{p.out.ID(): {}, p.in.ID(): {}}
	for _, call := range []*Call{p.out, p.in} {
		for seen[call.ID()][true] < 20 || seen[call.ID()][false] < 20 {
			select {
			case pkt, ok := <-tr.Packets():
				if !ok || seen[pkt.Call] == nil || len(pkt.Data) == 0 {
					t.Fatalf("%v %+v", ok, pkt)
				}
				seen[pkt.Call][pkt.Sent]++
			case <-l.ctx.Done():
				t.Fatalf("%v", seen)
			}
		}
	}
	tr.Close()
	e, err := New(testConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.TraceRTP(t.Context(), pjsua.RTPTraceOptions{}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("%v", err)
	}
}
