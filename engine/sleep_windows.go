package engine

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32      = windows.NewLazySystemDLL("kernel32.dll")
	tickCount     = kernel32.NewProc("GetTickCount64")
	unbiasedClock = kernel32.NewProc("QueryUnbiasedInterruptTime")
)

// timeAsleep is how long the machine has slept since it was started.
func timeAsleep() time.Duration {
	var awake uint64 // in 100 ns
	if ok, _, _ := unbiasedClock.Call(uintptr(unsafe.Pointer(&awake))); ok == 0 {
		return 0
	}
	ms, _, _ := tickCount.Call()
	return time.Duration(ms)*time.Millisecond - time.Duration(awake)*100
}
