//go:build linux

package peers

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Coturn is a STUN and TURN server. STUN needs no credentials, and it can answer from another address or port
// (RFC 5780), which is how a client finds out what kind of NAT it is behind. TURN takes long-term credentials and
// relays by UDP between addresses of this machine.
type Coturn struct {
	UDP      string // host:port
	TCP      string // host:port, the same as UDP
	TLS      string // host:port
	Realm    string
	User     string
	Password string
	Certs    Certs  // the CA verifies the TLS server
	Log      string // file with its log

	// The ports that it relays from, the last one included.
	RelayFirst, RelayLast int

	tb   testing.TB
	proc *process
}

const (
	relayPorts = 128
	// loopbackSecond is the address from which coturn answers when it is to be another one.
	loopbackSecond = "127.0.0.2"
)

// StartCoturn starts a coturn, which ends with the test.
func StartCoturn(tb testing.TB) *Coturn {
	tb.Helper()
	RequireNetns(tb)
	dir, port, relay := runDir(tb), FreePorts(tb, 4), FreePorts(tb, relayPorts)
	c := &Coturn{
		UDP: address(port), TCP: address(port), TLS: address(port + 2),
		Realm: "turn.test", User: "turn", Password: Password("turn"),
		RelayFirst: relay, RelayLast: relay + relayPorts - 1,
		Certs: MakeCerts(tb, dir),
		Log:   filepath.Join(dir, "log"),
		tb:    tb,
	}
	writeConfigs(tb, "coturn", dir, map[string]any{
		"Dir": dir, "IP": Loopback, "Second": loopbackSecond, "Port": port, "AltPort": port + 1, "TLSPort": port + 2,
		"AltTLSPort": port + 3, "RelayFirst": c.RelayFirst, "RelayLast": c.RelayLast, "Realm": c.Realm, "User": c.User,
		"Password": c.Password, "Certs": c.Certs,
	})
	c.proc = startProcess(tb, command{
		name: "turnserver", log: c.Log, dir: dir,
		argv: []string{"turnserver", "-c", filepath.Join(dir, "turnserver.conf")},
	})
	tb.Cleanup(func() {
		c.Stop()
		if tb.Failed() {
			tb.Log(tail(c.Log, logTail))
		}
	})
	c.proc.waitUp(func() error {
		if _, err := stunMapped(c.UDP); err != nil {
			return fmt.Errorf("STUN by UDP: %w", err)
		}
		for _, port := range []int{port, port + 2} {
			if err := bound("tcp", port); err != nil {
				return err
			}
		}
		return nil
	})
	return c
}

// Stop ends the coturn and waits until it is gone. Stopping it twice does nothing.
func (c *Coturn) Stop() {
	c.tb.Helper()
	c.proc.stop()
}

// Relay is an allocation that was closed, with the packets that it relayed.
type Relay struct {
	TCP       bool // the client came by TCP or TLS, otherwise by UDP
	ToPeers   int
	FromPeers int
}

// What coturn writes about a client's connection, and about an allocation when it closes it.
var (
	clientConnected = regexp.MustCompile(`tcp or tls connected to: (\S+)`)
	peerUsage       = regexp.MustCompile(`session (\d+): peer usage: .*rp=(\d+), rb=\d+, sp=(\d+), sb=\d+`)
	sessionClosed   = regexp.MustCompile(`session (\d+): closed .* remote (\S+), reason`)
)

// WaitRelays waits until coturn has closed n allocations and returns them in that order. It ends
// the test when that does not happen within d.
func (c *Coturn) WaitRelays(n int, d time.Duration) []Relay {
	c.tb.Helper()
	var all []Relay
	err := poll(d, c.proc.done, func() (err error) {
		if all, err = c.relays(); err == nil && len(all) < n {
			err = fmt.Errorf("%d are closed", len(all))
		}
		return err
	})
	if err != nil {
		c.tb.Fatalf("coturn: waited %v for %d closed allocations: %v", d, n, err)
	}
	return all
}

// relays reads the log.
func (c *Coturn) relays() ([]Relay, error) {
	log, err := os.ReadFile(c.Log)
	if err != nil {
		return nil, err
	}
	var all []Relay
	connections, open := map[string]bool{}, map[string]Relay{}
	for line := range strings.Lines(string(log)) {
		if m := clientConnected.FindStringSubmatch(line); m != nil {
			connections[m[1]] = true
		} else if m := peerUsage.FindStringSubmatch(line); m != nil {
			r := open[m[1]] // a long one is told of more than once
			from, _ := strconv.Atoi(m[2])
			to, _ := strconv.Atoi(m[3])
			open[m[1]] = Relay{FromPeers: r.FromPeers + from, ToPeers: r.ToPeers + to}
		} else if m := sessionClosed.FindStringSubmatch(line); m != nil {
			if r, ok := open[m[1]]; ok {
				r.TCP = connections[strings.TrimSuffix(m[2], ",")]
				all = append(all, r)
			}
		}
	}
	return all, nil
}

// stunMapped asks a STUN server (RFC 8489) by UDP under which address it sees us.
func stunMapped(server string) (netip.AddrPort, error) {
	conn, err := net.Dial("udp", server)
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer conn.Close()
	const (
		binding, success   = 0x0001, 0x0101
		xorMappedAddress   = 0x0020
		magic              = 0x2112a442
		headerLen, attrLen = 20, 4
	)
	request := make([]byte, headerLen)
	binary.BigEndian.PutUint16(request, binding)
	binary.BigEndian.PutUint32(request[4:], magic)
	_, _ = rand.Read(request[8:])
	if err := conn.SetDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		return netip.AddrPort{}, err
	}
	if _, err := conn.Write(request); err != nil {
		return netip.AddrPort{}, err
	}
	b := make([]byte, 1500)
	n, err := conn.Read(b)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if n < headerLen || binary.BigEndian.Uint16(b) != success || !slices.Equal(b[4:headerLen], request[4:]) {
		return netip.AddrPort{}, errors.New("not the response of a STUN server")
	}
	for b = b[headerLen:n]; len(b) >= attrLen; {
		kind, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if kind == xorMappedAddress && length == 8 && len(b) >= attrLen+length {
			port := binary.BigEndian.Uint16(b[6:]) ^ magic>>16
			ip := binary.BigEndian.Uint32(b[8:]) ^ magic
			return netip.AddrPortFrom(netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, ip))), port), nil
		}
		if skip := attrLen + (length+3)&^3; skip <= len(b) {
			b = b[skip:]
		} else {
			return netip.AddrPort{}, io.ErrUnexpectedEOF
		}
	}
	return netip.AddrPort{}, errors.New("a response without XOR-MAPPED-ADDRESS")
}
