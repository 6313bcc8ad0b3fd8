package dsp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const allDigits = "1234567890*#ABCD"

// zeroLevel is 0 dBm0 in dBov.
const zeroLevel = -6.18

// dialled is digits as they come from a line, the first after 100 ms.
type dialled struct {
	level       float64    // of the stronger tone, dBm0
	twist       float64    // by how much the high tone is above the low one, dB
	off         [2]float64 // by how much the tones are off, relative
	long, apart float64    // of a digit and from it to the next one, ms
	snr         float64    // of white noise, dB; 0: none
	line        func([]int16) []int16
	seed        uint64
}

// digitTones are the frequencies of ITU-T Q.23.
func digitTones(digit rune) (low, high float64) {
	i := strings.IndexRune("123A456B789C*0#D", digit)
	return []float64{697, 770, 852, 941}[i/4], []float64{1209, 1336, 1477, 1633}[i%4]
}

// samples returns what is heard and where each digit begins.
func (d dialled) samples(rate int, digits string) (out []int16, starts []int64) {
	r := rand.New(rand.NewPCG(d.seed, 7))
	at := func(ms float64) int { return int(ms * float64(rate) / 1000) }
	n := at(d.long)
	x := make([]float64, at(200+float64(len(digits))*(d.long+d.apart)))
	strong := d.level + zeroLevel
	low, high := strong+min(0, -d.twist), strong+min(0, d.twist)
	for i, digit := range digits {
		// Not at the beginning of a block of the detector.
		start := at(100+float64(i)*(d.long+d.apart)) + r.IntN(at(4))
		f, g := digitTones(digit)
		copy(x[start:], mix(sine(rate, n, f*(1+d.off[0]), low, r.Float64()*7), sine(rate, n, g*(1+d.off[1]), high, r.Float64()*7)))
		starts = append(starts, int64(start))
	}
	if d.snr != 0 {
		power := math.Pow(10, low/10) + math.Pow(10, high/10)
		x = mix(x, noise(len(x), 10*math.Log10(power)-d.snr, d.seed))
	}
	out = quantise(x)
	if d.line != nil {
		out = d.line(out)
	}
	return out, starts
}

func digitsOf(found []DTMFDigit) string {
	var s strings.Builder
	for _, f := range found {
		s.WriteByte(f.Digit)
	}
	return s.String()
}

var dtmfRates = []int{8000, 16000, 48000}

// lines are what a signal goes through.
var lines = map[string]func([]int16) []int16{"linear": nil, "mu-law": muLaw}

// Each digit is heard at the edge of every tolerance at once, and where it was.
func TestDTMFTolerances(t *testing.T) {
	const off = 0.015
	for _, rate := range dtmfRates {
		for line, through := range lines {
			for _, snr := range []float64{0, 20, 15} {
				for _, o := range [][2]float64{{0, 0}, {off, off}, {-off, -off}, {off, -off}, {-off, off}} {
					for _, twist := range []float64{0, -8, 4} {
						for _, level := range []float64{-3, -15, -36 + math.Abs(twist)} {
							if rate == 48000 && (snr == 20 || level == -15 || twist != 0) {
								continue // slow, and the others say as much
							}
							d := dialled{level: level, twist: twist, off: o, long: 40, apart: 53, snr: snr, line: through, seed: 1}
							samples, starts := d.samples(rate, allDigits)
							found := FindDTMF(samples, rate)
							if got := digitsOf(found); got != allDigits {
								t.Errorf("%d Hz %s %+v: heard %q", rate, line, d, got)
								continue
							}
							for i, f := range found {
								start, length := f.Start-starts[i], f.Length-int64(40*rate/1000)
								if within := int64(4 * rate / 1000); max(start, -start, length, -length) > within {
									t.Errorf("%d Hz %s %+v: %c is off by %d and %d samples", rate, line, d, f.Digit, start, length)
								}
							}
						}
					}
				}
			}
		}
	}
}

