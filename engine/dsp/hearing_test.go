package dsp

import (
	"math"
	"slices"
	"testing"
	"time"
)

// A continuous tone of one's own, and one with a cadence.
func TestOwnLineTones(t *testing.T) {
	const rate = 8000
	both := LineTone{Name: "both", Steps: []ToneStep{{Hz: []float64{440, 480}, On: 500 * time.Millisecond}}}
	gate := LineTone{Name: "gate", Steps: []ToneStep{
		{[]float64{600}, ms(300), ms(200)}, {[]float64{900, 1200}, ms(150), ms(400)},
	}}
	x := Concat(Silence(rate, time.Second), GenerateTone(rate, ms(700), -20, 440, 480), Silence(rate, time.Second), playTone(rate, gate, -20, 3*period(gate)))
	heard := FindLineTones(x, rate, both, gate)
	if len(heard) != 2 || heard[0].Name != "both" || heard[1].Name != "gate" || heard[1].Cycles != 3 {
		t.Fatalf("heard %v", heard)
	}
	if long := heard[0].Length; long < rate*680/1000 || long > rate*720/1000 {
		t.Errorf("%v lasts %d", heard[0], long)
	}
	// Too short, of another frequency, with a third tone.
	for _, x := range [][]int16{
		GenerateTone(rate, ms(400), -20, 440, 480), GenerateTone(rate, ms(900), -20, 440, 500), GenerateTone(rate, ms(900), -20, 440),
		GenerateTone(rate, ms(900), -20, 440, 480, 620),
	} {
		if heard := FindLineTones(Concat(x, Silence(rate, time.Second)), rate, both, gate); len(heard) > 0 {
			t.Errorf("heard %v", heard)
		}
	}
}

func TestLineToneRefusals(t *testing.T) {
	for _, d := range LineTones() {
		if err := d.Validate(); err != nil {
			t.Error(err)
		}
	}
	hz := []float64{440}
	for _, d := range []LineTone{
		{}, {Name: "x"}, {Name: "x", Steps: []ToneStep{{}}}, {Name: "x", Steps: []ToneStep{{Hz: []float64{100}}}},
		{Name: "x", Steps: []ToneStep{{Hz: []float64{440, 450}}}}, {Name: "x", Steps: []ToneStep{{Hz: hz, On: ms(50), Off: ms(500)}}},
		{Name: "x", Steps: []ToneStep{{Hz: hz, On: ms(200), Off: ms(10)}}}, {Name: "x", Steps: []ToneStep{{Hz: hz, On: ms(200)}, {Hz: hz, On: ms(300)}}},
		{Name: "x", Off: -1, Steps: []ToneStep{{Hz: hz}}},
	} {
		if _, err := NewLineToneDetector(8000, d); err == nil {
			t.Errorf("%+v is valid", d)
		}
	}
	for _, rate := range []int{0, 7999, 11025, 96000} {
		if _, err := NewLineToneDetector(rate); err == nil {
			t.Errorf("%d Hz: no error", rate)
		}
	}
}

// What a detector finds does not depend on how the samples come.
func TestHearingStreams(t *testing.T) {
	const rate = 8000
	x := Concat(Silence(rate, ms(500)), anna.say(rate, "hallo anna"), Silence(rate, time.Second), GenerateTone(rate, ms(400), -15, 1000), Silence(rate, ms(500)),
		playTone(rate, LineTones("US")[3], -20, 3*time.Second), Silence(rate, time.Second))
	type all struct {
		tones []string
		acts  []Activity
		beeps []Beep
		who   []Answer
	}
	hear := func(size int) (a all) {
		tones, _ := NewLineToneDetector(rate, LineTones("US")...)
		acts, _ := NewActivityDetector(rate, ActivityOptions{})
		beeps, _ := NewBeepDetector(rate)
		who, _ := NewAnswerDetector(rate, AnswerOptions{})
		for at := 0; at < len(x); at += size {
			part := x[at:min(at+size, len(x))]
			for _, h := range tones.Hear(part) {
				a.tones = append(a.tones, h.String())
			}
			a.acts = append(a.acts, acts.Hear(part)...)
			a.beeps = append(a.beeps, beeps.Hear(part)...)
			a.who = append(a.who, who.Hear(part)...)
		}
		return a
	}
	want := hear(len(x))
	if len(want.tones) != 2 || len(want.beeps) == 0 || len(want.who) == 0 {
		t.Fatalf("heard %+v", want)
	}
	for _, size := range []int{1, 33, 160, 480, 5000} {
		if got := hear(size); !slices.Equal(got.tones, want.tones) || !slices.Equal(got.acts, want.acts) || !slices.Equal(got.beeps, want.beeps) || !slices.Equal(got.who, want.who) {
			t.Errorf("in parts of %d: %+v, want %+v", size, got, want)
		}
	}
}

