package dsp

import (
	"cmp"
	"math"
	"slices"
)

// How a prompt is looked for: every second frame that is heard is compared with every second
// frame of the prompt, by the shapes of their spectra, and stretches in which one after the
// other is alike are followed. The best of them is compared closely when it is asked for
// and when the prompt must have ended.
const (
	promptCoarse = 2                      // frames
	promptSame   = 5.0                    // dB, the difference of two shapes that speaks neither for nor against
	promptMost   = 0.6                    // that one frame speaks for
	promptJump   = 1.0                    // that a frame left out or heard twice speaks against: more than one speaks for
	promptEither = 0.6                    // that silence in only one of both speaks against
	promptFades  = 5.0                    // dB in a second that the loudest that was heard fades by
	promptHush   = -52                    // dBov, what is softer is silence
	promptSettle = 80 * promptRate / 1000 // frames after the end of a prompt until it is judged
)

// A promptShape is a spectrum without its level.
type promptShape struct {
	band   [promptBands]float32 // so scaled that the square of a distance is a mean square
	norm   float32              // sum of the squares
	silent bool
}

func shapeOf(f *promptFrame, peak float32) (s promptShape) {
	floor := peak - promptRange
	var mean float32
	for i, v := range f.band {
		s.band[i] = max(v, floor)
		mean += s.band[i]
	}
	mean /= promptBands
	for i := range s.band {
		s.band[i] = (s.band[i] - mean) * shapeScale
		s.norm += s.band[i] * s.band[i]
	}
	s.silent = f.level < max(peak-promptQuiet, promptFaintest)
	return s
}

var shapeScale = float32(1 / math.Sqrt(promptBands))

// speaks says how much two shapes speak for being the same, negative: against.
func (s *promptShape) speaks(o *promptShape) float32 {
	if s.silent || o.silent {
		if s.silent && o.silent {
			return 0
		}
		return -promptEither
	}
	var dot float32
	for i := range s.band {
		dot += s.band[i] * o.band[i]
	}
	square := max(s.norm+o.norm-2*dot, 0)
	return min(max(1-float32(math.Sqrt(float64(square)))/promptSame, -1), promptMost)
}

// A promptCell is a stretch that is alike so far and ends with one frame of a prompt.
type promptCell struct {
	score float32 // 0: there is none
	ref   int32   // where it began in the prompt
	heard int64   // and in what was heard, both in frames
}

// A promptTrack is the search for one prompt.
type promptTrack struct {
	p     *Prompt
	cells []promptCell // by every second frame of the prompt
	score float32      // of lead, 0: there is none
	lead  promptPath   // the best stretch since the last that was judged
	best  PromptMatch  // of what was judged
	found bool         // best holds
}

// PromptMatcher finds prompts in a stream of samples of one channel, while they are played:
// several at a time, in any order, more than once, and parts of them. It hears that a prompt
// has ended within 150 ms.
//
// A matcher is for one goroutine at a time.
type PromptMatcher struct {
	rate   int
	framer *promptFramer
	heard  heardFrames
	keep   int // frames that are remembered
	peak   float32
	sound  int64 // the first frame with sound, -1: none yet
	total  int64 // samples
	tracks []promptTrack
	final  bool // nothing follows
	ended  []PromptMatch
}

// NewPromptMatcher returns a matcher of samples at a rate from 8000 to 48000 Hz with these
// references, whose rates may be others.
func NewPromptMatcher(rate int, refs ...*Prompt) (*PromptMatcher, error) {
	if err := checkPromptRate(rate); err != nil {
		return nil, err
	}
	m := &PromptMatcher{rate: rate, framer: newPromptFramer(rate), peak: MinLevel, sound: -1}
	for _, p := range refs {
		m.tracks = append(m.tracks, promptTrack{p: p, cells: make([]promptCell, len(p.shapes))})
		m.keep = max(m.keep, len(p.frames))
	}
	m.keep += m.keep/4 + 3*promptRate
	return m, nil
}

// Hear takes the next samples in, as many as there are. It returns the prompts that have just
// ended, those too of which only a part was heard or that have another word: look at Likeness.
// What it returns is valid until the next call.
func (m *PromptMatcher) Hear(samples []int16) []PromptMatch {
	m.ended = m.ended[:0]
	m.total += int64(len(samples))
	for len(samples) > 0 {
		// In pieces, so that no more than keep frames are there however many samples come.
		n := min(len(samples), m.rate/2)
		for _, f := range m.framer.hear(samples[:n]) {
			m.hear(&f)
		}
		samples = samples[n:]
	}
	return m.ended
}

// hear takes the next frame in.
func (m *PromptMatcher) hear(f *promptFrame) {
	t := m.heard.end()
	if len(m.heard.all) >= 2*m.keep {
		drop := len(m.heard.all) - m.keep
		m.heard.all = m.heard.all[:copy(m.heard.all, m.heard.all[drop:])]
		m.heard.first += int64(drop)
	}
	m.heard.all = append(m.heard.all, *f)
	m.peak = max(f.level, m.peak-promptFades/promptRate)
	if m.sound < 0 && f.level > promptHush {
		m.sound = t
	}
	if t%promptCoarse != 0 {
		return
	}
	s := shapeOf(f, m.peak)
	for i := range m.tracks {
		tr := &m.tracks[i]
		tr.follow(&s, t)
		if tr.score > 0 && t >= tr.end()+promptSettle {
			m.judge(tr)
		}
	}
}

