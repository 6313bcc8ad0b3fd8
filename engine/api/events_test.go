package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// A hundred clients command at once, each of them and two kinds of readers see every event
// once and in order, and one that does not read holds up nobody.
func TestHundredClients(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Backlog = 1 << 20 })
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	idle, err := r.client().Events(ctx) // reads nothing
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	const clients, rounds = 100, 5
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(clients)
	for n := range clients {
		done.Go(func() {
			c := &Client{Socket: r.socket}
			if n%2 == 1 {
				c = &Client{URL: r.url, Token: callToken}
			}
			events, err := c.Events(ctx)
			ready.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer events.Close()
			<-start
			mine := make(chan error, 1)
			go func() { mine <- callAndHangUp(ctx, c, rounds) }()
			// Two events for each call of each client.
			for seq := events.Snapshot.Seq + 1; seq <= clients*rounds*2; seq++ {
				ev, err := events.Next(ctx)
				if err != nil || ev.Seq != seq {
					t.Errorf("client %d: event %d, %v; want %d", n, ev.Seq, err, seq)
					break
				}
			}
			if err := <-mine; err != nil {
				t.Errorf("client %d: %v", n, err)
			}
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	if calls := r.phone.Calls(); len(calls) != 0 {
		t.Errorf("left %v", calls)
	}
}

func callAndHangUp(ctx context.Context, c *Client, rounds int) error {
	for range rounds {
		call, err := c.Dial(ctx, DialRequest{URI: "sip:a@b"})
		if err != nil {
			return err
		}
		if _, err := c.Status(ctx); err != nil {
			return err
		}
		if _, err := c.Hangup(ctx, call.ID); err != nil {
			return err
		}
	}
	return nil
}

// A reader that is too far behind gets what waited for it and then that it is cut off; it
// connects again and begins with a snapshot.
func TestSlowReader(t *testing.T) {
	for _, way := range []string{"WebSocket", "server-sent events"} {
		t.Run(way, func(t *testing.T) {
			const limit = 8
			r := newRig(t, func(c *Config) { c.Limits.Backlog = limit })
			r.srv.cutTime = time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			next := openStream(t, ctx, r, way)
			snapshot := next()
			if snapshot.Type != "Snapshot" {
				t.Fatalf("begins with %+v", snapshot)
			}
			// More than any socket buffers.
			text := strings.Repeat("x", 1<<17)
			const said = 100
			for range said {
				r.phone.say(1, text)
			}
			for r.srv.cuts.Load() == 0 {
				if ctx.Err() != nil {
					t.Fatal("it is not cut off")
				}
				time.Sleep(time.Millisecond)
			}
			want := snapshot.Seq + 1
			for {
				ev := next()
				if ev.Seq != want {
					t.Fatalf("event %d, want %d", ev.Seq, want)
				}
				if ev.Type == "EventsLost" {
					var l lost
					if err := json.Unmarshal(ev.Raw, &l); err != nil || !l.Final || l.Count == 0 {
						t.Errorf("the last line is %s", ev.Raw)
					}
					break
				}
				want++
			}
			if want > said {
				t.Errorf("nothing was lost")
			}
			if ev := next(); ev.Type != "" {
				t.Errorf("%+v follows", ev)
			}
			again := openStream(t, ctx, r, way)()
			if again.Type != "Snapshot" || again.Seq != said {
				t.Errorf("the second time it begins with %s %d", again.Type, again.Seq)
			}
		})
	}
}

// A reader that does not even take its last line does not keep its connection.
func TestReaderThatHangs(t *testing.T) {
	for _, way := range []string{"WebSocket", "server-sent events"} {
		t.Run(way, func(t *testing.T) {
			r := newRig(t, func(c *Config) { c.Limits.Backlog = 8 })
			r.srv.cutTime = time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			openStream(t, ctx, r, way)()
			text := strings.Repeat("x", 1<<17)
			for range 100 {
				r.phone.say(1, text)
			}
			for r.srv.watch.Load() > 0 {
				if ctx.Err() != nil {
					t.Fatal("it is still served")
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
}

// openStream returns a reader of events; at the end of the stream it returns none.
func openStream(t *testing.T, ctx context.Context, r *rig, way string) func() Event {
	t.Helper()
	if way == "WebSocket" {
		events, err := r.client().Events(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { events.Close() })
		begun := false
		return func() Event {
			if !begun {
				begun = true
				return Event{Type: events.Snapshot.Type, Seq: events.Snapshot.Seq}
			}
			ev, err := events.Next(ctx)
			if err != nil && !errors.Is(err, ErrCutOff) && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			return ev
		}
	}
	resp, err := r.client().send(ctx, "GET", "/v1/events", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if typ := resp.Header.Get("Content-Type"); typ != "text/event-stream" {
		t.Errorf("content type %q", typ)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<22)
	return func() (ev Event) {
		id, typ := "", ""
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				id = value
			case "event":
				typ = value
			case "data":
				if err := json.Unmarshal([]byte(value), &ev); err != nil {
					t.Fatal(err)
				}
				ev.Raw = json.RawMessage(value)
			case "":
				if id == "" {
					continue // a sign of life
				}
				if id != fmt.Sprint(ev.Seq) || typ != ev.Type {
					t.Errorf("event %d %s has the id %s and the type %s", ev.Seq, ev.Type, id, typ)
				}
				return ev
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		return Event{}
	}
}

// The stream ends with the engine, after everything it said.
func TestEndOfStream(t *testing.T) {
	for _, way := range []string{"WebSocket", "server-sent events"} {
		t.Run(way, func(t *testing.T) {
			r := newRig(t, nil)
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			next := openStream(t, ctx, r, way)
			next()
			for range 10 {
				r.phone.say(0, "bye")
			}
			if err := r.client().Stop(ctx); err != nil {
				t.Fatal(err)
			}
			for want := uint64(1); want <= 10; want++ {
				if ev := next(); ev.Seq != want {
					t.Fatalf("event %d, want %d", ev.Seq, want)
				}
			}
			if ev := next(); ev.Type != "" {
				t.Errorf("%+v follows", ev)
			}
		})
	}
}

func TestTooManyReaders(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Watchers = 2 })
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	var open []*Events
	for range 2 {
		events, err := r.client().Events(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer events.Close()
		open = append(open, events)
	}
	var e *Error
	if _, err := r.client().Events(ctx); !errors.As(err, &e) || e.Code != CodeTooMany {
		t.Errorf("the third: %v", err)
	}
	if st, err := r.client().Status(ctx); err != nil || st.Watchers != 2 {
		t.Errorf("status %+v, %v", st, err)
	}
	// A place is free when a reader has gone.
	open[0].Close()
	for {
		events, err := r.client().Events(ctx)
		if err == nil {
			events.Close()
			break
		}
		if !errors.As(err, &e) || e.Code != CodeTooMany {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// Shutdown ends streams of a softphone that does not end.
func TestShutdownEndsStreams(t *testing.T) {
	srv, err := NewServer(Config{Softphone: newFakePhone(), Events: []any{fakeEvent{}}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeSocket(l) }()
	c := &Client{URL: "http://" + l.Addr().String()}
	events, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	resp, err := c.send(t.Context(), "GET", "/v1/events", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := srv.Shutdown(over); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := events.Next(t.Context()); err == nil {
		t.Error("the stream goes on")
	}
	if _, err := http.Get(c.URL); err == nil {
		t.Error("it still listens")
	}
}
