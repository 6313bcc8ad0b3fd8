package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// EventSchema is the JSON Schema of a stream of events, made of their Go types.
type EventSchema struct {
	registry huma.Registry
	types    map[string]*huma.Schema // by the "type" of the event
	document []byte
}

// NewEventSchema makes the schema of events, of each of whose types it is given a value.
// The name of a type is its events' "type".
func NewEventSchema(events []any) (*EventSchema, error) {
	const prefix = "#/$defs/"
	s := &EventSchema{
		registry: huma.NewMapRegistry(prefix, eventNamer),
		types:    make(map[string]*huma.Schema),
	}
	var refs []map[string]string
	for _, ev := range append([]any{Snapshot{}}, events...) {
		t := reflect.TypeOf(ev)
		ref := s.registry.Schema(t, true, "")
		schema := s.registry.SchemaFromRef(ref.Ref)
		if schema == nil || schema.Properties["type"] == nil || schema.Properties["seq"] == nil {
			return nil, fmt.Errorf("api: %v is no type of event", t)
		}
		if s.types[t.Name()] != nil {
			return nil, fmt.Errorf("api: two types of events have the name %s", t.Name())
		}
		schema.Properties["type"].Enum = []any{t.Name()}
		schema.PrecomputeMessages()
		s.types[t.Name()] = schema
		refs = append(refs, map[string]string{"$ref": ref.Ref})
	}
	defs, err := json.Marshal(s.registry)
	if err != nil {
		return nil, fmt.Errorf("api: schema of events: %w", err)
	}
	var open any
	if err := json.Unmarshal(defs, &open); err != nil {
		return nil, fmt.Errorf("api: schema of events: %w", err)
	}
	letJoin(open)
	s.document, err = json.MarshalIndent(map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "A line of Offhook's stream of events",
		"description": "Further fields and types may join.",
		"oneOf":       refs,
		"$defs":       open,
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("api: schema of events: %w", err)
	}
	s.document = append(s.document, '\n')
	return s, nil
}

// eventNamer tells the types inside a Snapshot from those of the same names inside events.
func eventNamer(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if own := reflect.TypeFor[Snapshot](); t != own && t.PkgPath() == own.PkgPath() {
		return own.Name() + name
	}
	return name
}

// letJoin takes out that no other fields are allowed.
func letJoin(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["additionalProperties"] == false {
			delete(v, "additionalProperties")
		}
		for _, child := range v {
			letJoin(child)
		}
	case []any:
		for _, child := range v {
			letJoin(child)
		}
	}
}

// JSON returns the schema. It allows fields that are not in it, since some may join.
func (s *EventSchema) JSON() []byte { return s.document }

// Validate says what is wrong with the JSON of an event. Unlike the schema's JSON it
// allows no other fields and types than those that it has.
func (s *EventSchema) Validate(event []byte) error {
	var v map[string]any
	if err := json.Unmarshal(event, &v); err != nil {
		return fmt.Errorf("api: event: %w", err)
	}
	name, _ := v["type"].(string)
	schema := s.types[name]
	if schema == nil {
		return fmt.Errorf("api: event: unknown type %q", name)
	}
	var res huma.ValidateResult
	huma.Validate(s.registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &res)
	if len(res.Errors) > 0 {
		return fmt.Errorf("api: event %s: %w", name, errors.Join(res.Errors...))
	}
	return nil
}
