package microsip

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offhook-voip/offhook/engine/config"
)

// open opens a window whose queue is d's.
func open(t *testing.T, d *diary, title string) (*Window, *Queue) {
	t.Helper()
	q := NewQueue(d)
	w, err := OpenWindow(q, title)
	if err != nil {
		q.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		q.Close()
		w.Close()
	})
	return w, q
}

// to is the window as another thread sends to it.
func (w *Window) to() First { return First{w.handle} }

// sendData sends WM_COPYDATA as it is.
func (f First) sendData(kind uintptr, data []byte) (uintptr, error) {
	c := copyData{kind: kind, size: uint32(len(data))}
	if len(data) > 0 {
		c.data = &data[0]
	}
	result, err := f.send(wmCopyData, 0, uintptr(unsafe.Pointer(&c)))
	runtime.KeepAlive(&c)
	return result, err
}

func (f First) sendText(kind uintptr, text string) (uintptr, error) {
	return f.sendData(kind, utf16le(text))
}

func (f First) sendLine(t *testing.T, kind uintptr, text string) uintptr {
	t.Helper()
	result, err := f.sendText(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// waitLine sends a line until it is taken, which it is when the queue has room.
func (f First) waitLine(t *testing.T, text string) uintptr {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		result := f.sendLine(t, 1, text)
		if result == CopyDataTaken || time.Now().After(deadline) {
			return result
		}
		time.Sleep(time.Millisecond)
	}
}

// utf16le is a text as MicroSIP is sent it.
func utf16le(s string) []byte {
	var data []byte
	text, _ := windows.UTF16FromString(s)
	for _, u := range text {
		data = append(data, byte(u), byte(u>>8))
	}
	return data
}

// printer is an Executor that prints what it is asked for, and ends.
type printer struct {
	dialect config.Dialect
	exit    chan struct{}
}

func (p *printer) Dialect() config.Dialect { return p.dialect }

func (p *printer) Command(_ context.Context, line string) (Result, error) {
	fmt.Println(line)
	return Result{}, nil
}

func (p *printer) Execute(_ context.Context, c Command) (Result, error) {
	if c.Op == Exit {
		close(p.exit)
	}
	return Result{}, nil
}

func windowOfClass() windows.HWND { return windows.HWND(find(WindowClass, "")) }

func find(class, title string) uintptr {
	var c, n *uint16
	if class != "" {
		c, _ = windows.UTF16PtrFromString(class)
	}
	if title != "" {
		n, _ = windows.UTF16PtrFromString(title)
	}
	h, _, _ := findWindow.Call(0, 0, uintptr(unsafe.Pointer(c)), uintptr(unsafe.Pointer(n)))
	return h
}

func TestWindowIsFound(t *testing.T) {
	w, _ := open(t, &diary{dialect: config.Strict}, "MicroSIP")
	for _, by := range [][2]string{{"MicroSIP", ""}, {"", "MicroSIP"}, {"MicroSIP", "MicroSIP"}} {
		if got := find(by[0], by[1]); got != uintptr(w.handle) {
			t.Errorf("by %q: %#x, want %#x", by, got, w.handle)
		}
	}
	w.SetTitle("MicroSIP - Žluťoučký")
	deadline := time.Now().Add(time.Minute)
	for find("", "MicroSIP - Žluťoučký") == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the title did not change")
		}
		time.Sleep(time.Millisecond)
	}
	if visible, _, _ := user32.NewProc("IsWindowVisible").Call(uintptr(w.handle)); visible != 0 {
		t.Error("it is shown")
	}
	if _, ok := FindFirst(); ok {
		t.Error("this process is its own first instance")
	}
}

func TestWindowTakesCopyData(t *testing.T) {
	d := &diary{}
	w, _ := open(t, d, "MicroSIP")
	to := w.to()
	// Answered when it was carried out.
	for i, line := range []string{"sip:1001@pbx", "", "\U0001f600 žluť", "/dtmf:1"} {
		if got := to.sendLine(t, 1, line); got != CopyDataTaken {
			t.Errorf("%q: %d", line, got)
		}
		if noted := d.noted(); len(noted) != i+1 || noted[i] != line {
			t.Fatalf("after %q: %q", line, noted)
		}
	}
	// Later, in order.
	before := len(d.noted())
	for i := range 20 {
		if got := to.sendLine(t, 2, fmt.Sprint(i)); got != CopyDataTaken {
			t.Errorf("%d: %d", i, got)
		}
	}
	to.sendLine(t, 1, "end")
	if noted := d.noted(); len(noted) != before+21 || noted[before] != "0" || noted[before+19] != "19" {
		t.Errorf("%q", noted)
	}
}

