//go:build integration && linux

package peers

import "testing"

// Two scripts talk to each other; one that waits for something else than what comes fails.
func TestSIPpScript(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		wants Step
		good  int
	}{
		{"as it is", Take("INFO", "X-Own: *one & <two>", `Content-Type: *text/plain`, `"hello"`), 1},
		{"another header", Take("INFO", "X-Own: *three"), 0},
		{"another request", Take("OPTIONS"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			steps := []Step{
				Take("SUBSCRIBE", "Event: *x"), Send("100 Trying"), Send("202 Accepted", "Expires: 60"),
				tt.wants, Take("NOTIFY"), {Sends: "299 Second", Answers: "NOTIFY"}, Send("298 First"),
			}
			uas := StartScript(t, Script{Steps: steps})
			uac := StartScript(t, Script{Addr: uas.Addr, URI: "sip:x@" + uas.Addr, Steps: []Step{
				Send("SUBSCRIBE", "Event: x"), Take("100"), Take("202", "Expires: *60", ";tag="),
				Send("INFO", "X-Own: one & <two>").With("text/plain", `"hello"`), Send("NOTIFY"), Take("299"), Take("298"),
			}})
			requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: tt.good, Failed: 1 - tt.good})
			if tt.good == 1 { // otherwise what it waits for may never come
				requireStats(t, uac.Wait(waitSIP), Stats{Created: 1, Successful: 1})
			}
		})
	}
}
