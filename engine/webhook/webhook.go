// Package webhook posts records to URLs: signed, in order, at least once, over restarts.
// It knows nothing of calls. What was not delivered waits in files, one for each record.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The header fields of a request.
const (
	// EventHeader has the kind of the record.
	EventHeader = "Offhook-Event"
	// DeliveryHeader has the record's id, the same each time that it is sent.
	DeliveryHeader = "Offhook-Delivery"
	// TimestampHeader has the Unix time of the request.
	TimestampHeader = "Offhook-Timestamp"
	// SignatureHeader has "sha256=" and [Sign]; it is absent where there is no secret.
	SignatureHeader = "Offhook-Signature"
)

// Sign returns the HMAC-SHA256, in hexadecimal digits, of the timestamp, a dot and the
// body. A receiver computes the same, compares, and refuses old timestamps.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// Status is the state of a receiver.
type Status struct {
	URL     string // without user and query
	Up      bool   // the last request was taken
	Waiting int    // records
	Dropped uint64 // records that found no room, or that the receiver refused, since the start
	Reason  string // of the last failure
}

// Options of an [Endpoint].
type Options struct {
	URL    string
	Secret string // empty: no signature
	Dir    string // of the records that wait; each endpoint makes a folder of its own there
	Limit  int64  // bytes that may wait; 0 is 100 MB
	// Changed is called when the receiver went away or came back, when the first record
	// of a row is dropped, and when the end of the row is known. It must not block.
	Changed func(Status)
	Logger  hclog.Logger
	// Client sends; nil is one with a timeout of 10 s. It must not follow redirects.
	Client *http.Client
	// MinWait and MaxWait bound the wait after a failure: 1 s and 5 min where 0. It
	// doubles each time; half of it is random.
	MinWait, MaxWait time.Duration
}

const (
	defaultLimit = 100 << 20
	suffix       = ".json"
	// perRecord is what a small file takes on a disk.
	perRecord = 4096
)

// Endpoint posts to one URL. Its methods may be called from several goroutines.
type Endpoint struct {
	o    Options
	dir  string
	wake chan struct{}
	stop context.CancelFunc
	done chan struct{}

	mu       sync.Mutex
	last     uint64   // number of the newest record
	waiting  []record // in order
	bytes    int64
	dropped  uint64
	dropping bool // reported
	up       bool
	reason   string
}

// record is a file that waits: <number>-<id>-<kind>.json
type record struct {
	number   uint64
	id, kind string
	size     int64
}

func (r record) file() string { return fmt.Sprintf("%020d-%s-%s%s", r.number, r.id, r.kind, suffix) }

func parse(file string) (record, bool) {
	parts := strings.SplitN(strings.TrimSuffix(file, suffix), "-", 3)
	if len(parts) != 3 || !strings.HasSuffix(file, suffix) {
		return record{}, false
	}
	n, err := strconv.ParseUint(parts[0], 10, 64)
	return record{number: n, id: parts[1], kind: parts[2]}, err == nil
}

// Open takes up what an earlier process has left in the folder, and starts to send.
func Open(o Options) (*Endpoint, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("webhook: not an http or https URL") // it may hold a token
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Changed == nil {
		o.Changed = func(Status) {}
	}
	if o.Client == nil {
		o.Client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		}
	}
	if o.Limit <= 0 {
		o.Limit = defaultLimit
	}
	if o.MinWait <= 0 {
		o.MinWait = time.Second
	}
	if o.MaxWait <= 0 {
		o.MaxWait = 5 * time.Minute
	}
	// The folder's name says which URL, and not what may be secret in it.
	sum := sha256.Sum256([]byte(o.URL))
	e := &Endpoint{
		o: o, dir: filepath.Join(o.Dir, strings.ReplaceAll(u.Hostname(), ":", "_")+"-"+hex.EncodeToString(sum[:6])),
		wake: make(chan struct{}, 1), done: make(chan struct{}), up: true,
	}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	go e.serve(ctx)
	return e, nil
}

// load lists the records that wait, and removes what was half written.
func (e *Endpoint) load() error {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	files, err := os.ReadDir(e.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		r, ok := parse(f.Name())
		if !ok {
			if strings.HasSuffix(f.Name(), ".tmp") {
				_ = os.Remove(filepath.Join(e.dir, f.Name()))
			}
			continue
		}
		if info, err := f.Info(); err == nil {
			r.size = info.Size()
		}
		e.waiting = append(e.waiting, r)
		e.bytes += r.size + perRecord
		e.last = max(e.last, r.number)
	}
	slices.SortFunc(e.waiting, func(a, b record) int {
		if a.number < b.number {
			return -1
		}
		return 1
	})
	return nil
}

// Post takes a record: when it returns nil, the record is in a file and will be
// delivered, after all that were posted before, by this process or a later one. kind
// and id have letters, digits and underscores; id tells records apart.
func (e *Endpoint) Post(kind, id string, body []byte) error {
	e.mu.Lock()
	if e.bytes+int64(len(body))+perRecord > e.o.Limit {
		err := fmt.Errorf("webhook: %d bytes wait for %s already", e.bytes, e.safeURL())
		report := e.dropLocked(err)
		e.mu.Unlock()
		report()
		return err
	}
	e.last++
	r := record{number: e.last, id: id, kind: kind, size: int64(len(body))}
	err := e.write(r, body)
	if err != nil {
		report := e.dropLocked(err)
		e.mu.Unlock()
		report()
		return fmt.Errorf("webhook: %w", err)
	}
	e.waiting = append(e.waiting, r)
	e.bytes += r.size + perRecord
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return nil
}

