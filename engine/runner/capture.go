package runner

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/pjsua"
)

// pcapFile is the name of a session's capture of SIP and RTP.
const pcapFile = "capture.pcap"

// maxPackets bounds what is kept of a call's media for its pcap: a quarter of an hour in both
// directions.
const maxPackets = 90000

// capture opens the trace of media packets, which go to their lines.
func (r *Runner) capture(ctx context.Context) error {
	trace, err := r.eng.TraceRTP(ctx, pjsua.RTPTraceOptions{Buffer: 1 << 15})
	if err != nil {
		return err
	}
	r.rtp = trace
	r.done.Go(func() {
		for p := range trace.Packets() {
			r.hub.mu.Lock()
			if l := r.hub.lines[p.Call]; l != nil && len(l.packets) < maxPackets {
				l.packets = append(l.packets, p)
			}
			r.hub.mu.Unlock()
		}
	})
	return nil
}

// writePCAP leaves the session's SIP messages and media packets in its folder.
func (s *Session) writePCAP() error {
	packets := s.result.SIPPackets()
	own := map[netip.AddrPort]bool{}
	for _, c := range s.result.Calls {
		for _, m := range c.Messages {
			if local, err := netip.ParseAddrPort(m.Local); err == nil {
				own[local] = true
			}
		}
	}
	s.r.hub.mu.Lock()
	for _, l := range s.lines {
		for _, p := range l.packets {
			if !p.Local.IsValid() || !p.Remote.IsValid() {
				continue
			}
			own[p.Local] = true
			out := report.Packet{Time: p.Time, Src: p.Remote, Dst: p.Local, Payload: p.Data}
			if p.Sent {
				out.Src, out.Dst = p.Local, p.Remote
			}
			packets = append(packets, out)
		}
	}
	s.r.hub.mu.Unlock()
	if len(packets) == 0 {
		return nil
	}
	f, err := os.Create(filepath.Join(s.folder, pcapFile))
	if err != nil {
		return err
	}
	err = report.WritePCAP(f, onWire(packets, own))
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		s.result.Files = append(s.result.Files, filepath.Join(filepath.Base(s.folder), pcapFile))
	}
	return err
}

// onWire leaves out the second of two packets of which one actor has sent the first and
// another one received the second: on a wire they are one.
func onWire(packets []report.Packet, own map[netip.AddrPort]bool) []report.Packet {
	slices.SortStableFunc(packets, func(a, b report.Packet) int { return a.Time.Compare(b.Time) })
	type key struct {
		src, dst netip.AddrPort
		payload  string
	}
	seen := map[key]int{}
	return slices.DeleteFunc(packets, func(p report.Packet) bool {
		if !own[p.Src] || !own[p.Dst] {
			return false
		}
		k := key{p.Src, p.Dst, string(p.Payload)}
		seen[k]++
		return seen[k]%2 == 0
	})
}
