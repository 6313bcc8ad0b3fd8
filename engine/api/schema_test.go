package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestEventSchema(t *testing.T) {
	s, err := NewEventSchema([]any{fakeEvent{}})
	if err != nil {
		t.Fatal(err)
	}
	good, err := json.Marshal(fakeEvent{Seq: 1, Time: time.Unix(1, 0), Type: "fakeEvent", Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := json.Marshal(Snapshot{Type: "Snapshot", State: "running", Time: time.Unix(1, 0), Transports: []TransportAddress{{"UDP", "a"}},
		Accounts: []Account{{Number: 1, Mailbox: &Mailbox{New: 1}}}, Calls: []Call{{ID: 1, Media: []Media{}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(good), string(snapshot)} {
		if err := s.Validate([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"", "{", "[]", "{}", `{"type":"other","seq":1}`,
		strings.Replace(string(good), `"text":"x"`, `"text":5`, 1),
		strings.Replace(string(good), `"text":"x"`, `"text":"x","more":1`, 1),
		strings.Replace(string(good), `,"text":"x"`, ``, 1),
		strings.Replace(string(good), `"seq":1`, `"seq":-1`, 1),
		strings.Replace(string(good), `1970-01-01`, `yesterday`, 1),
		strings.Replace(string(snapshot), `"running"`, `"tired"`, 1),
		strings.Replace(string(snapshot), `"number":1`, `"numbr":1`, 1),
		strings.Replace(string(snapshot), `"media":[]`, `"media":null`, 1),
	} {
		if s.Validate([]byte(text)) == nil {
			t.Errorf("%s is valid", text)
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(s.JSON(), &doc); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(s.JSON()), `"additionalProperties": false`) {
		t.Error("no field may join")
	}
	if len(doc["oneOf"].([]any)) != 2 || doc["$defs"].(map[string]any)["SnapshotFakeEvent"] == nil {
		t.Errorf("schema %s", s.JSON())
	}
	for _, bad := range [][]any{{struct{ A int }{}}, {5}, {fakeEvent{}, fakeEvent{}}} {
		if _, err := NewEventSchema(bad); err == nil {
			t.Errorf("%v are events", bad)
		}
	}
}
