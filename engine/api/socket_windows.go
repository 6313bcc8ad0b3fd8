package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// go-winio has listeners of this kind. Under wine 8, where Windows is tested, its first
// clients wait for ever, since it keeps the name by an instance that nobody serves; and what
// else it has, reading and writing with deadlines, Go's os.File has had since 1.25.

// pipeBuffer is the size in bytes that a pipe's buffers begin with.
const pipeBuffer = 64 << 10

var waitNamedPipe = windows.NewLazySystemDLL("kernel32.dll").NewProc("WaitNamedPipeW")

// socketPath returns the name of the pipe for a configuration file, or for none.
func socketPath(name string) (string, error) {
	user, err := ownSID()
	if err != nil {
		return "", fmt.Errorf("api: pipe: %w", err)
	}
	return pipeName(name, user), nil
}

// ownSID returns the account of this process.
func ownSID() (string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String(), nil
}

// listenSocket listens on a named pipe. Whoever makes the first instance of a name is the
// one who serves it.
func listenSocket(path string) (net.Listener, error) {
	if err := checkPipe(path); err != nil {
		return nil, err
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	user, err := ownSID()
	if err != nil {
		return nil, err
	}
	access, err := windows.SecurityDescriptorFromString(pipeAccess(user))
	if err != nil {
		return nil, err
	}
	l := &pipeListener{path: path, name: name, access: &windows.SecurityAttributes{SecurityDescriptor: access}}
	l.access.Length = uint32(unsafe.Sizeof(*l.access))
	// The flag of the first instance alone would do, but wine 8 does not know it.
	if pipeExists(name) {
		return nil, &BusyError{Path: path}
	}
	l.next, err = l.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE)
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_PIPE_BUSY) {
		return nil, &BusyError{Path: path}
	}
	if err != nil {
		return nil, err
	}
	const manualReset = 1
	l.connected, err = windows.CreateEvent(nil, manualReset, 0, nil)
	if err == nil {
		l.closing, err = windows.CreateEvent(nil, manualReset, 0, nil)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// pipeExists asks without connecting.
func pipeExists(name *uint16) bool {
	const millisecond = 1
	free, _, err := waitNamedPipe.Call(uintptr(unsafe.Pointer(name)), millisecond)
	return free != 0 || !errors.Is(err, windows.ERROR_FILE_NOT_FOUND)
}

// pipeListener always has an instance that waits for a client, so that the name belongs
// to this process until the listener is closed.
type pipeListener struct {
	path   string
	name   *uint16
	access *windows.SecurityAttributes

	connected windows.Handle // event: a client has connected to next
	closing   windows.Handle // event: Close was called
	once      sync.Once
	err       error

	mu   sync.Mutex // held by Accept
	next windows.Handle
	done bool
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.path) }

// instance makes one end of the pipe, to which one client can connect.
func (l *pipeListener) instance(flags uint32) (windows.Handle, error) {
	return windows.CreateNamedPipe(l.name, flags|windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, windows.PIPE_UNLIMITED_INSTANCES, pipeBuffer, pipeBuffer, 0, l.access)
}

func (l *pipeListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.done {
			return nil, l.opError(net.ErrClosed)
		}
		if err := l.connect(); err != nil {
			return nil, l.opError(err)
		}
		next, err := l.instance(0)
		if err == nil {
			h := l.next
			l.next = next
			return newPipeConn(h, l.path), nil
		}
		// Without another instance the name would be free when this client goes: it is
		// sent away, and there is room for the next one perhaps.
		if err := windows.DisconnectNamedPipe(l.next); err != nil {
			return nil, l.opError(err)
		}
		const milliseconds = 100
		if _, err := windows.WaitForSingleObject(l.closing, milliseconds); err != nil {
			return nil, l.opError(err)
		}
	}
}

// connect waits for a client of next; net.ErrClosed: the listener was closed meanwhile.
func (l *pipeListener) connect() error {
	for {
		if err := windows.ResetEvent(l.connected); err != nil {
			return err
		}
		wait := &windows.Overlapped{HEvent: l.connected}
		err := windows.ConnectNamedPipe(l.next, wait)
		if errors.Is(err, windows.ERROR_IO_PENDING) {
			err = l.await(wait)
		}
		switch {
		case err == nil, errors.Is(err, windows.ERROR_PIPE_CONNECTED):
			return nil
		case !errors.Is(err, windows.ERROR_NO_DATA):
			return err
		}
		// Somebody connected and went.
		if err := windows.DisconnectNamedPipe(l.next); err != nil {
			return err
		}
	}
}

