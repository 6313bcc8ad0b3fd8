package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func (s *Server) logRoutes() {
	const tag = "log"
	type query struct {
		LogQuery
		Format string `query:"format" enum:"json,csv" doc:"csv is a table, MicroSIP's columns first; so is Accept: text/csv"`
		Accept string `header:"Accept" hidden:"true"`
	}
	handleTable(s, route{
		method: "GET", path: "/v1/log", id: "log", tag: tag, scope: ScopeRead, summary: "The call log, the newest first",
	}, func(ctx context.Context, in *query) (entries []LogEntry, write func(io.Writer) error, err error) {
		if wantsCSV(in.Format, in.Accept) {
			write = func(w io.Writer) error { return s.phone.WriteCallLog(ctx, w, in.LogQuery) }
			return nil, write, nil
		}
		entries, err = s.phone.CallLog(ctx, in.LogQuery)
		return entries, nil, err
	})
}

// CallLog returns entries of the call log, the newest first.
func (c *Client) CallLog(ctx context.Context, q LogQuery) ([]LogEntry, error) {
	v := url.Values{}
	set := func(name, value string, there bool) {
		if there {
			v.Set(name, value)
		}
	}
	set("last", strconv.Itoa(q.Last), q.Last != 0)
	set("before", strconv.FormatInt(q.Before, 10), q.Before != 0)
	set("type", q.Type, q.Type != "")
	set("account", q.Account, q.Account != "")
	set("number", q.Number, q.Number != "")
	set("since", q.Since.Format(time.RFC3339Nano), !q.Since.IsZero())
	set("until", q.Until.Format(time.RFC3339Nano), !q.Until.IsZero())
	return do[[]LogEntry](ctx, c, http.MethodGet, "/v1/log?"+v.Encode(), nil)
}
