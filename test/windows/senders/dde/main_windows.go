// Dde is a DDE client in Go: it executes commands and prints items.
//
//	dde control "[Dial(1001)]"...  executes, at the topic control
//	dde call -r State -r Number    prints items
//	dde control storm N COMMANDS   N times; prints how many were acknowledged
//
// Exit code 1: nobody offers the service; 2: something was refused.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32       = windows.NewLazySystemDLL("user32.dll")
	initialize   = user32.NewProc("DdeInitializeW")
	uninitialize = user32.NewProc("DdeUninitialize")
	createString = user32.NewProc("DdeCreateStringHandleW")
	connect      = user32.NewProc("DdeConnect")
	disconnect   = user32.NewProc("DdeDisconnect")
	transaction  = user32.NewProc("DdeClientTransaction")
	getData      = user32.NewProc("DdeGetData")
)

const (
	xtypExecute = 0x4050
	xtypRequest = 0x20b0
	unicodeText = 13
	limit       = 60_000 // ms
)

var (
	errNobody  = errors.New("nobody offers the service")
	errRefused = errors.New("refused")
)

// client is a client of DDEML, all of whose functions are called by one thread.
type client struct{ instance uint32 }

func (c *client) text(s string) uintptr {
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		return 0
	}
	const unicode = 1200
	h, _, _ := createString.Call(uintptr(c.instance), uintptr(unsafe.Pointer(p)), unicode)
	return h
}

// converse has a conversation about topic.
func (c *client) converse(topic string, do func(conversation uintptr) error) error {
	talk, _, _ := connect.Call(uintptr(c.instance), c.text("MicroSIP"), c.text(topic), 0)
	if talk == 0 {
		return errNobody
	}
	defer disconnect.Call(talk)
	return do(talk)
}

func execute(talk uintptr, commands string) error {
	units, err := windows.UTF16FromString(commands)
	if err != nil {
		return err
	}
	r, _, _ := transaction.Call(uintptr(unsafe.Pointer(&units[0])), uintptr(2*len(units)), talk, 0, 0, xtypExecute, limit, 0)
	if r == 0 {
		return errRefused
	}
	return nil
}

func (c *client) request(talk uintptr, item string) error {
	h, _, _ := transaction.Call(0, 0, talk, c.text(item), unicodeText, xtypRequest, limit, 0)
	if h == 0 {
		return errRefused
	}
	units := make([]uint16, 4096)
	getData.Call(h, uintptr(unsafe.Pointer(&units[0])), uintptr(2*len(units)), 0)
	fmt.Println(windows.UTF16ToString(units))
	return nil
}

func (c *client) run(topic string, args []string) error {
	if len(args) == 3 && args[0] == "storm" {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		taken := 0
		err = c.converse(topic, func(talk uintptr) error {
			for range n {
				if execute(talk, args[2]) == nil {
					taken++
				}
			}
			return nil
		})
		fmt.Println(taken)
		return err
	}
	item := false
	for _, arg := range args {
		if arg == "-r" {
			item = true
			continue
		}
		// A conversation for each: the DDEML of wine spoils the request after a request.
		if err := c.converse(topic, func(talk uintptr) error {
			if item {
				return c.request(talk, arg)
			}
			return execute(talk, arg)
		}); err != nil {
			return err
		}
		item = false
	}
	return nil
}

func main() {
	runtime.LockOSThread()
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: dde TOPIC COMMANDS... | -r ITEM | storm N COMMANDS")
		os.Exit(1)
	}
	var c client
	const clientOnly = 0x10
	nothing := windows.NewCallback(func(a, b, c, d, e, f, g, h uintptr) uintptr { return 0 })
	if r, _, _ := initialize.Call(uintptr(unsafe.Pointer(&c.instance)), nothing, clientOnly, 0); r != 0 {
		fmt.Fprintf(os.Stderr, "DdeInitialize: %#x\n", r)
		os.Exit(1)
	}
	err := c.run(os.Args[1], os.Args[2:])
	uninitialize.Call(uintptr(c.instance))
	switch {
	case errors.Is(err, errNobody):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
