package pjsua

import (
	"fmt"
	"time"
)

// Impairment spoils the RTP of a call on purpose, to test what stands it. It goes for each
// stream of a call from its beginning, so it is said beforehand, in the policy of the
// account or the endpoint. RTCP arrives as it is.
type Impairment struct {
	TX, RX PathImpairment // of what is sent, and of what is received
}

// PathImpairment is what packets in one direction suffer.
type PathImpairment struct {
	// Drop is how many percent of the packets are lost, at random. 0 is as [MediaConfig]
	// says.
	Drop int
	// Delay holds up each packet, and Jitter holds it up by a random time up to that
	// besides, to 10 s. A packet does not overtake another by it. While there is one in the
	// direction of reception, a far end whose address changes is not followed.
	Delay, Jitter time.Duration
	// Duplicate is how many percent of the packets come twice, one after the other. Under
	// SRTP none is sent twice: libsrtp refuses to (RFC 3711 section 3.3.2).
	Duplicate int
	// Reorder is how many percent of the packets come after the next one.
	Reorder int
	// Seed makes chance repeat itself: calls with the same seed, not 0, lose the same
	// packets, counted from the first. What waits for a time may differ all the same.
	Seed uint64
}

// maxImpairDelay bounds what waits.
const maxImpairDelay = 10 * time.Second

// Validate checks the shares and times.
func (i Impairment) Validate() error {
	for _, p := range []PathImpairment{i.TX, i.RX} {
		for _, share := range []int{p.Drop, p.Duplicate, p.Reorder} {
			if share < 0 || share > 100 {
				return fmt.Errorf("pjsua: impairment %+v: a share is 0 to 100 percent", p)
			}
		}
		for _, d := range []time.Duration{p.Delay, p.Jitter} {
			if d < 0 || d > maxImpairDelay {
				return fmt.Errorf("pjsua: impairment %+v: a time is 0 to %v", p, maxImpairDelay)
			}
		}
	}
	return nil
}
