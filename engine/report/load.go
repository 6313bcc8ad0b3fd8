package report

import "time"

// LoadRun is the result of a run of load: the same scenario, or the same call, many times
// at a rate.
type LoadRun struct {
	Name    string    `json:"name"`    // the title of reports
	Version string    `json:"version"` // of Offhook
	Host    string    `json:"host"`    // the machine's name
	Command string    `json:"command"` // the command line, without secrets
	Started time.Time `json:"started"`
	// Duration is until the last call was over.
	Duration Millis `json:"duration_ms"`
	Seed     int64  `json:"seed"`
	// Plan says in words when calls were due: "10 calls/s for 30s, Poisson".
	Plan string `json:"plan"`
	// MaxRunning is the cap on calls at a time, 0 for none.
	MaxRunning int `json:"max_running,omitempty"`
	// Outcome is Passed when the run came to its end and everything required was so.
	Outcome Outcome `json:"outcome"`
	// Stopped says why the run ended before its plan: a stop rule, or an interruption.
	Stopped string `json:"stopped,omitempty"`
	// Message says why the run could not go on at all.
	Message  string        `json:"message,omitempty"`
	Rules    []LoadRule    `json:"rules"`
	Counts   LoadCounts    `json:"counts"`
	Failures []LoadFailure `json:"failures"` // the most frequent first
	// Latencies are "setup" (from when the call was due to its answer), "late" (from when a
	// job was due to when it began), "duration" (from the answer to the end), and what the
	// job measured besides.
	Latencies []LoadLatency `json:"latencies"`
	// MOS has "rx" (what we heard), "tx" (what the far end heard) and "worse" (the worse of
	// the two of each call); those without any value are left out.
	MOS       []LoadMOS     `json:"mos"`
	Samples   []LoadSample  `json:"samples"` // one for each second
	Generator LoadGenerator `json:"generator"`
}

// LoadRule is a condition that the run was judged by.
type LoadRule struct {
	Text string `json:"text"` // "setup-p95 < 500ms"
	// Stops says that the run ends as soon as the condition holds, for the calls that ended
	// within Window; else it has to hold for the whole run.
	Stops  bool   `json:"stops"`
	Window Millis `json:"window_ms,omitempty"`
	// OK is false where the rule ended the run, or was not kept.
	OK bool `json:"ok"`
	// Value is what was measured, as Text has it: "612ms"; "unknown" where nothing was.
	Value string `json:"value"`
}

// LoadCounts says what became of the calls that were due. Due is the sum of Begun and
// Capped; Begun that of Passed, Failed, Cut and Running.
type LoadCounts struct {
	Due    int `json:"due"`
	Begun  int `json:"begun"`
	Capped int `json:"capped"` // not begun: the cap
	Passed int `json:"passed"`
	Failed int `json:"failed"`
	Cut    int `json:"cut"` // still running at the end, and hung up: neither passed nor failed
	// Running is 0 at the end.
	Running int `json:"running"`
}

// LoadFailure is a reason for which calls failed.
type LoadFailure struct {
	Code   int    `json:"code,omitempty"` // SIP status code, 0 where it is about none
	Reason string `json:"reason"`
	Count  int    `json:"count"`
	// Here says that it happened on this machine, and tells nothing of the far end.
	Here bool `json:"here,omitempty"`
}

// LoadLatency is how a time was distributed, exact to 0.1 %.
type LoadLatency struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Min   Millis `json:"min_ms"`
	Mean  Millis `json:"mean_ms"`
	P50   Millis `json:"p50_ms"`
	P90   Millis `json:"p90_ms"`
	P95   Millis `json:"p95_ms"`
	P99   Millis `json:"p99_ms"`
	P999  Millis `json:"p99_9_ms"`
	Max   Millis `json:"max_ms"`
	// Curve is the time that so many per cent of the calls stayed within, for a plot over
	// percentiles.
	Curve []LoadPoint `json:"curve"`
}

// LoadPoint is a point of a [LoadLatency]'s curve.
type LoadPoint struct {
	Percentile float64 `json:"percentile"`
	Value      Millis  `json:"value_ms"`
}

// LoadMOS is how MOS was distributed.
type LoadMOS struct {
	Name  string  `json:"name"`
	Count int     `json:"count"`
	Min   float64 `json:"min"`
	P5    float64 `json:"p5"`
	P50   float64 `json:"p50"`
	Mean  float64 `json:"mean"`
	Max   float64 `json:"max"`
}

// LoadSample is what happened since the sample before.
type LoadSample struct {
	At     Millis  `json:"at_ms"`  // its end, from the run's start
	Target float64 `json:"target"` // calls per second that the plan asked for
	Due    int     `json:"due"`
	Begun  int     `json:"begun"`
	Capped int     `json:"capped"`
	Passed int     `json:"passed"`
	Failed int     `json:"failed"`
	// Running are the calls at the end of the sample.
	Running int `json:"running"`
	// SetupP50 and the others are of the calls that ended since the sample before, 0 where
	// there was none.
	SetupP50 Millis  `json:"setup_p50_ms"`
	SetupP95 Millis  `json:"setup_p95_ms"`
	SetupMax Millis  `json:"setup_max_ms"`
	MOS      float64 `json:"mos"` // mean of the worse of the two directions, 0: not known
	// LateMax is how late a job began at most.
	LateMax Millis `json:"late_max_ms"`
	// CPU is the process's time in per cent of all cores.
	CPU float64 `json:"cpu"`
	// SchedulingP99 is how long goroutines that could have run waited for a thread.
	SchedulingP99 Millis `json:"scheduling_p99_ms"`
	Memory        uint64 `json:"memory"` // resident, in bytes; 0: not known
}

// LoadGenerator is how the machine that made the load fared.
type LoadGenerator struct {
	Cores   int     `json:"cores"`
	CPUMean float64 `json:"cpu_mean"` // in per cent of all cores
	CPUMax  float64 `json:"cpu_max"`  // of a second
	// Late are the jobs that began later than LateLimit after they were due.
	Late          int    `json:"late"`
	LateLimit     Millis `json:"late_limit_ms"`
	SchedulingP99 Millis `json:"scheduling_p99_ms"`
	LostFrames    uint64 `json:"lost_frames"` // of audio, that the machine was too slow to play
	MemoryMax     uint64 `json:"memory_max"`  // resident, in bytes; 0: not known
	PeakRunning   int    `json:"peak_running"`
	// CallLimit is how many calls this machine has room for, by PJSIP's limits and by its
	// RTP ports; 0: not known.
	CallLimit int `json:"call_limit,omitempty"`
	// Limits say in words where the generator was at its own limit. Where there are any, the
	// results tell about this machine and not about what is tested.
	Limits []string `json:"limits"`
}
