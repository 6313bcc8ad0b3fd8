package api

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The call log and the address book can be had as CSV, by the query or by Accept; everything
// else, and mistakes, are JSON.
func TestTables(t *testing.T) {
	r := newRig(t, nil)
	for _, test := range []struct {
		path, accept string
		status       int
		typ, body    string
	}{
		{"/v1/log?number=12&format=csv", "", 200, "text/csv; charset=utf-8", "Type,Number\nmissed,12\n"},
		{"/v1/log?number=12", "text/csv, */*;q=0.1", 200, "text/csv; charset=utf-8", "Type,Number\nmissed,12\n"},
		{"/v1/log", "text/csv, application/json", 200, "application/json", `[{"id":4,`},
		{"/v1/log?format=json", "text/csv", 200, "application/json", `[{"id":4,`},
		{"/v1/log", "", 200, "application/json", `[{"id":4,`},
		{"/v1/log", "*/*", 200, "application/json", `[{"id":4,`},
		{"/v1/log?format=csv&number=none", "", 409, "application/problem+json", `"detail":"there is no call log"`},
		{"/v1/log?format=xml", "", 422, "application/problem+json", "query.format"},
		{"/v1/log?format=csv&last=-1", "", 422, "application/problem+json", "query.last"},
		{"/v1/contacts?format=csv", "", 200, "text/csv; charset=utf-8", "Name,Number\nAnn,1002\n"},
		{"/v1/contacts", "text/csv", 200, "text/csv; charset=utf-8", "Name,Number\nAnn,1002\n"},
		{"/v1/contacts", "", 200, "application/json", `[{"name":"Ann",`},
		{"/v1/calls", "text/csv", 200, "application/json", "["},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+readToken)
		if test.accept != "" {
			req.Header.Set("Accept", test.accept)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if typ := resp.Header.Get("Content-Type"); resp.StatusCode != test.status || typ != test.typ || !strings.Contains(string(body), test.body) {
			t.Errorf("%s, Accept %q: %d %s %s", test.path, test.accept, resp.StatusCode, typ, body)
		}
	}
}
