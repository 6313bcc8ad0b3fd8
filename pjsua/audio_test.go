//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// wire is an Audio that is connected to another: what is written to out is read from in.
func (p *phone) wire(rate int, outOpts, inOpts AudioOptions) (out, in *Audio) {
	p.t.Helper()
	out = must(p.NewAudio(within(p.t), rate, outOpts))(p.t)
	in = must(p.NewAudio(within(p.t), rate, inOpts))(p.t)
	check(p.t, p.Connect(within(p.t), out.Port(), in.Port(), ConnectOptions{}))
	return out, in
}

// listen reads n samples.
func listen(t testing.TB, a *Audio, n int) []int16 {
	t.Helper()
	buf := make([]int16, n)
	check(t, a.SetReadDeadline(time.Now().Add(patience)))
	for got := 0; got < n; {
		m, err := a.ReadSamples(buf[got:])
		check(t, err)
		got += m
	}
	return buf
}

func noise(n int) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]int16, n)
	for i := range out {
		out[i] = int16(r.IntN(65536) - 32768)
	}
	return out
}

// find returns where the beginning of want is in got, -1 when it is not.
func find(got, want []int16) int {
	for i := 0; i+len(want) <= len(got); i++ {
		if slices.Equal(got[i:i+len(want)], want) {
			return i
		}
	}
	return -1
}

func TestAudioAtAllRates(t *testing.T) {
	p := newPhone(t, Config{})
	for _, rate := range []int{8000, 16000, 24000, 48000} {
		out, in := p.wire(rate, AudioOptions{}, AudioOptions{})
		if out.FrameSamples() != rate/50 || out.Rate() != rate {
			t.Errorf("%d Hz: %d samples in a tick of 20 ms", rate, out.FrameSamples())
		}
		tone := dsp.GenerateTone(rate, time.Second, -12, 440)
		if n, err := out.WriteSamples(tone); n != len(tone) || err != nil {
			t.Fatalf("%d Hz: wrote %d of %d: %v", rate, n, len(tone), err)
		}
		got := dsp.ClearestTone(listen(t, in, rate), rate, 500*time.Millisecond)
		t.Logf("%d Hz: %+v", rate, got)
		if got.Hz < 439 || got.Hz > 441 || got.Level < -12.5 || got.Level > -11.5 {
			t.Errorf("%d Hz: %+v", rate, got)
		}
		check(t, out.Close())
		check(t, out.Close())
		check(t, in.Close())
	}
	if ports := must(p.Ports(within(t)))(t); len(ports) != 1 {
		t.Errorf("ports left in the bridge: %v", ports)
	}
}

// At the bridge's own rate the bridge changes no sample.
func TestAudioIsExact(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(16000, AudioOptions{}, AudioOptions{ReadBuffer: 3 * time.Second})
	want := noise(16000)
	must(out.WriteSamples(want))(t)
	got := listen(t, in, 24000)
	at := find(got, want[:100])
	if at < 0 || !slices.Equal(got[at:at+len(want)], want) {
		t.Fatalf("what was written did not arrive; the beginning is at %d", at)
	}
	for i, s := range got[at+len(want):] {
		if s != 0 {
			t.Fatalf("sample %d after the end is %d", i, s)
		}
	}
	s := out.Stats()
	if s.Written != 16000 || s.Played != 16000 || s.Queued != 0 || s.Cleared != 0 || s.Underruns != 1 || s.Refused != 0 {
		t.Errorf("%+v", s)
	}
}

// Bytes of any number go in and out, also when a sample is cut in the middle.
func TestAudioBytes(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(8000, AudioOptions{WriteBuffer: 3 * time.Second}, AudioOptions{ReadBuffer: 3 * time.Second})
	tone := sampleBytes(dsp.GenerateTone(8000, time.Second, -12, 440))
	for rest := tone; len(rest) > 0; {
		n := must(out.Write(rest[:min(len(rest), 333)]))(t)
		rest = rest[n:]
	}
	got := make([]byte, 0, 2*len(tone))
	buf := make([]byte, 77)
	for len(got) < len(tone)/2*3 {
		n := must(in.Read(buf))(t)
		got = append(got, buf[:n]...)
	}
	got = got[:len(got)&^1]
	samples := make([]int16, len(got)/2)
	copy(sampleBytes(samples), got)
	if tone := dsp.ClearestTone(samples, 8000, 500*time.Millisecond); tone.Hz < 439 || tone.Hz > 441 {
		t.Errorf("%+v", tone)
	}
	if w := out.Stats().Written; w != 8000 {
		t.Errorf("%d samples written", w)
	}
}

func TestAudioDeadlines(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.NewAudio(within(t), 16000, AudioOptions{}))(t) // connected to nothing: never heard
	buf := make([]int16, 320)
	check(t, out.SetReadDeadline(time.Now().Add(-time.Second)))
	_, err := out.ReadSamples(buf)
	assertIs(t, err, os.ErrDeadlineExceeded)
	check(t, out.SetDeadline(time.Time{}))
	must(out.ReadSamples(buf))(t)

	check(t, out.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
	n, err := out.WriteSamples(make([]int16, 20000))
	if n != 16000 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d: %v", n, err)
	}
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
	// A deadline that is set while somebody waits.
	check(t, out.SetWriteDeadline(time.Time{}))
	done := make(chan error)
	go func() {
		_, err := out.WriteSamples(buf)
		done <- err
	}()
	for !out.wwait.Load() {
		runtime.Gosched()
	}
	check(t, out.SetWriteDeadline(time.Now()))
	assertIs(t, <-done, os.ErrDeadlineExceeded)
}

func TestAudioClosedWhileInUse(t *testing.T) {
	p := newPhone(t, Config{})
	for _, end := range []func(a *Audio) error{
		func(a *Audio) error { check(t, a.Close()); return ErrAudioGone },
		func(*Audio) error { check(t, p.Endpoint.Close()); return ErrClosed },
	} {
		a := must(p.NewAudio(within(t), 8000, AudioOptions{}))(t)
		errs := make(chan error)
		go func() {
			_, err := a.WriteSamples(make([]int16, 100000))
			errs <- err
		}()
		go func() {
			for {
				if _, err := a.ReadSamples(make([]int16, 8000)); err != nil {
					errs <- err
					return
				}
			}
		}()
		for !a.wwait.Load() || !a.rwait.Load() {
			runtime.Gosched()
		}
		want := end(a)
		for range 2 {
			assertIs(t, <-errs, want)
		}
		_, err := a.Write(nil)
		assertIs(t, err, want)
		if s := a.Stats(); s.Written != 8000 || s.Queued != 8000 {
			t.Errorf("after the end: %+v", s)
		}
		check(t, a.Close())
	}
	_, err := p.NewAudio(context.Background(), 8000, AudioOptions{})
	assertIs(t, err, ErrClosed)
}

var _ io.ReadWriteCloser = (*Audio)(nil)