func TestWindowRefuses(t *testing.T) {
	d := &diary{}
	w, q := open(t, d, "MicroSIP")
	to := w.to()
	for name, c := range map[string]struct {
		kind uintptr
		data []byte
	}{
		"kind 0":         {0, utf16le("1")},
		"kind 3":         {3, utf16le("1")},
		"kind -1":        {^uintptr(0), utf16le("1")},
		"empty":          {1, nil},
		"half a unit":    {1, []byte{'1'}},
		"an odd length":  {1, append(utf16le("1"), 0)},
		"no NUL":         {1, []byte{'1', 0}},
		"1 MB":           {1, make([]byte, 1<<20)},
		"1 MB, and more": {2, append(utf16le("1"), make([]byte, 1<<20)...)},
	} {
		if got, err := to.sendData(c.kind, c.data); got != CopyDataIgnored || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if noted := d.noted(); len(noted) != 0 {
		t.Errorf("%q", noted)
	}
	q.Close()
	for kind := range uintptr(4) {
		if got := to.sendLine(t, kind, "1"); got != CopyDataIgnored {
			t.Errorf("kind %d without an engine: %d", kind, got)
		}
	}
}

func TestWindowTakesCommands(t *testing.T) {
	for dialect, want := range map[config.Dialect][]string{
		config.Documented: {"#answer", "#hangup", "#redial", "#toggleaccount", "#micmuteclick", "#speakmuteclick", "#exit"},
		config.Strict:     {"#toggleaccount", "#toggleaccount", "#toggleaccount", "#toggleaccount", "#micmuteclick", "#speakmuteclick", "#exit"},
	} {
		d := &diary{dialect: dialect}
		w, _ := open(t, d, "MicroSIP")
		for _, id := range []uintptr{40001, 40002, 40003, 40000, 32802, 32803, 1, 40001 | 5<<16, idExit} {
			if got, err := w.to().send(wmCommand, id, 0); got != 0 || err != nil {
				t.Errorf("%d: %d, %v", id, got, err)
			}
		}
		if got := d.noted(); !slices.Equal(got, want) {
			t.Errorf("%s: %q", dialect, got)
		}
		// Posted, nobody waits.
		postMessage.Call(uintptr(w.handle), wmCommand, 32802, 0)
		w.to().sendLine(t, 1, "end")
		deadline := time.Now().Add(time.Minute)
		for len(d.noted()) < len(want)+2 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if got := d.noted(); len(got) != len(want)+2 {
			t.Errorf("%s, and one that was posted: %q", dialect, got)
		}
	}
}

// Neither message can be refused, nor does it end the window.
func TestWindowIsClosed(t *testing.T) {
	for name, close := range map[string]func(w *Window){
		"WM_CLOSE":        func(w *Window) { w.to().send(wmClose, 0, 0) },
		"WM_CLOSE posted": func(w *Window) { postMessage.Call(uintptr(w.handle), wmClose, 0, 0) },
		"the end of a session": func(w *Window) {
			if yes, err := w.to().send(wmQueryEndSession, 0, 0); yes != 1 || err != nil {
				t.Errorf("%d, %v", yes, err)
			}
			w.to().send(wmEndSession, 0, 0) // called off
			go w.to().send(wmEndSession, 1, 0)
		},
	} {
		d := &diary{}
		w, _ := open(t, d, "MicroSIP")
		// What any program can send, or post.
		w.to().send(wmEnd, 0, 0)
		w.to().send(wmSysCommand, 0xf060 /* SC_CLOSE */, 0)
		w.to().send(2 /* WM_DESTROY */, 0, 0)
		postMessage.Call(uintptr(w.handle), 0x12 /* WM_QUIT */, 0, 0)
		w.to().sendLine(t, 1, "1")
		close(w)
		deadline := time.Now().Add(time.Minute)
		for len(d.noted()) < 2 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if got := d.noted(); !slices.Equal(got, []string{"1", "#exit"}) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A command that does not end is answered, so that the window goes on.
func TestWindowDoesNotHang(t *testing.T) {
	d := &diary{hold: make(chan struct{})}
	w, _ := open(t, d, "MicroSIP")
	if got := w.to().sendLine(t, 1, "hold"); got != CopyDataTaken {
		t.Error(got)
	}
	if got := w.to().sendLine(t, 2, "1"); got != CopyDataTaken || len(d.noted()) != 0 {
		t.Errorf("%d, %q", got, d.noted())
	}
	close(d.hold)
	if got := w.to().sendLine(t, 1, "2"); got != CopyDataTaken || !slices.Equal(d.noted(), []string{"hold", "1", "2"}) {
		t.Errorf("%d, %q", got, d.noted())
	}
}
