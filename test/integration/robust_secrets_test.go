//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// Passwords, from wherever they come, and what is made of them are in no output, even
// where every SIP message is logged.
func TestRobustSecrets(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	const wrong = "wr0ng-passw0rd"
	passwordFile := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwordFile, []byte(peers.Password("carol")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ini := writeINI(t, fmt.Sprintf(`[Settings]
logLevel = trace
enableLog = 1
[AccountDefaults]
server = %[1]s
SRTP = optional
[Account]
server = %[1]s
username = alice
password = %[2]s
server-2 = %[1]s
username-2 = bob
password-2 = ${BOBS_PASSWORD}
server-3 = %[1]s
username-3 = carol
password_file-3 = %[3]s
server-4 = %[1]s
username-4 = dave
server-5 = %[1]s
username-5 = eve
password-5 = %[4]s
`, k.UDP, peers.Password("alice"), passwordFile, wrong))
	secrets := []string{wrong}
	for _, user := range []string{"alice", "bob", "carol", "dave"} {
		secrets = append(secrets, peers.Password(user))
	}
	env := []string{"BOBS_PASSWORD=" + peers.Password("bob"), "OFFHOOK_PASSWORD_4=" + peers.Password("dave")}

	run := prepare(t, "run", "--json", "--bind-address", "127.0.0.1", "-c", ini, "--auto-answer", "all", "--log-level", "trace")
	run.cmd.Env = append(run.cmd.Env, env...)
	run.begin()
	for account := 1; account <= 4; account++ {
		run.awaitRegistered(account)
	}
	run.await("refusal", func(l line) bool { return l.typ() == "RegistrationChanged" && l.number("code") == 401 })
	call := prepare(t, "call", "bob", "--json", "--bind-address", "127.0.0.1", "-c", ini, "--duration", "1s", "--log-level", "trace")
	call.cmd.Env = append(call.cmd.Env, env...)
	call.begin()
	call.await("CONNECTING", func(l line) bool { return l["state"] == "CONNECTING" })
	for _, p := range []*process{run, call} {
		cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		requireSecret(t, "the process list", string(cmdline), secrets)
	}
	call.summary(exitOK, "answered")
	stopRun(t, run)
	for _, p := range []*process{run, call} {
		said := p.errors()
		requireSecret(t, "standard error of "+p.args, said, secrets)
		requireSecret(t, "standard output of "+p.args, fmt.Sprint(p.all()), secrets)
		if !strings.Contains(said, "REGISTER sip:") {
			t.Errorf("offhook %s logged no REGISTER: the test sees nothing", p.args)
		}
		for _, leak := range []string{`response="[0-9a-f]+`, `inline:[A-Za-z0-9+/]+`, `key=[A-Za-z0-9+/]+`} {
			if found := regexp.MustCompile(leak).FindString(said); found != "" {
				t.Errorf("offhook %s logged %s", p.args, found)
			}
		}
	}

	for _, args := range [][]string{{"config", "check", "-c", ini}, {"config", "check", "-c", ini, "--json"}} {
		check := exec.Command(program, args...)
		check.Env = append(environment(), env...)
		said, err := check.CombinedOutput()
		if err != nil {
			t.Errorf("offhook %v: %v\n%s", args, err, said)
		}
		requireSecret(t, fmt.Sprint(args), string(said), secrets)
		if strings.Count(string(said), "***") < 5 {
			t.Errorf("offhook %v shows not that there are passwords:\n%s", args, said)
		}
	}
}

// requireSecret fails the test when one of secrets is in said. The failure does not
// show them, nor what was said.
func requireSecret(t *testing.T, where, said string, secrets []string) {
	t.Helper()
	for i, secret := range secrets {
		if at := strings.Index(said, secret); at >= 0 {
			t.Errorf("%s has password %d after %q", where, i, said[max(0, at-60):at])
		}
	}
}
