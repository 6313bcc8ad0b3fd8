package microsip

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offhook-voip/offhook/engine/config"
)

// ddeJournal is an Executor that writes down the commands that it carries out.
type ddeJournal struct {
	dialect atomic.Int64
	hold    chan struct{} // where it is not nil, commands wait for it
	begun   chan struct{} // one is carried out, and waits
	status  Status
	q       *Queue

	mu    sync.Mutex
	taken []Command
}

func (j *ddeJournal) Dialect() config.Dialect {
	if j.dialect.Load() != 0 {
		return config.Strict
	}
	return config.Documented
}

func (j *ddeJournal) Command(context.Context, string) (Result, error) {
	return Result{}, errors.ErrUnsupported
}

func (j *ddeJournal) Execute(ctx context.Context, c Command) (Result, error) {
	if j.hold != nil {
		select {
		case j.begun <- struct{}{}:
		default:
		}
		select {
		case <-j.hold:
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.taken = append(j.taken, c)
	return Result{}, nil
}

// all returns the commands, after those that wait were carried out.
func (j *ddeJournal) all() []Command {
	done := make(chan struct{})
	if !j.q.Line("", func(Result, error) { close(done) }) {
		panic("the queue is full or closed")
	}
	<-done
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.taken)
}

// startDDE opens a service that no other process of the machine has.
func startDDE(t *testing.T, j *ddeJournal) (service string) {
	t.Helper()
	service = fmt.Sprintf("MicroSIP%d%s", windows.GetCurrentProcessId(), t.Name())
	j.q = NewQueue(j)
	s, err := openDDE(service, j.q, func() Status { return j.status })
	if err != nil {
		j.q.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		j.q.Close()
		s.Close()
	})
	return service
}

// ddeClient is DDEML as a client. All of it is of one thread.
type ddeClient struct {
	t            *testing.T
	instance     uint32
	conversation uintptr
	ansi         bool // by DDEML's functions for ANSI
}

var (
	testInitializeANSI = user32.NewProc("DdeInitializeA")
	testConnect        = user32.NewProc("DdeConnect")
	testTransaction    = user32.NewProc("DdeClientTransaction")
	testFreeData       = user32.NewProc("DdeFreeDataHandle")
	testNothing        = sync.OnceValue(func() uintptr { return windows.NewCallback(func(a, b, c, d, e, f, g, h uintptr) uintptr { return 0 }) })
	errNoConversation  = errors.New("no conversation")
)

const ddeTimeout = 60_000 // ms; nothing comes near it

// onThread runs a client on a thread of its own.
func onThread(t *testing.T, service, topic string, ansi bool, do func(c *ddeClient)) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		c := &ddeClient{t: t, ansi: ansi}
		initialize := ddeInitialize
		if ansi {
			initialize = testInitializeANSI
		}
		if r, _, _ := initialize.Call(uintptr(unsafe.Pointer(&c.instance)), testNothing(), 0x10, 0); r != 0 { // APPCMD_CLIENTONLY
			done <- fmt.Errorf("DdeInitialize: %#x", r)
			return
		}
		defer ddeUninitialize.Call(uintptr(c.instance))
		c.conversation, _, _ = testConnect.Call(uintptr(c.instance), c.handle(service), c.handle(topic), 0)
		if c.conversation == 0 {
			done <- errNoConversation
			return
		}
		do(c)
		done <- nil
	}()
	return <-done
}

func (c *ddeClient) handle(text string) uintptr {
	p, err := windows.UTF16PtrFromString(text)
	if err != nil {
		c.t.Error(err)
		return 0
	}
	h, _, _ := ddeCreateStringHandle.Call(uintptr(c.instance), uintptr(unsafe.Pointer(p)), cpWinUnicode)
	return h
}

// encode makes of a text what a client of its kind sends.
func (c *ddeClient) encode(text string) []byte {
	if c.ansi {
		return append(toANSI(text), 0)
	}
	units, err := windows.UTF16FromString(text)
	if err != nil {
		c.t.Error(err)
		return []byte{0}
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&units[0])), 2*len(units))
}

// execute returns what the server said of it.
func (c *ddeClient) execute(data []byte) (ack uint32) {
	r, _, _ := testTransaction.Call(uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), c.conversation, 0, 0, xtypExecute, ddeTimeout,
		uintptr(unsafe.Pointer(&ack)))
	if ack &= ddeAck | ddeBusy; (r != 0) != (ack == ddeAck) {
		c.t.Errorf("%d, and the server says %#x", r, ack)
	}
	return ack
}

