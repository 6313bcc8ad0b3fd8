package serve

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/microsip"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func transportsOf(list []engine.TransportAddress) []api.TransportAddress {
	out := make([]api.TransportAddress, 0, len(list))
	for _, t := range list {
		out = append(out, api.TransportAddress(t))
	}
	return out
}

func accountsOf(list []engine.AccountInfo) []api.Account {
	out := make([]api.Account, 0, len(list))
	for _, a := range list {
		out = append(out, accountOf(a))
	}
	return out
}

func accountOf(a engine.AccountInfo) api.Account {
	return api.Account{
		Number: a.Number, Label: a.Label, URI: a.URI, Server: a.Server, Domain: a.Domain, Username: a.Username,
		Transport: a.Transport, Registers: a.Registers, Registered: a.Registered, Code: a.Code, Reason: a.Reason,
		Detail: a.Detail, ExpiresMS: a.ExpiresMS, Mailbox: (*api.Mailbox)(a.Mailbox),
	}
}

func callsOf(list []engine.CallInfo) []api.Call {
	out := make([]api.Call, 0, len(list))
	for _, c := range list {
		out = append(out, callOf(c))
	}
	return out
}

func callOf(c engine.CallInfo) api.Call {
	out := api.Call{
		ID: api.CallID(c.ID), Account: c.Account, Role: c.Role, State: string(c.State), Code: c.Code, Reason: c.Reason,
		Remote: c.Remote, Local: c.Local, SIPCallID: c.SIPCallID, Media: make([]api.Media, 0, len(c.Media)),
		Started: c.Started.UTC(), Ringing: utc(c.Ringing), Answered: utc(c.Answered), Ended: utc(c.Ended),
		Recordings: c.Recordings, Held: c.Held, Conference: int64(c.Conference), Levels: api.Levels(c.Levels),
	}
	for _, m := range c.Media {
		out.Media = append(out.Media, api.Media(m))
	}
	return out
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC()
}

// explain turns an error of the engine into one that says what the client can do.
func explain(err error) error {
	if err == nil {
		return nil
	}
	var known *api.Error
	var uri *engine.URIError
	var account *engine.UnknownAccountError
	var format *wav.FormatError
	var denied *engine.NotAllowedError
	var limit *engine.LimitError
	status, code := http.StatusBadGateway, api.CodeFailed // whatever else PJSIP or the engine says
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, engine.ErrCallEnded), errors.Is(err, microsip.ErrNoCall):
		status, code = http.StatusNotFound, api.CodeNoCall
	case errors.Is(err, engine.ErrNotRunning), errors.Is(err, pjsua.ErrClosed):
		status, code = http.StatusServiceUnavailable, api.CodeNotRunning
	case errors.As(err, &account):
		status, code = http.StatusNotFound, api.CodeNoAccount
	case errors.As(err, &uri), errors.As(err, &format):
		status, code = http.StatusUnprocessableEntity, api.CodeBadRequest
	case errors.As(err, &denied):
		status, code = http.StatusForbidden, api.CodeForbidden
	case errors.As(err, &limit):
		status, code = http.StatusTooManyRequests, api.CodeTooMany
	case errors.Is(err, microsip.ErrScreen), errors.Is(err, microsip.ErrReset):
		status, code = http.StatusNotImplemented, api.CodeUnsupported
	case isConflict(err), errors.Is(err, engine.ErrSingleMode), errors.Is(err, engine.ErrNoContacts):
		status, code = http.StatusConflict, api.CodeConflict
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		status, code = http.StatusServiceUnavailable, api.CodeTimeout
	}
	return api.Errorf(status, code, "%v", err)
}
