package calllog

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, path string) *Log {
	t.Helper()
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func (l *Log) mustAdd(t *testing.T, e Entry) int64 {
	t.Helper()
	id, err := l.Add(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (l *Log) mustFind(t *testing.T, q Query) []Entry {
	t.Helper()
	list, err := l.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func full() Entry {
	return Entry{
		SIPCallID: "a@b", Number: "42", Name: "Ann", Type: Missed, Time: noon, DurationS: 7, Info: "486 Busy Here", Account: 3,
		Remote: "sip:42@x", Local: "sip:1@y", Domain: "x", Diversion: "9", Code: 486, Reason: "Busy Here", Codec: "PCMU/8000", RXLost: 1, TXLost: 2,
		Ringing: noon.Add(time.Millisecond), Answered: noon.Add(time.Second), Ended: noon.Add(time.Minute), Recordings: []string{"a.wav", "b.wav"},
	}
}

func TestAddUpdateFind(t *testing.T) {
	// A name that would be something else in a URL.
	l := open(t, filepath.Join(t.TempDir(), "a?b#c %41.db"))
	want := full()
	want.ID = l.mustAdd(t, want)
	if got := l.mustFind(t, Query{}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	want.Type, want.Name, want.Ringing, want.Recordings = Incoming, "Bob", time.Time{}, nil
	if err := l.Update(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := l.mustFind(t, Query{}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The two ends of a call to ourselves, and calls without a Call-ID, are calls of their own.
func TestCallIDTwice(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "log.db"))
	for _, id := range []string{"x", "x", "x", "", ""} {
		l.mustAdd(t, Entry{SIPCallID: id, Time: noon})
	}
	var got []string
	for _, e := range l.mustFind(t, Query{}) {
		got = append(got, e.SIPCallID)
	}
	if want := []string{"", "", "x", "x", "x"}; !slices.Equal(got, want) {
		t.Errorf("Call-IDs %q, want %q", got, want)
	}
}

func TestQueries(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "log.db"))
	for i := range 150 {
		l.mustAdd(t, Entry{
			SIPCallID: fmt.Sprint(i), Number: fmt.Sprint(i % 10), Type: Type(i % 4), Account: i % 3, Time: noon.Add(time.Duration(i) * time.Minute),
		})
	}
	one, answered := 1, Incoming
	for name, c := range map[string]struct {
		q           Query
		count       int
		first, last int64
	}{
		"last 100":  {Query{}, 100, 150, 51},
		"all":       {Query{Last: -1}, 150, 150, 1},
		"last 3":    {Query{Last: 3}, 3, 150, 148},
		"next page": {Query{Last: 3, Before: 148}, 3, 147, 145},
		"missed":    {Query{Last: 2, Missed: true}, 2, 147, 143},
		"type":      {Query{Last: 2, Type: &answered}, 2, 150, 146},
		"account":   {Query{Last: 2, Account: &one}, 2, 149, 146},
		"number":    {Query{Last: -1, Number: "7"}, 15, 148, 8},
		"times":     {Query{Since: noon.Add(10 * time.Minute), Until: noon.Add(12 * time.Minute)}, 2, 12, 11},
		"nobody":    {Query{Number: "' or 1=1 --"}, 0, 0, 0},
	} {
		list := l.mustFind(t, c.q)
		if len(list) != c.count {
			t.Errorf("%s: %d entries, want %d", name, len(list), c.count)
			continue
		}
		if c.count > 0 && (list[0].ID != c.first || list[len(list)-1].ID != c.last) {
			t.Errorf("%s: %d to %d, want %d to %d", name, list[0].ID, list[len(list)-1].ID, c.first, c.last)
		}
	}
	if err := l.Trim(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	if list := l.mustFind(t, Query{Last: -1}); len(list) != 20 || list[0].ID != 150 || list[19].ID != 131 {
		t.Errorf("%d entries after trimming", len(list))
	}
	if err := l.Trim(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
}

// A file that MicroSIP made is taken over as it is.
func TestMicroSIPFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "call_log.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"create table call_log(id integer primary key autoincrement, callId text unique, number text, name text, type integer, time integer, duration integer, info text)",
		"insert into call_log(callId, number, name, type, time, duration, info) values('abc', '100', 'Old', 2, 1700000000, 5, 'Busy')",
	} {
		if _, err := db.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l := open(t, path)
	want := Entry{ID: 1, SIPCallID: "abc", Number: "100", Name: "Old", Type: Missed, Time: time.Unix(1700000000, 0).UTC(), DurationS: 5, Info: "Busy"}
	if got := l.mustFind(t, Query{Missed: true}); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	l.mustAdd(t, full())
	open(t, path) // and once more, with all columns
}

func TestNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := Open(t.Context(), path); err == nil {
		l.Close()
		t.Error("a file that is no database was opened")
	}
	if l, err := Open(t.Context(), filepath.Join(t.TempDir(), "no", "x.db")); err == nil {
		l.Close()
		t.Error("a file in no folder was opened")
	}
}

// What was added is there after the process was killed.
func TestKilled(t *testing.T) {
	const variable = "CALLLOG_TEST_FILE"
	if path := os.Getenv(variable); path != "" {
		l, err := Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			if _, err := l.Add(context.Background(), Entry{SIPCallID: fmt.Sprint(i), Time: noon}); err != nil {
				t.Fatal(err)
			}
			if _, err := fmt.Printf("added %d\n", i); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "log.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), variable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	buf := make([]byte, 4096)
	for strings.Count(text.String(), "\n") < 50 {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, text.String())
		}
		text.Write(buf[:n])
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	said := strings.Count(text.String(), "\n")
	if got := len(open(t, path).mustFind(t, Query{Last: -1})); got < said {
		t.Errorf("%d calls are there, %d were added", got, said)
	}
}

func TestCSV(t *testing.T) {
	e := full()
	e.Name, e.Number = `=1+1 "x"`, "+49301"
	var b bytes.Buffer
	if err := WriteCSV(&b, []Entry{e, {Type: Outgoing, Time: noon, Number: "-1+cmd"}}); err != nil {
		t.Fatal(err)
	}
	want := `Type,Name,Number,Time,Duration,Info,Account,Remote,Local,Code,Reason,Call-ID,Ringing,Answered,Ended,Recordings
missed,"'=1+1 ""x""",+49301,2026-11-23T12:00:00Z,7,486 Busy Here,3,sip:42@x,sip:1@y,486,Busy Here,a@b,2026-11-23T12:00:00Z,2026-11-23T12:00:01Z,2026-11-23T12:01:00Z,"a.wav
b.wav"
outgoing,,'-1+cmd,2026-11-23T12:00:00Z,0,,0,,,0,,,,,,
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTypeText(t *testing.T) {
	for _, typ := range []Type{Outgoing, Incoming, Missed, Elsewhere} {
		text, err := typ.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again Type
		if err := again.UnmarshalText(text); err != nil || again != typ {
			t.Errorf("%v becomes %v, %v", typ, again, err)
		}
	}
	if err := new(Type).UnmarshalText([]byte("x")); err == nil || Type(9).String() != "type 9" {
		t.Error("an unknown type has a name")
	}
}
