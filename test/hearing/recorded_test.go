//go:build integration && cgo

package hearing

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// recordedDir is where Debian's asterisk-core-sounds-en-wav has its recordings of a person.
const recordedDir = "/usr/share/asterisk/sounds/en_US_f_Allison"

// recorded joins recordings, by the names that Asterisk has for them, at a level of -20 dBov with
// nothing before and after it.
func recorded(t testing.TB, names string) []int16 {
	t.Helper()
	var s []int16
	for _, name := range strings.Fields(names) {
		s = append(s, readRecording(t, filepath.Join(recordedDir, name+".wav"))...)
	}
	return level(trim(s), -20)
}

func readRecording(t testing.TB, path string) []int16 {
	t.Helper()
	a, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatalf("%v (test/peers/install.sh installs it)", err)
	}
	if a.Rate != rate {
		t.Fatalf("%s: %d Hz", path, a.Rate)
	}
	return a.Channel(0)
}

// recordedMachines are greetings of voicemail and of networks that nobody can be reached in, as
// Asterisk puts them together.
var recordedMachines = []string{
	"vm-theperson digits/2 digits/0 digits/1 vm-isunavail vm-intro", "vm-theperson digits/7 digits/4 digits/5 vm-isonphone vm-intro",
	"vm-nobodyavail vm-intro", "im-sorry vm-nobodyavail vm-leavemsg", "vm-extension digits/1 digits/0 digits/9 is-in-use vm-intro",
	"im-sorry number-not-answering please-try-call-later", "cannot-complete-as-dialed check-number-dial-again", "pbx-invalid",
	"ss-noservice", "tt-allbusy", "vm-mailboxfull vm-goodbye", "demo-nogo", "basic-pbx-ivr-main", "privacy-unident",
	"call-fwd-no-ans followme/sorry", "all-circuits-busy-now please-try-call-later",
}

// recordedMachine is one of them, with the beep that Asterisk has.
func recordedMachine(t testing.TB, names string, n int) greeting {
	s := dsp.Concat(silence(time.Duration(400+200*(n%6))*time.Millisecond), recorded(t, names), silence(300*time.Millisecond))
	at := len(s)
	s = dsp.Concat(s, level(trim(readRecording(t, filepath.Join(recordedDir, "beep.wav"))), -15), silence(time.Second))
	return greeting{dsp.AnswererMachine, faintNoise(s, uint64(n)), at}
}

// recordedSpeech returns what the recordings say, but for those that are no speech, one by one.
func recordedSpeech(t testing.TB) (names []string, all [][]int16) {
	t.Helper()
	err := filepath.WalkDir(recordedDir, func(path string, d fs.DirEntry, err error) error {
		name := strings.TrimSuffix(d.Name(), ".wav")
		switch {
		case err != nil:
			return err
		case d.IsDir() && name == "silence":
			return fs.SkipDir
		case d.IsDir() || name == d.Name(), strings.HasSuffix(name, "2tone"), strings.HasPrefix(name, "beep"), name == "tt-monkeys",
			name == "confbridge-join", name == "confbridge-leave":
			return nil
		}
		names = append(names, name)
		all = append(all, level(trim(readRecording(t, path)), -20))
		return nil
	})
	if err != nil {
		t.Fatalf("%v (test/peers/install.sh installs it)", err)
	}
	return names, all
}