// follow takes what was heard in frame t.
func (tr *promptTrack) follow(s *promptShape, t int64) {
	for j := len(tr.cells) - 1; j >= 0; j-- {
		// From the cells of the frame before: one on, left out a frame, or stood still.
		c := tr.cells[j]
		c.score -= promptJump
		if j > 0 && tr.cells[j-1].score > c.score {
			c = tr.cells[j-1]
		}
		if j > 1 && tr.cells[j-2].score-promptJump > c.score {
			c = tr.cells[j-2]
			c.score -= promptJump
		}
		if c.score <= 0 {
			c = promptCell{ref: int32(j * promptCoarse), heard: t}
		}
		c.score = max(c.score+tr.p.shapes[j].speaks(s), 0)
		tr.cells[j] = c
		if c.score > tr.score {
			tr.score = c.score
			tr.lead = promptPath{ref0: int(c.ref), heard0: c.heard, ref1: j * promptCoarse, heard1: t}
		}
	}
}

// end is the frame where the prompt must end.
func (tr *promptTrack) end() int64 {
	return int64(len(tr.p.frames)) + tr.lead.shift(len(tr.p.frames))
}

// judge compares what the search has found now that the prompt has ended.
func (m *PromptMatcher) judge(tr *promptTrack) {
	chance := tr.score < min(0.1*float32(len(tr.cells)), 15) // less is heard in any other prompt
	if !chance || !tr.found {
		match := m.match(tr)
		if !tr.found || match.Likeness >= tr.best.Likeness {
			tr.best, tr.found = match, true
		}
		if !chance {
			m.ended = append(m.ended, match)
		}
	}
	// What began with it, or beside it on nearly the same line, is the same prompt once more.
	now := m.heard.end() - 1
	for i := range tr.cells {
		c := &tr.cells[i]
		beside := now - int64(i*promptCoarse) - (tr.lead.heard1 - int64(tr.lead.ref1))
		if int(c.ref) == tr.lead.ref0 && c.heard == tr.lead.heard0 || max(beside, -beside) <= promptAside {
			*c = promptCell{}
		}
	}
	tr.score = 0
}

// End says that nothing follows, as at the end of a call: what is playing has ended then, and
// Best says what of it is missing. It returns the prompts that have ended with the last samples,
// as Hear does, which must not be called any more.
func (m *PromptMatcher) End() []PromptMatch {
	m.ended = m.ended[:0]
	for _, f := range m.framer.hear(make([]int16, m.rate*promptWindow/2000)) {
		m.hear(&f)
	}
	m.final = true
	for i := range m.tracks {
		if tr := &m.tracks[i]; tr.score > 0 {
			m.judge(tr)
		}
	}
	return m.ended
}

// match compares the best stretch of a prompt closely.
func (m *PromptMatcher) match(tr *promptTrack) PromptMatch {
	p := tr.p
	n := len(p.frames)
	out := m.none(p)
	if tr.score <= 0 {
		return out
	}
	c := p.compare(&m.heard, &tr.lead)
	out.Ended = m.final || m.heard.end() >= tr.end()
	all, _ := c.mean(0, n)
	worst, at := c.worst()
	// Another word takes little from the mean and much from the worst, another voice much from both.
	out.Likeness, out.Worst = 100*all*all*(0.2+0.8*worst), 100*worst
	out.WorstFrom, out.WorstTo = p.sample(at), p.sample(min(at+promptSpan, n))
	out.LevelDB = float64(c.gain)
	from, to := c.part()
	if from == to {
		return out
	}
	first, last := c.heard[from], c.heard[to-1]+1
	alike, _ := c.mean(from, to)
	out.PartLikeness = 100 * alike
	out.From, out.To = max(sampleOf(first, m.rate), 0), min(sampleOf(last, m.rate), m.total)
	out.RefFrom, out.RefTo = p.sample(from), p.sample(to)
	out.Before, out.After = m.loud(c, p, first-promptRate/2, first-5), m.loud(c, p, last+5, last+promptRate/2)
	return out
}

// loud says whether something is heard, for 50 ms in all, in the frames from one to before
// another, as loud as the prompt's softer parts.
func (m *PromptMatcher) loud(c *comparison, p *Prompt, from, to int64) bool {
	n := 0
	for t := from; t < to; t++ {
		if m.heard.at(t).level-c.gain > p.peak-25 {
			n++
		}
	}
	return n >= 5
}

// none is the match of a prompt of which nothing was heard.
func (m *PromptMatcher) none(p *Prompt) PromptMatch {
	out := PromptMatch{
		Name: p.name, Heard: m.total, Silence: m.total, Rate: m.rate, RefRate: p.rate,
		RefStart: p.sample(0), RefEnd: p.sample(len(p.frames)), Ended: m.final,
	}
	out.RefFrom, out.RefTo = out.RefStart, out.RefStart
	if m.sound >= 0 {
		out.Silence = min(sampleOf(m.sound, m.rate), m.total)
	}
	return out
}

// All returns for each reference the most alike that was heard so far, whether or not it
// goes on, the most alike first. It compares what is playing closely, which takes about
// a millisecond for each: call it when it is of use and not with each packet.
func (m *PromptMatcher) All() []PromptMatch {
	list := make([]PromptMatch, 0, len(m.tracks))
	for i := range m.tracks {
		tr := &m.tracks[i]
		match := m.match(tr)
		if tr.found && tr.best.Likeness >= match.Likeness {
			match = tr.best
			match.Heard = m.total
		}
		list = append(list, match)
	}
	slices.SortStableFunc(list, func(a, b PromptMatch) int { return cmp.Compare(b.Likeness, a.Likeness) })
	return list
}

// Best returns the first of All, and false when there is no reference.
func (m *PromptMatcher) Best() (PromptMatch, bool) {
	if len(m.tracks) == 0 {
		return PromptMatch{}, false
	}
	return m.All()[0], true
}
