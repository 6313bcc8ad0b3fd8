//go:build integration

package reports

import (
	"encoding/binary"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// run runs a program that test/peers/install.sh installs, and returns what it prints.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func create(t *testing.T, name string, write func(*os.File) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

// JUnit XML keeps to the schema of its readers.
func TestJUnitSchema(t *testing.T) {
	sample, err := Sample("")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*report.Run{
		"sample": sample, "empty": {}, "broken": {Name: "x", Message: "no port"},
		"bare": {Scenarios: []report.Scenario{{}, {Outcome: report.Failed, Earlier: []report.Scenario{{}, {Outcome: report.Failed}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			path := create(t, "junit.xml", func(f *os.File) error { return report.WriteJUnit(f, r, "reports") })
			run(t, "xmllint", "--noout", "--nonet", "--schema", "testdata/junit.xsd", path)
		})
	}
}

// Wireshark takes the pcap's SIP for SIP, by UDP, TCP and TLS, and follows the SDP in it to the RTP.
func TestWiresharkReadsPCAP(t *testing.T) {
	r, err := Sample("")
	if err != nil {
		t.Fatal(err)
	}
	s := &r.Scenarios[0]
	for i := range s.Messages {
		s.Messages[i].Transport = "TCP"
		s.Messages[i].Local = "192.0.2.10:40000"
	}
	for i := range s.Calls[0].Messages[:3] {
		s.Calls[0].Messages[i].Transport = "TLS"
		s.Calls[0].Messages[i].Local, s.Calls[0].Messages[i].Remote = "192.0.2.10:40002", "192.0.2.1:5061"
	}
	packets := s.SIPPackets()
	for i := range 50 { // from the port of the SDP
		rtp := make([]byte, 172)
		rtp[0], rtp[1] = 0x80, 0
		binary.BigEndian.PutUint16(rtp[2:], uint16(i+1))
		binary.BigEndian.PutUint32(rtp[4:], uint32(160*i))
		binary.BigEndian.PutUint32(rtp[8:], 0x0ff11ce5)
		packets = append(packets, report.Packet{
			Time: s.Started.Add(1200*time.Millisecond + time.Duration(i)*20*time.Millisecond), Payload: rtp,
			Src: netip.MustParseAddrPort("192.0.2.1:10200"), Dst: netip.MustParseAddrPort("192.0.2.10:4000"),
		})
	}
	path := create(t, "call.pcap", func(f *os.File) error { return report.WritePCAP(f, packets) })

	tshark := func(args ...string) []string {
		out, err := exec.Command("tshark", append([]string{"-n", "-r", path}, args...)...).Output()
		if err != nil {
			t.Fatalf("tshark: %v", err)
		}
		return strings.Split(strings.TrimSpace(string(out)), "\n")
	}
	if got := tshark("-Y", "sip"); len(got) != len(s.Messages)+len(s.Calls[0].Messages) {
		t.Errorf("%d messages of SIP, not %d:\n%s", len(got), len(s.Messages)+len(s.Calls[0].Messages), strings.Join(tshark(), "\n"))
	}
	if got := tshark("-Y", "rtp && !sip", "-T", "fields", "-e", "rtp.setup-frame"); len(got) != 50 || got[0] == "" {
		t.Errorf("%d packets of RTP, set up by frame %q", len(got), got[0])
	}
	if got := tshark("-Y", "_ws.malformed || _ws.expert.severity == error || tcp.analysis.lost_segment"); len(got) != 1 || got[0] != "" {
		t.Errorf("it finds fault with\n%s", strings.Join(got, "\n"))
	}
	if out := strings.Join(tshark("-V"), "\n"); strings.Contains(out, Secret) {
		t.Error("a secret is in the file")
	}
}