// What is past the tolerances is not heard.
func TestDTMFRefused(t *testing.T) {
	plain := dialled{level: -10, long: 100, apart: 60, seed: 2}
	with := func(change func(*dialled)) dialled {
		d := plain
		change(&d)
		return d
	}
	refused := map[string]dialled{
		"23 ms":          with(func(d *dialled) { d.long = 23 }),
		"23 ms, noise":   with(func(d *dialled) { d.long, d.snr = 23, 15 }),
		"low 3.5 % up":   with(func(d *dialled) { d.off = [2]float64{0.035, 0} }),
		"low 3.5 % down": with(func(d *dialled) { d.off = [2]float64{-0.035, 0} }),
		"high up":        with(func(d *dialled) { d.off = [2]float64{0, 0.035} }),
		"high down":      with(func(d *dialled) { d.off = [2]float64{0, -0.035} }),
		"both, noise":    with(func(d *dialled) { d.off, d.snr = [2]float64{0.035, 0.035}, 15 }),
		"high too weak":  with(func(d *dialled) { d.twist = -12 }),
		"low too weak":   with(func(d *dialled) { d.twist = 8 }),
		"faint":          with(func(d *dialled) { d.level = -46 }),
		"in noise":       with(func(d *dialled) { d.snr = 3 }),
	}
	for _, rate := range dtmfRates {
		if samples, _ := plain.samples(rate, allDigits); digitsOf(FindDTMF(samples, rate)) != allDigits {
			t.Errorf("%d Hz: the digits themselves are not heard", rate)
		}
		for name, d := range refused {
			for line, through := range lines {
				d.line = through
				samples, _ := d.samples(rate, allDigits)
				if got := FindDTMF(samples, rate); len(got) > 0 {
					t.Errorf("%d Hz %s, %s: heard %q", rate, line, name, digitsOf(got))
				}
			}
		}
	}
}

// A pause parts two equal digits, a lost packet does not part one.
func TestDTMFPauses(t *testing.T) {
	for _, rate := range dtmfRates {
		for _, snr := range []float64{0, 15} {
			for _, pause := range []float64{40, 45, 60, 500} {
				d := dialled{level: -12, long: 40, apart: pause, snr: snr, seed: 3}
				samples, _ := d.samples(rate, "5555##11")
				if got := digitsOf(FindDTMF(samples, rate)); got != "5555##11" {
					t.Errorf("%d Hz, pauses of %v ms, noise %v: heard %q", rate, pause, snr, got)
				}
			}
			for _, gap := range []int{1, 5, 10, 20, 25} {
				d := dialled{level: -12, long: 160, apart: 60, snr: snr, seed: 4}
				samples, starts := d.samples(rate, allDigits)
				for _, at := range starts {
					lost := samples[at+int64(rate*70/1000):]
					clear(lost[:rate*gap/1000])
				}
				found := FindDTMF(samples, rate)
				if got := digitsOf(found); got != allDigits {
					t.Errorf("%d Hz, gaps of %d ms, noise %v: heard %q", rate, gap, snr, got)
				}
				for _, f := range found {
					if ms := f.Length * 1000 / int64(rate); ms < 156 || ms > 164 {
						t.Errorf("%d Hz, a gap of %d ms: %c has %d ms", rate, gap, f.Digit, ms)
					}
				}
			}
		}
		// Nothing between two digits: the second ends the first.
		d := dialled{level: -12, long: 60, seed: 5}
		samples, _ := d.samples(rate, "123*0#")
		if got := digitsOf(FindDTMF(samples, rate)); got != "123*0#" {
			t.Errorf("%d Hz, without pauses: heard %q", rate, got)
		}
	}
}

// A digit is told when it is sure, and again when it is over, however the samples come.
func TestDTMFStream(t *testing.T) {
	const rate = 8000
	d := dialled{level: -12, long: 100, apart: 80, snr: 20, seed: 6}
	samples, starts := d.samples(rate, allDigits)
	want := FindDTMF(samples, rate)
	r := rand.New(rand.NewPCG(6, 6))
	for _, size := range []int{1, 7, 80, 160, 1000, 0} {
		det, err := NewDTMFDetector(rate)
		if err != nil {
			t.Fatal(err)
		}
		var begun, over []DTMFDigit
		for at := 0; at < len(samples); {
			n := size
			if n == 0 {
				n = r.IntN(500)
			}
			part := samples[at:min(at+n, len(samples))]
			at += len(part)
			for _, f := range det.Hear(part) {
				if f.Length > 0 {
					over = append(over, f)
					continue
				}
				begun = append(begun, f)
				if late := int64(at) - starts[len(begun)-1]; size <= 160 && size > 0 && late > 50*rate/1000+int64(size) {
					t.Errorf("chunks of %d: %c is told after %d samples", size, f.Digit, late)
				}
			}
		}
		if !slices.Equal(over, want) {
			t.Errorf("chunks of %d: heard %v, want %v", size, over, want)
		}
		for i := range begun {
			begun[i].Length = over[i].Length
		}
		if !slices.Equal(begun, over) {
			t.Errorf("chunks of %d: begun %v, over %v", size, begun, over)
		}
	}
}

