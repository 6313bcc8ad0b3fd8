package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Recording is a file that a call is being recorded to.
type Recording struct {
	c    *Call
	path string
	key  string // in Engine.paths
	mix  bool
	id   pjsua.RecorderID
	port pjsua.PortID
	// right takes what we send of a stereo recording; NoPort where both go into one.
	right  pjsua.PortID
	encode func(wav, mp3 string) error // set by the worker before finish
	file   string                      // what is being written: path, or a WAV that becomes the MP3 at path
	done   chan struct{}

	// Guarded by Engine.mu.
	linked  bool      // it was connected to the call
	started time.Time // when that was
	ending  bool
	err     error // why it failed
}

// RecordOptions are the choices of [Call.Record].
type RecordOptions struct {
	// Mix records what we send too, and while the call is in a conference everybody in
	// it. Without it the file holds what arrives from the far end, and nothing else.
	Mix bool
	// Stereo has the far end on the left and what we send on the right, whatever Mix is.
	Stereo bool
}

// Record records the call to a WAV file, or to Opus in Ogg where the path ends in .opus,
// .ogg or .oga, or to MP3 by the program lame where it ends in .mp3; one that exists is overwritten. It returns when audio flows into the file: while the call has none yet, or is on
// hold, it waits, bounded by ctx. While the call is on hold later, the recording
// pauses; Opus has silence there. The file is complete after [Recording.Done].
func (c *Call) Record(ctx context.Context, path string, opts RecordOptions) (*Recording, error) {
	phone, err := c.phoneFor()
	if err != nil {
		return nil, err
	}
	if err := c.waitAudio(ctx, func(a audio) bool { return a.recv }); err != nil {
		return nil, err
	}
	r, err := c.openRecording(ctx, phone, path, opts)
	if err != nil {
		c.recordingFailed(path, err)
		return nil, err
	}
	if err := c.waitOpened(ctx, func() (bool, error) { return r.linked, r.err }, r.done, r.endLocked); err != nil {
		return nil, err
	}
	return r, nil
}

// StopRecording ends the recording to this path, as it was given to [Call.Record] or as
// [CallInfo.Recordings] has it, and waits until the file is complete; an empty path ends
// all. A call that is not being recorded is an error.
func (c *Call) StopRecording(ctx context.Context, path string) error {
	var found []*Recording
	c.e.mu.Lock()
	for _, r := range c.recs {
		if path == "" || r.path == path {
			found = append(found, r)
		}
	}
	c.e.mu.Unlock()
	if len(found) == 0 {
		return ErrNotRecording
	}
	var errs []error
	for _, r := range found {
		errs = append(errs, r.Stop(ctx))
	}
	return errors.Join(errs...)
}

// openRecording makes the recorder; the worker links it.
func (c *Call) openRecording(ctx context.Context, phone Phone, path string, opts RecordOptions) (*Recording, error) {
	fail := func(err error) (*Recording, error) {
		return nil, fmt.Errorf("engine: call %d: record to %s: %w", c.id, path, err)
	}
	key, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}
	c.e.mu.Lock()
	if _, busy := c.e.paths[key]; busy {
		c.e.mu.Unlock()
		return fail(errors.New("another recording writes to this file"))
	}
	c.e.paths[key] = struct{}{}
	c.e.mu.Unlock()

	r := &Recording{
		c: c, path: path, file: path, key: key, mix: opts.Mix || opts.Stereo, port: pjsua.NoPort, right: pjsua.NoPort, done: make(chan struct{}),
	}
	if isMP3(path) {
		r.file = path + ".wav"
		_, err = findLame()
	}
	if err == nil {
		r.id, r.port, r.right, err = phone.NewRecorder(ctx, r.file, pjsua.RecorderOptions{Stereo: opts.Stereo})
	}
	made := err == nil
	c.e.mu.Lock()
	if err == nil {
		err = c.mayOpenLocked()
	}
	if err == nil {
		c.recs = append(c.recs, r)
		c.e.records[r.id] = r
		c.wakeWorker()
	} else {
		delete(c.e.paths, key)
	}
	c.e.mu.Unlock()
	if err != nil {
		if made {
			c.report("close a recorder", phone.CloseRecorder(context.WithoutCancel(ctx), r.id))
		}
		return fail(err)
	}
	return r, nil
}

// recordingFailed reports a recording that could not be started.
func (c *Call) recordingFailed(path string, err error) {
	if isGone(err) || errors.Is(err, ErrCallEnded) || errors.Is(err, ErrNotRunning) {
		return
	}
	c.e.log.Warn("recording failed", "call", c.id, "path", path, "error", err)
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.e.bus.publish(RecordingFailed{
		EventHeader: c.headerLocked("RecordingFailed", time.Now()), Path: path, Reason: err.Error(),
	})
}

// autoRecord is what the configuration asks for; the worker calls it.
func (c *Call) autoRecord(ctx context.Context, phone Phone) {
	path, err := c.reserveRecording()
	if err == nil {
		opts := RecordOptions{Mix: true, Stereo: c.e.settings().RecordingFormat == config.RecordingStereo}
		_, err = c.openRecording(ctx, phone, path, opts)
	}
	if err != nil {
		c.recordingFailed(path, err)
	}
}

