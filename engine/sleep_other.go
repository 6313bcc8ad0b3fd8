//go:build !linux && !windows

package engine

import "time"

// timeAsleep is not known here.
func timeAsleep() time.Duration { return 0 }
