package api

import (
	"errors"
	"fmt"
	"strings"
)

// What a named pipe of Windows is called and who may use it. Accounts are SIDs in their
// string form, such as S-1-5-18.

const (
	pipePrefix = `\\.\pipe\`
	maxPipe    = 256 // characters of a pipe's whole name

	sidSystem         = "S-1-5-18"
	sidAdministrators = "S-1-5-32-544"
)

// pipeName returns the name of the pipe for a configuration file, of which name is what
// tells it from others, or for none. Pipes have no folders of users: engines without a
// file are told apart by their users, those with one are the same whoever looks for them,
// so that an administrator finds that of a service.
func pipeName(name, user string) string {
	if name == "" {
		name = user
	}
	return pipePrefix + "offhook-" + name
}

// checkPipe says what is wrong with the name of a pipe.
func checkPipe(path string) error {
	if len(path) <= len(pipePrefix) || !strings.EqualFold(path[:len(pipePrefix)], pipePrefix) {
		return errors.New(`not the name of a named pipe of this machine, such as \\.\pipe\offhook`)
	}
	if len(path) > maxPipe {
		return fmt.Errorf("longer than %d characters, which is all that a pipe's name takes", maxPipe)
	}
	return nil
}

// pipeAccess is who may use an engine's pipe, in the security descriptor definition
// language: its user, and those who can become everybody anyway, the system and elevated
// administrators; so root may use everybody's Unix socket. Nobody inherits more (P), and
// the owner is the user also where the process is elevated, since clients look at it.
func pipeAccess(user string) string {
	return fmt.Sprintf("O:%[1]sD:P(A;;FA;;;%[1]s)(A;;FA;;;SY)(A;;FA;;;BA)", user)
}

// checkPipeOwner says that a pipe is neither the user's nor the system's. administrator is
// whether the process is one, elevated: such a one may use everybody's.
func checkPipeOwner(owner, me string, administrator bool) error {
	if administrator || owner == me || owner == sidSystem || owner == sidAdministrators {
		return nil
	}
	return errors.New("it belongs to another user")
}
