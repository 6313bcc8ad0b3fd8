package microsip

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// answerLimit is how long the window's procedure waits for a command that its sender
// waits for. Windows calls a window hung that takes no message for 5 s.
const answerLimit = 4 * time.Second

// Window is MicroSIP's main window, for the programs that look for it and send it
// messages. It is never shown, and it is no message-only window: FindWindow finds none of
// those.
//
// Windows has it take one message after the other, on one thread. The procedure copies
// what came and puts it into the queue. Where the sender waits, in SendMessage, it waits
// too, until the command was carried out: the other senders wait in the queue of Windows,
// in their order, so that none is starved, and nothing is nested. The engine that it waits
// for sends no window a message, and needs none; should something that it starts do so
// and wait, a hook for example, the sender is answered after 4 s as if it had not waited:
// the command is taken and goes on.
//
// A program with less rights than this one can send no message here (User Interface
// Privilege Isolation). MicroSIP changes nothing about that, and nor does this: who may
// dial and end the program is a program of the user, and what runs in a sandbox is none.
// An engine that runs as administrator takes messages of administrators only.
type Window struct {
	q      *Queue
	handle windows.HWND
	ended  chan struct{} // the thread is gone
	over   chan struct{} // Close was called

	mu    sync.Mutex
	title string
}

// windowsOpen has the windows of this process by their handles.
var windowsOpen sync.Map

// registerOnce makes the class, which stays until the process ends.
var registerOnce = sync.OnceValue(func() error {
	name, err := windows.UTF16PtrFromString(WindowClass)
	if err != nil {
		return err
	}
	class := windowClass{proc: windows.NewCallback(windowProc), className: name}
	class.size = uint32(unsafe.Sizeof(class))
	if err := windows.GetModuleHandleEx(0, nil, &class.instance); err != nil {
		return err
	}
	if atom, _, err := registerClass.Call(uintptr(unsafe.Pointer(&class))); atom == 0 {
		return err
	}
	return nil
})

// OpenWindow makes the window; what it is sent is put into q. The caller closes it.
func OpenWindow(q *Queue, title string) (*Window, error) {
	w := &Window{q: q, title: title, ended: make(chan struct{}), over: make(chan struct{})}
	opened := make(chan error)
	go w.run(opened)
	if err := <-opened; err != nil {
		return nil, fmt.Errorf("microsip: window: %w", err)
	}
	return w, nil
}

// run has the window, which belongs to the thread that made it.
func (w *Window) run(opened chan<- error) {
	runtime.LockOSThread() // and the thread ends with it
	defer close(w.ended)
	if err := w.create(); err != nil {
		opened <- err
		return
	}
	defer windowsOpen.Delete(w.handle)
	opened <- nil
	for !w.loop() {
		// Another program posted WM_QUIT, which is not how it ends.
	}
}

