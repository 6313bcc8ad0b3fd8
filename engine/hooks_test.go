//go:build unix

package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestSplitArguments(t *testing.T) {
	for line, want := range map[string][]string{
		"":                           nil,
		"  ":                         nil,
		`a b`:                        {"a", "b"},
		"a \t b ":                    {"a", "b"},
		`"C:\Program Files\x.exe" y`: {`C:\Program Files\x.exe`, "y"},
		`C:\a\b.exe`:                 {`C:\a\b.exe`},
		`a "" b`:                     {"a", "", "b"},
		`a"b c"d`:                    {"ab cd"},
		`a\"b`:                       {`a"b`},
		`a\\"b c"`:                   {`a\b c`},
		`a\\\"b`:                     {`a\"b`},
		`a\\b`:                       {`a\\b`},
		`a\`:                         {`a\`},
		`"a ""b"" c"`:                {`a "b" c`},
		`'a b'`:                      {"'a", "b'"},
		`"a b`:                       {"a b"},
	} {
		if got := splitArguments(line); !slices.Equal(got, want) {
			t.Errorf("splitArguments(%s) = %q, want %q", line, got, want)
		}
	}
}

func TestHookArguments(t *testing.T) {
	for _, c := range []struct {
		value, parameter   string
		documented, strict []string
	}{
		{`prog`, "1001", []string{"prog", "1001"}, []string{"prog", "1001"}},
		{`"my prog" "a b" c`, "1001", []string{"my prog", "a b", "c", "1001"}, []string{"my prog", "a", "b", "c", "1001"}},
		{`prog`, "", []string{"prog", ""}, []string{"prog"}},
		{`prog x`, `a b`, []string{"prog", "x", "a b"}, []string{"prog", "x", "a", "b"}},
		{`  `, "1001", nil, nil},
	} {
		if got := hookArguments(c.value, c.parameter, config.Documented); !slices.Equal(got, c.documented) {
			t.Errorf("documented: %q %q: %q, want %q", c.value, c.parameter, got, c.documented)
		}
		if got := hookArguments(c.value, c.parameter, config.Strict); !slices.Equal(got, c.strict) {
			t.Errorf("strict: %q %q: %q, want %q", c.value, c.parameter, got, c.strict)
		}
	}
}

