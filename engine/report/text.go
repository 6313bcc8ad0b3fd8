package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// title is a scenario's name with its variables, which is how the runs of a row or of a
// matrix differ: "menu [codec=PCMU, transport=tls]".
func (s *Scenario) title() string {
	if len(s.Variables) == 0 {
		return s.Name
	}
	return s.Name + " [" + strings.Join(s.variables(), ", ") + "]"
}

// variables are the names and values, sorted by name.
func (s *Scenario) variables() []string {
	var list []string
	for name, value := range s.Variables {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// place is "file:line".
func place(file string, line int) string {
	if file == "" || line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// line is a step in one line: its name, when it has one, and what it did.
func (s *Step) line() string {
	text := s.Text
	if text == "" {
		text = s.Action
	}
	if s.Name != "" && s.Name != text {
		text = s.Name + ": " + text
	}
	if s.Actor != "" {
		text = s.Actor + ": " + text
	}
	return text
}

// duration prints m as people read it: "340 ms", "2.15 s", "3 min 05 s".
func duration(m Millis) string {
	d := time.Duration(m)
	switch {
	case d < 0:
		return "-" + duration(-m)
	case d == 0:
		return "0 s"
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	d = d.Round(time.Second)
	if d < time.Hour {
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// seconds prints m as a plain number of seconds with milliseconds.
func seconds(m Millis) string {
	return fmt.Sprintf("%.3f", time.Duration(m).Seconds())
}

// summary is such as "8 scenarios: 5 passed (1 flaky), 2 failed, 1 could not run".
func (c Counts) summary() string {
	noun := "scenarios"
	if c.Total == 1 {
		noun = "scenario"
	}
	if c.Total == 0 {
		return "0 scenarios"
	}
	var parts []string
	if c.Passed > 0 {
		p := fmt.Sprintf("%d passed", c.Passed)
		if c.Flaky > 0 {
			p += fmt.Sprintf(" (%d flaky)", c.Flaky)
		}
		parts = append(parts, p)
	}
	if c.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", c.Failed))
	}
	if c.Errors > 0 {
		parts = append(parts, fmt.Sprintf("%d could not run", c.Errors))
	}
	if c.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", c.Skipped))
	}
	return fmt.Sprintf("%d %s: %s", c.Total, noun, strings.Join(parts, ", "))
}
