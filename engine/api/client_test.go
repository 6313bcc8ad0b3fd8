package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Every method of the client reaches the softphone with what it was given.
func TestClient(t *testing.T) {
	r := newRig(t, nil)
	for name, c := range map[string]*Client{"socket": r.client(), "tcp": {URL: r.url + "/", Token: adminToken}} {
		t.Run(name, func(t *testing.T) { everyMethod(t, r, c) })
	}
}

func everyMethod(t *testing.T, r *rig, c *Client) {
	ctx := t.Context()
	account := 2
	call, err := c.Dial(ctx, DialRequest{URI: "sip:a@b", Account: &account, Headers: []Header{{"X-A", "1"}}})
	if err != nil || call.State != "CALLING" || call.Remote != "sip:a@b" {
		t.Fatalf("dialled %+v, %v", call, err)
	}
	id := call.ID
	last, err := c.Dial(ctx, DialRequest{URI: "sip:c@d"}) // what the fake phone selects
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddPrompt(ctx, "hello.wav", bytes.NewReader(wavBytes(t))); err != nil {
		t.Fatal(err)
	}
	before := len(r.phone.noted())
	steps := []struct {
		want string // in the journal
		do   func() error
	}{
		{"answer 180 \"Ringing\"", func() error { _, err := c.Answer(ctx, id, AnswerRequest{180, "Ringing"}); return err }},
		{"answer 0 \"\" on 0", func() error { _, err := c.Answer(ctx, 0, AnswerRequest{}); return err }},
		{"reject 603 \"No\"", func() error { _, err := c.Reject(ctx, id, RejectRequest{603, "No"}); return err }},
		{"hold", func() error { _, err := c.Hold(ctx, id); return err }},
		{"resume on 0", func() error { _, err := c.Resume(ctx, 0); return err }},
		{"dtmf 1,2# info 100", func() error { _, err := c.SendDTMF(ctx, id, DTMFRequest{"1,2#", "info", 100}); return err }},
		{"record \"a.wav\" true", func() error { _, err := c.Record(ctx, id, RecordRequest{"a.wav", true}); return err }},
		{"record \"\" false", func() error { _, err := c.Record(ctx, id, RecordRequest{}); return err }},
		{"stop-recording", func() error { _, err := c.StopRecording(ctx, id); return err }},
		{"play hello.wav true", func() error { _, err := c.Play(ctx, id, PlayRequest{"hello.wav", true}); return err }},
		{"stop-playing", func() error { _, err := c.StopPlaying(ctx, id); return err }},
		{"call", func() error { _, err := c.Call(ctx, id); return err }},
		{"muted out true", func() error { _, err := c.Mute(ctx, id, "out"); return err }},
		{"muted in false", func() error { _, err := c.Unmute(ctx, id, ""); return err }},
		{"volume in 150", func() error { _, err := c.Volume(ctx, id, VolumeRequest{"in", 150}); return err }},
		{"select", func() error { _, err := c.Select(ctx, id); return err }},
		{"forward 1002", func() error { _, err := c.Forward(ctx, id, "1002"); return err }},
		{"transfer \"1002\" 0 true", func() error { _, err := c.Transfer(ctx, id, TransferRequest{Target: "1002", Wait: true}); return err }},
		{"transfer \"\" 9 false", func() error { _, err := c.Transfer(ctx, id, TransferRequest{To: 9}); return err }},
		{"consult 1003", func() error { _, err := c.Consult(ctx, id, "1003"); return err }},
		{"park \"71\"", func() error { _, err := c.Park(ctx, id, "71"); return err }},
		{"separate", func() error { _, err := c.Separate(ctx, id); return err }},
		{"stats", func() error {
			stats, err := c.CallStats(ctx, id)
			if want := (CallStats{Codec: "PCMU/8000", RX: DirectionStats{MOS: 4.3}}); err == nil && stats != want {
				t.Errorf("stats %+v", stats)
			}
			return err
		}},
		{"hangup", func() error { _, err := c.Hangup(ctx, id); return err }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Errorf("%s: %v", s.want, err)
		}
	}
	journal := r.phone.noted()[before:]
	for i, s := range steps {
		want, selected := strings.CutSuffix(s.want, " on 0")
		if selected {
			want += fmt.Sprintf(" on %d", last.ID)
		} else {
			want += fmt.Sprintf(" on %d", id)
		}
		if i >= len(journal) || journal[i] != want {
			t.Fatalf("step %d is %q, want %q", i, journal, want)
		}
	}
	if _, err := c.Hangup(ctx, last.ID); err != nil {
		t.Error(err)
	}

	before = len(r.phone.noted())
	volume := 40
	steps = steps[:0]
	add := func(want string, do func() error) {
		steps = append(steps, struct {
			want string
			do   func() error
		}{want, do})
	}
	add("register 2", func() error { return c.Register(ctx, 2) })
	add("unregister 0", func() error { return c.Unregister(ctx, 0) })
	add("account-add 0 map[server:pbx]", func() error {
		_, err := c.AddAccount(ctx, AccountRequest{Keys: map[string]string{"server": "pbx"}})
		return err
	})
	add("account-update map[] 2", func() error {
		_, err := c.UpdateAccount(ctx, 2, AccountRequest{Keys: map[string]string{}})
		return err
	})
	add("account-remove 2", func() error { return c.RemoveAccount(ctx, 2) })
	add("redial", func() error { _, err := c.Redial(ctx); return err })
	add("pickup 1004", func() error { _, err := c.Pickup(ctx, "1004"); return err })
	add("retrieve \"71\"", func() error { _, err := c.Retrieve(ctx, "71"); return err })
	add("voicemail 2", func() error { _, err := c.Voicemail(ctx, &account); return err })
	add("hangup calling", func() error { _, err := c.HangupThose(ctx, "calling"); return err })
	add("hangup all", func() error { _, err := c.HangupThose(ctx, ""); return err })
	add("all muted in true", func() error { _, err := c.MuteAll(ctx, ""); return err })
	add("all muted out false", func() error { _, err := c.UnmuteAll(ctx, "out"); return err })
	add("volumes default 40 default", func() error { _, err := c.SetVolumes(ctx, VolumesRequest{Output: &volume}); return err })
	add("conference [1 2]", func() error { _, err := c.Conference(ctx, 1, 2); return err })
	add("conference []", func() error { _, err := c.Conference(ctx); return err })
	add("message \"1005\" 0 default \"hi\" \"\"", func() error { _, err := c.SendMessage(ctx, MessageRequest{To: "1005", Text: "hi"}); return err })
	add("watch sip:b@c dialog default", func() error { _, err := c.Watch(ctx, WatchRequest{URI: "sip:b@c", Package: "dialog"}); return err })
	add("unwatch sip:b@c?x=y&z", func() error { return c.Unwatch(ctx, "sip:b@c?x=y&z") })
	add("log 20 7 missed \"0\" a&b 1000 2500", func() error {
		list, err := c.CallLog(ctx, LogQuery{Last: 20, Before: 7, Type: "missed", Account: "0", Number: "a&b", Since: time.Unix(1, 0), Until: time.UnixMilli(2500)})
		if err == nil && (len(list) != 1 || list[0].Number != "1002") {
			err = fmt.Errorf("log %v", list)
		}
		return err
	})
	add("log 0 0  \"\"  -62135596800000 -62135596800000", func() error { _, err := c.CallLog(ctx, LogQuery{}); return err })
	add("reload", func() error {
		r, err := c.Reload(ctx)
		if err == nil && (len(r.Changed) != 1 || r.Restart == nil) {
			err = fmt.Errorf("reloaded %+v", r)
		}
		return err
	})
	add("set-contacts []", func() error {
		list, err := c.SetContacts(ctx, nil)
		if err == nil && (len(list) != 1 || list[0].Name != "Ann") {
			err = fmt.Errorf("contacts %v", list)
		}
		return err
	})
	add("publish true away \"lunch\"", func() error { return c.Publish(ctx, PresenceRequest{true, "away", "lunch"}) })
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Errorf("%s: %v", s.want, err)
		}
	}
	journal = r.phone.noted()[before:]
	for i, s := range steps {
		if i >= len(journal) || journal[i] != s.want {
			t.Fatalf("step %d is %q, want %q", i, journal, s.want)
		}
	}
	if list, err := c.Conferences(ctx); err != nil || len(list) != 1 || len(list[0].Calls) != 2 {
		t.Errorf("conferences %v, %v", list, err)
	}
	if list, err := c.Buddies(ctx); err != nil || len(list) != 1 {
		t.Errorf("buddies %v, %v", list, err)
	}
	if l, err := c.Levels(ctx); err != nil || l.VolumeIn != 70 {
		t.Errorf("levels %v, %v", l, err)
	}
	if list, err := c.Accounts(ctx); err != nil || len(list) != 2 || list[1].Label != "Sales" {
		t.Errorf("accounts %v, %v", list, err)
	}
	if list, err := c.Calls(ctx); err != nil || len(list) != 0 {
		t.Errorf("calls %v, %v", list, err)
	}
	if st, err := c.Status(ctx); err != nil || st.State != "running" || st.Seq == 0 || len(st.API) != 2 {
		t.Errorf("status %+v, %v", st, err)
	}
	if list, err := c.Prompts(ctx); err != nil || len(list) != 1 || list[0].Name != "hello.wav" || list[0].Bytes != int64(len(wavBytes(t))) {
		t.Errorf("prompts %v, %v", list, err)
	}
	if err := c.RemovePrompt(ctx, "hello.wav"); err != nil {
		t.Error(err)
	}
	if list, err := c.Prompts(ctx); err != nil || len(list) != 0 {
		t.Errorf("prompts %v, %v", list, err)
	}
}

