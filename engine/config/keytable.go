package config

import (
	"slices"
	"strconv"
)

const (
	// noFlag in a table row marks the state of a window: such a key is accepted in
	// a file, but is neither a flag nor a variable.
	noFlag = "-"
	// maxSeconds is what fits a signed 32-bit number of milliseconds.
	maxSeconds = 2147483
	maxInt     = 1<<31 - 1
)

// DefaultCodecs is the default of audioCodecs: MicroSIP's two, then the wide-band
// codecs that most peers take. Few of them, since each makes the INVITE longer.
const DefaultCodecs = "PCMA/8000/1 PCMU/8000/1 G722/16000/1 opus/48000/2"

// keyTable is the one place where a key is declared.
var keyTable = slices.Concat(settingKeys, guiKeys(), accountKeys, ruleKeys)

var settingKeys = []Key{
	{Name: "dialect", Type: Choice, Choices: []string{"documented", "strict"}, Default: "documented", Status: Active, Own: true,
		Doc: "Whose reading of the interface holds where MicroSIP's documentation and MicroSIP differ: `documented` follows the documentation, `strict` the program. It also chooses some defaults, which their keys tell."},

	// Network.
	{Name: "sourcePort", Type: Port, Max: 65535, Default: "0", Status: Active,
		Doc: "Local SIP port of UDP and TCP; TLS listens on the next one. 0 is any free port."},
	{Name: "bindAddress", Type: IPAddress, Status: Active, Own: true,
		Doc: "Local IP address of SIP and RTP. Empty is all addresses."},
	{Name: "rtpPortMin", Type: Port, Max: 65535, Default: "0", Status: Active,
		Doc: "First UDP port for media. 0 is any free port."},
	{Name: "rtpPortMax", Type: Port, Max: 65535, Default: "0", Status: Active,
		Doc: "Last UDP port for media. 0 is 65535 where rtpPortMin is set."},
	{Name: "mediaPortMin", Type: Port, Max: 65535, Alias: "rtpPortMin", Status: Active, Own: true,
		Doc: "Another name of rtpPortMin."},
	{Name: "mediaPortMax", Type: Port, Max: 65535, Alias: "rtpPortMax", Status: Active, Own: true,
		Doc: "Another name of rtpPortMax."},
	{Name: "tlsCAFile", Type: Path, Status: Active, Own: true,
		Doc: "PEM file of the certificate authorities that servers are checked against. Empty is the system's."},
	{Name: "tlsCertFile", Type: Path, Status: Active, Own: true,
		Doc: "PEM file of the own certificate, for incoming TLS and for servers that ask for one. Needs tlsKeyFile."},
	{Name: "tlsKeyFile", Type: Path, Status: Active, Own: true,
		Doc: "PEM file of the private key of tlsCertFile."},
	{Name: "tlsVerify", Type: Bool, Default: "1", Status: Active, Own: true,
		Doc: "0 accepts any certificate of a server."},
	{Name: "userAgent", Type: Text, Status: Active,
		Doc: "Value of the User-Agent header. Empty is Offhook's name and version."},
	{Name: "dnsSrv", Type: Bool, Default: "0", Status: Active,
		Doc: "Resolve servers by DNS SRV (RFC 3263) with the servers of dnsSrvNs."},
	{Name: "dnsSrvNs", Type: IPAddrs, Max: 4, Status: Active,
		Doc: "Up to four name servers for dnsSrv."},
	{Name: "enableSTUN", Type: Bool, Default: "0", Status: Active,
		Doc: "Find the public address with the servers of STUN."},
	{Name: "STUN", Type: HostPorts, Max: 8, Status: Active,
		Doc: "Up to eight STUN servers, tried in order."},
	{Name: "rport", Type: Bool, Default: "1", Status: Active,
		Doc: "Ask for symmetric response routing (RFC 3581). 0 has servers answer to the address that the machine thinks it has."},
	{Name: "networkChanges", Type: Bool, Default: "1", Status: Active,
		Doc: "Register again, and tell calls, when the machine's addresses change. Not with bindAddress."},
	{Name: "portKnockerHost", Type: Host, Status: Active,
		Doc: "Host to send port knocks to before registering. Empty is the account's server."},
	{Name: "portKnockerPorts", Type: Text, Status: Active,
		Doc: "Ports to knock on, separated by commas."},
	{Name: "enableLocalAccount", Type: Bool, Default: "0", Status: Active,
		Doc: "Have the local account, number 0, for calls without a registrar. Where the key is absent, the account exists when one of its keys is set."},

	// Audio.
	{Name: "audioCodecs", Type: CodecIDs, Default: DefaultCodecs, Status: Active,
		Doc: "Codecs that may be used, the preferred first, each name/clock rate/channels. Codecs that are not listed are off, but for accounts whose accountCodecs lists them. MicroSIP's own default is the first two."},
	{Name: "forceCodec", Type: Bool, Default: "0", Status: Active,
		Doc: "Of the codecs that an incoming call offers take the one that comes first in audioCodecs or accountCodecs, and not the caller's first."},
	{Name: "audioInputDevice", Type: Text, Status: Active,
		Doc: "Name of the capture device, as `offhook devices` prints it. Empty is no sound card."},
	{Name: "audioOutputDevice", Type: Text, Status: Active,
		Doc: "Name of the playback device, as `offhook devices` prints it. Empty is no sound card, and so it is on a machine that has none at all."},
	{Name: "audioRingDevice", Type: Text, Status: Kept,
		Doc: "Name of the device that rings. One device is open at a time: audioOutputDevice."},
	{Name: "VAD", Type: Bool, Default: "0", Status: Active,
		Doc: "Send no RTP while the microphone is silent."},
	{Name: "EC", Type: Bool, Default: "1", Status: Active,
		Doc: "Cancel echo of the playback device."},
	{Name: "opusStereo", Type: Bool, Default: "0", Status: Active,
		Doc: "Stereo Opus at 96 kbit/s. Calls are mixed in two channels then, WAV recordings have two, and EC is off."},
	{Name: "micAmplification", Type: Bool, Default: "0", Status: Active, Doc: "Amplify the microphone: volumeInput 50 leaves it as it is, 100 makes it twice as loud."},
	{Name: "swLevelAdjustment", Type: Bool, Default: "0", Status: Active, Doc: "Set the microphone's level in software always. 0 asks the device first; that ALSA's cannot, and micAmplification needs software too."},
	{Name: "volumeInput", Type: Integer, Max: 100, Default: "100", Status: Active, Doc: "Level of the microphone, per cent; there must be a sound card."},
	{Name: "volumeOutput", Type: Integer, Max: 100, Default: "100", Status: Active, Doc: "Level at which calls are heard and recorded, per cent."},
	{Name: "volumeRing", Type: Integer, Max: 100, Default: "100", Status: Active, Doc: "Level of ringingSound, per cent."},
	{Name: "ringingSound", Type: Path, Status: Active,
		Doc: "WAV file that audioOutputDevice plays again and again while a call rings and nobody speaks. Empty is none; MicroSIP has one of its own then."},
	{Name: "localDTMF", Type: Bool, Default: "1", Status: Active,
		Doc: "With audioOutputDevice: play the digits that are sent, and a beep when another call waits or a call is answered by itself."},
	{Name: "DTMFMethod", Type: Integer, Max: 3, Default: "0", Status: Active,
		Doc: "How digits are sent: 0 by RFC 4733 where the peer takes it, else in-band; 1 in-band; 2 RFC 4733; 3 SIP INFO."},

	// Incoming calls.
	{Name: "autoAnswer", Type: Choice, Choices: []string{"", "button", "header", "all"}, Default: "button", Status: Active,
		Doc: "Which incoming calls are answered: none (empty); `button`, while AA is 1; `header`, when the INVITE asks for it; `all`."},
	{Name: "AA", Type: Bool, Default: "0", Status: Active, Doc: "The switch of `autoAnswer = button`."},
	{Name: "autoAnswerDelay", Type: Seconds, Max: maxSeconds, Default: "0", Status: Active,
		Doc: "How long an incoming call rings before it is answered."},
	{Name: "autoAnswerNumber", Type: Text, Status: Active,
		Doc: "Masks with * and ? of the callers that are answered, separated by ; or |. Empty is everybody."},
	{Name: "autoAnswerCalls", Type: Choice, Choices: []string{"", "hold", "all"}, Default: "all", Status: Active,
		Doc: "Auto answer while there are other calls: never (empty); `hold`, when all are on hold; `all`. MicroSIP's default is empty, and so it is here with `dialect = strict`."},
	{Name: "autoAnswerModes", Type: Bool, Default: "0", Status: Active, Own: true,
		Doc: "1 lets `autoAnswer = header` heed Alert-Info with `info=alert-autoanswer`, `Auto Answer` and the like, and Answer-Mode and Priv-Answer-Mode (RFC 5373) too."},
	{Name: "duplicateCalls", Type: Bool, Default: "1", Status: Active, Own: true,
		Doc: "0 refuses an incoming call with 486 while there is a call with the same user and host. MicroSIP does, and so it is here with `dialect = strict`."},
	{Name: "playOnAnswer", Type: Path, Status: Active, Own: true,
		Doc: "WAV file that is played to the caller when an incoming call was answered."},
	{Name: "callWaiting", Type: Bool, Default: "1", Status: Active,
		Doc: "0 refuses an incoming call with 486 while there is another call."},
	{Name: "maxConcurrentCalls", Type: Integer, Max: maxInt, Default: "0", Status: Active,
		Doc: "Calls at a time, the new one included; more are refused with 486. 0 is no bound."},
	{Name: "accountId", Type: Integer, Max: maxAccount, Default: "0", Status: Active,
		Doc: "Number of the account that dials where a call names none. 0 is the first one that is registered. In MicroSIP it is the only one that registers."},
	{Name: "maxCalls", Type: Integer, Max: maxInt, Default: "0", Status: Active, Own: true,
		Doc: "Calls that the stack makes room for. 0 is as many as PJSIP was compiled for."},
	{Name: "singleMode", Type: Bool, Default: "0", Status: Active,
		Doc: "1 ends other calls when one is dialled or answered. MicroSIP's default is 1, and so it is here with `dialect = strict`."},
	{Name: "denyIncoming", Type: Choice, Choices: []string{"", "button", "user", "domain", "userdomain", "remotedomain", "all"}, Default: "button", Status: Active,
		Doc: "Which incoming calls are refused with 486: none (empty); `button`, while DND is 1; those to another `user`, `domain` or either (`userdomain`) than the account's; those from another domain (`remotedomain`); `all`."},
	{Name: "DND", Type: Bool, Default: "0", Status: Active, Doc: "The switch of `denyIncoming = button`."},
	{Name: "forwarding", Type: Choice, Choices: []string{"", "button", "all"}, Status: Active,
		Doc: "Which incoming calls are forwarded to forwardingNumber: none (empty); `button`, while FWD is 1; `all`."},
	{Name: "FWD", Type: Bool, Default: "0", Status: Active, Doc: "The switch of `forwarding = button`."},
	{Name: "forwardingNumber", Type: Text, Status: Active, Doc: "Where calls are forwarded to."},
	{Name: "forwardingDelay", Type: Seconds, Max: maxSeconds, Default: "0", Status: Active,
		Doc: "How long a call rings before it is forwarded."},

	// Calls.
	{Name: "autoHangUpTime", Type: Seconds, Max: maxSeconds, Default: "0", Status: Active,
		Doc: "A call is ended so long after it was answered. 0 is never."},
	{Name: "qualityInterval", Type: Seconds, Max: 3600, Default: "0", Status: Active, Own: true,
		Doc: "The event CallQuality tells so often how good the audio of each answered call is. 0 is never."},
	{Name: "autoRecording", Type: Bool, Default: "0", Status: Active, Doc: "Record every answered call."},
	{Name: "recordingPath", Type: Path, Default: "Recordings", Status: Active, Doc: "Folder of recordings."},
	{Name: "recordingFormat", Type: Choice, Choices: []string{"", "wav", "stereo", RecordingMP3, RecordingOpus}, Default: "wav", Status: Active,
		Doc: "Format of recordings: `wav`; `stereo`, WAV with the far end on the left and us on the right; `opus`, Opus in Ogg; `mp3`, and the empty value as in MicroSIP, by the program lame, and WAV where that is not there."},
	{Name: "featureCodeCP", Type: Text, Default: "**", Status: Active, Doc: "Code that picks up a call: it is called with the extension after it."},
	{Name: "featureCodeBT", Type: Text, Default: "##", Status: Active, Doc: "Code of a blind transfer: it is sent as digits with the number after it."},
	{Name: "featureCodeAT", Type: Text, Default: "*2", Status: Active, Doc: "Code of an attended transfer, likewise."},
	{Name: "enableFeatureCodeCP", Type: Bool, Default: "1", Status: Active, Doc: "Use featureCodeCP."},
	{Name: "enableFeatureCodeBT", Type: Bool, Default: "0", Status: Active, Doc: "Transfer by featureCodeBT and not by REFER."},
	{Name: "enableFeatureCodeAT", Type: Bool, Default: "0", Status: Active, Doc: "Consult by featureCodeAT and not by a call."},
	{Name: "featureCodePark", Type: Text, Default: "700", Status: Active, Own: true,
		Doc: "Number of the car park: a call is parked by a transfer to it, with the slot after it where one is named."},
	{Name: "featureCodeRetrieve", Type: Text, Status: Active, Own: true,
		Doc: "What is called before the slot of a parked call to get it back. Empty is the slot alone."},
	{Name: "autoHold", Type: Bool, Default: "0", Status: Active, Own: true,
		Doc: "1 puts other calls on hold when one is dialled, answered or resumed, as MicroSIP does, and so it is here with `dialect = strict`."},
	{Name: "AC", Type: Bool, Default: "0", Status: Active,
		Doc: "Automatic conference: a call that is answered joins the others that are not on hold."},
	{Name: "disableNameLookup", Type: Bool, Default: "0", Status: Active, Doc: "Do not replace a caller's name by the contact's."},
	{Name: "disableMessaging", Type: Bool, Default: "0", Status: Active, Doc: "Send no SIP MESSAGE, and drop those that come."},
	{Name: "usersDirectory", Type: Text, Status: Active, Doc: "URL that contacts are loaded from: CSV, JSON or XML. `{username}`, `{password}`, `{md5_password}`, `{server}`, `{domain}`, `{label}`, `{time}` and `{version}` are filled in."},

	// Hooks: a program and its arguments; the caller's or called number is added.
	{Name: "cmdOutgoingCall", Type: Text, Status: Active, Doc: "Command when an INVITE was sent."},
	{Name: "cmdIncomingCall", Type: Text, Status: Active, Doc: "Command when an INVITE came, whatever is decided about it."},
	{Name: "cmdCallRing", Type: Text, Status: Active, Doc: "Command when an incoming call rings."},
	{Name: "cmdCallAnswer", Type: Text, Status: Active, Doc: "Command when an incoming call was answered."},
	{Name: "cmdCallAnswerVideo", Type: Text, Status: Active, Doc: "Command when an incoming call that offers video was answered."},
	{Name: "cmdCallBusy", Type: Text, Status: Active, Doc: "Command when a call ended with 486, 600 or 603."},
	{Name: "cmdCallStart", Type: Text, Status: Active, Doc: "Command when a call of either direction was answered."},
	{Name: "cmdCallEnd", Type: Text, Status: Active, Doc: "Command when a call ended otherwise than with cmdCallBusy."},

	{Name: "cmdCallHold", Type: Text, Status: Active, Own: true, Doc: "Command when a call was put on hold, by either side."},
	{Name: "cmdCallResume", Type: Text, Status: Active, Own: true, Doc: "Command when a call is no longer on hold."},
	{Name: "cmdCallTransfer", Type: Text, Status: Active, Own: true, Doc: "Command when the far end asked for a transfer."},
	{Name: "cmdDTMF", Type: Text, Status: Active, Own: true, Doc: "Command when a digit came."},
	{Name: "cmdRegistration", Type: Text, Status: Active, Own: true, Doc: "Command when a REGISTER had an outcome; the number of the account is added."},
	{Name: "cmdMessage", Type: Text, Status: Active, Own: true, Doc: "Command when a message came; the sender's number is added."},
	{Name: "cmdMWI", Type: Text, Status: Active, Own: true, Doc: "Command when the mailbox of an account changed; the number of the account is added."},
	{Name: "cmdRecording", Type: Text, Status: Active, Own: true, Doc: "Command when the file of a recording is complete."},
	{Name: "hookWait", Type: Seconds, Max: 600, Default: "0", Status: Active, Own: true,
		Doc: "How long the decision about an incoming call waits for cmdIncomingCall to end. 0 is not at all; MicroSIP waits 10."},
	{Name: "hookTimeLimit", Type: Seconds, Max: maxSeconds, Default: "30", Status: Active, Own: true,
		Doc: "A command of a hook, with what it started, is killed after so long. 0 is never."},
	{Name: "hookPassword", Type: Bool, Default: "0", Status: Active, Own: true,
		Doc: "Give `{password}` and `{md5_password}` in hooks their values, for every user of the machine to see; they are empty otherwise."},

	// Webhooks: the events by HTTP.
	{Name: "webhook", Type: URLs, Max: 16, Status: Active, Own: true,
		Doc: "URLs, separated by spaces, that every event is posted to."},
	{Name: "webhookSecret", Type: SecretText, Status: Active, Own: true,
		Doc: "Key of the HMAC-SHA256 that signs what is posted: the text, or ${VARIABLE} for an environment variable."},
	{Name: "webhookEvents", Type: Words, Status: Active, Own: true,
		Doc: "Types of the events that are posted, separated by spaces. Empty is all but DTMFReceived, DTMFSent, CallMediaChanged, TransportChanged, LevelsChanged and BuddyChanged."},
	{Name: "webhookSpool", Type: Path, Default: "Spool", Status: Active, Own: true,
		Doc: "Folder in which events wait for a receiver that does not answer."},
	{Name: "webhookSpoolLimit", Type: Integer, Max: 1000000, Default: "100", Status: Active, Own: true,
		Doc: "Most megabytes that wait for each receiver; further events are dropped and reported. 0 is 100."},

	// Screen pops and records.
	{Name: "popLog", Type: Path, Status: Active, Own: true,
		Doc: "File that a line is appended to for every moment of a call: docs/hooks.md. Empty is none."},
	{Name: "statusFile", Type: Path, Status: Active, Own: true,
		Doc: "File that always holds the calls and accounts as JSON, replaced in one step at every change. Empty is none."},
	{Name: "callLog", Type: Path, Status: Active, Own: true,
		Doc: "SQLite file of the call log, such as MicroSIP's call_log.db. Empty is none."},
	{Name: "callLogLimit", Type: Integer, Max: maxInt, Default: "1000", Status: Active, Own: true,
		Doc: "Calls that the call log keeps, the newest. 0 is all."},
	{Name: "saveState", Type: Bool, Default: "1", Status: Active, Own: true,
		Doc: "Write what a command changed of AA, AC, DND, FWD, the volumes, accountId, the redial list, and an account's plain password into the INI file, as MicroSIP does."},
	{Name: "contacts", Type: Path, Status: Active, Own: true,
		Doc: "Contacts.xml of MicroSIP, or a CSV file of its export, with the names of callers. Empty is none."},

	// The program.
	{Name: "socket", Type: Path, Status: Active, Own: true,
		Doc: "Path of the engine's control socket, or `none`. Empty: one of the configuration's own in `$XDG_RUNTIME_DIR/offhook`, else in a folder of the user's beside other temporary files. On Windows it is a named pipe, such as `\\\\.\\pipe\\offhook`; empty: one of the configuration's own."},
	{Name: "apiListen", Type: Text, Status: Active, Own: true,
		Doc: "`host:port` where the API is served on TCP too, to whoever has a token; port 0 is any free one, no host all addresses. Empty: nowhere. It is HTTP without TLS: beyond this machine, put a reverse proxy before it."},
	{Name: "apiTokenFile", Type: Path, Status: Active, Own: true,
		Doc: "File of the API's tokens, a line `name scope token` for each, scope being `read`, `call` or `admin`. Only its owner may be able to read it. One that does not exist is made, with a token of each scope."},
	{Name: "apiHosts", Type: HostPorts, Max: 100, Status: Active, Own: true,
		Doc: "Names by which clients reach apiListen. `localhost`, addresses, and apiListen's own name need not be there; requests for other hosts are refused."},
	{Name: "windowMessages", Type: Bool, Default: "1", Status: Active, Own: true,
		Doc: "On Windows, take commands by window messages and DDE as docs/microsip-compat.md has them. 0 opens no window."},
	{Name: "promptPath", Type: Path, Default: "Prompts", Status: Active, Own: true,
		Doc: "Folder of the prompts that were uploaded by the API."},
	{Name: "enableLog", Type: Bool, Default: "0", Status: Active, Doc: "Log what PJSIP logs too."},
	{Name: "logLevel", Type: Choice, Choices: []string{"trace", "debug", "info", "warn", "error"}, Default: "info", Status: Active, Own: true,
		Doc: "Least level of the lines that are logged."},

	// Video, which a headless engine has none of.
	{Name: "disableVideo", Type: Bool, Default: "0", Status: Kept, Doc: "No video."},
	{Name: "videoCaptureDevice", Type: Text, Status: Kept, Doc: "Name of the camera."},
	{Name: "videoCodec", Type: Text, Status: Kept, Doc: "Preferred video codec."},
	{Name: "videoH264", Type: Bool, Default: "1", Status: Kept, Doc: "Offer H.264."},
	{Name: "videoH263", Type: Bool, Default: "1", Status: Kept, Doc: "Offer H.263."},
	{Name: "videoVP8", Type: Bool, Default: "1", Status: Kept, Doc: "Offer VP8."},
	{Name: "videoVP9", Type: Bool, Default: "1", Status: Kept, Doc: "Offer VP9."},
	{Name: "videoBitrate", Type: Integer, Max: maxInt, Default: "0", Status: Kept, Doc: "Bit rate of video, kbit/s."},
}

