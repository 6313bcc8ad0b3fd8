package scenario

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

const schemaPath = "../../docs/scenario.schema.json"

type object = map[string]any

// TestSchema holds docs/scenario.schema.json to the Go types; go test -update writes it.
func TestSchema(t *testing.T) {
	g := &schemaMaker{t: t, docs: comments(t)}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(g.document()); err != nil {
		t.Fatal(err)
	}
	compareFile(t, schemaPath, b.Bytes())
}

// schemaMaker makes a JSON Schema of the types, for editors. It is looser than Parse: what takes more
// than the form of a value is left to that.
type schemaMaker struct {
	t    *testing.T
	docs map[string]string
}

const variablePattern = `\$\{`

func (g *schemaMaker) document() object {
	root := g.fields(reflect.TypeFor[Scenario](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "A scenario of offhook test"
	root["required"] = []string{"actors", "steps"}
	root["patternProperties"] = object{"^x-": object{"description": "Ignored: a place for anchors"}}
	defs := object{
		"step":   g.step(),
		"steps":  object{"type": "array", "minItems": 1, "items": object{"$ref": "#/$defs/step"}},
		"text":   object{"type": []string{"string", "number"}},
		"values": object{"type": "object", "additionalProperties": object{"type": []string{"string", "number", "boolean", "null"}}},
		"time": object{"anyOf": []object{
			{"type": "string", "pattern": `^\s*([0-9]+(\.[0-9]*)?\s*(h|m|s|ms|us|µs|ns)\s*)+$|^0$|` + variablePattern}, {"const": 0},
		}, "examples": []string{"4s", "250ms", "1m30s"}},
		"share": object{"anyOf": []object{
			{"type": "string", "pattern": `^\s*[0-9]+(\.[0-9]*)?\s*%?\s*$|` + variablePattern}, {"type": "number", "minimum": 0, "maximum": 100},
		}, "examples": []string{"70 %"}},
		"code": object{"anyOf": []object{
			{"type": "integer", "minimum": 100, "maximum": 699},
			{"type": "string", "pattern": `^[1-6]([0-9][0-9]|[xX][xX])$|^[1-6][0-9][0-9]\.\.[1-6][0-9][0-9]$|` + variablePattern},
		}},
		"impairment": g.fields(reflect.TypeFor[Impairment](), typeComment(g.t, g.docs, reflect.TypeFor[Impairment]())),
		"actor": object{"anyOf": []object{
			g.fields(reflect.TypeFor[Actor](), typeComment(g.t, g.docs, reflect.TypeFor[Actor]())), {"type": "null"},
		}},
	}
	for _, a := range actions {
		defs["action."+a.Name()] = g.action(a)
	}
	root["$defs"] = defs
	return root
}

func (g *schemaMaker) fields(t reflect.Type, description string) object {
	properties := object{}
	var required []string
	for _, f := range fieldsOf(t) {
		properties[f.key] = g.described(g.value(t.Field(f.index).Type), fieldComment(g.t, g.docs, t, f))
		if f.required {
			required = append(required, f.key)
		}
	}
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if required != nil {
		o["required"] = required
	}
	if description != "" {
		o["description"] = description
	}
	return o
}

func (g *schemaMaker) described(o object, text string) object {
	o["description"] = text
	return o
}

func (g *schemaMaker) action(a Action) object {
	t := reflect.TypeOf(a).Elem()
	description := typeComment(g.t, g.docs, t)
	fields := fieldsOf(t)
	if len(fields) == 1 && fields[0].inline {
		return g.described(g.value(t.Field(fields[0].index).Type), description)
	}
	forms := []object{g.fields(t, "")}
	required := 0
	for _, f := range fields {
		if f.required {
			required++
		}
	}
	for _, f := range fields {
		if f.short && (required == 0 || required == 1 && f.required) {
			forms = append(forms, g.value(t.Field(f.index).Type))
		}
	}
	if required == 0 {
		forms = append(forms, object{"type": "null"})
	}
	return object{"anyOf": forms, "description": description}
}

func (g *schemaMaker) step() object {
	step := g.fields(reflect.TypeFor[Step](), typeComment(g.t, g.docs, reflect.TypeFor[Step]()))
	var one []object
	var bare []string
	for _, a := range actions {
		step["properties"].(object)[a.Name()] = object{"$ref": "#/$defs/action." + a.Name()}
		one = append(one, object{"required": []string{a.Name()}})
		bare = append(bare, a.Name())
	}
	step["oneOf"] = one
	return object{"anyOf": []object{step, {"enum": bare}}}
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func listOf(item object) object {
	return object{"anyOf": []object{item, {"type": "array", "minItems": 1, "items": item}}}
}

func orVariable(o object) object {
	return object{"anyOf": []object{o, {"type": "string", "pattern": variablePattern}}}
}

func (g *schemaMaker) value(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[[]Step]():
		return ref("steps")
	case reflect.TypeFor[[]Branch]():
		return object{"anyOf": []object{
			{"type": "array", "minItems": 1, "items": object{"anyOf": []object{ref("steps"), ref("step")}}},
			{"type": "object", "minProperties": 1, "additionalProperties": ref("steps")},
		}}
	case reflect.TypeFor[[]Actor]():
		return object{"type": "object", "minProperties": 1, "additionalProperties": ref("actor")}
	case reflect.TypeFor[Pairs]():
		return object{"type": "object", "additionalProperties": object{"anyOf": []object{
			{"type": []string{"string", "number", "boolean", "null"}}, {"type": "array", "items": ref("text")},
		}}}
	case reflect.TypeFor[Matrix]():
		return object{"type": "object",
			"properties":           object{"exclude": listOf(ref("values"))},
			"additionalProperties": listOf(object{"type": []string{"string", "number", "boolean"}})}
	case reflect.TypeFor[*Rows]():
		return object{"anyOf": []object{
			{"type": "string"}, {"type": "array", "minItems": 1, "items": ref("values")}, g.fields(reflect.TypeFor[Rows](), ""),
		}}
	case reflect.TypeFor[Impairment]():
		return ref("impairment")
	case reflect.TypeFor[time.Duration]():
		return ref("time")
	case reflect.TypeFor[DurationRange]():
		return object{"anyOf": []object{ref("time"), {"type": "string", "pattern": `^.+\.\..+$`}}}
	case reflect.TypeFor[Percent]():
		return ref("share")
	case reflect.TypeFor[CodeRange]():
		return ref("code")
	case reflect.TypeFor[MessageKind]():
		return object{"anyOf": []object{{"enum": methods}, ref("code")}}
	case reflect.TypeFor[Condition](), reflect.TypeFor[secret.Text](), reflect.TypeFor[Pattern]():
		return ref("text")
	}
	if list := words[t.Name()]; list != nil {
		return orVariable(object{"enum": list})
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.value(t.Elem())
	case reflect.Slice:
		return listOf(g.value(t.Elem()))
	case reflect.Bool:
		return orVariable(object{"type": "boolean"})
	case reflect.Int:
		return orVariable(object{"type": "integer"})
	case reflect.Float64:
		return orVariable(object{"type": "number"})
	case reflect.String:
		return ref("text")
	}
	g.t.Fatalf("no schema for %v", t)
	return nil
}

// schema is docs/scenario.schema.json as an editor reads it.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("scenario.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// accepts holds a scenario to the schema as an editor does.
func accepts(s *jsonschema.Schema, text []byte) error {
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// TestSchemaAccepts: what Parse takes an editor takes, for all scenarios of the repository, and for what
// Write makes of them.
func TestSchemaAccepts(t *testing.T) {
	s := schema(t)
	n := 0
	for _, text := range goodScenarios(t) {
		n++
		if err := accepts(s, []byte(text.yaml)); err != nil {
			t.Errorf("%s: %v", text.name, err)
		}
		parsed, err := Parse(text.name, []byte(text.yaml), Options{NoFiles: true, Env: noEnv})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		written, err := parsed.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := accepts(s, written); err != nil {
			t.Errorf("%s as it is written: %v\n%s", text.name, err, written)
		}
	}
	if n < 10 {
		t.Errorf("%d scenarios are few", n)
	}
}

type scenarioText struct{ name, yaml string }

// goodScenarios are those of testdata, of the documentation and of the examples.
func goodScenarios(t *testing.T) []scenarioText {
	t.Helper()
	var list []scenarioText
	add := func(pattern string) {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) == ".yaml" && bytes.Contains(data, []byte("\nsteps:")) {
				list = append(list, scenarioText{file, string(data)})
			}
		}
	}
	add("testdata/*.yaml")
	add("testdata/import/*.yaml")
	add("../../examples/*.yaml")
	add("../../examples/*/*.yaml")
	add("../../examples/*/*/*.yaml")
	for i, sample := range pageSamples(t) {
		list = append(list, scenarioText{"docs/scenarios.md sample " + strings.Repeat("I", i+1), sample})
	}
	return list
}

// TestSchemaRefuses: an editor sees the mistakes of words and of types.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	const head = "actors: {a: }\nsteps:\n"
	for _, text := range []string{
		"steps: [{hangup: }]", "actors: {a: }", "actors: {a: }\nstep: []", head + "  - dail: x", head + "  - {dial: x, hangup: }",
		head + "  - {dial: {t: x}}", head + "  - {dial: }", head + "  - wait: 5", head + "  - {wait: 5s, actr: a}", head + "  - expect-code: 4y",
		head + "  - {expect-prompt: {file: a, likeness: 120}}", head + "  - {expect-tone: ringbak}", head + "  - {hold: now}", head + "  - holds",
		"actors: {a: {transport: sctp}}\nsteps: [hangup]", "actors: {a: {account: one}}\nsteps: [hangup]", "timeout: 5\nactors: {a: }\nsteps: [hangup]",
	} {
		if err := accepts(s, []byte(text)); err == nil {
			t.Errorf("the schema accepts\n%s", text)
		}
		if _, err := Parse("a.yaml", []byte(text), Options{NoFiles: true}); err == nil {
			t.Errorf("Parse accepts\n%s", text)
		}
	}
}
