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

// ConfigurePort enables, mutes or disables what the bridge sends to a port (tx) and what
// the port sends to the bridge (rx) (pjsua_conf_configure_port). An Audio whose tx is
// disabled hears nothing, not even the time that passes.
func (ep *Endpoint) ConfigurePort(ctx context.Context, port PortID, tx, rx PortOp) error {
	if tx < PortKeep || tx > PortEnable || rx < PortKeep || rx > PortEnable {
		return fmt.Errorf("pjsua: configure port %d: %v, %v", port, tx, rx)
	}
	return ep.do(ctx, func(t onThread) error {
		op := fmt.Sprintf("configure port %d", port)
		slot, err := port.slot(t)
		if err != nil {
			return fmt.Errorf("pjsua: %s: %w", op, err)
		}
		return t.fail(op, C.pjsua_conf_configure_port(slot, C.pjmedia_port_op(tx), C.pjmedia_port_op(rx)))
	})
}

// SignalLevel tells how loud a port was in the last tick (pjsua_conf_get_signal_level).
func (ep *Endpoint) SignalLevel(ctx context.Context, port PortID) (SignalLevel, error) {
	var tx, rx C.uint
	err := ep.do(ctx, func(t onThread) error {
		op := fmt.Sprintf("level of port %d", port)
		slot, err := port.slot(t)
		if err != nil {
			return fmt.Errorf("pjsua: %s: %w", op, err)
		}
		return t.fail(op, C.pjsua_conf_get_signal_level(slot, &tx, &rx))
	})
	return SignalLevel{TX: int(tx), RX: int(rx)}, err
}

// MaxPorts returns how many ports the bridge has room for, the sound device's included
// (pjsua_conf_get_max_ports).
func (ep *Endpoint) MaxPorts(ctx context.Context) (n int, err error) {
	err = ep.do(ctx, func(t onThread) error {
		n = int(C.pjsua_conf_get_max_ports())
		return nil
	})
	return n, err
}

// ActivePorts returns how many ports are in the bridge (pjsua_conf_get_active_ports).
func (ep *Endpoint) ActivePorts(ctx context.Context) (n int, err error) {
	err = ep.do(ctx, func(t onThread) error {
		n = int(C.pjsua_conf_get_active_ports())
		return nil
	})
	return n, err
}
