package microsip

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Status is what DDE clients may ask for: of the selected call, or else of the oldest one
// that rings here, and of the account that dials.
type Status struct {
	State    string    // of the call, PJSIP's name; empty without a call, and so are the others of it
	Incoming bool      // we were called
	Number   string    // of the far end
	Name     string    // that it gives itself
	Remote   string    // its address
	Answered time.Time // zero before the answer
	Held     bool      // by us
	Calls    int       // how many there are

	Account      string // label, or else user name
	Registration string // the last answer, such as 200 OK; empty where there is none
	Muted        bool   // the microphone
	MicVolume    int    // in per cent
	Volume       int    // of the speaker, in per cent
}

// stateIdle is the item State without a call.
const stateIdle = "IDLE"

// ddeItems are the items of a DDE request, in the order in which Items has them.
var ddeItems = []struct {
	name  string
	value func(s *Status, now time.Time) string
}{
	{"State", func(s *Status, _ time.Time) string {
		if s.State == "" {
			return stateIdle
		}
		return s.State
	}},
	{"Direction", func(s *Status, _ time.Time) string {
		switch {
		case s.State == "":
			return ""
		case s.Incoming:
			return "in"
		}
		return "out"
	}},
	{"Number", func(s *Status, _ time.Time) string { return s.Number }},
	{"Name", func(s *Status, _ time.Time) string { return s.Name }},
	{"Remote", func(s *Status, _ time.Time) string { return s.Remote }},
	{"Duration", func(s *Status, now time.Time) string {
		if s.Answered.IsZero() {
			return "0"
		}
		return strconv.Itoa(int(max(now.Sub(s.Answered), 0) / time.Second))
	}},
	{"Held", func(s *Status, _ time.Time) string { return ddeBool(s.Held) }},
	{"Calls", func(s *Status, _ time.Time) string { return strconv.Itoa(s.Calls) }},
	{"Account", func(s *Status, _ time.Time) string { return s.Account }},
	{"Registration", func(s *Status, _ time.Time) string { return s.Registration }},
	{"Muted", func(s *Status, _ time.Time) string { return ddeBool(s.Muted) }},
	{"Volume", func(s *Status, _ time.Time) string { return strconv.Itoa(s.Volume) }},
	{"MicVolume", func(s *Status, _ time.Time) string { return strconv.Itoa(s.MicVolume) }},
}

// ddeItemList is the item with the names of the others, between tabs as DDE has it.
const ddeItemList = "Items"

func ddeBool(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Item returns the value of an item of a DDE request. Names are found in any case; ok is
// false for one that there is not.
func (s Status) Item(name string, now time.Time) (value string, ok bool) {
	if strings.EqualFold(name, ddeItemList) {
		names := make([]string, len(ddeItems))
		for i, it := range ddeItems {
			names[i] = it.name
		}
		return strings.Join(names, "\t"), true
	}
	for _, it := range ddeItems {
		if strings.EqualFold(name, it.name) {
			return it.value(&s, now), true
		}
	}
	return "", false
}

// ddeText reads the text that a DDE client executes, up to its NUL. Nothing says whether it
// is UTF-16LE or the client's ANSI characters, and not every system converts it; but it
// begins with a bracket or white space, whose second byte in UTF-16LE is 0. ansi decodes what
// is not UTF-8 either.
func ddeText(data []byte, ansi func([]byte) string) string {
	if len(data) >= 2 && data[0] == 0xff && data[1] == 0xfe {
		data = data[2:]
	} else if len(data) < 2 || data[0] == 0 || data[1] != 0 {
		text, _, _ := strings.Cut(string(data), "\x00")
		if utf8.ValidString(text) {
			return text
		}
		return ansi([]byte(text))
	}
	var units []uint16
	for ; len(data) >= 2; data = data[2:] {
		unit := binary.LittleEndian.Uint16(data)
		if unit == 0 {
			break
		}
		units = append(units, unit)
	}
	return string(utf16.Decode(units))
}
