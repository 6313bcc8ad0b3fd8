package scenario

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// call makes the steps of a call that is made.
func (im *patrolImport) call(a *patrolAction) []Step {
	caller := a.get("caller")
	if from := a.get("from"); from != "" {
		if caller == "" || strings.Contains(from, "<") {
			caller = from
		}
	}
	actor := im.actor(a, caller)
	dial := &Dial{To: sipURI(a.get("callee")), Headers: headersOf(a)}
	if dial.To == "" {
		dial.To = sipURI(a.get("to_uri"))
	}
	b := patrolSteps{a: a, actor: actor}
	b.add(dial)
	b.state()
	code := codeOf(a, "expected_cause_code", 200)
	within := seconds(a.number("max_ringing_duration"))
	if within == 0 {
		within = time.Minute // voip_patrol's own
	}
	if _, longest, ok := patrolRange(a.get("expected_setup_duration")); ok {
		within = longest
		b.comment("expected_setup_duration=%q: only its end is imported.", a.attrs["expected_setup_duration"])
	}
	if a.is("record_early") {
		b.record()
	}
	cancelled := false
	if a.is("detect_tone") {
		b.add(&ExpectTone{Hz: frequencies(a.get("tones")), Within: within})
		if a.get("hangup_on_tone") != "false" {
			b.add(&Cancel{})
			cancelled = true
		}
	}
	if early := a.number("early_cancel"); early > 0 && !cancelled {
		if early > 1 { // ms in the original, yes or no in the fork
			d := time.Duration(early) * time.Millisecond
			b.add(&ExpectRinging{Within: within})
			b.add(&Wait{For: DurationRange{d, d}})
			b.add(&Cancel{})
		} else {
			b.add(&Cancel{On: CancelRinging})
		}
		cancelled = true
	}
	if cancelled && !code.Has(200) || !code.Has(200) {
		b.add(&ExpectCode{Code: code, Within: within})
		b.checks()
		return b.times()
	}
	b.add(&ExpectAnswer{Within: within})
	b.checks()
	b.talk()
	return b.times()
}

// accept makes the steps of a call that is taken.
func (im *patrolImport) accept(a *patrolAction) []Step {
	actor := im.actor(a, a.get("match_account", "account"))
	b := patrolSteps{a: a, actor: actor}
	b.add(&WaitCall{Within: time.Minute})
	b.checks()
	b.state()
	if delay := a.get("response_delay"); delay != "" {
		b.comment("response_delay=%q: the 180 cannot be held back here.", a.attrs["response_delay"])
	}
	ring := seconds(a.number("ring_duration"))
	if a.is("early_media") {
		b.add(&Answer{Code: 183, Headers: headersOf(a)})
	} else if ring > 0 {
		b.add(&Answer{Code: 180, Headers: headersOf(a)})
	}
	if a.is("record_early") {
		b.record()
	}
	if a.get("cancel") == "force" {
		b.add(&ExpectHangup{Within: ring + 30*time.Second, Code: Codes{{487, 487}}})
		return b.times()
	}
	if ring > 0 {
		b.add(&Wait{For: DurationRange{ring, ring}})
	}
	code, reason := a.number("code"), a.get("reason")
	switch {
	case code >= 300 && code <= 699:
		b.add(&Reject{Code: code, Reason: reason})
		return b.times()
	case code == 200 || code < 180 || code > 299:
		code = 0
	}
	b.add(&Answer{Code: code, Reason: reason, Headers: headersOf(a)})
	b.talk()
	return b.times()
}

// patrolSteps are those of one test.
type patrolSteps struct {
	a        *patrolAction
	actor    string
	steps    []Step
	recorded bool
	captures int
}

func (b *patrolSteps) add(action Action) {
	s := Step{Action: action}
	if NeedsActor(action) {
		s.Actor = b.actor
	}
	b.steps = append(b.steps, s)
}

// comment stands above the first step.
func (b *patrolSteps) comment(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(b.steps) == 0 {
		return
	}
	if first := &b.steps[0]; first.Comment == "" {
		first.Comment = text
	} else {
		first.Comment += "\n" + text
	}
}

