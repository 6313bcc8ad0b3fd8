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
// bytes above which RFC 3261 asks for TCP.
func longINVITE(t *testing.T) []string {
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
	return []string{"--audio-codecs", strings.Join(ids, " "), "--display-name", strings.Repeat("a long name ", 10)}
}

var inviteSize = regexp.MustCompile(`Received SIP request \((\d+) bytes\) from UDP:[0-9.:]+ --->\s+INVITE `)

// A long INVITE goes over UDP where UDP was asked for: to a PBX that has TCP too, and
// to a phone that has none.
func TestAsteriskLongINVITE(t *testing.T) {
	t.Parallel()
	long := longINVITE(t)
	a := peers.StartAsterisk(t)
	startCall(t, "601", append(long, "-c", writeINI(t, accountsINI(a)))...).summary(exitOK, "answered")
	log, err := os.ReadFile(a.Log)
	check(t, err)
	longest := 0
	for _, m := range inviteSize.FindAllSubmatch(log, -1) {
		n, _ := strconv.Atoi(string(m[1]))
		longest = max(longest, n)
	}
	if longest <= 1300 {
		t.Errorf("the longest INVITE by UDP had %d bytes, want more than 1300", longest)
	}

	u := peers.StartUAS(t, peers.UAS{Echo: true})
	startCall(t, "sip:phone@"+u.Addr, append(long, "--duration", "100ms")...).summary(exitOK, "answered")
	messages, err := os.ReadFile(u.Messages)
	check(t, err)
	if invite, _, _ := strings.Cut(string(messages), "\nSIP/2.0"); len(invite) <= 1300 {
		t.Errorf("the INVITE was not long:\n%s", invite)
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