func TestSubstitute(t *testing.T) {
	account := &config.Account{Server: "pbx:5070", Username: "1001", Password: config.NewSecret("p w")}
	at := time.Unix(1700000000, 5)
	m := moment{name: momentEnd, event: CallEnded{EventHeader: EventHeader{Time: at}}, call: callFacts{
		call: 7, user: "42", domain: "far.example.com", name: `A "B" & C`, sipCallID: "x@y", out: true,
		answered: at.Add(-90 * time.Second), ended: at,
	}}
	for _, c := range []struct {
		s          config.Settings
		text, want string
	}{
		{config.Settings{}, "{server} {extension}", "pbx%3A5070 1001"},
		{config.Settings{}, "[{password}][{md5_password}]", "[][]"},
		{config.Settings{HookPassword: true}, "{password} {md5_password}", "p%20w 782213d5eb51edb7aa97ccfc7388e18e"},
		{config.Settings{}, "{duration} {time} {callid} {direction}", "90 1700000000 x%40y out"},
		{config.Settings{Dialect: config.Strict}, "[{callid}][{direction}]", "[][]"},
		{config.Settings{}, "{callerid}", "A%20%22B%22%20%26%20C"},
		{config.Settings{}, "{user} {number} {domain} {name}", "42 42 far.example.com A%20%22B%22%20%26%20C"},
		{config.Settings{}, "{unknown} {user {", "{unknown} {user {"},
	} {
		got := substitute(c.text, m.substitutions(account, &c.s))
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
	if got := substitute("{server}", m.substitutions(nil, &config.Settings{})); got != "localhost" {
		t.Errorf("server without an account: %s", got)
	}
}

// hookScript writes what it is called with into the file out, a line for each call.
func hookScript(t *testing.T) (command, out string) {
	t.Helper()
	dir := t.TempDir()
	out = filepath.Join(dir, "out")
	script := filepath.Join(dir, "hook.sh")
	text := `#!/bin/sh
printf '%s|%s|%s|%s|%s|%s\n' "$OFFHOOK_HOOK" "$*" "$OFFHOOK_CALL_ID" "$OFFHOOK_CALL_DIRECTION" "$OFFHOOK_CALL_CODE" "$OFFHOOK_CALL_NAME" >>` + out + "\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script, out
}

func linesOf(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

// renumber numbers the calls, in the third field, in the order in which they appear.
func renumber(lines []string) []string {
	seen := map[string]string{}
	for i, line := range lines {
		fields := strings.Split(line, "|")
		if seen[fields[2]] == "" {
			seen[fields[2]] = fmt.Sprint(len(seen) + 1)
		}
		fields[2] = seen[fields[2]]
		lines[i] = strings.Join(fields, "|")
	}
	return lines
}

// setHooks gives every hook the command.
func setHooks(s *config.Settings, command string) {
	for _, field := range []*string{
		&s.CmdOutgoingCall, &s.CmdIncomingCall, &s.CmdCallRing, &s.CmdCallAnswer, &s.CmdCallAnswerVideo, &s.CmdCallBusy,
		&s.CmdCallStart, &s.CmdCallEnd, &s.CmdCallHold, &s.CmdCallResume, &s.CmdCallTransfer, &s.CmdDTMF, &s.CmdRecording,
	} {
		*field = command
	}
}

// The hooks of each way that a call can go, in order.
func TestHookOrder(t *testing.T) {
	alice := `"Alice" <sip:200@far.example.com>`
	video := "Content-Type: application/sdp\r\n\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 99"
	for _, c := range []struct {
		name    string
		prepare func(*config.Settings)
		play    func(*rig)
		want    []string
	}{
		{"outgoing answered", nil, func(r *rig) {
			call := r.dial("1002")
			r.phone.confirm(call.ID())
			r.phone.end(call.ID(), 200, "OK")
		}, []string{
			"cmdOutgoingCall|1002|1|out||", "cmdCallStart|1002|1|out|200|", "cmdCallEnd|1002|1|out|200|",
		}},
		{"outgoing busy", nil, func(r *rig) {
			r.phone.end(r.dial("1002").ID(), 486, "Busy Here")
		}, []string{"cmdOutgoingCall|1002|1|out||", "cmdCallBusy|1002|1|out|486|"}},
		{"outgoing declined", nil, func(r *rig) {
			r.phone.end(r.dial("1002").ID(), 603, "Decline")
		}, []string{"cmdOutgoingCall|1002|1|out||", "cmdCallBusy|1002|1|out|603|"}},
		{"outgoing not found", nil, func(r *rig) {
			r.phone.end(r.dial("1002").ID(), 404, "Not Found")
		}, []string{"cmdOutgoingCall|1002|1|out||", "cmdCallEnd|1002|1|out|404|"}},
		{"incoming answered", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, alice)
			r.events()
			call, _ := r.e.Call(id)
			if err := call.Answer(r.t.Context(), 200, ""); err != nil {
				r.t.Error(err)
			}
			r.events()
			r.phone.end(id, 200, "OK")
		}, []string{
			"cmdIncomingCall|200|1|in||Alice", "cmdCallRing|200|1|in|180|Alice",
			"cmdCallAnswer|200|1|in|200|Alice", "cmdCallStart|200|1|in|200|Alice", "cmdCallEnd|200|1|in|200|Alice",
		}},
		{"incoming with video", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, alice, video)
			r.events()
			r.phone.confirm(id)
			r.phone.end(id, 200, "OK")
		}, []string{
			"cmdIncomingCall|200|1|in||Alice", "cmdCallRing|200|1|in|180|Alice", "cmdCallAnswer|200|1|in|200|Alice",
			"cmdCallAnswerVideo|200|1|in|200|Alice", "cmdCallStart|200|1|in|200|Alice", "cmdCallEnd|200|1|in|200|Alice",
		}},
		{"missed", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, alice)
			r.events()
			r.phone.end(id, 487, "Request Terminated")
		}, []string{"cmdIncomingCall|200|1|in||Alice", "cmdCallRing|200|1|in|180|Alice", "cmdCallEnd|200|1|in|487|Alice"}},
		{"refused while it rings", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, alice)
			r.events()
			r.phone.end(id, 486, "Busy Here")
		}, []string{"cmdIncomingCall|200|1|in||Alice", "cmdCallRing|200|1|in|180|Alice", "cmdCallBusy|200|1|in|486|Alice"}},
		{"refused by a limit", func(s *config.Settings) { s.CallWaiting = false }, func(r *rig) {
			id := r.phone.ring(r.acc1, alice)
			r.events()
			r.phone.ring(r.acc1, "sip:300@far.example.com")
			r.events()
			r.phone.end(id, 487, "Request Terminated")
		}, []string{
			"cmdIncomingCall|200|1|in||Alice", "cmdCallRing|200|1|in|180|Alice",
			"cmdIncomingCall|300|2|in||", "cmdCallEnd|200|1|in|487|Alice",
		}},
		{"answered by itself", func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerAll }, func(r *rig) {
			id := r.phone.ring(r.acc1, alice)
			r.events()
			r.phone.end(id, 200, "OK")
		}, []string{
			"cmdIncomingCall|200|1|in||Alice", "cmdCallAnswer|200|1|in|200|Alice", "cmdCallStart|200|1|in|200|Alice",
			"cmdCallEnd|200|1|in|200|Alice",
		}},
		{"asserted identity", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, alice, `Remote-Party-ID: "R" <sip:7@r>;party=calling`, `P-Asserted-Identity: <tel:+15>`, `P-Asserted-Identity: "Bob" <sip:%2B49123@b>`)
			r.events()
			r.phone.end(id, 487, "Request Terminated")
		}, []string{"cmdIncomingCall|+49123|1|in||Bob", "cmdCallRing|+49123|1|in|180|Bob", "cmdCallEnd|+49123|1|in|487|Bob"}},
		{"no user", nil, func(r *rig) {
			id := r.phone.ring(r.acc1, "<sip:far.example.com>")
			r.events()
			r.phone.end(id, 487, "Request Terminated")
		}, []string{"cmdIncomingCall||1|in||", "cmdCallRing||1|in|180|", "cmdCallEnd|far.example.com|1|in|487|"}},
		{"hold, digit, transfer", nil, func(r *rig) {
			call := r.dial("1002")
			port := r.phone.confirm(call.ID())
			r.phone.says(call.ID(), port, pjsua.MediaLocalHold, pjsua.DirSend)
			r.phone.says(call.ID(), port, pjsua.MediaLocalHold, pjsua.DirSend)
			r.phone.says(call.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
			r.phone.send(pjsua.DTMFReceived{EventHeader: r.phone.head(), Call: call.ID(), Digit: '5'})
			r.phone.send(pjsua.TransferRequested{EventHeader: r.phone.head(), Call: call.ID(), Target: "sip:x", Code: 603})
			r.events()
			r.phone.end(call.ID(), 200, "OK")
		}, []string{
			"cmdOutgoingCall|1002|1|out||", "cmdCallStart|1002|1|out|200|", "cmdCallHold|1002|1|out|200|", "cmdCallResume|1002|1|out|200|",
			"cmdDTMF|1002|1|out|200|", "cmdCallTransfer|1002|1|out|200|", "cmdCallEnd|1002|1|out|200|",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			command, out := hookScript(t)
			withEngine(t, func(cfg *config.Config, f *fakePhone) {
				setHooks(&cfg.Settings, command)
				cfg.Settings.HookTimeLimit = time.Hour
				if c.prepare != nil {
					c.prepare(&cfg.Settings)
				}
			}, func(t *testing.T, r *rig) {
				c.play(r)
				for _, ev := range r.events() {
					if failed, ok := ev.(HookFailed); ok {
						t.Errorf("%s: %s", failed.Hook, failed.Reason)
					}
				}
				if got := renumber(linesOf(t, out)); !slices.Equal(got, c.want) {
					t.Errorf("hooks:\n got %q\nwant %q", got, c.want)
				}
			})
		})
	}
}

