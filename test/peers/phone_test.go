//go:build integration && linux

package peers

import (
	"bufio"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// dialog is one call by UDP and PCMA: as small a phone as shows that a peer does what it should.
type dialog struct {
	t          *testing.T
	sip        *sipConn
	rtp        *net.UDPConn
	uri        string // called, then where its Contact points
	branch     string // of the last INVITE
	id         []string
	to         string
	cseq       int
	code       int      // of the final response
	provisions []int    // codes of the provisional responses
	answered   string   // the last SDP
	media      net.Addr // from it
	seq        uint16   // of RTP packets sent
	stamp      uint32
}

const waitSIP = time.Minute

// dial sends an INVITE; see await.
func dial(t *testing.T, addr, uri, user string) *dialog {
	t.Helper()
	sip, err := dialSIP("udp", addr, "")
	if err != nil {
		t.Fatal(err)
	}
	rtp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(Loopback)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sip.Close(); rtp.Close() })
	d := &dialog{t: t, sip: sip, rtp: rtp, uri: uri, to: "To: <" + uri + ">"}
	d.id = []string{
		fmt.Sprintf("From: <sip:%s@%s>;tag=%s", user, Loopback, rand.Text()),
		fmt.Sprintf("Contact: <sip:%s@%s>", user, sip.LocalAddr()),
		"Call-ID: " + rand.Text(),
	}
	d.invite()
	return d
}

// call dials and waits for the final response, after answering a challenge.
func call(t *testing.T, addr, uri, user string) *dialog {
	t.Helper()
	d := dial(t, addr, uri, user)
	d.await(200)
	return d
}

func (d *dialog) invite(header ...string) {
	d.t.Helper()
	d.branch = rand.Text()
	d.cseq++
	d.request("INVITE", d.branch, d.cseq, d.sdp(), append(header, "Content-Type: application/sdp")...)
}

// sdp describes this phone.
func (d *dialog) sdp() string {
	return strings.Join([]string{
		"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0",
		fmt.Sprintf("m=audio %d RTP/AVP 8 101", d.rtp.LocalAddr().(*net.UDPAddr).Port),
		"a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "",
	}, "\r\n")
}

func (d *dialog) request(method, branch string, cseq int, body string, header ...string) {
	d.t.Helper()
	header = append(header, d.id...)
	header = append(header, d.to, fmt.Sprintf("CSeq: %d %s", cseq, method))
	if err := d.sip.send(method, d.uri, branch, body, header...); err != nil {
		d.t.Fatal(err)
	}
}

// await reads responses until there is one of the code least or higher, and acknowledges a final one.
func (d *dialog) await(least int) *message {
	d.t.Helper()
	for {
		m := d.read()
		if sdp := regexp.MustCompile(`m=audio (\d+) `).FindStringSubmatch(m.body); sdp != nil {
			port, _ := strconv.Atoi(sdp[1])
			d.answered = m.body
			d.media = &net.UDPAddr{IP: net.ParseIP(Loopback), Port: port}
		}
		_, method, _ := strings.Cut(m.header.Get("Cseq"), " ")
		if m.method != "" || method != "INVITE" {
			continue // the 200 to a CANCEL
		}
		if m.header.Get("Cseq") != fmt.Sprint(d.cseq, " INVITE") {
			continue // once more the challenge, because the ACK took its time
		}
		if m.code < 200 {
			d.provisions = append(d.provisions, m.code)
		} else {
			d.acknowledge(m)
		}
		if (m.code == 401 || m.code == 407) && d.cseq == 1 {
			d.invite(d.authorization(m))
		} else if m.code >= least {
			return m
		}
	}
}

// authorization answers the challenge in m to this call's INVITE.
func (d *dialog) authorization(m *message) string {
	user := regexp.MustCompile(`sip:(.*?)@`).FindStringSubmatch(d.id[0])[1]
	if m.code == 407 {
		return "Proxy-Authorization: " + digest(m.header.Get("Proxy-Authenticate"), "INVITE", d.uri, user, Password(user))
	}
	return "Authorization: " + digest(m.header.Get("Www-Authenticate"), "INVITE", d.uri, user, Password(user))
}

func (d *dialog) acknowledge(m *message) {
	d.t.Helper()
	d.code = m.code
	to := d.to
	d.to = "To: " + m.header.Get("To")
	branch := d.branch
	if contact := regexp.MustCompile(`<(.*)>`).FindStringSubmatch(m.header.Get("Contact")); m.code < 300 && contact != nil {
		d.uri, branch = contact[1], rand.Text()
		for _, route := range m.header["Record-Route"] { // of one proxy at most, so no order to turn round
			d.id = append(d.id, "Route: "+route)
		}
	}
	d.request("ACK", branch, d.cseq, "")
	if m.code >= 300 {
		d.to = to
	}
}

func (d *dialog) cancel() {
	d.t.Helper()
	d.request("CANCEL", d.branch, d.cseq, "")
}

func (d *dialog) read() *message {
	d.t.Helper()
	if err := d.sip.SetDeadline(time.Now().Add(waitSIP)); err != nil {
		d.t.Fatal(err)
	}
	m, err := d.sip.read()
	if err != nil {
		d.t.Fatalf("%s: %v", d.uri, err)
	}
	return m
}

