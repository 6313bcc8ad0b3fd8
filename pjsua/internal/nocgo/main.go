// Nocgo writes pjsua/nocgo.go: for everything that package pjsua exports from files
// that need cgo, a stub that compiles without it, so that programs which only talk to
// a running engine build with CGO_ENABLED=0. Run it from the root of the repository:
//
//	go run ./pjsua/internal/nocgo
//
// Types become opaque; functions return ErrNoCgo where they return an error, zero
// values otherwise. What cannot be had without C, such as a constant whose value is
// a C expression, is an error with its place: it belongs into a file without cgo.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	const dir = "pjsua"
	out, err := generate(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	name := filepath.Join(dir, output)
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, out) {
		return
	}
	if err := os.WriteFile(name, out, 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
