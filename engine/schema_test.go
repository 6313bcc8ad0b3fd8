package engine

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
)

var eventSchema = sync.OnceValues(func() (*api.EventSchema, error) {
	var types []any
	for _, ev := range EventTypes() {
		types = append(types, ev)
	}
	return api.NewEventSchema(types)
})

// checkEvents holds the events of an engine to their schema until it ends, of each type as
// many as tell something new.
func checkEvents(t *testing.T, sub *Subscription) {
	defer sub.Close()
	schema, err := eventSchema()
	if err != nil {
		t.Error(err)
		return
	}
	const enough = 100
	seen := make(map[string]int)
	for ev := range sub.Events() {
		if typ := ev.Header().Type; seen[typ] < enough {
			seen[typ]++
			text, err := json.Marshal(ev)
			if err == nil {
				err = schema.Validate(text)
			}
			if err != nil {
				t.Errorf("%v: %s", err, text)
			}
		}
	}
}

// The schema takes every type of event with all its fields, and with none.
func TestSchemaOfEveryEvent(t *testing.T) {
	schema, err := eventSchema()
	if err != nil {
		t.Fatal(err)
	}
	for _, ev := range everyEvent() {
		text, err := json.Marshal(ev)
		if err == nil {
			err = schema.Validate(text)
		}
		if err != nil {
			t.Errorf("%v: %s", err, text)
		}
	}
}
