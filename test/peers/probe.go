//go:build linux

package peers

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"time"
)

// sipConn is as much of a SIP user agent as it takes to see that a peer serves: a request goes out, the final
// response comes back.
type sipConn struct {
	net.Conn
	in   *bufio.Reader
	via  string // transport in the Via header field
	host string // of the peer
}

// dialSIP connects to a peer; network is udp, tcp or tls, caFile verifies a TLS server.
func dialSIP(network, addr, caFile string) (*sipConn, error) {
	var conn net.Conn
	var err error
	d := &net.Dialer{Timeout: 2 * time.Second}
	if network == "tls" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		conn, err = tls.DialWithDialer(d, "tcp", addr, &tls.Config{RootCAs: pool})
		if err != nil {
			return nil, err
		}
	} else if conn, err = d.Dial(network, addr); err != nil {
		return nil, err
	}
	return &sipConn{conn, bufio.NewReaderSize(conn, 1<<16), strings.ToUpper(network), addr}, nil
}

// response is what a peer answered.
type response struct {
	code   int
	header textproto.MIMEHeader
}

// do sends a request without a body and returns the final response. The Via, From-tag, Call-ID and Content-Length
// header fields are added to header.
func (c *sipConn) do(method, uri string, header ...string) (*response, error) {
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return nil, err
	}
	lines := append([]string{
		method + " " + uri + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/%s %s;rport;branch=z9hG4bK%s", c.via, c.LocalAddr(), rand.Text()),
		"Max-Forwards: 70",
		"Call-ID: " + rand.Text(),
	}, header...)
	lines = append(lines, "Content-Length: 0", "", "")
	if _, err := c.Write([]byte(strings.Join(lines, "\r\n"))); err != nil {
		return nil, err
	}
	for {
		r, err := c.read()
		if err != nil || r.code >= 200 {
			return r, err
		}
	}
}

// read reads the next response, of which one UDP packet never holds a part only.
func (c *sipConn) read() (*response, error) {
	tp := textproto.NewReader(c.in)
	status, err := tp.ReadLine()
	if err != nil {
		return nil, err
	}
	r := &response{}
	if _, err := fmt.Sscanf(status, "SIP/2.0 %d ", &r.code); err != nil {
		return nil, fmt.Errorf("not a SIP status line: %q", status)
	}
	if r.header, err = tp.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	if n, err := strconv.Atoi(r.header.Get("Content-Length")); err == nil {
		_, err = c.in.Discard(n)
		return r, err
	}
	return r, nil
}

// options returns nil when the peer at addr answers OPTIONS with 200.
func options(network, addr, caFile string) error {
	c, err := dialSIP(network, addr, caFile)
	if err != nil {
		return err
	}
	defer c.Close()
	r, err := c.do("OPTIONS", "sip:"+addr,
		"From: <sip:probe@"+Loopback+">;tag="+rand.Text(), "To: <sip:"+addr+">", "CSeq: 1 OPTIONS")
	if err != nil {
		return err
	}
	if r.code != 200 {
		return fmt.Errorf("answer %d", r.code)
	}
	return nil
}
