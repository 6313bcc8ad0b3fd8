//go:build cgo

package pjsua

import (
	"slices"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// levelsOf reads a second, after what was under way, and measures each tone.
func levelsOf(t testing.TB, a *Audio, hz ...float64) []float64 {
	t.Helper()
	listen(t, a, int(a.Stats().Buffered)+a.Rate()/2)
	// Ten times, since a loaded machine lets a packet come too late now and then.
	samples, part := listen(t, a, a.Rate()), a.Rate()/10
	levels := make([]float64, len(hz))
	for i, f := range hz {
		var list []float64
		for at := 0; at < len(samples); at += part {
			list = append(list, dsp.Goertzel(samples[at:at+part], a.Rate(), f))
		}
		slices.Sort(list)
		levels[i] = list[len(list)/2]
	}
	return levels
}

// near fails unless the levels are these, in dBov; silent stands for none.
const silent = -200

func near(t testing.TB, what string, got []float64, want ...float64) {
	t.Helper()
	t.Logf("%s: %.1f", what, got)
	for i, w := range want {
		if w == silent && got[i] < -50 || got[i] > w-1 && got[i] < w+1 {
			continue
		}
		t.Errorf("%s: %.1f, want %.1f", what, got, want)
		return
	}
}

// Three in a room: calls to ourselves, whose far ends speak and listen.
func TestRoom(t *testing.T) {
	p := newPhone(t, Config{})
	room := p.NewRoom()
	hz := []float64{500, 900, 1300} // a tenth of a second has whole periods
	var calls []pair
	var far []*Audio
	for i := range 3 {
		c := p.connect()
		a := must(c.in.Audio(within(t), 16000, AudioOptions{}))(t)
		playTone(t, a, hz[i])
		check(t, room.Join(within(t), c.out, JoinOptions{}))
		calls, far = append(calls, c), append(far, a)
	}
	assertIs(t, room.Join(within(t), calls[0].out, JoinOptions{}), ErrInRoom)
	near(t, "first hears", levelsOf(t, far[0], hz...), silent, -15, -15)
	near(t, "second hears", levelsOf(t, far[1], hz...), -15, silent, -15)
	near(t, "third hears", levelsOf(t, far[2], hz...), -15, -15, silent)

	// One of the two that the third hears at half the amplitude, the other not at all.
	check(t, room.SetLevel(within(t), calls[0].out, calls[2].out, 0.5))
	check(t, room.SetLevel(within(t), calls[1].out, calls[2].out, 0))
	near(t, "third hears less", levelsOf(t, far[2], hz...), -21, silent, silent)
	near(t, "second hears as before", levelsOf(t, far[1], hz...), -15, silent, -15)
	check(t, room.SetLevel(within(t), calls[0].out, calls[2].out, 1))
	check(t, room.SetLevel(within(t), calls[1].out, calls[2].out, 1))

	// The third whispers to the first, also when somebody joins.
	check(t, room.Whisper(within(t), calls[2].out, calls[0].out))
	bot := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t)
	check(t, room.Join(within(t), bot, JoinOptions{Muted: true}))
	near(t, "first hears the whisper", levelsOf(t, far[0], hz...), silent, -15, -15)
	near(t, "second does not", levelsOf(t, far[1], hz...), -15, silent, silent)
	near(t, "nor the bot", levelsOf(t, bot, hz...), -15, -15, silent)
	near(t, "third hears all", levelsOf(t, far[2], hz...), -15, -15, silent)
	check(t, room.Speak(within(t), calls[2].out))
	near(t, "second hears the third again", levelsOf(t, far[1], hz...), -15, silent, -15)

	// A call that ends leaves; the others go on, and hold does not part them.
	p.hangup(calls[1])
	p.offer(func() error { return calls[0].out.Hold(within(t), HoldOptions{}) })
	for range 2 {
		await(p, func(CallMediaChanged) bool { return true })
	}
	p.offer(func() error { return calls[0].out.Resume(within(t), ReinviteOptions{}) })
	for range 2 {
		await(p, func(CallMediaChanged) bool { return true })
	}
	near(t, "first hears after hold", levelsOf(t, far[0], hz...), silent, silent, -15)
	near(t, "third hears after hold", levelsOf(t, far[2], hz...), -15, silent, silent)
	if m := must(room.Members(within(t)))(t); len(m) != 3 {
		t.Errorf("%d members, not two calls and the bot", len(m))
	}
	check(t, bot.Close())
	check(t, room.Leave(within(t), calls[0].out))
	if m := must(room.Members(within(t)))(t); len(m) != 1 {
		t.Errorf("%d members, not one call", len(m))
	}
	assertIs(t, room.SetLevel(within(t), calls[0].out, calls[2].out, 1), ErrNotInRoom)
	near(t, "third is alone", levelsOf(t, far[2], hz...), silent, silent, silent)
	check(t, room.Close(within(t)))
	p.hangup(calls[0])
	p.hangup(calls[2])
	assertIs(t, room.Join(within(t), calls[0].out, JoinOptions{}), ErrCallGone)
	assertIs(t, room.Join(within(t), bot, JoinOptions{}), ErrPortGone)
	p.noConnections()
}

