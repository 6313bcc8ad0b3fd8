package dsp

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// part is a piece of a recording that a test makes, and what Segments should say
// of it. No hz is silence.
type part struct {
	d     time.Duration
	level float64
	hz    []float64
}

func tone(d time.Duration, level float64, hz ...float64) part { return part{d, level, hz} }
func quiet(d time.Duration) part                              { return part{d: d} }

// record makes a recording of parts with abrupt edges, as a switch of players
// makes them.
func record(rate int, parts ...part) []float64 {
	var x []float64
	for _, p := range parts {
		y := make([]float64, framesIn(p.d, rate))
		for i, hz := range p.hz {
			y = mix(y, sine(rate, len(y), hz, p.level, float64(i)))
		}
		x = append(x, y...)
	}
	return x
}

// wantSegments checks a timeline: a want without hz is a stretch without a tone;
// of several hz the first or another is reported.
func wantSegments(t *testing.T, got []Segment, hzWithin, levelWithin float64, edges time.Duration, wants ...part) {
	t.Helper()
	if len(got) != len(wants) {
		t.Errorf("got %d segments, want %d:", len(got), len(wants))
		for _, s := range got {
			t.Log(s)
		}
		return
	}
	var at time.Duration
	for i, w := range wants {
		g := got[i]
		if d := g.Start - at; d.Abs() > edges {
			t.Errorf("%v: starts %v off", g, d)
		}
		at += w.d
		if d := g.End - at; d.Abs() > edges {
			t.Errorf("%v: ends %v off", g, d)
		}
		if len(w.hz) == 0 {
			if g.Hz != 0 {
				t.Errorf("%v: want no tone", g)
			}
			continue
		}
		want := w.hz[0]
		for _, hz := range w.hz {
			if math.Abs(g.Hz-hz) < math.Abs(g.Hz-want) {
				want = hz
			}
		}
		wantTone(t, g.Tone, want, w.level, hzWithin, levelWithin)
	}
	if got[0].Start != 0 {
		t.Errorf("first segment starts at %v", got[0].Start)
	}
}

func TestSegments(t *testing.T) {
	menu := []part{quiet(ms(300)), tone(ms(1800), -20, 440), quiet(ms(200)), tone(ms(500), -12, 880), quiet(ms(100))}
	tests := []struct {
		name  string
		parts []part
	}{
		{"menu", menu},
		{"one tone", []part{tone(ms(1000), -20, 440)}},
		{"silence", []part{quiet(ms(1000))}},
		{"tones meet", []part{tone(ms(500), -20, 440), tone(ms(500), -20, 880), tone(ms(300), -20, 660)}},
		{"tones meet, much softer", []part{tone(ms(500), -10, 440), tone(ms(500), -30, 880), tone(ms(300), -10, 600)}},
		{"near tones", []part{tone(ms(500), -20, 440), tone(ms(500), -20, 455), tone(ms(500), -20, 440)}},
		{"shortest", []part{quiet(ms(200)), tone(ms(60), -20, 1000), quiet(ms(100)), tone(ms(60), -20, 1000), quiet(ms(100))}},
		{"cadence", []part{tone(ms(250), -20, 425), quiet(ms(250)), tone(ms(250), -20, 425), quiet(ms(250)), tone(ms(250), -20, 425)}},
		{"two at once", []part{quiet(ms(300)), tone(ms(700), -20, 350, 440), quiet(ms(300))}},
		{"ringing", []part{quiet(ms(300)), tone(ms(700), -20, 440, 480), quiet(ms(300))}},
		{"busy", []part{tone(ms(500), -24, 480, 620), quiet(ms(500)), tone(ms(500), -24, 480, 620)}},
		{"a key", []part{quiet(ms(100)), tone(ms(100), -16, 770, 1336), quiet(ms(100))}},
		{"lowest", []part{quiet(ms(300)), tone(ms(1000), -20, 55), quiet(ms(300))}},
		{"soft", []part{quiet(ms(300)), tone(ms(500), -68, 1000), quiet(ms(300))}},
		{"high", []part{quiet(ms(300)), tone(ms(500), -20, 3700), quiet(ms(300))}},
	}
	forRates(t, func(t *testing.T, rate int) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				edges := ms(5)
				if tt.name == "ringing" {
					edges = ms(12) // the beat of 40 Hz hides where they start
				}
				wantSegments(t, Segments(quantise(record(rate, tt.parts...)), rate), 0.5, 0.15, edges, tt.parts...)
			})
		}
	})
}