// A digit whose level changes while it sounds is one, and one that is cut off has an end.
func TestDTMFLevelChanges(t *testing.T) {
	const rate = 8000
	d := dialled{level: -6, long: 1000, seed: 8}
	samples, _ := d.samples(rate, "7")
	for i := range samples {
		samples[i] = int16(float64(samples[i]) * math.Pow(10, -float64(i)/float64(len(samples))))
	}
	if got := FindDTMF(samples, rate); digitsOf(got) != "7" || got[0].Length < rate*98/100 {
		t.Errorf("a digit that fades: heard %v", got)
	}
	if got := FindDTMF(samples[:rate/2], rate); digitsOf(got) != "7" || got[0].Length < rate*39/100 || got[0].Length > rate*41/100 {
		t.Errorf("a digit that is cut off: heard %v", got)
	}
	offset := quantise(mix(sine(rate, rate, 50, -30, 0), func() []float64 {
		x := make([]float64, rate)
		for i := range x {
			x[i] = 0.2
		}
		return x
	}()))
	samples, _ = dialled{level: -15, long: 40, apart: 60, seed: 9}.samples(rate, "159D")
	for i := range samples {
		samples[i] += offset[i%len(offset)]
	}
	if got := digitsOf(FindDTMF(samples, rate)); got != "159D" {
		t.Errorf("with an offset and hum: heard %q", got)
	}
}

// sweep is a tone whose frequency rises.
func sweep(rate int, d time.Duration, from, to, level float64) []float64 {
	x := make([]float64, framesIn(d, rate))
	a, phase := math.Sqrt2*math.Pow(10, level/20), 0.0
	for i := range x {
		x[i] = a * math.Sin(phase)
		phase += radians(from*math.Pow(to/from, float64(i)/float64(len(x))), rate)
	}
	return x
}

// voice is pulses of a pitch that wanders, in loudness and pitch like syllables, through
// three formants, with a hiss now and then: speech to a detector, if not to a human.
func voice(rate int, d time.Duration, pitch float64, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	x := make([]float64, framesIn(d, rate))
	var state [3][2]float64
	var hz, target, width [3]float64
	f0, phase, loud, to, hiss := pitch, 0.0, 0.0, 0.0, 0.0
	for i := range x {
		if i%(rate/8) == 0 {
			target = [3]float64{250 + 600*r.Float64(), 800 + 1500*r.Float64(), 2200 + 1000*r.Float64()}
			width = [3]float64{40 + 60*r.Float64(), 60 + 60*r.Float64(), 100 + 100*r.Float64()}
			f0 = pitch * (0.7 + 0.7*r.Float64())
			to, hiss = r.Float64(), 0
			if r.IntN(5) == 0 {
				to, hiss = 0.1, 1
			}
		}
		loud += (to - loud) * 80 / float64(rate)
		phase += f0 / float64(rate)
		v := hiss * r.NormFloat64() * 0.05
		if phase >= 1 {
			phase--
			v++
		}
		for k := range state {
			hz[k] += (target[k] - hz[k]) * 60 / float64(rate)
			q := math.Exp(-math.Pi * width[k] / float64(rate))
			y := v*(1-q) + 2*q*math.Cos(radians(hz[k], rate))*state[k][0] - q*q*state[k][1]
			state[k][0], state[k][1] = y, state[k][0]
			v = y
		}
		x[i] = v * loud
	}
	var most float64
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	for i := range x {
		x[i] *= 0.5 / most
	}
	return x
}

// chord is notes of an instrument: harmonics that get weaker.
func chord(rate int, d time.Duration, level float64, notes ...int) []float64 {
	x := make([]float64, framesIn(d, rate))
	for i, note := range notes {
		f := 440 * math.Pow(2, float64(note-69)/12)
		for h := 1; h <= 6 && f*float64(h) < float64(rate)/2; h++ {
			x = mix(x, sine(rate, len(x), f*float64(h), level-6*float64(h-1), float64(i*h)))
		}
	}
	return x
}

