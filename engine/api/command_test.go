package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (p *fakePhone) Command(_ context.Context, line string) (CommandResult, error) {
	p.note("command %s", line)
	if line == "/answer" {
		return CommandResult{}, Errorf(http.StatusNotFound, CodeNoCall, "nobody rings")
	}
	return CommandResult{Command: "dial", Calls: []CallID{7}}, nil
}

func TestCommand(t *testing.T) {
	r := newRig(t, nil)
	ctx, c := t.Context(), r.client()
	got, err := c.Command(ctx, ` "sip:1001@pbx" ü `)
	if err != nil || got.Command != "dial" || !slices.Equal(got.Calls, []CallID{7}) {
		t.Errorf("%+v, %v", got, err)
	}
	if noted := r.phone.noted(); !slices.Contains(noted, `command  "sip:1001@pbx" ü `) {
		t.Errorf("%q", noted)
	}
	var problem *Error
	if _, err := c.Command(ctx, "/answer"); !errors.As(err, &problem) || problem.Code != CodeNoCall {
		t.Error(err)
	}
	if _, err := c.Command(ctx, strings.Repeat("1", 4097)); !errors.As(err, &problem) || problem.Status != http.StatusUnprocessableEntity {
		t.Error(err)
	}
	for _, token := range []string{readToken, callToken} {
		if _, err := (&Client{URL: r.url, Token: token}).Command(ctx, "1001"); !errors.As(err, &problem) || problem.Code != CodeForbidden {
			t.Error(err)
		}
	}
}
