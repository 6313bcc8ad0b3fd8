package report

import (
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// runView is what the page of a run is made of.
type runView struct {
	head
	*Run
	Total      Counts
	Result     Outcome
	Summary    string
	Shares     []share
	Scenarios  []scenarioView
	References []*soundView
	Linked     int // how much audio is beside the page
}

// share is a part of the bar that shows the counts.
type share struct {
	Class, Label string
	Width        float64
}

type scenarioView struct {
	*Scenario
	ID       string
	Title    string
	Where    string
	Open     bool
	Flaky    bool
	Search   string
	Share    float64 // of the longest scenario, in per cent
	Steps    []stepView
	Ticks    []tick
	Failures []failureView
	Calls    []callView
	Ladder   *ladder
	Attempts []scenarioView
}

type stepView struct {
	*Step
	Line        string
	Where       string
	Left, Width float64
}

// failureView is a step that failed, with what was heard meanwhile beside what was
// expected, where there is audio of both.
type failureView struct {
	*Step
	Line      string
	Where     string
	Sound     string // the id of the call's sound
	From, To  float64
	Heard     *clip
	Reference *clip
}

// clip is a short stretch of audio, drawn.
type clip struct {
	wave
	Name, Length string
	ID           string // of the reference
}

type callView struct {
	*Call
	Number  int
	Up      string // how long it lasted
	Sound   *soundView
	Plots   []plot
	Samples []QualitySample
}

// soundView is audio on the page.
type soundView struct {
	ID, Name string
	Src      template.URL // the audio, in the page or beside it
	Link     string       // the file
	Note     string       // why there is no audio, or none in the page
	Length   float64      // seconds
	Start    float64
	Lanes    []lane
	Ticks    []tick
	Wave     wave
	Marks    []markView
}

type lane struct {
	Side  Side
	Label string
	Level string
	wave
	Depth int // rows of marks
	Bands []band
}

// band is a mark over a wave.
type band struct {
	Left, Width  float64
	Row          int
	Class, Label string
	Title        string
}

type markView struct {
	Mark
	At, End    float64
	Percent    string
	Reference  string // the id of its sound
	RefersFile string
}

// viewer makes the views of a run.
type viewer struct {
	options HTMLOptions
	embed   map[any]bool // audio that has room in the page: a *Call, or a reference's path
	longest Millis
	refs    map[string]*soundView
	order   []*soundView
	sounds  map[string]*sound // references, by path
	linked  int
	ids     int
}

func newRunView(r *Run, o HTMLOptions) runView {
	name := r.Name
	if name == "" {
		name = "Test run"
	}
	v := runView{head: newHead(name), Run: r, Total: r.Counts(), Result: r.Outcome()}
	v.Summary = v.Total.summary()
	for _, s := range []share{
		{Class: "failed", Label: "failed", Width: float64(v.Total.Failed)},
		{Class: "error", Label: "could not run", Width: float64(v.Total.Errors)},
		{Class: "passed", Label: "passed", Width: float64(v.Total.Passed)},
		{Class: "skipped", Label: "skipped", Width: float64(v.Total.Skipped)},
	} {
		if s.Width > 0 {
			s.Label = fmt.Sprintf("%.0f %s", s.Width, s.Label)
			s.Width = percent(s.Width, 0, float64(v.Total.Total))
			v.Shares = append(v.Shares, s)
		}
	}
	w := &viewer{options: o, refs: map[string]*soundView{}, sounds: map[string]*sound{}}
	w.plan(r)
	opened := false
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		view := w.scenario(s, fmt.Sprintf("s%d", i+1))
		if !opened && (s.Outcome == Failed || s.Outcome == Errored) {
			view.Open, opened = true, true
		}
		v.Scenarios = append(v.Scenarios, view)
	}
	v.References, v.Linked = w.order, w.linked
	return v
}

// file is where a path of the run is on the disk.
func (w *viewer) file(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(w.options.Folder, filepath.FromSlash(p))
}

