//go:build cgo

package pjsua

import (
	"strings"
	"testing"
	"time"
)

// held waits until both ends of c have these directions and states.
func (p *phone) held(c pair, outDir, inDir MediaDir, out, in MediaStatus) {
	p.t.Helper()
	seen := map[CallID]bool{}
	for !seen[c.out.id] || !seen[c.in.id] {
		ev := await(p, func(ev CallMediaChanged) bool { return len(ev.Media) > 0 })
		dir, status := outDir, out
		if ev.Call == c.in.id {
			dir, status = inDir, in
		}
		seen[ev.Call] = ev.Media[0].Dir == dir && (ev.Media[0].Status == status || status < 0)
	}
}

// media waits until both ends of c have these directions.
func (p *phone) media(c pair, out, in MediaDir) { p.t.Helper(); p.held(c, out, in, -1, -1) }

// offer makes an offer. It needs no care for the one before, which the far end has answered
// but has no ACK of yet.
func (p *phone) offer(send func() error) {
	p.t.Helper()
	check(p.t, send())
}

func TestHoldFromBothSides(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	p.offer(func() error { return c.in.Hold(within(t), HoldOptions{}) })
	p.held(c, DirRecv, DirSend, MediaRemoteHold, MediaLocalHold)
	p.offer(func() error { return c.out.Hold(within(t), HoldOptions{}) }) // both
	p.held(c, DirNone, DirNone, MediaLocalHold, MediaLocalHold)
	p.offer(func() error { return c.in.Resume(within(t), ReinviteOptions{}) })
	p.held(c, DirSend, DirRecv, MediaLocalHold, MediaRemoteHold)
	p.offer(func() error { return c.out.Resume(within(t), ReinviteOptions{}) })
	p.held(c, DirSendRecv, DirSendRecv, MediaActive, MediaActive)
	p.hangup(c)
}

// Both sides hold at the same moment: each refuses the other with 491 and tries again.
func TestHoldsThatCross(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	crossed := false
	for range 20 {
		done := make(chan error, 2)
		for _, call := range []*Call{c.out, c.in} {
			go func() { done <- call.Hold(within(t), HoldOptions{}) }()
		}
		check(t, <-done)
		check(t, <-done)
		p.held(c, DirNone, DirNone, MediaLocalHold, MediaLocalHold)
		for _, ev := range p.seen {
			if _, ok := ev.(ReinviteCrossed); ok {
				crossed = true
			}
		}
		if crossed {
			break
		}
		for _, call := range []*Call{c.out, c.in} {
			p.offer(func() error { return call.Resume(within(t), ReinviteOptions{}) })
			await(p, func(ev CallMediaChanged) bool { return ev.Call == call.id })
		}
	}
	if !crossed {
		t.Error("no two holds crossed in 20 attempts")
	}
	p.hangup(c)
}

func TestUpdate(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	p.offer(func() error {
		return c.in.Update(within(t), UpdateOptions{Setting: CallSetting{Dirs: []MediaDir{DirSend}}})
	})
	offer := await(p, func(OfferReceived) bool { return true })
	if offer.Call != c.out.id || offer.Code != CodeOK || !strings.Contains(offer.SDP, "a=sendonly") {
		t.Errorf("%+v", offer)
	}
	p.media(c, DirRecv, DirSend)
	p.hangup(c)
}

// Policy refuses offers: the media stay as they were.
func TestOfferRefused(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{Action: OfferRefuse}}))
	hold := func(*Call) error {
		return c.out.Reinvite(within(t), ReinviteOptions{Setting: CallSetting{Dirs: []MediaDir{DirSend}}})
	}
	update := func(*Call) error {
		return c.out.Update(within(t), UpdateOptions{Setting: CallSetting{Dirs: []MediaDir{DirSend}}})
	}
	for name, send := range map[string]func(*Call) error{"re-INVITE": hold, "UPDATE": update} {
		p.offer(func() error { return send(c.out) })
		if offer := await(p, func(OfferReceived) bool { return true }); offer.Code != CodeNotAcceptableHere || offer.Call != c.in.id {
			t.Errorf("%s: %+v", name, offer)
		}
		if info := must(c.in.Info(within(t)))(t); info.MediaDir != DirSendRecv || info.State != StateConfirmed {
			t.Errorf("%s: %+v", name, info)
		}
		// It is answered when the next is taken.
		p.offer(func() error {
			return c.out.Update(within(t), UpdateOptions{Setting: CallSetting{Flags: CallNoSDPOffer}})
		})
	}
	check(t, c.in.SetPolicy(within(t), nil))
	p.hangup(c)
}

