package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/calllog"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/webhook"
	"github.com/offhook-voip/offhook/pjsua"
)

// liveRig is a running engine on a fake phone, in real time: what has a database or a
// network is no matter for a bubble.
func liveRig(t *testing.T, prepare setup) *rig {
	t.Helper()
	r := newRig(t, prepare)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { r.ran <- r.e.Run(ctx) }()
	select {
	case <-r.e.Started():
	case err := <-r.ran:
		t.Fatalf("Run: %v", err)
	}
	r.acc1 = r.phone.account(`sip:1001`)
	stopped := false
	r.cancel = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-r.ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		r.sub.Close()
	}
	t.Cleanup(r.cancel)
	return r
}

// await reads events until one matches.
func (r *rig) await(what string, match func(Event) bool) Event {
	r.t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case ev, ok := <-r.sub.Events():
			if !ok {
				r.t.Fatalf("no %s", what)
			}
			if match(ev) {
				return ev
			}
		case <-limit:
			r.t.Fatalf("no %s", what)
		}
	}
}

func (r *rig) awaitState(id CallID, state CallState) {
	r.t.Helper()
	r.await(string(state), func(ev Event) bool {
		s, ok := ev.(CallStateChanged)
		return ok && s.Call == id && s.State == state
	})
}

func (r *rig) awaitEnd(id CallID) {
	r.t.Helper()
	r.await("end", func(ev Event) bool { return ev.Header().Type == "CallEnded" && ev.Header().Call == id })
}

// eventually waits for what no event tells.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s never came", what)
		}
	}
}

func TestCallLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call_log.db")
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) {
		cfg.Settings.CallLog, cfg.Settings.CallLogLimit = path, 3
	})
	// Answered, missed, refused elsewhere, and one that lasts; the first is trimmed away.
	for range trimEvery {
		c := r.dial("1000")
		r.phone.end(c.ID(), 404, "Not Found")
		r.awaitEnd(c.ID())
	}
	c := r.dial("1002")
	r.phone.confirm(c.ID())
	r.phone.end(c.ID(), 200, "Normal call clearing")
	r.awaitEnd(c.ID())
	id := r.phone.ring(r.acc1, `"Alice" <sip:200@far.example.com>`, `Diversion: <sip:300@x>;reason=unconditional`)
	r.awaitState(id, StateEarly)
	r.phone.end(id, 487, "Request Terminated")
	r.awaitEnd(id)
	id = r.phone.ring(r.acc1, `sip:400@far.example.com`)
	r.awaitState(id, StateEarly)

	var list []LogEntry
	eventually(t, "the last call", func() bool {
		var err error
		if list, err = r.e.CallLog(t.Context(), LogQuery{Last: 3}); err != nil && !errors.Is(err, ErrNotRunning) {
			t.Fatal(err)
		}
		return len(list) == 3 && list[0].Number == "400" && !list[0].Ringing.IsZero()
	})
	lasts, missed, answered := list[0], list[1], list[2]
	if lasts.Type != calllog.Missed || !lasts.Ended.IsZero() {
		t.Errorf("the call that rings: %+v", lasts)
	}
	if missed.Type != calllog.Missed || missed.Name != "Alice" || missed.Number != "200" || missed.Domain != "far.example.com" ||
		missed.Diversion != "300" || missed.Info != "487 Request Terminated" || missed.Account != 1 || missed.Ringing.IsZero() || missed.Ended.IsZero() {
		t.Errorf("the missed call: %+v", missed)
	}
	if answered.Type != calllog.Outgoing || answered.Number != "1002" || answered.Answered.IsZero() || answered.Info != "" || answered.Code != 200 ||
		answered.Codec != "PCMU/8000" || answered.SIPCallID == "" {
		t.Errorf("the answered call: %+v", answered)
	}
	if list, err := r.e.CallLog(t.Context(), LogQuery{Missed: true}); err != nil || len(list) != 2 {
		t.Errorf("missed: %d, %v", len(list), err)
	}
	var table bytes.Buffer
	if err := r.e.WriteCallLog(t.Context(), &table, LogQuery{Last: 1}); err != nil || !strings.Contains(table.String(), "missed,,400,") {
		t.Errorf("CSV %s, %v", table.String(), err)
	}
	r.cancel()
	if _, err := r.e.CallLog(t.Context(), LogQuery{}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v", err)
	}
	list, err := ReadCallLog(t.Context(), path, LogQuery{Last: -1})
	if err != nil || len(list) > trimEvery || list[0].Ended.IsZero() {
		t.Errorf("%d entries after the end, %v", len(list), err)
	}
}

