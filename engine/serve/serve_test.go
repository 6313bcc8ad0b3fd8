package serve

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
)

// docs/events.schema.json is the schema that an engine serves; -update writes it.
func TestEventSchema(t *testing.T) {
	schema, err := api.NewEventSchema(Events())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("..", "..", "docs", "events.schema.json"), schema.JSON())
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (go test ./engine/serve -update writes it); it would be\n%s", path, got)
	}
}
