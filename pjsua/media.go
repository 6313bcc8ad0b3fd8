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

// Connect makes dst hear src: one link of the conference bridge, in one direction
// (pjsua_conf_connect2). The bridge makes it at its next tick, and Connect waits for
// that. A port hears the sum of all that are connected to it. A link that is there
// already stays as it is, and that is no error.
func (ep *Endpoint) Connect(ctx context.Context, src, dst PortID, opts ConnectOptions) error {
	op := confOp{C.PJMEDIA_CONF_OP_CONNECT_PORTS, src, dst}
	return ep.confOp(ctx, fmt.Sprintf("connect port %d to %d", src, dst), op, func(_ onThread) C.pj_status_t {
		var param C.pjsua_conf_connect_param
		C.pjsua_conf_connect_param_default(&param)
		if opts.Level != 0 {
			param.level = C.float(opts.Level)
		}
		return C.pjsua_conf_connect2(C.pjsua_conf_port_id(src), C.pjsua_conf_port_id(dst), &param)
	})
}

// Disconnect takes back Connect (pjsua_conf_disconnect) and waits for the tick too.
func (ep *Endpoint) Disconnect(ctx context.Context, src, dst PortID) error {
	op := confOp{C.PJMEDIA_CONF_OP_DISCONNECT_PORTS, src, dst}
	return ep.confOp(ctx, fmt.Sprintf("disconnect port %d from %d", src, dst), op, func(_ onThread) C.pj_status_t {
		return C.pjsua_conf_disconnect(C.pjsua_conf_port_id(src), C.pjsua_conf_port_id(dst))
	})
}

func (ep *Endpoint) confOp(ctx context.Context, name string, op confOp, fn func(onThread) C.pj_status_t) error {
	if op.src < 0 || op.sink < 0 {
		return fmt.Errorf("pjsua: %s: %w", name, ErrNoMedia)
	}
	var result chan Status
	err := ep.do(ctx, func(t onThread) error {
		ch := ep.pump.expect(t, op)
		if st := fn(t); st != C.PJ_SUCCESS {
			ep.pump.unexpect(op, ch)
			return t.fail(name, st)
		}
		result = ch
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case st := <-result:
		if st == 0 || st == C.PJ_EEXISTS {
			return nil
		}
		return ep.do(ctx, func(t onThread) error { return t.fail(name, C.pj_status_t(st)) })
	case <-ctx.Done():
		return ctx.Err()
	case <-ep.gone:
		return ErrClosed
	}
}

// PortInfo describes a port of the bridge (pjsua_conf_get_port_info).
func (ep *Endpoint) PortInfo(ctx context.Context, port PortID) (PortInfo, error) {
	var out PortInfo
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		// One listener for every port that PJSIP was compiled for: too big for a stack.
		info := (*C.pjsua_conf_port_info)(a.zero(C.sizeof_pjsua_conf_port_info))
		if st := C.pjsua_conf_get_port_info(C.pjsua_conf_port_id(port), info); st != C.PJ_SUCCESS {
			return t.fail(fmt.Sprintf("port %d", port), st)
		}
		out = PortInfo{
			ID: port, Name: goStr(info.name), ClockRate: int(info.clock_rate), Channels: int(info.channel_count),
			TXLevel: float64(info.tx_level_adj), RXLevel: float64(info.rx_level_adj),
		}
		for _, l := range info.listeners[:info.listener_cnt] {
			out.Listeners = append(out.Listeners, PortID(l))
		}
		return nil
	})
	return out, err
}

// Ports lists the ports that are in the bridge (pjsua_enum_conf_ports).
func (ep *Endpoint) Ports(ctx context.Context) ([]PortID, error) {
	var out []PortID
	err := ep.do(ctx, func(t onThread) error {
		ids := make([]C.pjsua_conf_port_id, limits.ConfPorts)
		n := C.uint(len(ids))
		if st := C.pjsua_enum_conf_ports(&ids[0], &n); st != C.PJ_SUCCESS {
			return t.fail("list ports", st)
		}
		for _, id := range ids[:n] {
			out = append(out, PortID(id))
		}
		return nil
	})
	return out, err
}

// SetPortLevels sets the gain of what the bridge sends to a port and of what the port
// sends to the bridge (pjsua_conf_adjust_tx_level, pjsua_conf_adjust_rx_level); 1 is
// unchanged, 0 mutes.
func (ep *Endpoint) SetPortLevels(ctx context.Context, port PortID, tx, rx float64) error {
	return ep.do(ctx, func(t onThread) error {
		slot := C.pjsua_conf_port_id(port)
		if st := C.pjsua_conf_adjust_tx_level(slot, C.float(tx)); st != C.PJ_SUCCESS {
			return t.fail("set level", st)
		}
		return t.fail("set level", C.pjsua_conf_adjust_rx_level(slot, C.float(rx)))
	})
}

// Player plays a WAV file into the bridge. Close it when it is no longer needed.
type Player struct {
	ep   *Endpoint
	id   PlayerID
	slot C.pjsua_player_id
	port PortID
}

// ID returns the player's serial number, which PlayerFinished carries.
func (p *Player) ID() PlayerID { return p.id }

// Port returns the player's port in the bridge.
func (p *Player) Port() PortID { return p.port }

// NewPlayer opens a WAV file of 16-bit PCM, A-law or mu-law, of any sample rate, mono
// or stereo (pjsua_player_create); the bridge converts it. It plays from the moment at
// which its port is connected to another.
func (ep *Endpoint) NewPlayer(ctx context.Context, path string, opts PlayerOptions) (*Player, error) {
	p := &Player{ep: ep, id: PlayerID(C.oh_mint())}
	op := fmt.Sprintf("play %q", path)
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		name := a.str(path)
		flags := C.uint(C.PJMEDIA_FILE_NO_LOOP)
		if opts.Loop {
			flags = 0
		}
		if path == "" {
			return t.fail(op, C.PJ_EINVAL)
		}
		if st := C.pjsua_player_create(&name, flags, &p.slot); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		p.port = PortID(C.pjsua_player_get_conf_port(p.slot))
		if !opts.Loop {
			if st := C.oh_player_watch(p.slot, C.int64_t(p.id)); st != C.PJ_SUCCESS {
				C.pjsua_player_destroy(p.slot)
				return t.fail(op, st)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Close ends the playing and frees the player (pjsua_player_destroy). It is called
// once.
func (p *Player) Close(ctx context.Context) error {
	return p.ep.do(ctx, func(t onThread) error {
		return t.fail("close player", C.pjsua_player_destroy(p.slot))
	})
}

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