func TestNoCallLog(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if _, err := r.e.CallLog(t.Context(), LogQuery{}); !errors.Is(err, ErrNoCallLog) {
			t.Errorf("error %v", err)
		}
	})
}

// What cannot be written is reported once, and written when it can be.
func TestCallLogLater(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "log.db")
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.CallLog = path })
	c := r.dial("1002")
	failed := r.await("report", func(ev Event) bool { return ev.Header().Type == "FileFailed" }).(FileFailed)
	if failed.Key != "callLog" || failed.Path != path || failed.Reason == "" {
		t.Errorf("report %+v", failed)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.phone.end(c.ID(), 486, "Busy Here")
	r.awaitEnd(c.ID())
	r.cancel()
	list, err := ReadCallLog(t.Context(), path, LogQuery{})
	if err != nil || len(list) != 1 || list[0].Info != "486 Busy Here" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCompletedElsewhere(t *testing.T) {
	for reason, want := range map[string]bool{
		`SIP;cause=200;text="Call completed elsewhere"`: true, `SIP ; cause=200`: true, `Q.850;cause=16`: false,
		`SIP;cause=2000`: false, ``: false, `X;text="Call Completed Elsewhere"`: true,
	} {
		if got := completedElsewhere([]string{"x", reason}); got != want {
			t.Errorf("%s: %v", reason, got)
		}
	}
	m := newFollower().take(CallEnded{EventHeader: EventHeader{Call: 1}, Role: "UAS", Code: 487, Elsewhere: true})
	if got := entryOf(&m[0].call).Type; got != calllog.Elsewhere {
		t.Errorf("type %v", got)
	}
}

func TestPopLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pop.log")
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.PopLog = path })
	id := r.phone.ring(r.acc1, `"Al \"x\"" <sip:2%0A0@far>`)
	r.awaitState(id, StateEarly)
	r.phone.end(id, 487, "Request Terminated")
	r.awaitEnd(id)
	r.cancel()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`(?m)^\S+Z`).ReplaceAllString(string(data), "TIME")
	got = regexp.MustCompile(`call=\d+|id-\d+|in-\d+`).ReplaceAllString(got, "N")
	want := `TIME moment=incoming N account=1 direction=in number="2?0" name="Al \"x\"" remote="\"Al \\\"x\\\"\" <sip:2%0A0@far>" local="sip:me@pbx" code=0 reason="" duration=0 sip_id="N" digit="" target="" path=""
TIME moment=ring N account=1 direction=in number="2?0" name="Al \"x\"" remote="\"Al \\\"x\\\"\" <sip:2%0A0@far>" local="sip:me@pbx" code=180 reason="" duration=0 sip_id="N" digit="" target="" path=""
TIME moment=end N account=1 direction=in number="2?0" name="Al \"x\"" remote="\"Al \\\"x\\\"\" <sip:2%0A0@far>" local="sip:me@pbx" code=487 reason="Request Terminated" duration=0 sip_id="N" digit="" target="" path=""
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPopLogRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pop.log")
	if err := os.WriteFile(path, make([]byte, maxPopLog), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := appendLines(path, "new\n"); err != nil {
		t.Fatal(err)
	}
	if got := linesOfFile(t, path); !slices.Equal(got, []string{"new"}) {
		t.Errorf("lines %q", got)
	}
	if info, err := os.Stat(path + ".1"); err != nil || info.Size() != maxPopLog {
		t.Errorf("the old one: %v, %v", info, err)
	}
}

func linesOfFile(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(data))
}

func TestStatusFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status.json")
	r := liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.StatusFile = path })
	read := func() (s Snapshot) {
		data, err := os.ReadFile(path)
		if err != nil {
			return s
		}
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatalf("%v: %s", err, data)
		}
		return s
	}
	id := r.phone.ring(r.acc1, "sip:200@far")
	eventually(t, "the call", func() bool {
		s := read()
		return s.State == "running" && len(s.Calls) == 1 && s.Calls[0].ID == id && s.Calls[0].State == StateEarly && len(s.Accounts) > 0
	})
	r.phone.end(id, 487, "Request Terminated")
	eventually(t, "the end", func() bool { return len(read().Calls) == 0 })
	r.cancel()
	if s := read(); s.State != "stopped" {
		t.Errorf("the last state is %s", s.State)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
}

func TestWebhooks(t *testing.T) {
	type request struct {
		header http.Header
		body   []byte
	}
	var mu sync.Mutex
	var got []request
	seen := make(map[string]bool)
	code := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		w.WriteHeader(code)
		// One of the first run can still be on its way when the second begins.
		if id := q.Header.Get(webhook.DeliveryHeader); code == 200 && !seen[id] {
			seen[id] = true
			got = append(got, request{q.Header, body})
		}
	}))
	defer server.Close()
	spool := t.TempDir()
	prepare := func(cfg *config.Config, _ *fakePhone) {
		cfg.Settings.Webhook = []string{server.URL + "/?token=hunter2"}
		cfg.Settings.WebhookSecret = config.NewSecret(secret)
		cfg.Settings.WebhookSpool = spool
	}
	// While the receiver is down nothing is lost, over a restart either.
	r := liveRig(t, prepare)
	down := r.await("report", func(ev Event) bool { return ev.Header().Type == "WebhookChanged" }).(WebhookChanged)
	if down.Up || down.Reason != "answered with 503" || strings.Contains(down.URL, "hunter2") {
		t.Errorf("report %+v", down)
	}
	c := r.dial("1002")
	r.phone.confirm(c.ID())
	r.phone.send(pjsua.DTMFReceived{EventHeader: r.phone.head(), Call: c.ID(), Digit: '5'})
	r.phone.end(c.ID(), 200, "OK")
	r.awaitEnd(c.ID())
	r.cancel()
	if log := r.log.String(); strings.Contains(log, "hunter2") || strings.Contains(log, secret) {
		t.Error("the log has a secret")
	}
	mu.Lock()
	code = 200
	mu.Unlock()
	r = liveRig(t, prepare)
	want := []string{
		"EngineStarted", "CallStateChanged", "CallStateChanged", "CallStateChanged", "CallStateChanged", "CallEnded", "EngineStopped", "EngineStarted",
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(got)
	}
	eventually(t, "the events", func() bool { return count() >= len(want) })
	r.cancel()
	mu.Lock()
	defer mu.Unlock()
	var types []string
	for _, q := range got {
		ev, err := DecodeEvent(q.body)
		if err != nil {
			t.Fatalf("%v: %s", err, q.body)
		}
		h := q.header
		if ev.Header().Type != h.Get(webhook.EventHeader) ||
			h.Get(webhook.SignatureHeader) != "sha256="+webhook.Sign(secret, h.Get(webhook.TimestampHeader), q.body) {
			t.Errorf("header %v of %s", h, q.body)
		}
		types = append(types, ev.Header().Type)
	}
	if types = types[:len(want)]; !slices.Equal(types, want) {
		t.Errorf("types %q, want %q", types, want)
	}
}

// A spool that cannot be made is an error at the start.
func TestWebhookSpoolMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(cfg *config.Config, _ *fakePhone) {
		cfg.Settings.Webhook, cfg.Settings.WebhookSpool = []string{"http://127.0.0.1:1/"}, filepath.Join(file, "x")
	})
	if err := r.e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "webhookSpool") {
		t.Errorf("error %v", err)
	}
	r.sub.Close()
}
