package runner

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Failure is an expectation that was not met, in a tester's words.
type Failure struct {
	Expected string // "prompt welcome.wav within 4 s"
	Heard    string // "2.1 s of silence, then something 31 % like it", "486 Busy Here"
	listened bool   // Heard is what was heard
}

func (f *Failure) Error() string {
	verb := "got "
	switch first, _, _ := strings.Cut(f.Heard, " "); {
	case f.Heard == "":
		return "expected " + f.Expected
	case f.listened:
		verb = "heard "
	case slices.Contains([]string{"the", "no", "we", "it", "packets", "only"}, first):
		verb = ""
	}
	return "expected " + f.Expected + "; " + verb + f.Heard
}

// failed makes a Failure. What was heard begins with that word, which reports have of their own.
func failed(expected, heard string) error {
	rest, listened := strings.CutPrefix(heard, "heard ")
	return &Failure{Expected: expected, Heard: rest, listened: listened}
}

// seconds gives "4 s", "2.1 s", "250 ms".
func seconds(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d >= time.Second || d == 0:
		return strconv.FormatFloat(math.Round(d.Seconds()*10)/10, 'f', -1, 64) + " s"
	}
	return strconv.FormatFloat(math.Round(float64(d)/float64(time.Millisecond)), 'f', -1, 64) + " ms"
}

func within(d time.Duration) string { return "within " + seconds(d) }

// status gives "486 Busy Here".
func status(code int, reason string) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + reason)
}