// A rule's action hook runs its command when the call rings, after cmdCallRing, with the facts of
// the call; a call that another rule decides about does not, and other hooks are told of the rule.
func TestRuleHook(t *testing.T) {
	command, out := hookScript(t)
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		cfg.Settings.CmdCallRing, cfg.Settings.HookTimeLimit = command, time.Hour
		cfg.Rules = []config.Rule{
			{Name: "bob", Caller: "bob", Action: config.RuleAnswer, Code: 486},
			{Name: "desk", Action: config.RuleHook, Code: 486, Command: command + ` {number} "a b"`},
		}
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, `"Alice" <sip:200@far.example.com>`)
		r.events()
		if c, ok := r.e.Call(id); !ok || c.Info().State != StateEarly {
			t.Error("it does not ring")
		}
		r.phone.end(id, 487, "Request Terminated")
		r.phone.ring(r.acc1, "sip:bob@far.example.com")
		r.events()
		want := []string{"cmdCallRing|200|1|in|180|Alice", "Rule.desk|200 a b 200|1|in|180|Alice"}
		if got := renumber(linesOf(t, out)); !slices.Equal(got, want) {
			t.Errorf("hooks:\n got %q\nwant %q", got, want)
		}
	})
}

// Without any other hook a rule's command runs, too, and one that fails is reported by the rule's
// name.
func TestRuleHookFails(t *testing.T) {
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		cfg.Settings.HookTimeLimit = time.Hour
		cfg.Rules = []config.Rule{{Name: "desk", Action: config.RuleHook, Code: 486, Command: `/bin/sh -c "test x$OFFHOOK_CALL_RULE = xdesk && exit 3"`}}
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:200@far.example.com")
		i, events := -1, r.events()
		for n, ev := range events {
			if failed, ok := ev.(HookFailed); ok {
				i = n
				if failed.Hook != "Rule.desk" || failed.Reason != "exit status 3" || failed.Call != id {
					t.Errorf("%+v", failed)
				}
			}
		}
		if i < 0 {
			t.Errorf("nothing was reported: %v", brief(events))
		}
	})
}

