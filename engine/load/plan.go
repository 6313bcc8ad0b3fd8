package load

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Phase is a part of a plan in which the rate goes from one value to another, evenly.
type Phase struct {
	From, To float64 // jobs per second
	// For is how long it lasts; 0: for ever, which only the last phase can, and only at a
	// steady rate.
	For time.Duration
}

// jobs is how many are due in the first t of the phase.
func (p Phase) jobs(t time.Duration) float64 {
	s := t.Seconds()
	if p.For == 0 {
		return p.From * s
	}
	return p.From*s + (p.To-p.From)*s*s/(2*p.For.Seconds())
}

// when is the inverse of jobs.
func (p Phase) when(x float64) time.Duration {
	if x <= 0 {
		return 0
	}
	slope := 0.0
	if p.For > 0 {
		slope = (p.To - p.From) / p.For.Seconds()
	}
	// The root of a ramp down may be of a negative number by an error of rounding.
	root := math.Sqrt(max(p.From*p.From+2*slope*x, 0))
	return time.Duration(math.Round(2 * x / (p.From + root) * float64(time.Second)))
}

// Plan says when jobs are due.
type Plan struct {
	Phases []Phase
	// Poisson has them come at random, as those of many independent callers do, at the rate
	// of the phases on average. Else they are evenly spaced.
	Poisson bool
	Seed    int64 // of Poisson: the same seed has the same times
}

// maxRate is above what any machine can begin.
const maxRate = 100_000

// Validate says what is wrong with a plan.
func (p Plan) Validate() error {
	if len(p.Phases) == 0 {
		return errors.New("load: a plan without a rate")
	}
	for i, ph := range p.Phases {
		last := i == len(p.Phases)-1
		switch {
		case !(ph.From >= 0 && ph.To >= 0 && ph.From <= maxRate && ph.To <= maxRate):
			return fmt.Errorf("load: a rate must be from 0 to %d calls per second", maxRate)
		case ph.For < 0:
			return errors.New("load: a phase must not last less than nothing")
		case ph.For == 0 && (!last || ph.From != ph.To || ph.From == 0):
			return errors.New("load: only the last phase can do without a time, at a steady rate above 0")
		}
	}
	return nil
}

// Duration is how long the phases last; endless says that the last one does not end.
func (p Plan) Duration() (d time.Duration, endless bool) {
	for _, ph := range p.Phases {
		d += ph.For
		endless = ph.For == 0
	}
	return d, endless
}

// jobs is how many are due until a time, on average where they are at random.
func (p Plan) jobs(until time.Duration) float64 {
	n := 0.0
	for _, ph := range p.Phases {
		if ph.For == 0 || until < ph.For {
			return n + ph.jobs(until)
		}
		n += ph.jobs(ph.For)
		until -= ph.For
	}
	return n
}

// arrivals returns a function that returns the times at which jobs are due, counted from the
// start, one after the other; ok is false at the end.
//
// Both kinds of arrivals are those of a process of the rate 1, brought to the plan's rate by
// the inverse of its integral: even ones are the whole numbers, and those of a Poisson
// process have exponential distances.
func (p Plan) arrivals() func() (at time.Duration, ok bool) {
	random := rand.New(rand.NewPCG(uint64(p.Seed), 0x6f66_6668_6f6f_6b21))
	var x, passed float64 // in jobs: the next, and those of the phases that are over
	var began time.Duration
	phase := 0
	if p.Poisson {
		x = random.ExpFloat64()
	}
	return func() (time.Duration, bool) {
		for phase < len(p.Phases) {
			ph := p.Phases[phase]
			all := math.Inf(1)
			if ph.For > 0 {
				all = ph.jobs(ph.For)
			}
			// A job that is due when the phase ends belongs to the next; the sums have errors.
			if x-passed < all-1e-9*max(all, 1) || ph.For == 0 {
				at := began + ph.when(x-passed)
				if p.Poisson {
					x += random.ExpFloat64()
				} else {
					x++
				}
				return at, true
			}
			passed += all
			began += ph.For
			phase++
		}
		return 0, false
	}
}

// String says in words what the plan is: "1 to 50 calls/s for 1m, 50 calls/s for 5m".
func (p Plan) String() string {
	var parts []string
	for _, ph := range p.Phases {
		text := number(ph.From)
		if ph.To != ph.From {
			text += " to " + number(ph.To)
		}
		text += " calls/s"
		if ph.For > 0 {
			text += " for " + short(ph.For)
		}
		parts = append(parts, text)
	}
	if p.Poisson {
		parts = append(parts, "Poisson")
	}
	return strings.Join(parts, ", ")
}

func number(f float64) string {
	if f != math.Trunc(f) {
		f = math.Round(f*100) / 100
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// short leaves out the zeros of "1m0s".
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// ParsePhases reads phases: "10", "10@5m", "1..50@1m,50@5m", "600/m@1h". A rate is in calls
// per second, or with /s, /m or /h in calls per that.
func ParsePhases(text string) ([]Phase, error) {
	var phases []Phase
	for part := range strings.SplitSeq(text, ",") {
		rates, length, timed := strings.Cut(strings.TrimSpace(part), "@")
		from, to, ramp := strings.Cut(rates, "..")
		if !ramp {
			to = from
		}
		unit := ""
		if i := strings.IndexByte(to, '/'); i >= 0 {
			unit = to[i:]
			if !strings.Contains(from, "/") {
				from += unit // of both
			}
		}
		var p Phase
		var err error
		if p.From, err = parseRate(from); err == nil {
			p.To, err = parseRate(to)
		}
		if err == nil && timed {
			p.For, err = time.ParseDuration(length)
			if err == nil && p.For <= 0 {
				err = errors.New("the time must be above 0")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("load: %q is no phase such as 10, 10@5m or 1..50@1m: %w", part, err)
		}
		phases = append(phases, p)
	}
	return phases, nil
}

func parseRate(text string) (float64, error) {
	value, unit, _ := strings.Cut(text, "/")
	r, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(r) || math.IsInf(r, 0) {
		return 0, fmt.Errorf("%q is no rate", text)
	}
	switch unit {
	case "", "s":
	case "m":
		r /= 60
	case "h":
		r /= 3600
	default:
		return 0, fmt.Errorf("%q: a rate is per s, m or h", text)
	}
	return r, nil
}
