// Package load runs a job many times at a rate, and judges what came of it. It knows neither
// engines nor scenarios: a [Job] is a function.
//
// The load is open: when a job is due is decided beforehand, by a [Plan], and does not depend
// on those before it. A far end that becomes slow is therefore asked as often as one that
// is fast, and a time is measured from when its job was due, not from when the generator came
// to it.
//
// A generator can be the limit itself. [Runner.Run] measures that too, and says so in the
// result: see [report.LoadGenerator] and docs/load.md.
package load
