package bottest

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// Voice says texts as the hum of a voice, a burst for each word, as long as somebody takes to
// say it. It is the same for the same text.
type Voice struct{}

// ID implements [bot.Voice].
func (Voice) ID() string { return "bottest" }

// Speak implements [bot.Voice].
func (Voice) Speak(_ context.Context, text string, opts bot.SpeakOptions) (*dsp.Audio, error) {
	var samples []int16
	for i, w := range strings.Fields(text) {
		samples = append(samples, burst(text, i, w, opts.Rate)...)
	}
	return &dsp.Audio{Rate: opts.Rate, Channels: 1, Samples: samples}, nil
}

// How long a letter of a word takes, and the pause after it.
const (
	perLetter = 70 * time.Millisecond
	wordGap   = 60 * time.Millisecond
)

// burst is word i of a text, with the pause after it.
func burst(text string, i int, word string, rate int) []int16 {
	h := fnv.New64a()
	h.Write([]byte(text))
	rnd := rand.New(rand.NewPCG(h.Sum64(), uint64(i)))
	out := make([]int16, samplesIn(time.Duration(len([]rune(word)))*perLetter, rate)+samplesIn(wordGap, rate))
	// Harmonics of a pitch that falls, as vowels have.
	const harmonics = 20
	pitch := 110 + 40*rnd.Float64()
	var phase [harmonics]float64
	for k := range phase {
		phase[k] = rnd.Float64()
	}
	n := len(out) - samplesIn(wordGap, rate)
	for j := range out[:n] {
		sum, cycles := 0.0, pitch*(float64(j)-0.15*float64(j)*float64(j)/float64(n))/float64(rate)
		for k, p := range phase {
			sum += math.Sin(2*math.Pi*(cycles*float64(k+1)+p)) / float64(k+2)
		}
		out[j] = int16(3500 * sum)
	}
	return out
}

func samplesIn(d time.Duration, rate int) int {
	return int(int64(d) * int64(rate) / int64(time.Second))
}

// recogniser knows what the caller says.
type recogniser struct{ c *Caller }

// Recognise implements [bot.Recogniser]: it finds the words whose middle is in the audio.
func (r recogniser) Recognise(_ context.Context, audio *dsp.Audio, _ bot.RecogniseOptions) (bot.Transcript, error) {
	r.c.mu.Lock()
	texts := append([]string(nil), r.c.texts...)
	r.c.mu.Unlock()
	var found []string
	words := 0
	at := 0
	for _, text := range texts {
		var here []string
		fields := strings.Fields(text)
		for i, w := range fields {
			b := burst(text, i, w, audio.Rate)
			b = b[:len(b)-samplesIn(wordGap, audio.Rate)]
			probe := b[len(b)/2:][:min(len(b)/2, 32)]
			if n := index(audio.Samples[at:], probe); n >= 0 {
				at += n + len(probe)
				here = append(here, w)
			}
		}
		if len(here) > 0 {
			words += len(fields)
			found = append(found, here...)
		}
	}
	if len(found) == 0 {
		return bot.Transcript{}, nil
	}
	return bot.Transcript{Text: strings.Join(found, " "), Confidence: float64(len(found)) / float64(words)}, nil
}

// index returns where part begins in samples, -1 when it is not there.
func index(samples, part []int16) int {
next:
	for i := 0; i+len(part) <= len(samples); i++ {
		for j, v := range part {
			if samples[i+j] != v {
				continue next
			}
		}
		return i
	}
	return -1
}
