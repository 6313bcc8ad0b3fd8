package scenario

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// ImportVoipPatrol makes a scenario of one of voip_patrol's XML files, in the original's form or in that
// of its fork for VOLTS. What has no counterpart stands in comments, see docs/scenario-import.md. An
// error is XML that cannot be read, or that has no actions.
func ImportVoipPatrol(r io.Reader) (*Scenario, error) {
	actions, err := readVoipPatrol(r)
	if err != nil {
		return nil, err
	}
	im := &patrolImport{s: &Scenario{}, codecs: map[string]int{}}
	for i := range actions {
		im.action(&actions[i])
	}
	im.flush()
	im.finish()
	if len(im.s.Steps) == 0 || len(im.s.Actors) == 0 {
		return nil, errors.New("scenario: voip_patrol: the file has no actions that do anything")
	}
	return im.s, nil
}

// patrolAction is an <action>, or an element within one.
type patrolAction struct {
	typ      string
	attrs    map[string]string
	used     map[string]bool
	line     int
	children []patrolAction
}

func readVoipPatrol(r io.Reader) ([]patrolAction, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("scenario: voip_patrol: %w", err)
	}
	if len(data) > maxFileSize {
		return nil, fmt.Errorf("scenario: voip_patrol: the file is larger than %d bytes", maxFileSize)
	}
	d := xml.NewDecoder(strings.NewReader(escapeAttributes(string(data))))
	d.Strict = false // as ezxml, which voip_patrol reads with
	var list []patrolAction
	inside := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) || err != nil && strings.HasSuffix(err.Error(), "unexpected EOF") && len(list) > 0 {
			break // ezxml does not mind what is not closed
		}
		if err != nil {
			return nil, fmt.Errorf("scenario: voip_patrol: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			a := patrolAction{attrs: map[string]string{}, used: map[string]bool{}}
			a.line, _ = d.InputPos()
			for _, attr := range t.Attr {
				a.attrs[attr.Name.Local] = attr.Value
			}
			switch {
			case t.Name.Local == "action" && a.attrs["type"] != "":
				a.typ = a.attrs["type"]
				a.used["type"] = true
				list, inside = append(list, a), true
			case inside && len(list) > 0:
				a.typ = t.Name.Local
				last := &list[len(list)-1]
				last.children = append(last.children, a)
			}
		case xml.EndElement:
			inside = inside && t.Name.Local != "action"
		}
	}
	if len(list) == 0 {
		return nil, errors.New("scenario: voip_patrol: the file has no <action>")
	}
	return list, nil
}

// escapeAttributes makes XML of what ezxml takes as such: values of attributes may have a < in them.
func escapeAttributes(text string) string {
	var b strings.Builder
	quote, tag := byte(0), false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == 0 && strings.HasPrefix(text[i:], "<!--"):
			end := strings.Index(text[i:], "-->")
			if end < 0 {
				return b.String() + text[i:]
			}
			b.WriteString(text[i : i+end+3])
			i += end + 2
			continue
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0 && c == '<':
			b.WriteString("&lt;")
			continue
		case quote == 0 && tag && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '<':
			tag = true
		case quote == 0 && c == '>':
			tag = false
		}
		b.WriteByte(c)
	}
	return b.String()
}

// get returns an attribute as a text of a scenario.
func (a *patrolAction) get(names ...string) string {
	for _, name := range names {
		a.used[name] = true
		if value, ok := a.attrs[name]; ok && value != "" {
			return patrolText(value)
		}
	}
	return ""
}

var envName = regexp.MustCompile(`^VP_ENV_[A-Za-z0-9_]+$`)

func patrolText(value string) string {
	value = strings.ToValidUTF8(value, "\ufffd")
	if envName.MatchString(value) {
		return "${env:" + value + "}"
	}
	return Literal(value)
}

// is reports whether an attribute is true, or stands there without a value.
func (a *patrolAction) is(name string) bool {
	value := a.get(name)
	return value == "true" || value == name
}

