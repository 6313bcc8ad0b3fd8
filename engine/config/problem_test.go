package config

import (
	"errors"
	"testing"
)

func TestProblemError(t *testing.T) {
	tests := []struct {
		p    Problem
		want string
	}{
		{Problem{File: "a.ini", Line: 3, Section: "Account", Key: "server-2", Message: "m"}, "a.ini:3: [Account] server-2: m"},
		{Problem{File: "a.ini", Line: 3, Section: "Account2", Message: "m"}, "a.ini:3: [Account2]: m"},
		{Problem{File: "a.ini", Line: 3, Message: "m"}, "a.ini:3: m"},
		{Problem{File: "a.ini", Message: "m"}, "a.ini: m"},
		{Problem{Key: "--source-port", Message: "m"}, "--source-port: m"},
		{Problem{Key: "OFFHOOK_SERVER", Message: "m"}, "OFFHOOK_SERVER: m"},
	}
	var all Errors
	for _, tt := range tests {
		if got := tt.p.Error(); got != tt.want {
			t.Errorf("%+v prints %q, want %q", tt.p, got, tt.want)
		}
		all = append(all, tt.p)
	}
	var p Problem
	if !errors.As(error(all), &p) || p != tests[0].p {
		t.Errorf("errors.As found %+v", p)
	}
	if !errors.Is(error(all), tests[4].p) {
		t.Error("errors.Is does not find a problem of the list")
	}
}