// bye hangs up.
func (d *dialog) bye() {
	d.t.Helper()
	d.request("BYE", rand.Text(), d.cseq+1, "")
	for {
		if m := d.read(); m.code != 0 && strings.HasSuffix(m.header.Get("Cseq"), "BYE") {
			if m.code != 200 {
				d.t.Errorf("%s: BYE: %d", d.uri, m.code)
			}
			return
		}
	}
}

// waitBye waits until the peer hangs up.
func (d *dialog) waitBye() {
	d.t.Helper()
	for {
		m := d.read()
		if m.method == "BYE" {
			d.accept(m, "")
			return
		}
	}
}

// accept answers a request with 200.
func (d *dialog) accept(m *message, body string, header ...string) {
	d.t.Helper()
	lines := append([]string{"SIP/2.0 200 OK"}, header...)
	for _, name := range []string{"Via", "From", "To", "Call-Id", "Cseq"} {
		value := m.header.Get(name)
		if name == "To" && !strings.Contains(value, "tag=") {
			value += ";tag=" + rand.Text()
		}
		lines = append(lines, name+": "+value)
	}
	lines = append(lines, fmt.Sprint("Content-Length: ", len(body)), "", body)
	if _, err := d.sip.Write([]byte(strings.Join(lines, "\r\n"))); err != nil {
		d.t.Fatal(err)
	}
}

// called is a UDP socket that answers to where the last packet came from.
type called struct {
	*net.UDPConn
	peer net.Addr
}

// to makes Write send to addr.
func (c *called) to(addr string) (err error) {
	c.peer, err = net.ResolveUDPAddr("udp4", addr)
	return err
}

func (c *called) Read(b []byte) (n int, err error) {
	n, c.peer, err = c.ReadFrom(b)
	return n, err
}

func (c *called) Write(b []byte) (int, error) { return c.WriteTo(b, c.peer) }

// listen opens a phone that can be called at the address it returns; then see answer.
func listen(t *testing.T) (*dialog, string) {
	t.Helper()
	var conn [2]*net.UDPConn
	for i := range conn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(Loopback)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		conn[i] = c
	}
	sip := &called{UDPConn: conn[0]}
	return &dialog{t: t, sip: &sipConn{sip, bufio.NewReaderSize(sip, 1<<16), "UDP", ""}, rtp: conn[1]}, sip.LocalAddr().String()
}

// answer waits for a call and answers it.
func (d *dialog) answer() {
	d.t.Helper()
	for {
		if m := d.read(); m.method == "INVITE" {
			d.accept(m, d.sdp(), fmt.Sprintf("Contact: <sip:%s>", d.sip.LocalAddr()), "Content-Type: application/sdp")
			return
		}
	}
}

// packet is the part of an RTP packet that these tests look at.
type packet struct {
	kind    byte // payload type
	stamp   uint32
	payload []byte
}

func (d *dialog) receive() packet {
	d.t.Helper()
	if err := d.rtp.SetReadDeadline(time.Now().Add(waitSIP)); err != nil {
		d.t.Fatal(err)
	}
	b := make([]byte, 1500)
	n, err := d.rtp.Read(b)
	if err != nil || n < 12 {
		d.t.Fatalf("%s: RTP: %d bytes, %v", d.uri, n, err)
	}
	return packet{b[1] & 0x7f, binary.BigEndian.Uint32(b[4:]), b[12:n]}
}

// receiveNothing passes over what RTP comes in for so long.
func (d *dialog) receiveNothing(pause time.Duration) {
	d.t.Helper()
	if err := d.rtp.SetReadDeadline(time.Now().Add(pause)); err != nil {
		d.t.Fatal(err)
	}
	for b := make([]byte, 1500); ; {
		if _, err := d.rtp.Read(b); err != nil {
			return
		}
	}
}

// hear returns the next n samples.
func (d *dialog) hear(n int) []float64 {
	d.t.Helper()
	var s []float64
	for len(s) < n {
		if p := d.receive(); p.kind == 8 {
			s = append(s, alawDecode(p.payload)...)
		}
	}
	return s[:n]
}

// hearTone waits for a tone of hz and returns its next n samples.
func (d *dialog) hearTone(hz float64, n int) []float64 {
	d.t.Helper()
	const patience = 8000 * 20 // samples
	for range patience / 160 {
		if _, share := level(d.hear(160), hz); share > 0.98 {
			return d.hear(n)
		}
	}
	d.t.Fatalf("%s: no tone of %.0f Hz", d.uri, hz)
	return nil
}

// transmit sends one RTP packet.
func (d *dialog) transmit(kind byte, stamp uint32, payload []byte) {
	d.t.Helper()
	d.seq++
	b := append([]byte{0x80, kind}, make([]byte, 10)...)
	binary.BigEndian.PutUint16(b[2:], d.seq)
	binary.BigEndian.PutUint32(b[4:], stamp)
	binary.BigEndian.PutUint32(b[8:], 0x0ff400c)
	if _, err := d.rtp.WriteTo(append(b, payload...), d.media); err != nil {
		d.t.Fatal(err)
	}
}

