package runner

import "testing"

func TestFailureWords(t *testing.T) {
	for heard, want := range map[string]string{
		"heard 2.1 s of silence, then something 31 % like it": "expected prompt w.wav within 4 s; heard 2.1 s of silence, then something 31 % like it",
		"486 Busy Here":           "expected prompt w.wav within 4 s; got 486 Busy Here",
		"the far end had hung up": "expected prompt w.wav within 4 s; the far end had hung up",
		"":                        "expected prompt w.wav within 4 s",
	} {
		if got := failed("prompt w.wav within 4 s", heard).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
