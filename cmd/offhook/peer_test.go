//go:build cgo

package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// peer is the far end of SIP over UDP that a test decides about. It answers each
// request once and never sends RTP, though it says where it would take some.
type peer struct {
	addr   string
	answer func(method string) int // the code for a method; 0 is silence
	got    chan string             // the methods that came
}

func newPeer(t *testing.T, answer func(method string) int) *peer {
	t.Helper()
	sip, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rtp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: sip.LocalAddr().String(), answer: answer, got: make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.serve(sip, rtp.LocalAddr().(*net.UDPAddr).Port)
	}()
	t.Cleanup(func() {
		sip.Close()
		rtp.Close()
		<-done
	})
	return p
}

// await waits for a request.
func (p *peer) await(t *testing.T, method string) {
	t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case got := <-p.got:
			if got == method {
				return
			}
		case <-limit:
			t.Fatalf("no %s came", method)
		}
	}
}

func (p *peer) serve(conn net.PacketConn, rtpPort int) {
	buf := make([]byte, 65536)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		request := string(buf[:n])
		method, _, _ := strings.Cut(request, " ")
		if method == "ACK" || strings.HasPrefix(method, "SIP/") || strings.TrimSpace(request) == "" {
			continue
		}
		if method == "REGISTER" && strings.Contains(request, "Expires: 0\r\n") {
			method = "unregister"
		}
		p.got <- method
		if code := p.answer(method); code != 0 {
			_, _ = conn.WriteTo([]byte(p.response(request, method, code, rtpPort)), from)
		}
	}
}

func (p *peer) response(request, method string, code, rtpPort int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d Because\r\n", code)
	head, _, _ := strings.Cut(request, "\r\n\r\n")
	for _, h := range strings.Split(head, "\r\n")[1:] {
		name, _, _ := strings.Cut(h, ":")
		switch strings.ToLower(name) {
		case "to":
			if code > 100 && !strings.Contains(h, ";tag=") {
				h += ";tag=peer"
			}
			fallthrough
		case "via", "from", "call-id", "cseq":
			b.WriteString(h + "\r\n")
		case "contact":
			if method == "REGISTER" {
				b.WriteString(h + ";expires=300\r\n")
			}
		}
	}
	body := ""
	if method == "INVITE" && code < 300 {
		fmt.Fprintf(&b, "Contact: <sip:%s>\r\n", p.addr)
	}
	if method == "INVITE" && code == 200 {
		b.WriteString("Content-Type: application/sdp\r\n")
		body = fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
			"m=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", rtpPort)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.String()
}
