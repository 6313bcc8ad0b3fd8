//go:build integration && linux

package integration

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// stereoEcho is a phone that takes one call, with Opus in stereo, and sends back what it
// hears. It returns the phone's address. None of the peers wants stereo.
func stereoEcho(t *testing.T) string {
	t.Helper()
	sip, rtp := listenUDP(t), listenUDP(t)
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := rtp.ReadFrom(buf)
			if err != nil {
				return // the test has ended
			}
			_, _ = rtp.WriteTo(buf[:n], from)
		}
	}()
	go func() {
		buf := make([]byte, 65536)
		for {
			n, from, err := sip.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := answerStereo(string(buf[:n]), sip.LocalAddr(), rtp.LocalAddr().(*net.UDPAddr).Port); answer != "" {
				_, _ = sip.WriteTo([]byte(answer), from)
			}
		}
	}()
	return sip.LocalAddr().String()
}

func listenUDP(t *testing.T) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp4", peers.Loopback+":0")
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// answerStereo is a 200 to any request but an ACK. To an offer of Opus it is an answer
// with the same payload type.
func answerStereo(request string, contact net.Addr, rtpPort int) string {
	method, _, _ := strings.Cut(request, " ")
	if method == "ACK" || strings.HasPrefix(method, "SIP/") || strings.TrimSpace(request) == "" {
		return ""
	}
	head, offer, _ := strings.Cut(request, "\r\n\r\n")
	lines := []string{"SIP/2.0 200 OK", fmt.Sprintf("Contact: <sip:%s>", contact)}
	for line := range strings.SplitSeq(head, "\r\n") {
		switch name, _, _ := strings.Cut(line, ":"); name {
		case "To":
			if !strings.Contains(line, ";tag=") {
				line += ";tag=stereo"
			}
			fallthrough
		case "Via", "From", "Call-ID", "CSeq":
			lines = append(lines, line)
		}
	}
	body := ""
	if before, _, ok := strings.Cut(offer, " opus/48000/2"); ok {
		pt := before[strings.LastIndexByte(before, ':')+1:]
		lines = append(lines, "Content-Type: application/sdp")
		body = strings.NewReplacer("PT", pt, "PORT", fmt.Sprint(rtpPort)).Replace("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n" +
			"c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio PORT RTP/AVP PT\r\na=rtpmap:PT opus/48000/2\r\na=fmtp:PT stereo=1;sprop-stereo=1\r\n")
	}
	return strings.Join(append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body), "\r\n")
}
