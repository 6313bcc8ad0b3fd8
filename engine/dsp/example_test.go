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
