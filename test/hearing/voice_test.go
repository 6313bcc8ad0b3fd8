//go:build integration && cgo

package hearing

import (
	"bytes"
	"math"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

const rate = 8000 // Hz, of everything here

// voice is one of espeak-ng's.
type voice struct {
	name         string
	speed, pitch int
}

var voices = []voice{
	{"en-us", 165, 45}, {"en-us+f2", 175, 55}, {"en-gb+m3", 150, 35}, {"en-gb+f4", 185, 60}, {"en-gb-scotland+m1", 160, 50},
	{"en-us+m7", 190, 40}, {"en-gb-x-rp+f3", 155, 65}, {"en-us+f5", 170, 48},
}

var (
	speaking sync.Mutex
	spoken   = map[string][]int16{}
)

// say has espeak-ng say a text, at a level of -20 dBov with nothing before and after it.
func say(t testing.TB, v voice, text string) []int16 {
	t.Helper()
	speaking.Lock()
	defer speaking.Unlock()
	key := v.name + strconv.Itoa(v.speed) + "/" + strconv.Itoa(v.pitch) + text
	if s, ok := spoken[key]; ok {
		return s
	}
	program, err := exec.LookPath("espeak-ng")
	if err != nil {
		t.Fatalf("espeak-ng, which is to speak, is missing: test/peers/install.sh installs it: %v", err)
	}
	var out, msg bytes.Buffer
	cmd := exec.Command(program, "--stdout", "-v", v.name, "-s", strconv.Itoa(v.speed), "-p", strconv.Itoa(v.pitch), text)
	cmd.Stdout, cmd.Stderr = &out, &msg
	if err := cmd.Run(); err != nil {
		t.Fatalf("espeak-ng -v %s: %v: %s", v.name, err, msg.String())
	}
	audio, err := wav.Decode(out.Bytes())
	if err != nil {
		t.Fatalf("espeak-ng -v %s: %v", v.name, err)
	}
	s := level(trim(wav.Resample(audio.Mono(), audio.Info.Rate, rate)), -20)
	spoken[key] = s
	return s
}

// trim takes what is nearly silent off both ends.
func trim(s []int16) []int16 {
	loud := func(v int16) bool { return v > 200 || v < -200 }
	for len(s) > 0 && !loud(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && !loud(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// level brings samples to a mean level in dBov.
func level(s []int16, to float64) []int16 {
	var sum float64
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	g := math.Pow(10, to/20) * 32768 / math.Sqrt(sum/float64(max(1, len(s))))
	out := make([]int16, len(s))
	for i, v := range s {
		out[i] = int16(max(-32768, min(float64(v)*g, 32767)))
	}
	return out
}