// request returns an item's data.
func (c *ddeClient) request(item string, format uintptr) ([]byte, bool) {
	h, _, _ := testTransaction.Call(0, 0, c.conversation, c.handle(item), format, xtypRequest, ddeTimeout, 0)
	if h == 0 {
		return nil, false
	}
	defer testFreeData.Call(h)
	n, _, _ := ddeGetData.Call(h, 0, 0, 0)
	if n == 0 {
		return nil, true
	}
	data := make([]byte, n)
	ddeGetData.Call(h, uintptr(unsafe.Pointer(&data[0])), n, 0)
	return data, true
}

func TestDDEExecute(t *testing.T) {
	for _, topic := range []string{"control", "call", "CALL"} {
		for _, ansi := range []bool{false, true} {
			phone := &ddeJournal{}
			service := startDDE(t, phone)
			err := onThread(t, service, topic, ansi, func(c *ddeClient) {
				for _, text := range []string{`[Dial(5551234)]`, `[Hold][SendDTMF("12#")]`, " [setvolume(40)] "} {
					if e := c.execute(c.encode(text)); e != ddeAck {
						t.Errorf("ansi %v: %s: %#x", ansi, text, e)
					}
				}
				for _, text := range []string{"Dial(1)", "[Dial]", "[Nothing]", "", "[Dial(1)"} {
					if e := c.execute(c.encode(text)); e != ddeNotProcessed {
						t.Errorf("ansi %v: %q: %#x", ansi, text, e)
					}
				}
			})
			want := "dial 5551234, hold, dtmf 12#, setspeakvolume 40"
			if got := text(phone.all()); err != nil || got != want {
				t.Errorf("%s, ansi %v: took %q, %v", topic, ansi, got, err)
			}
		}
	}
}

// Letters that not every code page has. What goes through is right; the DDEML of wine takes
// UTF-16 for ANSI where a letter is above U+00FF, and such a text is refused.
func TestDDELetters(t *testing.T) {
	for _, tt := range []struct {
		number          string
		ansi, refusable bool
	}{{"josé", false, false}, {"josé", true, false}, {"žluť😀", false, true}} {
		phone := &ddeJournal{}
		service := startDDE(t, phone)
		var ack uint32
		err := onThread(t, service, "call", tt.ansi, func(c *ddeClient) { ack = c.execute(c.encode("[Dial(" + tt.number + ")]")) })
		got := text(phone.all())
		if err != nil || ack == ddeAck && got != "dial "+tt.number || ack != ddeAck && (got != "" || !tt.refusable) {
			t.Errorf("%+v: %#x, took %q, %v", tt, ack, got, err)
		}
	}
}

// A conversation for each, since the DDEML of wine answers a request twice, and so spoils
// every other one of a conversation.
func TestDDERequest(t *testing.T) {
	phone := &ddeJournal{status: Status{State: "CONFIRMED", Number: "1001", Name: "Žaneta €", Answered: time.Now().Add(-time.Hour)}}
	service := startDDE(t, phone)
	for _, ansi := range []bool{false, true} {
		request := func(item string, format uintptr) (data []byte, ok bool) {
			t.Helper()
			if err := onThread(t, service, "control", ansi, func(c *ddeClient) { data, ok = c.request(item, format) }); err != nil {
				t.Error(err)
			}
			return data, ok
		}
		for item, want := range map[string]string{"State": "CONFIRMED", "number": "1001", "Direction": "out", "Account": ""} {
			if data, ok := request(item, cfText); !ok || string(data) != want+"\x00" {
				t.Errorf("%s is %q, %v", item, data, ok)
			}
			if data, ok := request(item, cfUnicodeText); !ok || string(data) != string((&ddeClient{t: t}).encode(want)) {
				t.Errorf("%s is %q, %v", item, data, ok)
			}
		}
		if data, ok := request("Name", cfUnicodeText); !ok || string(data) != string((&ddeClient{t: t}).encode("Žaneta €")) {
			t.Errorf("%q, %v", data, ok)
		}
		if data, ok := request("Name", cfText); !ok || !slices.Equal(data, append(toANSI("Žaneta €"), 0)) {
			t.Errorf("%q, %v", data, ok)
		}
		if data, ok := request("Nothing", cfText); ok {
			t.Errorf("%q", data)
		}
		const cfBitmap = 2
		if data, ok := request("State", cfBitmap); ok {
			t.Errorf("%q", data)
		}
	}
}

func TestANSI(t *testing.T) {
	for _, s := range []string{"", "abc", "josé"} {
		if got := fromANSI(toANSI(s)); got != s {
			t.Errorf("%q is %q", s, got)
		}
	}
	if got := string(toANSI("a\U0001f600b")); !strings.HasPrefix(got, "a") || !strings.HasSuffix(got, "b") {
		t.Errorf("%q", got)
	}
}

