package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/hashicorp/go-hclog"
)

// ask sends a request to the server without a connection.
func (r *rig) ask(local bool, method, path, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Host = "127.0.0.1:8090"
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if change != nil {
		change(req)
	}
	w := httptest.NewRecorder()
	r.srv.guard(local, http.HandlerFunc(r.srv.answer)).ServeHTTP(w, req)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func bearer(token string) func(*http.Request) { return header("Authorization", "Bearer "+token) }

// problem checks that an answer is an error of ours.
func problem(t *testing.T, w *httptest.ResponseRecorder, status int, code string) Error {
	t.Helper()
	var e Error
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Code != status || e.Status != status || e.Code != code || e.Title == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("answer %d %v %s, want %d %s", w.Code, w.Header(), w.Body, status, code)
	}
	return e
}

// A web page can neither look nor dial, by whatever name it has for us.
func TestWebPagesAreRefused(t *testing.T) {
	r := newRig(t, nil)
	for _, local := range []bool{true, false} {
		for name, change := range map[string]func(*http.Request){
			"origin":              header("Origin", "https://evil.example"),
			"origin of ourselves": header("Origin", "http://127.0.0.1:8090"),
			"origin null":         header("Origin", "null"),
			"referer":             header("Referer", "https://evil.example/page"),
			"cross-site":          header("Sec-Fetch-Site", "cross-site"),
			"same-origin":         header("Sec-Fetch-Site", "same-origin"),
			"rebound name":        func(r *http.Request) { r.Host = "evil.example:8090" },
			"no host":             func(r *http.Request) { r.Host = "" },
			"name that begins so": func(r *http.Request) { r.Host = "localhost.evil.example" },
			"name that ends so":   func(r *http.Request) { r.Host = "evil-phone.example" },
		} {
			for _, path := range []string{"/v1/calls", "/v1/events", "/openapi.json", "/", "/v1/calls/selected/hangup"} {
				w := r.ask(local, "GET", path, "", func(req *http.Request) { bearer(adminToken)(req); change(req) })
				if t.Failed() {
					return
				}
				t.Run(name, func(t *testing.T) { problem(t, w, 403, CodeForbidden) })
			}
			w := r.ask(local, "POST", "/v1/calls", `{"uri":"sip:premium@evil"}`, func(req *http.Request) { bearer(adminToken)(req); change(req) })
			problem(t, w, 403, CodeForbidden)
		}
	}
	if got := r.phone.noted(); len(got) != 0 {
		t.Errorf("the softphone was asked for %q", got)
	}
	for _, host := range []string{"localhost", "LOCALHOST:80", "localhost.", "127.0.0.1", "[::1]:8090", "192.0.2.7:1", "phone.example:8090", "Phone.Example"} {
		w := r.ask(true, "GET", "/v1/calls", "", func(req *http.Request) { req.Host = host })
		if w.Code != 200 {
			t.Errorf("host %s: %d %s", host, w.Code, w.Body)
		}
	}
	w := r.ask(true, "GET", "/v1/calls", "", header("Sec-Fetch-Site", "none"))
	if w.Code != 200 || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("answer %d %v", w.Code, w.Header())
	}
	if w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Error("other origins are allowed")
	}
}

