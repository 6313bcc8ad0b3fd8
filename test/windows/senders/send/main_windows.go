// Send is messages.c, beside it, in Go: it sends window messages to MicroSIP's window and
// prints what each was answered.
//
//	send KIND TEXT...   WM_COPYDATA with dwData KIND for each text
//	send command ID...  WM_COMMAND
//	send close          WM_CLOSE
//	send storm N TEXT   N times TEXT, dwData 1 and 2 by turns; prints how many were taken
//	send title          the title of the window
//
// Exit code 1: there is no window.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32        = windows.NewLazySystemDLL("user32.dll")
	findWindow    = user32.NewProc("FindWindowW")
	sendMessage   = user32.NewProc("SendMessageW")
	getWindowText = user32.NewProc("GetWindowTextW")
)

const (
	wmClose    = 0x0010
	wmCopyData = 0x004a
	wmCommand  = 0x0111
)

// copyData is COPYDATASTRUCT.
type copyData struct {
	kind uintptr
	size uint32
	data *uint16
}

func main() {
	class, _ := windows.UTF16PtrFromString("MicroSIP")
	window, _, _ := findWindow.Call(uintptr(unsafe.Pointer(class)), 0)
	if window == 0 || len(os.Args) < 2 {
		os.Exit(1)
	}
	verb, args := os.Args[1], os.Args[2:]
	switch verb {
	case "command":
		for _, id := range args {
			result, _, _ := sendMessage.Call(window, wmCommand, uintptr(number(id)), 0)
			fmt.Println(result)
		}
	case "close":
		result, _, _ := sendMessage.Call(window, wmClose, 0, 0)
		fmt.Println(result)
	case "title":
		text := make([]uint16, 300)
		getWindowText.Call(window, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
		fmt.Println(windows.UTF16ToString(text))
	case "storm":
		taken := 0
		for i := range number(args[0]) {
			if send(window, uintptr(1+i%2), args[1]) == 0 {
				taken++
			}
		}
		fmt.Println(taken)
	default:
		for _, text := range args {
			fmt.Println(send(window, uintptr(number(verb)), text))
		}
	}
}

func send(window, kind uintptr, text string) uintptr {
	units, err := windows.UTF16FromString(text)
	if err != nil {
		panic(err)
	}
	data := copyData{kind, uint32(2 * len(units)), &units[0]}
	result, _, _ := sendMessage.Call(window, wmCopyData, 0, uintptr(unsafe.Pointer(&data)))
	runtime.KeepAlive(&data)
	return result
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}