// guiKeys are what MicroSIP's windows save and forks add. They are known so that a
// MicroSIP file is read without an error and written back whole.
func guiKeys() []Key {
	var list []Key
	add := func(typ Type, doc string, names ...string) {
		for _, name := range names {
			k := Key{Name: name, Flag: noFlag, Type: typ, Status: Kept, Doc: doc}
			if typ == Integer {
				k.Min, k.Max = -maxInt, maxInt
			}
			list = append(list, k)
		}
	}
	numbered := func(name string, n int) []string {
		var all []string
		for i := range n {
			all = append(all, name+strconv.Itoa(i))
		}
		return all
	}
	add(Bool, "A button or box of MicroSIP's window.",
		"recordingButton", "buttonAC", "buttonCONF", "enableMediaButtons", "headsetSupport",
		"bringToFrontOnIncoming", "randomAnswerBox", "multiMonitor", "noResize", "noIgnoreCall",
		"minimized", "silent", "alwaysOnTop", "enableShortcuts", "shortcutsBottom", "lastCallHasVideo")
	add(Integer, "Place and size of MicroSIP's windows.", slices.Concat(
		[]string{"mainX", "mainY", "mainW", "mainH", "messagesX", "messagesY", "messagesW", "messagesH", "ringinX", "ringinY", "activeTab"},
		numbered("callsWidth", 6), numbered("contactsWidth", 3))...)
	add(Text, "What MicroSIP remembers between two runs.",
		"defaultAction", "updatesInterval", "checkUpdatesTime", "callsLastKey", "version")
	list = append(list, Key{Name: "lastCallNumber", Flag: noFlag, Type: Text, Status: Active,
		Doc: "The number that was dialled last, for redial where there is no list in `[Dialed]`. saveState writes it."})
	add(Bool, "Early media, of a fork of MicroSIP.", "EM")
	add(Text, "Automatic transfer, of a fork of MicroSIP.", "autoTransferExtension", "enableAutoTransfer")
	return list
}

