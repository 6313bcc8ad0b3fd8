package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client commands a running engine. Its methods may be called from several goroutines;
// ctx bounds each. Where the engine refuses, the error is an [*Error]; where there is
// no engine, an [*UnreachableError].
//
// The zero value reaches nobody: one of Socket and URL has to be set, before the first
// method is called.
type Client struct {
	// Socket is the path of the engine's Unix socket, on Windows the name of its pipe.
	Socket string
	// URL is where the engine listens on TCP, such as "http://127.0.0.1:8090", and Token
	// what it wants to see.
	URL   string
	Token string
	// HTTP is used where it is set, in place of a client of our own.
	HTTP *http.Client
}

// UnreachableError says that there is no engine where one was looked for.
type UnreachableError struct {
	Where string // path or URL
	err   error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("api: no engine can be reached at %s: %v", e.Where, e.err)
}

func (e *UnreachableError) Unwrap() error { return e.err }

// socketHost stands for the socket in URLs.
const socketHost = "http://localhost"

func (c *Client) where() string {
	if c.Socket != "" {
		return c.Socket
	}
	return c.URL
}

func (c *Client) base() string {
	if c.Socket != "" {
		return socketHost
	}
	return strings.TrimSuffix(c.URL, "/")
}

// client returns what requests are sent with. Connections are not kept: a command line has
// one request, and an engine that ends does not wait for those of others.
func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	t := &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	if c.Socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialSocket(ctx, c.Socket)
		}
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (c *Client) header() http.Header {
	h := http.Header{}
	if c.Token != "" && c.Socket == "" {
		h.Set("Authorization", "Bearer "+c.Token)
	}
	return h
}

// send sends a request and returns the answer of a success, whose body the caller closes.
func (c *Client) send(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	if c.where() == "" {
		return nil, errors.New("api: the Client has neither Socket nor URL")
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base()+path, body)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	req.Header = c.header()
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, errorOf(resp)
	}
	return resp, nil
}

// unreachable tells a missing engine from a wait that was given up.
func (c *Client) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the URL, which is of our making
	}
	return &UnreachableError{Where: c.where(), err: err}
}

// errorOf reads an error's body, which a proxy may have written.
func errorOf(resp *http.Response) error {
	e := &Error{}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || json.Unmarshal(text, e) != nil || e.Status == 0 {
		e = Errorf(resp.StatusCode, codeOf(resp.StatusCode), "%s", resp.Status)
	}
	return e
}

// do sends in as JSON, where it is not nil, and reads an answer of type T.
func do[T any](ctx context.Context, c *Client, method, path string, in any) (out T, err error) {
	var body io.Reader
	contentType := ""
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return out, fmt.Errorf("api: %w", err)
		}
		body, contentType = bytes.NewReader(text), "application/json"
	}
	resp, err := c.send(ctx, method, path, contentType, body)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if _, none := any(out).(struct{}); none {
		return out, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		return out, fmt.Errorf("api: the answer to %s %s: %w", method, path, err)
	}
	return out, nil
}

// callURL is the path of a command on a call; 0 is the one that MicroSIP would choose.
func callURL(call CallID, verb string) string {
	id := "selected"
	if call != 0 {
		id = strconv.FormatInt(int64(call), 10)
	}
	if verb != "" {
		verb = "/" + verb
	}
	return "/v1/calls/" + id + verb
}

func command(ctx context.Context, c *Client, call CallID, verb string, body any) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, callURL(call, verb), body)
}

// Status says how the softphone is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return do[Status](ctx, c, http.MethodGet, "/v1/status", nil)
}

// Stop asks the engine to hang up, unregister and end.
func (c *Client) Stop(ctx context.Context) error {
	_, err := do[struct{}](ctx, c, http.MethodPost, "/v1/stop", nil)
	return err
}

// Reload has the engine read its configuration again.
func (c *Client) Reload(ctx context.Context) (Reloaded, error) {
	return do[Reloaded](ctx, c, http.MethodPost, "/v1/reload", nil)
}

// Accounts returns all accounts in the order of their numbers.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	return do[[]Account](ctx, c, http.MethodGet, "/v1/accounts", nil)
}

