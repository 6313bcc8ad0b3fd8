package runner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// What steps do with, and expect of, SIP messages and registrations.

func sameMethod(want scenario.DTMFMethod, method string) bool {
	return strings.EqualFold(string(want), method)
}

// captured is what a variable gets: the first group of a pattern, else all.
func captured(pattern *regexp.Regexp, text string) string {
	if pattern == nil {
		return text
	}
	m := pattern.FindStringSubmatch(text)
	switch {
	case len(m) > 1:
		return m[1]
	case len(m) == 1:
		return m[0]
	}
	return text
}

func (s *Session) register(ctx context.Context, t *task, a *scenario.Register) error {
	if t.a == nil {
		return errors.New("register needs an actor: there are several")
	}
	codes := a.Expect
	if len(codes) == 0 {
		codes = scenario.Codes{{Low: 200, High: 299}}
	}
	acc := t.a.acc
	s.r.hub.mu.Lock()
	before := len(acc.registrations)
	s.r.hub.mu.Unlock()
	cfg := acc.cfg
	if server := t.a.server(); cfg.Server == "" && server != "" {
		cfg.Server = server
		acc.cfg = cfg
		if err := s.r.eng.UpdateAccount(ctx, cfg); err != nil {
			return err
		}
	}
	if err := acc.acc.Register(ctx); err != nil {
		return err
	}
	return s.registration(ctx, t, acc, before, false, codes, a)
}

// server is the registrar of the actor, also of one that does not register by itself.
func (a *actor) server() string {
	if a.def.Server != "" || a.def.Account == 0 {
		return a.def.Server
	}
	for _, c := range a.s.r.pool.base {
		if c.Number == a.def.Account {
			return c.Server
		}
	}
	return ""
}

