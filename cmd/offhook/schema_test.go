//go:build cgo

package main

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/serve"
)

var eventSchema = sync.OnceValues(func() (*api.EventSchema, error) { return api.NewEventSchema(serve.Events()) })

// checkEvent holds a line of --json to the schema of events, unless it is none: the ends of
// what the program prints, and what stands in for the program.
func checkEvent(t *testing.T, line []byte) {
	var head struct{ Type string }
	if json.Unmarshal(line, &head) != nil {
		return // somebody else says so
	}
	switch head.Type {
	case "CallSummary", "CommandResult", "DemoStep", "DemoSummary", "Error", "LoadRun", "LoadSample", "Ready", "Stuck":
		return
	}
	schema, err := eventSchema()
	if err == nil {
		err = schema.Validate(line)
	}
	if err != nil {
		t.Errorf("%v: %s", err, line)
	}
}
