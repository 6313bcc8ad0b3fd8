//go:build cgo

package pjsua

import (
	"bytes"
	"fmt"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sipPeer is a far end that says over UDP exactly what a test tells it to, right or
// wrong, and no more.
type sipPeer struct {
	t    testing.TB
	conn net.PacketConn
	addr string
	in   chan sipMsg
	seen map[string]bool // requests, by method, branch and CSeq: retransmissions are dropped
	cseq int
}

type sipMsg struct {
	raw  []byte
	from net.Addr
}

func newSIPPeer(t testing.TB) *sipPeer {
	t.Helper()
	conn := must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	p := &sipPeer{t: t, conn: conn, addr: conn.LocalAddr().String(), in: make(chan sipMsg, 64), seen: map[string]bool{}}
	ended := make(chan struct{})
	t.Cleanup(func() { conn.Close(); close(ended) })
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				close(p.in)
				return
			}
			select {
			case p.in <- sipMsg{bytes.Clone(buf[:n]), from}:
			case <-ended:
				return
			}
		}
	}()
	return p
}

func (m sipMsg) start() string { s, _, _ := strings.Cut(string(m.raw), "\r\n"); return s }

func (m sipMsg) header(name string) string {
	if v := headerValues(m.raw, name); len(v) > 0 {
		return v[0]
	}
	return ""
}

func (m sipMsg) body() string { _, b, _ := bytes.Cut(m.raw, []byte("\r\n\r\n")); return string(b) }

// request waits for the next request with this method.
func (p *sipPeer) request(method string) sipMsg {
	p.t.Helper()
	return p.await("a request "+method, func(m sipMsg) bool {
		key := m.header("CSeq") + m.header("Via")
		if !strings.HasPrefix(m.start(), method+" ") || p.seen[key] {
			return false
		}
		p.seen[key] = true
		return true
	})
}

func (p *sipPeer) await(what string, ok func(sipMsg) bool) sipMsg {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-p.in:
			if ok(m) {
				return m
			}
		case <-deadline:
			p.t.Fatalf("%s did not come in %v", what, patience)
		}
	}
}

// respond answers req. Headers are lines without their ends.
func (p *sipPeer) respond(req sipMsg, status string, headers ...string) {
	p.t.Helper()
	p.respondBody(req, status, "", headers...)
}

func (p *sipPeer) respondBody(req sipMsg, status, body string, headers ...string) {
	p.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	head, _, _ := strings.Cut(string(req.raw), "\r\n\r\n")
	for _, line := range strings.Split(head, "\r\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		switch textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)) {
		case "Via", "From", "Call-Id", "Cseq", "Record-Route":
			b.WriteString(line + "\r\n")
		case "To":
			if !strings.Contains(line, ";tag=") {
				line += ";tag=peer"
			}
			b.WriteString(line + "\r\n")
		}
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	p.write([]byte(b.String()), req.from)
}

func (p *sipPeer) write(raw []byte, to net.Addr) {
	p.t.Helper()
	if _, err := p.conn.WriteTo(raw, to); err != nil {
		p.t.Fatal(err)
	}
}

// dialog is what a request inside the dialog that req began needs.
type dialog struct {
	peer             *sipPeer
	target           string // the far end's Contact
	event            string // of the subscription that began it
	from, to, callID string
	phone            net.Addr
}

var contactURI = regexp.MustCompile(`<([^>]*)>`)

func (p *sipPeer) dialog(req sipMsg) dialog {
	p.t.Helper()
	target := contactURI.FindStringSubmatch(req.header("Contact"))
	if target == nil {
		p.t.Fatalf("no Contact in %s", req.raw)
	}
	to := req.header("To")
	if !strings.Contains(to, ";tag=") {
		to += ";tag=peer"
	}
	return dialog{p, target[1], req.header("Event"), to, req.header("From"), req.header("Call-ID"), req.from}
}

// send sends a request in the dialog and returns the code of its answer. A CSeq of 0
// is the next one.
func (d dialog) send(method string, cseq int, body string, headers ...string) int {
	d.peer.t.Helper()
	if cseq == 0 {
		d.peer.cseq++
		cseq = d.peer.cseq
	}
	branch := fmt.Sprintf("z9hG4bK%s%d%d", method, cseq, time.Now().UnixNano())
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=%s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:peer@%s>\r\n", method, d.target, d.peer.addr, branch, d.from, d.to,
		d.callID, cseq, method, d.peer.addr)
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	d.peer.write([]byte(b.String()), d.phone)
	answer := d.peer.await("the answer to "+method, func(m sipMsg) bool {
		return strings.HasPrefix(m.start(), "SIP/2.0 ") && !strings.HasPrefix(m.start(), "SIP/2.0 1") &&
			strings.Contains(m.header("Via"), branch)
	})
	code := must(strconv.Atoi(strings.Fields(answer.start())[1]))(d.peer.t)
	return code
}