func (s *Session) registration(ctx context.Context, t *task, acc *account, before int, ends bool, codes scenario.Codes, a *scenario.Register) error {
	expected := "the registrar to answer " + codes.String() + " " + within(t.within(a.Within))
	heard := "no answer came"
	err := s.r.hub.await(ctx, &acc.watch, t.until(a.Within), func() (bool, error) {
		for _, r := range acc.registrations[before:] {
			if r.Unregistering != ends {
				continue
			}
			heard = status(r.Code, r.Reason)
			if !codes.Has(r.Code) {
				return false, failed(expected, heard)
			}
			return true, nil
		}
		return false, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) unregister(ctx context.Context, t *task, a *scenario.Unregister) error {
	if t.a == nil {
		return errors.New("unregister needs an actor: there are several")
	}
	acc := t.a.acc
	s.r.hub.mu.Lock()
	before := len(acc.registrations)
	s.r.hub.mu.Unlock()
	if err := acc.acc.Unregister(ctx); err != nil {
		return err
	}
	return s.registration(ctx, t, acc, before, true, scenario.Codes{{Low: 200, High: 299}}, &scenario.Register{Within: a.Within})
}

func (s *Session) message(ctx context.Context, t *task, a *scenario.Message) (err error) {
	if t.a == nil {
		return errors.New("message needs an actor: there are several")
	}
	codes := a.Expect
	if len(codes) == 0 {
		codes = scenario.Codes{{Low: 200, High: 299}}
	}
	var id engine.MessageID
	if a.To != "" {
		id, err = s.r.eng.SendMessage(ctx, t.a.acc.number, a.To, a.Text, a.ContentType)
	} else {
		var l *line
		if l, err = s.line(t); err == nil {
			id, err = l.call.Message(ctx, a.Text, a.ContentType)
		}
	}
	if err != nil {
		return err
	}
	expected := "an answer " + codes.String() + " to the message " + within(t.within(a.Within))
	heard := "no answer came"
	h := s.r.hub
	err = h.await(ctx, &h.posted, t.until(a.Within), func() (bool, error) {
		st, ok := h.statuses[id]
		if !ok {
			return false, nil
		}
		delete(h.statuses, id)
		heard = status(st.Code, st.Reason)
		if !codes.Has(st.Code) {
			return false, failed(expected, heard)
		}
		return true, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) expectMessage(ctx context.Context, t *task, a *scenario.ExpectMessage) error {
	if t.a == nil {
		return errors.New("expect-message needs an actor: there are several")
	}
	pattern, err := a.Matches.Compile()
	if err != nil {
		return err
	}
	from, err := a.From.Compile()
	if err != nil {
		return err
	}
	expected := "a message"
	switch {
	case a.Text != "":
		expected = fmt.Sprintf("the message %q", a.Text)
	case pattern != nil:
		expected = fmt.Sprintf("a message /%s/", a.Matches)
	}
	expected += " " + within(t.within(a.Within))
	acc := t.a.acc
	var got, heard string
	heard = "no message came"
	err = s.r.hub.await(ctx, &acc.watch, t.until(a.Within), func() (bool, error) {
		for i, m := range acc.texts {
			heard = fmt.Sprintf("the message %q from %s", m.Text, m.From)
			if from != nil && !from.MatchString(m.From) ||
				a.Text != "" && strings.TrimSpace(m.Text) != strings.TrimSpace(a.Text) || pattern != nil && !pattern.MatchString(m.Text) {
				continue
			}
			got = m.Text
			acc.texts = slices.Delete(acc.texts, i, i+1)
			return true, nil
		}
		return false, nil
	})
	if err = s.judge(t, expected, heard, err); err == nil && a.As != "" {
		t.vars.Set(a.As, captured(pattern, got))
	}
	return err
}

// received waits for a message of the kind that the actor received: in its call, or outside of
// calls where it has none. The newest counts.
func (s *Session) received(ctx context.Context, t *task, said time.Duration, in scenario.MessageKind, judge func(*pjsua.Message) (bool, string)) (heard string, err error) {
	w, list, err := s.messagesOf(t)
	if err != nil {
		return "", err
	}
	heard = "no " + string(in) + " came"
	err = s.r.hub.await(ctx, w, t.until(said), func() (ok bool, err error) {
		for _, m := range slices.Backward(*list) {
			if !m.Sent && m.Message != nil && isKind(m.Message, in) {
				ok, heard = judge(m.Message)
				break
			}
		}
		return ok, nil
	})
	return heard, err
}

func isKind(m *pjsua.Message, kind scenario.MessageKind) bool {
	if method := kind.Method(); method != "" {
		return m.Method == method
	}
	return !m.IsRequest() && kind.Codes().Has(int(m.Code))
}

// messagesOf are those of the actor's call, or of its account where it has none.
func (s *Session) messagesOf(t *task) (*watch, *[]pjsua.SIPMessage, error) {
	if t.a == nil {
		return nil, nil, errors.New("the step needs an actor: there are several")
	}
	l, err := s.line(t)
	if errors.Is(err, errNoCall) {
		return &t.a.acc.watch, &t.a.acc.messages, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return &l.watch, &l.messages, nil
}

func (s *Session) expectHeader(ctx context.Context, t *task, a *scenario.ExpectHeader) error {
	pattern, err := a.Matches.Compile()
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("header %s in %s", a.Header, a.In)
	switch {
	case a.Absent:
		expected = fmt.Sprintf("no header %s in %s", a.Header, a.In)
	case a.Equals != "":
		expected += fmt.Sprintf(" to be %q", a.Equals)
	case pattern != nil:
		expected += fmt.Sprintf(" to match /%s/", a.Matches)
	}
	expected += " " + within(t.within(a.Within))
	got := ""
	heard, err := s.received(ctx, t, a.Within, a.In, func(m *pjsua.Message) (bool, string) {
		values := m.Values(a.Header)
		if len(values) == 0 {
			return a.Absent, fmt.Sprintf("the %s has no header %s", a.In, a.Header)
		}
		heard := fmt.Sprintf("the header is %q", strings.Join(values, ", "))
		for _, v := range values {
			if !a.Absent && (a.Equals == "" || v == a.Equals) && (pattern == nil || pattern.MatchString(v)) {
				got = v
				return true, heard
			}
		}
		return false, heard
	})
	if err = s.judge(t, expected, heard, err); err == nil && a.As != "" {
		t.vars.Set(a.As, captured(pattern, got))
	}
	return err
}

func (s *Session) expectBody(ctx context.Context, t *task, a *scenario.ExpectBody) error {
	pattern, err := a.Matches.Compile()
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("the body of %s to match /%s/ %s", a.In, a.Matches, within(t.within(a.Within)))
	got := ""
	heard, err := s.received(ctx, t, a.Within, a.In, func(m *pjsua.Message) (bool, string) {
		got = string(m.Body)
		if got == "" {
			return false, fmt.Sprintf("the %s has no body", a.In)
		}
		return pattern.MatchString(got), fmt.Sprintf("the body is %q", shorten(got, 200))
	})
	if err = s.judge(t, expected, heard, err); err == nil && a.As != "" {
		t.vars.Set(a.As, captured(pattern, got))
	}
	return err
}

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
