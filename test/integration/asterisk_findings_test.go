//go:build integration && linux

package integration

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// longINVITE makes an INVITE with every codec that there is, much longer than the 1300
// bytes above which RFC 3261 asks for TCP. The suffix is that of the account that calls.
func longINVITE(t *testing.T, suffix string) []string {
	t.Helper()
	out, err := exec.Command(program, "codecs", "--json").Output()
	check(t, err)
	var list struct{ Codecs []struct{ ID string } }
	check(t, json.Unmarshal(out, &list))
	var ids []string
	for _, c := range list.Codecs {
		ids = append(ids, c.ID)
	}
	if len(ids) < 10 {
		t.Fatalf("the codecs are %v", ids)
	}
	name := strings.Repeat("a long name ", 10)
	return []string{"--audio-codecs", strings.Join(ids, " "), "--display-name" + suffix, name}
}

// How Asterisk and SIPp log an INVITE that came by UDP.
var (
	asteriskINVITE = regexp.MustCompile(`Received SIP request \((\d+) bytes\) from UDP:[0-9.:]+ --->\s+INVITE `)
	sippINVITE     = regexp.MustCompile(`UDP message received \[(\d+)\] bytes :\s+INVITE `)
)

// A long INVITE goes over UDP where UDP was asked for: to a PBX that has TCP too, and
// to a phone that has none.
func TestAsteriskLongINVITE(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	startCall(t, "601", append(longINVITE(t, ""), "-c", writeINI(t, accountsINI(a)))...).summary(exitOK, "answered")
	requireLong(t, a.Log, asteriskINVITE)

	u := peers.StartUAS(t, peers.UAS{Echo: true})
	startCall(t, "sip:phone@"+u.Addr, append(longINVITE(t, "-0"), "--duration", "100ms")...).summary(exitOK, "answered")
	requireLong(t, u.Messages, sippINVITE)
}

// requireLong fails the test unless the log has only INVITEs of more than 1300 bytes.
func requireLong(t *testing.T, log string, invite *regexp.Regexp) {
	t.Helper()
	text, err := os.ReadFile(log)
	check(t, err)
	found := invite.FindAllSubmatch(text, -1)
	for _, m := range found {
		if n, _ := strconv.Atoi(string(m[1])); n <= 1300 {
			t.Errorf("an INVITE had %s bytes", m[1])
		}
	}
	if len(found) == 0 {
		t.Errorf("no INVITE by UDP in %s", log)
	}
}

// A phone that takes and sends Opus in stereo hears a tone as loud as it is, and is
// heard so.
func TestStereoOpus(t *testing.T) {
	t.Parallel()
	const level = -12.0
	addr := stereoEcho(t)
	record := filepath.Join(t.TempDir(), "echo.wav")
	s := startCall(t, "sip:phone@"+addr, "--audio-codecs", "opus/48000/2",
		"--play", toneFile(t, 440, level, 3*time.Second), "--record", record).summary(exitOK, "answered")
	if s.text("codec") != "opus/48000" {
		t.Errorf("summary %v", s)
	}
	requireTones(t, readRecording(t, record), level, 440)
}
