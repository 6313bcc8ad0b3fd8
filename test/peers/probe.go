//go:build linux

package peers

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
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

// message is a SIP request or response.
type message struct {
	method string // of a request; "" in a response
	code   int    // of a response
	header textproto.MIMEHeader
	body   string
}

// send sends a request. The Via, Max-Forwards and Content-Length header fields are added to header.
func (c *sipConn) send(method, uri, branch, body string, header ...string) error {
	lines := append([]string{
		method + " " + uri + " SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/%s %s;rport;branch=z9hG4bK%s", c.via, c.LocalAddr(), branch),
		"Max-Forwards: 70",
	}, header...)
	lines = append(lines, fmt.Sprint("Content-Length: ", len(body)), "", body)
	_, err := c.Write([]byte(strings.Join(lines, "\r\n")))
	return err
}

// do sends a request that has no body and begins no dialog, and returns the final response.
func (c *sipConn) do(method, uri string, header ...string) (*message, error) {
	if err := c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return nil, err
	}
	if err := c.send(method, uri, rand.Text(), "", append(header, "Call-ID: "+rand.Text())...); err != nil {
		return nil, err
	}
	for {
		m, err := c.read()
		if err != nil || m.code >= 200 {
			return m, err
		}
	}
}

// read reads the next message. One that came by UDP is in one packet, so a broken one does not spoil the next.
func (c *sipConn) read() (*message, error) {
	tp := textproto.NewReader(c.in)
	start, err := tp.ReadLine()
	if err != nil {
		return nil, err
	}
	m := &message{}
	if _, err := fmt.Sscanf(start, "SIP/2.0 %d ", &m.code); err != nil {
		m.method, _, _ = strings.Cut(start, " ")
	}
	if m.header, err = tp.ReadMIMEHeader(); err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(m.header.Get("Content-Length"))
	if err != nil {
		return nil, fmt.Errorf("%q: Content-Length: %w", start, err)
	}
	body := make([]byte, n)
	_, err = io.ReadFull(c.in, body)
	m.body = string(body)
	return m, err
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