// Where the queue is full the server is busy, but for the end. What is acknowledged is
// carried out, and nothing else.
func TestDDEBusy(t *testing.T) {
	phone := &ddeJournal{hold: make(chan struct{}), begun: make(chan struct{}, 1)}
	service := startDDE(t, phone)
	full := 1
	phone.q.Commands([]Command{{Op: Redial}}, nil)
	<-phone.begun
	for phone.q.Commands([]Command{{Op: Redial}}, nil) {
		full++
	}
	err := onThread(t, service, "control", false, func(c *ddeClient) {
		for _, tt := range []struct {
			text string
			want uint32
		}{
			{"[Hold]", ddeBusy}, {"[Nothing]", ddeNotProcessed}, {"[Close]", ddeAck}, {"[Close]", ddeBusy}, {"[Hold]", ddeBusy},
		} {
			if got := c.execute(c.encode(tt.text)); got != tt.want {
				t.Errorf("%s: %#x, want %#x", tt.text, got, tt.want)
			}
		}
	})
	close(phone.hold)
	for !phone.q.Line("", nil) { // until there is room
		time.Sleep(time.Millisecond)
	}
	if got := phone.all(); err != nil || len(got) != full+1 || got[len(got)-1].Op != Exit {
		t.Errorf("%d of %d, %v", len(got), full, err)
	}
}

// Data that no client should send.
func TestDDEBadData(t *testing.T) {
	phone := &ddeJournal{}
	service := startDDE(t, phone)
	err := onThread(t, service, "call", false, func(c *ddeClient) {
		for _, data := range [][]byte{
			{0}, {'['}, {'[', 0}, {'[', 0, 'H'}, {0xff}, {0xff, 0xfe}, []byte("[\x00H\x00o\x00l\x00d\x00"),
			[]byte(strings.Repeat("[\x00", 500_000)), []byte("[Dial(" + strings.Repeat("1", 1<<20) + ")]"),
		} {
			if e := c.execute(data); e != ddeNotProcessed {
				t.Errorf("%d bytes: %#x", len(data), e)
			}
		}
		// Without a NUL.
		if e := c.execute([]byte("[\x00H\x00o\x00l\x00d\x00]\x00")); e != ddeAck {
			t.Errorf("%#x", e)
		}
	})
	if got := text(phone.all()); err != nil || got != "hold" {
		t.Errorf("took %q, %v", got, err)
	}
}

// In the strict dialect there is nobody, nor at another topic, nor after Close.
func TestDDEConnect(t *testing.T) {
	phone := &ddeJournal{}
	service := startDDE(t, phone)
	connect := func(topic string) error { return onThread(t, service, topic, false, func(*ddeClient) {}) }
	if err := connect("control"); err != nil {
		t.Error(err)
	}
	if err := connect("other"); err != errNoConversation {
		t.Error(err)
	}
	phone.dialect.Store(1)
	if err := connect("control"); err != errNoConversation {
		t.Error(err)
	}
	phone.dialect.Store(0)
	s, err := openDDE(service+"closed", phone.q, func() Status { return Status{} })
	if err != nil {
		t.Fatal(err)
	}
	// Another program may post this; it ends nothing.
	postThreadMessage.Call(uintptr(s.thread), wmQuit, 0, 0)
	if err := onThread(t, service+"closed", "control", false, func(*ddeClient) {}); err != nil {
		t.Error(err)
	}
	s.Close()
	if err := onThread(t, service+"closed", "control", false, func(*ddeClient) {}); err != errNoConversation {
		t.Error(err)
	}
}

// Several clients at once: all that was acknowledged was taken, in each client's order.
func TestDDEManyClients(t *testing.T) {
	const clients, each = 4, 100
	phone := &ddeJournal{}
	service := startDDE(t, phone)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			err := onThread(t, service, "call", i%2 == 1, func(c *ddeClient) {
				for k := range each {
					if e := c.execute(c.encode(fmt.Sprintf("[Dial(%d%03d)]", i, k))); e != ddeAck {
						t.Errorf("client %d, %d: %#x", i, k, e)
					}
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	next := make(map[byte]int)
	for _, c := range phone.all() {
		if want := fmt.Sprintf("%c%03d", c.Number[0], next[c.Number[0]]); c.Number != want {
			t.Fatalf("%s instead of %s", c.Number, want)
		}
		next[c.Number[0]]++
	}
	for i := range clients {
		if n := next[byte('0'+i)]; n != each {
			t.Errorf("%d of client %d", n, i)
		}
	}
}
