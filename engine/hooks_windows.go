package engine

import (
	"os/exec"
	"syscall"
	"time"
)

// ownGroup keeps a command from opening a window, as MicroSIP does.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	cmd.WaitDelay = time.Second
}
