//go:build integration && cgo

package hearing

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

var humans = []string{
	"Hello?", "Yes, hello.", "Miller.", "Good morning, Anna speaking.", "Hi, this is Tom.", "Smith and sons, good afternoon.",
	"Yeah?", "Hello, who is this?", "Doctor Brown's office.", "Hey, what's up?",
}

var machines = []string{
	"Hello, you have reached the Millers. We are not at home right now. Please leave a message after the tone.",
	"Hi, this is Anna. I can't take your call at the moment, so please leave your name and number.",
	"The person you are calling is not available. At the tone, please record your message.",
	"Your call has been forwarded to an automatic voice message system. Please record your message after the beep.",
	"Thank you for calling. Our office is closed. We are open from Monday to Friday, nine to five.",
	"You've reached Tom Baker. Leave me a message and I will call you back as soon as I can. Bye.",
}

// beeps are the tones that follow a machine's greeting.
var beeps = []struct {
	hz   float64
	long time.Duration
}{
	{1000, 500 * time.Millisecond}, {440, 800 * time.Millisecond}, {1400, 200 * time.Millisecond}, {850, time.Second},
	{2000, 120 * time.Millisecond}, {620, 1500 * time.Millisecond},
}

// texts is what is read aloud for ten minutes.
var texts = strings.Fields(`
	the account that you have asked about was opened on the fourteenth of may and has a balance of two hundred and thirty seven
	pounds please hold the line while we look for somebody who can help you our opening hours are from eight to six on weekdays if you
	know the number of the person you want to reach you may dial it at any time for sales press one for support press two to hear this
	again press star seven eight nine four five zero zero three six one the weather today is mostly cloudy with some rain in
	the north and strong winds along the coast later in the evening trains to the airport leave every twenty minutes from platform nine do you
	want me to read the message again we are sorry that nobody could take your call all our people are busy you are number five in
	the queue who knows where the blue moon goes when you do move through two rooms he sees three green trees under the sea`)

// reading is some words of the texts, with an order of its own.
func reading(seed uint64, words int) string {
	r := rand.New(rand.NewPCG(seed, 9))
	var b strings.Builder
	at := r.IntN(len(texts))
	for i := range words {
		b.WriteString(texts[(at+i)%len(texts)])
		if r.IntN(9) == 0 {
			b.WriteString(".")
			at = r.IntN(len(texts))
		}
		b.WriteString(" ")
	}
	return b.String()
}

func silence(d time.Duration) []int16 { return dsp.Silence(rate, d) }

// faintNoise adds the noise of a quiet room.
func faintNoise(s []int16, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 4))
	out := make([]int16, len(s))
	for i, v := range s {
		out[i] = int16(max(-32768, min(float64(v)+12*r.NormFloat64(), 32767)))
	}
	return out
}

// cadence plays a tone as it is defined for a time.
func cadence(d dsp.LineTone, long time.Duration) []int16 {
	var s []int16
	n := int(long.Seconds() * rate)
	for i := 0; len(s) < n; i++ {
		if d.Once && i == len(d.Steps) {
			break
		}
		step := d.Steps[i%len(d.Steps)]
		on := step.On
		if len(d.Steps) == 1 && step.Off == 0 && !d.Once {
			on = long
		}
		s = append(s, dsp.GenerateTone(rate, on, -20, step.Hz...)...)
		s = append(s, silence(step.Off)...)
	}
	return s[:min(n, len(s))]
}

// toneSignal is a line tone with silence around it.
type toneSignal struct {
	dsp.LineTone
	samples []int16
	start   int
}

func toneSignals() (list []toneSignal) {
	for _, want := range []struct {
		country, name string
		long          time.Duration
	}{
		{"US", dsp.ToneDial, 3 * time.Second}, {"US", dsp.ToneRingback, 6 * time.Second}, {"US", dsp.ToneBusy, 3 * time.Second},
		{"US", dsp.ToneCongestion, 2 * time.Second}, {"", dsp.ToneSITVacant, 2 * time.Second}, {"", dsp.ToneSIT, 2 * time.Second},
		{"GB", dsp.ToneRingback, 6 * time.Second}, {"DE", dsp.ToneBusy, 3 * time.Second}, {"DE", dsp.ToneRingback, 6 * time.Second},
		{"IT", dsp.ToneDial, 4 * time.Second}, {"JP", dsp.ToneBusy, 3 * time.Second}, {"", dsp.ToneFaxCNG, 4500 * time.Millisecond},
		{"", dsp.ToneFaxCED, 2500 * time.Millisecond},
	} {
		for _, d := range dsp.LineTones("US", "GB", "DE", "IT", "JP") {
			if d.Country == want.country && d.Name == want.name {
				s := dsp.Concat(silence(300*time.Millisecond), cadence(d, want.long), silence(300*time.Millisecond))
				list = append(list, toneSignal{d, faintNoise(s, 1), rate * 3 / 10})
			}
		}
	}
	return list
}

// talk is sentences with pauses between them, and where each is.
type talk struct {
	samples []int16
	spoken  [][2]int
}

func talks(t testing.TB) (list []talk) {
	for i, sentences := range [][2][]int16{
		{say(t, voices[0], reading(0, 7)), say(t, voices[1], reading(11, 7))},
		{recorded(t, "vm-leavemsg"), recorded(t, "please-try-call-later")},
	} {
		var k talk
		k.samples = silence(time.Second)
		for _, s := range sentences {
			k.spoken = append(k.spoken, [2]int{len(k.samples), len(k.samples) + len(s)})
			k.samples = dsp.Concat(k.samples, s, silence(time.Second))
		}
		k.samples = faintNoise(k.samples, uint64(i))
		list = append(list, k)
	}
	return list
}

// greeting is what answers a call.
type greeting struct {
	by      dsp.Answerer
	samples []int16
	beep    int // where it begins; 0: there is none
}

func human(t testing.TB, v voice, text string, n int) greeting {
	s := dsp.Concat(silence(time.Duration(300+150*(n%5))*time.Millisecond), say(t, v, text), silence(2*time.Second))
	return greeting{dsp.AnswererHuman, faintNoise(s, uint64(n)), 0}
}

func machine(t testing.TB, v voice, text string, n int) greeting {
	b := beeps[n%len(beeps)]
	s := dsp.Concat(silence(time.Duration(400+200*(n%6))*time.Millisecond), say(t, v, text), silence(time.Duration(200+150*(n%4))*time.Millisecond))
	at := len(s)
	s = dsp.Concat(s, dsp.GenerateTone(rate, b.long, -15, b.hz), silence(time.Second))
	return greeting{dsp.AnswererMachine, faintNoise(s, uint64(n)), at}
}

// greetings are those that go through lines.
func greetings(t testing.TB) (list []greeting) {
	for i := range 4 {
		list = append(list, human(t, voices[i], humans[i], i))
	}
	for i := range 3 {
		list = append(list, machine(t, voices[(i+2)%len(voices)], machines[i], i))
	}
	for i, names := range []string{"im-sorry vm-nobodyavail vm-leavemsg", "cannot-complete-as-dialed check-number-dial-again"} {
		list = append(list, recordedMachine(t, names, 3+i))
	}
	return list
}

const digits = "1234567890*#ABCD"

func digitSignal() []int16 {
	low, high := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	s := silence(200 * time.Millisecond)
	for _, d := range digits {
		i := strings.IndexRune("123A456B789C*0#D", d)
		s = dsp.Concat(s, dsp.GenerateTone(rate, 100*time.Millisecond, -16, low[i/4], high[i%4]), silence(100*time.Millisecond))
	}
	return s
}
