// Package bot is for programs that talk on the telephone: a handler for each call, which
// reads like the conversation and ends the call when it returns.
//
//	b := bot.New(phone, bot.Options{}) // phone is an engine.Engine
//	b.Handle(func(ctx context.Context, c *bot.Call) error {
//		if err := c.Answer(ctx); err != nil {
//			return err
//		}
//		d, err := c.Gather(ctx, bot.GatherOptions{Prompt: bot.Text("Press 1 for sales."), Max: 1})
//		if err != nil {
//			return err
//		}
//		if d.Value == "1" {
//			return c.Transfer(ctx, "sales")
//		}
//		_, err = c.Say(ctx, "Goodbye.")
//		return err
//	})
//	err := b.Run(ctx)
//
// # Blocking
//
// Every method waits until what it does is done, the context ends, or the call does: then
// it returns [engine.ErrCallEnded]. What a caller does not say or press in time is no
// error, it is told in the result.
//
// # What the caller has heard
//
// A call has one mouth: what is said waits for what is being said. [Played] has the number
// of samples that the clock of the conference bridge has taken to send them, and not one
// more. A prompt that is interrupted can go on with the next sample ([Call.Continue]), after
// something else was said too.
//
// # Tests
//
// Package bottest has a far end in the same process, so that `go test` talks to a handler
// without a network and, in a bubble of testing/synctest, without taking time.
package bot
