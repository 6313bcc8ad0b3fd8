// Package windows tests offhook.exe as a black box: the program for Windows runs under wine on Linux, without any X
// server, against Kamailio, SIPp and the program for Linux, which package peers starts. It has tests only, all with the
// build tag integration:
//
//	third_party/pjsip/build.sh --target windows-amd64
//	test/peers/install.sh
//	test/peers/netns.sh go test -tags integration ./test/windows
//
// Wine 8.0 has no AF_UNIX and neither Go's UDP sockets nor os.RemoveAll, so that these tests also show that offhook.exe
// needs none of them. Wine is not Windows: docs/windows.md says what was run where.
package windows
