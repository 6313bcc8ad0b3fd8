package pjsua

import (
	"strconv"
	"strings"
	"time"
)

// DialogInfo is what an application/dialog-info+xml document says of somebody's calls
// (RFC 4235; pjsua_buddy_dlg_event_info, which has only the first of them). All of it is
// the other side's claim, of any length and with any characters.
type DialogInfo struct {
	Version int
	Full    bool   // all dialogs are listed; otherwise those that changed
	Entity  string // whose dialogs they are
	Dialogs []Dialog
}

// DialogState is the state of a dialog (RFC 4235 section 3.7.1).
type DialogState int

// The states. Their order is by how busy they make somebody.
const (
	DialogUnknown    DialogState = iota
	DialogTerminated             // over, or there is none
	DialogTrying                 // he is about to call
	DialogProceeding             // the call is on its way
	DialogEarly                  // it rings
	DialogConfirmed              // they talk
)

func (s DialogState) String() string {
	return enumString(int(s), "DialogState", "unknown", "terminated", "trying", "proceeding", "early", "confirmed")
}

// Dialog is one of somebody's calls.
type Dialog struct {
	ID        string
	CallID    string // Call-ID of the call, for INVITE with Replaces
	LocalTag  string
	RemoteTag string
	Direction string // "initiator": he called; "recipient": he was called; may be empty
	State     DialogState
	StateName string        // as it was written
	Event     string        // why it is in this state, such as "remote-bye"
	Code      SIPCode       // that came with it
	Duration  time.Duration // since the dialog began
	Local     DialogParty
	Remote    DialogParty
}

// DialogParty is one side of a dialog.
type DialogParty struct {
	Identity string // URI
	Display  string // name
	Target   string // Contact URI
}

// State returns the state of the busiest dialog, which is what a busy lamp shows:
// DialogTerminated when the list is full and empty, DialogUnknown when nothing is known.
func (d DialogInfo) State() DialogState {
	state := DialogUnknown
	if d.Full {
		state = DialogTerminated
	}
	for _, dialog := range d.Dialogs {
		state = max(state, dialog.State)
	}
	return state
}

type dialogInfoXML struct {
	Version string `xml:"version,attr"`
	State   string `xml:"state,attr"`
	Entity  string `xml:"entity,attr"`
	Dialogs []struct {
		ID        string `xml:"id,attr"`
		CallID    string `xml:"call-id,attr"`
		LocalTag  string `xml:"local-tag,attr"`
		RemoteTag string `xml:"remote-tag,attr"`
		Direction string `xml:"direction,attr"`
		State     struct {
			Name  string `xml:",chardata"`
			Event string `xml:"event,attr"`
			Code  string `xml:"code,attr"`
		} `xml:"state"`
		Duration string   `xml:"duration"`
		Local    partyXML `xml:"local"`
		Remote   partyXML `xml:"remote"`
	} `xml:"dialog"`
}

type partyXML struct {
	Identity struct {
		URI     string `xml:",chardata"`
		Display string `xml:"display,attr"`
	} `xml:"identity"`
	Target struct {
		URI string `xml:"uri,attr"`
	} `xml:"target"`
}

func (p partyXML) party() DialogParty {
	return DialogParty{Identity: strings.TrimSpace(p.Identity.URI), Display: p.Identity.Display, Target: p.Target.URI}
}

// ParseDialogInfo reads the body of a NOTIFY about dialogs.
func ParseDialogInfo(contentType string, body []byte) (DialogInfo, error) {
	var doc dialogInfoXML
	if err := parseXML(&doc, "dialog-info", contentType, body, "application/dialog-info+xml"); err != nil {
		return DialogInfo{}, err
	}
	number := func(s string) int {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	info := DialogInfo{Version: number(doc.Version), Full: doc.State == "full", Entity: doc.Entity}
	for _, d := range doc.Dialogs {
		name := strings.TrimSpace(d.State.Name)
		info.Dialogs = append(info.Dialogs, Dialog{
			ID: d.ID, CallID: d.CallID, LocalTag: d.LocalTag, RemoteTag: d.RemoteTag, Direction: d.Direction,
			State: dialogState(name), StateName: name, Event: d.State.Event, Code: SIPCode(number(d.State.Code)),
			Duration: time.Duration(min(number(d.Duration), 1<<31)) * time.Second,
			Local:    d.Local.party(), Remote: d.Remote.party(),
		})
	}
	return info, nil
}

func dialogState(name string) DialogState {
	for s := DialogTerminated; s <= DialogConfirmed; s++ {
		if s.String() == name {
			return s
		}
	}
	return DialogUnknown
}
