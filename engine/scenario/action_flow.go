package scenario

// Wait waits.
type Wait struct {
	// For is how long: a time, or 1s..3s for one between these that the run's seed chooses.
	For DurationRange `yaml:"for,required,short"`
}

// Parallel does lists of steps at the same time and is over when all are. One that fails ends the
// others.
type Parallel struct {
	// Branches are the lists, named or not.
	Branches []Branch `yaml:"branches,required,inline"`
}

// Branch is one of the lists of [Parallel].
type Branch struct {
	// Name is what reports call it; empty where there is none.
	Name  string
	Steps []Step
}

// Repeat does steps again and again.
type Repeat struct {
	// Times is how often, at most where there is an Until.
	Times int `yaml:"times,required"`
	// Until ends the repeating when it holds after the steps. When it never does, the step
	// fails.
	Until Condition `yaml:"until"`
	// Steps are done in order.
	Steps []Step `yaml:"steps,required"`
}

// Call does the steps of another scenario.
type Call struct {
	// File is the other scenario.
	File string `yaml:"file,required,short"`
	// With gives its variables values.
	With Pairs `yaml:"with"`
	// Actors says which actor of this scenario plays each actor of the other; those of the same
	// name play themselves.
	Actors Pairs `yaml:"actors"`

	// Scenario is the other scenario, which Load and Parse have read.
	Scenario *Scenario `yaml:"-"`
}

// Set gives variables values.
type Set struct {
	// Variables are set in order.
	Variables Pairs `yaml:"variables,required,inline"`
}

// Assert fails unless something holds.
type Assert struct {
	// That is the condition, as `${digits} == 42`.
	That Condition `yaml:"that,required,short"`
	// Message is what the report says then, besides.
	Message string `yaml:"message"`
}

// Log writes a line into the report.
type Log struct {
	// Text is the line.
	Text string `yaml:"text,required,short"`
}