// loop takes messages until WM_QUIT; true: Close was called.
func (w *Window) loop() bool {
	var m message
	for {
		switch got, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0); int32(got) {
		case 0, -1:
			return w.isOver()
		}
		dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

func (w *Window) create() error {
	if err := registerOnce(); err != nil {
		return err
	}
	class, err := windows.UTF16PtrFromString(WindowClass)
	if err != nil {
		return err
	}
	title, err := windows.UTF16PtrFromString(w.title)
	if err != nil {
		return err
	}
	var instance windows.Handle
	if err := windows.GetModuleHandleEx(0, nil, &instance); err != nil {
		return err
	}
	const overlapped = 0x00cf0000 // WS_OVERLAPPEDWINDOW, and not WS_VISIBLE
	handle, _, err := createWindow.Call(0, uintptr(unsafe.Pointer(class)), uintptr(unsafe.Pointer(title)), overlapped,
		0, 0, 0, 0, 0, 0, uintptr(instance), 0)
	if handle == 0 {
		return err
	}
	w.handle = windows.HWND(handle)
	windowsOpen.Store(w.handle, w)
	return nil
}

// SetTitle changes the title, a moment later.
func (w *Window) SetTitle(title string) {
	w.mu.Lock()
	changed := w.title != title
	w.title = title
	w.mu.Unlock()
	if changed {
		// By the window's own thread: SetWindowText would wait for it. What cannot be posted
		// waits for the next change.
		postMessage.Call(uintptr(w.handle), wmTitle, 0, 0)
	}
}

// Close removes the window and waits until it is gone. The queue is to be closed before,
// or what waits for an answer is waited for.
func (w *Window) Close() {
	close(w.over)
	for {
		if posted, _, _ := postMessage.Call(uintptr(w.handle), wmEnd, 0, 0); posted != 0 {
			break
		}
		time.Sleep(10 * time.Millisecond) // its queue holds 10,000 messages, and is full
	}
	<-w.ended
}

func (w *Window) isOver() bool {
	select {
	case <-w.over:
		return true
	default:
		return false
	}
}

// windowProc is the procedure of the class.
func windowProc(handle windows.HWND, msg uint32, wParam, lParam uintptr) uintptr {
	if found, ok := windowsOpen.Load(handle); ok {
		if result, ok := found.(*Window).take(msg, wParam, lParam); ok {
			return result
		}
	}
	result, _, _ := defWindowProc.Call(uintptr(handle), uintptr(msg), wParam, lParam)
	return result
}

// take acts on a message; false: it is left to Windows.
func (w *Window) take(msg uint32, wParam, lParam uintptr) (result uintptr, ok bool) {
	switch msg {
	case wmCopyData:
		return w.copyData(*(**copyData)(unsafe.Pointer(&lParam))), true
	case wmCommand:
		c, ok := ByID(w.q.Dialect(), int(wParam&0xffff))
		if !ok || wParam>>16&0xffff > 1 { // what a control tells, not a menu or its key
			return 0, false
		}
		return w.await(func(done func(Result, error)) bool { return w.q.Commands([]Command{c}, done) }), true
	case wmSysCommand:
		// The X of MicroSIP's window hides it; to move and to size this one, somebody would
		// have to see it.
		return 0, true
	case wmClose:
		w.exit()
		return 0, true
	case wmQueryEndSession:
		return 1, true
	case wmEndSession:
		if wParam != 0 { // it was not called off
			w.exit()
			// The process is ended as soon as this returns.
			select {
			case <-w.over:
			case <-time.After(answerLimit):
			}
		}
		return 0, true
	case wmTitle:
		w.mu.Lock()
		title, err := windows.UTF16PtrFromString(w.title)
		w.mu.Unlock()
		if err == nil { // a title with NUL: the old one stays
			setWindowText.Call(uintptr(w.handle), uintptr(unsafe.Pointer(title)))
		}
		return 0, true
	case wmEnd:
		if w.isOver() { // any program can post it
			destroyWindow.Call(uintptr(w.handle))
			postQuitMessage.Call(0)
		}
		return 0, true
	}
	return 0, false
}

// exit ends the engine, after what was taken before.
func (w *Window) exit() {
	// Where it is not taken, one waits already.
	w.q.Commands([]Command{{Op: Exit}}, nil)
}

func (w *Window) copyData(c *copyData) uintptr {
	// Windows refuses to post it: the data would be another process's.
	if !sent() || c == nil || c.data == nil {
		return CopyDataIgnored
	}
	line, after, ok := CopyData(uint64(c.kind), unsafe.Slice(c.data, c.size))
	switch {
	case !ok:
		return CopyDataIgnored
	case after:
		if !w.q.Line(line, nil) {
			return CopyDataIgnored
		}
		return CopyDataTaken
	}
	return w.await(func(done func(Result, error)) bool { return w.q.Line(line, done) })
}

// sent says whether another thread waits for the message's result.
func sent() bool {
	is, _, _ := inSendMessage.Call()
	return is != 0
}

// await has the queue take something and waits until it was carried out, where the sender
// does.
func (w *Window) await(take func(done func(Result, error)) bool) uintptr {
	if !sent() {
		if !take(nil) {
			return CopyDataIgnored
		}
		return CopyDataTaken
	}
	done := make(chan error, 1)
	if !take(func(_ Result, err error) { done <- err }) {
		return CopyDataIgnored
	}
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	select {
	case err := <-done:
		if errors.Is(err, ErrQueueClosed) {
			return CopyDataIgnored
		}
	case <-limit.C:
	}
	return CopyDataTaken
}
