//go:build !windows

package main

import (
	"os"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// programName is what the program was called by.
func programName() string { return os.Args[0] }

// oneText is the command line after the program's name, in one text.
func oneText(args []string) string { return strings.Join(args, " ") }

// handToFirst hands a command line to the instance that MicroSIP would, by a window
// message, which only Windows has.
func handToFirst(config.Dialect, string) (found bool, err error) { return false, nil }
