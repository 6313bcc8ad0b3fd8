package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// bodyTime is how long the body of a command may take to arrive.
const bodyTime = 30 * time.Second

// isUpload says that a request's body is a file.
func isUpload(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.HasPrefix(r.URL.Path, "/v1/prompts/")
}

// bound limits how large the body of a request may be and how long it may take. The body
// of a command is read here: a deadline that stays on the connection would end the wait
// for a command that takes long.
func (s *Server) bound(w http.ResponseWriter, r *http.Request) *Error {
	limit, d := s.limits.Body, bodyTime
	if isUpload(r) {
		limit, d = s.limits.Prompt, uploadTime
	}
	if r.ContentLength > limit {
		return Errorf(http.StatusRequestEntityTooLarge, CodeTooLarge, "the body is larger than %d bytes", limit)
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	rc := http.NewResponseController(w)
	// Not of a test's recorder, which has no connection.
	_ = rc.SetReadDeadline(time.Now().Add(d))
	if isUpload(r) {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	_ = rc.SetReadDeadline(time.Time{})
	if err != nil {
		return bodyError(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return nil
}

// bodyError says why a body could not be read.
func bodyError(err error) *Error {
	var large *http.MaxBytesError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &large):
		return Errorf(http.StatusRequestEntityTooLarge, CodeTooLarge, "the body is larger than %d bytes", large.Limit)
	case errors.As(err, &slow) && slow.Timeout():
		return Errorf(http.StatusRequestTimeout, CodeTimeout, "the body did not arrive in time")
	}
	return Errorf(http.StatusBadRequest, CodeBadRequest, "the body cannot be read: %v", err)
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the reader may have gone
	return nil
}
