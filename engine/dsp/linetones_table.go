package dsp

import (
	"slices"
	"time"
)

// tonesOf is how a country's tones are written down here: ms of sound and of pause in turn.
type tonesOf struct {
	country, name string
	hz            []float64
	cadence       []int // none: continuous
}

var (
	f400 = []float64{400}
	f425 = []float64{425}
	f440 = []float64{440}
	f450 = []float64{450}
)

// The values of ITU-T E.180 and its supplement 2, and of ANSI T1.401 for America; where a
// network has several the usual one. 25 Hz that modulate a tone are left out: see LineTone.fits.
var countryTones = []tonesOf{
	{"US CA", ToneDial, []float64{350, 440}, nil},
	{"US CA", ToneSpecialDial, []float64{350, 440}, []int{100, 100}},
	{"US CA", ToneRingback, []float64{440, 480}, []int{2000, 4000}},
	{"US CA", ToneBusy, []float64{480, 620}, []int{500, 500}},
	{"US CA", ToneCongestion, []float64{480, 620}, []int{250, 250}},

	{"GB", ToneDial, []float64{350, 440}, nil},
	{"GB AU", ToneRingback, []float64{400, 450}, []int{400, 200, 400, 2000}},
	{"GB", ToneBusy, f400, []int{375, 375}},
	{"GB", ToneCongestion, f400, []int{400, 350, 225, 525}},
	{"GB", ToneUnobtainable, f400, nil},

	{"DE BE CH CZ DK ES FI HU NL NO PL PT SE AU BR RU", ToneDial, f425, nil},
	{"DE AT", ToneSpecialDial, []float64{380, 425}, nil},
	{"DE CH CZ DK FI GR IT NL NO PL BR RU", ToneRingback, f425, []int{1000, 4000}},
	{"PT SE", ToneRingback, f425, []int{1000, 5000}},
	{"BE", ToneRingback, f425, []int{1000, 3000}},
	{"ES", ToneRingback, f425, []int{1500, 3000}},
	{"HU", ToneRingback, f425, []int{1250, 3750}},
	{"RU", ToneRingback, f425, []int{800, 3200}},
	{"DE", ToneBusy, f425, []int{480, 480}},
	{"BE CH DK IT NL NO PL PT", ToneBusy, f425, []int{500, 500}},
	{"FI GR HU", ToneBusy, f425, []int{300, 300}},
	{"CZ", ToneBusy, f425, []int{330, 330}},
	{"RU", ToneBusy, f425, []int{400, 400}},
	{"AU", ToneBusy, f425, []int{375, 375}},
	{"BR SE", ToneBusy, f425, []int{250, 250}},
	{"ES", ToneBusy, f425, []int{200, 200}},
	{"DE", ToneCongestion, f425, []int{240, 240}},
	{"DK NL", ToneCongestion, f425, []int{250, 250}},
	{"CH FI GR IT NO PT RU", ToneCongestion, f425, []int{200, 200}},
	{"HU", ToneCongestion, f425, []int{300, 300}},
	{"BE CZ", ToneCongestion, f425, []int{165, 165}},
	{"PL", ToneCongestion, f425, []int{500, 500}},
	{"SE", ToneCongestion, f425, []int{250, 750}},
	{"ES", ToneCongestion, f425, []int{200, 200, 200, 600}},
	{"BR", ToneCongestion, f425, []int{250, 250, 750, 250}},
	{"NL", ToneSpecialDial, f425, []int{500, 100}},
	{"IT", ToneDial, f425, []int{200, 200, 600, 1000}},
	{"GR", ToneDial, f425, []int{200, 300, 700, 800}},

	{"AT", ToneDial, []float64{420}, nil},
	{"AT", ToneRingback, []float64{420}, []int{1000, 5000}},
	{"AT", ToneBusy, []float64{420}, []int{400, 400}},
	{"AT", ToneCongestion, []float64{420}, []int{200, 200}},

	{"FR", ToneDial, f440, nil},
	{"FR", ToneRingback, f440, []int{1500, 3500}},
	{"FR", ToneBusy, f440, []int{500, 500}},
	{"FR", ToneCongestion, f440, []int{250, 250}},

	{"JP IN", ToneDial, f400, nil},
	{"JP", ToneRingback, f400, []int{1000, 2000}},
	{"JP", ToneBusy, f400, []int{500, 500}},
	{"IN", ToneRingback, f400, []int{400, 200, 400, 2000}},
	{"IN", ToneBusy, f400, []int{750, 750}},
	{"IN", ToneCongestion, f400, []int{250, 250}},

	{"CN", ToneDial, f450, nil},
	{"CN", ToneRingback, f450, []int{1000, 4000}},
	{"CN", ToneBusy, f450, []int{350, 350}},
	{"CN", ToneCongestion, f450, []int{700, 700}},
}

// The named patterns of special information tones: the first two tones are high or low and
// long or short, the third is always the same.
var sits = []struct {
	name          string
	first, second float64
	ms            [2]int
}{
	{ToneSITIntercept, 913.8, 1370.6, [2]int{274, 274}},
	{ToneSITVacant, 985.2, 1370.6, [2]int{380, 274}},
	{ToneSITReorder, 913.8, 1428.5, [2]int{274, 380}},
	{ToneSITReorder2, 985.2, 1370.6, [2]int{274, 380}},
	{ToneSITNoCircuit, 985.2, 1428.5, [2]int{380, 380}},
	{ToneSITNoCircui2, 913.8, 1370.6, [2]int{380, 380}},
	{ToneSITOther, 913.8, 1428.5, [2]int{380, 274}},
}

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// LineTones returns the tones of the given countries (ISO 3166-1 alpha-2; all that are known
// when none is given) and those that are the same everywhere: special information and fax.
// Known are AT, AU, BE, BR, CA, CH, CN, CZ, DE, DK, ES, FI, FR, GB, GR, HU, IN, IT, JP, NL, NO, PL, PT, RU, SE
// and US. A country that is not known has no tones.
func LineTones(countries ...string) []LineTone {
	var list []LineTone
	for _, c := range countryTones {
		for k := 0; k+2 <= len(c.country); k += 3 {
			country := c.country[k : k+2]
			if len(countries) > 0 && !slices.Contains(countries, country) {
				continue
			}
			d := LineTone{Name: c.name, Country: country}
			if len(c.cadence) == 0 {
				d.Steps = []ToneStep{{Hz: c.hz}}
			}
			for i := 0; i < len(c.cadence); i += 2 {
				d.Steps = append(d.Steps, ToneStep{c.hz, millis(c.cadence[i]), millis(c.cadence[i+1])})
			}
			list = append(list, d)
		}
	}
	for _, s := range sits {
		list = append(list, LineTone{Name: s.name, Once: true, Off: 22, Steps: []ToneStep{
			{Hz: []float64{s.first}, On: millis(s.ms[0])}, {Hz: []float64{s.second}, On: millis(s.ms[1])}, {Hz: []float64{1776.7}, On: millis(380)},
		}})
	}
	return append(list,
		LineTone{Name: ToneSIT, Once: true, Off: 40, Steps: []ToneStep{
			{Hz: []float64{950}, On: millis(330)}, {Hz: []float64{1400}, On: millis(330)}, {Hz: []float64{1800}, On: millis(330)},
		}},
		LineTone{Name: ToneFaxCNG, Off: 38, Steps: []ToneStep{{Hz: []float64{1100}, On: millis(500), Off: 3 * time.Second}}},
		LineTone{Name: ToneFaxCED, Off: 22, Steps: []ToneStep{{Hz: []float64{2100}, On: millis(1000)}}},
	)
}
