package main

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

// programName is the program's file, since who starts it may call it otherwise.
func programName() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return os.Args[0]
}

// oneText is the command line after the program's name as it was written, which args no
// longer are: quotes and white space of a text count.
func oneText([]string) string {
	return microsip.AfterProgram(windows.UTF16PtrToString(windows.GetCommandLine()))
}

// errNotTaken is MicroSIP's answer where nothing runs that could take a command line.
var errNotTaken = errors.New("the engine that runs took no command: it is about to end, or too many wait")

// handToFirst hands a command line to the instance that MicroSIP would, by a window
// message, where the program is called so. found is false where there is none.
func handToFirst(dialect config.Dialect, line string) (found bool, err error) {
	if !isMicroSIP(programName()) {
		return false, nil
	}
	first, ok := microsip.FindFirst()
	if !ok {
		return false, nil
	}
	taken, err := first.HandOver(dialect, line)
	if err == nil && !taken {
		err = errNotTaken
	}
	return true, err
}
