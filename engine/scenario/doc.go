// Package scenario is the language of IVR tests: YAML files that say who calls whom, what is to
// be heard and what is done then.
//
//	actors:
//	  caller: {server: 127.0.0.1, username: "1001", password: "${env:PIN}"}
//	steps:
//	  - dial: sip:500@127.0.0.1
//	  - expect-answer: 5s
//	  - expect-prompt: {file: welcome.wav, within: 4s}
//	  - send-dtmf: "1"
//	  - hangup:
//
// [Parse] and [Load] make a [Scenario] of a file, or report all mistakes at once as [Problems],
// each with its line and column, what is allowed there, and the nearest valid word.
// [Scenario.Expand] makes the runs that rows and matrix ask for; [Step.Expand] puts the
// values of variables into a step just before it is done. [Scenario.Write] is Parse's inverse.
//
// The reference of the language is docs/scenarios.md.
package scenario