// Register sends a REGISTER now; its outcome is a RegistrationChanged event.
func (c *Client) Register(ctx context.Context, account int) error {
	_, err := do[struct{}](ctx, c, http.MethodPost, fmt.Sprintf("/v1/accounts/%d/register", account), nil)
	return err
}

// Unregister ends a registration; the account stays.
func (c *Client) Unregister(ctx context.Context, account int) error {
	_, err := do[struct{}](ctx, c, http.MethodPost, fmt.Sprintf("/v1/accounts/%d/unregister", account), nil)
	return err
}

// Calls returns the calls that are not over.
func (c *Client) Calls(ctx context.Context) ([]Call, error) {
	return do[[]Call](ctx, c, http.MethodGet, "/v1/calls", nil)
}

// Call returns one call.
func (c *Client) Call(ctx context.Context, call CallID) (Call, error) {
	return do[Call](ctx, c, http.MethodGet, callURL(call, ""), nil)
}

// CallStats returns the figures of a call's audio so far.
func (c *Client) CallStats(ctx context.Context, call CallID) (CallStats, error) {
	return do[CallStats](ctx, c, http.MethodGet, callURL(call, "stats"), nil)
}

// Dial calls somebody. It returns as soon as the INVITE was sent.
func (c *Client) Dial(ctx context.Context, req DialRequest) (Call, error) {
	return do[Call](ctx, c, http.MethodPost, "/v1/calls", req)
}

// Answer answers an incoming call.
func (c *Client) Answer(ctx context.Context, call CallID, req AnswerRequest) (Call, error) {
	return command(ctx, c, call, "answer", req)
}

// Reject refuses an incoming call.
func (c *Client) Reject(ctx context.Context, call CallID, req RejectRequest) (Call, error) {
	return command(ctx, c, call, "reject", req)
}

// Hangup ends a call.
func (c *Client) Hangup(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "hangup", nil)
}

// Hold puts the far end on hold.
func (c *Client) Hold(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "hold", nil)
}

// Resume ends Hold.
func (c *Client) Resume(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "resume", nil)
}

// SendDTMF sends digits, and returns when they have been sent.
func (c *Client) SendDTMF(ctx context.Context, call CallID, req DTMFRequest) (Call, error) {
	return command(ctx, c, call, "dtmf", req)
}

// Record records a call, and returns the file when audio flows into it.
func (c *Client) Record(ctx context.Context, call CallID, req RecordRequest) (File, error) {
	return do[File](ctx, c, http.MethodPost, callURL(call, "record"), req)
}

// StopRecording returns when all recordings of the call are complete.
func (c *Client) StopRecording(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "stop-recording", nil)
}

// Play plays an uploaded prompt into a call.
func (c *Client) Play(ctx context.Context, call CallID, req PlayRequest) (Call, error) {
	return command(ctx, c, call, "play", req)
}

// StopPlaying stops everything that is played into a call.
func (c *Client) StopPlaying(ctx context.Context, call CallID) (Call, error) {
	return command(ctx, c, call, "stop-playing", nil)
}

// Prompts returns what was uploaded.
func (c *Client) Prompts(ctx context.Context) ([]File, error) {
	return do[[]File](ctx, c, http.MethodGet, "/v1/prompts", nil)
}

// AddPrompt uploads a WAV file under a name that ends in .wav.
func (c *Client) AddPrompt(ctx context.Context, name string, file io.Reader) (File, error) {
	var f File
	resp, err := c.send(ctx, http.MethodPut, "/v1/prompts/"+url.PathEscape(name), "audio/wav", file)
	if err != nil {
		return f, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		return f, fmt.Errorf("api: the answer to an upload: %w", err)
	}
	return f, nil
}

// RemovePrompt removes what was uploaded.
func (c *Client) RemovePrompt(ctx context.Context, name string) error {
	_, err := do[struct{}](ctx, c, http.MethodDelete, "/v1/prompts/"+url.PathEscape(name), nil)
	return err
}

// Recordings returns the recordings, newest first.
func (c *Client) Recordings(ctx context.Context) ([]File, error) {
	return do[[]File](ctx, c, http.MethodGet, "/v1/recordings", nil)
}

// Recording returns a recording, which the caller closes.
func (c *Client) Recording(ctx context.Context, name string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, http.MethodGet, "/v1/recordings/"+url.PathEscape(name), "", nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
