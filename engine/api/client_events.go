package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coder/websocket"
)

// Event is a line of a stream of events. docs/events.md has their types.
type Event struct {
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Type    string    `json:"type"`
	Account int       `json:"account"` // 0 for the local account, and for events about none
	Call    CallID    `json:"call"`    // 0 for events about none
	// Raw is the whole event as it came.
	Raw json.RawMessage `json:"-"`
}

// Events is one reader's stream of events, made by [Client.Events].
type Events struct {
	// Snapshot is how things were before the first event.
	Snapshot Snapshot
	conn     *websocket.Conn
}

// ErrCutOff is returned by [Events.Next] when the reader was too far behind. Events were
// lost; the next [Client.Events] begins with a Snapshot.
var ErrCutOff = errors.New("api: too far behind, events were lost")

// maxEvent is the longest event that is read: a snapshot of thousands of calls.
const maxEvent = 64 << 20

// Events connects to the stream of events. ctx bounds the connecting and the stream, which
// has to be closed.
func (c *Client) Events(ctx context.Context) (*Events, error) {
	if c.where() == "" {
		return nil, errors.New("api: the Client has neither Socket nor URL")
	}
	conn, resp, err := websocket.Dial(ctx, c.base()+"/v1/events", &websocket.DialOptions{HTTPClient: c.client(), HTTPHeader: c.header()})
	if err != nil {
		if resp != nil && resp.StatusCode >= 300 {
			return nil, errorOf(resp)
		}
		return nil, c.unreachable(ctx, err)
	}
	conn.SetReadLimit(maxEvent)
	e := &Events{conn: conn}
	first, err := e.read(ctx)
	if err == nil && first.Type != "Snapshot" {
		err = fmt.Errorf("api: the stream of events begins with a %s", first.Type)
	}
	if err == nil {
		err = json.Unmarshal(first.Raw, &e.Snapshot)
	}
	if err != nil {
		return nil, errors.Join(err, conn.CloseNow())
	}
	return e, nil
}

// Next waits for the next event. It returns io.EOF when the engine has ended, and
// [ErrCutOff].
func (e *Events) Next(ctx context.Context) (Event, error) {
	ev, err := e.read(ctx)
	if err != nil {
		return Event{}, err
	}
	if ev.Type == "EventsLost" {
		var l lost
		if json.Unmarshal(ev.Raw, &l) == nil && l.Final {
			return ev, ErrCutOff
		}
	}
	return ev, nil
}

func (e *Events) read(ctx context.Context) (Event, error) {
	var ev Event
	_, text, err := e.conn.Read(ctx)
	switch {
	case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
		return ev, io.EOF
	case ctx.Err() != nil:
		return ev, ctx.Err()
	case err != nil:
		return ev, fmt.Errorf("api: stream of events: %w", err)
	}
	if err := json.Unmarshal(text, &ev); err != nil {
		return ev, fmt.Errorf("api: event: %w", err)
	}
	ev.Raw = text
	return ev, nil
}

// Close ends the stream.
func (e *Events) Close() error { return e.conn.CloseNow() }
