//go:build cgo

package pjsua

import (
	"fmt"
	"math"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// couple is two accounts of one endpoint, alice who calls and bob who answers.
func newCouple(t testing.TB, typ TransportType, ip string, both AccountConfig, bob func(*AccountConfig)) *phone {
	t.Helper()
	p := &phone{Endpoint: must(Open(Config{}))(t), t: t}
	t.Cleanup(func() { p.Close() })
	tp := must(p.AddTransport(within(t), TransportConfig{Type: typ, BindAddress: ip}))(t)
	_, port, err := net.SplitHostPort(tp.Info().Address)
	check(t, err)
	p.addr = net.JoinHostPort(ip, port)
	both.Transport, both.MediaAddress = tp, ip
	both.ID = "sip:alice@" + p.addr
	p.acc = must(p.AddAccount(within(t), both))(t)
	both.ID = "sip:bob@" + p.addr
	if bob != nil {
		bob(&both)
	}
	must(p.AddAccount(within(t), both))(t)
	check(t, p.SetCodecOrder(within(t), "PCMU"))
	return p
}

// requireTones plays a tone each way and measures what arrives.
func (p *phone) requireTones(c pair) {
	p.t.Helper()
	const level = -15.0
	var heard [2]string
	var recorders [2]*Recorder
	for i, call := range []*Call{c.out, c.in} {
		file := filepath.Join(p.t.TempDir(), "tone.wav")
		tone := &dsp.Audio{Rate: 16000, Channels: 1, Samples: dsp.GenerateTone(16000, time.Second, level, float64(400+300*i))}
		check(p.t, dsp.WriteWAV(file, tone))
		player := must(p.NewPlayer(within(p.t), file, PlayerOptions{Loop: true}))(p.t)
		defer player.Close(within(p.t))
		heard[i] = filepath.Join(p.t.TempDir(), "heard.wav")
		recorders[i] = must(p.NewRecorder(within(p.t), heard[i], RecorderOptions{}))(p.t)
		must(p.KeepConnected(within(p.t), player.Port(), call, ConnectOptions{}))(p.t)
		must(p.KeepConnected(within(p.t), call, recorders[i].Port(), ConnectOptions{}))(p.t)
	}
	for i, call := range []*Call{c.out, c.in} {
		from := must(call.Stats(within(p.t)))(p.t).RX.Packets
		for deadline := time.Now().Add(patience); must(call.Stats(within(p.t)))(p.t).RX.Packets < from+50; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				p.t.Fatalf("call %d hears nothing", i)
			}
		}
	}
	for i := range heard {
		check(p.t, recorders[i].Close(within(p.t)))
		audio := must(dsp.ReadWAV(heard[i]))(p.t)
		tone := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond)
		if hz := float64(400 + 300*(1-i)); math.Abs(tone.Hz-hz) > 1 || math.Abs(tone.Level-level) > 1 {
			p.t.Errorf("call %d hears %v, want %v Hz at %v dBov", i, tone, hz, level)
		}
	}
}

// Every way to protect media, against ourselves. ICE has no candidates on loopback: see
// the integration tests.
func TestMediaTransports(t *testing.T) {
	const suite = "AES_"
	for _, c := range []struct {
		name    string
		account AccountConfig
		sdp     string // regular expressions that the offer matches
		not     string // and one that it does not
		srtp    bool
	}{
		{"plain", AccountConfig{}, `RTP/AVP `, `a=crypto|a=fingerprint|a=candidate|a=rtcp-mux`, false},
		{"SDES", AccountConfig{SRTP: SRTPMandatory, SRTPKeying: []SRTPKeying{SDES}}, `RTP/SAVP .*a=crypto:1 \S+ inline:`, `a=fingerprint`, true},
		{"DTLS-SRTP", AccountConfig{SRTP: SRTPMandatory, SRTPKeying: []SRTPKeying{DTLSSRTP}}, `UDP/TLS/RTP/SAVP .*a=fingerprint:SHA-256 `, `a=crypto`, true},
		{"RTCP mux", AccountConfig{RTCPMux: true}, `a=rtcp-mux`, `a=crypto`, false},
		{
			"all", AccountConfig{RTCPMux: true, SRTP: SRTPMandatory, SRTPKeying: []SRTPKeying{DTLSSRTP}},
			`UDP/TLS/RTP/SAVP .*a=fingerprint.*a=rtcp-mux|UDP/TLS/RTP/SAVP .*a=rtcp-mux.*a=fingerprint`, `a=crypto`, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newCouple(t, UDP, "127.0.0.1", c.account, nil)
			pr := p.connect()
			p.requireTones(pr)
			for _, call := range []*Call{pr.out, pr.in} {
				if srtp := must(call.Info(within(t)))(t).Media[0].SRTP; (srtp != "") != c.srtp || c.srtp && !strings.HasPrefix(srtp, suite) && !strings.HasPrefix(srtp, "AEAD_") {
					t.Errorf("SRTP by %q", srtp)
				}
			}
			offer := ""
			for _, ev := range p.seen {
				if in, ok := ev.(IncomingCall); ok && offer == "" {
					offer = strings.ReplaceAll(fmt.Sprint(string(in.Request)), "\r\n", " ")
				}
			}
			if !regexp.MustCompile(c.sdp).MatchString(offer) || regexp.MustCompile(c.not).MatchString(offer) {
				t.Errorf("the offer matches not %q, or %q:\n%s", c.sdp, c.not, offer)
			}
			p.hangup(pr)
		})
	}
}

