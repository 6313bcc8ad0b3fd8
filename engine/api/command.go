package api

import (
	"context"
	"net/http"
)

// CommandRequest is a command line of MicroSIP.
type CommandRequest struct {
	Line string `json:"line" maxLength:"4096" doc:"The whole command line as one text, in the dialect of the configuration" example:"/account:2 sip:1001@pbx"`
}

// CommandResult is what became of a command line.
type CommandResult struct {
	Command string   `json:"command" doc:"The last command that was carried out" example:"dial"`
	Calls   []CallID `json:"calls" doc:"The calls that it was about"`
	// Waiting: no call yet.
	Waiting bool `json:"waiting,omitempty" doc:"The number is called as soon as its account is registered"`
}

func (s *Server) commandRoutes() {
	handle(s, route{
		method: "POST", path: "/v1/command", id: "command", tag: "softphone", scope: ScopeAdmin,
		summary:     "Carry out a command line of MicroSIP",
		description: "What MicroSIP's own command line takes; what is no command is dialled.",
	}, func(ctx context.Context, in *struct{ Body CommandRequest }) (*answer[CommandResult], error) {
		res, err := s.phone.Command(ctx, in.Body.Line)
		if err != nil {
			return nil, err
		}
		if res.Calls == nil {
			res.Calls = []CallID{}
		}
		return &answer[CommandResult]{res}, nil
	})
}

// Command carries out a command line of MicroSIP.
func (c *Client) Command(ctx context.Context, line string) (CommandResult, error) {
	return do[CommandResult](ctx, c, http.MethodPost, "/v1/command", CommandRequest{Line: line})
}
