// Package codecline passes audio through telephone lines: real calls of package pjsua on
// loopback, with a codec and a loss of packets that the caller chooses. Tests of what hears a
// call use it, so that what they measure is what a codec and its concealment leave.
//
// A line runs as fast as the processor lets it: the clock of the bridge is moved by hand. Which packets
// are lost is the same in each run, and so is what arrives, but for AMR-WB with losses: about every
// third time it is not, and nobody knows why yet. It needs cgo; a process has one endpoint of PJSIP at a
// time, so nothing else of pjsua may be open meanwhile.
package codecline

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// Line is a way that audio takes.
type Line struct {
	Codec string // as in [Codecs]
	Loss  int    // percent of the packets
}

// String is for tables and failed tests: "PCMU, 5 % loss".
func (l Line) String() string { return fmt.Sprintf("%s, %d %% loss", l.Codec, l.Loss) }

// File is the line as part of the name of a file.
func (l Line) File() string {
	return fmt.Sprintf("%s-%d", strings.ToLower(strings.ReplaceAll(l.Codec, "/", "-")), l.Loss)
}

// Losses are the shares of lost packets, in percent, that detectors are measured at.
var Losses = []int{0, 1, 5, 10}

// Lines returns each of the codecs, or every one of [Codecs] when none is given, at each of
// [Losses].
func Lines(codecs ...string) []Line {
	if len(codecs) == 0 {
		codecs = Codecs()
	}
	var lines []Line
	for _, codec := range codecs {
		for _, loss := range Losses {
			lines = append(lines, Line{codec, loss})
		}
	}
	return lines
}

// atOnce is how many lines are up at the same time.
const atOnce = 44

// Pass sends the signals, mono at rate (8000, 16000, 24000 or 48000 Hz), through each of the
// lines, and returns for each of these what arrived, as long as what was sent and
// aligned with it to a few milliseconds. Half a second of silence is between two signals on the line. It fails
// the test when audio is late: then the machine is too busy.
//
// What has been through a line is remembered for the life of the process: it costs nothing
// to ask again, and must not be modified.
func Pass(t testing.TB, rate int, signals [][]int16, lines ...Line) map[Line][][]int16 {
	t.Helper()
	passing.Lock()
	defer passing.Unlock()
	heard := map[Line][][]int16{}
	for part := range slices.Chunk(lines, atOnce) {
		passPart(t, rate, signals, part, heard)
	}
	return heard
}

// Flow is RTP as it was counted where it arrived.
type Flow struct{ Packets, Lost uint64 }

// LossShare is the share of the packets that were sent but did not arrive, from 0 to 1.
func (f Flow) LossShare() float64 {
	if f.Lost == 0 {
		return 0
	}
	return float64(f.Lost) / float64(f.Packets+f.Lost)
}

// Received returns what the two ends of a line have received and lost in all that [Pass] sent in
// this process.
func Received(line Line) Flow {
	passing.Lock()
	defer passing.Unlock()
	return received[line]
}

type passKey struct {
	line Line
	rate int
	sum  uint64 // of the signal
}

var (
	passing sync.Mutex // guards what follows
	passed  = map[passKey][]int16{}
	seed    = maphash.MakeSeed()

	received = map[Line]Flow{}
)

func passPart(t testing.TB, rate int, signals [][]int16, lines []Line, heard map[Line][][]int16) {
	t.Helper()
	key := func(line Line, i int) passKey {
		s := signals[i]
		if len(s) == 0 {
			return passKey{line, rate, 0}
		}
		b := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), 2*len(s))
		return passKey{line, rate, maphash.Bytes(seed, b)}
	}
	var todo []int // the signals that have not been through all of the lines
	for i := range signals {
		if slices.ContainsFunc(lines, func(l Line) bool { return passed[key(l, i)] == nil }) {
			todo = append(todo, i)
		}
	}
	if len(todo) > 0 {
		ways := split(rate, signals, todo)
		from := time.Now()
		arrived := run(t, rate, ways, lines)
		t.Logf("%d signals of %.0f s through %d lines in %.1f s", len(todo), ways[0].seconds(rate)+ways[1].seconds(rate),
			len(lines), time.Since(from).Seconds())
		for n, line := range lines {
			for w, way := range ways {
				got := arrived[n][w]
				delay := way.delay(got, rate)
				for k, i := range way.signals {
					from := way.at[k] + delay
					part := slices.Clone(got[from : from+len(signals[i])])
					passed[key(line, i)] = part
				}
			}
		}
	}
	for _, line := range lines {
		for i := range signals {
			heard[line] = append(heard[line], passed[key(line, i)])
		}
	}
}
