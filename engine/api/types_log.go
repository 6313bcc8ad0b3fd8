package api

import "time"

// LogEntry is a call in the call log.
type LogEntry struct {
	ID        int64     `json:"id" doc:"Rises with each call"`
	SIPCallID string    `json:"sip_call_id"`
	Number    string    `json:"number" doc:"User of the far end"`
	Name      string    `json:"name"`
	Type      string    `json:"type" enum:"outgoing,incoming,missed,elsewhere"`
	Time      time.Time `json:"time" doc:"Of the INVITE"`
	DurationS int64     `json:"duration_s" doc:"From the answer to the end"`
	Info      string    `json:"info" doc:"Code and reason of a call that was not answered"`
	Account   int       `json:"account"`
	Remote    string    `json:"remote" doc:"Name and URI of the far end"`
	Local     string    `json:"local" doc:"Name and URI of this end"`
	Domain    string    `json:"domain" doc:"Of the far end"`
	Diversion string    `json:"diversion" doc:"User that an incoming call was diverted by"`
	Code      int       `json:"code" doc:"The last SIP code"`
	Reason    string    `json:"reason"`
	Codec     string    `json:"codec"`
	RXLost    uint64    `json:"rx_lost" doc:"Packets that did not arrive here"`
	TXLost    uint64    `json:"tx_lost" doc:"Packets that the far end says did not arrive there"`
	Ringing   time.Time `json:"ringing,omitzero"`
	Answered  time.Time `json:"answered,omitzero"`
	Ended     time.Time `json:"ended,omitzero" doc:"Absent while it lasts"`
	// Recordings are the files of the call.
	Recordings []string `json:"recordings,omitempty"`
}

// LogQuery says which entries are wanted. The zero value is the last 100.
type LogQuery struct {
	Last    int       `query:"last" minimum:"0" maximum:"100000" doc:"At most so many, the newest; absent: 100"`
	Before  int64     `query:"before" minimum:"0" doc:"Only those with a smaller id, for the next page"`
	Type    string    `query:"type" enum:"outgoing,incoming,missed,elsewhere" doc:"Only those"`
	Account string    `query:"account" pattern:"^[0-9]{1,5}$" doc:"Only those of the account of this number"`
	Number  string    `query:"number" maxLength:"256" doc:"Only those with this user at the far end"`
	Since   time.Time `query:"since" doc:"Not those before"`
	Until   time.Time `query:"until" doc:"Not those from then on"`
}
