//go:build linux

package peers

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Event is a message of Asterisk's manager interface (AMI), by header field. Of a field that comes more than once
// it has all values, one a line.
type Event map[string]string

// contains reports whether e has every field of want with the same value.
func (e Event) contains(want Event) bool {
	for k, v := range want {
		if got, ok := e[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// manager is a connection to the manager interface. It keeps every event, so that none is lost between a cause
// and the look at its effect.
type manager struct {
	conn net.Conn

	mu      sync.Mutex
	lastID  int
	answers map[string]chan Event // by ActionID, until the answer is here
	events  []Event
	news    chan struct{} // closed and replaced at every event, and at the end
	err     error         // of the end
}

const actionDeadline = time.Minute

// dialManager connects and logs in.
func dialManager(addr string) (*manager, error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return nil, err
	}
	m := &manager{conn: conn, answers: map[string]chan Event{}, news: make(chan struct{})}
	go m.read()
	if _, err := m.action(Event{"Action": "Login", "Username": "test", "Secret": "test"}); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *manager) close() { m.conn.Close() }

// read takes messages until the connection ends.
func (m *manager) read() {
	in := textproto.NewReader(bufio.NewReader(m.conn))
	_, err := in.ReadLine() // a banner
	for err == nil {
		var e Event
		if e, err = readEvent(in); err == nil {
			m.deliver(e)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
	for _, answer := range m.answers {
		close(answer)
	}
	close(m.news)
}

// readEvent reads one message: lines up to an empty one.
func readEvent(in *textproto.Reader) (Event, error) {
	e := Event{}
	for {
		line, err := in.ReadLine()
		if err != nil {
			return nil, err
		}
		if line == "" {
			return e, nil
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		if before, ok := e[key]; ok {
			value = before + "\n" + value
		}
		e[key] = value
	}
}

// deliver hands a message to the action that it answers, or keeps it as an event.
func (m *manager) deliver(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := e["Event"]; !ok {
		if answer := m.answers[e["ActionID"]]; answer != nil {
			delete(m.answers, e["ActionID"])
			answer <- e
		}
		return
	}
	m.events = append(m.events, e)
	close(m.news)
	m.news = make(chan struct{})
}

// action sends a and returns the answer to it.
func (m *manager) action(a Event) (Event, error) {
	m.mu.Lock()
	if m.err != nil {
		defer m.mu.Unlock()
		return nil, m.err
	}
	m.lastID++
	id := strconv.Itoa(m.lastID)
	answer := make(chan Event, 1)
	m.answers[id] = answer
	m.mu.Unlock()

	var b strings.Builder
	fmt.Fprintf(&b, "Action: %s\r\nActionID: %s\r\n", a["Action"], id)
	for k, v := range a {
		if k != "Action" {
			fmt.Fprintf(&b, "%s: %s\r\n", k, v)
		}
	}
	b.WriteString("\r\n")
	if _, err := m.conn.Write([]byte(b.String())); err != nil {
		return nil, err
	}
	select {
	case e, ok := <-answer:
		if !ok {
			return nil, errors.New("the manager interface has closed the connection")
		}
		if e["Response"] == "Error" {
			return nil, fmt.Errorf("%s %s", e["Message"], e["Output"])
		}
		return e, nil
	case <-time.After(actionDeadline):
		return nil, fmt.Errorf("no answer within %v", actionDeadline)
	}
}

// list sends an action that is answered by a list of events, and returns those that are called name.
func (m *manager) list(a Event, name string) ([]Event, error) {
	from := m.count()
	r, err := m.action(a)
	if err != nil {
		return nil, err
	}
	var all []Event
	deadline := time.After(actionDeadline)
	for {
		e, err := m.next(from, deadline)
		if err != nil {
			return nil, err
		}
		from++
		switch {
		case e["ActionID"] != r["ActionID"]:
		case e["Event"] == name:
			all = append(all, e)
		case e["EventList"] == "Complete":
			return all, nil
		}
	}
}

// count returns how many events there were.
func (m *manager) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.events)
}

// next returns event number i, counted from 0, and waits for it until deadline.
func (m *manager) next(i int, deadline <-chan time.Time) (Event, error) {
	for {
		m.mu.Lock()
		news, err := m.news, m.err
		if i < len(m.events) {
			defer m.mu.Unlock()
			return m.events[i], nil
		}
		m.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-news:
		case <-deadline:
			return nil, errors.New("no such event in time")
		}
	}
}

// Watch reads Asterisk's events in their order, from the moment on at which it was made.
type Watch struct {
	a    *Asterisk
	next int
}

// Watch starts watching. None of the events that come later is lost, however late Wait is called.
func (a *Asterisk) Watch() *Watch { return &Watch{a, a.ami.count()} }

// WaitBridged waits until a channel of each of the users has entered a bridge, in any order: Asterisk answers a
// call before it bridges it, and transfers only what is bridged.
func (w *Watch) WaitBridged(d time.Duration, users ...string) {
	w.a.tb.Helper()
	deadline := time.After(d)
	left := map[string]bool{}
	for _, user := range users {
		left[user] = true
	}
	for len(left) > 0 {
		e, err := w.a.ami.next(w.next, deadline)
		if err != nil {
			w.a.tb.Fatalf("waited %v for %v to be in a bridge: %v", d, left, err)
		}
		w.next++
		for user := range left {
			if e["Event"] == "BridgeEnter" && strings.HasPrefix(e["Channel"], "PJSIP/"+user+"-") {
				delete(left, user)
			}
		}
	}
}

// Wait returns the next event that has every field of want with the same value, and skips those before it. It
// ends the test when there is none within d.
func (w *Watch) Wait(d time.Duration, want Event) Event {
	w.a.tb.Helper()
	deadline := time.After(d)
	seen := map[string]int{}
	for {
		e, err := w.a.ami.next(w.next, deadline)
		if err != nil {
			w.a.tb.Fatalf("waited %v for Asterisk's event %v: %v; there were %v", d, want, err, seen)
		}
		w.next++
		if e.contains(want) {
			return e
		}
		seen[e["Event"]]++
	}
}
