//go:build cgo

package pjsua

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// connectText is connect with a text stream.
func (p *phone) connectText() pair {
	p.t.Helper()
	out := must(p.acc.Dial(within(p.t), p.uri(), DialOptions{Setting: CallSetting{Text: 1}}))(p.t)
	in := await(p, func(IncomingCall) bool { return true })
	c := pair{out: out, in: p.Call(in.Call)}
	check(p.t, c.in.Answer(within(p.t), CodeOK, AnswerOptions{Setting: CallSetting{Text: 1}}))
	for up := map[CallID]bool{}; len(up) < 2; {
		ev := await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed })
		up[ev.Call] = true
	}
	return c
}

// text reads what comes in a call until it is as long as want.
func (p *phone) text(call *Call, want string) {
	p.t.Helper()
	got := ""
	for len(got) < len(want) {
		ev := await(p, func(ev TextReceived) bool { return ev.Call == call.ID() })
		if ev.Lost != 0 || ev.Text == "" {
			p.t.Errorf("%+v", ev)
		}
		got += ev.Text
	}
	if got != want {
		p.t.Errorf("%q, want %q", got, want)
	}
}

func TestText(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connectText()
	text := "Grüße, 你好 \U0001f600\u2028\b\x00<b>%s " + strings.Repeat("abcdefghij", 6)
	sent := make(chan error, 2)
	go func() { sent <- c.out.SendText(within(t), text, TextOptions{}) }()
	p.text(c.in, text)
	check(t, <-sent)

	// Both ways at once, by two senders on one side: what each sends stays together.
	one, two := strings.Repeat("1", 60), strings.Repeat("2", 60)
	go func() { sent <- c.in.SendText(within(t), one, TextOptions{}) }()
	go func() { sent <- c.in.SendText(within(t), two, TextOptions{}) }()
	got := ""
	for len(got) < 120 {
		got += await(p, func(ev TextReceived) bool { return ev.Call == c.out.ID() }).Text
	}
	if got != one+two && got != two+one {
		t.Errorf("%q", got)
	}
	check(t, <-sent)
	check(t, <-sent)

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	assertIs(t, c.out.SendText(ctx, strings.Repeat("x", 1000), TextOptions{}), context.DeadlineExceeded)
	if err := c.out.SendText(within(t), "\xff", TextOptions{}); err == nil {
		t.Error("text that is not UTF-8 was taken")
	}
	assertIs(t, c.out.SendText(within(t), "x", TextOptions{Media: 1}), StatusInvalidOp) // the audio
	if err := c.out.SendText(within(t), "x", TextOptions{Media: 99}); err == nil {
		t.Error("media 99 was taken")
	}
	p.hangup(c)
	assertIs(t, c.out.SendText(within(t), "x", TextOptions{}), ErrCallGone)
}

func TestTextNeedsAStream(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	assertIs(t, c.out.SendText(within(t), "x", TextOptions{}), StatusNotFound)
	p.hangup(c)
}

func TestTextBlocks(t *testing.T) {
	for _, text := range []string{"", "a", strings.Repeat("a", 18), strings.Repeat("a", 19), strings.Repeat("\U0001f600", 50), "ab" + strings.Repeat("é", 30)} {
		blocks := textBlocks(text)
		if got := strings.Join(blocks, ""); got != text {
			t.Errorf("%q: %q", text, blocks)
		}
		for _, b := range blocks {
			if b == "" || len(b) > 18 || strings.ToValidUTF8(b, "") != b {
				t.Errorf("%q: block %q", text, b)
			}
		}
	}
}

// textPeer is the far end of a call with text, in RTP that a test makes and reads.
type textPeer struct {
	t     testing.TB
	conn  net.PacketConn
	phone net.Addr
	seq   uint16
}

const t140PT, redPT = 98, 100

// callTextPeer calls a peer who takes the text and refuses the audio.
func (p *phone) callTextPeer() (*Call, *textPeer) {
	p.t.Helper()
	peer := newSIPPeer(p.t)
	conn := must(net.ListenPacket("udp", "127.0.0.1:0"))(p.t)
	p.t.Cleanup(func() { conn.Close() })
	call := must(p.acc.Dial(within(p.t), "sip:peer@"+peer.addr, DialOptions{Setting: CallSetting{Text: 1}}))(p.t)
	invite := peer.request("INVITE")
	offer := regexp.MustCompile(`m=text (\d+)`).FindStringSubmatch(invite.body())
	if offer == nil {
		p.t.Fatalf("no text in %s", invite.body())
	}
	port := conn.LocalAddr().(*net.UDPAddr).Port
	peer.respondBody(invite, "200 OK", fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio 0 RTP/AVP 0\r\nm=text %d RTP/AVP %d %d\r\na=rtpmap:%d t140/1000\r\na=rtpmap:%d red/1000\r\na=fmtp:%d %d/%d/%d\r\n",
		port, redPT, t140PT, t140PT, redPT, redPT, t140PT, t140PT, t140PT), "Content-Type: application/sdp", "Contact: <sip:peer@"+peer.addr+">")
	await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed })
	return call, &textPeer{p.t, conn, must(net.ResolveUDPAddr("udp", "127.0.0.1:"+offer[1]))(p.t), 1000}
}

