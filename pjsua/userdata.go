//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import "sync"

// userData are the values that programs attach to calls.
type userData struct {
	mu     sync.Mutex
	values map[CallID]any
	ended  []CallID // that have a value and have ended, oldest first
}

// keptUserData is how many ended calls keep their value: more than there can be in the
// Events channel, so that the consumer of a CallEnded finds it.
const keptUserData = 1024

// SetUserData attaches a value of the program to the call (pjsua_call_set_user_data); nil
// takes it back. It never waits.
func (c *Call) SetUserData(v any) {
	u := &c.ep.userData
	u.set(c.id, v)
	if C.oh_call_slot(C.int64_t(c.id)) < 0 {
		u.end(c.id)
	}
}

func (u *userData) set(id CallID, v any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if v == nil {
		delete(u.values, id)
		return
	}
	if u.values == nil {
		u.values = map[CallID]any{}
	}
	u.values[id] = v
}

// UserData returns what SetUserData attached, nil for nothing (pjsua_call_get_user_data).
// It stays after the end of the call until 1,024 more calls with a value have ended.
func (c *Call) UserData() any {
	u := &c.ep.userData
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.values[c.id]
}

// end notes that a call has ended, and drops the oldest value.
func (u *userData) end(id CallID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.values[id]; !ok {
		return
	}
	u.ended = append(u.ended, id)
	if len(u.ended) > keptUserData {
		delete(u.values, u.ended[0])
		u.ended = u.ended[1:]
	}
}
