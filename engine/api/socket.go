package api

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"path/filepath"
)

// DefaultSocket returns where the control socket for a configuration file is, or for none:
// each file has one of its own. On Windows it is the name of a pipe.
func DefaultSocket(config string) (string, error) {
	if config == "" {
		return socketPath("")
	}
	path, err := filepath.Abs(config)
	if err != nil {
		return "", fmt.Errorf("api: socket: %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(samePath(path)))
	return socketPath(fmt.Sprintf("%x", sum[:6]))
}

// BusyError says that an engine listens on the socket already.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("api: an engine runs already and listens on %s", e.Path)
}

// ListenSocket listens on a Unix socket, on Windows on a named pipe, which only the user can
// reach. Where an engine listens on it already, the error is a [*BusyError].
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
