//go:build cgo

package pjsua

import (
	"io"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// tone plays hz into a until the test ends; Write blocks in the pace of the bridge.
func playTone(t testing.TB, a *Audio, hz float64) {
	t.Helper()
	samples := dsp.GenerateTone(a.Rate(), time.Second, -15, hz) // whole periods: it loops
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := a.WriteSamples(samples); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		a.Close()
		<-done
	})
}

// hears fails unless what is read now is the tone hz.
func hears(t testing.TB, what string, a *Audio, hz float64) {
	t.Helper()
	listen(t, a, a.Rate()/2) // what was under way
	got := dsp.ClearestTone(listen(t, a, a.Rate()), a.Rate(), 500*time.Millisecond)
	t.Logf("%s: %+v", what, got)
	if got.Hz < hz-2 || got.Hz > hz+2 || got.Level < -17 || got.Level > -13 {
		t.Errorf("%s: heard %+v, want %v Hz", what, got, hz)
	}
}

func TestCallAudioBothWays(t *testing.T) {
	p := newPhone(t, Config{})
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		c := p.connect()
		out := must(c.out.Audio(within(t), rate, AudioOptions{}))(t)
		in := must(c.in.Audio(within(t), rate, AudioOptions{}))(t)
		playTone(t, out, 440)
		playTone(t, in, 1000)
		hears(t, "callee", in, 440)
		hears(t, "caller", out, 1000)
		p.hangup(c)
		// What is buffered is read, then the end.
		for _, a := range []*Audio{out, in} {
			var err error
			for buf := make([]int16, 1000); err == nil; {
				_, err = a.ReadSamples(buf)
			}
			if err != io.EOF {
				t.Errorf("read after the end: %v", err)
			}
			_, err = a.WriteSamples([]int16{1})
			assertIs(t, err, ErrCallGone)
			check(t, a.Close())
		}
		_, err := c.out.Audio(within(t), rate, AudioOptions{})
		assertIs(t, err, ErrCallGone)
	}
	p.portsLeft(1)
}

// portsLeft waits until the bridge has n ports.
func (p *phone) portsLeft(n int) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		ports := must(p.Ports(within(p.t)))(p.t)
		if len(ports) == n {
			return
		}
		if time.Now().After(deadline) {
			p.t.Errorf("ports in the bridge: %v, want %d", ports, n)
			return
		}
	}
}

// An Audio that is made before the call has media is connected when it has, and again
// when hold and another codec give the call another port.
func TestCallAudioFollowsMedia(t *testing.T) {
	p := newPhone(t, Config{})
	call := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	out := must(call.Audio(within(t), 16000, AudioOptions{}))(t)
	inc := await(p, func(IncomingCall) bool { return true })
	callee := p.Call(inc.Call)
	in := must(callee.Audio(within(t), 16000, AudioOptions{}))(t)
	playTone(t, out, 440)
	playTone(t, in, 1000)
	check(t, callee.Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == call.ID() && ev.State == StateConfirmed })
	hears(t, "callee after the answer", in, 440)
	hears(t, "caller after the answer", out, 1000)

	media := func() {
		for range 2 {
			await(p, func(CallMediaChanged) bool { return true })
		}
	}
	p.offer(func() error { return call.Hold(within(t), HoldOptions{}) })
	media()
	p.offer(func() error { return call.Resume(within(t), ReinviteOptions{}) })
	media()
	hears(t, "callee after hold", in, 440)
	hears(t, "caller after hold", out, 1000)

	check(t, p.SetCodecOrder(within(t), "L16/16000/1"))
	p.offer(func() error { return call.Reinvite(within(t), ReinviteOptions{}) })
	media()
	if info := must(call.Info(within(t)))(t); info.Media[0].Codec != "L16/16000" {
		t.Errorf("codec %+v", info.Media)
	}
	hears(t, "callee with another codec", in, 440)
	hears(t, "caller with another codec", out, 1000)
	p.hangup(pair{out: call, in: callee})
	check(t, out.Close())
	check(t, in.Close())
	p.portsLeft(1)
}

// Before the answer both sides are heard: the callee's announcement, and the caller.
func TestCallAudioBeforeTheAnswer(t *testing.T) {
	p := newPhone(t, Config{})
	call := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	inc := await(p, func(IncomingCall) bool { return true })
	callee := p.Call(inc.Call)
	check(t, callee.Answer(within(t), CodeProgress, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool {
		return ev.Call == call.ID() && ev.State == StateEarly && ev.Code == CodeProgress
	})
	out := must(call.Audio(within(t), 16000, AudioOptions{}))(t)
	in := must(callee.Audio(within(t), 16000, AudioOptions{}))(t)
	playTone(t, out, 440)
	playTone(t, in, 1000)
	hears(t, "callee before the answer", in, 440)
	hears(t, "caller before the answer", out, 1000)
	for _, c := range []*Call{call, callee} {
		if info := must(c.Info(within(t)))(t); info.State != StateEarly {
			t.Errorf("%+v", info)
		}
	}
	check(t, callee.Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == call.ID() && ev.State == StateConfirmed })
	hears(t, "callee after the answer", in, 440)
	hears(t, "caller after the answer", out, 1000)
	p.hangup(pair{out: call, in: callee})
}

// Both sides of a stereo tap are of the same tick: what is sent to the call and, by
// another way, to the left side too is in both at once.
func TestTapIsAligned(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	bot := must(p.NewAudio(within(t), 16000, AudioOptions{WriteBuffer: 4 * time.Second, ReadBuffer: -1}))(t)
	conn := must(p.KeepConnected(within(t), bot, c.out, ConnectOptions{}))(t)
	tap := must(c.out.Tap(within(t), TapOptions{Buffer: 5 * time.Second}))(t)
	check(t, p.Connect(within(t), bot.Port(), tap.caller.Port(), ConnectOptions{}))
	sent := noise(2 * 16000)
	for i := range sent {
		sent[i] /= 4
	}
	must(bot.WriteSamples(sent))(t)
	stereo := make([]int16, 3*2*16000)
	check(t, tap.SetReadDeadline(time.Now().Add(patience)))
	for n := 0; n < len(stereo); {
		n += must(tap.ReadSamples(stereo[n:]))(t)
	}
	left, right := make([]int16, len(stereo)/2), make([]int16, len(stereo)/2)
	for i := range left {
		left[i], right[i] = stereo[2*i], stereo[2*i+1]
	}
	best, at := 0.0, 99999
	for lag := -800; lag <= 800; lag++ {
		sum := 0.0
		for i := 16000; i < 32000; i++ {
			sum += float64(left[i+lag]) * float64(right[i])
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	if at != 0 {
		t.Errorf("the sides are %d samples apart", at)
	}
	if s := tap.Stats(); s.Lost != 0 || s.Read != 3*16000 {
		t.Errorf("%+v", s)
	}
	if got := find(right, sent[:200]); got < 0 {
		t.Error("what the call was sent is not what the tap heard")
	}
	// A source that is connected later is in the copy too, at its level, until it goes.
	check(t, conn.SetLevel(within(t), 0.5))
	second := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t)
	check(t, p.Connect(within(t), second.Port(), c.outPort, ConnectOptions{Level: 2}))
	must(second.WriteSamples([]int16{100, 200, 300, 400}))(t)
	must(bot.WriteSamples([]int16{1000, 1000, 1000, 1000}))(t)
	p.hangup(c)
	rest := must(io.ReadAll(tap))(t)
	t.Logf("%d bytes after the end", len(rest))
	check(t, tap.Close())
	check(t, bot.Close())
	check(t, second.Close())
	p.portsLeft(1)
}