var accountKeys = []Key{
	{Name: "label", Type: Text, Status: Active, Doc: "Name of the account for people; part of the names of recordings."},
	{Name: "server", Type: HostPort, Status: Active,
		Doc: "Registrar. Absent, it is the domain; present and empty, the account does not register."},
	{Name: "proxy", Type: Proxies, Max: 8, Status: Active,
		Doc: "Outbound proxies in order, separated by spaces: host[:port] or a SIP URI, URI parameters allowed."},
	{Name: "backupServer", Type: HostPorts, Max: 8, Status: Active, Own: true,
		Doc: "Registrars that are tried in order when the server does not answer or cannot: host or host:port. The server is used again as soon as it answers."},
	{Name: "proxyFailover", Type: Bool, Default: "0", Status: Active, Own: true,
		Doc: "1 takes the proxies as alternatives, of which the first that answers is used; 0 has requests visit all of them in order, as MicroSIP does."},
	{Name: "domain", Type: HostPort, Status: Active,
		Doc: "Host of the address of record and of dialled numbers. Absent or empty, it is the server."},
	{Name: "username", Type: Text, Status: Active,
		Doc: "User of the address of record. Empty, the account does not register."},
	{Name: "password", Type: SecretText, Status: Active,
		Doc: "Password of digest authentication: the text, or ${VARIABLE} for an environment variable."},
	{Name: "password_file", Type: Path, Status: Active, Own: true,
		Doc: "File that holds the password; one line end at its end is not part of it. Instead of password."},
	{Name: "authID", Type: Text, Status: Active, Doc: "User of digest authentication. Empty is the username."},
	{Name: "displayName", Type: Text, Status: Active, Doc: "Display name in From."},
	{Name: "transport", Type: Choice, Choices: []string{"", "udp", "tcp", "tls"}, Default: "udp", Status: Active,
		Doc: "SIP transport; empty is UDP and TCP as PJSIP decides. The local account has it too."},
	{Name: "SRTP", Type: Choice, Choices: []string{"", "optional", "mandatory", "dtls-sdes", "dtls"}, Status: Active,
		Doc: "Encryption of media: off (empty), `optional`, `mandatory`; `dtls-sdes` and `dtls` are mandatory, with keys by DTLS-SRTP or SDES, or by DTLS-SRTP only."},
	{Name: "registerRefresh", Type: Seconds, Min: 10, Max: maxSeconds, Default: "300", Status: Active,
		Doc: "Expiry that a registration asks for. 0 is 300; less than 10 is 10."},
	{Name: "keepAlive", Type: Seconds, Min: 2, Max: maxSeconds, Default: "15", Status: Active,
		Doc: "Interval of keep-alive packets over UDP. 0 is 15; 1 is 2."},
	{Name: "publicAddr", Type: Host, Status: Active,
		Doc: "Public address to put into SDP instead of the local one."},
	{Name: "allowRewrite", Type: Bool, Default: "0", Status: Active,
		Doc: "Put the address that the registrar saw into Contact and Via."},
	{Name: "disableSessionTimer", Type: Bool, Default: "0", Status: Active, Doc: "No session timers (RFC 4028)."},
	{Name: "ICE", Type: Bool, Default: "0", Status: Active, Doc: "Interactive connectivity establishment (RFC 8445)."},
	{Name: "turnServer", Type: HostPort, Status: Active, Own: true,
		Doc: "TURN server (RFC 8656) that relays media where nothing shorter works. It turns ICE on. Calls fail where it refuses."},
	{Name: "turnTransport", Type: Choice, Choices: []string{"udp", "tcp", "tls"}, Default: "udp", Status: Active, Own: true,
		Doc: "Transport to turnServer. Its certificate is checked as those of SIP servers are."},
	{Name: "turnUsername", Type: Text, Status: Active, Own: true, Doc: "User at turnServer."},
	{Name: "turnPassword", Type: SecretText, Status: Active, Own: true,
		Doc: "Password at turnServer: the text, or ${VARIABLE} for an environment variable."},
	{Name: "publish", Type: Bool, Default: "0", Status: Active, Doc: "Publish presence (RFC 3903)."},
	{Name: "hideCID", Type: Text, Default: "0", Status: Active, Doc: "Anonymous calls: 0 or empty is off, 1 or `hard` on."},
	{Name: "voicemailNumber", Type: Text, Status: Active, Doc: "Number of the voice mail; set, message waiting is subscribed to, of an account that registers."},
	{Name: "dialingPrefix", Type: Text, Status: Active, Doc: "Prefix of dialled phone numbers."},
	{Name: "dialPlan", Type: Text, Status: Active, Doc: "Rules that dialled numbers must fit, separated by |."},
	{Name: "AVPF", Type: Text, Status: Kept, Doc: "Of a fork of MicroSIP."},
	{Name: "inviteHeaders", Type: Text, Status: Active, Own: true,
		Doc: "Header fields of every INVITE of the account, each `Name: value`, separated by |."},
	{Name: "dialAllow", Type: Text, Status: Active, Own: true,
		Doc: "Prefixes of the numbers that may be called, separated by ; or |. One with a ! before it is refused; of several that fit the longest decides, and where none fits the call is refused, unless the list has nothing but refusals. Other hosts than the account's may be called when they are listed as `@host`. Empty allows everything. It holds for redirects, too."},
	{Name: "accountCodecs", Type: CodecIDs, Status: Active, Own: true,
		Doc: "Codecs of the account's calls, the preferred first, as in audioCodecs, where they need not be listed. Empty is those of audioCodecs."},
	{Name: "maxAccountCalls", Type: Integer, Max: maxInt, Default: "0", Status: Active, Own: true,
		Doc: "Calls of the account at a time, of both directions. 0 is no bound."},
	{Name: "maxCallsPerMinute", Type: Integer, Max: maxInt, Default: "0", Status: Active, Own: true,
		Doc: "Calls that the account may begin within 60 seconds, redirects included. 0 is no bound."},
	{Name: "followRedirects", Type: Choice, Choices: []string{"", "0", "1"}, Status: Active, Own: true,
		Doc: "1 follows a redirect (3xx) of an outgoing call. Empty is 0, and with `dialect = strict` 1, as in MicroSIP."},
	{Name: "acceptTransfers", Type: Choice, Choices: []string{"", "0", "dialAllow", "1"}, Status: Active, Own: true,
		Doc: "What is done when the far end of an answered call transfers it (REFER): 0 refuses with 603, `dialAllow` obeys where dialAllow lets the target be called, 1 obeys always. Empty is 0, and with `dialect = strict` 1, as in MicroSIP."},
	{Name: "acceptReplaces", Type: Choice, Choices: []string{"", "0", "1"}, Status: Active, Own: true,
		Doc: "1 lets an incoming call take the place of another (Replaces). Empty is 0, and with `dialect = strict` 1, as in MicroSIP."},
	{Name: "inbandDTMF", Type: Choice, Choices: []string{"auto", "on", "off"}, Default: "auto", Status: Active, Own: true,
		Doc: "Digits that the far end sends as tones in the audio: `auto` listens for them in calls where RFC 4733 was not negotiated, `on` in all, `off` in none. A digit that comes both ways is reported once. Where the call's output is muted nothing is heard."},
}

