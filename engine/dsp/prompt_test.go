package dsp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

const (
	menuText    = "mata melo, sika to, fale rumo, sika tire"
	goodbyeText = "hanu kelo, mipa, rasu tafi mone"
)

func mustPrompt(t testing.TB, name string, samples []int16, rate int) *Prompt {
	t.Helper()
	p, err := NewPrompt(name, samples, rate)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func silence(rate int, seconds float64) []int16 { return make([]int16, int(seconds*float64(rate))) }

func louder(x []int16, db float64) []int16 {
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(max(-32768, min(math.Round(float64(v)*math.Pow(10, db/20)), 32767)))
	}
	return out
}

// conceal loses a share of the frames of 20 ms and repeats the one before, softer.
func conceal(x []int16, rate int, share float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 5))
	out, n := slices.Clone(x), rate/50
	for at := n; at+n <= len(out); at += n {
		if r.Float64() < share {
			for i := range n {
				out[at+i] = int16(0.7 * float64(out[at+i-n]))
			}
		}
	}
	return out
}

// withNoise adds white noise so many dB below the signal's own level.
func withNoise(x []int16, below float64, seed uint64) []int16 {
	f := toFloat(x)
	return quantise(mix(f, noise(len(f), toLevel(variance(f))-below, seed)))
}

func wantMatch(t *testing.T, m PromptMatch, alike bool) {
	t.Helper()
	if (m.Likeness >= DefaultLikeness) != alike || !(m.Likeness >= 0 && m.Likeness <= 100) {
		t.Errorf("likeness %.1f, want alike %t with a threshold of %.0f: %v", m.Likeness, alike, DefaultLikeness, m)
	}
}

func wantSample(t *testing.T, what string, got int64, rate int, want, within float64) {
	t.Helper()
	if s := float64(got) / float64(rate); math.Abs(s-want) > within {
		t.Errorf("%s is at %.3f s, want %.3f within %.3f", what, s, want, within)
	}
}

// What a line does to a prompt leaves it the prompt.
func TestPromptPasses(t *testing.T) {
	const rate = 8000
	menu := anna.say(rate, menuText)
	length := float64(len(menu)) / rate
	p := mustPrompt(t, "menu", menu, rate)
	before := silence(rate, 0.7)
	dropped := slices.Concat(menu[:rate], menu[rate+rate/50:])
	inserted := slices.Concat(menu[:rate], menu[rate-rate/50:])
	for _, c := range []struct {
		name    string
		heard   []int16
		start   float64
		levelDB float64
	}{
		{"the same", menu, 0, 0},
		{"after silence", slices.Concat(before, menu, before), 0.7, 0},
		{"G.711", muLaw(slices.Concat(before, menu)), 0.7, 0},
		{"1 % lost", conceal(slices.Concat(before, menu), rate, 0.01, 1), 0.7, 0},
		{"5 % lost", conceal(slices.Concat(before, menu), rate, 0.05, 2), 0.7, 0},
		{"5 % lost as silence", loseFrames(slices.Concat(before, menu), rate, 0.05, 3), 0.7, 0},
		{"10 dB softer", louder(slices.Concat(before, menu), -10), 0.7, -10},
		{"25 dB softer", louder(slices.Concat(before, menu), -25), 0.7, -25},
		{"6 dB louder", louder(slices.Concat(before, menu), 6), 0.7, 6},
		{"noise", withNoise(slices.Concat(before, menu, before), 20, 1), 0.7, 0},
		{"hum and offset", quantise(mix(toFloat(slices.Concat(before, menu)), sine(rate, len(before)+len(menu), 50, -30, 0),
			slices.Repeat([]float64{0.1}, len(before)+len(menu)))), 0.7, 0},
		{"a frame dropped", slices.Concat(before, dropped), 0.7, 0},
		{"a frame inserted", slices.Concat(before, inserted), 0.7, 0},
		{"after ringback", slices.Concat(GenerateTone(rate, ms(1000), -15, 425), before, menu), 1.7, 0},
		{"before speech", slices.Concat(menu, otto.say(rate, goodbyeText)), 0, 0},
		{"after speech", slices.Concat(otto.say(rate, "rono tira mela"), silence(rate, 0.1), menu),
			0.1 + float64(len(otto.say(rate, "rono tira mela")))/rate, 0},
		{"twice", slices.Concat(menu[:len(menu)/2], before, menu), length/2 + 0.7, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := MatchPrompt(c.heard, rate, p)[0]
			t.Logf("%v (%.1f %%)", m, m.Likeness)
			wantMatch(t, m, true)
			wantSample(t, "start", m.From, rate, c.start, 0.06)
			wantSample(t, "end", m.To, rate, c.start+length, 0.06)
			if math.Abs(m.LevelDB-c.levelDB) > 1.5 {
				t.Errorf("%.1f dB louder, want %.1f", m.LevelDB, c.levelDB)
			}
		})
	}
}