// send sends a block of text and before it those that it repeats, the oldest first; lost
// counts it and does not send it.
func (tp *textPeer) send(lost bool, repeated []string, text string) {
	tp.t.Helper()
	pkt := binary.BigEndian.AppendUint16([]byte{0x80, redPT}, tp.seq)
	pkt = binary.BigEndian.AppendUint32(pkt, uint32(tp.seq)*300)
	pkt = binary.BigEndian.AppendUint32(pkt, 0x1234)
	for i, r := range repeated {
		pkt = binary.BigEndian.AppendUint32(pkt, 1<<31|t140PT<<24|uint32(300*(len(repeated)-i))<<10|uint32(len(r)))
	}
	pkt = append(pkt, t140PT)
	pkt = append(append(pkt, strings.Join(repeated, "")...), text...)
	tp.seq++
	if !lost {
		tp.raw(pkt)
	}
}

func (tp *textPeer) raw(pkt []byte) {
	tp.t.Helper()
	if _, err := tp.conn.WriteTo(pkt, tp.phone); err != nil {
		tp.t.Fatal(err)
	}
}

// Texts of lost packets come from those that repeat them; what nobody repeats is counted.
func TestTextIsRepaired(t *testing.T) {
	p := newPhone(t, Config{})
	call, far := p.callTextPeer()
	want := func(text string, lost int) {
		t.Helper()
		ev := await(p, func(ev TextReceived) bool { return ev.Call == call.ID() })
		if ev.Text != text || ev.Lost != lost {
			t.Errorf("%q with %d lost, want %q with %d", ev.Text, ev.Lost, text, lost)
		}
	}
	// PJSIP believes a sender after two packets in a row.
	far.send(false, nil, "zero ")
	far.send(false, []string{"zero "}, "one ")
	want("zero ", 0)
	want("one ", 0)
	far.send(true, []string{"one "}, "two ")
	far.send(true, []string{"one ", "two "}, "three ")
	far.send(false, []string{"two ", "three "}, "four ")
	want("two ", 0)
	want("three ", 0)
	want("four ", 0)
	// Three in a row are one too many.
	far.send(true, []string{"three ", "four "}, "gone ")
	far.send(true, []string{"four ", "gone "}, "five ")
	far.send(true, []string{"gone ", "five "}, "six ")
	far.send(false, []string{"five ", "six "}, "seven")
	want("five ", 1)
	want("six ", 0)
	want("seven", 0)
	// What is sent twice is told once.
	far.seq--
	far.send(false, []string{"five ", "six "}, "seven")
	far.send(false, []string{"six ", "seven"}, "\xff\x00")
	want("\xff\x00", 0)
}

// RTP that lies about its lengths is dropped.
func TestHostileText(t *testing.T) {
	p := newPhone(t, Config{})
	call, far := p.callTextPeer()
	far.seq = 100
	far.send(false, nil, "first")
	await(p, func(ev TextReceived) bool { return ev.Text == "first" })
	head := func() []byte {
		pkt := binary.BigEndian.AppendUint16([]byte{0x80, redPT}, far.seq)
		far.seq++
		return append(pkt, 0, 0, 1, 0, 0, 0, 0x12, 0x34)
	}
	for _, payload := range [][]byte{
		nil, {t140PT}, {0x80 | t140PT}, {0x80 | t140PT, 0xff, 0xff, 0xff}, {0x80 | t140PT, 0, 3, 0xff, t140PT, 'x'},
		{0x80 | t140PT, 0, 0, 1, 0x80 | t140PT, 0, 0, 1, 0x80 | t140PT, 0, 0, 1, t140PT, 'a', 'b', 'c'}, {1}, {0x80},
		bytes.Repeat([]byte{0x80 | t140PT}, 1400), append([]byte{t140PT}, bytes.Repeat([]byte("long"), 300)...),
	} {
		far.raw(append(head(), payload...))
	}
	far.send(false, nil, "last")
	for {
		ev := await(p, func(ev TextReceived) bool { return ev.Call == call.ID() })
		if ev.Text == "last" {
			return
		}
		if ev.Text != strings.Repeat("long", 16) { // as much as PJSIP takes of one block
			t.Errorf("%.100q", ev.Text)
		}
	}
}
