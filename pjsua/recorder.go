//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
)

// Recorder writes what its port hears to a WAV file: 16-bit PCM, mono, at the
// bridge's rate. Close it, or the file's header does not have its length.
type Recorder struct {
	ep   *Endpoint
	id   RecorderID
	slot C.pjsua_recorder_id
	port PortID
	path string
	gone chan struct{}
}

// ID returns the recorder's serial number, which RecorderFailed carries.
func (r *Recorder) ID() RecorderID { return r.id }

// Port returns the recorder's port in the bridge.
func (r *Recorder) Port() PortID { return r.port }

// NewRecorder creates the file, or empties it, and opens it for writing
// (pjsua_recorder_create). It records from the moment at which a port is connected to
// it; while none is it writes nothing.
func (ep *Endpoint) NewRecorder(ctx context.Context, path string) (*Recorder, error) {
	r := &Recorder{ep: ep, id: RecorderID(C.oh_mint()), path: path}
	op := fmt.Sprintf("record to %q", path)
	if err := recordable(path); err != nil {
		return nil, fmt.Errorf("pjsua: %s: %w", op, err)
	}
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		name := a.str(path)
		if st := C.pjsua_recorder_create(&name, 0, nil, 0, C.PJMEDIA_FILE_WRITE_PCM, &r.slot); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		r.port = PortID(C.pjsua_recorder_get_conf_port(r.slot))
		r.gone = ep.pump.expectGone(r.id, path)
		if st := C.oh_recorder_watch(r.slot, C.int64_t(r.id)); st != C.PJ_SUCCESS {
			C.pjsua_recorder_destroy(r.slot)
			return t.fail(op, st)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Close ends the recording, waits until the file is closed (pjsua_recorder_destroy)
// and checks that all of it is on the disk. It is called once.
func (r *Recorder) Close(ctx context.Context) error {
	var bytes int64
	err := r.ep.do(ctx, func(t onThread) error {
		bytes = int64(C.oh_recorder_bytes(r.slot))
		return t.fail(fmt.Sprintf("close recorder %q", r.path), C.pjsua_recorder_destroy(r.slot))
	})
	if err != nil {
		return err
	}
	select {
	case <-r.gone:
		return complete(r.path, bytes)
	case <-ctx.Done():
		return ctx.Err()
	}
}
