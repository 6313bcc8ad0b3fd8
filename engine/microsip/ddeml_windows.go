package microsip

import "golang.org/x/sys/windows"

// DDEML, the DDE library of user32. See Microsoft's "Dynamic Data Exchange Management
// Library".
var (
	kernel32 = windows.NewLazySystemDLL("kernel32.dll")

	ddeInitialize         = user32.NewProc("DdeInitializeW")
	ddeUninitialize       = user32.NewProc("DdeUninitialize")
	ddeCreateStringHandle = user32.NewProc("DdeCreateStringHandleW")
	ddeQueryString        = user32.NewProc("DdeQueryStringW")
	ddeNameService        = user32.NewProc("DdeNameService")
	ddeGetData            = user32.NewProc("DdeGetData")
	ddeCreateDataHandle   = user32.NewProc("DdeCreateDataHandle")
	ddeGetLastError       = user32.NewProc("DdeGetLastError")

	peekMessage       = user32.NewProc("PeekMessageW")
	postThreadMessage = user32.NewProc("PostThreadMessageW")

	getLocaleInfo       = kernel32.NewProc("GetLocaleInfoW")
	wideCharToMultiByte = kernel32.NewProc("WideCharToMultiByte")
)

const (
	// Kinds of transactions.
	xtypConnect = 0x1062
	xtypExecute = 0x4050
	xtypRequest = 0x20b0

	// What the callback returns for an execute.
	ddeAck          = 0x8000
	ddeBusy         = 0x4000
	ddeNotProcessed = 0

	cbfFailSelfConnections  = 0x1000
	cbfFailAdvises          = 0x4000
	cbfFailPokes            = 0x10000
	cbfSkipAllNotifications = 0x3c0000

	dnsRegister   = 1
	dnsUnregister = 2

	cpWinUnicode = 1200 // of string handles
	cpUTF8       = 65001

	// Formats of data.
	cfText        = 1
	cfUnicodeText = 13

	wmQuit = 0x12
)