// number returns a whole number, 0 where there is none.
func (a *patrolAction) number(name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(a.get(name)))
	if err != nil || n < 0 {
		return 0
	}
	return min(n, 1_000_000)
}

// unused are the attributes that were not asked for, as a comment.
func (a *patrolAction) unused() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(a.attrs)) {
		if !a.used[name] && name != "rtp_stats" && name != "label" {
			list = append(list, name+"="+strconv.Quote(a.attrs[name]))
		}
	}
	if list == nil {
		return ""
	}
	return "Not imported: " + strings.Join(list, ", ")
}

// patrolImport goes through the actions of a file.
type patrolImport struct {
	s        *Scenario
	tests    []Branch       // what runs at the same time, since the last wait for all of it
	control  []Step         // what is done to these meanwhile
	elapsed  time.Duration  // of the waits in control
	codecs   map[string]int // priorities
	codecMap bool           // whether any was named
	notes    []string       // of the file
}

func (im *patrolImport) note(a *patrolAction, format string, args ...any) {
	im.notes = append(im.notes, fmt.Sprintf("Line %d, %s: ", a.line, a.typ)+fmt.Sprintf(format, args...))
}

func (im *patrolImport) action(a *patrolAction) {
	switch a.typ {
	case "call":
		if a.get("callee", "to_uri") == "" {
			im.note(a, "not imported, since it has no callee")
			return
		}
		im.start(a, im.call(a))
	case "accept":
		im.start(a, im.accept(a))
	case "accept_message":
		actor := im.actor(a, a.get("account", "match_account"))
		im.start(a, repeated(a.number("message_count"), []Step{{Actor: actor, Action: &ExpectMessage{Within: time.Minute}}}))
	case "register":
		im.start(a, im.register(a))
	case "message":
		im.start(a, im.message(a))
	case "wait":
		im.wait(a)
	case "wait-complete": // of older files
		im.flush()
	case "hold", "unhold":
		actor := im.actor(a, a.get("caller"))
		if a.typ == "hold" {
			im.during(Step{Actor: actor, Action: &Hold{}, Comment: a.unused()})
		} else {
			im.during(Step{Actor: actor, Action: &Resume{}, Comment: a.unused()})
		}
	case "bxfer":
		if a.get("to_uri") == "" {
			im.note(a, "not imported, since it has no to_uri")
			return
		}
		t := &Transfer{To: sipURI(a.get("to_uri")), Expect: codeOf(a, "expected_cause_code", 200)}
		im.during(Step{Actor: im.actor(a, a.get("caller")), Name: a.get("label"), Action: t, Comment: a.unused()})
	case "codec":
		im.codec(a)
	default: // turn, alert, and what may join
		var list []string
		for _, name := range slices.Sorted(maps.Keys(a.attrs)) {
			if name != "type" && name != "password" {
				list = append(list, name+"="+strconv.Quote(a.attrs[name]))
			}
		}
		im.note(a, "not imported: %s", strings.Join(list, ", "))
	}
}

// start begins a test beside those that are there.
func (im *patrolImport) start(a *patrolAction, steps []Step) {
	if len(steps) == 0 {
		return
	}
	if im.elapsed > 0 && len(im.tests) > 0 {
		steps = append([]Step{{Action: &Wait{For: DurationRange{im.elapsed, im.elapsed}}}}, steps...)
	}
	var comments []string
	for _, c := range []string{steps[0].Comment, a.unused()} {
		if c != "" {
			comments = append(comments, c)
		}
	}
	steps[0].Comment = strings.Join(comments, "\n")
	if label := a.get("label"); label != "" && steps[0].Name == "" {
		steps[0].Name = label
	}
	im.tests = append(im.tests, Branch{Steps: steps})
}

// during does something to the tests that run.
func (im *patrolImport) during(s Step) { im.control = append(im.control, s) }

