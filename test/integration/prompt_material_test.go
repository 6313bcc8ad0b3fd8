//go:build integration && linux

package integration

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Prompts as IVRs have them, and what may be played in their place.

// lineRate is that of the audio on the line, in Hz.
const lineRate = 16000

// spokenTexts are prompts, each with what stands in it for {} and what is another word there.
var spokenTexts = []struct{ text, word, other string }{
	{"For sales, press {}. For support, press one.", "two", "three"},
	{"Welcome to the bank. Press one for your balance, press {} to send money, press three to speak to somebody.", "two", "four"},
	{"Our office is {}. Please call again between nine and five.", "closed", "open"},
	{"We are open from Monday to {}, from eight in the morning to six in the evening.", "Friday", "Thursday"},
	{"Please enter your {} digit PIN, followed by the pound key.", "four", "six"},
	{"Please enter your {} number.", "account", "order"},
	{"Sorry, that is not a valid {}. Please try again.", "choice", "number"},
	{"Thank you for {}. Goodbye.", "calling", "waiting"},
	{"All our agents are busy. Your {} is important to us, please hold the line.", "call", "time"},
	{"You are caller number {} in the queue.", "seven", "five"},
	{"Nobody can take your call right now. Please leave a {} after the tone.", "message", "number"},
	{"For English, press one. For {}, press nine.", "German", "Spanish"},
	{"One moment please, you are being transferred to the {} department.", "billing", "sales"},
	{"Your balance is one hundred and {} two dollars and six cents.", "forty", "thirty"},
	{"You have entered three, one, {}. If this is right, press one.", "eight", "four"},
	{"This call {} be recorded for training.", "may", "will"},
	{"Your appointment is on Tuesday the fourth of {}, at half past ten.", "May", "June"},
	{"The door on the second floor is {}.", "locked", "open"},
	{"To {} a prescription, press five, or stay on the line to talk to a pharmacist.", "refill", "cancel"},
	{"Your parcel left our warehouse this {} and will be with you tomorrow.", "morning", "evening"},
	{"Our opening hours are {} to five.", "nine", "ten"},
	{"The next train to the {} leaves in four minutes.", "airport", "harbour"},
}

// spokenVoices are voices of espeak-ng. Each differs from the next in the list.
var spokenVoices = []string{"en-us", "en-gb+f2", "en-us+f3", "en-us+m3", "en-gb-x-rp", "en-gb-scotland"}

// recordedPieces are prompts of recordings of a person, by the names that Asterisk has for them,
// with those of another word, and the words for another voice.
var recordedPieces = []struct{ pieces, other, text string }{
	{"vm-num-i-have digits/2 digits/5 digits/8 if-correct-press digits/1", "vm-num-i-have digits/2 digits/6 digits/8 if-correct-press digits/1",
		"The number I have is two five eight. If this is correct, press one."},
	{"vm-received digits/day-1 digits/at digits/9 digits/a-m", "vm-received digits/day-2 digits/at digits/9 digits/a-m",
		"Message received Monday at nine a m."},
	{"vm-received digits/day-3 digits/at digits/4 digits/p-m", "vm-received digits/day-3 digits/at digits/5 digits/p-m",
		"Message received Wednesday at four p m."},
	{"vm-youhave digits/3 vm-INBOX vm-messages", "vm-youhave digits/2 vm-INBOX vm-messages", "You have three new messages."},
	{"vm-youhave digits/7 vm-INBOX vm-messages", "vm-youhave digits/7 vm-Old vm-messages", "You have seven new messages."},
	{"vm-extension digits/1 digits/0 digits/9 is-in-use", "vm-extension digits/1 digits/0 digits/5 is-in-use", "Extension one zero nine is in use."},
	{"queue-thereare digits/6 queue-callswaiting", "queue-thereare digits/8 queue-callswaiting", "You are currently caller number six waiting to be answered."},
	{"vm-onefor vm-INBOX vm-messages", "vm-onefor vm-Old vm-messages", "Press one for new messages."},
	{"vm-enter-num-to-call vm-then-pound", "vm-enter-num-to-call astcc-followed-by-the-pound-key",
		"Please enter the number you wish to call, then press pound."},
	{"queue-holdtime digits/5 queue-minutes queue-thankyou", "queue-holdtime digits/9 queue-minutes queue-thankyou",
		"The estimated hold time is currently five minutes. Thank you for your patience."},
}

