//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func assertIs(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

func TestOpenTwice(t *testing.T) {
	ep := must(Open(Config{}))(t)
	_, err := Open(Config{})
	assertIs(t, err, ErrOpen)
	check(t, ep.Close())
	check(t, ep.Close())
	_, err = ep.Codecs(within(t))
	assertIs(t, err, ErrClosed)
	for range ep.Events() { // closed, when the last has been read
	}
	check(t, must(Open(Config{}))(t).Close())
}

func TestBadInput(t *testing.T) {
	p := newPhone(t, Config{})
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.wav")
	check(t, os.WriteFile(garbage, []byte(strings.Repeat("this is no WAV file ", 50)), 0o600))
	cut := filepath.Join(dir, "cut.wav")
	check(t, os.WriteFile(cut, []byte("RIFF\x00\x00"), 0o600))
	port := p.addr[strings.LastIndex(p.addr, ":")+1:]
	var inUse int
	fmt.Sscan(port, &inUse)
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"missing WAV":     {second(p.NewPlayer(within(t), filepath.Join(dir, "none.wav"), PlayerOptions{})), "none.wav"},
		"garbage WAV":     {second(p.NewPlayer(within(t), garbage, PlayerOptions{})), "garbage.wav"},
		"cut WAV":         {second(p.NewPlayer(within(t), cut, PlayerOptions{})), "cut.wav"},
		"no WAV":          {second(p.NewPlayer(within(t), "", PlayerOptions{})), "play"},
		"no folder":       {second(p.NewRecorder(within(t), filepath.Join(dir, "none", "x.wav"), RecorderOptions{})), "there is no folder"},
		"no .wav":         {second(p.NewRecorder(within(t), filepath.Join(dir, "x.mp3"), RecorderOptions{})), "must end in .wav"},
		"port in use":     {second(p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1", Port: inUse})), "Address already in use"},
		"foreign address": {second(p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "192.0.2.1"})), "192.0.2.1"},
		"no URI":          {second(p.acc.Dial(within(t), "hello world", DialOptions{})), `"hello world"`},
		"empty URI":       {second(p.acc.Dial(within(t), "", DialOptions{})), "URI"},
		"bad header":      {second(p.acc.Dial(within(t), p.uri(), DialOptions{Msg: MsgData{Headers: []Header{{"X", "a\r\nEvil: 1"}}}})), "header"},
		"bad account":     {second(p.AddAccount(within(t), AccountConfig{ID: "alice"})), `"alice"`},
		"bad registrar":   {second(p.AddAccount(within(t), AccountConfig{ID: "sip:a@b", Registrar: "http://x"})), "http://x"},
		"no such codec":   {p.SetCodecOrder(within(t), "PCMU", "MP3"), `no codec "MP3"; there are`},
		"no such port":    {p.Connect(within(t), 99, 98, ConnectOptions{}), "99"},
		"no media":        {p.Connect(within(t), NoPort, 0, ConnectOptions{}), "no audio"},
		"bad code":        {p.Call(1).Answer(within(t), 42, AnswerOptions{}), "42"},
		"no such call":    {p.Call(1).Hangup(within(t), HangupOptions{}), ErrCallGone.Error()},
		"bad level":       {Config{LogLevel: 9, MaxCalls: -1}.Validate(), "MaxCalls"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: error %v, want one with %q", name, tc.err, tc.want)
		}
	}
	_, err := p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1", Port: inUse})
	assertIs(t, err, StatusInUse)
	if ports := must(p.Ports(within(t)))(t); len(ports) != 1 {
		t.Errorf("ports left in the bridge: %v", ports)
	}
}

func second[T any](_ T, err error) error { return err }

// A file that takes no byte: what a full disk is.
func TestRecorderOnFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Logf("no /dev/full on %s: only Linux has a file that is always full", runtime.GOOS)
		return
	}
	p := newPhone(t, Config{})
	path := filepath.Join(t.TempDir(), "full.wav")
	check(t, os.Symlink("/dev/full", path))
	player := must(p.NewPlayer(within(t), toneFile(t, 16000, 1, 440), PlayerOptions{}))(t)
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{}))(t)
	check(t, p.Connect(within(t), player.Port(), rec.Port(), ConnectOptions{}))
	ev := await(p, func(RecorderFailed) bool { return true })
	if ev.Recorder != rec.ID() || ev.Path != path || !strings.Contains(ev.Reason, "No space left") {
		t.Errorf("%+v", ev)
	}
	if err := rec.Close(within(t)); err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("Close: %v", err)
	}
	check(t, player.Close(within(t)))
}

