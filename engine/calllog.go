package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/calllog"
)

// LogEntry is a call in the call log.
type LogEntry = calllog.Entry

// LogQuery says which entries are wanted; the zero value is the last 100.
type LogQuery = calllog.Query

// ErrNoCallLog is returned by [Engine.CallLog] when the configuration has no callLog.
var ErrNoCallLog = errors.New("engine: there is no call log: callLog is empty")

const (
	maxUnlogged = 1000 // calls that are kept for a file that cannot be written
	trimEvery   = 50   // calls
	logTimeout  = 10 * time.Second
)

// logFile is the call log of the configuration, opened when it is first used.
type logFile struct {
	mu   sync.Mutex
	path string
	log  *calllog.Log
}

// openCallLog returns the call log that the configuration names.
func (e *Engine) openCallLog(ctx context.Context) (*calllog.Log, error) {
	path := e.settings().CallLog
	f := &e.callLog
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.log != nil && f.path == path {
		return f.log, nil
	}
	if f.log != nil {
		if err := f.log.Close(); err != nil {
			e.log.Warn("close the call log", "path", f.path, "error", err)
		}
		f.log = nil
	}
	if path == "" {
		return nil, ErrNoCallLog
	}
	log, err := calllog.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	f.log, f.path = log, path
	return log, nil
}

func (f *logFile) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.log == nil {
		return nil
	}
	err := f.log.Close()
	f.log = nil
	return err
}

// CallLog returns entries of the call log, the newest first. Calls that last are in it. It
// returns [ErrNoCallLog] when the configuration has none.
func (e *Engine) CallLog(ctx context.Context, q LogQuery) ([]LogEntry, error) {
	if _, err := e.runningPhone(); err != nil {
		return nil, err
	}
	log, err := e.openCallLog(ctx)
	if err != nil {
		return nil, err
	}
	return log.Find(ctx, q)
}

// WriteCallLog writes entries of the call log as CSV: MicroSIP's columns, then more.
func (e *Engine) WriteCallLog(ctx context.Context, w io.Writer, q LogQuery) error {
	entries, err := e.CallLog(ctx, q)
	if err != nil {
		return err
	}
	return calllog.WriteCSV(w, entries)
}

// ReadCallLog returns entries of a call log of no running engine.
func ReadCallLog(ctx context.Context, path string, q LogQuery) ([]LogEntry, error) {
	log, err := calllog.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	list, err := log.Find(ctx, q)
	return list, errors.Join(err, log.Close())
}

// logWriter writes calls into the call log. A call is there from its first moment on, so
// that one in which the program is killed is not missing.
type logWriter struct {
	e      *Engine
	follow *follower
	rows   map[CallID]*logRow
	order  []CallID // of rows
	added  int
	failed bool // reported
}

type logRow struct {
	entry LogEntry
	over  bool
	dirty bool
}

func newLogWriter(e *Engine) *logWriter {
	return &logWriter{e: e, follow: newFollower(), rows: make(map[CallID]*logRow), added: trimEvery}
}

func (w *logWriter) take(ev Event) {
	for _, m := range w.follow.take(ev) {
		switch m.name {
		case momentOutgoing, momentIncoming, momentRing, momentStart:
			w.note(m, false)
		case momentEnd, momentBusy, momentRefused:
			w.note(m, true)
		}
	}
	if w.e.settings().CallLog != "" {
		w.flush()
	}
}

// note brings a row up to date.
func (w *logWriter) note(m moment, over bool) {
	id := m.call.call
	row := w.rows[id]
	if row == nil {
		row = &logRow{}
		w.rows[id] = row
		w.order = append(w.order, id)
		if len(w.order) > maxUnlogged && w.rows[w.order[0]].over {
			delete(w.rows, w.order[0])
			w.order = w.order[1:]
		}
	}
	was := row.entry.ID
	row.entry = entryOf(&m.call)
	row.entry.Name = w.e.nameOf(row.entry.Number, row.entry.Name)
	row.entry.ID = was
	row.over, row.dirty = over, true
}

func entryOf(f *callFacts) LogEntry {
	e := LogEntry{
		SIPCallID: f.sipCallID, Number: f.user, Name: f.name, Time: f.started, Account: f.account, Remote: f.remote, Local: f.local,
		Domain: f.domain, Diversion: f.diversion, Code: f.code, Reason: f.reason, Codec: f.codec,
		RXLost: f.stats.RX.Lost, TXLost: f.stats.TX.Lost,
		Ringing: f.ringing, Answered: f.answered, Ended: f.ended, Recordings: slices.Clone(f.files),
	}
	if !f.ended.IsZero() {
		e.DurationS = int64(f.duration(f.ended).Round(time.Second).Seconds())
	}
	if e.Number == "" {
		e.Number = f.domain
	}
	switch {
	case f.out:
		e.Type = calllog.Outgoing
	case !f.answered.IsZero():
		e.Type = calllog.Incoming
	case f.elsewhere:
		e.Type = calllog.Elsewhere
	default:
		e.Type = calllog.Missed
	}
	if f.answered.IsZero() && f.code != 0 && !f.ended.IsZero() {
		e.Info = fmt.Sprintf("%d %s", f.code, f.reason)
	}
	return e
}

// flush writes what changed. What cannot be written is tried again with the next event.
func (w *logWriter) flush() {
	dirty := false
	for _, id := range w.order {
		dirty = dirty || w.rows[id].dirty
	}
	if !dirty {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), logTimeout)
	defer cancel()
	err := w.write(ctx)
	w.order = slices.DeleteFunc(w.order, func(id CallID) bool {
		row := w.rows[id]
		if row.over && !row.dirty {
			delete(w.rows, id)
			return true
		}
		return false
	})
	if err != nil && !w.failed {
		w.e.fileFailed("callLog", w.e.settings().CallLog, err)
	}
	w.failed = err != nil
}

func (w *logWriter) write(ctx context.Context) error {
	log, err := w.e.openCallLog(ctx)
	if err != nil {
		return err
	}
	for _, id := range w.order {
		row := w.rows[id]
		switch {
		case !row.dirty:
			continue
		case row.entry.ID == 0:
			row.entry.ID, err = log.Add(ctx, row.entry)
			w.added++
		default:
			err = log.Update(ctx, row.entry)
		}
		if err != nil {
			return err
		}
		row.dirty = false
	}
	if limit := w.e.settings().CallLogLimit; limit > 0 && w.added >= trimEvery {
		w.added = 0
		return log.Trim(ctx, limit)
	}
	return nil
}

func (w *logWriter) stop() {
	if err := w.e.callLog.close(); err != nil {
		w.e.log.Warn("close the call log", "error", err)
	}
}

// fileFailed reports a file that could not be written.
func (e *Engine) fileFailed(key, path string, err error) {
	e.log.Warn("a file cannot be written", "key", key, "path", path, "error", err)
	e.report(func() Event {
		return FileFailed{EventHeader: e.header("FileFailed", time.Now(), 0, 0), Key: key, Path: path, Reason: err.Error()}
	})
}