// Nothing else than digits is a digit.
func TestDTMFTalkOff(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		second := rate
		sounds := map[string][]float64{
			"dial tone of America":  mix(sine(rate, 3*second, 350, -19, 0), sine(rate, 3*second, 440, -19, 0)),
			"dial tone of Europe":   sine(rate, 3*second, 425, -12, 0),
			"busy of America":       mix(sine(rate, second/2, 480, -20, 0), sine(rate, second/2, 620, -20, 0)),
			"ringing of America":    mix(sine(rate, 2*second, 440, -20, 0), sine(rate, 2*second, 480, -20, 0)),
			"special information":   slices.Concat(sine(rate, second/3, 950, -20, 0), sine(rate, second/3, 1400, -20, 0), sine(rate, second/3, 1800, -20, 0)),
			"fax":                   slices.Concat(sine(rate, second/2, 1100, -12, 0), sine(rate, 3*second, 2100, -12, 0)),
			"white noise":           noise(10*second, -12, 1),
			"faint noise":           noise(10*second, -45, 2),
			"clipped noise":         noise(10*second, 0, 3),
			"a digit and its third": mix(sine(rate, second, 770, -15, 0), sine(rate, second, 1336, -15, 1), sine(rate, second, 2100, -18, 2)),
		}
		for i, f := range dtmfTones {
			sounds[fmt.Sprintf("%g Hz alone", f)] = sine(rate, second, f, -10, 0)
			for _, g := range dtmfTones[i/4*4 : i] {
				sounds[fmt.Sprintf("%g and %g Hz", f, g)] = mix(sine(rate, second, f, -10, 0), sine(rate, second, g, -10, 1))
			}
		}
		for _, d := range []time.Duration{ms(200), ms(1000), 5 * time.Second, 20 * time.Second} {
			sounds["a sweep of "+d.String()] = sweep(rate, d, 200, 3600, -10)
			// Two together a fifth apart, as whistles and sirens are.
			sounds["two sweeps of "+d.String()] = mix(sweep(rate, d, 200, 2300, -12), sweep(rate, d, 300, 3450, -12))
		}
		for root := 48; root < 84; root++ {
			for name, third := range map[string]int{"major": 4, "minor": 3} {
				sounds[fmt.Sprintf("a %s chord on %d", name, root)] = chord(rate, ms(400), -20, root, root+third, root+7)
			}
			sounds[fmt.Sprintf("a note of %d", root)] = chord(rate, ms(400), -12, root)
			sounds[fmt.Sprintf("an octave on %d", root)] = chord(rate, ms(400), -15, root, root+12)
		}
		for i, pitch := range []float64{80, 110, 150, 200, 240, 300, 380} {
			sounds[fmt.Sprintf("a voice of %v Hz", pitch)] = voice(rate, 15*time.Second, pitch, uint64(i))
		}
		for name, x := range sounds {
			s := quantise(x)
			if got := FindDTMF(s, rate); len(got) > 0 {
				t.Errorf("%d Hz, %s: heard %v", rate, name, got)
			}
			if got := FindDTMF(muLaw(s), rate); len(got) > 0 {
				t.Errorf("%d Hz, %s through mu-law: heard %v", rate, name, got)
			}
		}
	}
}

// A detector works by what is there, for as long as it likes, without memory.
func TestDTMFDetectorAllocatesNothing(t *testing.T) {
	d, err := NewDTMFDetector(8000)
	if err != nil {
		t.Fatal(err)
	}
	samples, _ := dialled{level: -12, long: 60, apart: 60, seed: 10}.samples(8000, allDigits)
	heard := 0
	if n := testing.AllocsPerRun(20, func() {
		for at := 0; at+160 <= len(samples); at += 160 {
			heard += len(d.Hear(samples[at : at+160]))
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if heard != 21*2*len(allDigits) {
		t.Errorf("heard %d beginnings and ends", heard)
	}
}

func TestDTMFRates(t *testing.T) {
	for _, rate := range []int{0, -8000, 4000, 8001, 11025, 44100, 96000} {
		if d, err := NewDTMFDetector(rate); err == nil || d != nil {
			t.Errorf("%d Hz: no error", rate)
		}
		if got := FindDTMF(make([]int16, 100), rate); got != nil {
			t.Errorf("%d Hz: heard %v", rate, got)
		}
	}
}

// A second of speech, the costliest there is, in frames of a call.
func BenchmarkDTMFDetector(b *testing.B) {
	for _, rate := range []int{8000, 16000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			samples := quantise(voice(rate, time.Second, 150, 1))
			d, err := NewDTMFDetector(rate)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				for at := 0; at < rate; at += rate / 50 {
					d.Hear(samples[at : at+rate/50])
				}
			}
			perSecond := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(100*perSecond, "%cpu/call")
		})
	}
}
