//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "bridge.h"
*/
import "C"

import "unsafe"

// arena holds C memory for the length of one call.
type arena struct{ ptrs []unsafe.Pointer }

// str returns s as a pj_str_t that lives until free.
func (a *arena) str(s string) C.pj_str_t {
	if s == "" {
		return C.pj_str_t{}
	}
	p := C.CString(s)
	a.ptrs = append(a.ptrs, unsafe.Pointer(p))
	return C.pj_str_t{ptr: p, slen: C.pj_ssize_t(len(s))}
}

// cstr returns s with a NUL behind it, also where it is empty.
func (a *arena) cstr(s string) *C.char {
	p := C.CString(s)
	a.ptrs = append(a.ptrs, unsafe.Pointer(p))
	return p
}

// strArray returns list as an array of pj_str_t that lives until free.
func (a *arena) strArray(list []string) *C.pj_str_t {
	array := (*C.pj_str_t)(a.zero(uintptr(max(len(list), 1)) * C.sizeof_pj_str_t))
	for i, s := range list {
		unsafe.Slice(array, len(list))[i] = a.str(s)
	}
	return array
}

// zero returns size bytes of zeroed C memory that live until free. The big structs of
// pjsua go there: they hold list heads that point to themselves, which cgo does
// not allow in Go memory.
func (a *arena) zero(size uintptr) unsafe.Pointer {
	p := C.calloc(1, C.size_t(size))
	a.ptrs = append(a.ptrs, p)
	return p
}

func (a *arena) free() {
	for _, p := range a.ptrs {
		C.free(p)
	}
	a.ptrs = nil
}

func goStr(s C.pj_str_t) string {
	if s.slen <= 0 {
		return ""
	}
	return C.GoStringN(s.ptr, C.int(s.slen))
}

// fail makes the error of an operation that returned status, with PJSIP's text.
func (onThread) fail(op string, status C.pj_status_t) error {
	if status == C.PJ_SUCCESS {
		return nil
	}
	var buf [C.PJ_ERR_MSG_SIZE]C.char
	text := goStr(C.pj_strerror(status, &buf[0], C.PJ_ERR_MSG_SIZE))
	return &Error{Op: op, Status: Status(status), text: text}
}

func cBool(b bool) C.pj_bool_t {
	if b {
		return C.PJ_TRUE
	}
	return C.PJ_FALSE
}

// newPool makes a pool of PJSIP's for the length of one call.
func newPool(t onThread, a *arena) (pool *C.pj_pool_t, release func(), err error) {
	pool = C.pjsua_pool_create(a.cstr("offhook"), 1024, 1024)
	if pool == nil {
		return nil, nil, t.fail("make a pool", C.PJ_ENOMEM)
	}
	return pool, func() { C.oh_pool_release(pool) }, nil
}