// The client's methods and the paths of the server are the same, but for what is no JSON.
func TestEveryOperationHasAMethod(t *testing.T) {
	r := newRig(t, nil)
	names := map[string]string{
		"dtmf": "SendDTMF", "prompt-add": "AddPrompt", "prompt-remove": "RemovePrompt", "log": "CallLog",
		"account-add": "AddAccount", "account-update": "UpdateAccount", "account-remove": "RemoveAccount",
		"message": "SendMessage",
	}
	typ := reflect.TypeFor[*Client]()
	if err := r.srv.ready(); err != nil {
		t.Fatal(err)
	}
	for path, item := range r.srv.api.OpenAPI().Paths {
		for _, op := range operations(item) {
			name := names[op.OperationID]
			if name == "" {
				for _, word := range strings.Split(op.OperationID, "-") {
					name += strings.ToUpper(word[:1]) + word[1:]
				}
			}
			if _, ok := typ.MethodByName(name); !ok && path != "/v1/events/schema" && path != "/metrics" {
				t.Errorf("%s %s: Client has no method %s", op.Method, path, name)
			}
		}
	}
}

func TestClientErrors(t *testing.T) {
	r := newRig(t, nil)
	ctx := t.Context()
	var e *Error
	if _, err := r.client().Hangup(ctx, 17); !errors.As(err, &e) || e.Code != CodeNoCall || e.Status != 404 || e.Error() != "there is no call 17" {
		t.Errorf("hang up a call that is none: %v", err)
	}
	if _, err := r.client().Dial(ctx, DialRequest{URI: "nowhere"}); !errors.As(err, &e) || e.Code != CodeBadRequest || !strings.Contains(e.Error(), "nowhere") {
		t.Errorf("dial nowhere: %v", err)
	}
	if _, err := r.client().Dial(ctx, DialRequest{}); !errors.As(err, &e) || e.Status != 422 || len(e.Errors) != 1 || e.Errors[0].Location != "body.uri" {
		t.Errorf("dial nobody: %v", err)
	}
	if err := (&Client{URL: r.url, Token: readToken}).Stop(ctx); !errors.As(err, &e) || e.Code != CodeForbidden {
		t.Errorf("stop with a token to read: %v", err)
	}
	if _, err := (&Client{URL: r.url}).Events(ctx); !errors.As(err, &e) || e.Code != CodeUnauthorized {
		t.Errorf("events without a token: %v", err)
	}

	var nobody *UnreachableError
	gone := &Client{Socket: testSocket(t)}
	if _, err := gone.Status(ctx); !errors.As(err, &nobody) || nobody.Where != gone.Socket {
		t.Errorf("without an engine: %v", err)
	}
	if _, err := gone.Events(ctx); !errors.As(err, &nobody) {
		t.Errorf("events without an engine: %v", err)
	}
	if _, err := new(Client).Status(ctx); err == nil {
		t.Error("a client without an address has a status")
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.client().Status(over); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

// A command that takes longer than a body may take is not cut off.
func TestLongCommand(t *testing.T) {
	r := newRig(t, nil)
	r.phone.block = make(chan struct{})
	call, err := r.client().Dial(t.Context(), DialRequest{URI: "sip:a@b"})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := r.client().SendDTMF(t.Context(), call.ID, DTMFRequest{Digits: "1"})
		sent <- err
	}()
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error, 1)
	go func() {
		_, err := r.client().SendDTMF(ctx, call.ID, DTMFRequest{Digits: "2"})
		given <- err
	}()
	cancel()
	if err := <-given; !errors.Is(err, context.Canceled) {
		t.Errorf("a command that was given up: %v", err)
	}
	close(r.phone.block)
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestRecordings(t *testing.T) {
	r := newRig(t, nil)
	c, ctx := r.client(), t.Context()
	if list, err := c.Recordings(ctx); err != nil || len(list) != 0 {
		t.Errorf("without a folder: %v, %v", list, err)
	}
	dir := r.srv.cfg.Recordings
	outside := filepath.Join(testFolder(t), "outside.wav")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "folder.wav"), 0o777),
		os.WriteFile(filepath.Join(dir, "old.wav"), []byte("old"), 0o666),
		os.Chtimes(filepath.Join(dir, "old.wav"), time.Unix(1, 0), time.Unix(1, 0)),
		os.WriteFile(filepath.Join(dir, "new one.opus"), []byte("new"), 0o666),
		os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("secret"), 0o666),
		os.WriteFile(filepath.Join(dir, ".hidden.wav"), []byte("secret"), 0o666),
		os.WriteFile(outside, []byte("secret"), 0o666),
		os.Symlink(outside, filepath.Join(dir, "link.wav")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Recordings(ctx)
	if err != nil || len(list) != 2 || list[0].Name != "new one.opus" || list[1].Name != "old.wav" || list[1].Bytes != 3 {
		t.Errorf("recordings %v, %v", list, err)
	}
	body, err := c.Recording(ctx, "new one.opus")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	body.Close()
	if string(text) != "new" || err != nil {
		t.Errorf("recording %q, %v", text, err)
	}
	for _, name := range []string{
		"notes.txt", ".hidden.wav", "link.wav", "folder.wav", "none.wav", "..", "../outside.wav", "..%2foutside.wav",
		outside, "a\x00.wav", `..\outside.wav`, "a/b.wav", "", strings.Repeat("a", 300) + ".wav", "folder.wav/../old.wav",
	} {
		if body, err := c.Recording(ctx, name); err == nil {
			text, _ := io.ReadAll(body)
			body.Close()
			t.Errorf("%q gives %q", name, text)
		}
	}
}

