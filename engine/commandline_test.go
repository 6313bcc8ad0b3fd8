package engine

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

// command runs a command line that is to succeed.
func (r *rig) command(line string) microsip.Result {
	r.t.Helper()
	result, err := r.e.Command(r.t.Context(), line, nil)
	if err != nil {
		r.t.Errorf("%q: %v", line, err)
	}
	synctest.Wait()
	return result
}

func TestCommandLine(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		if got := r.command("tel:1002"); len(got.Calls) != 1 || got.Command != "dial" || got.Waiting {
			t.Errorf("%+v", got)
		}
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1))
		first := r.e.Calls()[0].ID
		r.phone.confirm(first)
		synctest.Wait()
		if got := r.command("msip:hold"); len(got.Calls) != 1 || got.Calls[0] != int64(first) {
			t.Errorf("%+v", got)
		}
		r.journal(words("hold"), fmt.Sprintf("hold %d", first))

		ringing := r.phone.ring(r.acc1, "sip:a@far")
		other := r.phone.ring(r.acc1, "sip:b@far")
		r.events()
		if got := r.command("/answer"); got.Calls[0] != int64(ringing) {
			t.Errorf("%+v", got)
		}
		if got := r.command("/dtmf:12"); got.Calls[0] != int64(ringing) {
			t.Errorf("the call that was answered is not selected: %+v", got)
		}
		if got := r.command("/hangupincoming"); got.Calls[0] != int64(other) {
			t.Errorf("%+v", got)
		}
		if got := r.command("/hangupall"); len(got.Calls) != 2 {
			t.Errorf("%+v", got)
		}
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 0 ", other), fmt.Sprintf("hangup %d 0 ", first), fmt.Sprintf("hangup %d 0 ", ringing))
		for _, line := range []string{"/answer", "/dtmf:1", "/transfer:1", "msip:hold"} {
			if _, err := r.e.Command(t.Context(), line, nil); !errors.Is(err, microsip.ErrNoCall) {
				t.Errorf("%s: %v", line, err)
			}
		}
		for _, line := range []string{"/hangupall", "/hangupincoming", "/hangupcalling", ""} {
			if got := r.command(line); len(got.Calls) != 0 {
				t.Errorf("%s: %+v", line, got)
			}
		}
		r.command("1002")
		if got := r.command("/hangupcalling"); len(got.Calls) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

func TestCommandLineLevels(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.VolumeInput, c.Settings.VolumeOutput = 92, 4 }, func(t *testing.T, r *rig) {
		for _, step := range []struct {
			line string
			want Levels
		}{
			{"mute", Levels{true, false, 92, 4}},
			{"mute", Levels{false, false, 92, 4}},
			{"msip:micmute", Levels{true, false, 92, 4}},
			{"msip:micmute", Levels{true, false, 92, 4}},
			{"msip:speakmuteclick", Levels{true, true, 92, 4}},
			{"msip:micunmute", Levels{false, true, 92, 4}},
			{"msip:speakunmute", Levels{false, false, 92, 4}},
			{"msip:micup", Levels{false, false, 97, 4}},
			{"msip:micup", Levels{false, false, 100, 4}},
			{"msip:speakdown", Levels{false, false, 100, 0}},
			{"msip:speakup", Levels{false, false, 100, 5}},
		} {
			r.command(step.line)
			if got := r.e.Levels(); got != step.want {
				t.Errorf("%s: %+v, want %+v", step.line, got, step.want)
			}
		}
		// DDE has volumes, not steps.
		commands, err := microsip.ParseDDE(config.Documented, "[SetVolume(60)][SetMicVolume(0)]")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range commands {
			if _, err := r.e.Execute(t.Context(), c, nil); err != nil {
				t.Error(err)
			}
		}
		if got, want := r.e.Levels(), (Levels{false, false, 0, 60}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

// A number waits for the registration of its account; a later one takes its place.
func TestANumberWaitsForTheRegistration(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		for _, line := range []string{"1002", "1003,5"} {
			if got := r.command(line); !got.Waiting || got.Calls != nil {
				t.Errorf("%+v", got)
			}
		}
		time.Sleep(time.Hour) // of the bubble
		r.journal(words("dial"))
		r.phone.registered(r.acc1, 403, "Forbidden")
		r.events()
		r.journal(words("dial"))
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1003@pbx", r.acc1))
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1003@pbx", r.acc1))
	})
	// One that waits when the engine stops is forgotten.
	withEngine(t, nil, func(t *testing.T, r *rig) { r.command("1002") })
}

