//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "bridge.h"
#include "recorder.h"
*/
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// Recorder writes what its port hears to a file. Close it to have all of it there;
// after that its commands return [ErrRecorderGone]. What was written before a process is
// killed plays all the same: the header is brought up to date about each second, and Ogg
// is written page by page.
type Recorder struct {
	ep   *Endpoint
	id   RecorderID
	path string
	opts RecorderOptions

	port   PortID
	header int64 // length of the WAV header that PJSIP writes
	slot   C.pjsua_recorder_id
	gone   <-chan struct{}
	c      *C.oh_recorder // the executor's; nil when closed, or where Go writes the file

	capture *capture // where Go writes the file
}

// ID returns the recorder's serial number, which [RecorderFailed] carries.
func (r *Recorder) ID() RecorderID { return r.id }

// Port returns the recorder's port in the bridge (pjsua_recorder_get_conf_port), the
// left one of a stereo recorder.
func (r *Recorder) Port() PortID { return r.port }

// RightPort returns the port of the right side, [NoPort] of a mono recorder.
func (r *Recorder) RightPort() PortID {
	if r.capture == nil || len(r.capture.sides) < 2 {
		return NoPort
	}
	return r.capture.sides[1].Port()
}

// Format returns the file's format.
func (r *Recorder) Format() RecordFormat { return r.opts.Format }

// NewRecorder creates the file, or empties it, and opens it for writing.
//
// Mono WAV is written by PJSIP's recorder at the bridge's rate (pjsua_recorder_create).
// It writes nothing while nothing is connected to it, or while what is connected is at
// its end or pauses. Stereo and Opus are written by a goroutine, off the media clock, at
// 8, 16, 24 or 48 kHz, the least that the bridge's rate fits into. There every tick of
// the bridge is recorded, with silence while nothing is connected, from the beginning
// on; to leave time out use [Recorder.Pause].
func (ep *Endpoint) NewRecorder(ctx context.Context, path string, opts RecorderOptions) (*Recorder, error) {
	op := fmt.Sprintf("record to %q", path)
	opts, err := opts.resolve(path)
	if err != nil {
		return nil, fmt.Errorf("pjsua: %s: %w", op, err)
	}
	r := &Recorder{ep: ep, id: RecorderID(C.oh_mint()), path: path, opts: opts, header: wavHeader}
	if opts.inGo() {
		if r.capture, err = r.newCapture(ctx); err != nil {
			return nil, fmt.Errorf("pjsua: %s: %w", op, err)
		}
		r.port = r.capture.sides[0].Port()
		return r, nil
	}
	err = ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		name := a.str(path)
		flags := C.uint(C.PJMEDIA_FILE_WRITE_PCM)
		switch opts.Format {
		case RecordALaw:
			flags, r.header = C.PJMEDIA_FILE_WRITE_ALAW, wavFactHeader
		case RecordMuLaw:
			flags, r.header = C.PJMEDIA_FILE_WRITE_ULAW, wavFactHeader
		}
		if st := C.pjsua_recorder_create(&name, 0, nil, 0, flags, &r.slot); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		r.port = portIn(t, C.pjsua_recorder_get_conf_port(r.slot))
		r.gone = ep.pump.expectPortGone(int64(r.id))
		cpath := C.CString(path)
		defer C.free(unsafe.Pointer(cpath))
		st := C.oh_recorder_watch(r.slot, C.int64_t(r.id), cpath, C.uint(r.header), cInt(opts.Paused), &r.c)
		if st != C.PJ_SUCCESS {
			C.pjsua_recorder_destroy(r.slot)
		}
		return t.fail(op, st)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// on runs fn on pjsua's thread, unless the recorder, one of PJSIP's, is closed.
func (r *Recorder) on(ctx context.Context, fn func(onThread) error) error {
	return r.ep.do(ctx, func(t onThread) error {
		if r.c == nil {
			return ErrRecorderGone
		}
		return fn(t)
	})
}

// Pause writes nothing from the next tick on.
func (r *Recorder) Pause(ctx context.Context) error { return r.pause(ctx, true) }

// Resume goes on after Pause or [RecorderOptions].Paused; the time in between is not in
// the file.
func (r *Recorder) Resume(ctx context.Context) error { return r.pause(ctx, false) }

func (r *Recorder) pause(ctx context.Context, paused bool) error {
	if r.capture != nil {
		return r.capture.pause(paused)
	}
	return r.on(ctx, func(onThread) error {
		C.oh_recorder_pause(r.c, cInt(paused))
		return nil
	})
}

// Close ends the recording, waits until the file is closed (pjsua_recorder_destroy)
// and checks that all of it is on the disk.
func (r *Recorder) Close(ctx context.Context) error {
	if r.capture != nil {
		return r.capture.close(ctx)
	}
	var bytes int64
	err := r.on(ctx, func(t onThread) error {
		bytes = int64(C.oh_recorder_bytes(r.c))
		r.c = nil
		return t.fail(fmt.Sprintf("close recorder %q", r.path), C.pjsua_recorder_destroy(r.slot))
	})
	if err != nil {
		return err
	}
	select {
	case <-r.gone:
		return complete(r.path, r.header, bytes)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed reports [RecorderFailed] for a file that Go writes.
func (r *Recorder) failed(status Status) {
	_ = r.ep.do(context.Background(), func(onThread) error {
		path := C.CString(r.path)
		defer C.free(unsafe.Pointer(path))
		C.oh_recorder_failed(C.int64_t(r.id), path, C.pj_status_t(status))
		return nil
	})
}
