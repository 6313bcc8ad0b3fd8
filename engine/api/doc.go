// Package api is how other programs command a softphone: the types that go over the
// wire, an HTTP and WebSocket server for a [Softphone], and the [Client] that the
// command line uses. docs/api.md describes it for users.
//
// It imports neither the engine nor the binding, so a program that only holds a Client
// needs no PJSIP. Package engine/serve makes a Softphone of an engine.
package api
