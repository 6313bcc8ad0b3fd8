package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/danielgtaylor/huma/v2"
)

// Times of a stream of events.
const (
	pingEvery = 20 * time.Second // a sign of life when nothing happens
	pongTime  = 40 * time.Second // in which a WebSocket has to answer it
	cutTime   = 10 * time.Second // in which a reader that was cut off may take what it still gets
)

func (s *Server) eventRoutes() error {
	schema, err := NewEventSchema(s.cfg.Events)
	if err != nil {
		return err
	}
	s.events = schema.JSON()
	line := &huma.Schema{Description: "Of GET /v1/events/schema", Type: huma.TypeObject}
	s.handleRaw(route{
		method: "GET", path: "/v1/events", id: "events", tag: "events", scope: ScopeRead,
		summary: "Everything that happens, as it does",
		description: "By WebSocket, one text message for each, or else as server-sent events. A Snapshot comes first, and then all events that follow it, " +
			"numbered without gaps. A reader that is too far behind gets one last EventsLost with final set, and the stream ends; it connects again and " +
			"begins with a Snapshot. The stream also ends after EngineStopped.",
	}, func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "Server-sent events: data is the JSON, event its type, id its seq",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: line}}}
		op.Responses["101"] = &huma.Response{Description: "A WebSocket"}
	}, s.serveEvents)
	s.handleRaw(route{
		method: "GET", path: "/v1/events/schema", id: "events-schema", tag: "events", scope: ScopeRead,
		summary: "The JSON Schema of events",
	}, func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "JSON Schema, draft 2020-12",
			Content: map[string]*huma.MediaType{"application/schema+json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}
	}, func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/schema+json")
		_, _ = w.Write(s.events) // the reader may have gone
		return nil
	})
	return nil
}

// message is a line of a stream.
type message struct {
	seq  uint64
	typ  string
	text []byte
}

// lost is the last message of a reader that is cut off, in the form of the engine's own.
type lost struct {
	Seq   uint64    `json:"seq"`
	Time  time.Time `json:"time"`
	Type  string    `json:"type"`
	Count uint64    `json:"count"`
	Final bool      `json:"final"`
}

// backlog is what a reader has not been sent yet, up to a limit.
type backlog struct {
	limit int
	cut   chan struct{} // closed when the limit was passed
	wake  chan struct{} // one slot: there is something to take

	mu    sync.Mutex
	queue []message
	lost  lost
	ended bool
}

func newBacklog(limit int) *backlog {
	return &backlog{limit: limit, cut: make(chan struct{}), wake: make(chan struct{}, 1)}
}

func (b *backlog) put(m message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.lost.Count > 0:
		b.lost.Count++
		return
	case len(b.queue) >= b.limit:
		b.lost = lost{Seq: m.seq, Time: time.Now().UTC(), Type: "EventsLost", Count: 1, Final: true}
		close(b.cut)
	default:
		b.queue = append(b.queue, m)
	}
	b.signalLocked()
}

// end says that nothing is put any more.
func (b *backlog) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.signalLocked()
}

func (b *backlog) signalLocked() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns what there is, and says whether that was the end.
func (b *backlog) take() (batch []message, last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch, b.queue = b.queue, nil
	if b.lost.Count > 0 {
		text, err := json.Marshal(b.lost)
		if err == nil { // a struct of plain fields has its JSON
			batch = append(batch, message{seq: b.lost.Seq, typ: b.lost.Type, text: text})
		}
		return batch, true
	}
	return batch, b.ended
}

// marshal makes the line of an event.
func marshal(event any) (message, error) {
	text, err := json.Marshal(event)
	if err != nil {
		return message{}, err
	}
	m := message{text: text}
	var head struct {
		Seq  uint64 `json:"seq"`
		Type string `json:"type"`
	}
	err = json.Unmarshal(text, &head)
	m.seq, m.typ = head.Seq, head.Type
	return m, err
}