func TestIPv6(t *testing.T) {
	p := newCouple(t, UDP6, "::1", AccountConfig{IPv6Media: IPv6Only}, nil)
	c := p.connect()
	p.requireTones(c)
	for _, ev := range p.seen {
		if in, ok := ev.(IncomingCall); ok && !strings.Contains(string(in.Request), "c=IN IP6 ::1\r\n") {
			t.Errorf("offer:\n%s", in.Request)
		}
	}
	p.hangup(c)
}

// A call goes on when the address has changed: the far end is told by re-INVITE.
func TestIPChange(t *testing.T) {
	for name, update := range map[string]bool{"re-INVITE": false, "UPDATE": true} {
		t.Run(name, func(t *testing.T) {
			p := newCouple(t, UDP, "127.0.0.1", AccountConfig{IPChange: IPChange{UseUpdate: update}}, func(bob *AccountConfig) {
				bob.IPChange.NoReinvite = true // both at once would be refused with 491
			})
			c := p.connect()
			from := len(p.seen)
			check(t, p.HandleIPChange(within(t), IPChangeOptions{}))
			await(p, func(ev CallMediaChanged) bool { return ev.Call == c.out.ID() && ev.Media[0].Status == MediaActive })
			var steps []IPChangeOp
			for _, ev := range p.seen[from:] {
				if ev, ok := ev.(IPChangeProgress); ok {
					steps = append(steps, ev.Op)
					if ev.Status != 0 || ev.Reason != "" {
						t.Errorf("%+v", ev)
					}
					if ev.Op == IPChangeReinviteCalls && (ev.Call != c.out.ID() || ev.Account != p.acc.ID()) {
						t.Errorf("%+v", ev)
					}
				}
			}
			if got := fmt.Sprint(steps); got != "[SHUTDOWN_TP RESTART_LIS ACC_REINVITE_CALLS COMPLETED]" {
				t.Errorf("steps %s", got)
			}
			p.requireTones(c)
			p.hangup(c)
		})
	}
	// Alice's only: PJSIP asks for a call's lock with its own held, and gives up after 2 s when the
	// call is at work, as Bob's is with Alice's BYE.
	p := newCouple(t, UDP, "127.0.0.1", AccountConfig{IPChange: IPChange{HangupCalls: true}}, func(bob *AccountConfig) {
		bob.IPChange = IPChange{NoReinvite: true}
	})
	c := p.connect()
	check(t, p.HandleIPChange(within(t), IPChangeOptions{NoRestartListeners: true, NoShutdownTransports: true}))
	hungUp, ended := 0, 0
	for ended < 2 || hungUp < 1 {
		switch ev := p.next().(type) {
		case IPChangeProgress:
			if ev.Op == IPChangeHangUpCalls && ev.Account != 0 {
				hungUp++
			}
		case CallEnded:
			ended++
		}
	}
	if err := p.HandleIPChange(within(t), IPChangeOptions{RestartDelay: -1}); err == nil {
		t.Error("a delay below 0 is taken")
	}
	if _, err := c.out.Info(within(t)); err != ErrCallGone {
		t.Errorf("%v", err)
	}
}
