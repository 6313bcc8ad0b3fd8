package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

var pipes atomic.Int64

// testSocket returns where nobody listens yet.
func testSocket(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`\\.\pipe\offhook-test-%d-%d`, os.Getpid(), pipes.Add(1))
}

// testFolder returns a folder that goes with the test. That of testing.T cannot be removed
// under wine 8, which does not know how Go does it.
func testFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { remove(t, dir) })
	return dir
}

func remove(t testing.TB, path string) {
	if list, err := os.ReadDir(path); err == nil {
		for _, f := range list {
			remove(t, filepath.Join(path, f.Name()))
		}
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
}

func listenPipe(t *testing.T) (net.Listener, string) {
	t.Helper()
	path := testSocket(t)
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func dialPipe(t *testing.T, path string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	c, err := dialSocket(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Who may use a pipe is what was asked for, and the pipe is the user's.
func TestPipeAccess(t *testing.T) {
	_, path := listenPipe(t)
	c := dialPipe(t, path)
	raw, err := c.(*clientConn).file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	user, err := ownSID()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(h uintptr) {
		info, err := windows.GetSecurityInfo(windows.Handle(h), windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
		if err != nil {
			t.Error(err)
			return
		}
		if got := info.String(); got != pipeAccess(user) {
			t.Errorf("access is %s, want %s", got, pipeAccess(user))
		}
	}); err != nil {
		t.Error(err)
	}
}

func TestSecondPipe(t *testing.T) {
	first, path := listenPipe(t)
	var busy *BusyError
	second := func(when string) {
		if l, err := ListenSocket(path); !errors.As(err, &busy) || busy.Path != path {
			t.Fatalf("the second %s: %v, %v", when, l, err)
		}
	}
	second("while nobody has connected")
	dialPipe(t, path)
	second("while the only instance is taken")
	// One who connects now waits for the next instance, and may stop waiting.
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := dialSocket(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("where no instance is free: %v", err)
	}
	if err := errors.Join(first.Close(), first.Close()); err != nil {
		t.Error(err)
	}
	if _, err := first.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepting after the end: %v", err)
	}
}

func TestPipeNames(t *testing.T) {
	for _, name := range []string{"", "offhook", `C:\offhook`, `\\.\pipe\`, `\\server\pipe\offhook`} {
		if l, err := ListenSocket(name); err == nil {
			l.Close()
			t.Errorf("%q is a pipe", name)
		}
		if _, err := dialSocket(context.Background(), name); err == nil {
			t.Errorf("%q can be connected to", name)
		}
	}
	ini := filepath.Join(testFolder(t), "Ä.ini")
	if err := os.WriteFile(ini, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := DefaultSocket(ini)
	if err != nil || checkPipe(a) != nil {
		t.Fatalf("%q, %v", a, err)
	}
	if b, err := DefaultSocket(filepath.Join(filepath.Dir(ini), "ä.INI")); a != b || err != nil {
		t.Errorf("the same file has %q and %q, %v", a, b, err)
	}
}

// Close ends an Accept that waits, and what was connected goes on.
func TestPipeClose(t *testing.T) {
	l, path := listenPipe(t)
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- c
		}
	}()
	client := dialPipe(t, path)
	server := <-accepted
	defer server.Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
	if _, err := io.WriteString(server, "last words"); err != nil {
		t.Error(err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(client); string(got) != "last words" || err != nil {
		t.Errorf("the client read %q, %v", got, err)
	}
	if _, err := dialSocket(context.Background(), path); err == nil {
		t.Error("a pipe that was closed can be connected to")
	}
}

// Deadlines and Close end what waits, with the errors that net/http looks for.
func TestPipeDeadline(t *testing.T) {
	l, path := listenPipe(t)
	client := dialPipe(t, path)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := client.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	var late net.Error
	if _, err := client.Read(make([]byte, 1)); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("past the deadline: %v", err)
	}
	if err := errors.Join(client.SetReadDeadline(time.Time{}), server.SetWriteDeadline(time.Now().Add(50*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	// Until nobody reads and every buffer is full.
	for err == nil {
		_, err = server.Write(make([]byte, 1<<20))
	}
	if !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("writing past the deadline: %v", err)
	}
	read := make(chan error, 1)
	go func() {
		for {
			if _, err := server.Read(make([]byte, 1)); err != nil {
				read <- err
				return
			}
		}
	}()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrClosed) {
		t.Errorf("reading while it is closed: %v", err)
	}
}

// Many who connect at once are all served, whatever of them go at once.
func TestManyPipes(t *testing.T) {
	l, path := listenPipe(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			c, err := dialSocket(ctx, path)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if i%2 == 0 {
				return
			}
			said := fmt.Sprintf("%08d", i)
			heard := make([]byte, len(said))
			if _, err := io.WriteString(c, said); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(c, heard); err != nil || string(heard) != said {
				t.Errorf("%q came back as %q, %v", said, heard, err)
			}
		})
	}
	all.Wait()
}
