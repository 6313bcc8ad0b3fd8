package api

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// The metrics are those that the server was given, and each answer is told of once, that
// of a refused request and that of a stream too.
func TestMetrics(t *testing.T) {
	var mu sync.Mutex
	var told []string
	r := newRig(t, func(c *Config) {
		c.Answered = func(method string, status int) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(method, " ", status))
		}
	})
	if w := r.ask(true, "GET", "/metrics", "", nil); w.Code != 200 || w.Body.String() != "counted 1\n" {
		t.Errorf("on the socket: %d %q", w.Code, w.Body)
	}
	if w := r.ask(false, "GET", "/metrics", "", bearer(readToken)); w.Code != 200 || w.Body.String() != "counted 1\n" {
		t.Errorf("with a token: %d %q", w.Code, w.Body)
	}
	problem(t, r.ask(false, "GET", "/metrics", "", nil), 401, CodeUnauthorized)
	r.ask(true, "DELETE", "/v1/buddies?uri=sip:a@b", "", nil)
	r.ask(true, "GET", "/v1/nothing", "", nil)
	conn, _, err := websocket.Dial(t.Context(), r.url+"/v1/events", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + readToken}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Read(t.Context()); err != nil {
		t.Errorf("the snapshot: %v", err)
	}
	conn.CloseNow()
	mu.Lock()
	defer mu.Unlock()
	want := []string{"GET 200", "GET 200", "GET 401", "DELETE 204", "GET 404", "GET 101"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	problem(t, newRig(t, func(c *Config) { c.Metrics = nil }).ask(true, "GET", "/metrics", "", nil), 404, CodeNotFound)
}
