package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// What steps expect of a call's RTP.

func (s *Session) expectCodec(ctx context.Context, t *task, l *line, a *scenario.ExpectCodec) error {
	expected := "codec " + strings.Join(a.Codec, " or ")
	heard := "no media"
	err := s.r.hub.await(ctx, &l.watch, t.until(0), func() (bool, error) {
		for _, m := range l.media {
			if m.Codec == "" {
				continue
			}
			heard = m.Codec
			if !slices.ContainsFunc(a.Codec, func(want string) bool { return sameCodec(want, m.Codec) }) {
				return false, failed(expected, heard)
			}
			return true, nil
		}
		if l.ended != nil {
			return false, failed(expected, l.endLocked())
		}
		return false, nil
	})
	return s.judge(t, expected, heard, err)
}

// sameCodec compares a name, with or without its clock rate and channels, with a codec.
func sameCodec(want, have string) bool {
	w, h := strings.Split(strings.ToLower(want), "/"), strings.Split(strings.ToLower(have), "/")
	if len(w) > len(h) {
		w = w[:len(h)]
	}
	return slices.Equal(w, h[:len(w)])
}

// side is the figures of a direction with what a tester calls it.
type side struct {
	name  string
	stats engine.DirectionStats
}

func (s *Session) sides(ctx context.Context, l *line, d scenario.Direction) ([]side, error) {
	stats, err := l.call.Stats(ctx)
	if err != nil {
		return nil, err
	}
	var list []side
	if d != scenario.Sent {
		list = append(list, side{"received", stats.RX})
	}
	if d != scenario.Received {
		list = append(list, side{"sent", stats.TX})
	}
	return list, nil
}

func (s *Session) expectMOS(ctx context.Context, l *line, a *scenario.ExpectMOS) error {
	list, err := s.sides(ctx, l, a.Direction.Or(scenario.Received))
	if err != nil {
		return err
	}
	for _, d := range list {
		expected := fmt.Sprintf("MOS %.2f or more (%s)", a.AtLeast, d.name)
		switch {
		case d.stats.MOS == 0 && d.stats.Packets == 0:
			return failed(expected, "no packets were "+d.name)
		case d.stats.MOS == 0:
			return failed(expected, "the far end has not told by RTCP")
		case d.stats.MOS < a.AtLeast:
			return failed(expected, fmt.Sprintf("MOS %.2f: %s", d.stats.MOS, lossWords(d.stats)))
		}
	}
	return nil
}

func lossWords(d engine.DirectionStats) string {
	return fmt.Sprintf("%.1f %% of the packets lost, %d frames discarded, jitter %.1f ms", lossOf(d), d.Discarded, d.JitterMS)
}

// lossOf is the share of packets that were lost, in per cent.
func lossOf(d engine.DirectionStats) float64 {
	if total := d.Packets + d.Lost; total > 0 {
		return 100 * float64(d.Lost) / float64(total)
	}
	return 0
}

func (s *Session) expectLoss(ctx context.Context, l *line, a *scenario.ExpectLoss) error {
	list, err := s.sides(ctx, l, a.Direction.Or(scenario.Received))
	if err != nil {
		return err
	}
	for _, d := range list {
		expected := fmt.Sprintf("at most %s of the packets lost (%s)", a.AtMost, d.name)
		if d.stats.Packets == 0 {
			return failed(expected, "no packets were "+d.name)
		}
		if loss := lossOf(d.stats); loss > float64(a.AtMost) {
			return failed(expected, fmt.Sprintf("%.2f %% (%d of %d)", loss, d.stats.Lost, d.stats.Packets+d.stats.Lost))
		}
	}
	return nil
}

func (s *Session) expectJitter(ctx context.Context, l *line, a *scenario.ExpectJitter) error {
	list, err := s.sides(ctx, l, a.Direction.Or(scenario.Received))
	if err != nil {
		return err
	}
	for _, d := range list {
		expected := fmt.Sprintf("a mean jitter of at most %s (%s)", seconds(a.AtMost), d.name)
		if d.stats.Packets == 0 {
			return failed(expected, "no packets were "+d.name)
		}
		if d.stats.JitterMS > float64(a.AtMost)/float64(time.Millisecond) {
			return failed(expected, fmt.Sprintf("%.1f ms", d.stats.JitterMS))
		}
	}
	return nil
}

// rtpPeriod is how often packets are counted by those who wait for some.
const rtpPeriod = 50 * time.Millisecond

func (s *Session) expectRTP(ctx context.Context, t *task, l *line, a *scenario.ExpectRTP) error {
	packets := uint64(a.Packets)
	if packets == 0 {
		packets = 10
	}
	direction := a.Direction.Or(scenario.Both)
	expected := fmt.Sprintf("%d more packets %s %s", packets, map[scenario.Direction]string{
		scenario.Both: "in both directions", scenario.Sent: "sent", scenario.Received: "received",
	}[direction], within(t.within(a.Within)))
	first, err := s.sides(ctx, l, direction)
	if err != nil {
		return err
	}
	period := time.NewTicker(rtpPeriod)
	defer period.Stop()
	for {
		now, err := s.sides(ctx, l, direction)
		if err != nil {
			return err
		}
		var short []string
		var words []string
		for i, d := range now {
			more := d.stats.Packets - min(first[i].stats.Packets, d.stats.Packets)
			words = append(words, fmt.Sprintf("%d packets %s", more, d.name))
			if more < packets {
				short = append(short, words[len(words)-1])
			}
		}
		if len(short) == 0 {
			s.said(t, expected, strings.Join(words, ", "))
			return nil
		}
		select {
		case <-period.C:
		case <-l.call.Done():
			return failed(expected, strings.Join(words, ", ")+"; the call has ended")
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if time.Now().After(t.until(a.Within)) {
			return failed(expected, strings.Join(words, ", "))
		}
	}
}

func (s *Session) expectNoAudio(ctx context.Context, l *line, a *scenario.ExpectNoAudio) error {
	lasts := a.For
	if lasts == 0 {
		lasts = time.Second
	}
	direction := a.Direction.Or(scenario.Received)
	first, err := s.sides(ctx, l, direction)
	if err != nil {
		return err
	}
	err = s.wait(ctx, &scenario.Wait{For: scenario.DurationRange{Min: lasts, Max: lasts}})
	if err != nil {
		return err
	}
	now, err := s.sides(ctx, l, direction)
	if errors.Is(err, engine.ErrCallEnded) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, d := range now {
		if more := d.stats.Packets - min(first[i].stats.Packets, d.stats.Packets); more > 0 {
			return failed("no packets "+d.name+" for "+seconds(lasts), fmt.Sprintf("packets came: %d", more))
		}
	}
	return nil
}