// Where Debian's packages of Asterisk's recordings and of its music are.
const (
	recordedDir = "/usr/share/asterisk/sounds/en_US_f_Allison"
	musicDir    = "/usr/share/asterisk/moh"
)

// A promptCase is something that may be heard where a prompt is expected.
type promptCase struct {
	name  string
	alike bool // it is the prompt
}

var promptCases = []promptCase{
	{"the same", true},
	{"10 dB softer", true},
	{"ringback before it", true},
	{"noise 20 dB below it", true},
	{"other speech after it", true},
	{"another word", false},
	{"another voice", false},
	{"cut by 1 s at its start", false},
	{"cut by 1 s at its end", false},
	{"music", false},
	{"another prompt", false},
	{"silence", false},
}

// A promptSubject is a prompt and all that may be heard for it.
type promptSubject struct {
	name  string
	rate  int // of samples
	ref   []int16
	word  []int16 // with another word, at lineRate as all that follows
	voice []int16 // by another voice
	other []int16 // another prompt
	music []int16 // as long as it is
}

// promptSubjects makes all prompts: with espeak-ng, and of recordings.
func promptSubjects(t *testing.T) []promptSubject {
	t.Helper()
	var list []promptSubject
	for i, s := range spokenTexts {
		voice, another := spokenVoices[i%len(spokenVoices)], spokenVoices[(i+1)%len(spokenVoices)]
		text := strings.Replace(s.text, "{}", s.word, 1)
		ref := speak(t, voice, text)
		list = append(list, promptSubject{
			name: text, rate: ref.Rate, ref: ref.Samples,
			word:  onLine(speak(t, voice, strings.Replace(s.text, "{}", s.other, 1))),
			voice: onLine(speak(t, another, text)),
		})
	}
	for i, s := range recordedPieces {
		ref := recorded(t, s.pieces)
		list = append(list, promptSubject{
			name: s.text, rate: ref.Rate, ref: ref.Samples,
			word:  onLine(recorded(t, s.other)),
			voice: onLine(speak(t, spokenVoices[i%len(spokenVoices)], s.text)),
		})
	}
	music := []string{"macroform-cold_day", "manolo_camp-morning_coffee", "reno_project-system", "macroform-robot_dity"}
	var tracks []*dsp.Audio
	for _, name := range music {
		tracks = append(tracks, readSpeech(t, filepath.Join(musicDir, name+".wav")))
	}
	for i := range list {
		s := &list[i]
		next := &list[(i+7)%len(list)]
		s.other = onLine(&dsp.Audio{Rate: next.rate, Channels: 1, Samples: next.ref})
		track := tracks[i%len(tracks)]
		long := time.Duration(len(s.ref)) * time.Second / time.Duration(s.rate)
		from := time.Duration(5+7*i) * time.Second % (track.Duration() - 10*time.Second)
		s.music = atLevel(onLine(track.Slice(from, from+long)), -20)
	}
	return list
}

// heard returns what is on the line in a case.
func (s *promptSubject) heard(c promptCase, seed uint64) []int16 {
	same := onLine(&dsp.Audio{Rate: s.rate, Channels: 1, Samples: s.ref})
	quiet := func(d time.Duration) []int16 { return dsp.Silence(lineRate, d) }
	second := min(lineRate, len(same)/2)
	x := same
	switch c.name {
	case "10 dB softer":
		x = scaled(same, -10)
	case "ringback before it":
		x = dsp.Concat(dsp.GenerateTone(lineRate, time.Second, -19, 440, 480), quiet(200*time.Millisecond), same)
	case "noise 20 dB below it":
		return addNoise(dsp.Concat(quiet(400*time.Millisecond), same, quiet(400*time.Millisecond)), level(same)-20, seed)
	case "other speech after it":
		x = dsp.Concat(same, quiet(200*time.Millisecond), s.voice)
	case "another word":
		x = s.word
	case "another voice":
		x = s.voice
	case "cut by 1 s at its start":
		x = same[second:]
	case "cut by 1 s at its end":
		x = same[:len(same)-second]
	case "music":
		x = s.music
	case "another prompt":
		x = s.other
	case "silence":
		x = make([]int16, len(same))
	}
	return dsp.Concat(quiet(400*time.Millisecond), x, quiet(400*time.Millisecond))
}