// What is another prompt is none.
func TestPromptFails(t *testing.T) {
	const rate = 8000
	menu := anna.say(rate, menuText)
	length := float64(len(menu)) / rate
	p := mustPrompt(t, "menu", menu, rate)
	before := silence(rate, 0.5)
	for _, c := range []struct {
		name  string
		heard []int16
		words string  // of the match
		start float64 // s that are cut, where words say so
		end   float64
	}{
		{"another word", anna.say(rate, strings.Replace(menuText, "fale", "keru", 1)), "unlike it from", 0, 0},
		{"another last word", anna.say(rate, strings.Replace(menuText, "tire", "mola", 1)), "", 0, 0.4},
		{"another voice", otto.say(rate, menuText), "something", 0, 0},
		{"another prompt", anna.say(rate, goodbyeText), "something", 0, 0},
		{"cut at its end", menu[:len(menu)-rate], "cut by", 0, 1},
		{"cut at its start", menu[rate:], "cut by", 1, 0},
		{"other speech after the start", slices.Concat(menu[:rate], otto.say(rate, goodbyeText)),
			"of it, then something else from 1.5 s on", 0, length - 1},
		{"music", melody(rate, length, 1), "something", 0, 0},
		{"noise", quantise(noise(len(menu), -25, 1)), "something", 0, 0},
		{"silence", silence(rate, length), fmt.Sprintf("only silence, for %.1f s", length+1), 0, 0},
		{"faster", wav.Resample(menu, 11, 10), "something", 0, 0},
		{"backwards", reversed(menu), "something", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := MatchPrompt(slices.Concat(before, c.heard, before), rate, p)[0]
			t.Log(m)
			wantMatch(t, m, false)
			if !strings.Contains(m.String(), c.words) {
				t.Errorf("%v: want it to say %q", m, c.words)
			}
			if start, end := m.CutStart().Seconds(), m.CutEnd().Seconds(); c.start+c.end > 0 &&
				(math.Abs(start-c.start) > 0.25 || math.Abs(end-c.end) > 0.25) { // a pause is on neither side
				t.Errorf("cut by %.2f s and %.2f s, want %.2f and %.2f", start, end, c.start, c.end)
			}
		})
	}
}

func reversed(x []int16) []int16 {
	y := slices.Clone(x)
	slices.Reverse(y)
	return y
}

// Reference and line may have different rates.
func TestPromptRates(t *testing.T) {
	for _, r := range [][2]int{{8000, 8000}, {8000, 48000}, {16000, 8000}, {22050, 16000}, {44100, 24000}, {48000, 8000}, {48000, 11025}} {
		from, to := r[0], r[1]
		t.Run(fmt.Sprint(from, " ", to), func(t *testing.T) {
			menu := anna.say(from, menuText)
			p := mustPrompt(t, "menu", menu, from)
			heard := wav.Resample(wav.Resample(slices.Concat(silence(from, 0.5), menu), from, 8000), 8000, to)
			m := MatchPrompt(heard, to, p)[0]
			wantMatch(t, m, true)
			wantSample(t, "start", m.From, to, 0.5, 0.04)
			wantSample(t, "end", m.To, to, 0.5+float64(len(menu))/float64(from), 0.04)
			wantSample(t, "reference's start", m.RefFrom, from, 0, 0.04)
			wantSample(t, "reference's end", m.RefTo, from, float64(len(menu))/float64(from), 0.04)
		})
	}
}

// Of several references the one that is played is named, at once when it has ended, whatever
// pieces its samples come in.
func TestPromptMatcherStreams(t *testing.T) {
	const rate = 8000
	texts := []string{menuText, goodbyeText, strings.Replace(menuText, "fale", "keru", 1)}
	var refs []*Prompt
	for i, text := range texts {
		refs = append(refs, mustPrompt(t, fmt.Sprint(i), anna.say(rate, text), rate))
	}
	order := []int{1, 0, 2, 0}
	var heard []int16
	var ends []int64
	for _, i := range order {
		heard = append(append(heard, silence(rate, 0.4)...), anna.say(rate, texts[i])...)
		ends = append(ends, int64(len(heard)))
	}
	heard = muLaw(append(heard, silence(rate, 1)...))
	for _, piece := range []int{len(heard), 160, 73} {
		m, err := NewPromptMatcher(rate, refs...)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		now := int64(0)
		for at := 0; at < len(heard); at += piece {
			samples := heard[at:min(at+piece, len(heard))]
			now += int64(len(samples))
			for _, e := range m.Hear(samples) {
				if e.Likeness < DefaultLikeness {
					continue
				}
				n := len(got)
				got = append(got, int(e.Name[0]-'0'))
				if n >= len(ends) {
					t.Fatalf("pieces of %d: one more: %v", piece, e)
				}
				if late := now - ends[n]; piece < rate && (late < 0 || late > rate*160/1000) {
					t.Errorf("pieces of %d: told %d samples after its end: %v", piece, late, e)
				}
				wantSample(t, "end", e.To, rate, float64(ends[n])/rate, 0.04)
			}
		}
		if !slices.Equal(got, order) {
			t.Errorf("pieces of %d: heard %v, want %v", piece, got, order)
		}
	}
}

