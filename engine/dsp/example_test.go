package dsp_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// Check what a call recorded: half a second of silence, a prompt of two tones.
func ExampleSegments() {
	const rate = 8000
	recording := dsp.Concat(
		dsp.Silence(rate, 500*time.Millisecond),
		dsp.GenerateTone(rate, time.Second, -20, 440),
		dsp.GenerateTone(rate, 400*time.Millisecond, -14, 880),
	)
	for _, s := range dsp.Segments(recording, rate) {
		fmt.Printf("%v to %v: %.0f Hz, %.0f dBov\n",
			s.Start.Round(10*time.Millisecond), s.End.Round(10*time.Millisecond), s.Hz, s.Level)
	}
	// Output:
	// 0s to 500ms: 0 Hz, -127 dBov
	// 500ms to 1.5s: 440 Hz, -20 dBov
	// 1.5s to 1.9s: 880 Hz, -14 dBov
}

func ExampleMeasureTone() {
	samples := dsp.GenerateTone(16000, time.Second, -20, 440)
	tone := dsp.MeasureTone(samples, 16000)
	fmt.Printf("%.1f Hz at %.1f dBov\n", tone.Hz, tone.Level)
	// Output: 440.0 Hz at -20.0 dBov
}

// Both tones of a dial tone are there, and nothing at 1000 Hz.
func ExampleGoertzel() {
	dialTone := dsp.GenerateTone(8000, time.Second, -16, 350, 440)
	for _, hz := range []float64{350, 440, 1000} {
		fmt.Printf("%4.0f Hz: %t\n", hz, dsp.Goertzel(dialTone, 8000, hz) > -20)
	}
	// Output:
	//  350 Hz: true
	//  440 Hz: true
	// 1000 Hz: false
}

// Make a prompt, write it, read it, measure the second half of it.
func ExampleReadWAV() {
	dir, err := os.MkdirTemp("", "dsp")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "prompt.wav")

	prompt := dsp.Concat(
		dsp.GenerateTone(8000, time.Second, -12, 523.25),
		dsp.GenerateTone(8000, time.Second, -12, 659.26),
	)
	if err := dsp.WriteWAV(path, &dsp.Audio{Rate: 8000, Channels: 1, Samples: prompt}); err != nil {
		log.Fatal(err)
	}

	rec, err := dsp.ReadWAV(path)
	if err != nil {
		log.Fatal(err)
	}
	second := rec.Slice(time.Second, 2*time.Second)
	fmt.Println(rec)
	fmt.Printf("%.2f Hz\n", dsp.MeasureTone(second.Channel(0), second.Rate).Hz)
	// Output:
	// 2.000s 8000 Hz 1 channel(s)
	// 659.26 Hz
}

// Which of two prompts was played, and what of it.
func ExampleMatchPrompt() {
	const rate = 8000
	var refs []*dsp.Prompt
	var prompts [][]int16
	for name, hz := range []float64{440, 660} {
		samples := dsp.Concat(
			dsp.GenerateTone(rate, time.Second, -20, hz),
			dsp.GenerateTone(rate, time.Second, -20, 2*hz),
		)
		p, err := dsp.NewPrompt([]string{"welcome", "goodbye"}[name], samples, rate)
		if err != nil {
			log.Fatal(err)
		}
		refs, prompts = append(refs, p), append(prompts, samples)
	}
	heard := dsp.Concat(dsp.Silence(rate, time.Second), prompts[1])
	match := dsp.MatchPrompt(heard, rate, refs...)[0]
	fmt.Println(match.Likeness >= dsp.DefaultLikeness, match)
	// Output: true 1.0 s of silence, then goodbye, 100 % like it, from 1.0 s to 3.0 s
}

// Ring-back of Germany, and then busy.
func ExampleLineToneDetector() {
	const rate = 8000
	ring := dsp.Concat(dsp.GenerateTone(rate, time.Second, -20, 425), dsp.Silence(rate, 4*time.Second))
	busy := dsp.Concat(dsp.GenerateTone(rate, 480*time.Millisecond, -20, 425), dsp.Silence(rate, 480*time.Millisecond))
	heard := dsp.Concat(ring, ring, busy, busy, busy, busy)

	d, err := dsp.NewLineToneDetector(rate, dsp.LineTones("DE")...)
	if err != nil {
		log.Fatal(err)
	}
	for at := 0; at < len(heard); at += 480 { // as a call brings it
		for _, tone := range d.Hear(heard[at:min(at+480, len(heard))]) {
			if tone.Length == 0 {
				fmt.Println(tone.Name, "begins")
			} else {
				fmt.Println(tone.Name, "is over after", tone.Cycles, "cycles")
			}
		}
	}
	// Output:
	// ringback begins
	// ringback is over after 2 cycles
	// busy begins
}

// A fax has answered, or nobody.
func ExampleFindAnswer() {
	const rate = 8000
	fax := dsp.Concat(dsp.Silence(rate, time.Second), dsp.GenerateTone(rate, 3*time.Second, -15, 2100))
	fmt.Println(dsp.FindAnswer(fax, rate, dsp.AnswerOptions{}).By)
	fmt.Println(dsp.FindAnswer(dsp.Silence(rate, 8*time.Second), rate, dsp.AnswerOptions{}).By)
	// Output:
	// fax
	// no audio
}

func ExampleFindActivity() {
	const rate = 8000
	call := dsp.Concat(dsp.Silence(rate, time.Second), dsp.GenerateTone(rate, time.Second, -20, 425), dsp.Silence(rate, time.Second))
	for _, a := range dsp.FindActivity(call, rate, dsp.ActivityOptions{}) {
		fmt.Printf("%.0f s: %v\n", float64(a.Start)/rate, a.Sounds)
	}
	// Output:
	// 0 s: silence
	// 1 s: other
	// 2 s: silence
}

func ExampleMeasureLine() {
	const rate = 8000
	m := dsp.MeasureLine(dsp.Concat(dsp.GenerateTone(rate, time.Second, -10, 300), dsp.Silence(rate, 3*time.Second)), rate)
	fmt.Printf("%.1f s of silence, %.0f %% clipped\n", float64(m.LongestZero)/rate, 100*m.ClippedShare())
	// Output: 3.0 s of silence, 0 % clipped
}
