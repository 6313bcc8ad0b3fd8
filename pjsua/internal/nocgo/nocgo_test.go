package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommittedStubsAreUpToDate(t *testing.T) {
	want, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("../..", output))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("pjsua/nocgo.go is stale: run go run ./pjsua/internal/nocgo")
	}
}

const pureSource = `package pjsua

import "errors"

type PortID int

const NoPort PortID = -1

type Info struct{ A int }

var ErrNoCgo = errors.New("no cgo")

func Limits() int { return limits.n }
func Size(h *Handle) int { return h.size() }
`

const cgoSource = `//go:build cgo

package pjsua

import "C"
import (
	"context"
	"time"
)

type limit struct{ n int }

var limits = limit{n: C.MAX}

// Handle is a handle. It has more to say.
type Handle struct {
	port
	ep  *Endpoint
	id  int
	raw C.int
}

type port struct{ slot C.int }

func (p port) Port() PortID { return PortID(p.slot) }
func (p port) lost() C.int { return p.slot }

type Endpoint struct{ mu C.int }

// Mode is a mode.
type Mode uint8

const (
	ModeA Mode = iota
	ModeB
)

const Wait = pause * 2
const pause = time.Second

func (h *Handle) ID() int { return h.id }
func (h *Handle) size() int { return int(h.raw) }
func (h *Handle) Do(ctx context.Context, n int) (info Info, when time.Time, err error) { return }
func (ep *Endpoint) Handle(id int) *Handle { return &Handle{ep: ep, id: id} }
func (ep *Endpoint) Each(fn func(int)) { fn(int(C.x)) }
func Link() (a, b string) { return "x", "y" }
func Map[T any](in []T, n [2]int) (T, [2]int, map[string]int, Mode) { panic(1) }
`

func write(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestStubs(t *testing.T) {
	out, err := generate(write(t, "pure.go", pureSource, "noun.go", cgoSource, "noun_test.go", "package broken("))
	if err != nil {
		t.Fatal(err)
	}
	got := string(out)
	for _, want := range []string{
		"//go:build !cgo\n", "DO NOT EDIT.",
		"var limits limit\n", "// Handle is a handle.\ntype Handle struct {\n\tport\n\tid int\n}\n",
		"type Endpoint struct{}\n", "// Port returns NoPort without cgo.\nfunc (p port) Port() PortID { return NoPort }",
		"type Mode uint8\n", "ModeA Mode = iota\n\tModeB\n", "const Wait = pause * 2\n", "const pause = time.Second\n",
		"func (h *Handle) ID() int { return h.id }", "func (h *Handle) size() int { return 0 }",
		"(info Info, when time.Time, err error) {\n\treturn Info{}, time.Time{}, ErrNoCgo\n}",
		"func (ep *Endpoint) Handle(id int) *Handle { return &Handle{id: id} }",
		"func (ep *Endpoint) Each(fn func(int)) {}", `return "none", ""`,
		"func Map[T any](in []T, n [2]int) (T, [2]int, map[string]int, Mode) {\n\treturn *new(T), *new([2]int), nil, 0\n}",
		"import (\n\t\"context\"\n\t\"time\"\n)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not there: %s", want)
		}
	}
	for _, no := range []string{"lost", "raw", "C."} {
		if strings.Contains(strings.TrimPrefix(got, head), no) {
			t.Errorf("%q is there", no)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

// What has no meaning without C is named with its place.
func TestErrors(t *testing.T) {
	for src, want := range map[string]string{
		"const X = C.MAX":              "noun.go:4: the value of X is a C expression",
		"const (\n A = 1\n B = C.B\n)": "noun.go:6: the value of B is a C expression",
		"type T C.int":                 "noun.go:4: type T is made of C",
		"type T struct { F C.int }":    "noun.go:4: T.F is exported and of a C type",
		"func F(C.int) {}":             "noun.go:4: the signature of F has C types",
		"var limits = C.get()":         "noun.go:4: the type of limits",
	} {
		_, err := generate(write(t, "pure.go", pureSource, "noun.go", "//go:build cgo\n\npackage pjsua\n"+src+"\n"))
		if err == nil || !strings.Contains(err.Error(), strings.SplitN(want, ": ", 2)[1]) ||
			!strings.Contains(err.Error(), strings.SplitN(want, ": ", 2)[0]) {
			t.Errorf("%s: %v, want %s", src, err, want)
		}
	}
}