// speak has espeak-ng say a text, without silence at the ends.
func speak(t *testing.T, voice, text string) *dsp.Audio {
	t.Helper()
	path := filepath.Join(t.TempDir(), "speech.wav")
	if out, err := exec.Command("espeak-ng", "-v", voice, "-w", path, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v: %s (test/peers/install.sh installs it)", err, out)
	}
	a := readSpeech(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return trimmed(a)
}

// recorded joins pieces of Asterisk's recordings.
func recorded(t *testing.T, pieces string) *dsp.Audio {
	t.Helper()
	all := &dsp.Audio{Rate: 8000, Channels: 1}
	for _, p := range strings.Fields(pieces) {
		a := readSpeech(t, filepath.Join(recordedDir, p+".wav"))
		all.Samples = append(all.Samples, a.Samples...)
	}
	return trimmed(all)
}

func readSpeech(t *testing.T, path string) *dsp.Audio {
	t.Helper()
	a, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatalf("%v (test/peers/install.sh installs it)", err)
	}
	return &dsp.Audio{Rate: a.Rate, Channels: 1, Samples: a.Channel(0)}
}

// trimmed is a without what is softer than -60 dBov at its ends, at a level of -20 dBov, which
// no codec clips.
func trimmed(a *dsp.Audio) *dsp.Audio {
	const softest = 33
	from, to := 0, len(a.Samples)
	for from < to && max(a.Samples[from], -a.Samples[from]) < softest {
		from++
	}
	for from < to && max(a.Samples[to-1], -a.Samples[to-1]) < softest {
		to--
	}
	return &dsp.Audio{Rate: a.Rate, Channels: 1, Samples: atLevel(a.Samples[from:to], -20)}
}

// onLine is the audio at lineRate.
func onLine(a *dsp.Audio) []int16 { return wav.Resample(a.Samples, a.Rate, lineRate) }

func atLevel(x []int16, to float64) []int16 { return scaled(x, to-level(x)) }

func scaled(x []int16, db float64) []int16 {
	out, by := make([]int16, len(x)), math.Pow(10, db/20)
	for i, v := range x {
		out[i] = int16(max(-32768, min(math.Round(by*float64(v)), 32767)))
	}
	return out
}

// addNoise adds white noise at a level in dBov.
func addNoise(x []int16, level float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 1))
	out, a := make([]int16, len(x)), 32768*math.Pow(10, level/20)
	for i, v := range x {
		out[i] = int16(max(-32768, min(math.Round(float64(v)+a*r.NormFloat64()), 32767)))
	}
	return out
}

// TestPromptMaterial: the prompts are as long as prompts are, and each case is another one.
func TestPromptMaterial(t *testing.T) {
	list := promptSubjects(t)
	if len(list) < 30 {
		t.Errorf("%d prompts", len(list))
	}
	for _, s := range list {
		if d := float64(len(s.ref)) / float64(s.rate); d < 1 || d > 8 {
			t.Errorf("%.1f s: %s", d, s.name)
		}
		var heard [][]int16
		for _, c := range promptCases {
			x := s.heard(c, 1)
			if i := slices.IndexFunc(heard, func(o []int16) bool { return slices.Equal(o, x) }); i >= 0 {
				t.Errorf("%s: %s is %s", s.name, c.name, promptCases[i].name)
			}
			heard = append(heard, x)
		}
	}
}