// Speech in a noise that changes, tones, and noise alone.
func TestActivity(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		word := anna.say(rate, "hatami sonaru")
		n := len(word)
		quiet := rate
		x := make([]float64, 0, 8*rate)
		add := func(s []int16) { x = append(x, toFloat(s)...) }
		add(Silence(rate, time.Second))
		add(word)
		add(Silence(rate, time.Second))
		add(GenerateTone(rate, time.Second, -20, 425))
		add(Silence(rate, time.Second))
		add(otto.say(rate, "oteku misan"))
		add(Silence(rate, time.Second))
		for _, level := range []float64{-90, -60, -45} {
			if rate == 48000 && level != -60 {
				continue // slow
			}
			got := FindActivity(quantise(mix(x, noise(len(x), level, 5))), rate, ActivityOptions{})
			var kinds []Sounds
			var at int64
			for _, a := range got {
				if a.Start != at {
					t.Errorf("%d Hz, noise %v: a gap before %v", rate, level, a)
				}
				at = a.Start + a.Length
				kinds = append(kinds, a.Sounds)
			}
			if at != int64(len(x)) || !slices.Equal(kinds, []Sounds{Quiet, Speech, Quiet, Other, Quiet, Speech, Quiet}) {
				t.Errorf("%d Hz, noise %v: %v", rate, level, got)
				continue
			}
			for _, c := range []struct {
				i    int
				want int
			}{{1, quiet}, {2, quiet + n}, {3, 2*quiet + n}, {4, 3*quiet + n}} {
				if off := math.Abs(float64(got[c.i].Start-int64(c.want))) / float64(rate); off > 0.15 {
					t.Errorf("%d Hz, noise %v: %v is %.3f s off", rate, level, got[c.i], off)
				}
			}
		}
		for _, level := range []float64{-80, -55, -40} {
			for seed := range uint64(24000 / rate) {
				got := FindActivity(quantise(noise(10*rate, level, seed)), rate, ActivityOptions{})
				if slices.ContainsFunc(got, func(a Activity) bool { return a.Sounds == Speech }) {
					t.Errorf("%d Hz, noise of %v dBov: %v", rate, level, got)
				}
			}
		}
	}
}

// Beeps of all kinds, and what is none.
func TestBeeps(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, hz := range []float64{400, 440, 700, 1000, 1400, 2000, 2600} {
			for _, long := range []time.Duration{ms(60), ms(100), ms(500), ms(2000)} {
				x := quantise(mix(toFloat(Concat(Silence(rate, time.Second), GenerateTone(rate, long, -20, hz), Silence(rate, time.Second))),
					noise(2*rate+framesIn(long, rate), -45, 3)))
				got := FindBeeps(x, rate)
				if len(got) != 1 {
					t.Errorf("%d Hz: a beep of %v Hz for %v: %v", rate, hz, long, got)
					continue
				}
				b := got[0]
				start, length := float64(b.Start)/float64(rate)-1, float64(b.Length)/float64(rate)-long.Seconds()
				if math.Abs(b.Hz-hz) > 5 || math.Abs(start) > 0.02 || math.Abs(length) > 0.03 {
					t.Errorf("%d Hz: a beep of %v Hz for %v: %v", rate, hz, long, b)
				}
			}
		}
		for name, x := range map[string][]int16{
			"too short": GenerateTone(rate, ms(30), -20, 1000), "too long": GenerateTone(rate, ms(2300), -20, 1000), "too low": GenerateTone(rate, ms(300), -20, 350),
			"two tones": GenerateTone(rate, ms(300), -20, 697, 1209), "a sweep": quantise(sweep(rate, time.Second, 500, 2000, -20)),
			"noise": quantise(noise(rate, -20, 1)), "speech": anna.say(rate, "hallo, mama, moni nana lulu"),
		} {
			if got := FindBeeps(Concat(Silence(rate, time.Second), x, Silence(rate, time.Second)), rate); len(got) > 0 {
				t.Errorf("%d Hz, %s: %v", rate, name, got)
			}
		}
	}
}

