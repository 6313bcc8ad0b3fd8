package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/windows/svc/eventlog"
)

// logFileLimit is the size in bytes at which a service's log file becomes the old one,
// which the next one replaces.
const logFileLimit = 10 << 20

// logFile is the log of a service: the file, and one older of the same name with .1.
type logFile struct {
	path  string
	limit int64
	f     *os.File
	size  int64
}

func openLogFile(path string) (*logFile, error) {
	l := &logFile{path: path, limit: logFileLimit}
	return l, l.open()
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.f, l.size = f, info.Size()
	return nil
}

// Write is called by one goroutine at a time, as hclog does.
func (l *logFile) Write(p []byte) (int, error) {
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		if err := errors.Join(l.f.Close(), os.Rename(l.path, l.path+".1"), l.open()); err != nil {
			return 0, err
		}
	}
	n, err := l.f.Write(p)
	l.size += int64(n)
	return n, err
}

func (l *logFile) Close() error { return l.f.Close() }

// newServiceLogger logs to out, and warnings and errors to the event log too, where there
// is one.
func newServiceLogger(level string, out io.Writer, events *eventlog.Log) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "offhook", Level: hclog.LevelFromString(level), Output: out})
	if events != nil {
		l.RegisterSink(&eventSink{events})
	}
	return l
}

// eventSink writes warnings and errors to Windows' event log.
type eventSink struct{ log *eventlog.Log }

func (s *eventSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	text := eventText(name, msg, args)
	// What cannot be written there is in the log file.
	switch level {
	case hclog.Warn:
		_ = s.log.Warning(eventWarning, text)
	case hclog.Error:
		_ = s.log.Error(eventError, text)
	}
}

// eventText is a message with its data.
func eventText(name, msg string, args []any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", name, msg)
	for i := 0; i+1 < len(args); i += 2 {
		fmt.Fprintf(&b, "\n%v=%v", args[i], args[i+1])
	}
	return b.String()
}
