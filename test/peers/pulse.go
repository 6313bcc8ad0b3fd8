//go:build linux

package peers

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The sound cards of a [Pulse], by the names under which ALSA lists them. ALSA also lists "default", which is Desk.
const (
	Desk    = "desk"
	Headset = "headset"
	USB     = "usb" // not there until it is plugged in
)

// Pulse is a private PulseAudio whose two sound cards are virtual, for machines that have none. Programs that
// have its environment reach it through ALSA or as PulseAudio clients. ALSA lists exactly the devices default,
// desk and headset, and usb after Plug, which take and give 16-bit mono at 48 kHz and convert from and to what a program asks for.
type Pulse struct {
	Env []string // KEY=VALUE, for the environment of a program that is to use the cards
	Log string   // file with its log

	tb   testing.TB
	dir  string
	proc *process
}

// Speaker is the name of a card's loudspeaker for programs that do not use ALSA, such as those under wine. That of
// a headset is more than Windows has room for.
func Speaker(card string) string { return card + "-reproduktor-žluť-電話" }

// Microphone is the name of a card's microphone for such programs.
func Microphone(card string) string { return card + "-mikrofon" }

// StartPulse starts a PulseAudio, which ends with the test.
func StartPulse(tb testing.TB) *Pulse {
	tb.Helper()
	RequireNetns(tb)
	dir := runDir(tb)
	socket := filepath.Join(dir, "socket")
	p := &Pulse{
		Env: []string{
			"PULSE_SERVER=unix:" + socket,
			"PULSE_COOKIE=" + filepath.Join(dir, "cookie"), // which a client would make in the user's home
			"ALSA_CONFIG_PATH=" + filepath.Join(dir, "asound.conf"),
		},
		Log: filepath.Join(dir, "log"),
		tb:  tb, dir: dir,
	}
	p.configure(Desk, Headset)
	p.proc = startProcess(tb, command{
		name: "pulseaudio", log: p.Log, dir: dir,
		env: []string{"HOME=" + dir, "XDG_RUNTIME_DIR=" + dir, "XDG_CONFIG_HOME=" + dir, "PULSE_SERVER="},
		argv: []string{
			"pulseaudio", "-n", "-F", filepath.Join(dir, "default.pa"), "--daemonize=no", "--use-pid-file=no",
			"--exit-idle-time=-1", "--disallow-exit", "--realtime=no", "--high-priority=yes", "--log-level=notice",
		},
	})
	tb.Cleanup(p.Stop)
	p.proc.waitUp(func() error {
		out, err := p.client("pactl", "list", "short", "sources").CombinedOutput()
		if err == nil && !strings.Contains(string(out), Headset+"_mic") {
			err = fmt.Errorf("its sources are %s", out)
		}
		return err
	})
	return p
}

// Stop ends the PulseAudio, as when a sound server dies during a call. Stopping it twice does nothing.
func (p *Pulse) Stop() {
	p.tb.Helper()
	p.proc.stop()
}

// configure tells the server and ALSA which cards there are.
func (p *Pulse) configure(cards ...string) {
	p.tb.Helper()
	writeConfigs(p.tb, "pulse", p.dir, map[string]any{"Socket": filepath.Join(p.dir, "socket"), "Cards": cards})
}

// Plug adds the card USB, as when one is plugged in: ALSA finds it when it looks again. ALSA's library looks at the
// seconds of its configuration's age, so the first second of a Pulse is too early.
func (p *Pulse) Plug() {
	p.tb.Helper()
	const card = USB
	const mono = "format=s16le rate=48000 channels=1 channel_map=mono"
	for _, module := range []string{
		"module-null-sink sink_name=" + card + "_out " + mono,
		"module-null-sink sink_name=" + card + "_in " + mono,
		"module-remap-source source_name=" + card + "_mic master=" + card + "_in.monitor " + mono,
	} {
		p.load(module)
	}
	p.configure(Desk, Headset, card)
}

// Echo lets the microphone of card hear its speaker, as in a room, until the test ends.
func (p *Pulse) Echo(card string) {
	p.tb.Helper()
	p.load("module-loopback latency_msec=40 source=" + card + "_out.monitor sink=" + card + "_in")
}

func (p *Pulse) load(module string) {
	p.tb.Helper()
	args := append([]string{"load-module"}, strings.Fields(module)...)
	if out, err := p.client("pactl", args...).CombinedOutput(); err != nil {
		p.tb.Fatalf("pactl %s: %v: %s", module, err, out)
	}
}

// Setenv makes this process use the cards, until the test ends. It must come before ALSA is used first.
func (p *Pulse) Setenv() {
	for _, kv := range p.Env {
		k, v, _ := strings.Cut(kv, "=")
		p.tb.Setenv(k, v)
	}
}

// client is a command that talks to this server.
func (p *Pulse) client(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), p.Env...)
	return cmd
}

// Speak plays a WAV file once into the microphone of card. It goes on until the file or the test ends.
func (p *Pulse) Speak(card, wav string) {
	p.tb.Helper()
	p.play(card+"_in", wav)
}

// play plays a WAV file to a sink.
func (p *Pulse) play(sink, wav string) {
	p.tb.Helper()
	// Half a second is queued in the server, so that a busy machine makes no gaps.
	cmd := p.client("paplay", "--device="+sink, "--latency-msec=500", wav)
	proc := startProcess(p.tb, command{
		name: "paplay", log: filepath.Join(p.dir, "paplay.log"), dir: p.dir, env: cmd.Env, argv: cmd.Args, ends: true,
	})
	p.tb.Cleanup(proc.stop)
}

// Hear records what is played on card for d, as 16-bit mono at rate. It returns when d has passed; when nothing
// is played the samples are 0.
func (p *Pulse) Hear(card string, rate int, d time.Duration) []int16 {
	p.tb.Helper()
	return p.record(card+"_out.monitor", rate, d)
}

// record reads from a source.
func (p *Pulse) record(source string, rate int, d time.Duration) []int16 {
	p.tb.Helper()
	cmd := p.client("parec", "--device="+source, "--latency-msec=200",
		"--raw", "--format=s16le", "--channels=1", "--rate="+strconv.Itoa(rate))
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	// When the server hangs, so does parec: its end ends the reading.
	watchdog := time.AfterFunc(d+upDeadline, func() { cmd.Process.Kill() })
	defer watchdog.Stop()
	b := make([]byte, 2*int(int64(rate)*d.Milliseconds()/1000))
	_, err = io.ReadFull(out, b)
	cmd.Process.Kill()
	cmd.Wait() // it was killed
	if err != nil {
		p.tb.Fatalf("parec of %s: %v", source, err)
	}
	s := make([]int16, len(b)/2)
	for i := range s {
		s[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}