func wavBytes(t *testing.T) []byte {
	t.Helper()
	text, err := wav.Encode(8000, 1, make([]int16, 800))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What was uploaded is there whole or not at all.
func TestPrompts(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Prompt = 100_000 })
	c, ctx := r.client(), t.Context()
	var e *Error
	refused := func(name string, text []byte, status int, code string) {
		t.Helper()
		if _, err := c.AddPrompt(ctx, name, bytes.NewReader(text)); !errors.As(err, &e) || e.Status != status || e.Code != code {
			t.Errorf("%.30q of %d bytes: %v, want %d %s", name, len(text), err, status, code)
		}
	}
	good := wavBytes(t)
	if _, err := c.AddPrompt(ctx, "a.wav", bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	refused("a.wav", []byte("no audio"), 422, CodeBadRequest)
	refused("a.wav", good[:20], 422, CodeBadRequest)
	refused("a.wav", nil, 422, CodeBadRequest)
	refused("a.wav", make([]byte, 100_001), 413, CodeTooLarge)
	refused("a.mp3", good, 422, CodeBadRequest)
	refused("../a.wav", good, 422, CodeBadRequest)
	refused(".a.wav", good, 422, CodeBadRequest)
	refused("C:a.wav", good, 422, CodeBadRequest)
	// Without a length the limit holds too.
	if _, err := c.AddPrompt(ctx, "a.wav", io.MultiReader(bytes.NewReader(make([]byte, 100_001)))); !errors.As(err, &e) || e.Status != 413 {
		t.Errorf("a stream: %v", err)
	}
	got, err := os.ReadFile(filepath.Join(r.srv.cfg.Prompts, "a.wav"))
	if err != nil || !bytes.Equal(got, good) {
		t.Errorf("the prompt became %d bytes, %v", len(got), err)
	}
	if left, _ := os.ReadDir(r.srv.cfg.Prompts); len(left) != 1 {
		t.Errorf("left %v", left)
	}
	call, err := c.Dial(ctx, DialRequest{URI: "sip:a@b"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none.wav", "../a.wav", "/etc/passwd", "x"} {
		if _, err := c.Play(ctx, call.ID, PlayRequest{Prompt: name}); !errors.As(err, &e) || e.Status >= 500 {
			t.Errorf("play %q: %v", name, err)
		}
	}
	if err := c.RemovePrompt(ctx, "none.wav"); !errors.As(err, &e) || e.Code != CodeNotFound {
		t.Errorf("remove what is not there: %v", err)
	}
	if err := c.RemovePrompt(ctx, "../a.wav"); !errors.As(err, &e) || e.Status != 422 {
		t.Errorf("remove a file of another folder: %v", err)
	}
}
