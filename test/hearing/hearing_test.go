//go:build integration && cgo

package hearing

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/codecline"
)

var update = flag.Bool("update", false, "write the tables of docs/hearing.md anew")

// score counts what was heard right.
type score struct{ right, of int }

func (s *score) add(right bool) {
	s.of++
	if right {
		s.right++
	}
}

func (s score) percent() float64 {
	if s.of == 0 {
		return 0
	}
	return 100 * float64(s.right) / float64(s.of)
}

func (s score) String() string { return fmt.Sprintf("%.0f", s.percent()) }

// heardTone says whether a tone, and no other, was heard, and where it was.
func heardTone(t testing.TB, s toneSignal, got []int16, line string) bool {
	heard := dsp.FindLineTones(got, rate, dsp.LineTones("US", "GB", "DE", "IT", "JP")...)
	if len(heard) == 1 && heard[0].Name == s.Name && (s.Country == "" || slices.Contains(heard[0].Countries, s.Country)) {
		return true
	}
	t.Logf("%s: %s %s: heard %v", line, s.Country, s.Name, heard)
	return false
}

// heardTalk returns how much of what was said was taken for speech, and of the pauses for silence,
// in samples.
func heardTalk(k talk, got []int16) (speech, pause score) {
	is := make([]bool, len(got))
	for _, a := range dsp.FindActivity(got, rate, dsp.ActivityOptions{}) {
		if a.Sounds == dsp.Speech {
			for i := a.Start; i < min(a.Start+a.Length, int64(len(is))); i++ {
				is[i] = true
			}
		}
	}
	const edge = rate / 10 // of a sound nobody knows where it begins to a tenth of a second
	at := 0
	for _, w := range k.spoken {
		for _, b := range is[min(at+edge, w[0]) : w[0]-edge] {
			pause.add(!b)
		}
		for _, b := range is[w[0]+edge : w[1]-edge] {
			speech.add(b)
		}
		at = w[1]
	}
	for _, b := range is[min(at+edge, len(is)):] {
		pause.add(!b)
	}
	return speech, pause
}

// heardAnswer says whether it was known who answers, and whether the beep was found where it was.
func heardAnswer(t testing.TB, g greeting, got []int16, line string) (right, beep bool) {
	a := dsp.FindAnswer(got, rate, dsp.AnswerOptions{})
	right = a.By == g.by
	late := a.Beep.Start - int64(g.beep)
	beep = g.beep > 0 && a.Beep.Length > 0 && max(late, -late) < rate/10
	if !right || g.beep > 0 && !beep {
		t.Logf("%s: %v, whose beep is at %d: heard %v", line, g.by, g.beep, a)
	}
	return right, beep
}

func heardDigits(got []int16) (n score) {
	heard := ""
	for _, d := range dsp.FindDTMF(got, rate) {
		heard += string(d.Digit)
	}
	n.of = len(digits)
	for _, d := range digits {
		if strings.Count(heard, string(d)) == 1 {
			n.right++
		}
	}
	n.right -= max(0, len(heard)-len(digits))
	return n
}

// sent is all that goes through lines, in one pass.
type sent struct {
	tones     []toneSignal
	talks     []talk
	greetings []greeting
	all       [][]int16 // these, the digits and those of the meter, in this order
}

func signals(t testing.TB) (s sent) {
	s.tones, s.talks, s.greetings = toneSignals(), talks(t), greetings(t)
	for _, tone := range s.tones {
		s.all = append(s.all, tone.samples)
	}
	for _, k := range s.talks {
		s.all = append(s.all, k.samples)
	}
	for _, g := range s.greetings {
		s.all = append(s.all, g.samples)
	}
	s.all = append(s.all, digitSignal())
	s.all = append(s.all, meterSignals(t)...)
	return s
}

// row is how much of everything was heard on a line.
type row struct{ tone, speech, pause, answer, beep, digit score }

// Every detector hears what has been through every codec, at every loss, as well as
// docs/hearing.md says.
func TestHearingThroughCodecs(t *testing.T) {
	out := signals(t)
	tones, talks, greetings := out.tones, out.talks, out.greetings
	lines := codecline.Lines()
	heard := codecline.Pass(t, rate, out.all, lines...)
	var table strings.Builder
	table.WriteString("| codec | loss | tones | speech | pauses | human or machine | beeps | digits |\n|---|---|---|---|---|---|---|---|\n")
	for _, line := range lines {
		r := measure(t, line.String(), heard[line], tones, talks, greetings)
		fmt.Fprintf(&table, "| %s | %d | %v | %v | %v | %v | %v | %v |\n", line.Codec, line.Loss, r.tone, r.speech, r.pause, r.answer, r.beep, r.digit)
		for _, c := range []struct {
			what  string
			score score
			least [4]float64 // at each of codecline.Losses
		}{
			{"tones", r.tone, tonesLeast(line.Codec)}, {"speech", r.speech, [4]float64{98, 98, 97, 85}},
			{"pauses", r.pause, [4]float64{98, 98, 97, 95}}, {"answers", r.answer, [4]float64{95, 95, 90, 90}},
			{"beeps", r.beep, [4]float64{95, 75, 75, 35}}, {"digits", r.digit, [4]float64{95, 90, 80, 50}},
		} {
			if least := c.least[slices.Index(codecline.Losses, line.Loss)]; c.score.percent() < least {
				t.Errorf("%v: %v %% of %s were heard, less than %v", line, c.score, c.what, least)
			}
		}
	}
	document(t, "codecs", table.String())
}