// ruleKeys are those of a section [Rule.name].
var ruleKeys = []Key{
	{Name: "account", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Numbers of the accounts whose calls the rule is about, separated by ; or |. Empty is all."},
	{Name: "caller", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Masks with * and ? of the caller: of the user, or of user@host where the mask holds an @. Separated by ; or |. Empty is everybody."},
	{Name: "called", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "The same of who was called, by the To header field."},
	{Name: "header", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "A header field of the INVITE, `Name: mask`, in any case; `Name` alone wants it to be there."},
	{Name: "time", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "When the rule holds, in local time: `Mon-Fri 08:00-17:30`, `Sat;Sun`, `22:00-06:00`; several separated by |. Empty is always."},
	{Name: "action", Flag: noFlag, Type: Choice, Choices: []string{"answer", "ring", "reject", "forward", "play", "hook", "bot"}, Default: "ring", Status: Active, Own: true,
		Doc: "What is done: `answer`; `ring` and leave the decision to others; `reject` with code; `forward` to target with 302; `play` file and hang up; `hook` has the call ring and runs command, which may answer it; `bot` leaves the call, which rings, to a program that listens for the event RuleMatched with the name bot as its value."},
	{Name: "delay", Flag: noFlag, Type: Seconds, Max: maxSeconds, Default: "0", Status: Active, Own: true,
		Doc: "How long the call rings before answer, forward and play."},
	{Name: "code", Flag: noFlag, Type: Integer, Min: 300, Max: 699, Default: "486", Status: Active, Own: true,
		Doc: "Status code of reject."},
	{Name: "reason", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Reason phrase of reject. Empty is the code's own."},
	{Name: "target", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Where forward leads: a number of the account's domain, or a URI."},
	{Name: "file", Flag: noFlag, Type: Path, Status: Active, Own: true,
		Doc: "WAV file of play."},
	{Name: "command", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Command of hook, run when the call rings, with what the commands of [hooks](hooks.md) get."},
	{Name: "bot", Flag: noFlag, Type: Text, Status: Active, Own: true,
		Doc: "Name that the event RuleMatched tells the program which takes the call."},
}
