package api

import (
	"context"
	"net/http"
)

// moreCallRoutes are the commands on a call that move or change it.
func (s *Server) moreCallRoutes() {
	const tag = "calls"
	command := func(verb, summary, description string) route {
		return route{
			method: "POST", path: "/v1/calls/{call}/" + verb, id: verb, tag: tag, scope: ScopeCall,
			summary: summary, description: description,
		}
	}
	for _, c := range []struct {
		verb, summary string
		muted         bool
	}{
		{"mute", "Mute one direction of the call", true},
		{"unmute", "End mute", false},
	} {
		handle(s, command(c.verb, c.summary, ""), func(ctx context.Context, in *mayHaveBody[DirectionRequest]) (*answer[Call], error) {
			return answerCall(s.phone.SetMuted(ctx, in.id(), in.body().direction(), c.muted))
		})
	}
	handle(s, command("volume", "Set the volume of one direction of the call", ""),
		func(ctx context.Context, in *withBody[VolumeRequest]) (*answer[Call], error) {
			return answerCall(s.phone.SetVolume(ctx, in.id(), in.Body))
		})
	handle(s, command("select", "Make it the call that commands without an id are for", ""),
		func(ctx context.Context, in *callPath) (*answer[Call], error) {
			return answerCall(s.phone.Select(ctx, in.id()))
		})
	handle(s, command("forward", "Send an incoming call on to somebody else", "302 with the target in Contact and the account in Diversion (RFC 5806)."),
		func(ctx context.Context, in *withBody[TargetRequest]) (*answer[Call], error) {
			return answerCall(s.phone.Forward(ctx, in.id(), in.Body))
		})
	handle(s, command("transfer", "Transfer the call, blind or attended", "TransferProgress and TransferEnded events tell how it fares. A call that was transferred is hung up."),
		func(ctx context.Context, in *withBody[TransferRequest]) (*answer[Call], error) {
			if (in.Body.Target == "") == (in.Body.To == 0) {
				return nil, Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "one of target and to has to be there")
			}
			return answerCall(s.phone.Transfer(ctx, in.id(), in.Body))
		})
	handle(s, command("consult", "Begin an attended transfer", "Puts the call on hold and calls the target; the answer is that call. The second step is transfer of the first call, to that one."),
		func(ctx context.Context, in *withBody[TargetRequest]) (*answer[Call], error) {
			return answerCall(s.phone.Consult(ctx, in.id(), in.Body))
		})
	handle(s, command("park", "Park the call by the configured code", ""),
		func(ctx context.Context, in *mayHaveBody[SlotRequest]) (*answer[Call], error) {
			return answerCall(s.phone.Park(ctx, in.id(), in.body()))
		})
	handle(s, command("separate", "Take the call out of its conference and put it on hold", ""),
		func(ctx context.Context, in *callPath) (*answer[Call], error) {
			return answerCall(s.phone.Separate(ctx, in.id()))
		})

	dial := func(verb, summary string) route {
		return route{method: "POST", path: "/v1/" + verb, id: verb, tag: tag, scope: ScopeCall, status: http.StatusCreated, summary: summary}
	}
	handle(s, dial("redial", "Call whom was called last"), func(ctx context.Context, _ *nothing) (*answer[Call], error) {
		return answerCall(s.phone.Redial(ctx))
	})
	handle(s, dial("pickup", "Take a call that rings somewhere else, by the configured code"), func(ctx context.Context, in *answer[PickupRequest]) (*answer[Call], error) {
		return answerCall(s.phone.Pickup(ctx, in.Body))
	})
	handle(s, dial("retrieve", "Get a parked call, by the configured code"), func(ctx context.Context, in *answer[SlotRequest]) (*answer[Call], error) {
		return answerCall(s.phone.Retrieve(ctx, in.Body))
	})
	handle(s, dial("voicemail", "Call the voice mail of an account"), func(ctx context.Context, in *may[VoicemailRequest]) (*answer[Call], error) {
		return answerCall(s.phone.Voicemail(ctx, in.body()))
	})
	handle(s, route{
		method: "POST", path: "/v1/hangup", id: "hangup-those", tag: tag, scope: ScopeCall, summary: "End all calls of a kind",
	}, func(ctx context.Context, in *may[HangupRequest]) (*answer[HangupAnswer], error) {
		which := in.body().Which
		if which == "" {
			which = "all"
		}
		n, err := s.phone.HangupThose(ctx, which)
		return &answer[HangupAnswer]{HangupAnswer{n}}, err
	})
}

func (s *Server) levelRoutes() {
	const tag = "softphone"
	levels := func(l Levels, err error) (*answer[Levels], error) { return &answer[Levels]{l}, err }
	handle(s, route{
		method: "GET", path: "/v1/levels", id: "levels", tag: tag, scope: ScopeRead, summary: "What is muted and how loud for all calls",
	}, func(context.Context, *nothing) (*answer[Levels], error) { return levels(s.phone.Levels(), nil) })
	for _, c := range []struct {
		verb, id, summary string
		muted             bool
	}{
		{"mute", "mute-all", "Mute one direction of all calls, those to come too", true},
		{"unmute", "unmute-all", "End mute of all calls; one that was muted by itself stays so", false},
	} {
		handle(s, route{method: "POST", path: "/v1/" + c.verb, id: c.id, tag: tag, scope: ScopeCall, summary: c.summary},
			func(ctx context.Context, in *may[DirectionRequest]) (*answer[Levels], error) {
				return levels(s.phone.MuteAll(ctx, in.body().direction(), c.muted))
			})
	}
	handle(s, route{
		method: "PUT", path: "/v1/volumes", id: "set-volumes", tag: tag, scope: ScopeCall, summary: "Set the volumes of all calls",
	}, func(ctx context.Context, in *answer[VolumesRequest]) (*answer[Levels], error) {
		return levels(s.phone.SetVolumes(ctx, in.Body))
	})
}

