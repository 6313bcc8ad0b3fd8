//go:build unix

package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// socketPath returns where a socket of that name is, in a folder of the user's.
func socketPath(name string) (string, error) {
	if name == "" {
		name = "default"
	}
	name += ".sock"
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return filepath.Join(dir, "offhook", name), nil
	}
	return filepath.Join(os.TempDir(), "offhook"+userSuffix(), name), nil
}

// dialSocket connects to an engine's socket, unless it is somebody else's, who would be
// told what we say.
func dialSocket(ctx context.Context, path string) (net.Conn, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkOwner(info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// maxSocket is how long a path may be for a Unix socket: 103 bytes on macOS, 107 on
// Linux. Another one is made beside it under a name of 20.
const maxSocket = 103

// listenSocket replaces a socket that an engine left behind when it was killed. Folders that
// are missing are made, for the user only. Beside the socket a file whose name ends in .lock
// stays, whose lock is held as long as the listener is open.
func listenSocket(path string) (_ net.Listener, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(path)
	if max(len(path), len(dir)+20) > maxSocket {
		return nil, fmt.Errorf("the path is longer than %d bytes, which is all that a socket takes", maxSocket)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if err := checkOwner(info); err != nil { // in a folder of temporary files, for example
		return nil, fmt.Errorf("folder %s: %w", dir, err)
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	switch free, err := lockFile(lock); {
	case err != nil:
		return nil, err
	case !free:
		return nil, &BusyError{Path: path}
	}
	// Who has the lock is alone here: a socket that is there has nobody who listens,
	// unless it is another program's.
	if info, err := os.Lstat(path); err == nil {
		if info.Mode()&fs.ModeSocket == 0 {
			return nil, errors.New("there is a file of that name, which is no socket")
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return nil, &BusyError{Path: path}
		}
	}
	// The socket gets its permissions in a folder of its own and then its name, so that
	// nobody can connect before.
	private, err := os.MkdirTemp(dir, ".s")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	made := filepath.Join(private, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(made, 0o600)
	if err == nil {
		info, err = os.Lstat(made)
	}
	if err == nil {
		err = os.Rename(made, path)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return &socketListener{Listener: l, path: path, info: info, lock: lock}, nil
}

// socketListener removes its socket when it is closed.
type socketListener struct {
	net.Listener
	path string
	info fs.FileInfo
	lock *os.File
	once sync.Once
	err  error
}

func (l *socketListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

func (l *socketListener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.info) {
			l.err = os.Remove(l.path)
		}
		l.err = errors.Join(l.err, l.Listener.Close(), l.lock.Close())
	})
	return l.err
}
