package config

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule decides about incoming calls that fit all of its conditions. The comments say
// what differs from the key of the same name in docs/config.md, which is the reference.
type Rule struct {
	// Name is what follows the dot in [Rule.name].
	Name string `ini:"-"`

	Account string `ini:"account"`
	Caller  string `ini:"caller"`
	Called  string `ini:"called"`
	Header  string `ini:"header"`
	Time    string `ini:"time"`

	Action  RuleAction    `ini:"action"`
	Delay   time.Duration `ini:"delay"`
	Code    int           `ini:"code"`
	Reason  string        `ini:"reason"`
	Target  string        `ini:"target"`
	File    string        `ini:"file"`
	Command string        `ini:"command"`
	Bot     string        `ini:"bot"`
}

// RuleAction is what a rule does with a call.
type RuleAction string

// The actions.
const (
	RuleAnswer  RuleAction = "answer"
	RuleRing    RuleAction = "ring"
	RuleReject  RuleAction = "reject"
	RuleForward RuleAction = "forward"
	RulePlay    RuleAction = "play"
	RuleHook    RuleAction = "hook"
	RuleBot     RuleAction = "bot"
)

// SplitList splits a list of masks, prefixes or numbers at ; and |.
func SplitList(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for item := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ';' || r == '|' }) {
			if item = strings.TrimSpace(item); item != "" && !yield(item) {
				return
			}
		}
	}
}

// ForAccount says whether the rule is about calls of that account.
func (r Rule) ForAccount(number int) bool {
	some := false
	for item := range SplitList(r.Account) {
		some = true
		if n, ok := accountNumber(item); ok && n == number {
			return true
		}
	}
	return !some
}

// Holds says whether the rule holds at a time, in the time's own zone.
func (r Rule) Holds(at time.Time) bool {
	if strings.TrimSpace(r.Time) == "" {
		return true
	}
	periods, err := parseTimes(r.Time)
	return err == nil && slices.ContainsFunc(periods, func(p period) bool { return p.holds(at) })
}

// period is a set of days and the minutes of them, the end excluded. One that ends
// before it begins lasts into the next day.
type period struct {
	days     [7]bool // of time.Weekday
	from, to int     // minutes
}

const dayMinutes = 24 * 60

func (p period) holds(at time.Time) bool {
	minute := at.Hour()*60 + at.Minute()
	day := at.Weekday()
	if p.from < p.to {
		return p.days[day] && minute >= p.from && minute < p.to
	}
	// Over midnight: the late part is the day's own, the early one of the day before.
	return p.days[day] && minute >= p.from || p.days[(day+6)%7] && minute < p.to
}

// parseTimes reads "Mon-Fri 08:00-17:30 | Sat;Sun".
func parseTimes(text string) ([]period, error) {
	var periods []period
	for part := range strings.SplitSeq(text, "|") {
		fields := strings.Fields(part)
		p := period{to: dayMinutes}
		days, hours := "", ""
		switch len(fields) {
		case 1:
			if fields[0][0] >= '0' && fields[0][0] <= '9' {
				hours = fields[0]
			} else {
				days = fields[0]
			}
		case 2:
			days, hours = fields[0], fields[1]
		default:
			return nil, fmt.Errorf("%q is not such as Mon-Fri 08:00-17:30", part)
		}
		if err := p.setDays(days); err != nil {
			return nil, err
		}
		if err := p.setHours(hours); err != nil {
			return nil, err
		}
		periods = append(periods, p)
	}
	return periods, nil
}

func (p *period) setDays(text string) error {
	if text == "" {
		p.days = [7]bool{true, true, true, true, true, true, true}
		return nil
	}
	for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ';' || r == ',' }) {
		first, last, isRange := strings.Cut(item, "-")
		from, ok := weekday(first)
		to := from
		if isRange && ok {
			to, ok = weekday(last)
		}
		if !ok {
			return fmt.Errorf("%q names no days: Mon, Tue, Wed, Thu, Fri, Sat, Sun, or Mon-Fri", item)
		}
		for d := from; ; d = (d + 1) % 7 {
			p.days[d] = true
			if d == to {
				break
			}
		}
	}
	return nil
}

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if full := d.String(); strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
			return d, true
		}
	}
	return 0, false
}

func (p *period) setHours(text string) error {
	if text == "" {
		return nil
	}
	first, last, ok := strings.Cut(text, "-")
	from, err := minutes(first)
	to, errTo := minutes(last)
	if !ok || err != nil || errTo != nil || from == to || from == dayMinutes {
		return fmt.Errorf("%q is not two times of a day such as 08:00-17:30", text)
	}
	p.from, p.to = from, to
	return nil
}

func minutes(text string) (int, error) {
	hours, mins, ok := strings.Cut(text, ":")
	h, err := strconv.ParseUint(hours, 10, 8)
	m, errM := strconv.ParseUint(mins, 10, 8)
	n := int(h)*60 + int(m)
	if !ok || err != nil || errM != nil || m > 59 || n > dayMinutes {
		return 0, fmt.Errorf("%q is no time of a day", text)
	}
	return n, nil
}

// mistakes are what is wrong with a rule, by key.
func (r Rule) mistakes() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for item := range SplitList(r.Account) {
			if _, ok := accountNumber(item); !ok {
				if !yield("account", fmt.Sprintf("%q is not the number of an account", item)) {
					return
				}
			}
		}
		if strings.TrimSpace(r.Time) != "" {
			if _, err := parseTimes(r.Time); err != nil && !yield("time", err.Error()) {
				return
			}
		}
		if name, _, _ := strings.Cut(r.Header, ":"); r.Header != "" && (strings.TrimSpace(name) == "" || strings.ContainsAny(strings.TrimSpace(name), " \t")) {
			if !yield("header", fmt.Sprintf("%q is not such as Subject: *sales*", r.Header)) {
				return
			}
		}
		for _, need := range []struct {
			action     RuleAction
			key, value string
		}{{RuleForward, "target", r.Target}, {RulePlay, "file", r.File}, {RuleHook, "command", r.Command}, {RuleBot, "bot", r.Bot}} {
			if r.Action == need.action && strings.TrimSpace(need.value) == "" &&
				!yield(need.key, fmt.Sprintf("action = %s needs %s", need.action, need.key)) {
				return
			}
		}
	}
}

// ruleAssignments are the keys of a section [Rule.name].
type ruleAssignments struct {
	name string
	at   Problem // of the section
	keys assignments
}

// beginRule takes in the section of a rule.
func (r *fileReader) beginRule(at Problem, section string) {
	r.rules = append(r.rules, ruleAssignments{name: section[len("rule."):], at: at, keys: assignments{}})
}

// resolveRules adds the rules in the order of the file.
func (l *loader) resolveRules(cfg *Config) {
	for _, a := range l.rules {
		rule := Rule{Name: a.name}
		l.fill(reflect.ValueOf(&rule).Elem(), RuleScope, a.keys)
		for key, message := range rule.mistakes() {
			at, given := a.at, a.keys[key]
			if given.at.Key != "" {
				at = given.at
			}
			l.report(at, "%s", message)
		}
		cfg.Rules = append(cfg.Rules, rule)
	}
}

func rulePairs(r *Rule) []pair { return pairs(reflect.ValueOf(r).Elem(), RuleScope, nil) }

func quoteJSON(text string) []byte {
	b, err := json.Marshal(text)
	if err != nil {
		return []byte(`""`) // a string always can be written
	}
	return b
}
