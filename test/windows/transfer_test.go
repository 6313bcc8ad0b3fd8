//go:build integration && linux

package windows

import (
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// offhook.exe transfers a call to somebody else, blind and after it has spoken to him, and is transferred itself.
func TestTransfers(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	win := startWindows(t, peers.StartWine(t), options{ini: accounts(k, "udp", "alice"), args: []string{"--accept-transfers-1", "1"}})
	lin := startLinux(t, options{ini: accounts(k, "udp", "carol", "dave"), args: []string{
		"--accept-transfers-1", "1", "--accept-replaces-2", "1",
	}})
	win.awaitRegistered(1)
	lin.awaitRegistered(2)

	t.Run("blind", func(t *testing.T) {
		ours, carol := win.connects(1, "carol", lin)
		lin.forget()
		_, err := win.Transfer(win.soon(), ours, api.TransferRequest{Target: "dave"})
		check(t, err)
		born := lin.await("CallTransferred", func(e event) bool { return e.Type == "CallTransferred" && e.Call == carol }).NewCall
		dave := lin.takes()
		lin.awaitState(born, "CONFIRMED")
		lin.awaitState(dave, "CONFIRMED")
		succeeds(win, ours)
		lin.ends(born, dave)
	})
	t.Run("attended", func(t *testing.T) {
		first, carol := win.connects(1, "carol", lin)
		_, err := win.Hold(win.soon(), first)
		check(t, err)
		win.awaitMedia(first, "LOCAL_HOLD")
		second, dave := win.connects(1, "dave", lin)
		lin.forget()
		_, err = win.Transfer(win.soon(), first, api.TransferRequest{To: second})
		check(t, err)
		born := lin.await("CallTransferred", func(e event) bool { return e.Type == "CallTransferred" && e.Call == carol }).NewCall
		takes := lin.await("CallReplaced", func(e event) bool { return e.Type == "CallReplaced" && e.Call == dave }).NewCall
		lin.awaitState(born, "CONFIRMED")
		lin.awaitState(takes, "CONFIRMED")
		succeeds(win, first)
		win.awaitEnd(second)
		lin.ends(born, takes)
	})
	t.Run("transferred", func(t *testing.T) {
		carol, ours := lin.connects(1, "alice", win)
		lin.forget()
		_, err := lin.Transfer(lin.soon(), carol, api.TransferRequest{Target: "dave"})
		check(t, err)
		born := win.await("CallTransferred", func(e event) bool { return e.Type == "CallTransferred" && e.Call == ours }).NewCall
		dave := lin.takes()
		win.awaitState(born, "CONFIRMED")
		succeeds(lin, carol)
		hearEachOther(win, born, lin, dave)
		win.ends(born)
		requireAllPackets(t, win.awaitEnd(born), lin.awaitEnd(dave))
	})
	win.stops()
	lin.stops()
}

// succeeds waits until a call has ended because its transfer worked.
func succeeds(p *phone, call api.CallID) {
	p.t.Helper()
	e := p.await("TransferEnded", func(e event) bool { return e.Type == "TransferEnded" && e.Call == call })
	if e.Outcome != "succeeded" {
		p.t.Errorf("%s: %+v", p.name, e)
	}
	p.awaitEnd(call)
}

// ends hangs up the first of the calls and waits for the end of all.
func (p *phone) ends(calls ...api.CallID) {
	p.t.Helper()
	_, err := p.Hangup(p.soon(), calls[0])
	check(p.t, err)
	for _, call := range calls {
		p.awaitEnd(call)
	}
}
