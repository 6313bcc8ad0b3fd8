// Package engine is the softphone: the accounts of one configuration, registered all
// at once, and their calls, with answering policy, playing and recording. It is pure
// Go and sees PJSIP through [Phone] only.
//
//	cfg, err := config.Load(config.Source{Path: "offhook.ini"})
//	...
//	e, err := engine.New(cfg, logger)
//	...
//	events := e.Subscribe()
//	go func() { done <- e.Run(ctx) }()
//	<-e.Started()
//	call, err := e.Dial(ctx, engine.DialRequest{URI: "1002"})
//	...
//	err = call.Wait(ctx, engine.StateConfirmed)
//
// # How it works
//
// One goroutine reads the phone's events. It brings the tables up to date and
// publishes, and never calls the phone, so it is never held up. What an event asks
// for (an answer, a link in the conference bridge, the end of a recording) is done
// by the call's own goroutine, one for each call, which compares what should be with
// what is. Methods call the phone from their caller's goroutine.
//
// One mutex, Engine.mu, guards all state, and is never held across a call of the
// phone. The lock order is Engine.mu, bus.mu, Subscription.mu.
//
// A call is known to the tables from its first event on or from the return of
// [Engine.Dial], whichever is first: PJSIP reports states of a call before the
// function that makes it returns.
package engine
