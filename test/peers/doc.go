// Package peers starts real SIP peers for the integration tests: Asterisk, Kamailio, SIPp, coturn, baresip, a private
// PulseAudio with two sound cards, and a private Windows for programs, [Wine].
//
// The programs come from the distribution; install.sh in this folder installs them. The tests run in a network
// namespace that has nothing but loopback, so that no packet can leave the machine, no name is looked up and no
// port is anybody else's:
//
//	test/peers/install.sh
//	test/peers/netns.sh go test -tags integration ./test/peers
//
// A test starts with [RequireNetns], which fails outside such a namespace. Every Start function takes the test,
// waits until the peer really serves, and stops it by its own process id when the test ends. A peer that ends by
// itself, or that has to be killed, fails the test and shows the end of its log. Everything a peer writes is
// below the test's temporary directory, apart from what its clients write.
//
// The accounts and extensions of Asterisk stand at type [Asterisk], those of Kamailio at [Kamailio].
//
// Ports are chosen at the start from 10000 to 32767, below the range from which Linux takes ephemeral ports, and
// are held until the test ends: a peer that is stopped and started again finds its ports free.
//
// Functions and methods that return no error end the test when they fail, so that only the test's own goroutine
// may call them. The addresses are plain fields and never change.
package peers

// Loopback is the address that every peer listens on; Loopback6 that of those which speak IPv6 too.
const (
	Loopback  = "127.0.0.1"
	Loopback6 = "::1"
)