// A hook that cannot be started, fails or does not end is reported, and holds up nothing.
func TestHookFailures(t *testing.T) {
	dir := t.TempDir()
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		s := &cfg.Settings
		s.CmdOutgoingCall = filepath.Join(dir, "nothing") + " {password}"
		s.CmdCallStart = "/bin/sh -c exit"
		s.CmdCallEnd = `/bin/sh -c "exit 3"`
		s.HookTimeLimit = time.Hour
	}, func(t *testing.T, r *rig) {
		call := r.dial("1002")
		r.phone.confirm(call.ID())
		r.phone.end(call.ID(), 200, "OK")
		var got []string
		for _, ev := range r.events() {
			if failed, ok := ev.(HookFailed); ok {
				if failed.Call != call.ID() {
					t.Errorf("%s of call %d", failed.Hook, failed.Call)
				}
				got = append(got, failed.Hook+" "+failed.Reason)
			}
		}
		want := []string{"cmdOutgoingCall cannot be started: no such file or directory", "cmdCallEnd exit status 3"}
		if !slices.Equal(got, want) {
			t.Errorf("reports %q, want %q", got, want)
		}
	})
}

func TestHookTimeLimit(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	err := runHook(hookJob{
		args: []string{"/bin/sh", "-c", "sleep 1000 & echo $! >" + started + "; wait"}, limit: time.Second,
	})
	if err == nil || !strings.Contains(err.Error(), "hookTimeLimit") {
		t.Errorf("error %v", err)
	}
}

// The queue has an end, and what does not fit is reported.
func TestHookQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		h := newHooks(r.e)
		h.waiting = maxHooks
		if h.enqueue("call 1", hookJob{key: "cmdCallEnd"}) {
			t.Error("a hook too many was taken")
		}
		if !strings.Contains(r.log.String(), "1000 hooks wait already") {
			t.Errorf("log %s", r.log)
		}
		r.sub.Close()
	})
}