func TestTokens(t *testing.T) {
	r := newRig(t, nil)
	for name, change := range map[string]func(*http.Request){
		"none":         nil,
		"empty":        bearer(""),
		"unknown":      bearer("0123456789012345678901234"),
		"part":         bearer(adminToken[:20]),
		"more":         bearer(adminToken + "x"),
		"other case":   bearer(strings.ToUpper(adminToken)),
		"basic":        header("Authorization", "Basic "+adminToken),
		"bare":         header("Authorization", adminToken),
		"in the query": func(r *http.Request) { r.URL.RawQuery = "token=" + adminToken },
	} {
		t.Run(name, func(t *testing.T) {
			w := r.ask(false, "GET", "/v1/status", "", change)
			problem(t, w, 401, CodeUnauthorized)
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	for _, text := range []string{"Bearer ", "bearer ", "BEARER "} {
		if w := r.ask(false, "GET", "/v1/status", "", header("Authorization", text+readToken)); w.Code != 200 {
			t.Errorf("%q: %d", text, w.Code)
		}
	}
}

// scopes is what each request needs. A request that is not here is an error of the test.
var scopes = map[string]Scope{
	"GET /v1/status": ScopeRead, "GET /v1/calls": ScopeRead, "GET /v1/calls/{call}": ScopeRead,
	"GET /v1/calls/{call}/stats": ScopeRead, "GET /v1/accounts": ScopeRead,
	"GET /v1/recordings": ScopeRead, "GET /v1/recordings/{name}": ScopeRead, "GET /v1/prompts": ScopeRead, "GET /v1/events": ScopeRead,
	"GET /v1/events/schema": ScopeRead, "GET /v1/levels": ScopeRead, "GET /v1/conferences": ScopeRead, "GET /v1/buddies": ScopeRead,
	"GET /metrics": ScopeRead, "GET /v1/log": ScopeRead, "GET /v1/contacts": ScopeRead, "PUT /v1/contacts": ScopeAdmin, "POST /v1/reload": ScopeAdmin,
	"POST /v1/calls": ScopeCall, "POST /v1/hangup": ScopeCall, "POST /v1/redial": ScopeCall, "POST /v1/pickup": ScopeCall,
	"POST /v1/retrieve": ScopeCall, "POST /v1/voicemail": ScopeCall, "POST /v1/mute": ScopeCall, "POST /v1/unmute": ScopeCall,
	"PUT /v1/volumes": ScopeCall, "POST /v1/conferences": ScopeCall, "POST /v1/messages": ScopeCall, "POST /v1/buddies": ScopeCall,
	"DELETE /v1/buddies": ScopeCall, "PUT /v1/presence": ScopeCall, "PUT /v1/prompts/{name}": ScopeCall, "DELETE /v1/prompts/{name}": ScopeCall,
	"POST /v1/calls/{call}/{verb}": ScopeCall,
	"POST /v1/accounts":            ScopeAdmin, "PUT /v1/accounts/{account}": ScopeAdmin, "DELETE /v1/accounts/{account}": ScopeAdmin,
	"POST /v1/accounts/{account}/register": ScopeAdmin, "POST /v1/accounts/{account}/unregister": ScopeAdmin, "POST /v1/stop": ScopeAdmin, "POST /v1/command": ScopeAdmin,
}

// Each request needs its scope and takes those beyond; the document says so too.
func TestScopes(t *testing.T) {
	r := newRig(t, nil)
	tokens := map[Scope]string{ScopeNone: "", ScopeRead: readToken, ScopeCall: callToken, ScopeAdmin: adminToken}
	seen := 0
	if err := r.srv.ready(); err != nil {
		t.Fatal(err)
	}
	for path, item := range r.srv.api.OpenAPI().Paths {
		for _, op := range operations(item) {
			name := op.Method + " " + path
			if verb := strings.TrimPrefix(path, "/v1/calls/{call}/"); verb != path && op.Method == "POST" {
				name = "POST /v1/calls/{call}/{verb}"
			}
			need, ok := scopes[name]
			if !ok {
				t.Errorf("%s is not in the table", name)
				continue
			}
			seen++
			if got := op.Security[0]["token"]; len(got) != 1 || got[0] != need.String() {
				t.Errorf("%s: the document says %v", name, got)
			}
			url := strings.NewReplacer("{call}", "99999", "{account}", "99", "{name}", "x").Replace(path)
			for have, token := range tokens {
				if path == "/v1/events" && have >= need {
					continue // a stream that does not end
				}
				// What may pass the scope fails after that: of everything but GET the
				// body is no JSON.
				body := "{"
				if op.Method == "GET" || hasNoBody(op) {
					body = ""
				}
				w := r.ask(false, op.Method, url, body, bearer(token))
				switch {
				case have == ScopeNone:
					problem(t, w, 401, CodeUnauthorized)
				case have < need:
					problem(t, w, 403, CodeForbidden)
				case w.Code == 401 || w.Code == 403:
					t.Errorf("%s with %s: %d %s", name, have, w.Code, w.Body)
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("%d requests", seen)
	}
	if w := r.ask(false, "GET", "/openapi.json", "", bearer(readToken)); w.Code != 200 {
		t.Errorf("openapi.json: %d", w.Code)
	}
}

func hasNoBody(op *huma.Operation) bool { return op.RequestBody == nil }

// Over the limit a token waits, and one that is wrong does not use up another's.
func TestRateLimit(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Requests, c.Limits.Burst = 2, 3 })
	now := time.Unix(1000, 0)
	r.srv.limiter.now = func() time.Time { return now }
	status := func(change func(*http.Request)) int {
		return r.ask(false, "GET", "/v1/status", "", change).Code
	}
	for n, want := range []int{401, 401, 401, 429} {
		if got := status(bearer("wrong-wrong-wrong-wrong-wrong")); got != want {
			t.Errorf("guess %d: %d, want %d", n, got, want)
		}
	}
	elsewhere := func(req *http.Request) { req.RemoteAddr = "198.51.100.9:1" }
	if got := status(elsewhere); got != 401 {
		t.Errorf("a guess from another address: %d", got)
	}
	for n, want := range []int{200, 200, 200, 429, 429} {
		if got := status(bearer(readToken)); got != want {
			t.Errorf("request %d: %d, want %d", n, got, want)
		}
	}
	w := r.ask(false, "GET", "/v1/status", "", bearer(readToken))
	problem(t, w, 429, CodeTooMany)
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q", w.Header().Get("Retry-After"))
	}
	if got := status(bearer(callToken)); got != 200 {
		t.Errorf("another token: %d", got)
	}
	now = now.Add(time.Second) // for two
	for n, want := range []int{200, 200, 429} {
		if got := status(bearer(readToken)); got != want {
			t.Errorf("a second later, request %d: %d, want %d", n, got, want)
		}
	}
	for range 20 {
		if w := r.ask(true, "GET", "/v1/status", "", nil); w.Code != 200 {
			t.Errorf("on the socket: %d", w.Code)
		}
	}
}

func TestLimiterForgets(t *testing.T) {
	l := newLimiter(1, 2)
	now := time.Unix(1000, 0)
	l.now = func() time.Time { return now }
	for n := range manyBuckets * 3 {
		l.allow(fmt.Sprint(n))
		if n == manyBuckets {
			now = now.Add(time.Hour)
		}
	}
	if len(l.buckets) > manyBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

// Bodies over the limit are refused, with a length and without one.
func TestBodyLimit(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.Body = 1000 })
	small := `{"uri":"sip:a@b","headers":[]}`
	fits := small + strings.Repeat(" ", 1000-len(small))
	if w := r.ask(true, "POST", "/v1/calls", fits, nil); w.Code != 201 {
		t.Errorf("a body of 1000 bytes: %d %s", w.Code, w.Body)
	}
	problem(t, r.ask(true, "POST", "/v1/calls", fits+" ", nil), 413, CodeTooLarge)
	problem(t, r.ask(true, "POST", "/v1/calls", fits+" ", func(req *http.Request) { req.ContentLength = -1 }), 413, CodeTooLarge)
	problem(t, r.ask(true, "POST", "/v1/stop", fits+" ", nil), 413, CodeTooLarge)
	// By a real connection, on which the rest is not waited for.
	c, err := dialSocket(t.Context(), r.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /v1/calls HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999999999\r\n\r\n{")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 413" {
		t.Errorf("answer %q, %v", answer, err)
	}
	long, err := http.NewRequest("GET", r.url+"/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer(adminToken)(long)
	long.Header.Set("X-Long", strings.Repeat("x", 100_000))
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(long)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != 431 {
			t.Errorf("a long header: %d", resp.StatusCode)
		}
	}
}

// What is wrong with a request is said with its place, and nothing reaches the softphone.
func TestBadRequests(t *testing.T) {
	r := newRig(t, nil)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/calls", ``, 400, "body is required"},
		{"POST", "/v1/calls", `{`, 400, "body"},
		{"POST", "/v1/calls", `[]`, 422, "body"},
		{"POST", "/v1/calls", `{"uri":""}`, 422, "body.uri"},
		{"POST", "/v1/calls", `{"uri":5}`, 422, "body.uri"},
		{"POST", "/v1/calls", `{"uri":"a","account":-1}`, 422, "body.account"},
		{"POST", "/v1/calls", `{"uri":"a","acount":1}`, 422, "body.acount"},
		{"POST", "/v1/calls", `{"uri":"a","headers":[{"name":"A B","value":"x"}]}`, 422, "body.headers[0].name"},
		{"POST", "/v1/calls", `{"uri":"a","headers":[{"name":"A","value":"x\r\nB: y"}]}`, 422, "body.headers[0].value"},
		{"POST", "/v1/calls/0/hangup", ``, 422, "path.call"},
		{"POST", "/v1/calls/-1/hangup", ``, 422, "path.call"},
		{"POST", "/v1/calls/1e3/hangup", ``, 422, "path.call"},
		{"POST", "/v1/calls/99999999999999999999/hangup", ``, 422, "path.call"},
		{"POST", "/v1/calls/1/answer", `{"code":404}`, 422, "body.code"},
		{"POST", "/v1/calls/1/reject", `{"code":200}`, 422, "body.code"},
		{"POST", "/v1/calls/1/dtmf", `{"digits":"1x"}`, 422, "body.digits"},
		{"POST", "/v1/calls/1/dtmf", `{"digits":"1","method":"smoke"}`, 422, "body.method"},
		{"POST", "/v1/calls/1/record", `{"name":"../a.wav"}`, 422, "a.wav"},
		{"POST", "/v1/calls/1/record", `{"name":"a.exe"}`, 422, "a.exe"},
		{"POST", "/v1/calls/1/transfer", `{}`, 422, "target"},
		{"POST", "/v1/calls/1/transfer", `{"target":"a","to":2}`, 422, "target"},
		{"POST", "/v1/calls/1/mute", `{"direction":"up"}`, 422, "body.direction"},
		{"POST", "/v1/calls/1/volume", `{"direction":"in","percent":500}`, 422, "body.percent"},
		{"POST", "/v1/messages", `{"text":"a"}`, 422, "to"},
		{"POST", "/v1/messages", `{"text":"a","to":"b","call":1}`, 422, "to"},
		{"PUT", "/v1/accounts/2", `{"number":3,"keys":{}}`, 422, "number"},
		{"DELETE", "/v1/accounts/x", ``, 422, "path.account"},
		{"GET", "/v1/calls?all=1", ``, 422, "query.all"},
		{"GET", "/v1/log?last=x", ``, 422, "query.last"},
		{"GET", "/v1/log?type=lost", ``, 422, "query.type"},
		{"GET", "/v1/log?since=noon", ``, 422, "query.since"},
		{"GET", "/v1/nothing", ``, 404, "/v1/nothing"},
		{"POST", "/v1/status", ``, 404, "POST /v1/status"},
		{"PATCH", "/v1/calls", ``, 404, "PATCH"},
	} {
		w := r.ask(true, tt.method, tt.path, tt.body, nil)
		code := CodeBadRequest
		if tt.status == 404 {
			code = CodeNotFound
		}
		e := problem(t, w, tt.status, code)
		if !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%s %s %s: %q, want %q in it", tt.method, tt.path, tt.body, e.Error(), tt.want)
		}
	}
	if got := r.phone.noted(); len(got) != 0 {
		t.Errorf("the softphone was asked for %q", got)
	}
	w := r.ask(true, "POST", "/v1/calls", `uri=a`, header("Content-Type", "application/x-www-form-urlencoded"))
	problem(t, w, 415, CodeUnsupported)
}

// Neither tokens nor passwords are in logs, errors or answers.
func TestSecretsStayInside(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(c *Config) {
		c.Log = hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Trace})
		c.Limits.Requests, c.Limits.Burst = 1, 4
	})
	const password = "pass-secret-pass-secret-1"
	var said strings.Builder
	for _, w := range []*httptest.ResponseRecorder{
		r.ask(false, "POST", "/v1/accounts", `{"keys":{"password":"`+password+`"},"number":-1}`, bearer(adminToken)),
		r.ask(false, "POST", "/v1/accounts", `{"keys":"`+password+`"}`, bearer(adminToken)),
		r.ask(false, "POST", "/v1/accounts", `{"keys":{"password":"`+password+`"`, bearer(adminToken)),
		r.ask(false, "POST", "/v1/accounts", `{}`, bearer(callToken)),
		r.ask(false, "POST", "/v1/accounts", `{}`, bearer(password)),
		r.ask(false, "GET", "/v1/status", "", bearer(adminToken)),
		r.ask(false, "GET", "/v1/status", "", bearer(adminToken)),
	} {
		if w.Code == 200 && said.Len() == 0 {
			t.Errorf("answer %s", w.Body)
		}
		fmt.Fprint(&said, w.Body, w.Header())
	}
	for _, secret := range []string{password, adminToken, callToken, readToken} {
		if strings.Contains(log.String(), secret) || strings.Contains(said.String(), secret) {
			t.Errorf("%s is in a log or an answer:\n%s\n%s", secret, log.String(), said.String())
		}
	}
	if log.Len() == 0 {
		t.Error("nothing is logged of what was refused")
	}
}
