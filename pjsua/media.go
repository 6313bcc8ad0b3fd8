//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "conf.h"
*/
import "C"

import (
	"context"
	"fmt"
)

// Connect makes dst hear src: one link of the conference bridge, in one direction
// (pjmedia_conf_connect_port, as pjsua_conf_connect2 does). The bridge makes it at its next tick, and Connect waits for
// that. A port hears the sum of all that are connected to it. A link that is there
// already stays as it is, and that is no error.
func (ep *Endpoint) Connect(ctx context.Context, src, dst PortID, opts ConnectOptions) error {
	level := opts.Level
	if level == 0 {
		level = 1
	}
	from, to := src.port(), dst.port()
	op := confOp{C.PJMEDIA_CONF_OP_CONNECT_PORTS, from.slot, to.slot}
	return ep.confOp(ctx, fmt.Sprintf("connect port %d to %d", src, dst), op, func(_ onThread) C.pj_status_t {
		return C.oh_conf_connect(from, to, confLevel(max(level, 0)))
	})
}

// Disconnect takes back Connect (pjmedia_conf_disconnect_port) and waits for the tick too.
func (ep *Endpoint) Disconnect(ctx context.Context, src, dst PortID) error {
	from, to := src.port(), dst.port()
	op := confOp{C.PJMEDIA_CONF_OP_DISCONNECT_PORTS, from.slot, to.slot}
	return ep.confOp(ctx, fmt.Sprintf("disconnect port %d from %d", src, dst), op, func(_ onThread) C.pj_status_t {
		return C.oh_conf_disconnect(from, to)
	})
}

func (ep *Endpoint) confOp(ctx context.Context, name string, op confOp, fn func(onThread) C.pj_status_t) error {
	if op.src < 0 || op.sink < 0 {
		return fmt.Errorf("pjsua: %s: %w", name, ErrNoMedia)
	}
	var result chan Status
	err := ep.do(ctx, func(t onThread) error {
		ch := ep.pump.expect(t, op)
		switch st := fn(t); st {
		case C.PJ_SUCCESS:
		case C.PJ_EGONE:
			ep.pump.unexpect(op, ch)
			return fmt.Errorf("pjsua: %s: %w", name, ErrPortGone)
		default:
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
		slot, err := port.slot(t)
		if err != nil {
			return fmt.Errorf("pjsua: port %d: %w", port, err)
		}
		if st := C.pjsua_conf_get_port_info(slot, info); st != C.PJ_SUCCESS {
			return t.fail(fmt.Sprintf("port %d", port), st)
		}
		out = PortInfo{
			ID: port, Name: goStr(info.name), ClockRate: int(info.clock_rate), Channels: int(info.channel_count),
			TXLevel: float64(info.tx_level_adj), RXLevel: float64(info.rx_level_adj),
		}
		for _, l := range info.listeners[:info.listener_cnt] {
			out.Listeners = append(out.Listeners, portIn(t, C.pjsua_conf_port_id(l)))
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
			out = append(out, portIn(t, id))
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
		slot, err := port.slot(t)
		if err != nil {
			return fmt.Errorf("pjsua: set level of port %d: %w", port, err)
		}
		if st := C.pjsua_conf_adjust_tx_level(slot, C.float(tx)); st != C.PJ_SUCCESS {
			return t.fail("set level", st)
		}
		return t.fail("set level", C.pjsua_conf_adjust_rx_level(slot, C.float(rx)))
	})
}
