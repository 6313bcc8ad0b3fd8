//go:build integration && cgo

package hearing

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/codecline"
)

// overs are how far the peaks of the clipped signals would be above full scale, in dB; the first
// is not clipped.
var overs = [...]float64{-3, 3, 9, 18}

// The signals of the meter: those of overs, and then these.
const (
	signalSoft    = len(overs) + iota // speech of -45 dBov
	signalComfort                     // noise of -66 dBov
	signalZero                        // nothing at all
	countMeter
)

func meterSignals(t testing.TB) (list [][]int16) {
	sentence := func(s []int16) []int16 { return s[:min(len(s), rate*6/5)] }
	parts := [][]int16{
		sentence(say(t, voices[0], reading(50, 6))), sentence(recorded(t, "vm-isonphone")),
		dsp.GenerateTone(rate, 500*time.Millisecond, -20, 440, 480),
	}
	for _, over := range overs {
		var s []int16
		for _, part := range parts {
			s = append(s, peak(part, over)...)
		}
		list = append(list, s)
	}
	return append(list, level(recorded(t, "vm-isonphone"), -45),
		faintNoise(silence(1500*time.Millisecond), 7), silence(1500*time.Millisecond))
}

// peak brings the largest sample to a level in dBov; what is above full scale is cut off.
func peak(s []int16, to float64) []int16 {
	largest := 1.0
	for _, v := range s {
		largest = max(largest, math.Abs(float64(v)))
	}
	g := math.Pow(10, to/20) * 32768 / largest
	out := make([]int16, len(s))
	for i, v := range s {
		out[i] = int16(max(-32768, min(float64(v)*g, 32767)))
	}
	return out
}

// metered is what the meter says of a line.
type metered struct {
	paths   score               // of all pairs of two sides
	zero    float64             // share of nothing at all that is digital silence
	comfort float64             // and of comfort noise
	clipped [len(overs)]float64 // shares of the samples
}

func meter(t testing.TB, heard [][]int16, line string) (m metered) {
	heard = heard[len(heard)-countMeter:]
	var measured [countMeter]dsp.LineMeasure
	for i := range measured {
		measured[i] = dsp.MeasureLine(heard[i], rate)
	}
	for i := range overs {
		m.clipped[i] = measured[i].ClippedShare()
	}
	zero, comfort := measured[signalZero], measured[signalComfort]
	m.zero, m.comfort = float64(zero.Zero)/float64(zero.Samples), float64(comfort.Zero)/float64(comfort.Samples)
	sides := []int{0, signalSoft, signalComfort, signalZero} // 0: loud speech
	for _, a := range sides {
		for _, b := range sides {
			want := dsp.NoPath
			if a <= signalSoft {
				want |= dsp.FirstOnly
			}
			if b <= signalSoft {
				want |= dsp.SecondOnly
			}
			got := dsp.JudgePaths(measured[a], measured[b], rate)
			m.paths.add(got == want)
			if got != want {
				t.Logf("%s: signals %d and %d: %v, want %v", line, a, b, got, want)
			}
		}
	}
	return m
}

func (m metered) row(line string) string {
	row := fmt.Sprintf("| %s | %v | %.0f | %.0f |", line, m.paths, 100*m.zero, 100*m.comfort)
	for _, c := range m.clipped {
		row += fmt.Sprintf(" %.2f |", 100*c)
	}
	return row + "\n"
}

// What was clipped is known from what was not by 0.1 % of the samples, who of two sides is heard, and
// where codecs leave it, nothing from noise.
func TestMeterThroughCodecs(t *testing.T) {
	all := signals(t).all
	lines := codecline.Lines()
	heard := codecline.Pass(t, rate, all, lines...)
	var table strings.Builder
	table.WriteString("| codec | loss | paths | nothing | comfort noise | peaks at -3 dB | +3 dB | +9 dB | +18 dB |\n|---|---|---|---|---|---|---|---|---|\n")
	table.WriteString(meter(t, all, "as sent").row("as sent | "))
	for _, line := range lines {
		m := meter(t, heard[line], line.String())
		table.WriteString(m.row(fmt.Sprintf("%s | %d", line.Codec, line.Loss)))
		if m.paths.percent() < 100 {
			t.Errorf("%v: %v %% of the paths", line, m.paths)
		}
		if m.comfort > 0.05 {
			t.Errorf("%v: %.0f %% of comfort noise is nothing", line, 100*m.comfort)
		}
		if !slices.Contains([]string{"G722", "G729", "GSM", "AMR-WB"}, line.Codec) && m.zero < 0.8 {
			t.Errorf("%v: %.0f %% of nothing is digital silence", line, 100*m.zero)
		}
		const heardClip = 0.001
		if m.clipped[0] >= heardClip && line.Loss < 5 { // concealment may overshoot
			t.Errorf("%v: %.2f %% of what is not clipped is", line, 100*m.clipped[0])
		}
		for i, c := range m.clipped[1:] {
			if c < heardClip && line.Codec != "AMR-WB" { // which hides it
				t.Errorf("%v: %.2f %% of what is %v dB too loud is clipped", line, 100*c, overs[1+i])
			}
		}
	}
	document(t, "meter", table.String())
}

// knownMOS is the E-model's, worked out from ITU-T G.107 and the Ie and Bpl of G.113, at each of
// codecline.Losses.
var knownMOS = map[string][4]float64{
	"PCMU": {4.41, 4.33, 3.92, 3.41}, "PCMA": {4.41, 4.33, 3.92, 3.41}, "G729": {4.10, 3.95, 3.34, 2.75},
	"GSM": {3.74, 3.42, 2.48, 1.86}, "AMR/8000": {4.29, 4.02, 3.01, 2.22},
}

// The MOS of what was lost on the way is that of the share that was meant to be, and falls with it.
func TestMOSOfMeasuredLoss(t *testing.T) {
	codecline.Pass(t, rate, signals(t).all, codecline.Lines()...)
	var table strings.Builder
	table.WriteString("| codec | loss | lost | MOS | MOS of the loss |\n|---|---|---|---|---|\n")
	for _, codec := range codecline.Codecs() {
		last := math.Inf(1)
		for i, loss := range codecline.Losses {
			flow := codecline.Received(codecline.Line{Codec: codec, Loss: loss})
			name, _, _ := strings.Cut(codec, "/")
			lost := flow.LossShare()
			got := dsp.MOS(name, lost, 0)
			if off := math.Abs(100*lost - float64(loss)); flow.Packets < 1000 || off > 0.2+0.2*float64(loss) {
				t.Errorf("%s: %d of %d packets are lost, not %d %%", codec, flow.Lost, flow.Packets+flow.Lost, loss)
			}
			if got >= last {
				t.Errorf("%s: a MOS of %.2f at a loss of %.2f %%, and of %.2f at less", codec, got, 100*lost, last)
			}
			last = got
			if known, ok := knownMOS[codec]; ok {
				if math.Abs(got-known[i]) > 0.2 {
					t.Errorf("%s: a MOS of %.2f at a loss of %.2f %%, want about %.2f", codec, got, 100*lost, known[i])
				}
				fmt.Fprintf(&table, "| %s | %d | %.2f | %.2f | %.2f |\n", codec, loss, 100*lost, got, known[i])
			}
		}
	}
	document(t, "mos", table.String())
}
