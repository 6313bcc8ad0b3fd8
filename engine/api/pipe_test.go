package api

import (
	"strings"
	"testing"
)

func TestPipeName(t *testing.T) {
	const user = "S-1-5-21-1-2-3-1001"
	if got := pipeName("", user); got != `\\.\pipe\offhook-S-1-5-21-1-2-3-1001` {
		t.Errorf("without a file: %s", got)
	}
	if got := pipeName("0123456789ab", user); got != `\\.\pipe\offhook-0123456789ab` || checkPipe(got) != nil {
		t.Errorf("with a file: %s", got)
	}
	for name, good := range map[string]bool{
		`\\.\pipe\a`: true, `\\.\PIPE\offhook`: true, `\\.\pipe\`: false, `\\server\pipe\a`: false, `C:\a`: false, "": false,
		pipePrefix + strings.Repeat("x", maxPipe): false,
	} {
		if err := checkPipe(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestPipeOwner(t *testing.T) {
	const me, other = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
	for _, c := range []struct {
		owner         string
		administrator bool
		trusted       bool
	}{
		{me, false, true}, {other, false, false}, {other, true, true},
		{sidSystem, false, true}, {sidAdministrators, false, true},
		{"S-1-5-19", false, false}, // LocalService: what runs as it is not the user's
	} {
		if err := checkPipeOwner(c.owner, me, c.administrator); (err == nil) != c.trusted {
			t.Errorf("%s, administrator %v: %v", c.owner, c.administrator, err)
		}
	}
}

// Nobody is allowed beside the user, the system and administrators, and nothing inherited.
func TestPipeAccessWords(t *testing.T) {
	const me = "S-1-5-21-1-2-3-1001"
	if got, want := pipeAccess(me), "O:"+me+"D:P(A;;FA;;;"+me+")(A;;FA;;;SY)(A;;FA;;;BA)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
