// Package report holds what came of test scenarios and of load, and writes it down: as
// JUnit XML and Markdown for a CI, as JSON lines for programs, as one page of HTML for
// people, and as a pcap for Wireshark. It knows nothing of engines and of how scenarios
// run: who runs them fills a [Run].
//
// Paths in a Run (audio, references, files) are relative to the folder that the report is
// written to, or absolute. Times within a scenario count from its start.
package report
