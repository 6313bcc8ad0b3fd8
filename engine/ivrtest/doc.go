// Package ivrtest tests IVRs with go test: the steps of a scenario as Go functions.
//
//	func TestMenu(t *testing.T) {
//		p := ivrtest.New(t, ivrtest.Options{})
//		caller := p.Actor("caller", scenario.Actor{Server: "pbx", Username: "1001", Password: pin})
//		caller.Dial("sip:500@pbx")
//		caller.ExpectAnswer(ivrtest.Within(5 * time.Second))
//		caller.ExpectPrompt("welcome.wav", ivrtest.Within(4*time.Second))
//		caller.SendDTMF("1")
//		caller.ExpectPrompt("sales.wav", ivrtest.Within(4*time.Second))
//	}
//
// A step that fails ends the test, as t.Fatal does, with what was expected and what was heard.
// The recordings of the calls and a page report.html about them are left in
// [Options].Folder, or in the test's [testing.TB.ArtifactDir], which go test -artifacts keeps.
// Calls that are left are hung up when the test ends.
//
// Each action of package scenario has a method of its name, with the options that it usually
// needs. [Actor.Do] and [Test.Do] take any action, with all of its fields. Texts may contain
// the variables of scenarios: ${name}; [scenario.Literal] makes a text that contains none.
//
// All tests of a process share one engine, since PJSIP has one. So tests may run in parallel,
// but only those with the same Config, Voice and Recogniser at the same time.
package ivrtest
