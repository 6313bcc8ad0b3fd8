//go:build cgo

package pjsua

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// heard waits for a mark.
func heard(t testing.TB, ch <-chan Mark) Mark {
	t.Helper()
	select {
	case m := <-ch:
		return m
	case <-time.After(patience):
		t.Fatalf("no report of a mark for %v", patience)
	}
	return Mark{}
}

// Neither memory nor a call into C for a frame. What other goroutines do would be counted
// too, but while nothing happens they do nothing: that a stretch of frames goes by
// without any shows that frames need none.
func TestFramesCostNothing(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(16000, AudioOptions{}, AudioOptions{})
	frame := make([]int16, 320)
	bytes := make([]byte, 640)
	one := func() {
		if _, err := out.WriteSamples(frame); err != nil {
			t.Error(err)
		}
		if _, err := in.Read(bytes); err != nil {
			t.Error(err)
		}
	}
	for range 50 {
		one() // the buffer fills: Write waits from now on, as Read does
	}
	best := int64(1 << 62)
	for range 5 {
		before := runtime.NumCgoCall()
		for range 50 {
			one()
		}
		best = min(best, runtime.NumCgoCall()-before)
		if best == 0 {
			break
		}
	}
	if best != 0 {
		t.Errorf("%d calls into C for 50 frames", best)
	}
	if allocs := testing.AllocsPerRun(50, one); allocs != 0 {
		t.Errorf("%v allocations for a frame", allocs)
	}
}

// captured takes all that a has heard, and the tick of the first frame.
func captured(t testing.TB, a *Audio) (samples []int16, first uint64) {
	t.Helper()
	frame := make([]int16, a.FrameSamples())
	for n := uint64(0); ; n++ {
		tick, ok := a.ring.takeFrame(sampleBytes(frame))
		if !ok {
			return samples, first
		}
		if n == 0 {
			first = tick
		} else if tick != first+n {
			t.Fatalf("frame %d is of tick %d, the first of %d", n, tick, first)
		}
		samples = append(samples, frame...)
	}
}

// What marks say is what somebody hears who listens to the port: to the sample, through
// silence, pause and clear.
func TestMarksAreExact(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(16000, AudioOptions{}, AudioOptions{ReadBuffer: time.Minute})
	sound := noise(5000)
	ends := []int{1000, 1777, 1778, 3000}
	marks := make([]Mark, len(ends))

	must(out.WriteSamples(sound[:1000]))(t)
	marks[0] = heard(t, out.Mark("a")) // and then silence
	must(out.WriteSamples(sound[1000:1777]))(t)
	b := out.Mark("b")
	must(out.WriteSamples(sound[1777:1778]))(t)
	marks[2] = heard(t, out.Mark("c"))
	marks[1] = heard(t, b)
	out.Pause()
	must(out.WriteSamples(sound[1778:3000]))(t)
	d := out.Mark("d")
	p.pass(200 * time.Millisecond)
	if s := out.Stats(); s.Played != 1778 || s.Queued != 1222 {
		t.Errorf("paused: %+v", s)
	}
	out.Resume()
	marks[3] = heard(t, d)
	if m := heard(t, out.Mark("at once")); m.Cleared || m.Position != 3000 || m.Time.IsZero() {
		t.Errorf("a mark with nothing before it: %+v", m)
	}

	p.pass(40 * time.Millisecond) // the tick of the last mark is over
	got, tick := captured(t, in)
	at := make([]int, len(ends)) // where each part ends in what was captured
	for i, end := range ends {
		from := 0
		if i > 0 {
			from = ends[i-1]
		}
		part := sound[from:end]
		if i == 2 { // one sample, right behind the other part
			part, from = sound[1000:end], 1000
		}
		n := find(got, part)
		if n < 0 {
			t.Fatalf("part %d was not heard", i)
		}
		at[i] = n + end - from
	}
	for i, m := range marks {
		if m.Name != string(rune('a'+i)) || m.Position != uint64(ends[i]) || m.Cleared || time.Since(m.Time) > time.Minute {
			t.Errorf("mark %d: %+v", i, m)
		}
		if want := tick + uint64(at[i]-1)/320; m.Tick != want {
			t.Errorf("mark %s was heard in tick %d, not %d", m.Name, want, m.Tick)
		}
		if i > 0 && m.At-marks[0].At != uint64(at[i]-at[0]) {
			t.Errorf("mark %s is %d samples behind the first, not %d", m.Name, at[i]-at[0], m.At-marks[0].At)
		}
	}
}

func TestClear(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(16000, AudioOptions{WriteBuffer: 2 * time.Second}, AudioOptions{ReadBuffer: time.Minute})
	sound := noise(32000)
	must(out.WriteSamples(sound[:1000]))(t)
	begin := heard(t, out.Mark("begin"))
	must(out.WriteSamples(sound[1000:20000]))(t)
	early := out.Mark("early")
	must(out.WriteSamples(sound[20000:30000]))(t)
	late := out.Mark("late")
	if n := out.Clear(); n < 20000 || n > 29000 {
		t.Errorf("cleared %d", n)
	}
	if q := out.Queued(); q != 0 {
		t.Errorf("%d queued after Clear", q)
	}
	for _, m := range []Mark{heard(t, early), heard(t, late)} {
		if !m.Cleared || !m.Time.IsZero() {
			t.Errorf("%+v", m)
		}
	}
	must(out.WriteSamples(sound[30000:]))(t)
	end := heard(t, out.Mark("end"))
	s := out.Stats()
	if s.Written != 32000 || s.Played+s.Cleared != 32000 || s.Queued != 0 || s.Cleared == 0 {
		t.Errorf("%+v", s)
	}
	if end.Cleared || begin.Cleared || end.Position != 32000 {
		t.Errorf("%+v, %+v", begin, end)
	}
	// What was heard is what was counted: the beginning, some of the rest, the end.
	got := listen(t, in, int(end.At)+3200)
	from := find(got, sound[:1000])
	if from < 0 {
		t.Fatal("the beginning was not heard")
	}
	last := find(got, sound[30000:])
	if last < 0 {
		t.Fatal("the end was not heard")
	}
	if d := uint64(last + 2000 - (from + 1000)); d != end.At-begin.At {
		t.Errorf("the ends of the two are %d samples apart, the marks say %d", d, end.At-begin.At)
	}
	middle := 0
	for _, v := range got[from+1000 : last] {
		if v != 0 {
			middle++
		}
	}
	if diff := int(s.Played) - 3000 - middle; diff < 0 || diff > 20 { // some of the noise is 0
		t.Errorf("%d samples of the middle were heard, %d counted", middle, s.Played-3000)
	}
}