func TestSegmentsThroughMuLaw(t *testing.T) {
	parts := []part{quiet(ms(300)), tone(ms(1800), -20, 440), quiet(ms(200)), tone(ms(500), -12, 880),
		tone(ms(500), -12, 1000), quiet(ms(100))}
	wantSegments(t, Segments(muLaw(quantise(record(8000, parts...))), 8000), 0.5, 0.3, ms(5), parts...)
}

func TestSegmentsInNoise(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for _, snr := range []float64{0, 10} {
			for seed := range seeds(rate, 4) {
				parts := []part{quiet(ms(300)), tone(ms(700), -20, 440), quiet(ms(300)), tone(ms(500), -20, 880), quiet(ms(300))}
				x := record(rate, parts...)
				// What matters is the noise in the telephone band.
				level := -20 - snr + 10*math.Log10(float64(rate)/8000)
				got := Segments(quantise(mix(x, noise(len(x), level, seed))), rate)
				wantSegments(t, got, 1, 0.5, ms(10), parts...)
				for _, s := range got {
					if s.Hz == 0 && math.Abs(s.Level-level) > 0.5 {
						t.Errorf("%v: noise is %.1f dBov", s, level)
					}
				}
			}
		}
	})
}

// Noise alone has no tone of 50 ms, but for one in some minutes.
func TestSegmentsOfNoise(t *testing.T) {
	var tones int
	for seed := range uint64(15) {
		for _, s := range Segments(quantise(noise(2*8000, -30, seed)), 8000) {
			if s.Hz > 0 {
				tones++
			}
		}
	}
	if tones > 0 {
		t.Errorf("%d tones in half a minute of noise", tones)
	}
}

func TestSegmentsLostFrames(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for seed := range seeds(rate, 10) {
			parts := []part{quiet(ms(300)), tone(ms(1800), -20, 440), quiet(ms(200)), tone(ms(1000), -12, 880), quiet(ms(100))}
			x := quantise(record(rate, parts...))
			got := Segments(loseFrames(x, rate, 0.05, seed), rate)
			// A lost frame at an edge moves it.
			wantSegments(t, got, 0.5, 1.5, ms(30), parts...)
		}
	})
}

// Up to three packets in a row may be lost within a tone; four are a pause.
func TestSegmentsGap(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for _, gap := range []int{5, 20, 40, 60} {
			x := quantise(record(rate, tone(ms(500), -20, 440), quiet(ms(gap)), tone(ms(500), -20, 440)))
			wantSegments(t, Segments(x, rate), 0.5, 0.6, ms(5), tone(ms(1000+gap), -20, 440))
		}
		for _, gap := range []int{80, 100} {
			parts := []part{tone(ms(500), -20, 440), quiet(ms(gap)), tone(ms(500), -20, 440)}
			wantSegments(t, Segments(quantise(record(rate, parts...)), rate), 0.5, 0.1, ms(5), parts...)
		}
	})
}

// What a decoder does when it starts or loses a packet is no tone: bursts of
// noise and of other frequencies, clicks, a jump of the phase, an offset.
func TestSegmentsTransients(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		parts := []part{quiet(ms(300)), tone(ms(1000), -20, 440), quiet(ms(300)), tone(ms(500), -20, 880), quiet(ms(300))}
		for name, spoil := range map[string]func(x []float64, at func(int) int){
			"noise in a tone":        func(x []float64, at func(int) int) { copy(x[at(600):], noise(at(20), -15, 1)) },
			"noise before a tone":    func(x []float64, at func(int) int) { copy(x[at(270):], noise(at(20), -20, 1)) },
			"chirp in a tone":        func(x []float64, at func(int) int) { copy(x[at(600):], sine(rate, at(20), 700, -10, 0)) },
			"chirp in silence":       func(x []float64, at func(int) int) { copy(x[at(1400):], sine(rate, at(20), 700, -10, 0)) },
			"click in silence":       func(x []float64, at func(int) int) { x[at(1450)] = 1 },
			"click in a tone":        func(x []float64, at func(int) int) { x[at(700)] = 1 },
			"jump of the phase":      func(x []float64, at func(int) int) { copy(x[at(700):at(1300)], sine(rate, at(600), 440, -20, 2)) },
			"offset":                 func(x []float64, at func(int) int) { addTo(x, 0.2) },
			"offset from the middle": func(x []float64, at func(int) int) { addTo(x[at(800):], 0.1) },
		} {
			t.Run(name, func(t *testing.T) {
				x := record(rate, parts...)
				spoil(x, func(n int) int { return n * rate / 1000 })
				wantSegments(t, Segments(quantise(x), rate), 0.5, 1, ms(20), parts...)
			})
		}
	})
}

func addTo(x []float64, v float64) {
	for i := range x {
		x[i] += v
	}
}

