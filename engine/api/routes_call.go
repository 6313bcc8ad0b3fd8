package api

import (
	"context"
	"net/http"
)

func (s *Server) callRoutes() {
	const tag = "calls"
	handle(s, route{
		method: "GET", path: "/v1/calls", id: "calls", tag: tag, scope: ScopeRead, summary: "The calls that are not over",
	}, func(context.Context, *nothing) (*list[Call], error) { return listOf(s.phone.Calls()), nil })
	handle(s, route{
		method: "POST", path: "/v1/calls", id: "dial", tag: tag, scope: ScopeCall, status: http.StatusCreated,
		summary: "Call somebody", description: "Answers as soon as the INVITE was sent; events tell how the call goes on.",
	}, func(ctx context.Context, in *answer[DialRequest]) (*answer[Call], error) {
		return answerCall(s.phone.Dial(ctx, in.Body))
	})
	handle(s, route{
		method: "GET", path: "/v1/calls/{call}", id: "call", tag: tag, scope: ScopeRead, summary: "One call",
	}, func(_ context.Context, in *callPath) (*answer[Call], error) { return answerCall(s.phone.Call(in.id())) })
	handle(s, route{
		method: "GET", path: "/v1/calls/{call}/stats", id: "call-stats", tag: tag, scope: ScopeRead,
		summary:     "How good the call's audio is",
		description: "Packets, loss, jitter and MOS of both directions so far. The key qualityInterval has an event tell it regularly.",
	}, func(ctx context.Context, in *callPath) (*answer[CallStats], error) {
		stats, err := s.phone.CallStats(ctx, in.id())
		return &answer[CallStats]{stats}, err
	})

	command := func(verb, summary, description string) route {
		return route{
			method: "POST", path: "/v1/calls/{call}/" + verb, id: verb, tag: tag, scope: ScopeCall,
			summary: summary, description: description,
		}
	}
	handle(s, command("answer", "Answer an incoming call", ""),
		func(ctx context.Context, in *mayHaveBody[AnswerRequest]) (*answer[Call], error) {
			return answerCall(s.phone.Answer(ctx, in.id(), in.body()))
		})
	handle(s, command("reject", "Refuse an incoming call", ""),
		func(ctx context.Context, in *mayHaveBody[RejectRequest]) (*answer[Call], error) {
			return answerCall(s.phone.Reject(ctx, in.id(), in.body()))
		})
	handle(s, command("dtmf", "Send digits", "Answers when they have been sent."),
		func(ctx context.Context, in *withBody[DTMFRequest]) (*answer[Call], error) {
			return answerCall(s.phone.SendDTMF(ctx, in.id(), in.Body))
		})
	handle(s, command("record", "Record the call to a file",
		"Answers when audio flows into the file, which is when the call has some. GET /v1/recordings/{name} has the file."),
		func(ctx context.Context, in *mayHaveBody[RecordRequest]) (*answer[File], error) {
			body := in.body()
			if body.Name != "" {
				if err := checkName(body.Name, ".wav", ".opus"); err != nil {
					return nil, err
				}
			}
			f, err := s.phone.Record(ctx, in.id(), body)
			return &answer[File]{f}, err
		})
	handle(s, command("play", "Play a prompt into the call", "Answers when it is being played. Several at a time are mixed."),
		func(ctx context.Context, in *withBody[PlayRequest]) (*answer[Call], error) {
			path, err := s.promptPath(in.Body.Prompt)
			if err != nil {
				return nil, err
			}
			return answerCall(s.phone.Play(ctx, in.id(), path, in.Body.Loop))
		})
	for _, c := range []struct {
		verb, summary, description string
		do                         func(context.Context, CallID) (Call, error)
	}{
		{"hangup", "End the call", "An incoming one that was not answered is declined with 603.", s.phone.Hangup},
		{"hold", "Put the far end on hold", "A CallMediaChanged event says that it is.", s.phone.Hold},
		{"resume", "Take the far end off hold", "A CallMediaChanged event says that it is.", s.phone.Resume},
		{"stop-recording", "End all recordings of the call", "Answers when the files are complete.", s.phone.StopRecording},
		{"stop-playing", "Stop everything that is played into the call", "", s.phone.StopPlaying},
	} {
		handle(s, command(c.verb, c.summary, c.description), func(ctx context.Context, in *callPath) (*answer[Call], error) {
			return answerCall(c.do(ctx, in.id()))
		})
	}
}

func answerCall(c Call, err error) (*answer[Call], error) {
	if c.Media == nil {
		c.Media = []Media{}
	}
	return &answer[Call]{c}, err
}