// plan chooses which audio has room in the page: references first, which are few and
// short, then the calls of what did not pass.
func (w *viewer) plan(r *Run) {
	left := w.options.MaxAudio
	if left == 0 {
		left = maxAudio
	}
	w.embed = map[any]bool{}
	take := func(key any, p, codec string) {
		if p == "" || w.embed[key] {
			return
		}
		info, err := wav.ReadInfo(w.file(p))
		if err != nil {
			return
		}
		if size := bytesOnPage(info, codec); size <= left {
			left -= size
			w.embed[key] = true
		}
	}
	var all []*Scenario
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		w.longest = max(w.longest, s.Duration)
		for j := range s.Earlier {
			all = append(all, &s.Earlier[j])
		}
		all = append(all, s)
	}
	for _, s := range all {
		for _, c := range s.Calls {
			for _, m := range c.Marks {
				take(m.Reference, m.Reference, "")
			}
		}
	}
	for _, passed := range []bool{false, true} {
		for _, s := range all {
			for i := range s.Calls {
				if c := &s.Calls[i]; (s.Outcome == Passed) == passed {
					take(c, c.Audio, c.Codec)
				}
			}
		}
	}
}

func (w *viewer) scenario(s *Scenario, id string) scenarioView {
	v := scenarioView{
		Scenario: s, ID: id, Title: s.title(), Where: place(s.File, s.Line), Flaky: s.Outcome == Passed && len(s.Earlier) > 0,
		Share: percent(float64(s.Duration), 0, float64(w.longest)),
	}
	v.Search = strings.ToLower(strings.Join(append([]string{v.Title, v.Where, s.Message}, s.Tags...), " "))
	total := s.Duration
	for _, st := range s.Steps {
		total = max(total, st.Start+st.Duration)
	}
	if total > 0 {
		v.Ticks = ticks(0, total.Duration().Seconds(), 5, "s")
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		left := percent(float64(st.Start), 0, float64(total))
		v.Steps = append(v.Steps, stepView{
			Step: st, Line: st.line(), Where: place(st.File, st.Line),
			Left: left, Width: math.Round(max(0, percent(float64(st.Start+st.Duration), 0, float64(total))-left)*100) / 100,
		})
	}
	loaded := make([]*sound, len(s.Calls))
	for i := range s.Calls {
		var c callView
		c, loaded[i] = w.call(s, i)
		v.Calls = append(v.Calls, c)
	}
	for i := range s.Steps {
		if st := &s.Steps[i]; st.Outcome == Failed || st.Outcome == Errored {
			v.Failures = append(v.Failures, w.failure(s, st, v.Calls, loaded))
		}
	}
	v.Ladder = s.drawLadder()
	for i := range s.Earlier {
		v.Attempts = append(v.Attempts, w.scenario(&s.Earlier[i], fmt.Sprintf("%s-%d", id, i+1)))
	}
	return v
}

func (w *viewer) failure(s *Scenario, st *Step, calls []callView, loaded []*sound) failureView {
	f := failureView{Step: st, Line: st.line(), Where: place(st.File, st.Line)}
	if st.Call < 0 || st.Call >= len(calls) || loaded[st.Call] == nil {
		return f
	}
	c, audio := &s.Calls[st.Call], loaded[st.Call]
	from := max(0, st.Start-c.AudioStart)
	to := min(audio.length(), st.Start+st.Duration-c.AudioStart)
	// What was compared may have been heard before the step began.
	var missed *Mark
	for i := range c.Marks {
		m := &c.Marks[i]
		if m.OK || m.Reference == "" {
			continue
		}
		if missed == nil || m.To >= from && m.From <= to {
			missed = m
		}
	}
	if missed != nil {
		from, to = min(from, max(0, missed.From)), max(to, min(audio.length(), missed.To))
	}
	if to <= from {
		return f
	}
	view := calls[st.Call].Sound
	f.Sound, f.From, f.To = view.ID, from.Duration().Seconds(), to.Duration().Seconds()
	heard := audio.part(from, to)
	f.Heard = &clip{wave: drawWave(heard, 300, peak(heard)), Length: duration(to - from)}
	if missed != nil {
		if ref := w.reference(missed.Reference); ref.Src != "" {
			f.Reference = &clip{wave: ref.Wave, Name: ref.Name, Length: duration(Millis(ref.Length * float64(time.Second))), ID: ref.ID}
		}
	}
	return f
}