// The setting of an answer is policy's: here it takes audio but sends none.
func TestOfferSetting(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{Setting: &CallSetting{Dirs: []MediaDir{DirRecv}}}}))
	p.offer(func() error { return c.out.Reinvite(within(t), ReinviteOptions{}) })
	p.media(c, DirSend, DirRecv)
	info := must(c.in.Info(within(t)))(t)
	if !info.RemoteOffered || info.RemoteAudio != 1 || info.RemoteText != 0 || len(info.Setting.Dirs) != 1 || info.Setting.Dirs[0] != DirRecv {
		t.Errorf("%+v", info)
	}
	p.hangup(c)
}

func TestReinviteAsks(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	assertIs(t, c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{}), StatusInvalidOp)
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{Action: OfferAsk}}))
	ask := func(opts ReinviteOptions) ReinviteReceived {
		t.Helper()
		p.offer(func() error { return c.out.Reinvite(within(t), opts) })
		got := await(p, func(ReinviteReceived) bool { return true })
		if got.Call != c.in.id || !got.Waiting || !strings.Contains(got.SDP, "m=audio") {
			t.Errorf("%+v", got)
		}
		return got
	}
	got := ask(ReinviteOptions{Setting: CallSetting{Dirs: []MediaDir{DirSend}}, Msg: MsgData{Headers: []Header{{"X-Re", "yes"}}}})
	if h := got.HeaderValues("X-Re"); len(h) != 1 || h[0] != "yes" || !strings.Contains(got.SDP, "sendonly") {
		t.Errorf("%+v", got)
	}
	check(t, c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{}))
	p.media(c, DirSend, DirRecv)
	assertIs(t, c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{}), StatusInvalidOp)

	// While one waits for the program, another cannot be made.
	ask(ReinviteOptions{})
	assertIs(t, c.in.Hold(within(t), HoldOptions{}), StatusInvalidOp)
	check(t, c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{}))

	// Refused: nothing changes, and the next one works.
	ask(ReinviteOptions{Setting: CallSetting{Dirs: []MediaDir{DirSendRecv}}})
	check(t, c.in.AnswerReinvite(within(t), CodeNotAcceptableHere, AnswerReinviteOptions{Reason: "Not now"}))
	if info := must(c.in.Info(within(t)))(t); info.MediaDir != DirRecv {
		t.Errorf("%+v", info)
	}
	p.offer(func() error {
		return c.out.Update(within(t), UpdateOptions{Setting: CallSetting{Flags: CallNoSDPOffer}})
	})
	// An answer of the program's own: PJSIP's with another direction.
	own := ask(ReinviteOptions{Setting: CallSetting{Dirs: []MediaDir{DirSendRecv}}})
	if own.Account != p.acc.id {
		t.Errorf("%+v", own)
	}
	if err := c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{SDP: "nonsense"}); err == nil {
		t.Error("an SDP that is none was taken")
	}
	p.endAll(2)
}

// An INVITE without SDP: the callee offers in its 200, the caller answers in its ACK.
func TestLateOffer(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Setting: CallSetting{Flags: CallNoSDPOffer}}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if strings.Contains(string(in.Request), "m=audio") {
		t.Errorf("the INVITE has an offer: %s", in.Request)
	}
	c := pair{out: out, in: p.Call(in.Call), outPort: NoPort, inPort: NoPort}
	check(t, c.in.Answer(within(t), CodeOK, AnswerOptions{}))
	offer := await(p, func(OfferReceived) bool { return true })
	if offer.Call != out.id || offer.Code != CodeOK {
		t.Errorf("%+v", offer)
	}
	for c.outPort == NoPort || c.inPort == NoPort {
		ev := await(p, func(CallMediaChanged) bool { return true })
		if ev.Call == out.id {
			c.outPort = ev.Media[0].Port
		} else {
			c.inPort = ev.Media[0].Port
		}
	}
	player := must(p.NewPlayer(within(t), toneFile(t, 8000, 1, 620), PlayerOptions{Loop: true}))(t)
	if got := p.record(c, player.Port(), 1500*time.Millisecond); got.Hz < 619 || got.Hz > 621 {
		t.Errorf("audio: %+v", got)
	}
	check(t, player.Close(within(t)))

	// The same in the call: the far end makes the offer, by its policy.
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{LateSetting: &CallSetting{Dirs: []MediaDir{DirSend}}}}))
	p.offer(func() error {
		return out.Reinvite(within(t), ReinviteOptions{Setting: CallSetting{Flags: CallNoSDPOffer}})
	})
	if sent := await(p, func(OfferSent) bool { return true }); sent.Call != c.in.id || sent.Account != p.acc.id {
		t.Errorf("%+v", sent)
	}
	p.media(c, DirRecv, DirSend)
	p.hangup(c)
}

