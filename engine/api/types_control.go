package api

// AccountRequest is an account's configuration: keys of docs/config.md without a suffix and
// their values, as in the INI file.
type AccountRequest struct {
	Number int               `json:"number,omitempty" minimum:"1" maximum:"99999" doc:"Of a new account; absent: the next free one"`
	Keys   map[string]string `json:"keys" doc:"Keys of an account as in the INI file, such as server, username, password"`
}

// DirectionRequest is the body of mute and unmute.
type DirectionRequest struct {
	Direction string `json:"direction,omitempty" enum:"in,out" doc:"in: the microphone's, what the far end hears; out: what we hear; absent: in"`
}

func (r DirectionRequest) direction() string {
	if r.Direction == "" {
		return "in"
	}
	return r.Direction
}

// VolumeRequest is the body of POST /v1/calls/{call}/volume.
type VolumeRequest struct {
	Direction string `json:"direction" enum:"in,out" doc:"in: what the far end hears; out: what we hear"`
	Percent   int    `json:"percent" minimum:"0" maximum:"200" doc:"100 is unchanged"`
}

// VolumesRequest is the body of PUT /v1/volumes. What is absent stays as it is.
type VolumesRequest struct {
	Input  *int `json:"input,omitempty" minimum:"0" maximum:"100" doc:"Of the microphone, in per cent"`
	Output *int `json:"output,omitempty" minimum:"0" maximum:"100" doc:"Of what we hear of all calls, in per cent"`
	Ring   *int `json:"ring,omitempty" minimum:"0" maximum:"100" doc:"Of ringing, in per cent"`
}

// TargetRequest names whom a call is to go to.
type TargetRequest struct {
	Target string `json:"target" minLength:"1" maxLength:"2048" doc:"A user or number of the account's domain, or a URI"`
}

// TransferRequest is the body of POST /v1/calls/{call}/transfer. One of Target and To is
// there.
type TransferRequest struct {
	Target string `json:"target,omitempty" maxLength:"2048" doc:"Blind transfer: a user or number of the account's domain, or a URI"`
	To     CallID `json:"to,omitempty" minimum:"1" doc:"Attended transfer: the call whose far end is to take our place"`
	Wait   bool   `json:"wait,omitempty" doc:"Answer when the far end has told what became of it, which is an error when it failed; absent: when it was asked"`
}

// SlotRequest is where a call is parked.
type SlotRequest struct {
	Slot string `json:"slot,omitempty" maxLength:"64" doc:"The PBX's name of the place; absent when parking: the PBX chooses"`
}

// PickupRequest is the body of POST /v1/pickup.
type PickupRequest struct {
	Extension string `json:"extension" minLength:"1" maxLength:"128" doc:"Where the call rings"`
}

// VoicemailRequest is the body of POST /v1/voicemail.
type VoicemailRequest struct {
	Account *int `json:"account,omitempty" minimum:"0" doc:"Number of the account; absent: the first that is registered"`
}

// HangupRequest is the body of POST /v1/hangup.
type HangupRequest struct {
	Which string `json:"which,omitempty" enum:"all,incoming,calling" doc:"all: but those that ring here; incoming: those that ring here; calling: those that we called and that are not answered; absent: all"`
}

// HangupAnswer says how many calls were ended.
type HangupAnswer struct {
	Calls int `json:"calls"`
}

// Conference is a snapshot of a conference.
type Conference struct {
	Conference int64    `json:"conference"`
	Calls      []CallID `json:"calls" nullable:"false"`
}

// ConferenceRequest is the body of POST /v1/conferences.
type ConferenceRequest struct {
	Calls []CallID `json:"calls,omitempty" maxItems:"1000" doc:"Those that are brought together, on hold or not; absent: all that are answered"`
}

// MessageRequest is the body of POST /v1/messages. One of To and Call is there.
type MessageRequest struct {
	To          string `json:"to,omitempty" maxLength:"2048" doc:"A user or number of the account's domain, or a URI"`
	Call        CallID `json:"call,omitempty" minimum:"1" doc:"Send it inside this call"`
	Account     *int   `json:"account,omitempty" minimum:"0" doc:"Number of the account that sends; absent: the first that is registered"`
	Text        string `json:"text" maxLength:"32768"`
	ContentType string `json:"content_type,omitempty" maxLength:"256" doc:"Absent: text/plain"`
}

// Message is a message that is on its way.
type Message struct {
	Message int64 `json:"message" doc:"Its number, as in the MessageStatus event that tells what became of it"`
}

// Buddy is what is known of somebody who is watched.
type Buddy struct {
	URI     string   `json:"uri"`
	Package string   `json:"package" doc:"presence or dialog"`
	Status  string   `json:"status" doc:"unknown, offline, online, away, busy, ringing or on_the_phone"`
	Note    string   `json:"note,omitempty" doc:"In the buddy's own words"`
	State   string   `json:"state" doc:"Of the subscription"`
	Code    int      `json:"code,omitempty" doc:"Why the subscription ended"`
	Reason  string   `json:"reason,omitempty"`
	Dialogs []Dialog `json:"dialogs,omitempty"`
}

// Dialog is one call of somebody who is watched.
type Dialog struct {
	ID        string `json:"id"`
	State     string `json:"state" doc:"trying, proceeding, early, confirmed or terminated"`
	Direction string `json:"direction,omitempty" doc:"initiator: the buddy called; recipient"`
	Remote    string `json:"remote,omitempty"`
}

// WatchRequest is the body of POST /v1/buddies.
type WatchRequest struct {
	URI     string `json:"uri" minLength:"1" maxLength:"2048" doc:"A user or number of the account's domain, or a URI"`
	Package string `json:"package,omitempty" enum:"presence,dialog" doc:"presence (RFC 3856), or dialog (RFC 4235, a busy lamp); absent: presence"`
	Account *int   `json:"account,omitempty" minimum:"0" doc:"Number of the account that watches; absent: the first that is registered"`
}

// PresenceRequest is what we say of ourselves.
type PresenceRequest struct {
	Online   bool   `json:"online"`
	Activity string `json:"activity,omitempty" maxLength:"64" doc:"away or busy"`
	Note     string `json:"note,omitempty" maxLength:"1024"`
}
