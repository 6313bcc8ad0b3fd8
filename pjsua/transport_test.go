//go:build cgo

package pjsua

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority makes certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// certificate is one with its key, as PEM.
type certificate struct{ cert, key, der []byte }

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key))(t)
	return &authority{t, must(x509.ParseCertificate(der))(t), key, pemOf("CERTIFICATE", der)}
}

func pemOf(typ string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der})
}

func (a *authority) issue(serial int64) certificate {
	a.t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(a.t)
	der := must(x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "127.0.0.1", Organization: []string{"Offhook"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"pbx.example.com"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, key.Public(), a.key))(a.t)
	return certificate{pemOf("CERTIFICATE", der), pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key))(a.t)), der}
}

func (a *authority) config(c certificate) TLSConfig {
	return TLSConfig{CAPEM: a.pem, CertPEM: c.cert, KeyPEM: NewSecret(string(c.key)), Protocols: TLS12 | TLS13}
}

// served is the serial number of the certificate that a listener shows.
func (a *authority) served(addr string) int64 {
	a.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	conn := must(tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", addr, &tls.Config{RootCAs: roots}))(a.t)
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateIsReplacedWithoutClosing(t *testing.T) {
	p := newPhone(t, Config{})
	ca := newAuthority(t)
	tp := must(p.AddTransport(within(t), TransportConfig{Type: TLS, BindAddress: "127.0.0.1", TLS: ca.config(ca.issue(100))}))(t)
	addr := tp.Info().Address
	if got := ca.served(addr); got != 100 {
		t.Fatalf("serial %d", got)
	}
	up := must(net.Dial("tcp", addr))(t)
	defer up.Close()

	check(t, tp.Restart(within(t), TransportConfig{TLS: ca.config(ca.issue(200))}))
	if info := tp.Info(); info.Address != addr || info.Bound != addr {
		t.Errorf("it listens on %+v, not on %s", info, addr)
	}
	if got := ca.served(addr); got != 200 {
		t.Errorf("serial %d after the change", got)
	}
	// What cannot be used changes nothing.
	bad := ca.config(ca.issue(300))
	bad.KeyPEM = NewSecret(string(ca.issue(301).key))
	if err := tp.Restart(within(t), TransportConfig{TLS: bad}); err == nil || strings.Contains(err.Error(), "EC PRIVATE") {
		t.Errorf("a key of another certificate: %v", err)
	}
	// By files, and again without naming them.
	dir := t.TempDir()
	files := TLSConfig{CertFile: filepath.Join(dir, "cert"), KeyFile: filepath.Join(dir, "key")}
	third := ca.issue(400)
	check(t, os.WriteFile(files.CertFile, third.cert, 0o600))
	check(t, os.WriteFile(files.KeyFile, third.key, 0o600))
	check(t, tp.Restart(within(t), TransportConfig{TLS: files}))
	fourth := ca.issue(500)
	check(t, os.WriteFile(files.CertFile, fourth.cert, 0o600))
	check(t, os.WriteFile(files.KeyFile, fourth.key, 0o600))
	check(t, tp.Restart(within(t), TransportConfig{}))
	if got := ca.served(addr); got != 500 {
		t.Errorf("serial %d after the files changed", got)
	}
	check(t, tp.ListenStart(within(t), TransportConfig{}))
	check(t, tp.Close(within(t), CloseTransportOptions{}))
	assertIs(t, tp.Restart(within(t), TransportConfig{}), ErrTransportGone)
}

// A call to ourselves over TLS: both ends report the connection, with the certificates.
func TestTLSFacts(t *testing.T) {
	p := newPhone(t, Config{})
	ca := newAuthority(t)
	cert := ca.issue(0x1234)
	cfg := TransportConfig{Type: TLS, BindAddress: "127.0.0.1", TLS: ca.config(cert)}
	cfg.TLS.VerifyClient, cfg.TLS.RequireClientCert = true, true
	tp := must(p.AddTransport(within(t), cfg))(t)
	check(t, p.acc.SetTransport(within(t), nil))
	must(p.acc.Dial(within(t), "sip:bob@"+tp.Info().Address+";transport=tls", DialOptions{}))(t)
	sum := sha256.Sum256(cert.der)
	for range 2 {
		ev := await(p, func(ev TransportChanged) bool { return ev.State == TransportConnected })
		if ev.Type != TLS || ev.TLS == nil || ev.TLS.Certificate == nil || ev.Name == "" || ev.Status != 0 {
			t.Fatalf("%+v", ev)
		}
		if ev.Incoming == (ev.Remote == tp.Info().Address) {
			t.Errorf("%+v", ev)
		}
		info, c := ev.TLS, ev.TLS.Certificate
		if !info.Established || !info.Verified || info.Problems != 0 || info.Protocol&(TLS12|TLS13) == 0 || info.Cipher == "" {
			t.Errorf("TLS %+v", info)
		}
		if !strings.Contains(c.Subject, "CN=127.0.0.1") || !strings.Contains(c.Issuer, "Test CA") || !strings.HasSuffix(c.Serial, "1234") ||
			c.NotBefore.After(time.Now()) || c.NotAfter.Before(time.Now()) {
			t.Errorf("certificate %+v", c)
		}
		if names := strings.Join(c.Names, " "); !strings.Contains(names, "pbx.example.com") || !strings.Contains(names, "127.0.0.1") {
			t.Errorf("names %q", c.Names)
		}
		if got := c.Fingerprint(); got != hex.EncodeToString(sum[:]) || !bytes.Contains(c.PEM, []byte("BEGIN")) {
			t.Errorf("fingerprint %q", got)
		}
	}
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Hangup(within(t), HangupOptions{}))

	// A server that nobody vouches for is not talked to.
	stranger := newAuthority(t)
	other := stranger.config(stranger.issue(1))
	server := must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{must(tls.X509KeyPair(other.CertPEM, []byte(other.KeyPEM.Reveal())))(t)}}))(t)
	defer server.Close()
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); _, _ = conn.Read(make([]byte, 1)) }()
		}
	}()
	must(p.acc.Dial(within(t), "sip:bob@"+server.Addr().String()+";transport=tls", DialOptions{}))(t)
	ev := await(p, func(ev TransportChanged) bool {
		return ev.State == TransportDisconnected && ev.Remote == server.Addr().String()
	})
	if ev.Status == 0 || ev.Reason == "" || ev.TLS == nil || ev.TLS.Verified || ev.TLS.Problems == 0 {
		t.Errorf("%+v %+v", ev, ev.TLS)
	}
}