// noConnections waits until the connections have ended that belonged to calls: they follow
// CallEnded.
func (p *phone) noConnections() {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		n := 0
		check(p.t, p.do(within(p.t), func(onThread) error { n = len(p.conns.all); return nil }))
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d connections are left", n)
		}
	}
}

// A connection to a port that is gone, and to what took its slot, is refused.
func TestConnectionNeverReachesAReusedPort(t *testing.T) {
	p := newPhone(t, Config{})
	src := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t)
	first := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t)
	conn := must(p.KeepConnected(within(t), src, first, ConnectOptions{}))(t)
	_, err := p.KeepConnected(within(t), src, first, ConnectOptions{})
	assertIs(t, err, ErrConnected)
	check(t, first.Close())
	// The bridge gives slots again, the last that was free first.
	second := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t)
	if a, b := first.Port().port(), second.Port().port(); a.slot != b.slot || a == b {
		t.Fatalf("the slot was not used again: %v, %v", a, b)
	}
	assertIs(t, p.Connect(within(t), src.Port(), first.Port(), ConnectOptions{}), ErrPortGone)
	assertIs(t, p.Disconnect(within(t), src.Port(), first.Port()), ErrPortGone)
	assertIs(t, p.SetPortLevels(within(t), first.Port(), 0, 0), ErrPortGone)
	_, err = p.PortInfo(within(t), first.Port())
	assertIs(t, err, ErrPortGone)
	_, err = p.KeepConnected(within(t), src, first, ConnectOptions{})
	assertIs(t, err, ErrPortGone)
	assertIs(t, conn.SetLevel(within(t), 0.5), ErrPortGone)
	check(t, conn.Close(within(t)))
	go func() { _, _ = src.WriteSamples(noise(16000)) }()
	for _, s := range listen(t, second, 8000) {
		if s != 0 {
			t.Fatal("what took the slot hears the connection")
		}
	}
	check(t, src.SetWriteDeadline(time.Now()))
}

// Calls that end while they are connected leave nothing behind.
func TestConnectionsOfEndingCalls(t *testing.T) {
	p := newPhone(t, Config{})
	var audios []*Audio
	for range 10 {
		c := p.connect()
		done := make(chan *Audio)
		go func() {
			a, err := c.out.Audio(within(t), 8000, AudioOptions{})
			if err != nil {
				assertIs(t, err, ErrCallGone)
			}
			done <- a
		}()
		p.hangup(c)
		if a := <-done; a != nil {
			audios = append(audios, a)
		}
	}
	for _, a := range audios {
		for buf := make([]int16, 800); ; {
			if _, err := a.ReadSamples(buf); err != nil {
				break
			}
		}
	}
	p.portsLeft(1)
	if n := len(p.conns.all) + len(p.conns.calls); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	for _, a := range audios {
		check(t, a.Close())
	}
}
