package dsp

import (
	"cmp"
	"math"
	"slices"
)

// How what was heard is compared with a prompt: along the path in time that makes them
// most alike, frame by frame.
const (
	promptAside   = 10   // frames that the path may leave the line that was found, on either side
	promptStep    = 2.5  // dB of difference that a frame left out or heard twice counts as
	promptUnheard = 12.0 // dB of difference that a frame which was not heard counts as
	promptRange   = 38.0 // dB below the loudest frame, in a band: what is lower is not compared
	promptNoise   = 28.0 // dB below it, as much as noise may raise that
	promptFar     = 24.0 // dB of difference in a band; more counts no more
	promptPatch   = 4    // frames on either side that make up the pattern around one
	promptFlat    = 100  // dB², the pattern that is too faint to be compared
	promptSpan    = 30   // frames that are judged together
	promptLost    = 0.2  // of the sound in a span that need not be alike
	promptHushed  = 0.05 // weight of a frame in which both are silent
	promptShare   = 0.4  // of a span that must have sound to be judged
)

// A promptPath is a line along which a prompt is heard, in frames: frame ref0 of the prompt
// was heard at heard0, and ref1 at heard1.
type promptPath struct {
	ref0, ref1     int
	heard0, heard1 int64
}

// shift is where a frame of the prompt is on the path, less the frame: constant on both
// sides of what was found.
func (l *promptPath) shift(ref int) int64 {
	s0, s1 := l.heard0-int64(l.ref0), l.heard1-int64(l.ref1)
	switch {
	case ref <= l.ref0 || l.ref1 <= l.ref0:
		return s0
	case ref >= l.ref1:
		return s1
	}
	return s0 + (s1-s0)*int64(ref-l.ref0)/int64(l.ref1-l.ref0)
}

// heardFrames are the frames that are remembered: all[0] is the one numbered first.
type heardFrames struct {
	first int64
	all   []promptFrame
}

// end is the frame after the last.
func (h *heardFrames) end() int64 { return h.first + int64(len(h.all)) }

// has says whether a frame is remembered.
func (h *heardFrames) has(t int64) bool { return t >= h.first && t < h.end() }

// at returns a frame, silence where there is none.
func (h *heardFrames) at(t int64) *promptFrame {
	if !h.has(t) {
		return &nothing
	}
	return &h.all[t-h.first]
}

// A comparison is one of a prompt with what was heard along a path.
type comparison struct {
	gain  float32 // dB that it was louder by
	floor float32 // dBov at the prompt's level; what is lower in a band is not compared
	heard []int64 // for each frame of the prompt the one that was heard
	alike []float64
	// weight is how much a frame counts, up to 1: little where both are silent.
	weight []float64
}

// compare compares all of the prompt with what was heard along a path and around it.
func (p *Prompt) compare(h *heardFrames, along *promptPath) *comparison {
	c := &comparison{}
	c.setLevels(p, h, along)
	c.align(p, h, along)
	c.judge(p, h)
	return c
}

// setLevels finds the level that the prompt was heard at, and the noise.
func (c *comparison) setLevels(p *Prompt, h *heardFrames, along *promptPath) {
	var louder, levels []float32
	for i := range p.frames {
		t := int64(i) + along.shift(i)
		if h.has(t) && i >= along.ref0 && i <= along.ref1 && p.frames[i].level > p.peak-20 {
			louder = append(louder, h.at(t).level-p.frames[i].level)
		}
	}
	if len(louder) > 0 {
		slices.Sort(louder)
		c.gain = louder[len(louder)/2]
	}
	const around = promptRate / 2
	for t := int64(-around) + along.shift(0); t < int64(len(p.frames)+around)+along.shift(len(p.frames)); t++ {
		if h.has(t) {
			levels = append(levels, h.at(t).level-c.gain)
		}
	}
	c.floor = p.peak - promptRange
	if len(levels) > 0 {
		slices.Sort(levels)
		inBand := levels[len(levels)/10] - float32(10*math.Log10(promptBands))
		c.floor = min(max(c.floor, inBand+4), p.peak-promptNoise)
	}
}

// difference is that of the levels in the bands, in dB on average.
func (c *comparison) difference(a, b *promptFrame) float32 {
	var sum float32
	for i := range a.band {
		d := max(a.band[i], c.floor) - max(b.band[i]-c.gain, c.floor)
		if d < 0 {
			d = -d
		}
		sum += min(d, promptFar)
	}
	return sum / promptBands
}

