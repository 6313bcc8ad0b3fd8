package reports

import (
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

func writeWAV(path string, rate, channels int, samples []int16) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return wav.Write(path, rate, channels, samples)
}

// random is a sequence of numbers from 0 to 1 that is the same on every machine.
type random uint32

func (r *random) next() float64 {
	*r = *r*1664525 + 1013904223
	return float64(*r>>8) / (1 << 24)
}

// voice is a buzz with the syllables and pauses of somebody who speaks, seconds long.
func voice(rate int, seconds float64, seed uint32) []int16 {
	r := random(seed * 7919)
	out := make([]int16, 0, int(float64(rate)*seconds))
	phase := 0.0
	for len(out) < cap(out) {
		length := int(float64(rate) * (0.09 + 0.16*r.next()))
		loud, pitch, colour := 0.35+0.65*r.next(), 95+70*r.next(), 1+5*r.next()
		if r.next() < 0.16 {
			loud = 0 // a pause
		}
		for i := 0; i < length && len(out) < cap(out); i++ {
			at := float64(i) / float64(length)
			phase += 2 * math.Pi * pitch * (1.05 - 0.1*at) / float64(rate)
			v := 0.0
			for h := 1.0; h <= 12; h++ {
				v += math.Sin(h*phase) / (1 + (h-colour)*(h-colour))
			}
			out = append(out, int16(loud*math.Sin(math.Pi*at)*v*5200))
		}
	}
	return out
}

// stereo puts two sides beside each other, as long as the longer one.
func stereo(left, right []int16) []int16 {
	out := make([]int16, 2*max(len(left), len(right)))
	for i, v := range left {
		out[2*i] = v
	}
	for i, v := range right {
		out[2*i+1] = v
	}
	return out
}

func silence(rate, millis int) []int16 {
	return dsp.Silence(rate, time.Duration(millis)*time.Millisecond)
}

func tone(rate, millis int, level float64, hz ...float64) []int16 {
	return dsp.GenerateTone(rate, time.Duration(millis)*time.Millisecond, level, hz...)
}

func menuAudio() (int, int, []int16) {
	const rate = 16000
	wide := func(seconds float64, seed uint32) []int16 {
		return wav.Resample(voice(8000, seconds, seed), 8000, rate)
	}
	heard := dsp.Concat(silence(rate, 630), wide(3, 1), silence(rate, 1650), wide(2.5, 2), silence(rate, 1520),
		tone(rate, 1000, -20, 425), silence(rate, 1000), tone(rate, 1000, -20, 425), silence(rate, 850))
	said := dsp.Concat(silence(rate, 3900), tone(rate, 260, -12, 697, 1209), silence(rate, 4440), wide(2.3, 9), silence(rate, 2250))
	return rate, 2, stereo(heard, said)
}

func greetingAudio() (int, int, []int16) {
	const rate = 8000
	return rate, 2, stereo(dsp.Concat(silence(rate, 2100), voice(rate, 1.97, 5)), silence(rate, 4070))
}

func transferAudio() (int, int, []int16) {
	const rate = 16000
	return rate, 2, stereo(dsp.Concat(silence(rate, 1600), tone(rate, 2000, -16, 880), silence(rate, 1500)),
		dsp.Concat(silence(rate, 1600), tone(rate, 2000, -22, 440), silence(rate, 1500)))
}

func lossyAudio() (int, int, []int16) {
	const rate = 8000
	heard := dsp.Concat(silence(rate, 400), voice(rate, 3, 3), silence(rate, 600), voice(rate, 3, 1), silence(rate, 2000), voice(rate, 20, 6), silence(rate, 1200))
	r := random(4)
	for i := 0; i+160 <= len(heard); i += 160 { // packets of 20 ms
		if r.next() < 0.079 {
			clear(heard[i : i+160])
		}
	}
	return rate, 2, stereo(heard, silence(rate, 30200))
}

// quality samples a call every second. With loss it gets worse towards the middle.
func quality(from, to report.Millis, loss float64) []report.QualitySample {
	r := random(from)
	var list []report.QualitySample
	for at := from + 1000*ms; at < to; at += 1000 * ms {
		bad := loss * math.Sin(math.Pi*float64(at-from)/float64(to-from)) * (0.6 + r.next())
		q := report.QualitySample{
			At: at, LossRX: bad, LossTX: 0, JitterRX: 1 + r.next() + 2*bad, JitterTX: 0.8 + 0.4*r.next(),
			MOSRX: max(1, 4.38-0.22*bad-0.02*r.next()), RTTMS: 11 + 9*bad + r.next(),
		}
		if at > from+4000*ms { // the far end reports by RTCP only now and then
			q.MOSTX = 4.35 - 0.03*r.next() - loss/30
		}
		for _, v := range []*float64{&q.LossRX, &q.JitterRX, &q.JitterTX, &q.MOSRX, &q.MOSTX, &q.RTTMS} {
			*v = math.Round(*v*100) / 100
		}
		list = append(list, q)
	}
	return list
}
