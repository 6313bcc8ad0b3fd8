package runner

import (
	"context"
	"path/filepath"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/pjsua"
)

// report puts together what is known of the session's calls, which are over.
func (s *Session) report(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		stats, err := l.call.Stats(ctx)
		s.r.hub.mu.Lock()
		c := s.callOf(l)
		s.r.hub.mu.Unlock()
		if err == nil {
			c.RX, c.TX = report.DirectionStats(stats.RX), report.DirectionStats(stats.TX)
			c.RTTMS = stats.RTTMS
			if c.Codec == "" {
				c.Codec = stats.Codec
			}
		}
		s.result.Calls = append(s.result.Calls, c)
	}
	s.r.hub.mu.Lock()
	for _, a := range s.all {
		if a.acc == nil {
			continue
		}
		for _, m := range a.acc.messages {
			if !m.Time.Before(s.began) {
				s.result.Messages = append(s.result.Messages, s.messageOf(a.name, m))
			}
		}
	}
	s.r.hub.mu.Unlock()
	if s.folder == "" {
		return
	}
	if err := s.writePCAP(); err != nil {
		s.r.log.Warn("write the pcap", "scenario", s.result.Name, "error", err)
	}
}

// offset counts from the session's beginning.
func (s *Session) offset(t time.Time) report.Millis {
	if t.IsZero() {
		return 0
	}
	return report.Millis(max(t.Sub(s.began), 0))
}

// callOf is called with both mutexes held.
func (s *Session) callOf(l *line) report.Call {
	c := report.Call{
		Actor: l.actor.name, ID: int(l.id), SIPCallID: l.sipCallID, Role: l.role, Remote: l.remote, Local: l.local,
		Start: s.offset(l.began), Answered: s.offset(l.answered), Held: l.held,
	}
	if n := len(l.responses); n > 0 {
		c.Code, c.Reason = l.responses[n-1].code, l.responses[n-1].reason
	}
	if l.ended != nil {
		c.Ended, c.Code, c.Reason, c.Codec = s.offset(l.ended.Time), l.ended.Code, l.ended.Reason, l.ended.Codec
	}
	for _, m := range l.media {
		if m.Codec != "" {
			c.Codec, c.SRTP = m.Codec, m.SRTP
			break
		}
	}
	for _, m := range l.messages {
		c.Messages = append(c.Messages, s.messageOf(l.actor.name, m))
	}
	for _, q := range l.quality {
		c.Quality = append(c.Quality, report.QualitySample{
			At: s.offset(q.Time), MOSRX: q.RX.MOS, MOSTX: q.TX.MOS,
			LossRX: share(q.RX.Lost, q.RX.Packets), LossTX: share(q.TX.Lost, q.TX.Packets),
			JitterRX: q.RX.JitterMS, JitterTX: q.TX.JitterMS, RTTMS: q.RTTMS, Discarded: q.RX.Discarded,
		})
	}
	if l.recording == "" {
		return c
	}
	c.Audio, c.AudioStart = filepath.Join(filepath.Base(s.folder), filepath.Base(l.recording)), s.offset(l.recordingAt)
	in := func(t time.Time) report.Millis { return report.Millis(max(t.Sub(l.recordingAt), 0)) }
	for _, m := range s.marks[l] {
		m.From, m.To = in(m.from), in(m.to)
		m.Label, m.Reference = s.vars.Redact(m.Label), s.r.fromFolder(m.Reference)
		c.Marks = append(c.Marks, m.Mark)
	}
	if l.ears != nil {
		for _, a := range dsp.FindActivity(l.ears.from(0), earRate, dsp.ActivityOptions{}) {
			if a.Sounds == dsp.Speech {
				c.Marks = append(c.Marks, report.Mark{
					Side: report.Heard, Kind: report.MarkSpeech, Label: "speech", OK: true,
					From: in(l.ears.at(a.Start)), To: in(l.ears.at(a.Start + a.Length)),
				})
			}
		}
	}
	for _, d := range l.digits {
		c.Marks = append(c.Marks, report.Mark{
			Side: report.Heard, Kind: report.MarkDigit, Label: d.digit, From: in(d.at), To: in(d.at.Add(digitTime)), OK: true,
		})
	}
	return c
}

// fromFolder is a path as reports name it, whose paths are relative to the runner's folder.
func (r *Runner) fromFolder(path string) string {
	if path == "" || r.opts.Folder == "" {
		return path
	}
	folder, err := filepath.Abs(r.opts.Folder)
	if err != nil {
		return path
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if relative, err := filepath.Rel(folder, file); err == nil {
		return filepath.ToSlash(relative)
	}
	return file // on another volume
}

// digitTime is how long a digit is drawn, which is reported when it begins.
const digitTime = 100 * time.Millisecond

func share(lost, packets uint64) float64 {
	if lost+packets == 0 {
		return 0
	}
	return 100 * float64(lost) / float64(lost+packets)
}

func (s *Session) messageOf(actor string, m pjsua.SIPMessage) report.SIPMessage {
	return report.SIPMessage{
		Actor: actor, At: s.offset(m.Time), Sent: m.Sent, Transport: m.Transport.String(), Local: m.Local, Remote: m.Remote,
		Raw: s.vars.Redact(string(m.Raw)),
	}
}
