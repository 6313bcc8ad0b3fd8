package pjsua

import "fmt"

// Impairment spoils the RTP of a call on purpose, to test what stands it. It goes for each
// stream of a call from its beginning, so it is said beforehand, in the policy of the
// account or the endpoint. RTCP arrives.
type Impairment struct {
	// TXDrop and RXDrop are how many percent of the packets are lost, at random: of those
	// sent and of those received (pjmedia_transport_simulate_lost). 0 is as [MediaConfig]
	// says; 1 loses 2, which is the least that pjmedia does.
	TXDrop, RXDrop int
}

// Validate checks the shares.
func (i Impairment) Validate() error {
	for _, share := range []int{i.TXDrop, i.RXDrop} {
		if share < 0 || share > 100 {
			return fmt.Errorf("pjsua: impairment %+v: a share is 0 to 100 percent", i)
		}
	}
	return nil
}