// reference puts a reference into the page, once.
func (w *viewer) reference(p string) *soundView {
	if v := w.refs[p]; v != nil {
		return v
	}
	v := &soundView{ID: fmt.Sprintf("ref%d", len(w.order)+1), Name: path.Base(filepath.ToSlash(p)), Link: filepath.ToSlash(p)}
	w.refs[p] = v
	w.order = append(w.order, v)
	if s := w.load(v, p, p, ""); s != nil {
		v.Wave = drawWave(s.left, 300, peak(s.left))
	}
	return v
}

// load reads a file and fills in what a page has of all audio. It returns nil when there
// is nothing to show.
func (w *viewer) load(v *soundView, key any, p, codec string) *sound {
	s, err := readSound(w.file(p))
	if err != nil {
		var failed *fs.PathError // whose path is that of this machine
		if errors.As(err, &failed) {
			err = failed.Err
		}
		v.Note = fmt.Sprintf("The audio %s cannot be read: %v", p, err)
		return nil
	}
	v.Length = math.Round(s.length().Duration().Seconds()*1000) / 1000
	if v.Length == 0 {
		v.Note = "The audio is empty."
		return nil
	}
	if w.embed[key] {
		v.Src = s.dataURI(codec)
	} else {
		w.linked++
		v.Src = template.URL(escapePath(filepath.ToSlash(p)))
		v.Note = "The audio is not in this page, which would get too big; it plays where the file lies beside it."
	}
	return s
}

// escapePath makes a URL of a path, which cannot have a scheme.
func escapePath(p string) string {
	p = strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23", ":", "%3A", "\"", "%22", " ", "%20").Replace(p)
	if strings.HasPrefix(p, "//") {
		p = "/" + strings.TrimLeft(p, "/")
	}
	return p
}

func (w *viewer) call(s *Scenario, index int) (callView, *sound) {
	c := &s.Calls[index]
	v := callView{Call: c, Number: index + 1, Samples: c.Quality}
	switch {
	case c.Answered > 0 && c.Ended > c.Answered:
		v.Up = duration(c.Ended - c.Answered)
	case c.Answered > 0:
		v.Up = "still up"
	default:
		v.Up = "not answered"
	}
	v.Plots = c.plots()
	if c.Audio == "" {
		return v, nil
	}
	w.ids++
	view := &soundView{
		ID: fmt.Sprintf("a%d", w.ids), Name: fmt.Sprintf("call %d of %s", index+1, c.Actor),
		Link: escapePath(filepath.ToSlash(c.Audio)), Start: c.AudioStart.Duration().Seconds(),
	}
	v.Sound = view
	audio := w.load(view, c, c.Audio, c.Codec)
	if audio == nil {
		return v, nil
	}
	length := audio.length()
	view.Ticks = ticks(0, view.Length, 6, "s")
	full := max(peak(audio.left), peak(audio.right), 655) // noise of -34 dB is not blown up to speech
	view.Lanes = append(view.Lanes, stepLane(s, index, length))
	for _, side := range []struct {
		side    Side
		label   string
		samples []int16
	}{{Heard, "heard", audio.left}, {Said, "said", audio.right}} {
		l := lane{Side: side.side, Label: side.label, Level: decibels(peak(side.samples)), wave: drawWave(side.samples, columns(length), full)}
		if side.samples == nil {
			l.Level = "not recorded"
		}
		l.mark(c.Marks, length)
		view.Lanes = append(view.Lanes, l)
	}
	for _, m := range c.Marks {
		mv := markView{Mark: m, At: m.From.Duration().Seconds(), End: m.To.Duration().Seconds()}
		if m.Likeness > 0 {
			mv.Percent = fmt.Sprintf("%.0f %%", m.Likeness*100)
		}
		if m.Reference != "" {
			ref := w.reference(m.Reference)
			mv.RefersFile = ref.Name
			if ref.Src != "" {
				mv.Reference = ref.ID
			}
		}
		view.Marks = append(view.Marks, mv)
	}
	return v, audio
}

