// Prompts speaks the prompts of the other examples with espeak-ng, as WAV files of 8 kHz,
// which Asterisk plays as they are.
//
//	go run ./examples/prompts examples/ivr-smoke/prompts.txt [FOLDER]
//
// Each line of the text file is a name, a colon, and what is said. The WAV files go into the
// folder, or beside the text file.
package main

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/dsp"
)

const rate = 8000

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || len(os.Args) > 3 {
		log.Fatal("usage: prompts FILE [FOLDER]")
	}
	folder := filepath.Dir(os.Args[1])
	if len(os.Args) == 3 {
		folder = os.Args[2]
	}
	if err := speak(context.Background(), os.Args[1], folder); err != nil {
		log.Fatal(err)
	}
}

func speak(ctx context.Context, file, folder string) error {
	lines, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(lines)) {
		name, text, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			return fmt.Errorf("%s: %q is no name: text", file, line)
		}
		spoken, err := bot.Espeak{}.Speak(ctx, strings.TrimSpace(text), bot.SpeakOptions{Language: "en", Rate: rate})
		if err != nil {
			return err
		}
		audio := &dsp.Audio{Rate: rate, Channels: 1, Samples: narrow(spoken.Channel(0), spoken.Rate)}
		if err := dsp.WriteWAV(filepath.Join(folder, name+".wav"), audio); err != nil {
			return err
		}
	}
	return nil
}

// narrow brings samples of a higher rate to 8000 Hz: each is a sum of those around it, weighed
// by a low-pass of 3.6 kHz.
func narrow(samples []int16, from int) []int16 {
	const cutoff, reach = 3600.0, 0.004 // Hz, seconds to each side
	out := make([]int16, len(samples)*rate/from)
	for i := range out {
		at := float64(i) * float64(from) / rate
		sum := 0.0
		for j := max(int(at-reach*float64(from)), 0); j < min(int(at+reach*float64(from)), len(samples)); j++ {
			t := (float64(j) - at) / float64(from)
			weight := 2 * cutoff / float64(from) * (0.5 + 0.5*math.Cos(math.Pi*t/reach))
			if x := 2 * math.Pi * cutoff * t; x != 0 {
				weight *= math.Sin(x) / x
			}
			sum += weight * float64(samples[j])
		}
		out[i] = int16(max(min(sum, math.MaxInt16), math.MinInt16))
	}
	return out
}
