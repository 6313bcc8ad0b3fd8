package load

import (
	"time"

	"golang.org/x/sys/windows"
)

// processTime is the time that all threads of the process have run.
func processTime() time.Duration {
	var created, ended, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &ended, &kernel, &user) != nil {
		return 0
	}
	// They are lengths of time, not moments.
	ticks := func(f windows.Filetime) int64 { return int64(f.HighDateTime)<<32 | int64(f.LowDateTime) }
	return time.Duration(ticks(kernel)+ticks(user)) * 100
}

// residentMemory is not known.
func residentMemory() uint64 { return 0 }

// machineTime is not known.
func machineTime() (busy, all time.Duration) { return 0, 0 }
