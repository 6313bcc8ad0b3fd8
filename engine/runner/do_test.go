package runner

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/scenario"
)

func TestBeforeLast(t *testing.T) {
	for _, tt := range []struct {
		a    scenario.SendDTMF
		want time.Duration
	}{
		{scenario.SendDTMF{Digits: "1"}, 0},
		{scenario.SendDTMF{Digits: "123#"}, 3 * keyTime},
		{scenario.SendDTMF{Digits: "1,2"}, keyTime + time.Second},
		{scenario.SendDTMF{Digits: "12", Duration: 300 * time.Millisecond, Gap: 50 * time.Millisecond}, 350 * time.Millisecond},
	} {
		if got := beforeLast(&tt.a); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.a, got, tt.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	for want, a := range map[string]scenario.Action{
		"expect-loss 0 %":                        &scenario.ExpectLoss{},
		"expect-prompt welcome.wav within 4 s":   &scenario.ExpectPrompt{File: "welcome.wav", Within: 4 * time.Second},
		"hangup":                                 &scenario.Hangup{},
		"send-dtmf 12# method info":              &scenario.SendDTMF{Digits: "12#", Method: scenario.DTMFInfo},
		"expect-header in 200 header X-A absent": &scenario.ExpectHeader{In: "200", Header: "X-A", Absent: true},
	} {
		if got := Describe(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
