package webhook

import (
	"crypto/hmac"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const deadline = time.Minute

// receiver takes what is posted, as the test says.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	code   int
	bodies []string
	heads  []http.Header
	seen   map[string]bool
	tries  int
	more   chan struct{}
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{code: 200, seen: make(map[string]bool), more: make(chan struct{}, 1<<16)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tries++
		// A request of a process that was stopped can still be on its way, so a record can
		// come twice; its id tells.
		if id := q.Header.Get(DeliveryHeader); r.code == 200 && !r.seen[id] {
			r.seen[id] = true
			r.bodies = append(r.bodies, string(body))
			r.heads = append(r.heads, q.Header)
		}
		w.WriteHeader(r.code)
		r.more <- struct{}{}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(code int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code = code
}

// await waits until the receiver has had so many requests.
func (r *receiver) await(t *testing.T, ready func() bool) {
	t.Helper()
	limit := time.After(deadline)
	for {
		r.mu.Lock()
		ok := ready()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.more:
		case <-limit:
			t.Fatalf("%d requests, %d taken", r.tries, len(r.bodies))
		}
	}
}

func open(t *testing.T, o Options) *Endpoint {
	t.Helper()
	o.MinWait, o.MaxWait = time.Millisecond, 20*time.Millisecond
	e, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func post(t *testing.T, e *Endpoint, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := e.Post("CallEnded", fmt.Sprintf("id%d", i), fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
}

func numbers(from, to int) []string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"n":%d}`, i))
	}
	return list
}

func TestDelivery(t *testing.T) {
	r := newReceiver(t)
	e := open(t, Options{URL: r.URL + "/in?token=x", Secret: "key", Dir: t.TempDir()})
	post(t, e, 0, 20)
	r.await(t, func() bool { return len(r.bodies) == 20 })
	e.Close(deadline)
	if !slices.Equal(r.bodies, numbers(0, 20)) {
		t.Errorf("bodies %q", r.bodies)
	}
	h := r.heads[3]
	stamp := h.Get(TimestampHeader)
	want := "sha256=" + Sign("key", stamp, []byte(`{"n":3}`))
	if !hmac.Equal([]byte(h.Get(SignatureHeader)), []byte(want)) || h.Get(EventHeader) != "CallEnded" || h.Get(DeliveryHeader) != "id3" ||
		h.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", h)
	}
	if s := e.Status(); s.Waiting != 0 || !s.Up || strings.Contains(s.URL, "token") {
		t.Errorf("status %+v", s)
	}
}

// Known answer, so that receivers in other languages can be checked against it.
func TestSign(t *testing.T) {
	got := Sign("secret", "1700000000", []byte(`{"a":1}`))
	if want := "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686"; got != want {
		t.Errorf("signature %s", got)
	}
	if got == Sign("secret", "1700000001", []byte(`{"a":1}`)) || got == Sign("secret2", "1700000000", []byte(`{"a":1}`)) {
		t.Error("the signature does not depend on the timestamp and the secret")
	}
}

// While the receiver fails nothing is lost or changes its place.
func TestRetry(t *testing.T) {
	r := newReceiver(t)
	r.answer(503)
	var mu sync.Mutex
	var changes []Status
	e := open(t, Options{URL: r.URL, Dir: t.TempDir(), Changed: func(s Status) {
		mu.Lock()
		changes = append(changes, s)
		mu.Unlock()
	}})
	post(t, e, 0, 5)
	r.await(t, func() bool { return r.tries >= 4 })
	if s := e.Status(); s.Up || s.Waiting != 5 || s.Reason != "answered with 503" {
		t.Errorf("status %+v", s)
	}
	r.answer(200)
	post(t, e, 5, 10)
	r.await(t, func() bool { return len(r.bodies) == 10 })
	e.Close(deadline)
	if !slices.Equal(r.bodies, numbers(0, 10)) {
		t.Errorf("bodies %q", r.bodies)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(changes) != 2 || changes[0].Up || !changes[1].Up {
		t.Errorf("changes %+v", changes)
	}
}

// A record that the receiver will never take does not hold up the others.
func TestRefused(t *testing.T) {
	r := newReceiver(t)
	r.answer(422)
	e := open(t, Options{URL: r.URL, Dir: t.TempDir()})
	post(t, e, 0, 1)
	r.await(t, func() bool { return r.tries == 1 })
	r.answer(200)
	post(t, e, 1, 3)
	r.await(t, func() bool { return len(r.bodies) >= 2 })
	e.Close(deadline)
	if s := e.Status(); s.Dropped != 1 && len(r.bodies) != 3 || s.Waiting != 0 {
		t.Errorf("status %+v, %q", s, r.bodies)
	}
}

func TestRestart(t *testing.T) {
	r := newReceiver(t)
	r.answer(500)
	dir := t.TempDir()
	e := open(t, Options{URL: r.URL, Dir: dir})
	post(t, e, 0, 7)
	e.Close(0)
	e = open(t, Options{URL: r.URL, Dir: dir})
	post(t, e, 7, 9)
	r.answer(200)
	r.await(t, func() bool { return len(r.bodies) == 9 })
	e.Close(deadline)
	if !slices.Equal(r.bodies, numbers(0, 9)) {
		t.Errorf("bodies %q", r.bodies)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(files) != 0 {
		t.Errorf("left: %q, %v", files, err)
	}
}

// A process that is killed loses nothing that Post took.
func TestKilled(t *testing.T) {
	const variable = "WEBHOOK_TEST_DIR"
	if dir := os.Getenv(variable); dir != "" {
		e := open(t, Options{URL: os.Getenv("WEBHOOK_TEST_URL"), Dir: dir})
		for i := 0; ; i++ {
			post(t, e, i, i+1)
			if _, err := fmt.Printf("posted %d\n", i); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := newReceiver(t)
	r.answer(503)
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), variable+"="+dir, "WEBHOOK_TEST_URL="+r.URL)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	buf := make([]byte, 4096)
	for strings.Count(text.String(), "\n") < 50 {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, text.String())
		}
		text.Write(buf[:n])
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	posted := strings.Count(text.String(), "\n")
	r.answer(200)
	e := open(t, Options{URL: r.URL, Dir: dir})
	waiting := e.Status().Waiting
	r.await(t, func() bool { return len(r.bodies) >= posted })
	e.Close(deadline)
	if want := numbers(0, len(r.bodies)); !slices.Equal(r.bodies, want) || len(r.bodies) < posted {
		t.Errorf("%d posted, %d waited, %d delivered: %q", posted, waiting, len(r.bodies), r.bodies)
	}
}

// The folder has a bound; what finds no room is counted and reported once.
func TestBound(t *testing.T) {
	r := newReceiver(t)
	r.answer(503)
	reports := make(chan Status, 100)
	e := open(t, Options{URL: r.URL, Dir: t.TempDir(), Limit: 3*perRecord + 50, Changed: func(s Status) { reports <- s }})
	post(t, e, 0, 3)
	for range 5 {
		if err := e.Post("CallEnded", "x", []byte(`{}`)); err == nil {
			t.Error("there is no bound")
		}
	}
	if s := e.Status(); s.Dropped != 5 || s.Waiting != 3 {
		t.Errorf("status %+v", s)
	}
	r.answer(200)
	r.await(t, func() bool { return len(r.bodies) == 3 })
	e.Close(deadline)
	close(reports)
	var drops int
	for s := range reports {
		if s.Dropped > 0 && !s.Up || s.Dropped == 1 {
			drops++
		}
	}
	if drops == 0 {
		t.Error("the first record that was dropped was not reported")
	}
	post(t, e, 3, 4) // there is room again
}

func TestBadURL(t *testing.T) {
	for _, bad := range []string{"", "ftp://x/", "http://", "://"} {
		if _, err := Open(Options{URL: bad, Dir: t.TempDir()}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if _, err := Open(Options{URL: "http://127.0.0.1:1/?token=hunter2", Dir: "/dev/null/x"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}
