package dsp

import (
	"strings"
	"time"
)

// impairment is what ITU-T G.113, appendix I, says of a codec: how much worse than
// G.711 it is, Ie, and how well it bears the loss of packets, Bpl.
type impairment struct{ ie, bpl float64 }

// g711 is G.711 with concealment of lost packets, which PJMEDIA has.
var g711 = impairment{0, 25.1}

var impairments = map[string]impairment{
	"G729": {11, 19},
	"G723": {15, 16.1},
	"GSM":  {20, 10}, // its Bpl is that of the enhanced full rate
	"AMR":  {5, 10},  // at 12.2 kbit/s
}

// MOS estimates how good the people on a call find its audio, from 1, bad, to 4.41, by
// the E-model of ITU-T G.107 with its default values and random loss. codec is an encoding
// name of RTP in any case, such as "PCMU"; one that G.113 has no figures for counts as
// G.711, so that wideband is not rated above it. loss is the part of the packets, from
// 0 to 1, that were not there when they had to be heard; delay is the time from mouth to ear.
func MOS(codec string, loss float64, delay time.Duration) float64 {
	imp, known := impairments[strings.ToUpper(codec)]
	if !known {
		imp = g711
	}
	percent := 100 * min(max(loss, 0), 1)
	ms := max(delay.Seconds()*1000, 0)
	id := 0.024 * ms
	if ms > 177.3 {
		id += 0.11 * (ms - 177.3)
	}
	r := 93.2 - id - imp.ie - (95-imp.ie)*percent/(percent+imp.bpl)
	if r <= 0 {
		return 1
	}
	// Between 0 and 6.5 the polynomial is below 1.
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