// Who answers, by made-up speech and tones.
func TestAnswers(t *testing.T) {
	const rate = 8000
	long := otto.say(rate, "hallo, otto mana nori tula, semo lana kito, moni ola ruma neli, tano mola rino seta")
	beep := GenerateTone(rate, ms(400), -15, 1000)
	sit := playTone(rate, LineTones("")[0], -20, time.Second)
	for name, c := range map[string]struct {
		x    []int16
		by   Answerer
		beep bool
	}{
		"human":         {Concat(Silence(rate, ms(400)), anna.say(rate, "hallo"), Silence(rate, 3*time.Second)), AnswererHuman, false},
		"machine":       {Concat(Silence(rate, ms(800)), long, Silence(rate, ms(400)), beep, Silence(rate, time.Second)), AnswererMachine, true},
		"short machine": {Concat(Silence(rate, ms(800)), anna.say(rate, "hallo"), Silence(rate, ms(1500)), beep, Silence(rate, time.Second)), AnswererMachine, true},
		"no audio":      {Silence(rate, 10*time.Second), AnswererNoAudio, false},
		"network":       {Concat(Silence(rate, ms(300)), sit, long), AnswererNetwork, false},
		"fax":           {Concat(Silence(rate, ms(800)), GenerateTone(rate, 3*time.Second, -15, 2100), Silence(rate, time.Second)), AnswererFax, false},
	} {
		got := FindAnswer(c.x, rate, AnswerOptions{})
		if got.By != c.by || got.Beep.Length > 0 != c.beep || got.Confidence < 0.7 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLineMeter(t *testing.T) {
	const rate = 8000
	loud := quantise(sine(rate, rate, 500, 3, 0))
	m := MeasureLine(loud, rate)
	if m.ClippedShare() < 0.4 || m.ClippedRuns < 900 || m.LongestClip > 8 || m.Peak < -0.01 || !m.HasAudio(rate) {
		t.Errorf("clipped: %+v", m)
	}
	if m := MeasureLine(GenerateTone(rate, time.Second, -10, 500), rate); m.Clipped > 0 || m.Zero > 0 || math.Abs(m.Level+10) > 0.2 {
		t.Errorf("a clean tone: %+v", m)
	}
	// Full scale in A-law, which is less than that of the samples; a clean peak is one sample only.
	alawClip := []int16{0, 32256, 32256, 0, -32256, -32256, -31744, 0, 32767, 0, 32256, -32256}
	if m := MeasureLine(alawClip, rate); m.Clipped != 5 || m.ClippedRuns != 2 || m.LongestClip != 3 {
		t.Errorf("clipped in A-law: %+v", m)
	}
	half := Concat(Silence(rate, time.Second), GenerateTone(rate, time.Second, -20, 500), Silence(rate, 2*time.Second))
	m = MeasureLine(half, rate)
	if z := m.LongestZero; z < 2*rate || z > 2*rate+40 || m.Zero < 3*rate-10 || m.Faint < 3*rate-400 || m.LongestFaint < 2*rate-400 {
		t.Errorf("half silent: %+v", m)
	}
	alaw := make([]int16, rate)
	for i := range alaw {
		alaw[i] = 8
	}
	if m := MeasureLine(alaw, rate); m.Zero != rate || m.HasAudio(rate) {
		t.Errorf("silence in A-law: %+v", m)
	}
	comfort := MeasureLine(quantise(noise(rate, -68, 1)), rate)
	if comfort.Zero > rate/10 || comfort.HasAudio(rate) {
		t.Errorf("comfort noise: %+v", comfort)
	}
	for _, c := range []struct {
		a, b LineMeasure
		want Paths
	}{{m, m, BothPaths}, {m, comfort, FirstOnly}, {comfort, m, SecondOnly}, {comfort, comfort, NoPath}} {
		if got := JudgePaths(c.a, c.b, rate); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}

// Detectors work by what is there, without memory of their own.
func TestHearingAllocatesNothing(t *testing.T) {
	const rate = 8000
	x := anna.say(rate, "hallo anna")
	tones, _ := NewLineToneDetector(rate)
	acts, _ := NewActivityDetector(rate, ActivityOptions{})
	who, _ := NewAnswerDetector(rate, AnswerOptions{})
	for name, hear := range map[string]func([]int16){
		"tones": func(s []int16) { tones.Hear(s) }, "activity": func(s []int16) { acts.Hear(s) }, "answer": func(s []int16) { who.Hear(s) },
	} {
		hear(x)
		if n := testing.AllocsPerRun(5, func() {
			for at := 0; at+480 <= len(x); at += 480 {
				hear(x[at : at+480])
			}
		}); n > 2 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A second of a call.
func BenchmarkHearing(b *testing.B) {
	const rate = 16000
	x := quantise(voice(rate, time.Second, 150, 1))
	tones, _ := NewLineToneDetector(rate)
	who, _ := NewAnswerDetector(rate, AnswerOptions{})
	for name, hear := range map[string]func([]int16){"tones": func(s []int16) { tones.Hear(s) }, "answer": func(s []int16) { who.Hear(s) }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for at := 0; at < rate; at += rate / 50 {
					hear(x[at : at+rate/50])
				}
			}
			b.ReportMetric(100*b.Elapsed().Seconds()/float64(b.N), "%cpu/call")
		})
	}
}
