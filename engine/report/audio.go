package report

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"html/template"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// sound is a WAV file taken apart into its sides. right is nil of a mono file.
type sound struct {
	rate        int
	left, right []int16
}

func readSound(path string) (*sound, error) {
	a, err := wav.Read(path)
	if err != nil {
		return nil, err
	}
	if a.Info.Rate < 1 || a.Info.Channels < 1 {
		return nil, fmt.Errorf("%d channels at %d Hz", a.Info.Channels, a.Info.Rate)
	}
	s := &sound{rate: a.Info.Rate, left: a.Samples}
	if n := a.Info.Channels; n > 1 {
		s.left = make([]int16, len(a.Samples)/n)
		s.right = make([]int16, len(a.Samples)/n)
		for i := range s.left {
			s.left[i], s.right[i] = a.Samples[i*n], a.Samples[i*n+1]
		}
	}
	return s, nil
}

func (s *sound) length() Millis {
	return Millis(float64(len(s.left)) / float64(s.rate) * float64(time.Second))
}

// part is what lies between two points, as far as it is there.
func (s *sound) part(from, to Millis) []int16 {
	at := func(m Millis) int {
		return max(0, min(len(s.left), int(m.Duration().Seconds()*float64(s.rate))))
	}
	a, b := at(from), at(to)
	return s.left[a:max(a, b)]
}

// Pages have audio in mu-law: 8 bits for a sample is half the size of PCM, every browser
// plays it, and it is what most calls had on the wire anyway.
const pageRate = 8000

// rateOnPage is the rate at which a page has audio. A call with a narrowband codec has
// nothing above 4 kHz to lose.
func rateOnPage(rate int, codec string) int {
	switch {
	case rate <= pageRate:
		return rate
	case strings.HasSuffix(codec, "/8000"), rate < 2*pageRate:
		return pageRate
	}
	return 2 * pageRate
}

// bytesOnPage is how long the data: URI of the audio is, about.
func bytesOnPage(info wav.Info, codec string) int64 {
	if info.Rate < 1 {
		return 0
	}
	frames := info.Frames * int64(rateOnPage(info.Rate, codec)) / int64(info.Rate)
	return frames * int64(min(2, info.Channels)) * 4 / 3
}

// dataURI returns the audio as a WAV file in mu-law.
func (s *sound) dataURI(codec string) template.URL {
	rate := rateOnPage(s.rate, codec)
	left := wav.Resample(s.left, s.rate, rate)
	channels := 1
	data := make([]byte, 0, 2*len(left))
	if s.right == nil {
		for _, v := range left {
			data = append(data, muLaw(v))
		}
	} else {
		channels = 2
		right := wav.Resample(s.right, s.rate, rate)
		for i, v := range left {
			data = append(data, muLaw(v), muLaw(right[i]))
		}
	}
	const format = 18 // bytes of the format chunk
	file := []byte("RIFF")
	le := binary.LittleEndian
	file = le.AppendUint32(file, uint32(4+8+format+12+8+len(data)))
	file = append(file, "WAVEfmt "...)
	file = le.AppendUint32(file, format)
	file = le.AppendUint16(file, 7) // mu-law
	file = le.AppendUint16(file, uint16(channels))
	file = le.AppendUint32(file, uint32(rate))
	file = le.AppendUint32(file, uint32(rate*channels))
	file = le.AppendUint16(file, uint16(channels))
	file = le.AppendUint16(file, 8)
	file = le.AppendUint16(file, 0)
	file = append(file, "fact"...)
	file = le.AppendUint32(file, 4)
	file = le.AppendUint32(file, uint32(len(left)))
	file = append(file, "data"...)
	file = le.AppendUint32(file, uint32(len(data)))
	return template.URL("data:audio/wav;base64," + base64.StdEncoding.EncodeToString(append(file, data...)))
}

// muLaw is ITU-T G.711's mu-law of a sample.
func muLaw(v int16) byte {
	const bias, clip = 132, 32635
	sign, m := byte(0), int(v)
	if m < 0 {
		sign, m = 0x80, -m
	}
	m = min(m, clip) + bias
	exponent := bits.Len(uint(m)) - 8 // 0 to 7
	return ^(sign | byte(exponent)<<4 | byte(m>>(exponent+3)&0xF))
}

func peak(samples []int16) int {
	p := 0
	for _, v := range samples {
		if a := int(v); a > p {
			p = a
		} else if -a > p {
			p = -a
		}
	}
	return p
}

// wave is the outline of samples as the path of an SVG whose viewBox is 0 0 n 100, drawn
// so that full reaches the edge.
type wave struct {
	N    int
	Path string
}

func drawWave(samples []int16, n, full int) wave {
	if len(samples) == 0 || n < 1 {
		return wave{N: 1, Path: "M0 50H1"}
	}
	n = min(n, len(samples))
	scale := 49 / math.Max(float64(full), 1)
	upper, lower := make([]int, n), make([]int, n)
	for i := range n {
		lo, hi := int16(0), int16(0)
		for _, v := range samples[i*len(samples)/n : (i+1)*len(samples)/n] {
			lo, hi = min(lo, v), max(hi, v)
		}
		upper[i] = 50 - int(math.Round(float64(hi)*scale))
		lower[i] = 50 - int(math.Round(float64(lo)*scale))
		if upper[i] == lower[i] { // silence is a line
			lower[i]++
		}
	}
	var b strings.Builder
	b.WriteString("M")
	point := func(x, y int) {
		b.WriteString(strconv.Itoa(x))
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(y))
		b.WriteByte(' ')
	}
	for i, y := range upper {
		point(i, y)
	}
	point(n, upper[n-1])
	for i := n - 1; i >= 0; i-- {
		point(i, lower[i])
	}
	b.WriteByte('z')
	return wave{N: n, Path: b.String()}
}

// columns is how many points the outline of d of audio has.
func columns(d Millis) int {
	return int(max(200, min(1200, d.Duration().Seconds()*40)))
}

// decibels is a peak relative to full scale.
func decibels(p int) string {
	if p == 0 {
		return "digital silence"
	}
	return fmt.Sprintf("peak %.0f dB", 20*math.Log10(float64(p)/32768))
}