// state says what became of wait_until.
func (b *patrolSteps) state() {
	if state := b.a.get("wait_until"); state != "" {
		b.comment("wait_until=%q: what follows began when the call was there; here it begins at once.", b.a.attrs["wait_until"])
	}
}

// times repeats the test as the action says.
func (b *patrolSteps) times() []Step {
	times := b.a.number("call_count")
	if n := b.a.number("repeat"); n > 0 { // how often again
		times = n + 1
	}
	interval := max(b.a.number("repeat_interval"), b.a.number("call_interval_ms"))
	if times > 1 && interval > 0 {
		d := time.Duration(interval) * time.Millisecond
		b.add(&Wait{For: DurationRange{d, d}})
	}
	return repeated(times, b.steps)
}

func (b *patrolSteps) record() {
	file := b.a.get("record")
	if b.recorded || file == "" && b.a.attrs["record_early"] == "" || file == "false" {
		return
	}
	b.recorded = true
	if file == "true" || file == "auto" || file == "" || strings.Contains(file, "${") {
		file = b.actor
	}
	file = file[strings.LastIndexAny(file, `/\`)+1:]
	b.add(&Record{File: strings.TrimSuffix(file, ".wav") + ".wav"})
}

// talk is what happens in a call that is answered.
func (b *patrolSteps) talk() {
	a := b.a
	no := false
	b.record()
	switch file := a.get("play"); file {
	case "":
	case "echo":
		b.comment("play=\"echo\": what is heard cannot be sent back here.")
	default:
		b.add(&Play{Files: []SoundFile{SoundFile(file)}, Wait: &no})
	}
	b.digits(a.get("play_dtmf"))
	if digits := a.get("expected_dtmf"); digits != "" {
		b.add(&ExpectDTMF{Digits: digits, Within: time.Minute})
	}
	hangup := seconds(a.number("hangup"))
	longest := seconds(a.number("max_duration"))
	shortest, most, ranged := patrolRange(a.get("expected_duration"))
	if ranged {
		longest = most
		if hangup == 0 {
			b.comment("expected_duration=%q: that it lasts %s at least is not imported.", a.attrs["expected_duration"], formatDuration(shortest))
		}
	}
	if hangup > 0 {
		b.add(&Wait{For: DurationRange{hangup, hangup}})
	}
	if codec := a.get("expected_codec"); codec != "" {
		b.add(&ExpectCodec{Codec: []string{codec}})
	}
	if mos, err := strconv.ParseFloat(a.get("min_mos"), 64); err == nil && mos >= 1 && mos <= 4.5 {
		b.add(&ExpectMOS{AtLeast: mos})
	}
	if hangup > 0 {
		b.add(&Hangup{})
		return
	}
	b.add(&ExpectHangup{Within: longest})
}

// digits are sent with the pauses of Asterisk's SendDTMF: w is half a second, W a whole one.
func (b *patrolSteps) digits(text string) {
	if strings.Contains(text, "${") {
		b.add(&SendDTMF{Digits: text})
		return
	}
	digits, pause := "", time.Duration(0)
	send := func() {
		if pause > 0 {
			b.add(&Wait{For: DurationRange{pause, pause}})
		}
		if digits != "" {
			b.add(&SendDTMF{Digits: digits})
		}
		digits, pause = "", 0
	}
	for _, r := range text {
		switch {
		case r == 'w' || r == 'W':
			if digits != "" {
				send()
			}
			pause += 500 * time.Millisecond
			if r == 'W' {
				pause += 500 * time.Millisecond
			}
		case strings.ContainsRune("0123456789*#ABCDabcd", r):
			digits += string(r)
		default:
			b.comment("play_dtmf: %q is no digit.", r)
		}
	}
	send()
}

var requestLine = regexp.MustCompile(`^\^?INVITE(\\?[ s])?`)

// checks makes steps of check-header and check-message.
func (b *patrolSteps) checks() {
	for i := range b.a.children {
		c := &b.a.children[i]
		in := MessageKind("INVITE")
		if method := c.get("method"); method != "" {
			if err := in.parse(method); err != nil {
				b.comment("%s: method=%q is none.", c.typ, method)
				continue
			}
		}
		regex := c.get("regex")
		if regex != "" {
			if _, err := Pattern(unescape(regex)).Compile(); err != nil {
				b.comment("%s: regex=%q is not imported: Go's expressions do not have all of it.", c.typ, regex)
				continue
			}
		}
		not := c.is("fail_on_match")
		switch c.typ {
		case "x-header":
		case "check-header":
			name := c.get("name")
			switch {
			case strings.EqualFold(name, "RURI"):
				b.requestURI(regex, not)
			case name != "":
				b.header(in, name, c.get("value"), regex, not)
			}
		case "check-message":
			b.body(in, regex, not)
		default:
			b.comment("<%s> is not imported.", c.typ)
		}
	}
}

func (b *patrolSteps) capture() string {
	b.captures++
	return fmt.Sprintf("%s_%d", strings.ReplaceAll(b.actor, "-", "_"), b.captures)
}

func (b *patrolSteps) header(in MessageKind, name, value, regex string, not bool) {
	h := &ExpectHeader{In: in, Header: name, Within: 5 * time.Second}
	switch {
	case regex != "" && not:
		h.As = b.capture()
		b.add(h)
		b.add(&Assert{That: Condition{Left: "${" + h.As + "}", Op: "!~", Right: regex}})
		return
	case value != "" && not:
		h.As = b.capture()
		b.add(h)
		b.add(&Assert{That: Condition{Left: "${" + h.As + "}", Op: "!=", Right: value}})
		return
	case regex != "":
		h.Matches = Pattern(regex)
	case value != "":
		h.Equals = value
	default:
		h.Absent = not
	}
	b.add(h)
}

func (b *patrolSteps) body(in MessageKind, regex string, not bool) {
	if regex == "" {
		return
	}
	b.comment("check-message looked at the whole message; here it is the body.")
	e := &ExpectBody{In: in, Matches: Pattern(regex), Within: 5 * time.Second}
	if !not {
		b.add(e)
		return
	}
	e.Matches, e.As = "(?s).*", b.capture()
	b.add(e)
	b.add(&Assert{That: Condition{Left: "${" + e.As + "}", Op: "!~", Right: regex}})
}

// requestURI is checked by wait-call, which knows the URI and not the line around it.
func (b *patrolSteps) requestURI(regex string, not bool) {
	w, ok := b.steps[0].Action.(*WaitCall)
	if !ok || not || w.To != "" || regex == "" {
		b.comment("check-header RURI %q is not imported.", regex)
		return
	}
	rest := regex
	if at := requestLine.FindStringIndex(regex); at != nil {
		rest = regex[at[1]:]
	}
	if _, err := Pattern(unescape(rest)).Compile(); err != nil {
		b.comment("check-header RURI %q is not imported.", regex)
		return
	}
	w.To = Pattern(rest)
	b.comment("check-header RURI: the expression is for the URI without its parameters, see to.")
}

func headersOf(a *patrolAction) Pairs {
	var list Pairs
	for i := range a.children {
		if c := &a.children[i]; c.typ == "x-header" && c.get("name") != "" {
			list = append(list, Pair{Name: c.attrs["name"], Value: c.get("value")})
		}
	}
	return list
}

// frequencies of tones="440,480"; US ringback where there are none.
func frequencies(text string) []float64 {
	var list []float64
	for part := range strings.SplitSeq(text, ",") {
		if hz, err := strconv.ParseFloat(strings.TrimSpace(part), 64); err == nil && hz >= 50 && hz <= 3900 && len(list) < 4 {
			list = append(list, hz)
		}
	}
	if list == nil {
		return []float64{440, 480}
	}
	return list
}

// patrolRange reads seconds as "10" or "8-12".
func patrolRange(text string) (shortest, longest time.Duration, ok bool) {
	low, high, two := strings.Cut(text, "-")
	a, err := strconv.Atoi(strings.TrimSpace(low))
	if err != nil || a < 0 {
		return 0, 0, false
	}
	b := a
	if two {
		if b, err = strconv.Atoi(strings.TrimSpace(high)); err != nil || b < a {
			return 0, 0, false
		}
	}
	return seconds(min(a, 1_000_000)), seconds(min(b, 1_000_000)), true
}