// press sends one digit by RFC 4733: event code, volume, duration; the end three times.
func (d *dialog) press(event byte) {
	d.t.Helper()
	d.stamp += 8000
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := 1; i <= 8; i++ {
		<-tick.C
		end := byte(0)
		if i > 5 {
			end = 0x80
		}
		duration := uint16(min(i, 6) * 160)
		d.transmit(101, d.stamp, []byte{event, end | 10, byte(duration >> 8), byte(duration)})
	}
}

// level returns the peak level in decibels of the sine of hz in samples of 8 kHz, and how much of all power is
// in it, from 0 to 1.
func level(s []float64, hz float64) (db, share float64) {
	var re, im, all float64
	for i, v := range s {
		a := 2 * math.Pi * hz * float64(i) / 8000
		re, im, all = re+v*math.Cos(a), im+v*math.Sin(a), all+v*v
	}
	peak := 2 * math.Hypot(re, im) / float64(len(s))
	return 20 * math.Log10(peak), peak * peak / 2 * float64(len(s)) / all
}

// requireTone fails the test unless s is a sine of hz at the peak level want, within half a decibel.
func requireTone(t *testing.T, what string, s []float64, hz, want float64) {
	t.Helper()
	if db, share := level(s, hz); !(math.Abs(db-want) <= 0.5 && share >= 0.99) { // of silence both are NaN
		t.Errorf("%s: %.0f Hz at %.2f dB with %.0f %% of the power, want %.2f dB", what, hz, db, 100*share, want)
	}
}

// alawDecode decodes the A-law of ITU-T G.711 to samples between -1 and 1.
func alawDecode(b []byte) []float64 {
	s := make([]float64, len(b))
	for i, c := range b {
		c ^= 0x55
		v := float64(c&0x0f)*2 + 1
		if segment := c >> 4 & 7; segment > 0 {
			v = math.Ldexp(v+32, int(segment)-1)
		}
		s[i] = v / 4096
		if c < 0x80 {
			s[i] = -s[i]
		}
	}
	return s
}

// register registers user once without and, after a challenge, once with a password, and returns the last
// response.
func register(t *testing.T, network, addr, ca, domain, user, password string) (code int, algorithm string) {
	t.Helper()
	return registerAt(t, network, addr, ca, domain, user, password, "")
}

// registerAt registers a contact at another address, host:port, than that which the request comes from.
func registerAt(t *testing.T, network, addr, ca, domain, user, password, contact string) (code int, algorithm string) {
	t.Helper()
	c, err := dialSIP(network, addr, ca)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if contact == "" {
		contact = c.LocalAddr().String()
	}
	send := func(cseq int, more ...string) *message {
		t.Helper()
		aor := "<sip:" + user + "@" + domain + ">"
		m, err := c.do("REGISTER", "sip:"+domain, append([]string{
			"From: " + aor + ";tag=" + rand.Text(), "To: " + aor, fmt.Sprintf("CSeq: %d REGISTER", cseq),
			fmt.Sprintf("Contact: <sip:%s@%s;transport=%s>", user, contact, network), "Expires: 60",
		}, more...)...)
		if err != nil {
			t.Fatalf("REGISTER by %s: %v", network, err)
		}
		return m
	}
	m := send(1)
	if m.code != 401 {
		return m.code, ""
	}
	answer := digest(m.header["Www-Authenticate"][0], "REGISTER", "sip:"+domain, user, password)
	return send(2, "Authorization: "+answer).code, regexp.MustCompile(`algorithm=([^,]*)`).FindStringSubmatch(answer)[1]
}

var challengeParam = regexp.MustCompile(`(\w+)="?([^",]*)`)

// digest answers a challenge by RFC 7616, with SHA-256 or MD5.
func digest(challenge, method, uri, user, password string) string {
	p := map[string]string{"algorithm": "MD5"}
	for _, m := range challengeParam.FindAllStringSubmatch(strings.TrimPrefix(challenge, "Digest "), -1) {
		p[strings.ToLower(m[1])] = m[2]
	}
	hash := func(parts ...string) string {
		s := []byte(strings.Join(parts, ":"))
		if p["algorithm"] == "SHA-256" {
			return fmt.Sprintf("%x", sha256.Sum256(s))
		}
		return fmt.Sprintf("%x", md5.Sum(s))
	}
	a1, a2 := hash(user, p["realm"], password), hash(method, uri)
	a := fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=%s`, user, p["realm"], p["nonce"], uri, p["algorithm"])
	if p["opaque"] != "" {
		a += fmt.Sprintf(`, opaque=%q`, p["opaque"])
	}
	if p["qop"] == "" {
		return a + fmt.Sprintf(`, response=%q`, hash(a1, p["nonce"], a2))
	}
	const nc, cnonce, qop = "00000001", "0a4f113b", "auth"
	return a + fmt.Sprintf(`, qop=%s, nc=%s, cnonce=%q, response=%q`, qop, nc, cnonce, hash(a1, p["nonce"], nc, cnonce, qop, a2))
}