func TestFailedHandshakeIsReported(t *testing.T) {
	p := newPhone(t, Config{})
	ca := newAuthority(t)
	cfg := TransportConfig{Type: TLS, BindAddress: "127.0.0.1", TLS: ca.config(ca.issue(7))}
	cfg.TLS.VerifyClient, cfg.TLS.RequireClientCert = true, true
	tp := must(p.AddTransport(within(t), cfg))(t)
	conn := must(net.Dial("tcp", tp.Info().Address))(t)
	defer conn.Close()
	must(conn.Write([]byte("this is no handshake, whatever it is, and goes on for a while\r\n\r\n")))(t)
	ev := await(p, func(ev TransportChanged) bool { return ev.State == TransportAcceptFailed })
	if !ev.Incoming || ev.Status == 0 || ev.Reason == "" || ev.Remote != conn.LocalAddr().String() {
		t.Errorf("%+v", ev)
	}
}

// Passwords and keys do not show up in what is printed.
func TestTLSConfigPrintsNoSecret(t *testing.T) {
	cfg := TransportConfig{Type: TLS, TLS: TLSConfig{Password: NewSecret("hunter2"), KeyPEM: NewSecret("-----BEGIN")}}
	if out := strings.Join([]string{spew(cfg), spew(AccountConfig{Credentials: []Credential{{Username: "u", Password: NewSecret("hunter2")}}})}, ""); strings.Contains(out, "hunter2") || strings.Contains(out, "BEGIN") {
		t.Error(out)
	}
}
