//go:build unix

package engine

import (
	"os/exec"
	"syscall"
	"time"
)

// ownGroup gives a command a process group of its own: a signal for the engine's
// terminal is not for it, and at the time limit what it started ends with it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
}