// A caller's own SDP in the answer, and in the information of a call.
func TestAnswerWithSDP(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Setting: CallSetting{CallID: "own-call-id"}}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if in.SIPCallID != "own-call-id" {
		t.Errorf("Call-ID %q", in.SIPCallID)
	}
	call := p.Call(in.Call)
	prov := must(call.Info(within(t)))(t)
	if len(prov.ProvMedia) == 0 || !prov.RemoteOffered || prov.RemoteAudio != 1 || prov.State != StateIncoming {
		t.Errorf("%+v", prov)
	}
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=own\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
		"m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=recvonly\r\na=x-own:yes\r\n"
	for name, bad := range map[string]string{"nothing": "", "garbage": "m=audio"} {
		if err := call.AnswerWithSDP(within(t), CodeOK, bad, AnswerOptions{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	check(t, call.AnswerWithSDP(within(t), CodeOK, sdp, AnswerOptions{}))
	media := await(p, func(ev CallMediaChanged) bool { return ev.Call == out.id })
	if len(media.Media) != 1 || media.Media[0].TelephoneEvent {
		t.Errorf("%+v", media)
	}
	await(p, func(ev CallStateChanged) bool { return ev.Call == out.id && ev.State == StateConfirmed })
	info := must(out.Info(within(t)))(t)
	if info.MediaDir != DirSend || info.LocalContact == "" || info.RemoteContact == "" || info.RemoteOffered || info.Setting.Audio != 1 {
		t.Errorf("%+v", info)
	}
	if err := call.AnswerWithSDP(within(t), CodeOK, sdp, AnswerOptions{}); err == nil {
		t.Error("a call that is up was answered")
	}
	p.hangup(pair{out: out, in: call})
}

// An answer may have a body that PJSIP does not know: the call goes on without it, and the
// program can read it.
func TestAnswersWithOtherBodies(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	out := must(p.acc.Dial(within(t), "sip:x@"+peer.addr, DialOptions{}))(t)
	invite := peer.request("INVITE")
	contact := "Contact: <sip:x@" + peer.addr + ">"
	peer.respondBody(invite, "180 Ringing", "what rings", "Content-Type: text/plain", contact)
	ev := await(p, func(ev CallStateChanged) bool { return ev.State != StateCalling })
	if ev.State != StateEarly || ev.Code != CodeRinging || ev.Message == nil || string(ev.Message.Body) != "what rings" {
		t.Fatalf("%+v", ev)
	}
	mixed := "--b\r\nContent-Type: text/plain\r\n\r\nmore\r\n--b--\r\n"
	peer.respondBody(invite, "183 Session Progress", mixed, "Content-Type: multipart/mixed;boundary=b", contact)
	peer.respondBody(invite, "200 OK", invite.body(), "Content-Type: application/sdp", contact)
	for ev.State != StateConfirmed {
		if ev = await(p, func(CallStateChanged) bool { return true }); ev.State == StateDisconnected {
			t.Fatalf("%+v", ev)
		}
	}
	peer.request("ACK")
	if info := must(out.Info(within(t)))(t); info.MediaDir != DirSendRecv {
		t.Errorf("%+v", info)
	}
	// A request with such a body is refused.
	in := peer.dialog(invite)
	if code := in.send("UPDATE", 0, "<x/>", "Content-Type: application/xml"); code != 415 && code != 488 {
		t.Errorf("UPDATE: %d", code)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	peer.respond(peer.request("BYE"), "200 OK")
	p.hangupAnswered(out, "BYE")
}

// Answering re-INVITEs from Go leaves no message behind.
func TestReinvitesLeakNothing(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{Action: OfferAsk}}))
	messages := func() int {
		dump := must(p.Dump(within(t), true))(t)
		return strings.Count(dump, "tdta")
	}
	reinvite := func(code SIPCode) {
		p.offer(func() error { return c.out.Reinvite(within(t), ReinviteOptions{}) })
		await(p, func(ReinviteReceived) bool { return true })
		if messages() == 0 {
			t.Fatal("not even the INVITE that waits is counted")
		}
		check(t, c.in.AnswerReinvite(within(t), code, AnswerReinviteOptions{}))
	}
	const n = 100
	for i := range n {
		reinvite([]SIPCode{CodeOK, CodeNotAcceptableHere}[i%2])
	}
	// Transactions of refused ones end 32 s later at the latest.
	for end := time.Now().Add(90 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		left := messages()
		if left < n/4 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d messages are left of %d re-INVITEs", left, n)
		}
	}
	p.hangup(c)
}