func TestCommandLineAccounts(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		third := r.phone.account("sip:1003@pbx")
		r.phone.registered(third, 200, "OK")
		r.events()
		r.command("/account:3 1002")
		r.command("1004")
		r.command("1005@192.0.2.7") // an address is called directly
		r.command("1005@pbx")
		local := r.phone.account("sip:offhook@")
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", third), fmt.Sprintf("dial %d sip:1004@pbx", third),
			fmt.Sprintf("dial %d sip:1005@192.0.2.7", local), fmt.Sprintf("dial %d sip:1005@pbx", third))
		var unknown *UnknownAccountError
		for _, line := range []string{"/account:2 1002", "/account:x 1002", "/account:9 /password:x"} {
			if _, err := r.e.Command(t.Context(), line, nil); !errors.As(err, &unknown) {
				t.Errorf("%s: %v", line, err)
			}
		}
		before := len(r.phone.noted("register"))
		r.command("/account:3 /password:new")
		if a, _ := r.e.Account(3); a.cfg().Password.Reveal() != "new" || len(r.phone.noted("register")) <= before {
			t.Error("the password of account 3 is not new, or it was not registered")
		}
		r.command("/account:1")
		r.command("/password:newer")
		if a, _ := r.e.Account(1); a.cfg().Password.Reveal() != "newer" {
			t.Error("the password of the selected account is not new")
		}
	})
}

func TestCommandLineSingleMode(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.SingleMode = true }, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.command("1002")
		if _, err := r.e.Command(t.Context(), "1003", nil); !errors.Is(err, ErrSingleMode) {
			t.Error(err)
		}
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1))
	})
}

// What ends the engine, and what the dialects make of it.
func TestCommandLineExit(t *testing.T) {
	for dialect, lines := range map[config.Dialect][]string{config.Documented: {"exit", "/exit"}, config.Strict: {"/exit"}} {
		withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.Dialect = dialect }, func(t *testing.T, r *rig) {
			for _, line := range lines {
				exits := 0
				if _, err := r.e.Command(t.Context(), line, func() { exits++ }); err != nil || exits != 1 {
					t.Errorf("%s: %v, %d", line, err, exits)
				}
				if _, err := r.e.Command(t.Context(), line, nil); !errors.Is(err, ErrNoExit) {
					t.Errorf("%s: %v", line, err)
				}
			}
		})
	}
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.Dialect = config.Strict }, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.command("exit")
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:exit@pbx", r.acc1))
	})
}

// The ids of WM_COMMAND.
func TestExecuteByID(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		do := func(id int) {
			t.Helper()
			c, ok := microsip.ByID(config.Documented, id)
			if _, err := r.e.Execute(t.Context(), c, nil); !ok || err != nil {
				t.Errorf("%d: %v, %v", id, ok, err)
			}
			synctest.Wait()
		}
		one := r.phone.ring(r.acc1, "sip:a@far")
		r.events()
		do(40001)
		do(40002) // hang up
		two := r.phone.ring(r.acc1, "sip:a@far")
		r.events()
		do(40002) // reject
		r.journal(words("answer", "hangup"), fmt.Sprintf("answer %d 180", one), fmt.Sprintf("answer %d 200", one), fmt.Sprintf("hangup %d 0 ", one),
			fmt.Sprintf("answer %d 180", two), fmt.Sprintf("hangup %d 486 ", two))
		r.command("1002")
		do(40002)
		do(40003)
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1))
	})
}