// reserveRecording makes an empty file with a name of MicroSIP's pattern. Of calls
// with the same name in the same second the later ones get a number.
func (c *Call) reserveRecording() (string, error) {
	c.e.mu.Lock()
	info := c.infoLocked()
	label := ""
	if c.account != nil {
		label = c.account.cfg().Label
	}
	c.e.mu.Unlock()
	dir := c.e.settings().RecordingPath
	stem := filepath.Join(dir, recordingStem(info, label))
	ext := c.e.recordingExtension()
	path := stem + ext
	if dir != "" {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return path, err
		}
	}
	for n := 2; ; n++ {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err == nil {
			return path, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) || n > 1000 {
			return path, err
		}
		path = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
}

// recordingStem is MicroSIP's file name, without the extension:
// YYYYMMDD-HHMMSS-remote-outgoing|incoming-label.
func recordingStem(info CallInfo, label string) string {
	direction := "outgoing"
	if info.Role == pjsua.RoleUAS.String() {
		direction = "incoming"
	}
	if label == "" {
		label = userOf(info.Local)
	}
	at := info.Answered
	if at.IsZero() {
		at = info.Started
	}
	stem := strings.Join([]string{at.Local().Format("20060102-150405"), userOf(info.Remote), direction, label}, "-")
	stem = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\?%*:|"<>. `, r) {
			return '_'
		}
		return r
	}, stem)
	const longest = 200 // bytes; file systems allow 255 for the whole name
	if len(stem) > longest {
		stem = strings.ToValidUTF8(stem[:longest], "")
	}
	return stem
}

// Path returns the file's path as it was given to [Call.Record], or that of the WAV
// where it could not be encoded.
func (r *Recording) Path() string {
	r.c.e.mu.Lock()
	defer r.c.e.mu.Unlock()
	return r.path
}

// Done is closed when the file is complete and closed.
func (r *Recording) Done() <-chan struct{} { return r.done }

// Stop ends the recording and waits until the file is complete. It returns what
// went wrong while writing, as [Recording.Err] does. It may be called more than
// once, and after the end.
func (r *Recording) Stop(ctx context.Context) error {
	r.c.e.mu.Lock()
	r.endLocked()
	r.c.e.mu.Unlock()
	select {
	case <-r.done:
		return r.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Err returns why the file could not be written, nil when nothing is known to be
// wrong. It is final after [Recording.Done].
func (r *Recording) Err() error {
	r.c.e.mu.Lock()
	defer r.c.e.mu.Unlock()
	return r.err
}

// startedLocked takes in that audio flows into the file.
func (r *Recording) startedLocked(at time.Time) {
	r.linked, r.started = true, at
	r.c.e.bus.publish(RecordingStarted{
		EventHeader: r.c.headerLocked("RecordingStarted", at), Path: r.path, Mix: r.mix,
	})
	r.c.changedLocked()
}

// endLocked has the worker close the recorder.
func (r *Recording) endLocked() {
	if !r.ending {
		r.ending = true
		r.c.changedLocked()
	}
}

// failLocked takes in that the file cannot be written.
func (r *Recording) failLocked(at time.Time, err error) {
	if r.err != nil {
		return
	}
	r.err = fmt.Errorf("engine: call %d: record to %s: %w", r.c.id, r.path, err)
	r.c.e.bus.publish(RecordingFailed{
		EventHeader: r.c.headerLocked("RecordingFailed", at), Path: r.path, Reason: err.Error(),
	})
	r.c.e.log.Warn("recording failed", "call", r.c.id, "path", r.path, "error", err)
	r.endLocked()
}

// finish takes a recorder that was closed off the call, and has its WAV encoded.
func (r *Recording) finish(err error) {
	c := r.c
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if err != nil && !isGone(err) {
		r.failLocked(time.Now(), err)
	}
	c.recs = slices.DeleteFunc(c.recs, func(o *Recording) bool { return o == r })
	delete(c.e.records, r.id)
	ended := time.Now()
	switch {
	case !isMP3(r.path):
	case r.err == nil && r.linked && c.e.state == running:
		c.e.workers.Add(1)
		go func() {
			defer c.e.workers.Done()
			err := r.encode(r.file, r.path)
			c.e.mu.Lock()
			defer c.e.mu.Unlock()
			if err != nil {
				r.failLocked(time.Now(), err)
				r.path = r.file
			}
			r.completeLocked(ended)
		}()
		return
	default:
		// It failed, or the engine ends: the WAV stays.
		if info, err := os.Stat(r.path); err == nil && info.Size() == 0 {
			_ = os.Remove(r.path) // the name was reserved
		}
		r.path = r.file
	}
	r.completeLocked(ended)
}

// completeLocked reports that the file is there.
func (r *Recording) completeLocked(ended time.Time) {
	delete(r.c.e.paths, r.key)
	if r.linked {
		r.c.e.bus.publish(RecordingEnded{
			EventHeader: r.c.headerLocked("RecordingEnded", time.Now()), Path: r.path,
			DurationMS: ended.Sub(r.started).Milliseconds(),
		})
	}
	close(r.done)
}