// align finds the path of the least difference near a line. Each step takes one frame of
// the prompt and none, one or two of what was heard, so a word that was put in or left out
// cannot be passed by without a difference.
func (c *comparison) align(p *Prompt, h *heardFrames, along *promptPath) {
	const wide = 2*promptAside + 1
	type row struct {
		cost [wide]float32
		from [wide]int8 // in the row before
	}
	rows := make([]row, len(p.frames))
	for i := range rows {
		r, start := &rows[i], int64(i)+along.shift(i)-promptAside
		for k := range r.cost {
			r.cost[k] = promptUnheard
			if t := start + int64(k); h.has(t) {
				r.cost[k] = c.difference(&p.frames[i], h.at(t))
			}
		}
		if i == 0 {
			continue
		}
		before, straight := &rows[i-1], int(along.shift(i)-along.shift(i-1))
		for k := range r.cost {
			best, from := float32(math.Inf(1)), 0
			for _, aside := range [...]int{0, -1, 1} {
				q := k + straight + aside
				if q < 0 || q >= wide {
					continue
				}
				cost := before.cost[q]
				if aside != 0 {
					cost += promptStep
				}
				if cost < best {
					best, from = cost, q
				}
			}
			r.cost[k] += best
			r.from[k] = int8(from)
		}
	}
	last := &rows[len(rows)-1]
	k := promptAside
	for q, cost := range last.cost {
		if cost < last.cost[k] {
			k = q
		}
	}
	c.heard = make([]int64, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		c.heard[i] = int64(i) + along.shift(i) + int64(k-promptAside)
		k = int(rows[i].from[k])
	}
}

// judge says of each frame how alike it is, by the levels in its bands and by the pattern
// that they make around it.
func (c *comparison) judge(p *Prompt, h *heardFrames) {
	n := len(p.frames)
	c.alike, c.weight = make([]float64, n), make([]float64, n)
	// Sums over the bands of one frame; the pattern's are those of nine frames.
	type sums struct{ x, y, xx, yy, xy float64 }
	frames := make([]sums, n)
	for i := range frames {
		a, b, s := &p.frames[i], h.at(c.heard[i]), &frames[i]
		for j := range a.band {
			x := float64(max(a.band[j], c.floor) - p.peak)
			y := float64(max(b.band[j]-c.gain, c.floor) - p.peak)
			s.x += x
			s.y += y
			s.xx += x * x
			s.yy += y * y
			s.xy += x * y
		}
	}
	for i := range frames {
		var s sums
		from, to := max(i-promptPatch, 0), min(i+promptPatch+1, n)
		for k := from; k < to; k++ {
			f := &frames[k]
			s.x += f.x
			s.y += f.y
			s.xx += f.xx
			s.yy += f.yy
			s.xy += f.xy
		}
		m := float64((to - from) * promptBands)
		pattern := (s.xy - s.x*s.y/m + promptFlat) / math.Sqrt((s.xx-s.x*s.x/m+promptFlat)*(s.yy-s.y*s.y/m+promptFlat))
		a, b := &p.frames[i], h.at(c.heard[i])
		levels := 1 - ramp(float64(c.difference(a, b)), 1, 9)
		c.alike[i] = ramp((levels+max(pattern, 0))/2, 0.3, 0.9)
		c.weight[i] = max(promptHushed, ramp(float64(max(a.level, b.level-c.gain)-p.peak), -33, -10))
	}
}

// ramp rises from 0 at low to 1 at high.
func ramp(v, low, high float64) float64 { return min(max((v-low)/(high-low), 0), 1) }

// mean is how alike the frames from one to before another are, and the sound there is in them.
func (c *comparison) mean(from, to int) (alike, sound float64) {
	for i := from; i < to; i++ {
		alike += c.weight[i] * c.alike[i]
		sound += c.weight[i]
	}
	if sound > 0 {
		alike /= sound
	}
	return alike, sound
}

// worst returns how alike the span is that is the least, and its first frame. What is least
// alike of a span does not count, up to a share of the sound: that is what lost packets leave
// of it, and another word leaves more.
func (c *comparison) worst() (alike float64, from int) {
	span := min(promptSpan, len(c.alike))
	order := make([]int, 0, span)
	alike = 1
	for i := 0; i+span <= len(c.alike); i++ {
		mean, sound := c.mean(i, i+span)
		if sound < promptShare*float64(span) {
			continue
		}
		order = order[:0]
		for k := i; k < i+span; k++ {
			order = append(order, k)
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(c.alike[a], c.alike[b]) })
		left, sum := promptLost*sound, mean*sound
		for _, k := range order {
			w := min(left, c.weight[k])
			sum -= w * c.alike[k]
			if left -= w; left <= 0 {
				break
			}
		}
		if a := sum / (sound - promptLost*sound); a < alike {
			alike, from = a, i
		}
	}
	return alike, from
}

// part returns the frames from the first to before the last that are the prompt's, none when
// hardly any are: the stretch in which most is alike beyond half. So a word that is another
// one is in it when the prompt goes on behind, and not what is alike by chance elsewhere.
func (c *comparison) part() (from, to int) {
	const half, least = 0.5, 10
	var best, sum float64
	start := 0
	for i, a := range c.alike {
		if sum <= 0 {
			start, sum = i, 0
		}
		sum += (c.weight[i] - promptHushed) * (a - half) // a pause is on neither side
		if sum > best {
			best, from, to = sum, start, i+1
		}
	}
	if best < half*least/2 {
		return 0, 0
	}
	// Where nothing is to be heard at an end of the prompt, nothing is missing.
	for from > 0 && c.weight[from-1] < 2*promptHushed {
		from--
	}
	for to < len(c.weight) && c.weight[to] < 2*promptHushed {
		to++
	}
	return from, to
}
