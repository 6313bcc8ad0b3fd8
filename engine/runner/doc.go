// Package runner does the steps of scenarios with the calls of an engine, and puts together
// what is reported of them.
//
//	accounts := runner.Prepare(cfg) // before engine.New
//	r, err := runner.New(ctx, eng, runner.Options{Accounts: accounts, Folder: "out"})
//	run := r.Run(ctx, instances)
//
// Each actor of a scenario is an account of the engine, added when its session begins. A
// [Session] is one run of one scenario; a program that has no file does steps in one by
// itself, with [Runner.NewSession] and [Session.Do].
//
// What steps expect to hear is looked for from where the last thing that was expected ended,
// or from where the actor spoke, played or sent digits last. So a prompt may begin before the
// step that expects it, and is not heard twice.
package runner
