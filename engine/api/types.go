package api

import "time"

// CallID is a call's serial number, from 1, never used twice by a running engine. 0
// stands for the call that MicroSIP would choose, where a call has to be named.
type CallID int64

// Status is what GET /v1/status answers.
type Status struct {
	Version    string             `json:"version" doc:"Of the program"`
	PID        int                `json:"pid" doc:"Process id of the engine"`
	State      string             `json:"state" enum:"idle,starting,running,stopping,stopped"`
	Started    time.Time          `json:"started" doc:"When the engine began to run"`
	Seq        uint64             `json:"seq" doc:"Number of the last event"`
	Config     string             `json:"config" doc:"The configuration file, empty when there is none"`
	Transports []TransportAddress `json:"transports" nullable:"false" doc:"Where SIP is listened for"`
	Accounts   int                `json:"accounts" doc:"How many accounts there are, the local one included"`
	Registered int                `json:"registered" doc:"How many of them are registered"`
	Calls      int                `json:"calls" doc:"How many calls are not over"`
	Watchers   int                `json:"watchers" doc:"How many readers of events are connected to the API"`
	CutOff     int                `json:"cut_off" doc:"How many readers of events were cut off so far, since they were too far behind"`
	API        []string           `json:"api" nullable:"false" doc:"Where the API is served: path of the socket, host and port"`
}

// TransportAddress is where a SIP transport listens.
type TransportAddress struct {
	Type    string `json:"type" doc:"UDP, TCP or TLS, with a 6 for IPv6"`
	Address string `json:"address" doc:"Host and port"`
}

// Account is a snapshot of an account.
type Account struct {
	Number     int    `json:"number" doc:"Of the configuration; 0 is the local account"`
	Label      string `json:"label"`
	URI        string `json:"uri" doc:"Address of record"`
	Server     string `json:"server"`
	Domain     string `json:"domain"`
	Username   string `json:"username"`
	Transport  string `json:"transport"`
	Registers  bool   `json:"registers" doc:"False for an account without a server"`
	Registered bool   `json:"registered"`
	Code       int    `json:"code" doc:"SIP code of the last REGISTER's answer, 0 before there was one"`
	Reason     string `json:"reason"`
	Detail     string `json:"detail,omitempty" doc:"What to look at when the registration failed"`
	ExpiresMS  int64  `json:"expires_ms" doc:"Milliseconds until the registration ends"`
	// Mailbox is nil while nothing is known of it.
	Mailbox *Mailbox `json:"mailbox,omitempty" doc:"Voice mail, where the account watches it"`
}

// Mailbox is how many messages wait for an account (RFC 3842).
type Mailbox struct {
	Waiting   bool   `json:"waiting"`
	New       int    `json:"new" doc:"Voice messages, as the three that follow"`
	Old       int    `json:"old"`
	UrgentNew int    `json:"urgent_new,omitempty"`
	UrgentOld int    `json:"urgent_old,omitempty"`
	Mailbox   string `json:"mailbox,omitempty" doc:"Its URI, where the server tells"`
}

// Call is a snapshot of a call.
type Call struct {
	ID         CallID    `json:"call"`
	Account    int       `json:"account" doc:"Number of the account, 0 for the local one"`
	Role       string    `json:"role" doc:"UAC: we called; UAS: we were called"`
	State      string    `json:"state" doc:"NULL, CALLING, INCOMING, EARLY, CONNECTING, CONFIRMED or DISCONNECTED"`
	Code       int       `json:"code" doc:"The call's last SIP code, 0 before there was one"`
	Reason     string    `json:"reason"`
	Remote     string    `json:"remote" doc:"Name and URI of the far end"`
	Local      string    `json:"local" doc:"Name and URI of this end"`
	SIPCallID  string    `json:"sip_call_id"`
	Media      []Media   `json:"media" nullable:"false"`
	Started    time.Time `json:"started" doc:"When the INVITE was sent or came"`
	Ringing    time.Time `json:"ringing,omitzero" doc:"First 18x"`
	Answered   time.Time `json:"answered,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	Recordings []string  `json:"recordings,omitempty" doc:"Files that are being written"`
	Held       bool      `json:"held" doc:"We hold it"`
	Conference int64     `json:"conference,omitempty" doc:"Number of the conference that it is in"`
	Levels
}

// Levels is what is muted and how loud the rest is. "In" is the microphone's direction,
// what the far end hears of us; "out" the speaker's.
type Levels struct {
	MutedIn   bool `json:"muted_in"`
	MutedOut  bool `json:"muted_out"`
	VolumeIn  int  `json:"volume_in" doc:"Per cent; 100 is unchanged"`
	VolumeOut int  `json:"volume_out" doc:"Per cent; 100 is unchanged"`
}

// Media is one audio stream of a call.
type Media struct {
	Status    string `json:"status" doc:"ACTIVE, LOCAL_HOLD, REMOTE_HOLD, ERROR or NONE"`
	Direction string `json:"direction" doc:"sendrecv, sendonly, recvonly or inactive, seen from here"`
	Codec     string `json:"codec,omitempty"`
	SRTP      string `json:"srtp,omitempty" doc:"Crypto suite, absent when RTP is in the clear"`
}

// CallStats are the figures of a call's audio so far, as the event CallEnded has the final
// ones.
type CallStats struct {
	Codec string         `json:"codec,omitempty" example:"PCMU/8000"`
	RX    DirectionStats `json:"rx" doc:"What we receive"`
	TX    DirectionStats `json:"tx" doc:"What we send; but for packets and bytes, as the far end reported"`
	RTTMS float64        `json:"rtt_ms" doc:"Mean round trip by RTCP; 0 when no report came back"`
}

// DirectionStats are the figures of one direction of RTP.
type DirectionStats struct {
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes" doc:"Of payload"`
	Lost        uint64  `json:"lost"`
	Discarded   uint64  `json:"discarded" doc:"Frames of the codec, of which a packet may have some: too late for the jitter buffer, or it was full, as while nobody listens"`
	Reordered   uint64  `json:"reordered"`
	Duplicates  uint64  `json:"duplicates"`
	JitterMS    float64 `json:"jitter_ms" doc:"Mean"`
	JitterMaxMS float64 `json:"jitter_max_ms"`
	MOS         float64 `json:"mos,omitempty" doc:"Estimate by the E-model of ITU-T G.107, from 1, bad, to 4.41; absent where no packets came, of tx also where the far end has not reported"`
}

