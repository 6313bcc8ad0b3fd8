package microsip

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offhook-voip/offhook/engine/config"
)

// DDE is the DDE service that MicroSIP's documentation describes: clients execute what
// [ParseDDE] reads, and request the items of [Status] as text. An execute is acknowledged
// when the queue took it, and not when it was carried out; it is refused where it is no
// command, and the server is busy where the queue has no room. In the strict dialect nobody
// can connect.
type DDE struct {
	q      *Queue
	status func() Status

	// Of the server's thread, which all of DDEML's functions have to be called by.
	instance uint32
	service  string
	name     uintptr // the service's string handle

	thread uint32
	over   chan struct{} // Close was called
	ended  chan struct{} // the thread has left DDE
}

// ddeTopics are the topics of conversations, which are all the same: samples of the
// documentation name the one or the other.
var ddeTopics = []string{"control", "call"}

// maxDDE bounds what a client executes, in bytes.
const maxDDE = 64 << 10

// OpenDDE offers the service to the programs of the same desktop: what they execute is put
// into q. status is called while a client waits, by the thread that all clients share, and
// returns at once. The caller closes it.
func OpenDDE(q *Queue, status func() Status) (*DDE, error) { return openDDE(DDEService, q, status) }

func openDDE(service string, q *Queue, status func() Status) (*DDE, error) {
	s := &DDE{q: q, status: status, service: service, over: make(chan struct{}), ended: make(chan struct{})}
	opened := make(chan error)
	go s.run(opened)
	if err := <-opened; err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends all conversations. What the queue took it keeps.
func (s *DDE) Close() {
	close(s.over)
	for {
		if posted, _, _ := postThreadMessage.Call(uintptr(s.thread), wmQuit, 0, 0); posted != 0 {
			break
		}
		time.Sleep(10 * time.Millisecond) // the thread's queue is full
	}
	<-s.ended
}

// run is the server's thread: DDEML's windows get their messages by it.
func (s *DDE) run(opened chan<- error) {
	runtime.LockOSThread() // and the thread ends with it
	defer close(s.ended)
	s.thread = windows.GetCurrentThreadId()
	ddeServers.Store(s.thread, s)
	defer ddeServers.Delete(s.thread)

	// A thread has a queue of messages once it looked into it; before that Close could not post.
	var m message
	peekMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0, 0)
	if err := s.register(); err != nil {
		opened <- err
		return
	}
	defer ddeUninitialize.Call(uintptr(s.instance))
	opened <- nil
	for !s.isOver() { // any program can post WM_QUIT
		for {
			if got, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0); int32(got) <= 0 {
				break
			}
			dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
		}
	}
	ddeNameService.Call(uintptr(s.instance), s.name, 0, dnsUnregister)
}

func (s *DDE) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// register makes the service known.
func (s *DDE) register() error {
	const flags = cbfFailSelfConnections | cbfFailAdvises | cbfFailPokes | cbfSkipAllNotifications
	if r, _, _ := ddeInitialize.Call(uintptr(unsafe.Pointer(&s.instance)), ddeCallback(), flags, 0); r != 0 {
		return fmt.Errorf("microsip: DdeInitialize: DDE error %#x", r)
	}
	name, err := windows.UTF16PtrFromString(s.service)
	if err == nil {
		s.name, _, _ = ddeCreateStringHandle.Call(uintptr(s.instance), uintptr(unsafe.Pointer(name)), cpWinUnicode)
		if s.name == 0 {
			err = s.lastError("DdeCreateStringHandle")
		} else if r, _, _ := ddeNameService.Call(uintptr(s.instance), s.name, 0, dnsRegister); r == 0 {
			err = s.lastError("DdeNameService")
		}
	}
	if err != nil {
		ddeUninitialize.Call(uintptr(s.instance))
	}
	return err
}

func (s *DDE) lastError(op string) error {
	r, _, _ := ddeGetLastError.Call(uintptr(s.instance))
	return fmt.Errorf("microsip: %s: DDE error %#x", op, r)
}

// ddeServers has the server of each thread that has one: DDEML's callback is not told.
var ddeServers sync.Map // of uint32 to *DDE