// stepLane shows above the audio of a call which of its steps was under way.
func stepLane(s *Scenario, index int, length Millis) lane {
	l := lane{Side: "steps", Label: "steps"}
	c := &s.Calls[index]
	var bands []Mark
	var classes []string
	for i := range s.Steps {
		st := &s.Steps[i]
		from, to := st.Start-c.AudioStart, st.Start+st.Duration-c.AudioStart
		if st.Call != index || st.Outcome == Skipped || to <= 0 || from >= length {
			continue
		}
		bands = append(bands, Mark{From: from, To: to, Label: st.Action})
		classes = append(classes, string(st.Outcome))
	}
	l.bands(bands, length, func(i int) (class, label, title string) {
		return "step " + classes[i], bands[i].Label, ""
	})
	return l
}

func (l *lane) mark(marks []Mark, length Millis) {
	var mine []Mark
	for _, m := range marks {
		if m.Side == l.Side {
			mine = append(mine, m)
		}
	}
	l.bands(mine, length, func(i int) (class, label, title string) {
		m := mine[i]
		class, label = string(m.Kind), m.Label
		if m.Likeness > 0 {
			label += fmt.Sprintf(" %.0f %%", m.Likeness*100)
		}
		if !m.OK {
			class += " bad"
		}
		return class, label, fmt.Sprintf("%s: %s, %s to %s s", m.Kind, label, seconds(m.From), seconds(m.To))
	})
}

// bands places marks over the audio. Those that would lie over each other get rows.
func (l *lane) bands(marks []Mark, length Millis, what func(i int) (class, label, title string)) {
	var ends []Millis // of the last band in each row
	for i, m := range marks {
		from, to := max(0, min(length, m.From)), max(0, min(length, m.To))
		row := 0
		for row < len(ends) && ends[row] > from {
			row++
		}
		if row == len(ends) {
			ends = append(ends, 0)
		}
		// A label needs a place to stand, also over what is short.
		ends[row] = max(to, from+length/50)
		b := band{Left: percent(float64(from), 0, float64(length)), Row: row}
		b.Width = math.Round(max(.2, percent(float64(to), 0, float64(length))-b.Left)*100) / 100
		b.Class, b.Label, b.Title = what(i)
		l.Bands = append(l.Bands, b)
	}
	l.Depth = len(ends)
}

// plots draw the quality of a call over the scenario's time.
func (c *Call) plots() []plot {
	if len(c.Quality) == 0 {
		return nil
	}
	known := func(v float64) float64 {
		if v == 0 {
			return math.NaN()
		}
		return v
	}
	var x, mosRX, mosTX, lossRX, lossTX, jitterRX, jitterTX, rtt []float64
	hasRTT := false
	for _, q := range c.Quality {
		x = append(x, q.At.Duration().Seconds())
		mosRX, mosTX = append(mosRX, known(q.MOSRX)), append(mosTX, known(q.MOSTX))
		lossRX, lossTX = append(lossRX, q.LossRX), append(lossTX, q.LossTX)
		jitterRX, jitterTX = append(jitterRX, q.JitterRX), append(jitterTX, q.JitterTX)
		rtt = append(rtt, known(q.RTTMS))
		hasRTT = hasRTT || q.RTTMS > 0
	}
	from, to := c.Start.Duration().Seconds(), max(c.Ended.Duration().Seconds(), x[len(x)-1])
	if c.Answered > 0 {
		from = c.Answered.Duration().Seconds()
	}
	both := func(heard, said []float64, figureHeard, figureSaid string) []series {
		return []series{
			{name: "heard", class: "heard", x: x, y: heard, figure: figureHeard},
			{name: "said", class: "said", x: x, y: said, figure: figureSaid},
		}
	}
	list := []plot{
		drawPlot("MOS", "", from, to, 1, 5, 0, both(mosRX, mosTX, mosText(c.RX.MOS), mosText(c.TX.MOS))),
		drawPlot("Lost", "%", from, to, 0, 0, 3, both(lossRX, lossTX, fmt.Sprint(c.RX.Lost), fmt.Sprint(c.TX.Lost))),
		drawPlot("Jitter", "ms", from, to, 0, 0, 10, both(jitterRX, jitterTX, oneDecimal(c.RX.JitterMS), oneDecimal(c.TX.JitterMS))),
	}
	if hasRTT {
		mean := ""
		if c.RTTMS > 0 {
			mean = fmt.Sprintf("%.0f", c.RTTMS)
		}
		list = append(list, drawPlot("Round trip", "ms", from, to, 0, 0, 50, []series{{class: "both", x: x, y: rtt, figure: mean}}))
	}
	return list
}
