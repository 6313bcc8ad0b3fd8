package microsip

import (
	"strings"
	"testing"
	"time"
)

func TestDDEItems(t *testing.T) {
	now := time.Unix(1000, 0)
	full := Status{
		State: "CONFIRMED", Incoming: true, Number: "1001", Name: "Žaneta", Remote: `"Žaneta" <sip:1001@pbx>`,
		Answered: now.Add(-61500 * time.Millisecond), Held: true, Calls: 2,
		Account: "Office", Registration: "200 OK", Muted: true, MicVolume: 90, Volume: 80,
	}
	for _, tt := range []struct{ item, idle, full string }{
		{"State", "IDLE", "CONFIRMED"},
		{"Direction", "", "in"},
		{"Number", "", "1001"},
		{"Name", "", "Žaneta"},
		{"Remote", "", `"Žaneta" <sip:1001@pbx>`},
		{"Duration", "0", "61"},
		{"Held", "0", "1"},
		{"Calls", "0", "2"},
		{"Account", "", "Office"},
		{"Registration", "", "200 OK"},
		{"Muted", "0", "1"},
		{"Volume", "0", "80"},
		{"MicVolume", "0", "90"},
	} {
		for _, name := range []string{tt.item, strings.ToUpper(tt.item), strings.ToLower(tt.item)} {
			if got, ok := (Status{}).Item(name, now); got != tt.idle || !ok {
				t.Errorf("%s without a call is %q, %v", name, got, ok)
			}
			if got, ok := full.Item(name, now); got != tt.full || !ok {
				t.Errorf("%s is %q, %v", name, got, ok)
			}
		}
		if list, _ := full.Item("Items", now); !strings.Contains("\t"+list+"\t", "\t"+tt.item+"\t") {
			t.Errorf("%s is not in %q", tt.item, list)
		}
	}
	if list, _ := full.Item("items", now); strings.Count(list, "\t") != len(ddeItems)-1 {
		t.Errorf("%q", list)
	}
	outgoing := Status{State: "CALLING", Answered: now.Add(time.Hour)}
	if got, _ := outgoing.Item("Direction", now); got != "out" {
		t.Error(got)
	}
	if got, _ := outgoing.Item("Duration", now); got != "0" { // the clock was set back
		t.Error(got)
	}
	if got, ok := full.Item("Password", now); ok || got != "" {
		t.Errorf("%q, %v", got, ok)
	}
}

// What clients execute comes as their own characters, or as what the system made of them.
func TestDDEText(t *testing.T) {
	latin := func(b []byte) string { // windows-1252, as far as it matters here
		var out []rune
		for _, c := range b {
			out = append(out, rune(c))
		}
		return string(out)
	}
	for _, tt := range []struct{ data, want string }{
		{"[Hold]\x00", "[Hold]"},
		{"[Hold]", "[Hold]"},
		{"[Hold]\x00rest of an older one", "[Hold]"},
		{"[Dial(Jos\xe9)]\x00", "[Dial(José)]"},
		{"[Dial(José)]\x00", "[Dial(José)]"},
		{"[\x00H\x00o\x00l\x00d\x00]\x00\x00\x00", "[Hold]"},
		{"[\x00H\x00o\x00l\x00d\x00]\x00\x00\x00x\x00", "[Hold]"},
		{"[\x00H\x00o\x00l\x00d\x00]\x00", "[Hold]"},
		{"[\x00H\x00]\x00\x00", "[H]"},
		{" \x00[\x00\x61\x01]\x00", " [š]"},
		{"\xff\xfe[\x00\x61\x01]\x00\x00\x00", "[š]"},
		{" [Hold]", " [Hold]"},
		{"[", "["},
		{"", ""}, {"\x00", ""}, {"\x00\x00", ""}, {"\xff\xfe", ""}, {"\xff", "ÿ"},
	} {
		if got := ddeText([]byte(tt.data), latin); got != tt.want {
			t.Errorf("%q is %q, want %q", tt.data, got, tt.want)
		}
	}
}

// FuzzDDEText: no data makes it fail, and a text never holds NUL.
func FuzzDDEText(f *testing.F) {
	f.Add([]byte("[Dial(1)]\x00"))
	f.Add([]byte("[\x00D\x00]\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if text := ddeText(data, func(b []byte) string { return strings.ToValidUTF8(string(b), "?") }); strings.ContainsRune(text, 0) {
			t.Errorf("%q", text)
		}
	})
}
