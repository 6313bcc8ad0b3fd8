package microsip

import "golang.org/x/sys/windows"

var (
	user32 = windows.NewLazySystemDLL("user32.dll")

	registerClass      = user32.NewProc("RegisterClassExW")
	createWindow       = user32.NewProc("CreateWindowExW")
	destroyWindow      = user32.NewProc("DestroyWindow")
	defWindowProc      = user32.NewProc("DefWindowProcW")
	getMessage         = user32.NewProc("GetMessageW")
	dispatchMessage    = user32.NewProc("DispatchMessageW")
	postMessage        = user32.NewProc("PostMessageW")
	postQuitMessage    = user32.NewProc("PostQuitMessage")
	inSendMessage      = user32.NewProc("InSendMessage")
	setWindowText      = user32.NewProc("SetWindowTextW")
	findWindow         = user32.NewProc("FindWindowExW")
	sendMessageTimeout = user32.NewProc("SendMessageTimeoutW")
	getWindow          = user32.NewProc("GetWindow")
)

// The messages.
const (
	wmClose           = 0x0010
	wmQueryEndSession = 0x0011
	wmEndSession      = 0x0016
	wmCopyData        = 0x004a
	wmCommand         = 0x0111
	wmSysCommand      = 0x0112
	wmApp             = 0x8000
	wmTitle           = wmApp + 1 // the title changed
	wmEnd             = wmApp + 2 // Close was called
)

// windowClass is WNDCLASSEXW.
type windowClass struct {
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background windows.Handle
	menuName, className                *uint16
	smallIcon                          windows.Handle
}

// message is MSG.
type message struct {
	window         windows.HWND
	message        uint32
	wParam, lParam uintptr
	time           uint32
	x, y           int32
	private        uint32
}

// copyData is COPYDATASTRUCT.
type copyData struct {
	kind uintptr
	size uint32 // in bytes
	data *byte
}
