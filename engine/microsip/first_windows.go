package microsip

import (
	"fmt"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/offhook-voip/offhook/engine/config"
)

// handOverLimit is how long an instance that runs may take for a command line.
const handOverLimit = time.Minute

// First is the instance that runs already, when a second one is started.
type First struct{ window windows.HWND }

// FindFirst looks for it as MicroSIP does: a window of the class that no other one owns,
// in a process of the same program file. Copies in different folders are different
// programs. ok is false where there is none.
func FindFirst() (f First, ok bool) {
	own, err := programOf(windows.GetCurrentProcessId())
	if err != nil {
		return First{}, false
	}
	class, err := windows.UTF16PtrFromString(WindowClass)
	if err != nil {
		return First{}, false
	}
	const ofOwner = 4 // GW_OWNER
	for after := uintptr(0); ; {
		after, _, _ = findWindow.Call(0, after, uintptr(unsafe.Pointer(class)), 0)
		if after == 0 {
			return First{}, false
		}
		var process uint32
		// A window that is gone has no process, and 0 has no program.
		_, _ = windows.GetWindowThreadProcessId(windows.HWND(after), &process)
		if owner, _, _ := getWindow.Call(after, ofOwner); owner != 0 || process == windows.GetCurrentProcessId() {
			continue
		}
		if path, err := programOf(process); err == nil && strings.EqualFold(path, own) {
			return First{windows.HWND(after)}, true
		}
	}
}

// programOf returns the path of a process's program.
func programOf(process uint32) (string, error) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, process)
	if err != nil {
		return "", err
	}
	defer windows.CloseHandle(h)
	path := make([]uint16, 32<<10)
	size := uint32(len(path))
	if err := windows.QueryFullProcessImageName(h, 0, &path[0], &size); err != nil {
		return "", err
	}
	return windows.UTF16ToString(path[:size]), nil
}

// HandOver has it carry out a command line; taken is false where it refused. What is
// about the program is no command line for it: its end is asked for by WM_COMMAND, and
// where there is nothing to show or hide, nothing is sent.
func (f First) HandOver(dialect config.Dialect, line string) (taken bool, err error) {
	switch Parse(dialect, line)[0].Op {
	case Show, Minimize:
		return true, nil
	case Exit:
		result, err := f.send(wmCommand, idExit, 0)
		return result == 0, err
	}
	// As it is on the command line, with what a NUL in it would hide.
	text, err := windows.UTF16FromString(strings.ReplaceAll(line, "\x00", ""))
	if err != nil {
		return false, fmt.Errorf("microsip: command line: %w", err)
	}
	data := copyData{kind: 1, size: uint32(2 * len(text)), data: (*byte)(unsafe.Pointer(&text[0]))}
	result, err := f.send(wmCopyData, 0, uintptr(unsafe.Pointer(&data)))
	runtime.KeepAlive(&data)
	return result == CopyDataTaken, err
}

// send sends a message and returns what the window answered. SMTO_ABORTIFHUNG is not for
// it: a window that answered late is called hung until it takes its next message.
func (f First) send(msg uint32, wParam, lParam uintptr) (result uintptr, err error) {
	sent, _, err := sendMessageTimeout.Call(uintptr(f.window), uintptr(msg), wParam, lParam,
		0, uintptr(handOverLimit.Milliseconds()), uintptr(unsafe.Pointer(&result)))
	if sent == 0 {
		return 0, fmt.Errorf("microsip: the instance that runs does not answer: %w", err)
	}
	return result, nil
}
