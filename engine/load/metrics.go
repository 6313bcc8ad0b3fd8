package load

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are what Prometheus reads of a run. docs/metrics.md describes them.
type meters struct {
	begun, capped   prometheus.Counter
	running, target prometheus.Gauge
	ended           *prometheus.CounterVec
	setup, late     prometheus.Histogram
	mos             *prometheus.HistogramVec
}

func newMeters() *meters {
	count := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	histogram := func(name, help string, bounds ...float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds})
	}
	return &meters{
		begun:   count("offhook_load_calls_begun_total", "Calls that were begun."),
		capped:  count("offhook_load_calls_capped_total", "Calls that were due and not begun, because of the cap."),
		running: gauge("offhook_load_calls", "Calls that run."),
		target:  gauge("offhook_load_target_calls_per_second", "The rate that the plan asks for."),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "offhook_load_calls_ended_total", Help: "Calls that ended, by outcome and the status code of the failure.",
		}, []string{"outcome", "code"}),
		setup: histogram("offhook_load_setup_seconds", "From when a call was due to its answer.", 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
		late:  histogram("offhook_load_late_seconds", "From when a call was due to when it was begun.", 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1),
		mos: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "offhook_load_mos", Help: "MOS of calls that ended.", Buckets: []float64{1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.1, 4.2, 4.3, 4.4},
		}, []string{"direction"}),
	}
}

func (m *meters) begin() {
	m.begun.Inc()
	m.running.Inc()
}

func (m *meters) end(outcome string, r record) {
	m.running.Dec()
	code := "none"
	if r.out.Code >= 300 && r.out.Code <= 699 {
		code = strconv.Itoa(r.out.Code)
	}
	m.ended.WithLabelValues(outcome, code).Inc()
	if outcome == "cut" {
		return
	}
	if r.out.Setup > 0 {
		m.setup.Observe((r.late + r.out.Setup).Seconds())
	}
	for direction, mos := range map[string]float64{"rx": r.out.MOSRX, "tx": r.out.MOSTX} {
		if mos > 0 {
			m.mos.WithLabelValues(direction).Observe(mos)
		}
	}
}

// Collectors are the metrics of the run, for a registry of Prometheus. They can be read while
// it runs.
func (r *Runner) Collectors() []prometheus.Collector {
	m := r.meters
	return []prometheus.Collector{m.begun, m.capped, m.running, m.target, m.ended, m.setup, m.late, m.mos}
}
