package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// timeAsleep is how long the machine has slept since it was started.
func timeAsleep() time.Duration {
	var boot, awake unix.Timespec
	// Awake first, so that what passes between the two does not look like negative sleep.
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - awake.Nano())
}