func TestPlayerFinished(t *testing.T) {
	p := newPhone(t, Config{})
	player := must(p.NewPlayer(within(t), toneFile(t, 48000, 1, 440), PlayerOptions{}))(t)
	check(t, p.Connect(within(t), player.Port(), SoundPort, ConnectOptions{Level: 0.5}))
	check(t, p.Connect(within(t), player.Port(), SoundPort, ConnectOptions{})) // again: no error
	info := must(p.PortInfo(within(t), player.Port()))(t)
	if info.ClockRate != 48000 || len(info.Listeners) != 1 || info.Listeners[0] != SoundPort {
		t.Errorf("port %+v", info)
	}
	if ev := await(p, func(PlayerFinished) bool { return true }); ev.Player != player.ID() {
		t.Errorf("%+v", ev)
	}
	check(t, p.Disconnect(within(t), player.Port(), SoundPort))
	check(t, player.Close(within(t)))
}

// Levels, priorities and a new look for devices are taken and can be read back.
func TestSettings(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.SetPortLevels(within(t), SoundPort, 0.5, 2))
	if info := must(p.PortInfo(within(t), SoundPort))(t); info.TXLevel != 0.5 || info.RXLevel != 2 {
		t.Errorf("levels: %+v", info)
	}
	check(t, p.SetCodecPriority(within(t), "GSM", 200))
	for _, c := range must(p.Codecs(within(t)))(t) {
		if want := map[string]int{"PCMU/8000/1": 254, "GSM/8000/1": 200}[c.ID]; c.Priority != want {
			t.Errorf("%s has priority %d, want %d", c.ID, c.Priority, want)
		}
	}
	if err := p.SetCodecPriority(within(t), "GSM", 256); err == nil {
		t.Error("priority 256 was taken")
	}
	before := must(p.Devices(within(t)))(t)
	if change := must(p.RefreshDevices(within(t)))(t); change.Added != nil || change.Removed != nil || change.Lost != nil {
		t.Errorf("%+v", change)
	}
	if after := must(p.Devices(within(t)))(t); !reflect.DeepEqual(before, after) {
		t.Errorf("devices %v, were %v", after, before)
	}
}

// Nobody reads events for the whole life of 200 calls: nothing is lost, nothing waits.
func TestStalledConsumerLosesNothing(t *testing.T) {
	const calls = 100 // each has two ends
	p := newPhone(t, Config{})
	ids := make([]*Call, calls)
	for i := range ids {
		ids[i] = must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	}
	stalled := time.After(5 * time.Second)
	// The library goes on meanwhile: commands return, calls are set up and ended.
	for _, c := range ids {
		if info := must(c.Info(within(t)))(t); info.State == StateDisconnected {
			t.Fatalf("%+v", info)
		}
	}
	for _, c := range ids[:calls/2] {
		check(t, c.Hangup(within(t), HangupOptions{}))
	}
	<-stalled
	for _, c := range ids[calls/2:] {
		check(t, c.Hangup(within(t), HangupOptions{}))
	}
	incoming, ended := 0, map[CallID]int{}
	for len(ended) < 2*calls {
		switch ev := p.next().(type) {
		case IncomingCall:
			incoming++
		case CallEnded:
			ended[ev.Call]++
		case EventsLost:
			t.Fatalf("%+v", ev)
		}
	}
	for i, ev := range p.seen {
		if ev.Header().Seq != uint64(i+1) {
			t.Fatalf("event %d has number %d", i, ev.Header().Seq)
		}
	}
	for id, n := range ended {
		if n != 1 {
			t.Errorf("call %d ended %d times", id, n)
		}
	}
	if incoming != calls {
		t.Errorf("%d incoming calls, want %d", incoming, calls)
	}
}

// A job that is cancelled before it began does not run; one that began is finished.
func TestContextBoundsTheWait(t *testing.T) {
	p := newPhone(t, Config{})
	busy, free := make(chan struct{}), make(chan struct{})
	go func() {
		_ = p.do(context.Background(), func(onThread) error { close(busy); <-free; return nil })
	}()
	<-busy
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := p.Codecs(ctx)
	assertIs(t, err, context.Canceled)
	close(free)
	must(p.Codecs(within(t)))(t)
}

// growthAllowed is by how much 350 cycles may make private memory grow, KB.
var growthAllowed = 4 * 1024

