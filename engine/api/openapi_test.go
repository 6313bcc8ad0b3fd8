package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

func operations(item *huma.PathItem) []*huma.Operation {
	var list []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete, item.Patch} {
		if op != nil {
			list = append(list, op)
		}
	}
	return list
}

// docs/openapi.json is what GET /openapi.json answers; -update writes it.
func TestOpenAPI(t *testing.T) {
	r := newRig(t, nil)
	resp, err := r.client().send(t.Context(), "GET", "/openapi.json", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if typ := resp.Header.Get("Content-Type"); typ != "application/openapi+json" {
		t.Errorf("content type %q", typ)
	}
	path := filepath.Join("..", "..", "docs", "openapi.json")
	if *update {
		if err := os.WriteFile(path, r.srv.OpenAPI(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.srv.OpenAPI(); string(got) != string(want) {
		t.Errorf("%s differs (go test ./engine/api -update writes it); it would be\n%s", path, got)
	}
	for path, item := range r.srv.api.OpenAPI().Paths {
		for _, op := range operations(item) {
			// huma says nothing of a parameter that it does not find.
			params := 0
			for _, p := range op.Parameters {
				if p.In == "path" {
					params++
				}
			}
			if want := strings.Count(path, "{"); params != want {
				t.Errorf("%s %s: %d parameters, want %d", op.Method, path, params, want)
			}
			if op.Summary == "" || op.OperationID == "" || len(op.Security) != 1 || len(op.Tags) != 1 {
				t.Errorf("%s %s: summary %q, id %q, security %v, tags %v", op.Method, path, op.Summary, op.OperationID, op.Security, op.Tags)
			}
		}
	}
}
