package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func (s *Server) logRoutes() {
	const tag = "log"
	handle(s, route{
		method: "GET", path: "/v1/log", id: "log", tag: tag, scope: ScopeRead, summary: "The call log, the newest first",
	}, func(ctx context.Context, in *LogQuery) (*list[LogEntry], error) {
		entries, err := s.phone.CallLog(ctx, *in)
		return listOf(entries), err
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