// 500 open/close cycles leak no thread, file handle or growing memory.
func TestOpenCloseCycles(t *testing.T) {
	ctx := context.Background()
	cycle := func() {
		ep := must(Open(Config{}))(t)
		tp := must(ep.AddTransport(ctx, TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}))(t)
		must(ep.AddTransport(ctx, TransportConfig{Type: TCP, BindAddress: "127.0.0.1"}))(t)
		must(ep.AddAccount(ctx, AccountConfig{ID: "sip:a@" + tp.Info().Address, Transport: tp}))(t)
		check(t, ep.Close())
	}
	const rounds, each = 10, 50
	var th, fds int
	var rss []int
	for range rounds {
		for range each {
			cycle()
		}
		runtime.GC()
		rss = append(rss, residentKB())
		if th == 0 { // after the first round Go's thread pool has found its size
			th, fds = threads(), openFiles()
		}
	}
	t.Logf("threads %d -> %d, files %d -> %d, private memory after each %d cycles %d KB", th, threads(), fds, openFiles(), each, rss)
	if n := threads(); n > th+2 {
		t.Errorf("threads: %d, were %d", n, th)
	}
	if n := openFiles(); n > fds {
		t.Errorf("open files: %d, were %d", n, fds)
	}
	// Allocators breathe: the least of the end against the most of the beginning.
	if begin, end := slices.Max(rss[:3]), slices.Min(rss[rounds-3:]); end > begin+growthAllowed {
		t.Errorf("private memory: %d KB, was %d", end, begin)
	}
}

func residentKB() (kb int) {
	data, _ := os.ReadFile("/proc/self/smaps_rollup")
	for line := range strings.Lines(string(data)) {
		if n, _ := fmt.Sscanf(line, "Private_Dirty: %d kB", &kb); n == 1 {
			return kb
		}
	}
	return 0
}

// An endpoint that cannot start leaves nothing behind.
func TestUnreachableRegistrar(t *testing.T) {
	p := newPhone(t, Config{})
	// A socket that nobody answers on.
	silent := must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	addr := silent.LocalAddr().String()
	silent.Close()
	cfg := AccountConfig{ID: "sip:x@" + addr, Registrar: "sip:" + addr + ";transport=tcp"}
	if _, err := p.AddAccount(within(t), cfg); err == nil {
		t.Error("an account without a transport to register by was added")
	}
	must(p.AddTransport(within(t), TransportConfig{Type: TCP, BindAddress: "127.0.0.1"}))(t)
	acc := must(p.AddAccount(within(t), cfg))(t)
	ev := await(p, func(ev RegistrationChanged) bool { return ev.Account == acc.ID() })
	if ev.Registered || ev.Reason == "" {
		t.Errorf("%+v", ev)
	}
}

// With one processor somebody who gives one command after the other leaves room for
// others that give commands or could run.
func TestCommandsLeaveRoom(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	x := newExecutor(hclog.NewNullLogger())
	defer x.stop()
	const users, enough = 32, 300
	var commands [users]atomic.Int64
	var most atomic.Int64
	var done sync.WaitGroup
	for n := range users {
		done.Go(func() {
			for i := range int64(enough) {
				check(t, x.do(context.Background(), func(onThread) error { return nil }))
				commands[n].Store(i + 1)
				if n == 0 {
					for n := range commands {
						most.Store(max(most.Load(), i-commands[n].Load()))
					}
				}
			}
		})
	}
	done.Wait()
	if n := most.Load(); n > enough/2 { // 4 or so
		t.Errorf("one of them was %d commands ahead", n)
	}
}

// What waits for pjsua's thread while pjsua is destroyed does not reach it.
func TestNothingRunsAfterTheLastJob(t *testing.T) {
	x := newExecutor(hclog.NewNullLogger())
	var destroyed, late atomic.Bool
	var users sync.WaitGroup
	begun := make(chan struct{})
	for range 64 {
		users.Go(func() {
			begun <- struct{}{}
			for {
				err := x.do(context.Background(), func(onThread) error {
					late.Store(late.Load() || destroyed.Load())
					return nil
				})
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Errorf("a job that came too late: %v", err)
					}
					return
				}
			}
		})
	}
	for range 64 {
		<-begun
	}
	check(t, x.doLast(func(onThread) error { destroyed.Store(true); return nil }))
	users.Wait()
	if late.Load() {
		t.Error("a job ran after the last one")
	}
}
