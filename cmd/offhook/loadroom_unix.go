//go:build unix

package main

import "syscall"

// fileLimit is how many files and sockets the process may have open, 0 where that is not
// known.
func fileLimit() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil || l.Cur > 1<<30 {
		return 0
	}
	return int(l.Cur)
}