// A tone that another one drowns ends there, though it still sounds.
func TestSegmentsLouderToneOnTop(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		parts := []part{tone(ms(500), -20, 440), tone(ms(500), -8, 880), tone(ms(500), -20, 440)}
		x := mix(record(rate, tone(ms(1500), -20, 440)), record(rate, quiet(ms(500)), tone(ms(500), -8, 880), quiet(ms(500))))
		wantSegments(t, Segments(quantise(x), rate), 0.5, 0.2, ms(10), parts...)
	})
}

// Hum and what is too soft to hear are no tones.
func TestSegmentsNotATone(t *testing.T) {
	for _, p := range []part{tone(ms(1000), -20, 40), tone(ms(1000), -72, 440), tone(ms(40), -20, 440)} {
		x := record(8000, quiet(ms(300)), p, quiet(ms(300)))
		wantSegments(t, Segments(quantise(x), 8000), 0, 0, ms(5), quiet(p.d+ms(600)))
	}
}

// The first frames of a tone have little of it and take it for another; a run
// goes by its loudest.
func TestRunGoesByItsLoudestFrame(t *testing.T) {
	for offset := range 20 {
		x := toFloat(quantise(record(8000, quiet(ms(300+offset)), tone(ms(500), -20, 440), quiet(ms(300)))))
		var best run
		for _, r := range findRuns(x, 8000) {
			if r.end-r.start > best.end-best.start {
				best = r
			}
		}
		if math.Abs(best.hz-440) > 0.01 {
			t.Errorf("after %d ms: %.3f Hz", 300+offset, best.hz)
		}
	}
}

// Of two tones that are about equal, one is reported all the time, whatever their
// beat, noise and a lost frame make of them.
func TestSegmentsHoldsOn(t *testing.T) {
	for _, pair := range [][2]float64{{350, 440}, {440, 480}, {480, 620}, {350, 400}, {770, 1336}} {
		for _, softer := range []float64{0, 0.5} {
			for seed := range uint64(6) {
				both := mix(sine(8000, 8000, pair[0], -20, float64(seed)), sine(8000, 8000, pair[1], -20-softer, 1))
				x := slices.Concat(make([]float64, 2400), both, make([]float64, 2400))
				samples := quantise(mix(x, noise(len(x), -45, seed)))
				clear(samples[6400 : 6400+160*(seed%2)])
				got := Segments(samples, 8000)
				if len(got) != 3 || got[0].Hz != 0 || got[1].Hz == 0 || got[2].Hz != 0 {
					t.Errorf("%v, %g dB softer, seed %d: %v", pair, softer, seed, got)
				}
			}
		}
	}
}

// A tone that changes its level is one tone.
func TestSegmentsLevelChange(t *testing.T) {
	x := record(8000, quiet(ms(200)), tone(ms(500), -10, 440), tone(ms(500), -30, 440), quiet(ms(200)))
	got := Segments(quantise(x), 8000)
	wantSegments(t, got, 0.5, 0.3, ms(10), quiet(ms(200)), tone(ms(1000), -12.9, 440), quiet(ms(200)))
}

// Faded tones that meet have no silence between them.
func TestSegmentsGenerated(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		x := Concat(GenerateTone(rate, ms(500), -20, 440), GenerateTone(rate, ms(500), -20, 880), Silence(rate, ms(500)))
		got := Segments(x, rate)
		wantSegments(t, got, 0.1, 0.1, 2200*time.Microsecond, tone(ms(500), -20, 440), tone(ms(500), -20, 880), quiet(ms(500)))
		for _, s := range got {
			if s.Hz > 0 && s.SNR < 70 {
				t.Errorf("%v: its ends were measured too", s)
			}
		}
	})
}

func TestSegmentsOfSilence(t *testing.T) {
	got := Segments(Silence(8000, ms(1000)), 8000)
	if len(got) != 1 || got[0].Level != MinLevel || got[0].End != time.Second {
		t.Errorf("got %v", got)
	}
	if got := Segments(nil, 8000); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	if got := Segments([]int16{1, 2, 3}, 0); got != nil {
		t.Errorf("without a rate: %v", got)
	}
}

func TestSegmentString(t *testing.T) {
	s := Segment{ms(300), ms(2100), Tone{Hz: 440, Level: -20, SNR: 37.4, Clipped: 2}}
	if got, want := fmt.Sprint(s), "0.300s-2.100s 440.0 Hz -20.0 dBov SNR 37 dB 2 clipped"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := fmt.Sprint(Segment{End: ms(300), Tone: Tone{Level: MinLevel}}), "0.000s-0.300s no tone -127.0 dBov"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
