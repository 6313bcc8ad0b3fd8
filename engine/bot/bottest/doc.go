// Package bottest is the far end of a call for tests of bots, in the same process: no
// network, no PJSIP, no sound.
//
//	func TestMenu(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			caller := bottest.Call(t, menu, bottest.Options{}) // menu is a bot.Handler
//			caller.Hears("press 1 for sales")
//			caller.Press("1")
//			caller.ExpectTransfer("sales")
//		})
//	}
//
// A [Caller] hears samples at the pace of a clock that ticks every 20 ms, and knows which
// prompt each of them is of: texts, which a voice of this package says, and files by their
// paths. What it says itself a recogniser of this package understands word for word, as far
// as it was listened to. In a bubble of testing/synctest the clock is not the machine's, and
// minutes of a call take milliseconds; every run is the same then.
//
// Waiting methods fail the test after [Options.Timeout], and tell what was heard instead.
package bottest