func (im *patrolImport) wait(a *patrolAction) {
	ms, err := strconv.Atoi(a.get("ms"))
	d := time.Duration(min(max(ms, 0), 1<<31)) * time.Millisecond
	switch {
	case a.is("complete"):
		im.flush()
	case err == nil && ms < 0:
		im.note(a, "waited for ever; here each test has its own time")
		im.flush()
	case len(im.tests) == 0 && d > 0:
		im.s.Steps = append(im.s.Steps, Step{Action: &Wait{For: DurationRange{d, d}}})
	case d > 0:
		im.elapsed += d
		im.during(Step{Action: &Wait{For: DurationRange{d, d}}})
	}
}

// flush makes a step of the tests since the last one.
func (im *patrolImport) flush() {
	last := len(im.control)
	for last > 0 {
		if _, ok := im.control[last-1].Action.(*Wait); !ok {
			break
		}
		last-- // nothing comes after it
	}
	if last > 0 {
		im.tests = append(im.tests, Branch{Steps: im.control[:last]})
	}
	im.lines()
	switch len(im.tests) {
	case 0:
	case 1:
		im.s.Steps = append(im.s.Steps, im.tests[0].Steps...)
	default:
		im.s.Steps = append(im.s.Steps, Step{Action: &Parallel{Branches: im.tests}})
	}
	im.tests, im.control, im.elapsed = nil, nil, 0
}

// lines gives the calls of an actor names where he has several at the same time.
func (im *patrolImport) lines() {
	tests := map[string]int{}
	actorOf := func(b Branch) string {
		actor := ""
		walkSteps(b.Steps, func(s *Step) {
			switch s.Action.(type) {
			case *Dial, *WaitCall:
				actor = s.Actor
			}
		})
		return actor
	}
	for _, b := range im.tests {
		tests[actorOf(b)]++
	}
	for i, b := range im.tests {
		if actor := actorOf(b); actor != "" && tests[actor] > 1 {
			walkSteps(b.Steps, func(s *Step) {
				if s.Actor == actor {
					s.Line = fmt.Sprintf("call%d", i+1)
				}
			})
		}
	}
}

