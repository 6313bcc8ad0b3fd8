package reports

import (
	"fmt"
	"strings"

	"github.com/offhook-voip/offhook/engine/report"
)

// A dialog makes the SIP messages of an actor with its PBX.
type dialog struct {
	actor, user, peer string // users
	local, remote, id string
	messages          []report.SIPMessage
	branch            int
}

func (d *dialog) add(at report.Millis, sent bool, first, cseq, extra, body string) {
	d.branch++
	from, to := d.user, d.peer
	if d.actor != "" { // called: the far end's request
		from, to = to, from
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKPj%06d\r\n", first, d.local, d.branch)
	fmt.Fprintf(&b, "From: <sip:%s@pbx.example.com>;tag=%s\r\nTo: <sip:%s@pbx.example.com>\r\nCall-ID: %s\r\nCSeq: %s\r\n",
		from, strings.ToLower(d.id[:2])+"7c", to, d.id, cseq)
	b.WriteString(extra)
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	d.messages = append(d.messages, report.SIPMessage{At: at, Sent: sent, Transport: "UDP", Local: d.local, Remote: d.remote, Raw: b.String()})
}

func sdp(host string, port int) string {
	return fmt.Sprintf("v=0\r\no=- 3972543 3972543 IN IP4 %[1]s\r\ns=pjmedia\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n"+
		"m=audio %[2]d RTP/SAVP 0 8 9 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:9 G722/8000\r\n"+
		"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"+
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:%[3]s|2^31\r\n", host, port, Secret)
}

const challenge = "WWW-Authenticate: Digest realm=\"pbx\",nonce=\"1780/4f\",algorithm=MD5,qop=\"auth\"\r\n"

func authorization(user, uri string) string {
	return fmt.Sprintf("Authorization: Digest username=%q, realm=\"pbx\", nonce=\"1780/4f\",\r\n uri=%q, response=%q, qop=auth, nc=00000001\r\n", user, uri, Secret)
}

func host(address string) string {
	h, _, _ := strings.Cut(address, ":")
	return h
}

// callMessages are those of a call that user makes, from the INVITE at start to the BYE at
// the end.
func callMessages(user, peer, local, remote, id string, start, answered, ended report.Millis) []report.SIPMessage {
	d := &dialog{user: user, peer: peer, local: local, remote: remote, id: id}
	uri := "sip:" + peer + "@pbx.example.com"
	contact := fmt.Sprintf("Contact: <sip:%s:%s@%s>\r\n", user, Secret, local)
	d.add(start, true, "INVITE "+uri+" SIP/2.0", "101 INVITE", contact+"Max-Forwards: 70\r\nSupported: 100rel, timer, replaces\r\n", sdp(host(local), 4000))
	d.add(start+3*ms, false, "SIP/2.0 401 Unauthorized", "101 INVITE", challenge, "")
	d.add(start+4*ms, true, "ACK "+uri+" SIP/2.0", "101 ACK", "", "")
	d.add(start+5*ms, true, "INVITE "+uri+" SIP/2.0", "102 INVITE", contact+authorization(user, uri), sdp(host(local), 4000))
	d.add(start+8*ms, false, "SIP/2.0 100 Trying", "102 INVITE", "", "")
	d.add(start+160*ms, false, "SIP/2.0 183 Session Progress", "102 INVITE", "", sdp(host(remote), 10200))
	d.add(start+(answered-start)/2, false, "SIP/2.0 180 Ringing", "102 INVITE", "", "")
	d.add(answered-6*ms, false, "SIP/2.0 200 OK", "102 INVITE", "Contact: <sip:"+remote+">\r\n", sdp(host(remote), 10200))
	d.add(answered-5*ms, true, "ACK sip:"+remote+" SIP/2.0", "102 ACK", "", "")
	d.add(ended-4*ms, true, "BYE sip:"+remote+" SIP/2.0", "103 BYE", "", "")
	d.add(ended, false, "SIP/2.0 200 OK", "103 BYE", "", "")
	return d.messages
}

// incomingMessages are those of a call that comes to user.
func incomingMessages(user, local, remote, id string, start, answered, ended report.Millis) []report.SIPMessage {
	d := &dialog{actor: user, user: user, peer: "pbx", local: local, remote: remote, id: id}
	d.add(start, false, "INVITE sip:"+user+"@"+local+" SIP/2.0", "20 INVITE", "", sdp(host(remote), 10300))
	d.add(start+1*ms, true, "SIP/2.0 100 Trying", "20 INVITE", "", "")
	d.add(start+2*ms, true, "SIP/2.0 180 Ringing", "20 INVITE", "", "")
	d.add(answered-4*ms, true, "SIP/2.0 200 OK", "20 INVITE", "", sdp(host(local), 4010))
	d.add(answered, false, "ACK sip:"+user+"@"+local+" SIP/2.0", "20 ACK", "", "")
	d.add(ended-3*ms, false, "BYE sip:"+user+"@"+local+" SIP/2.0", "21 BYE", "", "")
	d.add(ended, true, "SIP/2.0 200 OK", "21 BYE", "", "")
	return d.messages
}

func registration(actor, user, local, remote string, at report.Millis) []report.SIPMessage {
	d := &dialog{user: user, peer: user, local: local, remote: remote, id: "reg-" + user}
	d.add(at, true, "REGISTER sip:pbx.example.com SIP/2.0", "1 REGISTER", "Expires: 300\r\n", "")
	d.add(at+2*ms, false, "SIP/2.0 401 Unauthorized", "1 REGISTER", challenge, "")
	d.add(at+3*ms, true, "REGISTER sip:pbx.example.com SIP/2.0", "2 REGISTER", "Expires: 300\r\n"+authorization(user, "sip:pbx.example.com"), "")
	d.add(at+6*ms, false, "SIP/2.0 200 OK", "2 REGISTER", "Expires: 300\r\n", "")
	for i := range d.messages {
		d.messages[i].Actor = actor
	}
	return d.messages
}

func refusedRegistration(actor, user, local, remote string, at report.Millis) []report.SIPMessage {
	m := registration(actor, user, local, remote, at)
	m[3].Raw = strings.Replace(m[3].Raw, "200 OK", "403 Forbidden", 1)
	return m
}
