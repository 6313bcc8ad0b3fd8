package dsp

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultLikeness is the least [PromptMatch.Likeness] of a prompt that is taken to be the
// reference, in per cent; docs/prompt-matching.md has the figures behind it.
const DefaultLikeness = 72.0

// Prompt is a reference that prompts are compared with. It may be used by several
// goroutines at a time.
type Prompt struct {
	name   string
	rate   int
	first  int           // frame of the recording that frames[0] is
	frames []promptFrame // from the first with sound to the last
	peak   float32       // dBov, the level of the loudest
	shapes []promptShape // of every second frame
}

const (
	promptQuiet    = 33.0 // dB below the loudest frame: what is softer at both ends is no part of a prompt
	promptFaintest = -65  // dBov of the loudest frame
	promptShortest = promptRate / 4
)

// NewPrompt makes a reference of the samples of one channel at a rate from 8000 to 48000 Hz.
// Silence before and after the prompt is no part of it. It is an error when there is less
// than 250 ms of sound.
func NewPrompt(name string, samples []int16, rate int) (*Prompt, error) {
	if err := checkPromptRate(rate); err != nil {
		return nil, err
	}
	p := &Prompt{name: name, rate: rate, peak: MinLevel}
	f := newPromptFramer(rate)
	all := slices.Clone(f.hear(samples))
	all = append(all, f.hear(make([]int16, rate*promptWindow/1000))...)
	for i := range all {
		p.peak = max(p.peak, all[i].level)
	}
	from, to := len(all), 0
	for i := range all {
		if all[i].level > p.peak-promptQuiet {
			from, to = min(from, i), i+1
		}
	}
	if p.peak < promptFaintest || to-from < promptShortest {
		return nil, fmt.Errorf("dsp: prompt %s: %.3f s of sound, at %.0f dBov, is too little to know it by",
			name, float64(to-from)/promptRate, p.peak)
	}
	p.first, p.frames = from, all[from:to]
	for i := 0; i < len(p.frames); i += promptCoarse {
		p.shapes = append(p.shapes, shapeOf(&p.frames[i], p.peak))
	}
	return p, nil
}

func checkPromptRate(rate int) error {
	if rate < 8000 || rate > 48000 {
		return fmt.Errorf("dsp: prompts of %d Hz are not compared: the rate must be from 8000 to 48000", rate)
	}
	return nil
}

// Name returns the name that was given to NewPrompt.
func (p *Prompt) Name() string { return p.name }

// sample is where a frame of the prompt is in its recording.
func (p *Prompt) sample(frame int) int64 { return sampleOf(int64(p.first+frame), p.rate) }

// PromptMatch says how much of a prompt was heard, and where.
type PromptMatch struct {
	Name string // of the prompt

	// Likeness is how alike the whole prompt and what was heard are, in per cent. What was
	// not heard is not alike, and the least alike 0.3 s count for more than all the others,
	// so a prompt with one other word is unlike too. It is low while a prompt is playing.
	Likeness float64
	// Ended says that the end of the prompt was heard, or would have been if it had been
	// played on. It always has for MatchPrompt, and after End.
	Ended bool

	// From and To are the part of what was heard that is the prompt's, in samples since the
	// first that was heard; they are equal when there is none. RefFrom and RefTo are the same
	// part in the samples of the reference, whose sound is from RefStart to RefEnd. All
	// are within 20 ms, and within 60 ms where something else is beside the part.
	From, To         int64
	RefFrom, RefTo   int64
	RefStart, RefEnd int64
	// PartLikeness is how alike that part is on average, in per cent.
	PartLikeness float64
	// LevelDB is by how much the part is louder than the reference.
	LevelDB float64
	// Worst is how alike the least alike 0.3 s of the prompt are, in per cent, where a fifth of
	// them may be lost; WorstFrom and WorstTo say where they are, in samples of the reference.
	Worst              float64
	WorstFrom, WorstTo int64

	// Before and After say that something else than silence was heard in the half second
	// before From or after To.
	Before, After bool
	// Silence is how many samples were heard before the first sound, Heard how many in all.
	Silence, Heard int64

	Rate, RefRate int // in Hz, of what was heard and of the reference
}

