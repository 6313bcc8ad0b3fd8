// Package microsip is the language of MicroSIP's command line, once for all its ways
// in: the command line itself, WM_COPYDATA, WM_COMMAND and DDE on Windows, and the API's
// command request.
//
// MicroSIP and its documentation disagree in places, so there are two dialects,
// [config.Documented] and [config.Strict]. What both agree on is the same in both.
//
//	for _, c := range microsip.Parse(config.Documented, "/account:2 sip:1001@pbx") {
//		result, err := microsip.Execute(ctx, phone, c)
//	}
package microsip

import (
	"fmt"

	"github.com/offhook-voip/offhook/engine/config"
)

// Op is what a command does.
type Op int

// The operations. What a row says of "the selected call" is the call that MicroSIP's
// window would show: the one that was dialled or answered last.
const (
	Show             Op = iota // the empty command: start, or bring the window to the front
	Dial                       // Number, and Digits once it was answered
	Message                    // Text to Number
	AnswerFirst                // the oldest incoming call that rings
	HangupAll                  // all calls but those that ring here
	HangupIncoming             // refuse all calls that ring here
	HangupCalling              // end outgoing calls that are not up yet
	HangupOne                  // end the selected call, else refuse the oldest that rings here
	RejectFirst                // refuse the oldest call that rings here
	SendDTMF                   // Digits in the selected call
	TypeDigits                 // put Digits into the window's box, without sending them
	Transfer                   // the selected call to Number, blind
	ToggleHold                 // of the selected call
	SelectAccount              // make Account the one that dials
	ToggleAccount              // the same; the one that dials already is deselected
	SetPassword                // of Account, for good; of the selected one for this run where Account is 0
	MuteMic                    // the microphone: off
	UnmuteMic                  // on
	ToggleMic                  // the other way
	MuteSpeaker                // the speaker: off
	UnmuteSpeaker              // on
	ToggleSpeaker              // the other way
	MicVolume                  // by Steps of 5 %
	SpeakerVolume              // by Steps of 5 %
	SetMicVolume               // to Percent
	SetSpeakerVolume           // to Percent
	Redial                     // the number that was dialled last
	Minimize                   // hide the window
	Exit                       // end the running engine
	Reset                      // forget all data, after two questions
	ResetNoAsk                 // forget all data
	Screen                     // something that only a window can show
)

var opNames = []string{
	"show", "dial", "message", "answer", "hangupall", "hangupincoming", "hangupcalling", "hangup", "reject", "dtmf", "type",
	"transfer", "hold", "account", "toggleaccount", "password", "micmute", "micunmute", "micmuteclick", "speakmute",
	"speakunmute", "speakmuteclick", "micvolume", "speakvolume", "setmicvolume", "setspeakvolume", "redial", "minimize", "exit", "reset", "resetnoask",
	"screen",
}

// String returns MicroSIP's word for the operation, where it has one.
func (o Op) String() string {
	if o < 0 || int(o) >= len(opNames) {
		return fmt.Sprintf("Op(%d)", int(o))
	}
	return opNames[o]
}

// Command is one thing to do. Only the fields that its Op names mean something.
type Command struct {
	Op      Op
	Number  string // a number or URI as it was written, without scheme
	Text    string
	Digits  string // 0 to 9, *, #, A to D, and commas for pauses
	Account int    // its number
	Steps   int    // below 0 is down
	Percent int    // of a volume, from 0 to 100
	// Password is set by SetPassword only.
	Password config.Secret
}
