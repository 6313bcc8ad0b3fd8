package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequests sends whatever a client may: every answer is a success or an error of ours
// below 500, and its JSON is whole.
func FuzzRequests(f *testing.F) {
	phone := newFakePhone()
	srv, err := NewServer(Config{Softphone: phone, Events: []any{fakeEvent{}}, Prompts: testFolder(f), Recordings: testFolder(f), Limits: Limits{Prompt: 1 << 12}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("POST", "/v1/calls", "application/json", `{"uri":"sip:a@b","account":2,"headers":[{"name":"X-A","value":"1"}]}`)
	f.Add("POST", "/v1/calls/1/answer", "application/json", `{"code":180,"reason":"x"}`)
	f.Add("POST", "/v1/calls/selected/dtmf", "application/json", `{"digits":"1,2#","method":"info"}`)
	f.Add("POST", "/v1/calls/1/record", "application/json", `{"name":"a.wav"}`)
	f.Add("POST", "/v1/calls/1/transfer", "application/json", `{"to":2}`)
	f.Add("POST", "/v1/accounts", "application/json", `{"keys":{"server":"pbx"}}`)
	f.Add("POST", "/v1/messages", "application/json", `{"to":"a","text":"b"}`)
	f.Add("PUT", "/v1/prompts/a.wav", "audio/wav", "RIFF\x00\x00\x00\x00WAVEfmt ")
	f.Add("DELETE", "/v1/prompts/..%2fa.wav", "", "")
	f.Add("GET", "/v1/recordings/%00.wav", "", "")
	f.Add("GET", "/v1/status?x=%zz", "", "")
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		req, err := http.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(req.URL.Path, "/v1/events") {
			return // no request; or a stream that does not end
		}
		req.RequestURI, req.RemoteAddr = path, "127.0.0.1:1"
		if contentType != "" {
			req.Header["Content-Type"] = []string{contentType}
		}
		w := httptest.NewRecorder()
		srv.guard(true, http.HandlerFunc(srv.answer)).ServeHTTP(w, req)
		if w.Code >= 500 {
			t.Fatalf("%s %q %q: %d %s", method, path, body, w.Code, w.Body)
		}
		if w.Code < 400 {
			return
		}
		var e Error
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil && err != io.EOF || e.Status != w.Code || e.Code == "" {
			t.Fatalf("%s %q %q: %d %s (%v)", method, path, body, w.Code, w.Body, err)
		}
	})
}