// Snapshot is the first line of a stream of events.
type Snapshot struct {
	Type       string             `json:"type" enum:"Snapshot"`
	Seq        uint64             `json:"seq" doc:"Of the last event that is included; the next line has the number after it"`
	Time       time.Time          `json:"time"`
	State      string             `json:"state" enum:"idle,starting,running,stopping,stopped"`
	Transports []TransportAddress `json:"transports" nullable:"false"`
	Accounts   []Account          `json:"accounts" nullable:"false"`
	Calls      []Call             `json:"calls" nullable:"false"`
}

// Header is a field of a SIP message.
type Header struct {
	Name  string `json:"name" minLength:"1" maxLength:"128" pattern:"^[-.!%*_+'~0-9A-Za-z]+$"`
	Value string `json:"value" maxLength:"4096" pattern:"^[^\\r\\n\\x00]*$"`
}

// DialRequest is the body of POST /v1/calls.
type DialRequest struct {
	URI     string   `json:"uri" minLength:"1" maxLength:"2048" doc:"SIP, SIPS or tel URI, user@host, or a user or number of the account's domain"`
	Account *int     `json:"account,omitempty" minimum:"0" doc:"Number of the account that calls, 0 the local one; absent: the first that is registered"`
	Headers []Header `json:"headers,omitempty" maxItems:"64" doc:"Added to the INVITE"`
}

// AnswerRequest is the body of POST /v1/calls/{call}/answer.
type AnswerRequest struct {
	Code   int    `json:"code,omitempty" minimum:"101" maximum:"299" doc:"SIP code, 180 for example; absent: 200"`
	Reason string `json:"reason,omitempty" maxLength:"256" pattern:"^[^\\r\\n\\x00]*$" doc:"Absent: the code's usual phrase"`
}

// RejectRequest is the body of POST /v1/calls/{call}/reject.
type RejectRequest struct {
	Code   int    `json:"code,omitempty" minimum:"300" maximum:"699" doc:"SIP code; absent: 486"`
	Reason string `json:"reason,omitempty" maxLength:"256" pattern:"^[^\\r\\n\\x00]*$" doc:"Absent: the code's usual phrase"`
}

// DTMFRequest is the body of POST /v1/calls/{call}/dtmf.
type DTMFRequest struct {
	Digits     string `json:"digits" minLength:"1" maxLength:"256" pattern:"^[0-9*#A-Da-d,]+$" doc:"0-9 * # A-D; a comma is a pause of a second"`
	Method     string `json:"method,omitempty" enum:"auto,inband,rfc4733,info" doc:"Absent: the configuration's"`
	DurationMS int    `json:"duration_ms,omitempty" minimum:"0" maximum:"10000" doc:"Of each digit; absent: PJSIP's"`
}

// RecordRequest is the body of POST /v1/calls/{call}/record.
type RecordRequest struct {
	Name string `json:"name,omitempty" maxLength:"200" doc:"Of the file in the folder of recordings, ending in .wav or .opus; absent: one of MicroSIP's pattern. A file of that name must not exist."`
	// OneSided leaves out what we send.
	OneSided bool `json:"one_sided,omitempty" doc:"Record what arrives only; absent: both parties"`
}

// PlayRequest is the body of POST /v1/calls/{call}/play.
type PlayRequest struct {
	Prompt string `json:"prompt" minLength:"1" maxLength:"200" doc:"Name of an uploaded prompt"`
	Loop   bool   `json:"loop,omitempty" doc:"Play it again and again"`
}

// File is a prompt or a recording.
type File struct {
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes"`
	Modified time.Time `json:"modified"`
}

// Reloaded says what another configuration changed.
type Reloaded struct {
	Changed []string `json:"changed" doc:"Keys with another value; those of an account begin with Account and its number"`
	Restart []string `json:"restart" doc:"Those of them that take effect when the program is started again"`
}
