package scenario

import "reflect"

// actions are all there are, in the order of docs/scenarios.md.
var actions = []Action{
	&Dial{},
	&WaitCall{},
	&Answer{},
	&Reject{},
	&Redirect{},
	&ExpectRinging{},
	&ExpectAnswer{},
	&ExpectCode{},
	&ExpectHangup{},
	&Cancel{},
	&Hangup{},
	&Hold{},
	&Resume{},
	&Mute{},
	&Unmute{},
	&ExpectHold{},
	&ExpectResume{},
	&Transfer{},
	&ExpectTransfer{},
	&Conference{},
	&Message{},
	&ExpectMessage{},
	&Register{},
	&Unregister{},
	&ExpectPrompt{},
	&ExpectTone{},
	&ExpectSilence{},
	&ExpectSpeech{},
	&ExpectMachine{},
	&ExpectHuman{},
	&ExpectDTMF{},
	&ExpectText{},
	&ExpectHeader{},
	&ExpectBody{},
	&ExpectCodec{},
	&ExpectMOS{},
	&ExpectLoss{},
	&ExpectJitter{},
	&ExpectRTP{},
	&ExpectNoAudio{},
	&Say{},
	&Play{},
	&StopPlaying{},
	&SendDTMF{},
	&Record{},
	&Wait{},
	&Parallel{},
	&Repeat{},
	&Call{},
	&Set{},
	&Assert{},
	&Log{},
}

// actionTypes are the structs of actions by their names.
var actionTypes = func() map[string]reflect.Type {
	m := make(map[string]reflect.Type, len(actions))
	for _, a := range actions {
		m[a.Name()] = reflect.TypeOf(a).Elem()
	}
	return m
}()

// Actions returns the names of all actions, in the order of docs/scenarios.md.
func Actions() []string {
	list := make([]string, len(actions))
	for i, a := range actions {
		list[i] = a.Name()
	}
	return list
}

// Each type is an [Action].

// Name implements [Action].
func (*Dial) Name() string { return "dial" }

// Name implements [Action].
func (*WaitCall) Name() string { return "wait-call" }

// Name implements [Action].
func (*Answer) Name() string { return "answer" }

// Name implements [Action].
func (*Reject) Name() string { return "reject" }

// Name implements [Action].
func (*Redirect) Name() string { return "redirect" }

// Name implements [Action].
func (*ExpectRinging) Name() string { return "expect-ringing" }

// Name implements [Action].
func (*ExpectAnswer) Name() string { return "expect-answer" }

// Name implements [Action].
func (*ExpectCode) Name() string { return "expect-code" }

// Name implements [Action].
func (*ExpectHangup) Name() string { return "expect-hangup" }

// Name implements [Action].
func (*Cancel) Name() string { return "cancel" }

// Name implements [Action].
func (*Hangup) Name() string { return "hangup" }

// Name implements [Action].
func (*Hold) Name() string { return "hold" }

// Name implements [Action].
func (*Resume) Name() string { return "resume" }

// Name implements [Action].
func (*Mute) Name() string { return "mute" }

// Name implements [Action].
func (*Unmute) Name() string { return "unmute" }

// Name implements [Action].
func (*ExpectHold) Name() string { return "expect-hold" }

// Name implements [Action].
func (*ExpectResume) Name() string { return "expect-resume" }

// Name implements [Action].
func (*Transfer) Name() string { return "transfer" }

// Name implements [Action].
func (*ExpectTransfer) Name() string { return "expect-transfer" }

// Name implements [Action].
func (*Conference) Name() string { return "conference" }

// Name implements [Action].
func (*Message) Name() string { return "message" }

// Name implements [Action].
func (*ExpectMessage) Name() string { return "expect-message" }

// Name implements [Action].
func (*Register) Name() string { return "register" }

// Name implements [Action].
func (*Unregister) Name() string { return "unregister" }

// Name implements [Action].
func (*ExpectPrompt) Name() string { return "expect-prompt" }

// Name implements [Action].
func (*ExpectTone) Name() string { return "expect-tone" }

// Name implements [Action].
func (*ExpectSilence) Name() string { return "expect-silence" }

// Name implements [Action].
func (*ExpectSpeech) Name() string { return "expect-speech" }

// Name implements [Action].
func (*ExpectMachine) Name() string { return "expect-machine" }

// Name implements [Action].
func (*ExpectHuman) Name() string { return "expect-human" }

// Name implements [Action].
func (*ExpectDTMF) Name() string { return "expect-dtmf" }

// Name implements [Action].
func (*ExpectText) Name() string { return "expect-text" }

// Name implements [Action].
func (*ExpectHeader) Name() string { return "expect-header" }

// Name implements [Action].
func (*ExpectBody) Name() string { return "expect-body" }

// Name implements [Action].
func (*ExpectCodec) Name() string { return "expect-codec" }

// Name implements [Action].
func (*ExpectMOS) Name() string { return "expect-mos" }

// Name implements [Action].
func (*ExpectLoss) Name() string { return "expect-loss" }

// Name implements [Action].
func (*ExpectJitter) Name() string { return "expect-jitter" }

// Name implements [Action].
func (*ExpectRTP) Name() string { return "expect-rtp" }

// Name implements [Action].
func (*ExpectNoAudio) Name() string { return "expect-no-audio" }

// Name implements [Action].
func (*Say) Name() string { return "say" }

// Name implements [Action].
func (*Play) Name() string { return "play" }

// Name implements [Action].
func (*StopPlaying) Name() string { return "stop-playing" }

// Name implements [Action].
func (*SendDTMF) Name() string { return "send-dtmf" }

// Name implements [Action].
func (*Record) Name() string { return "record" }

// Name implements [Action].
func (*Wait) Name() string { return "wait" }

// Name implements [Action].
func (*Parallel) Name() string { return "parallel" }

// Name implements [Action].
func (*Repeat) Name() string { return "repeat" }

// Name implements [Action].
func (*Call) Name() string { return "call" }

// Name implements [Action].
func (*Set) Name() string { return "set" }

// Name implements [Action].
func (*Assert) Name() string { return "assert" }

// Name implements [Action].
func (*Log) Name() string { return "log" }