// finish is what the whole file says.
func (im *patrolImport) finish() {
	var list []string
	for name, priority := range im.codecs {
		if priority > 0 {
			list = append(list, name)
		}
	}
	slices.SortFunc(list, func(x, y string) int {
		if d := im.codecs[y] - im.codecs[x]; d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	if im.codecMap && len(list) > 0 {
		for i := range im.s.Actors {
			im.s.Actors[i].Codecs = list
		}
	}
	lines := append([]string{"Imported from voip_patrol."}, im.notes...)
	im.s.Comment = strings.Join(lines, "\n")
}

func (im *patrolImport) codec(a *patrolAction) {
	if len(im.s.Actors) > 0 {
		im.note(a, "codecs that change between tests are not imported: enable=%q, disable=%q", a.attrs["enable"], a.attrs["disable"])
		return
	}
	im.codecMap = true
	if name := a.get("disable"); name == "all" {
		clear(im.codecs)
	} else if name != "" {
		im.codecs[name] = 0
	}
	if name := a.get("enable"); name != "" && name != "all" {
		im.codecs[name] = max(1, a.number("priority"))
	}
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// actor is the name of the actor of an account, who joins if he is not there. The account may be
// user@host, a name-addr or a user.
func (im *patrolImport) actor(a *patrolAction, account string) string {
	display := ""
	if i := strings.IndexByte(account, '<'); i >= 0 {
		display = strings.Trim(strings.TrimSpace(account[:i]), `"`)
		account = strings.TrimSuffix(account[i+1:], ">")
	}
	account = strings.TrimPrefix(strings.TrimPrefix(account, "sips:"), "sip:")
	user, host, _ := strings.Cut(account, "@")
	name := strings.Trim(notInName.ReplaceAllString(strings.TrimPrefix(user, "${env:"), "-"), "-")
	if name == "" {
		name = "default"
	}
	name = name[:min(len(name), 60)]
	i := slices.IndexFunc(im.s.Actors, func(o Actor) bool { return o.Name == name })
	if i < 0 {
		im.s.Actors = append(im.s.Actors, Actor{Name: name})
		i = len(im.s.Actors) - 1
		if user != "default" {
			im.s.Actors[i].Username = user
		}
	}
	actor := &im.s.Actors[i]
	if host, _, _ = strings.Cut(host, ";"); host != "" && actor.Domain == "" {
		actor.Domain = host
	}
	if display != "" {
		actor.DisplayName = display
	}
	if d := a.get("display_name"); d != "" {
		actor.DisplayName = d
	}
	if user := a.get("auth_username", "username"); user != "" && user != actor.Username {
		actor.AuthID = user
	}
	a.used["username"], a.used["realm"] = true, true
	if password := a.get("password"); password != "" {
		actor.Password = secret.New(password)
	}
	if proxy := a.get("proxy"); proxy != "" && !slices.Contains(actor.Proxy, proxy) {
		actor.Proxy = append(actor.Proxy, proxy)
	}
	switch transport := a.get("transport"); strings.TrimSuffix(transport, "6") {
	case "udp", "tcp", "tls":
		actor.Transport = Transport(strings.TrimSuffix(transport, "6"))
	case "sips":
		actor.Transport = TLS
	}
	im.srtp(a, actor)
	return name
}

func (im *patrolImport) srtp(a *patrolAction, actor *Actor) {
	value := a.get("srtp")
	has := func(word string) bool { return strings.Contains(value, word) }
	switch {
	case value == "":
	case has("dtls") && has("sdes"):
		actor.SRTP = SRTPDTLSSDES
	case has("dtls"):
		actor.SRTP = SRTPDTLS
	case has("force"):
		actor.SRTP = SRTPMandatory
	default:
		actor.SRTP = SRTPOptional
	}
}

// sipURI makes user@host a URI.
func sipURI(text string) string {
	if text == "" || strings.Contains(text, ":") && !strings.Contains(text, "@") || strings.HasPrefix(text, "sip:") || strings.HasPrefix(text, "sips:") ||
		strings.HasPrefix(text, "tel:") || strings.HasPrefix(text, "${") {
		return text
	}
	return "sip:" + text
}

func codeOf(a *patrolAction, name string, otherwise int) Codes {
	code := a.number(name)
	if code < 100 || code > 699 {
		code = otherwise
	}
	return Codes{{code, code}}
}

// repeated does steps so often, once where that is no number.
func repeated(times int, steps []Step) []Step {
	if times < 2 {
		return steps
	}
	return []Step{{Action: &Repeat{Times: times, Steps: steps}}}
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func (im *patrolImport) register(a *patrolAction) []Step {
	user := a.get("username")
	account := a.get("account")
	if account == "" {
		account = user
	}
	no := false
	name := im.actor(a, account)
	actor, _ := im.s.Actor(name)
	actor.Register = &no
	if user != "" {
		actor.Username = user
		if actor.AuthID == user {
			actor.AuthID = ""
		}
	}
	if aor := a.get("aor"); aor != "" {
		_, actor.Domain, _ = strings.Cut(strings.TrimPrefix(aor, "sip:"), "@")
	}
	actor.Server = a.get("registrar")
	if actor.Server == "" {
		actor.Server = actor.Domain
	}
	if actor.Username == "" {
		actor.Username = name
	}
	if a.is("unregister") {
		return []Step{{Actor: name, Action: &Unregister{}}}
	}
	r := &Register{Expect: codeOf(a, "expected_cause_code", 200)}
	return []Step{{Actor: name, Action: r}}
}

func (im *patrolImport) message(a *patrolAction) []Step {
	m := &Message{To: sipURI(a.get("to_uri")), Text: a.get("text"), Expect: codeOf(a, "expected_cause_code", 200)}
	return []Step{{Actor: im.actor(a, a.get("from")), Action: m}}
}