// write makes the record's file in one step.
func (e *Endpoint) write(r record, body []byte) error {
	path := filepath.Join(e.dir, r.file())
	if err := os.WriteFile(path+".tmp", body, 0o600); err != nil {
		_ = os.Remove(path + ".tmp")
		return err
	}
	return os.Rename(path+".tmp", path)
}

// dropLocked counts a record that is lost and returns what is to be done without the
// lock.
func (e *Endpoint) dropLocked(err error) func() {
	e.dropped++
	if e.dropping {
		return func() {}
	}
	e.dropping, e.reason = true, err.Error()
	s := e.statusLocked()
	return func() { e.o.Changed(s) }
}

// Status returns the state of the receiver.
func (e *Endpoint) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.statusLocked()
}

func (e *Endpoint) statusLocked() Status {
	return Status{URL: e.safeURL(), Up: e.up, Waiting: len(e.waiting), Dropped: e.dropped, Reason: e.reason}
}

// safeURL has no user, password and query.
func (e *Endpoint) safeURL() string {
	u, err := url.Parse(e.o.URL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

// Close sends what waits for at most limit, and stops. The rest stays in its files.
func (e *Endpoint) Close(limit time.Duration) {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
wait:
	for {
		if s := e.Status(); s.Waiting == 0 || !s.Up {
			break
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			break wait
		}
	}
	e.stop()
	<-e.done
	e.o.Client.CloseIdleConnections()
}

func (e *Endpoint) serve(ctx context.Context) {
	defer close(e.done)
	wait := e.o.MinWait
	for {
		e.mu.Lock()
		var next *record
		if len(e.waiting) > 0 {
			next = &e.waiting[0]
		}
		e.mu.Unlock()
		if next == nil {
			select {
			case <-e.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		after, err := e.deliver(ctx, *next)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			e.succeeded(*next)
			wait = e.o.MinWait
			continue
		}
		var refused refusal
		if errors.As(err, &refused) {
			e.refused(*next, err)
			continue
		}
		e.failed(err)
		// Half of the wait is random, so that many do not come back at once.
		pause := max(after, wait/2+rand.N(wait/2+1))
		wait = min(2*wait, e.o.MaxWait)
		timer := time.NewTimer(min(pause, e.o.MaxWait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// refusal is an answer that says that this record will never be taken.
type refusal int

func (r refusal) Error() string { return fmt.Sprintf("refused with %d", int(r)) }

// deliver sends a record once. It returns how long the receiver wants to be left alone.
func (e *Endpoint) deliver(ctx context.Context, r record) (time.Duration, error) {
	body, err := os.ReadFile(filepath.Join(e.dir, r.file()))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // somebody has cleaned up
	}
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, bytes.NewReader(body))
	if err != nil {
		return 0, errors.New("not a URL")
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Offhook")
	request.Header.Set(EventHeader, r.kind)
	request.Header.Set(DeliveryHeader, r.id)
	request.Header.Set(TimestampHeader, timestamp)
	if e.o.Secret != "" {
		request.Header.Set(SignatureHeader, "sha256="+Sign(e.o.Secret, timestamp, body))
	}
	response, err := e.o.Client.Do(request)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, which may hold a token
		}
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // lets the connection be used again
	switch code := response.StatusCode; {
	case code >= 200 && code < 300:
		return 0, nil
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge,
		code == http.StatusUnsupportedMediaType, code == http.StatusUnprocessableEntity:
		return 0, refusal(code)
	default:
		seconds, _ := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 16)
		return time.Duration(seconds) * time.Second, fmt.Errorf("answered with %d", code)
	}
}

// done takes the first record off the queue.
func (e *Endpoint) removeLocked(r record) {
	if err := os.Remove(filepath.Join(e.dir, r.file())); err != nil && !errors.Is(err, os.ErrNotExist) {
		e.o.Logger.Warn("webhook: a delivered record cannot be removed", "error", err)
	}
	e.waiting = e.waiting[1:]
	e.bytes -= r.size + perRecord
}

func (e *Endpoint) succeeded(r record) {
	e.mu.Lock()
	e.removeLocked(r)
	changed := !e.up || e.dropping
	if changed {
		e.o.Logger.Info("webhook: delivered again", "url", e.safeURL(), "waiting", len(e.waiting), "dropped", e.dropped)
	}
	e.up, e.dropping, e.reason = true, false, ""
	s := e.statusLocked()
	e.mu.Unlock()
	if changed {
		e.o.Changed(s)
	}
}

func (e *Endpoint) refused(r record, err error) {
	e.o.Logger.Warn("webhook: a record was refused", "url", e.safeURL(), "kind", r.kind, "error", err)
	e.mu.Lock()
	e.removeLocked(r)
	e.dropped++
	e.up, e.reason = true, err.Error()
	s := e.statusLocked()
	e.mu.Unlock()
	e.o.Changed(s)
}

func (e *Endpoint) failed(err error) {
	e.mu.Lock()
	changed := e.up
	e.up, e.reason = false, err.Error()
	s := e.statusLocked()
	e.mu.Unlock()
	if changed {
		e.o.Logger.Warn("webhook: cannot deliver", "url", s.URL, "error", err)
		e.o.Changed(s)
	}
}
