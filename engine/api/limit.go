package api

import (
	"sync"
	"time"
)

// limiter is a token bucket for each of many names.
type limiter struct {
	rate  float64 // requests in a second
	burst float64
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// manyBuckets bounds what strangers can make us remember.
const manyBuckets = 10000

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, now: time.Now, buckets: make(map[string]bucket)}
}

// allow takes one request of name, or says how long to wait for it.
func (l *limiter) allow(name string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets[name]
	if !known {
		if len(l.buckets) >= manyBuckets {
			l.forgetLocked(now)
		}
		b.left = l.burst
	} else {
		b.left = min(l.burst, b.left+l.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if ok = b.left >= 1; ok {
		b.left--
	} else {
		wait = time.Duration((1 - b.left) / l.rate * float64(time.Second))
	}
	l.buckets[name] = b
	return wait, ok
}

// forgetLocked drops the buckets that are full again, or all of them when none is.
func (l *limiter) forgetLocked(now time.Time) {
	for name, b := range l.buckets {
		if b.left+l.rate*now.Sub(b.at).Seconds() >= l.burst {
			delete(l.buckets, name)
		}
	}
	if len(l.buckets) >= manyBuckets {
		clear(l.buckets)
	}
}
