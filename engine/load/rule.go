package load

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Rule is a condition on what was measured: "failures > 5%", "mos-p5 < 3.6",
// "setup-p95 <= 500ms".
type Rule struct {
	text    string
	metric  string // "failures", "capped", "mos", "mos-rx", "mos-tx", or a latency's name
	stat    string // "", "mean", "min", "max" or "p"
	percent float64
	op      string
	limit   float64 // per cent, MOS, or nanoseconds
}

// kind is how a rule's numbers are written.
type kind int

const (
	aShare kind = iota
	aMOS
	aTime
)

func (r Rule) kind() kind {
	switch r.metric {
	case "failures", "capped":
		return aShare
	case "mos", "mos-rx", "mos-tx":
		return aMOS
	}
	return aTime
}

// ParseRule reads a rule. What can be measured is "failures", the share of calls that failed
// of those that ended, and "capped", the share of those that were due which found no room
// under the cap; and, with -mean, -min, -max or a percentile such as -p95, "mos" (of each
// call the worse direction), "mos-rx", "mos-tx", "setup", "late", "duration", and what the
// job measures.
func ParseRule(text string) (Rule, error) {
	r := Rule{}
	i := strings.IndexAny(text, "<>")
	if i < 0 {
		return r, fmt.Errorf(`load: %q is no rule such as "failures > 5%%" or "setup-p95 < 500ms": it has neither < nor >`, text)
	}
	name, rest := strings.TrimSpace(text[:i]), text[i+1:]
	r.op = text[i : i+1]
	if strings.HasPrefix(rest, "=") {
		r.op, rest = r.op+"=", rest[1:]
	}
	rest = strings.TrimSpace(rest)
	r.text = name + " " + r.op + " " + rest
	r.metric = name
	if r.kind() != aShare {
		j := strings.LastIndexByte(name, '-')
		if j <= 0 {
			return r, fmt.Errorf("load: rule %q: %s needs -mean, -min, -max or a percentile such as -p95; without are failures and capped", text, name)
		}
		r.metric, r.stat = name[:j], name[j+1:]
		if digits, ok := strings.CutPrefix(r.stat, "p"); ok {
			p, err := strconv.ParseFloat(digits, 64)
			if err != nil || !(p > 0 && p <= 100) {
				return r, fmt.Errorf("load: rule %q: %s is no percentile such as p95", text, r.stat)
			}
			r.stat, r.percent = "p", p
		} else if !slices.Contains([]string{"mean", "min", "max"}, r.stat) {
			return r, fmt.Errorf("load: rule %q: %s is neither mean, min, max nor a percentile such as p95", text, r.stat)
		}
	}
	var err error
	switch r.kind() {
	case aShare:
		number, ok := strings.CutSuffix(rest, "%")
		if r.limit, err = strconv.ParseFloat(number, 64); err != nil || !ok || !(r.limit >= 0 && r.limit <= 100) {
			return r, fmt.Errorf("load: rule %q: %q is no share such as 5%%", text, rest)
		}
	case aMOS:
		if r.limit, err = strconv.ParseFloat(rest, 64); err != nil || !(r.limit >= 1 && r.limit <= 5) {
			return r, fmt.Errorf("load: rule %q: %q is no MOS from 1 to 5", text, rest)
		}
	case aTime:
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 {
			return r, fmt.Errorf("load: rule %q: %q is no time such as 500ms", text, rest)
		}
		r.limit = float64(d)
	}
	return r, nil
}

// String returns the rule as [ParseRule] reads it.
func (r Rule) String() string { return r.text }

// holds says whether the rule is true of what was measured, and what that was; known is
// false where nothing was.
func (r Rule) holds(t *tally) (ok bool, value string, known bool) {
	v, known := r.measured(t)
	if !known {
		return false, "unknown", false
	}
	switch r.kind() {
	case aShare:
		value = number(v) + "%"
	case aMOS:
		value = strconv.FormatFloat(v, 'f', 2, 64)
	case aTime:
		value = time.Duration(v).Round(100 * time.Microsecond).String()
	}
	switch r.op {
	case "<":
		ok = v < r.limit
	case "<=":
		ok = v <= r.limit
	case ">":
		ok = v > r.limit
	case ">=":
		ok = v >= r.limit
	}
	return ok, value, true
}

func (r Rule) measured(t *tally) (float64, bool) {
	switch r.metric {
	case "failures":
		return share(t.counts.Failed, t.counts.Passed+t.counts.Failed)
	case "capped":
		return share(t.counts.Capped, t.counts.Due)
	}
	scale := float64(timeUnit)
	h := t.latencies[r.metric]
	if name, ok := mosName(r.metric); ok {
		h, scale = t.mos[name], mosUnit
	}
	if h == nil || h.count() == 0 {
		return 0, false
	}
	v := 0.0
	switch r.stat {
	case "mean":
		v = h.mean()
	case "min":
		v = float64(h.min)
	case "max":
		v = float64(h.max)
	default:
		v = float64(h.at(r.percent))
	}
	return v * scale, true
}

// mosName is the name of a rule's MOS in the result.
func mosName(metric string) (string, bool) {
	name, ok := map[string]string{"mos": "worse", "mos-rx": "rx", "mos-tx": "tx"}[metric]
	return name, ok
}

// share is n of all in per cent.
func share(n, all int) (float64, bool) {
	if all == 0 {
		return 0, false
	}
	return math.Round(1e4*float64(n)/float64(all)) / 100, true
}