// blockingHook is a command that says that it runs, and runs until it may end.
func blockingHook(t *testing.T) (command string, running, end func()) {
	t.Helper()
	dir := t.TempDir()
	begun, gate := filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
	for _, fifo := range []string{begun, gate} {
		if err := syscall.Mkfifo(fifo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	running = func() {
		if _, err := os.ReadFile(begun); err != nil {
			t.Error(err)
		}
	}
	end = func() {
		if err := os.WriteFile(gate, []byte("\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
	return fmt.Sprintf(`/bin/sh -c "echo >%s; read x <%s"`, begun, gate), running, end
}

// With hookWait a call is decided about when cmdIncomingCall has ended.
func TestHookWait(t *testing.T) {
	command, running, end := blockingHook(t)
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		cfg.Settings.AutoAnswer = config.AutoAnswerAll
		cfg.Settings.CmdIncomingCall = command
		cfg.Settings.HookWait = 600 * time.Second
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:200@far.example.com")
		running()
		if got := r.phone.noted("answer"); len(got) != 0 {
			t.Errorf("answered before the hook ended: %q", got)
		}
		end()
		r.journal(words("answer"), fmt.Sprintf("answer %d 200", id))
	})
}

// After hookWait a call is decided about though the hook has not ended, as in MicroSIP.
func TestHookWaitEnds(t *testing.T) {
	command, running, end := blockingHook(t)
	r := newRig(t, func(cfg *config.Config, f *fakePhone) {
		cfg.Settings.AutoAnswer = config.AutoAnswerAll
		cfg.Settings.CmdIncomingCall = command
		cfg.Settings.HookWait = 50 * time.Millisecond
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { r.ran <- r.e.Run(ctx) }()
	<-r.e.Started()
	a, _ := r.e.Account(1)
	r.phone.ring(a.id, "sip:200@far.example.com")
	limit := time.After(time.Minute)
	for answered := false; !answered; {
		select {
		case ev := <-r.sub.Events():
			s, ok := ev.(CallStateChanged)
			answered = ok && s.State == StateConfirmed
		case <-limit:
			t.Fatal("the call was not answered")
		}
	}
	running() // it has not ended: nobody has opened the gate
	end()
	cancel()
	if err := <-r.ran; err != nil {
		t.Error(err)
	}
	r.sub.Close()
}

// A hook gets the environment without the engine's configuration and passwords.
func TestHookEnvironment(t *testing.T) {
	got := hookEnvironment([]string{
		"PATH=/bin", "OFFHOOK_PASSWORD=x", "OFFHOOK_CONFIG=a.ini", "OFFHOOK_SOCKET=/run/s", "PBX=hunter2", "EMPTY=",
	}, []string{"hunter2", ""})
	if want := []string{"PATH=/bin", "OFFHOOK_CONFIG=a.ini", "OFFHOOK_SOCKET=/run/s", "EMPTY="}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, name := range HookVariables() {
		if !strings.HasPrefix(name, "OFFHOOK_HOOK") && !strings.HasPrefix(name, "OFFHOOK_CALL_") {
			t.Errorf("variable %s", name)
		}
		for _, k := range config.Keys() {
			if k.Env(1) == name {
				t.Errorf("%s is a key's variable too", name)
			}
		}
	}
}

// What is about no call has a hook too, with its own facts.
func TestHooksWithoutCall(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	script := filepath.Join(dir, "hook.sh")
	text := "#!/bin/sh\necho \"$OFFHOOK_HOOK|$*|$OFFHOOK_HOOK_ACCOUNT|$OFFHOOK_HOOK_TEXT|$OFFHOOK_HOOK_NEW_MESSAGES|$OFFHOOK_HOOK_CODE|$OFFHOOK_CALL_ID\" >>" + out + "\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(cfg *config.Config, _ *fakePhone) {
			cfg.Settings.CmdMessage, cfg.Settings.CmdMWI, cfg.Settings.CmdRegistration = script, script, script
		})
		h, w := newHooks(r.e), newFollower()
		head := EventHeader{Account: 3, Time: time.Now()}
		for _, ev := range []Event{
			RegistrationChanged{EventHeader: head, Code: 403},
			MessageReceived{EventHeader: head, From: `"A" <sip:77@x>`, Text: "hello"},
			MWIChanged{EventHeader: head, Mailbox: Mailbox{New: 4}},
		} {
			for _, m := range w.take(ev) {
				h.take(m)
			}
		}
		h.running.Wait()
		want := []string{"cmdRegistration|3|3|||403|", "cmdMessage|77|3|hello|||", "cmdMWI|3|3||4||"}
		if got := linesOf(t, out); !slices.Equal(got, want) {
			t.Errorf("hooks %q, want %q", got, want)
		}
		r.sub.Close()
	})
}