// A prompt that is playing is described too.
func TestPromptPlaying(t *testing.T) {
	const rate = 8000
	menu := anna.say(rate, menuText)
	m, err := NewPromptMatcher(rate, mustPrompt(t, "goodbye", anna.say(rate, goodbyeText), rate), mustPrompt(t, "menu", menu, rate))
	if err != nil {
		t.Fatal(err)
	}
	m.Hear(silence(rate, 1.3))
	best, _ := m.Best()
	if got := best.String(); got != "only silence, for 1.3 s" {
		t.Errorf("in silence: %s", got)
	}
	m.Hear(menu[:rate*3/2])
	best, ok := m.Best()
	t.Log(best)
	if !ok || best.Name != "menu" || best.Ended || best.PartLikeness < 90 || best.Likeness > 50 {
		t.Errorf("while it plays: %+v", best)
	}
	wantSample(t, "start", best.From, rate, 1.3, 0.04)
	wantSample(t, "what is playing", best.RefTo, rate, 1.5, 0.06)
	if !strings.Contains(best.String(), "so far") {
		t.Errorf("while it plays: %v", best)
	}
	// The call ends.
	ended := slices.Clone(m.End())
	if len(ended) != 1 || ended[0].Name != "menu" || !ended[0].Ended || !strings.Contains(ended[0].String(), "at its end") {
		t.Errorf("at the end of the call: %v", ended)
	}
	if best, _ = m.Best(); !best.Ended || best.Name != "menu" {
		t.Errorf("after the end of the call: %v", best)
	}
}

// What is remembered does not grow with the call, and silence and music are no prompt.
func TestPromptMatcherLongCall(t *testing.T) {
	const rate = 8000
	p := mustPrompt(t, "menu", anna.say(rate, menuText), rate)
	m, err := NewPromptMatcher(rate, p)
	if err != nil {
		t.Fatal(err)
	}
	before := 0
	for i := range 5 {
		x := slices.Concat(melody(rate, 10, uint64(i)), silence(rate, 5))
		before += len(x)
		m.Hear(x)
	}
	if n := len(m.heard.all); n > 2*m.keep+rate {
		t.Errorf("%d frames are kept", n)
	}
	best, _ := m.Best()
	wantMatch(t, best, false)
	found := slices.Clone(m.Hear(slices.Concat(anna.say(rate, menuText), silence(rate, 0.2))))
	if len(found) != 1 || found[0].Likeness < 95 {
		t.Errorf("after all that: %v", found)
	}
	wantSample(t, "start", found[0].From, rate, float64(before)/rate, 0.04)
}

func TestPromptRefused(t *testing.T) {
	menu := anna.say(8000, menuText)
	for _, c := range []struct {
		name    string
		samples []int16
		rate    int
	}{
		{"no sound", silence(8000, 2), 8000}, {"nothing", nil, 8000}, {"too short", menu[:1000], 8000},
		{"a low rate", menu, 4000}, {"a high rate", menu, 96000}, {"no rate", menu, 0},
	} {
		if _, err := NewPrompt("x", c.samples, c.rate); err == nil || !strings.HasPrefix(err.Error(), "dsp: ") {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
	if _, err := NewPromptMatcher(1000); err == nil {
		t.Error("a matcher at 1 kHz")
	}
	if got := MatchPrompt(menu, 1000, mustPrompt(t, "menu", menu, 8000)); got != nil {
		t.Errorf("matches at 1 kHz: %v", got)
	}
	m, err := NewPromptMatcher(8000)
	if err != nil {
		t.Fatal(err)
	}
	m.Hear(menu)
	if best, ok := m.Best(); ok {
		t.Errorf("a match without a reference: %v", best)
	}
}

// A second of a call with four references of 4 s.
func BenchmarkPromptMatcher(b *testing.B) {
	for _, rate := range []int{8000, 48000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			var refs []*Prompt
			for i := range 4 {
				text := menuText + strings.Repeat(" melo", i)
				refs = append(refs, mustPrompt(b, fmt.Sprint(i), anna.say(rate, text), rate))
			}
			m, err := NewPromptMatcher(rate, refs...)
			if err != nil {
				b.Fatal(err)
			}
			x := otto.say(rate, menuText)[:rate]
			n := rate / 50
			b.ReportAllocs()
			for b.Loop() {
				for at := 0; at < rate; at += n {
					m.Hear(x[at : at+n])
				}
			}
		})
	}
}