// sink is where a stream is written to.
type sink interface {
	write(message) error
	ping() error
	// hurry lets writing go on for so long only.
	hurry(time.Duration)
}

func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.active.Add(1)
	}
	s.mu.Unlock()
	if closed {
		return Errorf(http.StatusServiceUnavailable, CodeNotRunning, "the engine stops")
	}
	defer s.active.Done()
	if s.watch.Add(1) > int64(s.limits.Watchers) {
		s.watch.Add(-1)
		return Errorf(http.StatusServiceUnavailable, CodeTooMany, "there are %d readers of events already", s.limits.Watchers)
	}
	defer s.watch.Add(-1)

	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return s.serverSent(w, r)
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return nil // Accept has answered
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithCancel(conn.CloseRead(s.ctx))
	defer cancel()
	if s.stream(ctx, &webSocket{conn: conn, ctx: ctx, cancel: cancel}) {
		_ = conn.Close(websocket.StatusNormalClosure, "") // a reader that has gone is none any more
	}
	return nil
}

func (s *Server) serverSent(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // of a proxy
	w.WriteHeader(http.StatusOK)
	s.stream(r.Context(), &serverSentEvents{w: w, rc: http.NewResponseController(w)})
	return nil
}

// stream writes a snapshot and events until the softphone ends, the reader goes, or the
// reader is cut off. It says whether everything was written.
func (s *Server) stream(ctx context.Context, out sink) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	snapshot, events := s.phone.Follow()
	defer events.Close()
	first, err := marshal(snapshot)
	if err != nil {
		s.log.Error("snapshot has no JSON", "error", err)
		return false
	}
	b := newBacklog(s.limits.Backlog)
	b.queue = append(b.queue, first)
	b.wake <- struct{}{}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		defer b.end()
		for {
			ev, ok := events.Next(ctx)
			if !ok {
				return
			}
			m, err := marshal(ev)
			if err != nil {
				s.log.Error("event has no JSON", "error", err)
				continue
			}
			b.put(m)
		}
	}()
	go func() {
		select {
		case <-b.cut:
			s.log.Warn("a reader of events is too far behind and is cut off", "events", s.limits.Backlog)
			s.cuts.Add(1)
			out.hurry(s.cutTime)
		case <-fed:
		}
	}()
	defer func() { cancel(); <-fed }()

	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-b.wake:
		case <-ping.C:
			if out.ping() != nil {
				return false
			}
			continue
		case <-ctx.Done():
			return false
		}
		batch, last := b.take()
		for _, m := range batch {
			if out.write(m) != nil {
				return false
			}
		}
		if last {
			return true
		}
	}
}

type webSocket struct {
	conn   *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
}

func (o *webSocket) write(m message) error { return o.conn.Write(o.ctx, websocket.MessageText, m.text) }

func (o *webSocket) ping() error {
	ctx, cancel := context.WithTimeout(o.ctx, pongTime)
	defer cancel()
	return o.conn.Ping(ctx)
}

func (o *webSocket) hurry(d time.Duration) { context.AfterFunc(timeout(o.ctx, d), o.cancel) }

// timeout is a context that nobody needs to cancel, since its parent is.
func timeout(parent context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(parent, d)
	context.AfterFunc(parent, cancel)
	return ctx
}

type serverSentEvents struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (o *serverSentEvents) write(m message) error {
	if _, err := fmt.Fprintf(o.w, "id: %d\nevent: %s\ndata: %s\n\n", m.seq, m.typ, m.text); err != nil {
		return err
	}
	return o.rc.Flush()
}

func (o *serverSentEvents) ping() error {
	if _, err := fmt.Fprint(o.w, ": still here\n\n"); err != nil {
		return err
	}
	return o.rc.Flush()
}

func (o *serverSentEvents) hurry(d time.Duration) {
	// Every connection of the server can do that.
	_ = o.rc.SetWriteDeadline(time.Now().Add(d))
}
