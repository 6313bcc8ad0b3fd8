package bot

import "errors"

var (
	// ErrNothingPaused is returned by [Call.Continue] when no prompt of the call is paused.
	ErrNothingPaused = errors.New("bot: no prompt is paused")
	// ErrNoRecogniser is returned by [Call.Listen] of a bot without [Options.Recogniser].
	ErrNoRecogniser = errors.New("bot: there is no recogniser: set Options.Recogniser")
	// ErrNotServing is returned by what needs [Bot.Run] or [Bot.Serve] to be under way.
	ErrNotServing = errors.New("bot: Run or Serve was not called")
)

var (
	errOtherLine   = errors.New("bot: the calls are of different kinds")
	errFeatureCode = errors.New("bot: the PBX does the transfer: enableFeatureCodeAT is on")
)
