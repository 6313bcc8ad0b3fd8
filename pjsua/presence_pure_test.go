package pjsua

import (
	"reflect"
	"strings"
	"testing"
)

func TestParsePresence(t *testing.T) {
	const pidf = "application/pidf+xml"
	for _, tc := range []struct {
		what, contentType, body string
		want                    Presence
		bad                     bool
	}{
		{"no tuple", pidf, `<presence/>`, Presence{}, false},
		{"a note of the tuple", pidf, `<presence><tuple id="a"><status><basic> OPEN </basic></status><note>On the phone</note></tuple></presence>`,
			Presence{Status: BuddyOnline, StatusText: "On the phone", Note: "On the phone", Tuples: []PresenceTuple{{ID: "a", Open: true, Note: "On the phone"}}}, false},
		{"the first tuple counts", pidf, `<presence><tuple id="a"/><tuple id="b"><status><basic>open</basic></status></tuple></presence>`,
			Presence{Status: BuddyOffline, StatusText: "Offline", Tuples: []PresenceTuple{{ID: "a"}, {ID: "b", Open: true}}}, false},
		{"parameters, other encodings", pidf + "; charset=us-ascii", `<?xml version="1.0" encoding="us-ascii"?><presence><tuple id="a"/></presence>`,
			Presence{Status: BuddyOffline, StatusText: "Offline", Tuples: []PresenceTuple{{ID: "a"}}}, false},
		{"xpidf", "application/xpidf+xml", `<!DOCTYPE presence PUBLIC "x" "y"><presence><presentity uri="x"/><atom id="1"><address uri="sip:a@b"><status status="open"/></address></atom></presence>`,
			Presence{Status: BuddyOnline, StatusText: "Online", Tuples: []PresenceTuple{{ID: "1", Open: true, Contact: "sip:a@b"}}}, false},
		{"parts", "multipart/related; boundary=x", "--x\r\nContent-Type: text/plain\r\n\r\nno\r\n--x\r\nContent-Type: application/pidf+xml\r\n\r\n<presence><tuple id=\"a\"/></presence>\r\n--x--\r\n",
			Presence{Status: BuddyOffline, StatusText: "Offline", Tuples: []PresenceTuple{{ID: "a"}}}, false},
		{"parts of nothing", "multipart/mixed; boundary=x", "--x--", Presence{}, true},
		{"parts without a boundary", "multipart/mixed", "--x--", Presence{}, true},
		{"no type", "", `<presence/>`, Presence{}, true},
		{"another type", "text/plain", `<presence/>`, Presence{}, true},
		{"another document", pidf, `<html/>`, Presence{}, true},
		{"no document", pidf, ``, Presence{}, true},
		{"cut", pidf, `<presence><tuple`, Presence{}, true},
		{"deep", pidf, `<presence>` + strings.Repeat("<a>", 100000), Presence{}, true},
		{"not UTF-8", pidf, "<presence><note>\xff</note></presence>", Presence{}, true},
	} {
		got, err := ParsePresence(tc.contentType, []byte(tc.body))
		if !reflect.DeepEqual(got, tc.want) || (err != nil) != tc.bad {
			t.Errorf("%s: %+v, %v; want %+v", tc.what, got, err, tc.want)
		}
	}
}

func TestParseDialogInfo(t *testing.T) {
	const mime = "application/dialog-info+xml"
	for body, want := range map[string]DialogInfo{
		`<dialog-info/>`:              {},
		`<dialog-info state="full"/>`: {Full: true},
		`<dialog-info version="-1" state="partial"><dialog><state code="x">Confirmed?</state><duration>99999999999999999999</duration></dialog></dialog-info>`: {
			Dialogs: []Dialog{{StateName: "Confirmed?"}},
		},
	} {
		got, err := ParseDialogInfo(mime, []byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", body, got, err, want)
		}
	}
	if _, err := ParseDialogInfo(mime, []byte("<presence/>")); err == nil {
		t.Error("another document was read")
	}
	for _, tc := range []struct {
		info DialogInfo
		want DialogState
	}{
		{DialogInfo{}, DialogUnknown},
		{DialogInfo{Full: true}, DialogTerminated},
		{DialogInfo{Full: true, Dialogs: []Dialog{{State: DialogConfirmed}, {State: DialogEarly}}}, DialogConfirmed},
		{DialogInfo{Dialogs: []Dialog{{State: DialogTerminated}}}, DialogTerminated},
	} {
		if got := tc.info.State(); got != tc.want {
			t.Errorf("%+v: %v, want %v", tc.info, got, tc.want)
		}
	}
}

func TestParseMessageSummary(t *testing.T) {
	const mime = "application/simple-message-summary"
	for body, want := range map[string]MessageSummary{
		"messages-waiting : YES\nVOICE-MESSAGE: 1/0\n\nTo: x\nFax-Message: 9/9\n":                 {Waiting: true, Messages: map[string]MessageCount{"voice-message": {New: 1}}},
		"Messages-Waiting: no\r\nVoice-Message: -1/2\r\nText-Message: x\r\nPager-Message: 1/2 (x": {Messages: map[string]MessageCount{}},
	} {
		got, err := ParseMessageSummary(mime, []byte(body))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", body, got, err, want)
		}
	}
	for _, body := range []string{"", "Voice-Message: 1/0", strings.Repeat("x", 100000)} {
		if _, err := ParseMessageSummary(mime, []byte(body)); err == nil {
			t.Errorf("%.20q was read", body)
		}
	}
	many := "Messages-Waiting: yes\n" + strings.Repeat("a: 1/1\n", 10)
	for i := range 1000 {
		many += strings.Repeat("b", i+1) + ": 1/1\n"
	}
	if got, err := ParseMessageSummary(mime, []byte(many)); err != nil || len(got.Messages) != 64 {
		t.Errorf("%d classes, %v", len(got.Messages), err)
	}
}