// ddeCallback is the one callback of the process, since callbacks are never freed.
var ddeCallback = sync.OnceValue(func() uintptr {
	return windows.NewCallback(func(kind, format, conversation, string1, string2, data, data1, data2 uintptr) uintptr {
		v, ok := ddeServers.Load(windows.GetCurrentThreadId())
		if !ok {
			return 0
		}
		s := v.(*DDE)
		switch uint32(kind) {
		case xtypConnect:
			return s.connect(s.text(string1), s.text(string2))
		case xtypExecute:
			return s.execute(data)
		case xtypRequest:
			return s.request(string2, uint32(format))
		}
		return 0
	})
})

// connect accepts a conversation, or returns 0.
func (s *DDE) connect(topic, service string) uintptr {
	known := slices.ContainsFunc(ddeTopics, func(t string) bool { return strings.EqualFold(t, topic) })
	if !known || !strings.EqualFold(service, s.service) || s.q.Dialect() == config.Strict {
		return 0
	}
	return 1
}

// execute takes commands. The data is the client's, and gone when it returns.
func (s *DDE) execute(data uintptr) uintptr {
	size, _, _ := ddeGetData.Call(data, 0, 0, 0)
	if size == 0 || size > maxDDE {
		return ddeNotProcessed
	}
	buf := make([]byte, size)
	size, _, _ = ddeGetData.Call(data, uintptr(unsafe.Pointer(&buf[0])), size, 0)
	commands, err := ParseDDE(s.q.Dialect(), ddeText(buf[:min(int(size), len(buf))], fromANSI))
	switch {
	case err != nil:
		return ddeNotProcessed
	case !s.q.Commands(commands, nil):
		return ddeBusy
	}
	return ddeAck
}

// request returns the data of an item, which is DDEML's to free, or 0.
func (s *DDE) request(item uintptr, format uint32) uintptr {
	text, ok := s.status().Item(s.text(item), time.Now())
	if !ok {
		return 0
	}
	text = strings.ReplaceAll(text, "\x00", "")
	var data []byte
	switch format {
	case cfUnicodeText:
		units, err := windows.UTF16FromString(text)
		if err != nil {
			return 0
		}
		data = unsafe.Slice((*byte)(unsafe.Pointer(&units[0])), 2*len(units))
	case cfText:
		data = append(toANSI(text), 0)
	default:
		return 0
	}
	h, _, _ := ddeCreateDataHandle.Call(uintptr(s.instance), uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), 0, item, uintptr(format), 0)
	return h
}

// text returns the text of a string handle, up to 255 characters, which is what DDE allows.
func (s *DDE) text(handle uintptr) string {
	var buf [256]uint16
	ddeQueryString.Call(uintptr(s.instance), handle, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), cpWinUnicode)
	return windows.UTF16ToString(buf[:])
}

// systemANSI is the code page of programs that are not told another. That of this program
// may be UTF-8, by its manifest.
var systemANSI = sync.OnceValue(func() uint32 {
	const systemLocale, defaultANSICodePage, asNumber = 0x800, 0x1004, 0x20000000
	var page uint32
	r, _, _ := getLocaleInfo.Call(systemLocale, defaultANSICodePage|asNumber, uintptr(unsafe.Pointer(&page)), unsafe.Sizeof(page)/2)
	if r == 0 || page == 0 {
		return cpUTF8
	}
	return page
})

// fromANSI decodes text in the system's code page.
func fromANSI(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	units := make([]uint16, len(text)) // as many at most
	n, err := windows.MultiByteToWideChar(systemANSI(), 0, &text[0], int32(len(text)), &units[0], int32(len(units)))
	if err != nil {
		return strings.ToValidUTF8(string(text), "\ufffd")
	}
	return windows.UTF16ToString(units[:n])
}

// toANSI encodes text in the system's code page, with ? for what that lacks.
func toANSI(text string) []byte {
	units, err := windows.UTF16FromString(text)
	if err != nil || len(units) < 2 {
		return nil
	}
	units = units[:len(units)-1]
	out := make([]byte, 4*len(units))
	n, _, _ := wideCharToMultiByte.Call(uintptr(systemANSI()), 0, uintptr(unsafe.Pointer(&units[0])), uintptr(len(units)),
		uintptr(unsafe.Pointer(&out[0])), uintptr(len(out)), 0, 0)
	return out[:min(int(n), len(out))]
}