func TestWriteOverruns(t *testing.T) {
	p := newPhone(t, Config{})
	sound := noise(20000)
	newest := must(p.NewAudio(within(t), 16000, AudioOptions{WriteOverrun: DropNewest}))(t)
	if n, err := newest.WriteSamples(sound); n != 20000 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if s := newest.Stats(); s.Written != 16000 || s.Queued != 16000 || s.Refused != 4000 {
		t.Errorf("drop newest: %+v", s)
	}
	oldest := must(p.NewAudio(within(t), 16000, AudioOptions{WriteOverrun: DropOldest}))(t)
	for i := 0; i < 20000; i += 1000 {
		if n, err := oldest.WriteSamples(sound[i : i+1000]); n != 1000 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if s := oldest.Stats(); s.Written != 20000 || s.Queued != 16000 {
		t.Errorf("drop oldest: %+v", s)
	}
	in := must(p.NewAudio(within(t), 16000, AudioOptions{ReadBuffer: 10 * time.Second}))(t)
	for _, tc := range []struct {
		a    *Audio
		want []int16
	}{{newest, sound[:16000]}, {oldest, sound[4000:]}} {
		check(t, p.Connect(within(t), tc.a.Port(), in.Port(), ConnectOptions{}))
		got := listen(t, in, 24000)
		at := find(got, tc.want[:100])
		if at < 0 || !slices.Equal(got[at:at+16000], tc.want) {
			t.Errorf("%v: the wrong samples were heard; they begin at %d", tc.a.opts.WriteOverrun, at)
		}
		check(t, tc.a.Close())
	}
	if s := oldest.Stats(); s.Played != 16000 || s.Cleared != 4000 {
		t.Errorf("drop oldest: %+v", s)
	}
	// More than the buffer at once: its end.
	big := must(p.NewAudio(within(t), 16000, AudioOptions{WriteOverrun: DropOldest, WriteBuffer: 100 * time.Millisecond}))(t)
	must(big.WriteSamples(sound))(t)
	if s := big.Stats(); s.Queued != 1600 || s.Refused != 20000-1600 || int(s.Written) != 1600 {
		t.Errorf("too much at once: %+v", s)
	}
}

func TestReadOverruns(t *testing.T) {
	p := newPhone(t, Config{})
	opts := AudioOptions{ReadBuffer: 160 * time.Millisecond} // 8 frames
	oldest := must(p.NewAudio(within(t), 16000, opts))(t)
	opts.ReadOverrun = DropNewest
	newest := must(p.NewAudio(within(t), 16000, opts))(t)
	p.pass(500 * time.Millisecond)
	if n, o := newest.Stats(), oldest.Stats(); n.Overruns < 10*320 || o.Overruns < 10*320 {
		t.Errorf("overruns: %+v, %+v", n, o)
	}
	frame := make([]byte, 640)
	tick, ok := newest.ring.takeFrame(frame)
	last := load(&newest.ring.c.tick)
	if !ok || last-tick < 15 {
		t.Errorf("drop newest: the first frame is of tick %d, the last was %d", tick, last)
	}
	last = load(&oldest.ring.c.tick)
	tick, ok = oldest.ring.takeFrame(frame)
	if !ok || tick < last-8 {
		t.Errorf("drop oldest: the first frame is of tick %d, the last was %d", tick, last)
	}
	for _, a := range []*Audio{oldest, newest} {
		if s := a.Stats(); s.Buffered > 8*320 || s.Heard < s.Overruns+s.Buffered {
			t.Errorf("%+v", s)
		}
	}
}

func TestAudioOptions(t *testing.T) {
	p := newPhone(t, Config{})
	for name, tc := range map[string]struct {
		rate int
		opts AudioOptions
	}{
		"rate":           {44100, AudioOptions{}},
		"block the tick": {8000, AudioOptions{ReadOverrun: Block}},
		"nothing":        {8000, AudioOptions{ReadBuffer: -1, WriteBuffer: -1}},
		"too long":       {8000, AudioOptions{WriteBuffer: 2 * time.Hour}},
		"no such policy": {8000, AudioOptions{WriteOverrun: 9}},
	} {
		if _, err := p.NewAudio(within(t), tc.rate, tc.opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	deaf := must(p.NewAudio(within(t), 8000, AudioOptions{ReadBuffer: -1}))(t)
	if _, err := deaf.ReadSamples(make([]int16, 1)); err == nil {
		t.Error("read without a buffer")
	}
	mute := must(p.NewAudio(within(t), 8000, AudioOptions{WriteBuffer: -1}))(t)
	if _, err := mute.WriteSamples(make([]int16, 1)); err == nil {
		t.Error("wrote without a buffer")
	}
	if m := heard(t, mute.Mark("none")); m.Cleared {
		t.Errorf("%+v", m)
	}
}