// CutStart is how much of the prompt's start is missing.
func (m *PromptMatch) CutStart() time.Duration {
	return durationOf(int(m.RefFrom-m.RefStart), m.RefRate)
}

// CutEnd is how much of the prompt's end is missing, or not heard yet.
func (m *PromptMatch) CutEnd() time.Duration { return durationOf(int(m.RefEnd-m.RefTo), m.RefRate) }

// String says it in the words of a tester: "2.1 s of silence, then something 14 % like
// welcome, from 2.1 s to 4.3 s: cut by 1.0 s at its end".
func (m PromptMatch) String() string {
	if m.Silence >= m.Heard {
		return fmt.Sprintf("only silence, for %.1f s", seconds(m.Heard, m.Rate))
	}
	var s strings.Builder
	if silence := seconds(m.Silence, m.Rate); silence >= promptWorth {
		fmt.Fprintf(&s, "%.1f s of silence, then ", silence)
	}
	part := m.RefTo - m.RefFrom
	chance := part < int64(m.RefRate) && 4*part < m.RefEnd-m.RefStart // it may be
	switch {
	case !m.Ended && !chance:
		fmt.Fprintf(&s, "a part %.0f %% like %s", m.PartLikeness, m.Name)
	case m.Likeness >= DefaultLikeness:
		fmt.Fprintf(&s, "%s, %.0f %% like it", m.Name, m.Likeness)
	default:
		fmt.Fprintf(&s, "something %.0f %% like %s", m.Likeness, m.Name)
	}
	if chance {
		return s.String()
	}
	fmt.Fprintf(&s, ", from %.1f s to %.1f s", seconds(m.From, m.Rate), seconds(m.To, m.Rate))
	for i, fact := range m.facts() {
		s.WriteString([]string{": ", ", "}[min(i, 1)])
		s.WriteString(fact)
	}
	return s.String()
}

const promptWorth = 0.15 // s that are worth a word

// facts are those in which a part that was heard differs from the prompt.
func (m *PromptMatch) facts() (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	part := seconds(m.RefTo-m.RefFrom, m.RefRate)
	cutStart, cutEnd := m.CutStart().Seconds(), m.CutEnd().Seconds()
	start, end := cutStart >= promptWorth, cutEnd >= promptWorth
	switch {
	case end && !start && !m.Ended:
		add("the first %.1f s of it so far", part)
	case end && !start && m.After:
		add("the first %.1f s of it, then something else from %.1f s on", part, seconds(m.To, m.Rate))
	case start && !end && m.Before:
		add("something else until %.1f s, then the last %.1f s of it", seconds(m.From, m.Rate), part)
	default:
		if start {
			add("cut by %.1f s at its start", cutStart)
		}
		if end && m.Ended {
			add("cut by %.1f s at its end", cutEnd)
		} else if end {
			add("%.1f s of it so far", part)
		}
	}
	if m.Worst < 70 && m.WorstFrom >= m.RefFrom && m.WorstTo <= m.RefTo {
		add("unlike it from %.1f s to %.1f s after its start",
			seconds(m.WorstFrom-m.RefStart, m.RefRate), seconds(m.WorstTo-m.RefStart, m.RefRate))
	}
	switch {
	case m.LevelDB <= -3:
		add("%.0f dB softer", -m.LevelDB)
	case m.LevelDB >= 3:
		add("%.0f dB louder", m.LevelDB)
	}
	return list
}

// seconds is how long n samples play.
func seconds(n int64, rate int) float64 { return durationOf(int(n), rate).Seconds() }

// MatchPrompt says of each of the references how much of it is in what was heard, the most
// alike first. Of a prompt that is there several times it is the most alike one. There are
// none when no prompts are compared at that rate.
func MatchPrompt(heard []int16, rate int, refs ...*Prompt) []PromptMatch {
	m, err := NewPromptMatcher(rate, refs...)
	if err != nil {
		return nil
	}
	m.Hear(heard)
	m.End()
	return m.All()
}
