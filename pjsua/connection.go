//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "conf.h"

static pjmedia_conf *conf_of(pjmedia_port *master) { return master ? master->port_data.pdata : NULL; }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A Node is what has a port in the conference bridge: a [Call], whose port changes with
// its media, and everything that has a Port method. [PortID] is one too.
type Node interface {
	// node returns how the port is found. On pjsua's thread.
	node(t onThread) nodeKey
}

// nodeKey names a node: a call and its stream, or a port that is still the same.
type nodeKey struct {
	call   CallID
	stream int // index of the media, -1 for the first audio
	port   PortID
}

// A PortID is the slot, and above it how many ports were removed from it before.
const slotBits = 16

func portID(p C.oh_port) PortID {
	if p.slot < 0 {
		return NoPort
	}
	return PortID(p.removed)<<slotBits | PortID(p.slot)
}

// port is what a PortID was made of.
func (id PortID) port() C.oh_port {
	if id < 0 {
		return C.oh_port{slot: -1}
	}
	return C.oh_port{slot: C.int32_t(id & (1<<slotBits - 1)), removed: C.uint32_t(id >> slotBits)}
}

// portIn names the port that is in a slot now.
func portIn(_ onThread, slot C.pjsua_conf_port_id) PortID { return portID(C.oh_conf_port(C.int(slot))) }

// slot is where the port is: ErrPortGone.
func (id PortID) slot(_ onThread) (C.pjsua_conf_port_id, error) {
	p := id.port()
	if p.slot < 0 || C.oh_conf_port(C.int(p.slot)) != p {
		return -1, ErrPortGone
	}
	return C.pjsua_conf_port_id(p.slot), nil
}

func (c *Call) node(onThread) nodeKey   { return nodeKey{call: c.id, stream: -1} }
func (id PortID) node(onThread) nodeKey { return nodeKey{port: id} }
func (a *Audio) node(onThread) nodeKey  { return nodeKey{port: a.at} }

func (p *Player) node(onThread) nodeKey {
	if p.c == nil {
		return nodeKey{port: NoPort}
	}
	return nodeKey{port: p.port}
}

func (r *Recorder) node(t onThread) nodeKey {
	if r.capture != nil {
		return r.capture.sides[0].node(t)
	}
	if r.c == nil {
		return nodeKey{port: NoPort}
	}
	return nodeKey{port: r.port}
}

// CallStream is one of several audio streams of a call, as a [Node].
type CallStream struct {
	call  *Call
	index int
}

// Stream returns the stream with this index in the SDP, which is that of [Media]. The
// Call itself stands for its first audio stream.
func (c *Call) Stream(index int) CallStream { return CallStream{c, index} }

func (s CallStream) node(onThread) nodeKey { return nodeKey{call: s.call.id, stream: s.index} }

// Connection is a connection of the bridge that lasts as long as its two ends: see
// [Endpoint.KeepConnected].
type Connection struct {
	ep       *Endpoint
	src, dst nodeKey

	// the executor's
	level            float64
	srcPort, dstPort C.oh_port // what is connected, while made
	made             bool
	over             bool
}

// connections are all Connections of an Endpoint, and the Audios of calls. What belongs
// to the executor is changed by it alone.
type connections struct {
	ep    *Endpoint
	all   map[*Connection]struct{} // the executor's
	swept int                      // the executor's: how many were left by the last sweep
	calls map[CallID][]callPart    // the executor's

	mu      sync.Mutex // guards what follows
	pending []callChange
	ready   chan struct{}
	quit    chan struct{}
	done    chan struct{}
}

// callPart is what belongs to a call.
type callPart interface {
	callPorts(t onThread) // its media changed; connections are made after this
	callEnded(t onThread)
}

type callChange struct {
	id   CallID
	over bool
}

