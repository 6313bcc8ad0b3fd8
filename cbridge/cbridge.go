//go:build cgo

// Package cbridge is the C half of the binding: it turns pjsua's callbacks into
// records on queues which package pjsua empties. It has no Go API.
//
// It is a package of its own, and not C files that package pjsua includes, because
// Go's build cache sees C files only in the package's own folder.
package cbridge

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra
#cgo pkg-config: libpjproject
#cgo windows LDFLAGS: -static
#include "bridge.h"

_Static_assert(OH_ABI == 10, "bridge.h and ABI in cbridge.go differ");
*/
import "C"

// ABI is the version of bridge.h that this package was compiled with.
const ABI = 10