// tonesLeast is how many tones must be heard at each loss, in per cent. The concealment of
// G.729 fades tones away.
func tonesLeast(codec string) [4]float64 {
	switch codec {
	case "G729":
		return [4]float64{95, 90, 30, 0}
	case "PCMU", "PCMA", "G722", "opus":
		return [4]float64{95, 95, 95, 90}
	}
	return [4]float64{95, 90, 50, 30}
}

func measure(t testing.TB, line string, heard [][]int16, tones []toneSignal, talks []talk, greetings []greeting) (r row) {
	for i, s := range tones {
		r.tone.add(heardTone(t, s, heard[i], line))
	}
	heard = heard[len(tones):]
	for i, k := range talks {
		speech, pause := heardTalk(k, heard[i])
		r.speech = score{r.speech.right + speech.right, r.speech.of + speech.of}
		r.pause = score{r.pause.right + pause.right, r.pause.of + pause.of}
	}
	heard = heard[len(talks):]
	for i, g := range greetings {
		right, beep := heardAnswer(t, g, heard[i], line)
		r.answer.add(right)
		if g.beep > 0 {
			r.beep.add(beep)
		}
	}
	r.digit = heardDigits(heard[len(greetings)])
	return r
}

// Without a line between, of many voices: who answers, and when that is known.
func TestAnswersOfManyVoices(t *testing.T) {
	var human1, machine1, beep1 score
	n := 0
	for _, v := range voices {
		for _, text := range humans {
			n++
			g := human(t, v, text, n)
			right, _ := heardAnswer(t, g, g.samples, v.name+" "+text)
			human1.add(right)
		}
		for _, text := range machines {
			n++
			g := machine(t, v, text, n)
			right, beep := heardAnswer(t, g, g.samples, v.name+" "+text)
			machine1.add(right)
			beep1.add(beep)
		}
	}
	var person, personBeep score
	for i, names := range recordedMachines {
		g := recordedMachine(t, names, i)
		right, beep := heardAnswer(t, g, g.samples, names)
		person.add(right)
		personBeep.add(beep)
	}
	t.Logf("humans %+v, machines %+v, beeps %+v; of recordings %+v, %+v", human1, machine1, beep1, person, personBeep)
	if person.percent() < 90 || personBeep.percent() < 90 {
		t.Errorf("%v %% of %d recorded machines, of their beeps %v %%", person, person.of, personBeep)
	}
	if human1.percent() < 90 || machine1.percent() < 95 || beep1.percent() < 90 {
		t.Errorf("%v %% of %d humans, %v %% of %d machines and of their beeps %v %%", human1, human1.of, machine1, machine1.of, beep1)
	}
	document(t, "answers", fmt.Sprintf("| what | greetings | right, %% |\n|---|---|---|\n| humans | %d | %v |\n| machines | %d | %v |\n| beeps of these | %d | %v |\n"+
		"| machines, recorded | %d | %v |\n| beeps of these, recorded | %d | %v |\n",
		human1.of, human1, machine1.of, machine1, beep1.of, beep1, person.of, person, personBeep.of, personBeep))
}

// Ten minutes of speech, by eight voices and, half of it, by a person: no digit, no line tone, and
// no beep to speak of.
func TestTalkOff(t *testing.T) {
	long, beeps, falseDigits, falseTones := 0, 0, 0, 0
	listen := func(name string, s []int16) {
		long += len(s)
		if got := dsp.FindDTMF(s, rate); len(got) > 0 {
			falseDigits += len(got)
			t.Errorf("%s: digits %v", name, got)
		}
		if got := dsp.FindLineTones(s, rate); len(got) > 0 {
			falseTones += len(got)
			t.Errorf("%s: tones %v", name, got)
		}
		beeps += len(dsp.FindBeeps(s, rate))
	}
	for i := 0; long < 5*60*rate; i++ {
		v := voices[i%len(voices)]
		listen(v.name, say(t, v, reading(uint64(100+i), 110)))
	}
	names, speech := recordedSpeech(t)
	const every = 4 // of the recordings, which is five minutes
	for i := 0; i < len(names); i += every {
		listen(names[i], speech[i])
	}
	t.Logf("%d s of speech: %d digits, %d tones, %d beeps", long/rate, falseDigits, falseTones, beeps)
	if long < 9*60*rate || beeps > 3 {
		t.Errorf("%d beeps in %d s", beeps, long/rate)
	}
	document(t, "talkoff", fmt.Sprintf("| in %d s of speech by %d voices and a person | heard |\n|---|---|\n| digits | %d |\n| line tones | %d |\n| beeps | %d |\n",
		long/rate, len(voices), falseDigits, falseTones, beeps))
}

// document writes a table of docs/hearing.md when that was asked for.
func document(t testing.TB, name, table string) {
	t.Helper()
	const path = "../../docs/hearing.md"
	if !*update {
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), "<!-- "+name+" -->\n")
	_, after, ended := strings.Cut(rest, "<!-- end -->")
	if !ok || !ended {
		t.Fatalf("%s has no place for the table %q", path, name)
	}
	if err := os.WriteFile(path, []byte(before+"<!-- "+name+" -->\n"+table+"<!-- end -->"+after), 0o666); err != nil {
		t.Fatal(err)
	}
}
