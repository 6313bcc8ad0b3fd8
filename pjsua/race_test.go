//go:build race && cgo

package pjsua

func init() { growthAllowed *= 3 } // the detector remembers threads that ended
