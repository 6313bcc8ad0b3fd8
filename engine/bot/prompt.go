package bot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Prompt is something for the far end to hear: [Text], [Files], [Tone], [Silence],
// [Samples], [Reader], or several of them in a [Sequence].
type Prompt interface {
	open(ctx context.Context, c *Call, language string) ([]*part, error)
}

// Text is said by the bot's voice.
type Text string

// Files are WAV files of any format and rate, played one after the other.
func Files(paths ...string) Prompt { return files(paths) }

// Tone is one or more sines that sound together, each at level in dBov: -12 is as loud as
// speech.
func Tone(d time.Duration, level float64, hz ...float64) Prompt { return tone{d, level, hz} }

// Beep is what a caller speaks after.
func Beep() Prompt { return Tone(300*time.Millisecond, -12, 1000) }

// Silence is a pause.
func Silence(d time.Duration) Prompt { return tone{d, math.Inf(-1), nil} }

// Samples are 16 bits and mono, at a rate in Hz. They must not be changed while the prompt is in use.
func Samples(rate int, samples []int16) Prompt { return pcm{rate, samples} }

// Reader is a stream of 16-bit little-endian mono samples at a rate in Hz, up to io.EOF, as
// a program or a service makes it while it is heard. It is read ahead by a second at most;
// when it is late there is silence, which [Played] does not count. A Reader can be heard once.
func Reader(r io.Reader, rate int) Prompt { return reader{r, rate} }

// Sequence is several prompts one after the other.
func Sequence(prompts ...Prompt) Prompt { return sequence(prompts) }

type (
	files []string
	tone  struct {
		d     time.Duration
		level float64
		hz    []float64
	}
	pcm struct {
		rate    int
		samples []int16
	}
	reader struct {
		r    io.Reader
		rate int
	}
	sequence []Prompt
)

// part is one piece of audio of a prompt, at the call's rate.
type part struct {
	label   string // for tests: the text, the file, or what it is
	text    string // that is said
	start   uint64 // in the prompt, known when the part before is
	from    uint64 // of samples[0], in the part
	samples []int16
	more    *stream // nil when samples are all
}

func (p *part) end() uint64 { return p.start + p.from + uint64(len(p.samples)) }

func (t Text) open(ctx context.Context, c *Call, language string) ([]*part, error) {
	if strings.TrimSpace(string(t)) == "" {
		return nil, nil
	}
	a, err := c.opts.Voice.Speak(ctx, string(t), SpeakOptions{Language: language, Rate: c.opts.Rate})
	if err != nil {
		return nil, err
	}
	return []*part{{label: string(t), text: string(t), samples: monoAt(a, c.opts.Rate)}}, nil
}

func (f files) open(_ context.Context, c *Call, _ string) ([]*part, error) {
	var parts []*part
	for _, path := range f {
		a, err := dsp.ReadWAV(path)
		if err != nil {
			return nil, fmt.Errorf("bot: play: %w", err)
		}
		parts = append(parts, &part{label: path, samples: monoAt(a, c.opts.Rate)})
	}
	return parts, nil
}

func (t tone) open(_ context.Context, c *Call, _ string) ([]*part, error) {
	if len(t.hz) == 0 {
		return []*part{{label: "silence", samples: dsp.Silence(c.opts.Rate, t.d)}}, nil
	}
	return []*part{{label: "tone", samples: dsp.GenerateTone(c.opts.Rate, t.d, t.level, t.hz...)}}, nil
}

func (p pcm) open(_ context.Context, c *Call, _ string) ([]*part, error) {
	if p.rate < 1 {
		return nil, fmt.Errorf("bot: samples at %d Hz", p.rate)
	}
	return []*part{{label: "samples", samples: wav.Resample(p.samples, p.rate, c.opts.Rate)}}, nil
}

func (r reader) open(_ context.Context, c *Call, _ string) ([]*part, error) {
	if r.rate < 1 {
		return nil, fmt.Errorf("bot: a reader at %d Hz", r.rate)
	}
	return []*part{{label: "reader", more: newStream(r.r, r.rate, c.opts.Rate)}}, nil
}

func (s sequence) open(ctx context.Context, c *Call, language string) ([]*part, error) {
	var parts []*part
	for _, p := range s {
		more, err := p.open(ctx, c, language)
		if err != nil {
			return nil, err
		}
		parts = append(parts, more...)
	}
	return parts, nil
}

