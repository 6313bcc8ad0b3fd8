//go:build integration && linux

package peers

import (
	"testing"
	"time"
)

func TestSIPpLoad(t *testing.T) {
	for _, tcp := range []bool{false, true} {
		uas := StartUAS(t, UAS{TCP: tcp, Provisional: []int{180}})
		uac := StartUAC(t, UAC{URI: "sip:load@" + uas.Addr, Addr: uas.Addr, TCP: tcp, Calls: 50, Rate: 50, Duration: 200 * time.Millisecond})
		want := Stats{Created: 50, Successful: 50}
		got := uac.Wait(20 * time.Second)
		got.Retransmissions = 0 // a busy machine may retransmit
		if got != want {
			t.Errorf("UAC: %+v", got)
		}
		if got := uas.Stop(); got.Created != 50 || got.Successful != 50 || got.Failed != 0 {
			t.Errorf("UAS: %+v", got)
		}
	}
}
