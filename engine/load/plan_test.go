package load

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// all returns the times of a plan, up to n.
func all(p Plan, n int) []time.Duration {
	next := p.arrivals()
	var list []time.Duration
	for len(list) < n {
		at, ok := next()
		if !ok {
			break
		}
		list = append(list, at)
	}
	return list
}

func phases(t *testing.T, text string) []Phase {
	t.Helper()
	list, err := ParsePhases(text)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Even arrivals are where the integral of the rate is a whole number.
func TestEvenArrivals(t *testing.T) {
	for _, tt := range []struct {
		plan  string
		n     int
		times map[int]time.Duration
	}{
		{"10@5s", 50, map[int]time.Duration{0: 0, 1: 100 * time.Millisecond, 49: 4900 * time.Millisecond}},
		{"3@1m", 180, map[int]time.Duration{179: time.Duration(179) * time.Second / 3}},
		// The area under a ramp from 0 is rate·t²/2T: 25·60²/120 = 750 at half of it.
		{"0..50@1m", 1500, map[int]time.Duration{0: 0, 375: 30 * time.Second}},
		{"50..0@1m", 1500, map[int]time.Duration{0: 0, 1125: 30 * time.Second}},
		{"10@10s,20@10s,40@10s", 700, map[int]time.Duration{100: 10 * time.Second, 300: 20 * time.Second, 301: 20*time.Second + 25*time.Millisecond}},
		{"2@3s,0@10s,1@2s", 8, map[int]time.Duration{5: 2500 * time.Millisecond, 6: 13 * time.Second, 7: 14 * time.Second}},
		{"60/m@10s", 10, map[int]time.Duration{9: 9 * time.Second}},
		{"0.5@1s,0.5@3s", 2, map[int]time.Duration{1: 2 * time.Second}},
		{"7", 1000, map[int]time.Duration{700: 100 * time.Second}},
	} {
		got := all(Plan{Phases: phases(t, tt.plan)}, 1000*10)[:]
		if tt.plan == "7" {
			got = got[:1000]
		}
		if len(got) != tt.n {
			t.Errorf("%s: %d arrivals, want %d", tt.plan, len(got), tt.n)
			continue
		}
		for i, want := range tt.times {
			if d := got[i] - want; d.Abs() > time.Microsecond {
				t.Errorf("%s: arrival %d at %v, want %v", tt.plan, i, got[i], want)
			}
		}
		if !slices.IsSorted(got) {
			t.Errorf("%s: not in order", tt.plan)
		}
	}
}

// The number of arrivals of a ramp is its area, at each moment.
func TestRampIntegral(t *testing.T) {
	p := Plan{Phases: phases(t, "5..45@20s,45@10s,45..1@30s")}
	list := all(p, 1e6)
	rate := func(s float64) float64 {
		switch {
		case s < 20:
			return 5 + 40*s/20
		case s < 30:
			return 45
		}
		return 45 - 44*(s-30)/30
	}
	area := 0.0
	for at := time.Duration(0); at < time.Minute; at += 10 * time.Millisecond {
		if got := p.jobs(at); math.Abs(got-area) > 0.01 {
			t.Errorf("%v jobs until %v, the area is %.2f", got, at, area)
		}
		n, _ := slices.BinarySearch(list, at)
		if math.Abs(float64(n)-area) > 1.01 {
			t.Errorf("%d arrivals until %v, the area is %.1f", n, at, area)
		}
		area += rate(at.Seconds()+0.005) / 100
	}
	if want := 500 + 450 + 690; len(list) != want {
		t.Errorf("%d arrivals, want %d", len(list), want)
	}
}

// Distances of a Poisson process are exponential: by their mean, their deviation, and
// Pearson's test over twenty classes that are equally likely. Counts of a second have the
// variance of their mean.
func TestPoissonArrivals(t *testing.T) {
	const rate, n = 20.0, 40000
	for seed := range int64(5) {
		p := Plan{Phases: []Phase{{From: rate, To: rate}}, Poisson: true, Seed: seed}
		list := all(p, n)
		var sum, squares float64
		classes := make([]int, 20)
		seconds := make([]float64, int(list[n-1].Seconds()))
		last := time.Duration(0)
		for _, at := range list {
			d := (at - last).Seconds()
			last = at
			sum += d
			squares += d * d
			u := 1 - math.Exp(-rate*d) // even where d is exponential
			classes[min(int(u*20), 19)]++
			if s := int(at.Seconds()); s < len(seconds) {
				seconds[s]++
			}
		}
		mean := sum / n
		if math.Abs(mean*rate-1) > 0.02 {
			t.Errorf("seed %d: the mean distance is %v s, want %v", seed, mean, 1/rate)
		}
		if dev := math.Sqrt(squares/n - mean*mean); math.Abs(dev*rate-1) > 0.03 {
			t.Errorf("seed %d: the deviation is %v s, want %v", seed, dev, 1/rate)
		}
		chi := 0.0
		for _, c := range classes {
			chi += math.Pow(float64(c)-n/20, 2) / (n / 20)
		}
		if chi > 43.8 { // 19 degrees of freedom, 0.1 %
			t.Errorf("seed %d: chi square is %.1f", seed, chi)
		}
		var average, variance float64
		for _, c := range seconds {
			average += c / float64(len(seconds))
		}
		for _, c := range seconds {
			variance += (c - average) * (c - average) / float64(len(seconds))
		}
		if math.Abs(variance/average-1) > 0.12 {
			t.Errorf("seed %d: %.2f calls a second with the variance %.2f", seed, average, variance)
		}
		if again := all(p, n); !slices.Equal(again, list) {
			t.Errorf("seed %d: other times at the second time", seed)
		}
	}
	one, two := all(Plan{Phases: phases(t, "5@10s"), Poisson: true, Seed: 1}, 99), all(Plan{Phases: phases(t, "5@10s"), Poisson: true, Seed: 2}, 99)
	if slices.Equal(one, two) {
		t.Error("two seeds have the same times")
	}
}

// Poisson arrivals follow a ramp: half of its area is where half of the arrivals are.
func TestPoissonRamp(t *testing.T) {
	list := all(Plan{Phases: phases(t, "0..200@100s"), Poisson: true, Seed: 7}, 1e6)
	if math.Abs(float64(len(list))-10000) > 400 { // four deviations
		t.Errorf("%d arrivals, want about 10000", len(list))
	}
	half, _ := slices.BinarySearch(list, 50*time.Second)
	if math.Abs(float64(half)-2500) > 200 {
		t.Errorf("%d arrivals in the first half of the time, want about 2500", half)
	}
}

func TestParsePhases(t *testing.T) {
	for text, want := range map[string]string{
		"10":                     "10 calls/s",
		"10@5m":                  "10 calls/s for 5m",
		" 1..50@1m , 50/s@90s":   "1 to 50 calls/s for 1m, 50 calls/s for 1m30s",
		"600/m@1h":               "10 calls/s for 1h",
		"1..60/m@1m":             "0.02 to 1 calls/s for 1m",
		"0.25":                   "0.25 calls/s",
		"10@1m,0@10s,20@1m30s,5": "10 calls/s for 1m, 0 calls/s for 10s, 20 calls/s for 1m30s, 5 calls/s",
	} {
		p := Plan{Phases: phases(t, text)}
		if err := p.Validate(); err != nil || p.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, p, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "is no rate", "x": "is no rate", "1@": "invalid duration", "1@-5s": "above 0", "1@0s": "above 0", "1/d": "per s, m or h",
		"NaN": "is no rate", "1..2..3@5s": "is no rate", "Inf": "is no rate",
	} {
		if _, err := ParsePhases(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"0", "1,1@5s", "1..5", "-1@5s", "1e9@1s"} {
		if err := (Plan{Phases: phases(t, text)}).Validate(); err == nil {
			t.Errorf("%q is a plan", text)
		}
	}
}

func FuzzParsePhases(f *testing.F) {
	for _, text := range []string{"10", "1..50@1m,50@5m", "600/m@1h", "3..0@1ns"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParsePhases(text)
		p := Plan{Phases: list}
		if err != nil || p.Validate() != nil {
			return
		}
		for _, p.Poisson = range []bool{false, true} {
			times := all(p, 2000)
			if !slices.IsSorted(times) {
				t.Errorf("%q: not in order", text)
			}
			end, endless := p.Duration()
			if n := len(times); n > 0 && (times[0] < 0 || !endless && times[n-1] > end+time.Microsecond) {
				t.Errorf("%q: from %v to %v, the plan ends at %v", text, times[0], times[n-1], end)
			}
		}
	})
}