// monoAt mixes the channels of a recording and converts its rate.
func monoAt(a *dsp.Audio, rate int) []int16 {
	mono := (&wav.Audio{Info: wav.Info{Channels: a.Channels}, Samples: a.Samples}).Mono()
	return wav.Resample(mono, a.Rate, rate)
}

// stream reads samples in a goroutine of its own, since a Read cannot be interrupted.
type stream struct {
	blocks chan []int16
	quit   chan struct{} // closed when nobody wants more
	err    error         // valid when blocks is closed; nil at the end
}

// streamBlock is how much is read at a time, streamAhead how many of these wait.
const (
	streamBlock = 100 * time.Millisecond
	streamAhead = 10
)

func newStream(r io.Reader, from, to int) *stream {
	s := &stream{blocks: make(chan []int16, streamAhead), quit: make(chan struct{})}
	go s.run(r, from, to)
	return s
}

func (s *stream) run(r io.Reader, from, to int) {
	defer close(s.blocks)
	conv := newConverter(from, to)
	buf := make([]byte, 2*int(int64(from)*int64(streamBlock)/int64(time.Second)))
	kept := 0 // bytes of half a sample
	for {
		n, err := r.Read(buf[kept:])
		n += kept
		whole := make([]int16, n/2)
		for i := range whole {
			whole[i] = int16(binary.LittleEndian.Uint16(buf[2*i:]))
		}
		kept = copy(buf, buf[n/2*2:n])
		out := conv.convert(whole, err != nil)
		if len(out) > 0 {
			select {
			case s.blocks <- out:
			case <-s.quit:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.err = fmt.Errorf("bot: play: read: %w", err)
			}
			return
		}
	}
}

// converter changes the rate of a stream block by block, so that the result is as if it had
// been converted whole.
type converter struct {
	from, to   int
	step, gain int     // so many samples become so many
	context    int     // samples that the filter looks at on each side, whole steps
	rest       []int16 // not converted yet, with the context before
	before     int     // how much of rest was converted
}

func newConverter(from, to int) *converter {
	g := gcd(from, to)
	c := &converter{from: from, to: to, step: from / g, gain: to / g}
	const reach = 32 // zero crossings of the lower rate: more than wav.Resample's filter has
	wide := reach * max(1, float64(from)/float64(to))
	c.context = (int(wide)/c.step + 1) * c.step
	return c
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// convert returns what can be converted so far; last says that nothing follows.
func (c *converter) convert(in []int16, last bool) []int16 {
	if c.from == c.to {
		return in
	}
	c.rest = append(c.rest, in...)
	ready := len(c.rest)
	if !last {
		ready = (ready - c.context) / c.step * c.step
	}
	if ready <= c.before {
		return nil
	}
	out := wav.Resample(c.rest, c.from, c.to)
	end := len(out)
	if !last {
		end = ready / c.step * c.gain
	}
	out = out[c.before/c.step*c.gain : end]
	if drop := (ready - c.context) / c.step * c.step; drop > 0 && !last {
		c.rest = append([]int16(nil), c.rest[drop:]...)
		c.before = ready - drop
	} else {
		c.before = ready
	}
	return out
}

// heardText estimates which words of a text were heard when so many of its samples were:
// the words' share of the letters is taken for their share of the time.
func heardText(text string, samples []int16, heard uint64) string {
	first, last := voiced(samples)
	if heard >= uint64(last) {
		return text
	}
	if heard <= uint64(first) {
		return ""
	}
	share := float64(heard-uint64(first)) / float64(last-first)
	letters := float64(utf8.RuneCountInString(text))
	words, seen := strings.Fields(text), 0
	for i, w := range words {
		if seen += utf8.RuneCountInString(w); float64(seen) > share*letters {
			return strings.Join(words[:i], " ")
		}
		seen++ // the space
	}
	return text
}

// voiced returns where the speech in samples begins and ends: voices leave silence at the ends.
func voiced(samples []int16) (first, last int) {
	const quiet = 200 // of 32768
	last = len(samples)
	for first < last && samples[first] < quiet && samples[first] > -quiet {
		first++
	}
	for last > first && samples[last-1] < quiet && samples[last-1] > -quiet {
		last--
	}
	if first == last {
		return 0, len(samples)
	}
	return first, last
}
