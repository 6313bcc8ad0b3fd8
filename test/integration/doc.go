// Package integration tests the program offhook and package engine against real SIP
// peers: Asterisk, Kamailio and SIPp, which package peers starts. It has tests only,
// all with the build tag integration:
//
//	test/peers/install.sh
//	test/peers/netns.sh go test -tags integration ./test/integration
package integration