func newConnections(ep *Endpoint) *connections {
	cs := &connections{
		ep: ep, all: map[*Connection]struct{}{}, calls: map[CallID][]callPart{},
		ready: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go cs.run()
	return cs
}

func (cs *connections) stop() {
	close(cs.quit)
	<-cs.done
}

// callChanged is told by the pump, which must not wait.
func (cs *connections) callChanged(id CallID, over bool) {
	cs.mu.Lock()
	cs.pending = append(cs.pending, callChange{id, over})
	cs.mu.Unlock()
	signal(cs.ready)
}

// run makes the connections of calls anew when their ports have changed, and ends them
// with the calls.
func (cs *connections) run() {
	defer close(cs.done)
	for {
		select {
		case <-cs.ready:
		case <-cs.quit:
			return
		}
		cs.mu.Lock()
		changes := cs.pending
		cs.pending = nil
		cs.mu.Unlock()
		_ = cs.ep.exec.do(context.Background(), func(t onThread) error {
			for _, change := range changes {
				cs.follow(t, change)
			}
			return nil
		})
	}
}

func (cs *connections) follow(t onThread, change callChange) {
	parts := cs.calls[change.id]
	if change.over {
		delete(cs.calls, change.id)
	}
	for _, part := range parts {
		if change.over {
			part.callEnded(t)
		} else {
			part.callPorts(t)
		}
	}
	for c := range cs.all {
		if c.src.call != change.id && c.dst.call != change.id {
			continue
		}
		if change.over {
			c.end(t)
		} else if _, err := c.connect(t); err != nil && !errors.Is(err, ErrNoMedia) {
			cs.ep.pump.logger.Warn("a connection was not made again", "error", err)
		}
	}
}

// join makes part end with the call, unless that has ended.
func (cs *connections) join(_ onThread, id CallID, part callPart) error {
	if C.oh_call_slot(C.int64_t(id)) < 0 {
		return ErrCallGone
	}
	cs.calls[id] = append(cs.calls[id], part)
	return nil
}

// leave takes back join.
func (cs *connections) leave(_ onThread, id CallID, part callPart) {
	parts := cs.calls[id]
	for i := range parts {
		if parts[i] == part {
			cs.calls[id] = append(parts[:i:i], parts[i+1:]...)
			break
		}
	}
	if len(cs.calls[id]) == 0 {
		delete(cs.calls, id)
	}
}

// find returns the port of a node: ErrCallGone, ErrPortGone, or ErrNoMedia while a call
// has none.
func (k nodeKey) find(t onThread) (C.oh_port, error) {
	if k.call == 0 {
		_, err := k.port.slot(t)
		return k.port.port(), err
	}
	var port C.oh_port
	slot := C.oh_call_slot(C.int64_t(k.call))
	if slot < 0 {
		return port, ErrCallGone
	}
	st := C.oh_conf_call_port(C.pjsua_call_id(slot), C.int(k.stream), &port)
	// Was it this call's all the time? A call loses its serial before it loses its slot.
	if C.oh_call_slot(C.int64_t(k.call)) != slot {
		return port, ErrCallGone
	}
	if st != C.PJ_SUCCESS {
		return port, ErrNoMedia
	}
	return port, nil
}

// KeepConnected makes dst hear src for as long as both are there: when the media of a
// call changes (hold, re-INVITE, another codec) the connection is made again with its new
// port, and while the call has no audio it waits for it. It ends when one of the two does,
// without ever reaching what uses the slot next (pjmedia_conf_connect_port). When both
// have their ports it returns when the bridge has made the connection, at its next tick.
func (ep *Endpoint) KeepConnected(ctx context.Context, src, dst Node, opts ConnectOptions) (*Connection, error) {
	level := opts.Level
	if level == 0 {
		level = 1
	}
	c := &Connection{ep: ep, level: max(level, 0)}
	var result chan Status
	err := ep.do(ctx, func(t onThread) (err error) {
		c.src, c.dst = src.node(t), dst.node(t)
		result, err = ep.conns.add(t, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, ep.await(ctx, result)
}

// add makes the connection, or leaves it waiting for media.
func (cs *connections) add(t onThread, c *Connection) (chan Status, error) {
	for other := range cs.all {
		if other.src == c.src && other.dst == c.dst {
			return nil, ErrConnected
		}
	}
	result, err := c.connect(t)
	if err != nil && !errors.Is(err, ErrNoMedia) {
		return nil, err
	}
	if len(cs.all) > 2*cs.swept+16 {
		cs.sweep(t)
		cs.swept = len(cs.all)
	}
	cs.all[c] = struct{}{}
	return result, nil
}

// sweep ends the connections of ports that are gone. It costs a look at each, so it is
// done when there are twice as many as were left the last time.
func (cs *connections) sweep(t onThread) {
	for c := range cs.all {
		for _, k := range []nodeKey{c.src, c.dst} {
			if _, err := k.find(t); k.call == 0 && err != nil {
				c.end(t)
			}
		}
	}
}

// await waits for an operation of the bridge, which may be none.
func (ep *Endpoint) await(ctx context.Context, result chan Status) error {
	if result == nil {
		return nil
	}
	select {
	case st := <-result:
		if st == 0 || st == C.PJ_EEXISTS {
			return nil
		}
		return ep.do(ctx, func(t onThread) error { return t.fail("connect", C.pj_status_t(st)) })
	case <-ctx.Done():
		return ctx.Err()
	case <-ep.gone:
		return ErrClosed
	}
}

// connect connects the ports that the ends have now, if they are others than before.
func (c *Connection) connect(t onThread) (chan Status, error) {
	src, err := c.src.find(t)
	if err != nil {
		return nil, err
	}
	dst, err := c.dst.find(t)
	if err != nil {
		return nil, err
	}
	if c.made && src == c.srcPort && dst == c.dstPort {
		return nil, nil
	}
	op := confOp{C.PJMEDIA_CONF_OP_CONNECT_PORTS, src.slot, dst.slot}
	result := c.ep.pump.expect(t, op)
	if st := C.oh_conf_connect(src, dst, confLevel(c.level)); st != C.PJ_SUCCESS {
		c.ep.pump.unexpect(op, result)
		switch {
		case c.src.call != 0 || c.dst.call != 0:
			return nil, ErrNoMedia // its media is just changing, or it is ending
		case st == C.PJ_EGONE:
			return nil, ErrPortGone
		}
		return nil, t.fail(fmt.Sprintf("connect port %d to %d", src.slot, dst.slot), st)
	}
	c.srcPort, c.dstPort, c.made = src, dst, true
	return result, nil
}

// confLevel is pjmedia's form of a gain.
func confLevel(gain float64) C.int { return C.int(gain*128+0.5) - 128 }

// end forgets a connection whose end is gone.
func (c *Connection) end(onThread) {
	c.over = true
	delete(c.ep.conns.all, c)
}

// SetLevel changes the gain of the connection (pjmedia_conf_adjust_conn_level): 1 is
// unchanged, 0 silent. It is in force from the next tick on. ErrPortGone: the connection
// has ended.
func (c *Connection) SetLevel(ctx context.Context, level float64) error {
	return c.ep.do(ctx, func(t onThread) error { return c.setLevel(t, level) })
}

func (c *Connection) setLevel(t onThread, level float64) error {
	if c.over {
		return ErrPortGone
	}
	c.level = max(level, 0)
	if !c.made {
		return nil
	}
	if st := C.oh_conf_level(c.srcPort, c.dstPort, confLevel(c.level)); st != C.PJ_SUCCESS && c.src.call == 0 && c.dst.call == 0 {
		return t.fail("set level", st)
	}
	return nil // a call's connection that is just changing is made with the new level
}

// Close takes the connection back, from the next tick on (pjmedia_conf_disconnect_port).
// A second Close, and one after an end has gone, do nothing.
func (c *Connection) Close(ctx context.Context) error {
	var result chan Status
	err := c.ep.do(ctx, func(t onThread) error {
		result = c.close(t)
		return nil
	})
	if err != nil {
		if errors.Is(err, ErrClosed) {
			return nil
		}
		return err
	}
	if result == nil {
		return nil
	}
	select {
	case <-result: // whatever it is, there is no connection any more
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.ep.gone:
		return nil
	}
}

// close asks the bridge to disconnect and returns where the answer comes, nil when there
// was nothing to do.
func (c *Connection) close(t onThread) chan Status {
	if c.over {
		return nil
	}
	c.end(t)
	if !c.made {
		return nil
	}
	op := confOp{C.PJMEDIA_CONF_OP_DISCONNECT_PORTS, c.srcPort.slot, c.dstPort.slot}
	result := c.ep.pump.expect(t, op)
	if C.oh_conf_disconnect(c.srcPort, c.dstPort) != C.PJ_SUCCESS {
		c.ep.pump.unexpect(op, result)
		return nil // a port is gone, and the connection with it
	}
	return result
}

// dropPort ends the connections of a port that was taken out.
func (cs *connections) dropPort(t onThread, port PortID) {
	for c := range cs.all {
		if c.src.call == 0 && c.src.port == port || c.dst.call == 0 && c.dst.port == port {
			c.end(t)
		}
	}
}

// attachConf tells cbridge the bridge that pjsua has made, detachConf that it goes.
func attachConf(_ onThread) { C.oh_conf_attach(C.conf_of(C.pjsua_set_no_snd_dev())) }
func detachConf(_ onThread) { C.oh_conf_attach(nil) }
