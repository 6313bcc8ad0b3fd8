package api

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// DefaultSocket returns the path of the control socket for a configuration file, or for
// none: each file has one of its own, in a folder of the user's.
func DefaultSocket(config string) (string, error) {
	name := "default.sock"
	if config != "" {
		path, err := filepath.Abs(config)
		if err != nil {
			return "", fmt.Errorf("api: socket: %w", err)
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		sum := sha256.Sum256([]byte(path))
		name = fmt.Sprintf("%x.sock", sum[:6])
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir != "" {
		return filepath.Join(dir, "offhook", name), nil
	}
	return filepath.Join(os.TempDir(), "offhook"+userSuffix(), name), nil
}

// BusyError says that an engine listens on the socket already.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("api: an engine runs already and listens on %s", e.Path)
}

// maxSocket is how long a path may be for a Unix socket: 103 bytes on macOS, 107 on
// Linux. Another one is made beside it under a name of 20.
const maxSocket = 103

// ListenSocket listens on a Unix socket that only the user can reach. A socket that an
// engine left behind when it was killed is replaced; where one listens, the error is a
// [*BusyError]. Folders that are missing are made, for the user only. Beside the socket a
// file whose name ends in .lock stays, whose lock is held as long as the listener is open.
func ListenSocket(path string) (net.Listener, error) {
	l, err := listenSocket(path)
	if err != nil {
		var busy *BusyError
		if errors.As(err, &busy) {
			return nil, err
		}
		return nil, fmt.Errorf("api: socket %s: %w", path, err)
	}
	return l, nil
}

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
