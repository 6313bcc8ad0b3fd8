//go:build (race || asan) && cgo

package pjsua

func init() {
	growthAllowed *= 3 // the detector remembers threads that ended
	slow = true
}
