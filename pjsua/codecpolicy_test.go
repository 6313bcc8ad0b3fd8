//go:build cgo

package pjsua

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// formats returns the rtpmaps of an SDP's audio in the order of its m= line, such as
// "PCMU/8000", and fails when there are attributes of other payload types.
func formats(t *testing.T, sdp string) []string {
	t.Helper()
	_, audio, _ := strings.Cut(sdp, "m=audio ")
	line, attrs, _ := strings.Cut(audio, "\r\n")
	types := strings.Fields(line)[2:]
	var out []string
	for _, pt := range types {
		name := regexp.MustCompile(`a=rtpmap:` + pt + ` (\S+)\r\n`).FindStringSubmatch(attrs)
		if name == nil {
			t.Fatalf("no rtpmap of %s: %s", pt, sdp)
		}
		out = append(out, name[1])
	}
	for _, m := range regexp.MustCompile(`a=(?:rtpmap|fmtp|rtcp-fb):(\d+) `).FindAllStringSubmatch(attrs, -1) {
		if !slices.Contains(types, m[1]) {
			t.Errorf("%s belongs to no format: %s", m[0], sdp)
		}
	}
	return out
}

func allOn(t *testing.T, p *phone) {
	t.Helper()
	check(t, p.SetCodecOrder(within(t), "PCMU", "PCMA", "G722/", "speex", "GSM", "opus"))
}

// Only the codecs of the policy are offered, in its order, with the telephone-events at
// their clock rates, whatever their payload types are.
func TestPolicyCodecsOffered(t *testing.T) {
	p := newPhone(t, Config{})
	allOn(t, p)
	for _, test := range []struct {
		codecs, want []string
		bandwidth    string
	}{
		{[]string{"PCMA/8000/1"}, []string{"PCMA/8000", "telephone-event/8000"}, "b=TIAS:64000"},
		{[]string{"g722/16000", "PCMU"}, []string{"G722/8000", "PCMU/8000", "telephone-event/8000"}, "b=TIAS:64000"},
		{[]string{"GSM"}, []string{"GSM/8000", "telephone-event/8000"}, "b=TIAS:13200"},
		{
			[]string{"speex/32000/1", "opus/48000/2", "PCMA", "speex/16000", "speex/8000"},
			[]string{"speex/32000", "opus/48000/2", "PCMA/8000", "speex/16000", "speex/8000", "telephone-event"}, "b=AS:",
		},
	} {
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: &Policy{Media: MediaPolicy{Codecs: test.codecs}}}))(t)
		in := await(p, func(IncomingCall) bool { return true })
		sdp := string(in.Message().Body)
		got := formats(t, sdp)
		if last := test.want[len(test.want)-1]; last == "telephone-event" { // of four rates
			events := got[len(test.want)-1:]
			slices.Sort(events)
			if !slices.Equal(events, []string{
				"telephone-event/16000", "telephone-event/32000", "telephone-event/48000", "telephone-event/8000",
			}) {
				t.Errorf("%v: %v", test.codecs, got)
			}
			got = append(got[:len(test.want)-1], last)
		}
		if !slices.Equal(got, test.want) || !strings.Contains(sdp, test.bandwidth) {
			t.Errorf("%v: %v in %s", test.codecs, got, sdp)
		}
		p.hangup(pair{out: out, in: p.Call(in.Call)})
	}
}

// The account's codecs decide about what is answered: the caller's first of them, or with
// OwnCodecOrder its own first.
func TestPolicyCodecsAnswered(t *testing.T) {
	p := newPhone(t, Config{})
	allOn(t, p)
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Codecs: []string{"GSM", "PCMA"}}}))
	for own, want := range map[bool]string{false: "PCMA/8000", true: "GSM/8000"} {
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{
			Policy: &Policy{Media: MediaPolicy{Codecs: []string{"PCMU", "PCMA", "GSM"}}},
		}))(t)
		c := pair{out: out, in: p.Call(await(p, func(IncomingCall) bool { return true }).Call)}
		check(t, c.in.Answer(within(t), CodeOK, AnswerOptions{OwnCodecOrder: own}))
		for seen := map[CallID]bool{}; len(seen) < 2; {
			media := await(p, func(ev CallMediaChanged) bool { return len(ev.Media) > 0 })
			seen[media.Call] = true
			if media.Media[0].Codec != want {
				t.Errorf("own order %v: %+v", own, media.Media)
			}
		}
		await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed })
		sdp := must(c.in.LocalSDP(within(t)))(t)
		if got := formats(t, sdp); !slices.Equal(got, []string{want, "telephone-event/8000"}) {
			t.Errorf("own order %v: %v", own, got)
		}
		// Another codec for the rest of the call.
		check(t, out.SetPolicy(within(t), &Policy{Media: MediaPolicy{Codecs: []string{"PCMA"}}}))
		check(t, out.Reinvite(within(t), ReinviteOptions{}))
		if own {
			await(p, func(ev CallMediaChanged) bool { return ev.Call == out.id && ev.Media[0].Codec == "PCMA/8000" })
		}
		p.hangup(c)
	}
}

// No codec in common, or none that is on, is 488, to a caller and from who is called.
func TestPolicyCodecsRefused(t *testing.T) {
	p := newPhone(t, Config{})
	allOn(t, p)
	refused := func(name string, codecs ...string) {
		t.Helper()
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: &Policy{Media: MediaPolicy{Codecs: codecs}}}))(t)
		if ended := await(p, func(ev CallEnded) bool { return ev.Call == out.id }); ended.Code != CodeNotAcceptableHere {
			t.Errorf("%s: %+v", name, ended)
		}
	}
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Codecs: []string{"GSM"}}}))
	refused("nothing in common", "PCMU", "PCMA")
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Codecs: []string{"AMR/"}}}))
	refused("nothing to answer with", "PCMU")
	check(t, p.acc.SetPolicy(within(t), nil))
	refused("nothing to offer", "AMR/")
	for _, ev := range p.seen {
		if _, came := ev.(IncomingCall); came {
			t.Errorf("%+v", ev)
		}
	}
	c := p.connect()
	// A re-INVITE is refused, with PJSIP's code, and the call stays as it is.
	check(t, c.in.SetPolicy(within(t), &Policy{Media: MediaPolicy{Codecs: []string{"AMR/"}}}))
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	check(t, c.out.Reinvite(within(t), ReinviteOptions{}))
	p.step(tr, "SIP/2.0 500", "INVITE")
	if info := must(c.in.Info(within(t)))(t); info.State != StateConfirmed || info.Media[0].Codec != "PCMU/8000" {
		t.Errorf("%+v", info)
	}
	p.hangup(c)
}

func TestPolicyCodecsThatAreNone(t *testing.T) {
	p := newPhone(t, Config{})
	for _, codecs := range [][]string{{""}, {"PCMU", "pcmu"}, {"PCMU\x00"}, {"PCMU", "MP3/90000/1"}} {
		policy := Policy{Media: MediaPolicy{Codecs: codecs}}
		if p.SetPolicy(within(t), policy) == nil || p.acc.SetPolicy(within(t), &policy) == nil {
			t.Errorf("%q was taken", codecs)
		}
	}
	p.Close()
	_, err := Open(Config{Policy: Policy{Media: MediaPolicy{Codecs: []string{"MP3/90000/1"}}}})
	if err == nil || !strings.Contains(err.Error(), "no codec") {
		t.Error(err)
	}
}
