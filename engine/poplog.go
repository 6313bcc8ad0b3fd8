package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

const (
	// maxPopLog is the size at which the pop log becomes <name>.1 and a new one begins.
	maxPopLog = 10 << 20
	// statusPause is the least time between two writings of the status file.
	statusPause = 50 * time.Millisecond
)

// popLog appends a line to a file for every moment of a call.
type popLog struct {
	e      *Engine
	follow *follower
	failed bool // reported
}

func (p *popLog) take(ev Event) {
	var lines strings.Builder
	for _, m := range p.follow.take(ev) {
		if m.call.call != 0 {
			lines.WriteString(popLine(&m))
		}
	}
	path := p.e.settings().PopLog
	if lines.Len() == 0 || path == "" {
		return
	}
	err := appendLines(path, lines.String())
	if err != nil && !p.failed {
		p.e.fileFailed("popLog", path, err)
	}
	p.failed = err != nil
}

// popLine is what docs/hooks.md documents: programs read it, so it does not change but
// for fields at its end.
func popLine(m *moment) string {
	f, head := &m.call, m.event.Header()
	digit, target, path := "", "", ""
	switch ev := m.event.(type) {
	case DTMFReceived:
		digit = ev.Digit
	case TransferRequested:
		target = ev.Target
	case RecordingEnded:
		path = ev.Path
	}
	return fmt.Sprintf("%s moment=%s call=%d account=%d direction=%s number=%s name=%s remote=%s local=%s code=%d reason=%s duration=%d sip_id=%s digit=%s target=%s path=%s\n",
		head.Time.UTC().Format("2006-01-02T15:04:05.000Z"), m.name, f.call, f.account, f.direction(), strconv.Quote(f.user), strconv.Quote(f.name),
		strconv.Quote(f.remote), strconv.Quote(f.local), f.code, strconv.Quote(f.reason), int64(f.duration(head.Time).Seconds()),
		strconv.Quote(f.sipCallID), strconv.Quote(digit), strconv.Quote(target), strconv.Quote(path))
}

// appendLines opens the file each time: whoever reads it may move it away.
func appendLines(path, lines string) error {
	if info, err := os.Stat(path); err == nil && info.Size()+int64(len(lines)) > maxPopLog && info.Mode().IsRegular() {
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(lines)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// statusFile keeps a file that says what the engine knows.
type statusFile struct {
	e      *Engine
	dirty  chan struct{} // one slot
	done   chan struct{}
	cancel context.CancelFunc
	failed bool // reported
}

func newStatusFile(e *Engine) *statusFile {
	ctx, cancel := context.WithCancel(context.Background())
	s := &statusFile{e: e, dirty: make(chan struct{}, 1), done: make(chan struct{}), cancel: cancel}
	go s.serve(ctx)
	return s
}

func (s *statusFile) take(Event) {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// serve writes the file after a change, and the last time when the engine has stopped.
func (s *statusFile) serve(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case <-s.dirty:
			s.write()
		case <-ctx.Done():
			s.write()
			return
		}
		pause := time.NewTimer(statusPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

func (s *statusFile) stop() {
	s.cancel()
	<-s.done
}

func (s *statusFile) write() {
	path := s.e.settings().StatusFile
	if path == "" {
		return
	}
	data, err := json.MarshalIndent(s.e.Snapshot(), "", "  ")
	if err == nil {
		err = config.ReplaceFile(path, append(data, '\n'), 0o600, false)
	}
	if err != nil && !s.failed {
		s.e.fileFailed("statusFile", path, err)
	}
	s.failed = err != nil
}