func (l *pipeListener) await(wait *windows.Overlapped) error {
	which, err := windows.WaitForMultipleObjects([]windows.Handle{l.closing, l.connected}, false, windows.INFINITE)
	if err == nil && which == windows.WAIT_OBJECT_0 {
		err = net.ErrClosed
	}
	if err != nil {
		// What the system writes to stays until it has.
		_ = windows.CancelIoEx(l.next, wait)
	}
	var n uint32
	if ended := windows.GetOverlappedResult(l.next, wait, &n, true); err == nil {
		err = ended
	}
	return err
}

// Close ends an Accept, and lets connections be.
func (l *pipeListener) Close() error {
	l.once.Do(func() {
		if l.closing != 0 {
			l.err = windows.SetEvent(l.closing)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.done = true
		for _, h := range []windows.Handle{l.next, l.connected, l.closing} {
			if h != 0 {
				l.err = errors.Join(l.err, windows.CloseHandle(h))
			}
		}
	})
	return l.err
}

func (l *pipeListener) opError(err error) error {
	return &net.OpError{Op: "accept", Net: pipeAddr("").Network(), Addr: l.Addr(), Err: err}
}

// dialSocket connects to an engine's pipe, unless it is somebody else's, who would be told
// what we say. The engine may learn who we are and nothing more (identification).
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	if err := checkPipe(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const flags = windows.FILE_FLAG_OVERLAPPED | windows.SECURITY_SQOS_PRESENT | windows.SECURITY_IDENTIFICATION
	for {
		h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING, flags, 0)
		if err == nil {
			if err := checkServer(h); err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", path, err), windows.CloseHandle(h))
			}
			return &clientConn{newPipeConn(h, path)}, nil
		}
		if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			err = fmt.Errorf("%w (it is another account's, such as a service's, whose engine an elevated prompt reaches)", err)
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		// The engine makes the next instance after each client.
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// checkServer says that somebody else made the pipe.
func checkServer(h windows.Handle) error {
	info, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := info.Owner()
	if err != nil {
		return err
	}
	me, err := ownSID()
	if err != nil {
		return err
	}
	admins, err := windows.StringToSid(sidAdministrators)
	if err != nil {
		return err
	}
	// Of the calling thread; one that is not elevated is a member who may only be denied.
	administrator, err := windows.Token(0).IsMember(admins)
	if err != nil {
		return err
	}
	return checkPipeOwner(owner.String(), me, administrator)
}

// pipeAddr is the name of a pipe.
type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// pipeConn is one end of a connection. Its errors are such as those of sockets: net/http
// looks at them.
type pipeConn struct {
	file *os.File
	addr pipeAddr
}

func newPipeConn(h windows.Handle, path string) *pipeConn {
	return &pipeConn{file: os.NewFile(uintptr(h), path), addr: pipeAddr(path)}
}

func (c *pipeConn) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	return n, c.opError("read", err)
}

func (c *pipeConn) Write(p []byte) (int, error) {
	n, err := c.file.Write(p)
	return n, c.opError("write", err)
}

func (c *pipeConn) Close() error { return c.opError("close", c.file.Close()) }

func (c *pipeConn) LocalAddr() net.Addr  { return c.addr }
func (c *pipeConn) RemoteAddr() net.Addr { return c.addr }

func (c *pipeConn) SetDeadline(t time.Time) error { return c.opError("set", c.file.SetDeadline(t)) }
func (c *pipeConn) SetReadDeadline(t time.Time) error {
	return c.opError("set", c.file.SetReadDeadline(t))
}
func (c *pipeConn) SetWriteDeadline(t time.Time) error {
	return c.opError("set", c.file.SetWriteDeadline(t))
}

// clientConn is the end of a client. An engine that refuses a request answers and closes,
// while the client may still send: that is no error, as by TCP, so that the answer is read.
type clientConn struct{ *pipeConn }

func (c *clientConn) Write(p []byte) (int, error) {
	n, err := c.pipeConn.Write(p)
	if errors.Is(err, windows.ERROR_NO_DATA) || errors.Is(err, windows.ERROR_BROKEN_PIPE) {
		return len(p), nil
	}
	return n, err
}

// opError keeps io.EOF as it is.
func (c *pipeConn) opError(op string, err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		err = of.Err
	} else {
		return err
	}
	if errors.Is(err, os.ErrClosed) {
		err = net.ErrClosed
	}
	return &net.OpError{Op: op, Net: c.addr.Network(), Addr: c.addr, Err: err}
}
