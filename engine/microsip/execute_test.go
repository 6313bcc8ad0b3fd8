package microsip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
)

// journal is a Phone that writes down what it is asked for.
type journal struct {
	lines  []string
	err    error
	noCall bool // there is none to select
}

func (j *journal) note(format string, a ...any) error {
	j.lines = append(j.lines, fmt.Sprintf(format, a...))
	return j.err
}

func (j *journal) selected(format string, a ...any) (int64, error) {
	if j.noCall {
		return 0, ErrNoCall
	}
	return 7, j.note(format, a...)
}

func (j *journal) Dial(_ context.Context, number, digits string) (int64, error) {
	return 3, j.note("dial %s %q", number, digits)
}
func (j *journal) Redial(context.Context) (int64, error) { return 3, j.note("redial") }
func (j *journal) SendMessage(_ context.Context, number, text string) error {
	return j.note("message %s %s", number, text)
}
func (j *journal) AnswerFirst(context.Context) (int64, error) { return 5, j.note("answer") }
func (j *journal) RejectFirst(context.Context) (int64, error) { return 5, j.note("reject") }
func (j *journal) HangupAll(context.Context) ([]int64, error) {
	return []int64{1, 2}, j.note("hangupall")
}
func (j *journal) HangupIncoming(context.Context) ([]int64, error) {
	return nil, j.note("hangupincoming")
}
func (j *journal) HangupCalling(context.Context) ([]int64, error) {
	return []int64{4}, j.note("hangupcalling")
}
func (j *journal) HangupSelected(context.Context) (int64, error) { return j.selected("hangup") }
func (j *journal) DTMFSelected(_ context.Context, digits string) (int64, error) {
	return j.selected("dtmf %s", digits)
}
func (j *journal) TransferSelected(_ context.Context, number string) (int64, error) {
	return j.selected("transfer %s", number)
}
func (j *journal) ToggleHold(context.Context) (int64, error) { return j.selected("hold") }
func (j *journal) Mute(_ context.Context, dir Direction, to Switch) error {
	return j.note("mute %d %d", dir, to)
}
func (j *journal) StepVolume(_ context.Context, dir Direction, steps int) error {
	return j.note("volume %d %d", dir, steps)
}
func (j *journal) SetVolume(_ context.Context, dir Direction, percent int) error {
	return j.note("level %d %d", dir, percent)
}
func (j *journal) SelectAccount(_ context.Context, number int, toggle bool) error {
	return j.note("account %d %v", number, toggle)
}
func (j *journal) SetPassword(_ context.Context, account int, password config.Secret) error {
	return j.note("password %d %s", account, password.Reveal())
}
func (j *journal) Exit(context.Context) error { return j.note("exit") }

// TestRun has every command, and what it asks of the phone.
func TestRun(t *testing.T) {
	for _, tt := range []struct {
		line  string
		want  []string
		calls []int64
	}{
		{"", nil, nil},
		{"/minimized", nil, nil},
		{"1001,5", []string{`dial 1001 "5"`}, []int64{3}},
		{"1001 hi", []string{"message 1001 hi"}, nil},
		{"/answer", []string{"answer"}, []int64{5}},
		{"/hangupall", []string{"hangupall"}, []int64{1, 2}},
		{"/hangupincoming", []string{"hangupincoming"}, nil},
		{"/hangupcalling", []string{"hangupcalling"}, []int64{4}},
		{"/dtmf:12", []string{"dtmf 12"}, []int64{7}},
		{"/transfer:9", []string{"transfer 9"}, []int64{7}},
		{"msip:hold", []string{"hold"}, []int64{7}},
		{"msip:micmute", []string{"mute 0 1"}, nil},
		{"msip:micunmute", []string{"mute 0 0"}, nil},
		{"mute", []string{"mute 0 2"}, nil},
		{"msip:speakmute", []string{"mute 1 1"}, nil},
		{"msip:speakunmute", []string{"mute 1 0"}, nil},
		{"msip:speakmuteclick", []string{"mute 1 2"}, nil},
		{"msip:micup", []string{"volume 0 1"}, nil},
		{"msip:speakdown", []string{"volume 1 -1"}, nil},
		{"/account:2 100", []string{"account 2 false", `dial 100 ""`}, []int64{3}},
		{"/account:2 /password:x", []string{"password 2 x"}, nil},
		{"exit", []string{"exit"}, nil},
	} {
		j := &journal{}
		result, err := Run(t.Context(), j, config.Documented, tt.line)
		if err != nil || !slices.Equal(j.lines, tt.want) || !slices.Equal(result.Calls, tt.calls) || result.Command == "" {
			t.Errorf("%q asked for %q, %+v, %v", tt.line, j.lines, result, err)
		}
	}
	for line, want := range map[string]error{"/reset": ErrReset, "/resetnoask": ErrReset, "/dtmf:1?": ErrScreen} {
		j := &journal{}
		if _, err := Run(t.Context(), j, config.Documented, line); !errors.Is(err, want) || j.lines != nil {
			t.Errorf("%q asked for %q, %v", line, j.lines, err)
		}
	}
}

// An account that is not there drops what follows.
func TestTheFirstFailureEndsIt(t *testing.T) {
	failure := errors.New("no such account")
	j := &journal{err: failure}
	result, err := Run(t.Context(), j, config.Strict, "/account:9 100")
	if !errors.Is(err, failure) || !slices.Equal(j.lines, []string{"account 9 false"}) || result.Command != "account" {
		t.Errorf("%q, %+v, %v", j.lines, result, err)
	}
}

func TestHangupOneRejects(t *testing.T) {
	c, _ := ByID(config.Documented, 40002)
	for noCall, want := range map[bool]string{true: "reject", false: "hangup"} {
		j := &journal{noCall: noCall}
		if _, err := Execute(t.Context(), j, c); err != nil || !slices.Equal(j.lines, []string{want}) {
			t.Errorf("%q, %v", j.lines, err)
		}
	}
	j := &journal{}
	for _, c := range []Command{{Op: ToggleAccount, Account: 1}, {Op: Redial}, {Op: RejectFirst},
		{Op: SetMicVolume, Percent: 7}, {Op: SetSpeakerVolume, Percent: 8}} {
		if _, err := Execute(t.Context(), j, c); err != nil {
			t.Error(err)
		}
	}
	if !slices.Equal(j.lines, []string{"account 1 true", "redial", "reject", "level 0 7", "level 1 8"}) {
		t.Errorf("%q", j.lines)
	}
}