func (s *Server) conferenceRoutes() {
	const tag = "conferences"
	handle(s, route{
		method: "GET", path: "/v1/conferences", id: "conferences", tag: tag, scope: ScopeRead, summary: "The conferences that are mixed here",
	}, func(context.Context, *nothing) (*list[Conference], error) { return listOf(s.phone.Conferences()), nil })
	handle(s, route{
		method: "POST", path: "/v1/conferences", id: "conference", tag: tag, scope: ScopeCall, summary: "Bring calls into one conference",
		description: "That of the first of them that is in one, else a new one. Answers when all of them hear each other.",
	}, func(ctx context.Context, in *may[ConferenceRequest]) (*answer[Conference], error) {
		c, err := s.phone.Conference(ctx, in.body())
		if c.Calls == nil {
			c.Calls = []CallID{}
		}
		return &answer[Conference]{c}, err
	})
}

func (s *Server) messageRoutes() {
	handle(s, route{
		method: "POST", path: "/v1/messages", id: "message", tag: "messages", scope: ScopeCall, status: http.StatusAccepted,
		summary: "Send a text message", description: "Answers when it is on its way; a MessageStatus event tells what became of it.",
	}, func(ctx context.Context, in *answer[MessageRequest]) (*answer[Message], error) {
		if (in.Body.To == "") == (in.Body.Call == 0) {
			return nil, Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "one of to and call has to be there")
		}
		m, err := s.phone.SendMessage(ctx, in.Body)
		return &answer[Message]{m}, err
	})

	const tag = "presence"
	handle(s, route{
		method: "GET", path: "/v1/buddies", id: "buddies", tag: tag, scope: ScopeRead, summary: "What is known of everybody who is watched",
	}, func(context.Context, *nothing) (*list[Buddy], error) { return listOf(s.phone.Buddies()), nil })
	handle(s, route{
		method: "POST", path: "/v1/buddies", id: "watch", tag: tag, scope: ScopeCall, status: http.StatusCreated,
		summary: "Watch somebody's presence or calls", description: "BuddyChanged events tell what is known.",
	}, func(ctx context.Context, in *answer[WatchRequest]) (*answer[Buddy], error) {
		b, err := s.phone.Watch(ctx, in.Body)
		return &answer[Buddy]{b}, err
	})
	type buddyURI struct {
		URI string `query:"uri" required:"true" maxLength:"2048" doc:"As it was given, or as GET has it"`
	}
	handle(s, route{
		method: "DELETE", path: "/v1/buddies", id: "unwatch", tag: tag, scope: ScopeCall, summary: "Watch somebody no longer",
	}, func(ctx context.Context, in *buddyURI) (*nothing, error) {
		return &nothing{}, s.phone.Unwatch(ctx, in.URI)
	})
	handle(s, route{
		method: "PUT", path: "/v1/presence", id: "publish", tag: tag, scope: ScopeCall, status: http.StatusNoContent,
		summary: "Say how things are here, on all accounts",
	}, func(ctx context.Context, in *answer[PresenceRequest]) (*nothing, error) {
		return &nothing{}, s.phone.Publish(ctx, in.Body)
	})
}

func (s *Server) changeAccountRoutes() {
	const tag = "accounts"
	const about = "The configuration file is not changed. A password can stand in the file that password_file names, which the engine reads."
	handle(s, route{
		method: "POST", path: "/v1/accounts", id: "account-add", tag: tag, scope: ScopeAdmin, status: http.StatusCreated,
		summary: "Add an account and register it", description: about,
	}, func(ctx context.Context, in *answer[AccountRequest]) (*answer[Account], error) {
		a, err := s.phone.AddAccount(ctx, in.Body)
		return &answer[Account]{a}, err
	})
	handle(s, route{
		method: "PUT", path: "/v1/accounts/{account}", id: "account-update", tag: tag, scope: ScopeAdmin,
		summary: "Give an account another configuration", description: "All of it: a key that is absent has its default. Calls go on. " + about,
	}, func(ctx context.Context, in *withAccount[AccountRequest]) (*answer[Account], error) {
		if in.Body.Number != 0 && in.Body.Number != in.Account {
			return nil, Errorf(http.StatusUnprocessableEntity, CodeBadRequest, "the number of an account cannot be changed")
		}
		a, err := s.phone.UpdateAccount(ctx, in.Account, in.Body)
		return &answer[Account]{a}, err
	})
	handle(s, route{
		method: "DELETE", path: "/v1/accounts/{account}", id: "account-remove", tag: tag, scope: ScopeAdmin,
		summary: "Unregister an account and remove it", description: "One that has calls stays, which is an error.",
	}, func(ctx context.Context, in *accountPath) (*nothing, error) {
		return &nothing{}, s.phone.RemoveAccount(ctx, in.Account)
	})
}
