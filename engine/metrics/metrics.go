// Package metrics counts what an engine does, in the form that Prometheus reads. It reads
// the engine's events and its snapshot; no label is ever a URI, a number or a call.
//
// The counters are kept from the start, since what happened before the first scrape counts;
// everything that only a scrape needs is made by the first one.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// Metrics counts what one engine does, from New to the engine's end. Its methods may be
// called from several goroutines.
type Metrics struct {
	source   source
	version  string
	tally    *tally
	requests *prometheus.CounterVec
	registry func() *prometheus.Registry
	handler  func() http.Handler
	done     chan struct{} // closed when no event follows any more
}

// source is what is counted: an [engine.Engine].
type source interface {
	Snapshot() engine.Snapshot
	Follow() (engine.Snapshot, *engine.Subscription)
}

// New counts what e does; version is that of the program. It is to be called before e runs,
// so that nothing is missed.
func New(e *engine.Engine, version string) *Metrics {
	m := newMetrics(e, version)
	_, sub := e.Follow()
	go m.follow(sub)
	return m
}

func newMetrics(s source, version string) *Metrics {
	m := &Metrics{
		source: s, version: version, tally: newTally(), done: make(chan struct{}),
		requests: counter("offhook_api_requests_total", "Requests to the API that were answered.", "method", "code"),
	}
	m.registry = sync.OnceValue(m.makeRegistry)
	m.handler = sync.OnceValue(func() http.Handler {
		return promhttp.HandlerFor(m.registry(), promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	})
	return m
}

// ServeHTTP answers a scrape.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.handler().ServeHTTP(w, r) }

// CountRequest counts a request to the API and the status of its answer.
func (m *Metrics) CountRequest(method string, status int) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch:
	default:
		method = "other" // the sender chooses the word
	}
	m.requests.WithLabelValues(method, strconv.Itoa(status)).Inc()
}

// follow counts events until the engine ends. One that was cut off begins again, and knows
// how much it missed.
func (m *Metrics) follow(sub *engine.Subscription) {
	defer close(m.done)
	for again := true; again; {
		again = false
		for ev := range sub.Events() {
			m.tally.count(ev)
			if lost, ok := ev.(engine.EventsLost); ok && lost.Final {
				again = true
			}
		}
		if again {
			var snap engine.Snapshot
			snap, sub = m.source.Follow()
			m.tally.keep(snap.Calls)
		}
	}
}

func (m *Metrics) makeRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(m.requests, &now{m.source}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(m.tally.collectors()...)
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "offhook_build_info", Help: "1, with the versions of Offhook, PJSIP and Go as labels.",
		ConstLabels: prometheus.Labels{"version": m.version, "pjsip": pjsua.Version(), "goversion": runtime.Version()},
	}, func() float64 { return 1 }))
	return r
}

// now tells how the engine is when it is asked.
type now struct{ source source }

var (
	upDesc         = prometheus.NewDesc("offhook_up", "1 while the engine runs, 0 while it starts or stops.", nil, nil)
	accountsDesc   = prometheus.NewDesc("offhook_accounts", "Accounts that register.", nil, nil)
	registeredDesc = prometheus.NewDesc("offhook_accounts_registered", "Accounts that are registered.", nil, nil)
	callsDesc      = prometheus.NewDesc("offhook_calls", "Calls that are not over.", []string{"role", "state"}, nil)
	eventsDesc     = prometheus.NewDesc("offhook_events_total", "Events of the engine.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (n *now) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{upDesc, accountsDesc, registeredDesc, callsDesc, eventsDesc} {
		ch <- d
	}
}

// callStates are those that a call can be in, which are told with 0 calls too.
var callStates = map[string][]engine.CallState{
	"UAC": {engine.StateCalling, engine.StateEarly, engine.StateConnecting, engine.StateConfirmed},
	"UAS": {engine.StateIncoming, engine.StateEarly, engine.StateConnecting, engine.StateConfirmed},
}

// Collect implements [prometheus.Collector].
func (n *now) Collect(ch chan<- prometheus.Metric) {
	snap := n.source.Snapshot()
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	up, registers, registered := 0, 0, 0
	if snap.State == "running" {
		up = 1
	}
	for _, a := range snap.Accounts {
		if a.Registers {
			registers++
		}
		if a.Registered {
			registered++
		}
	}
	gauge(upDesc, up)
	gauge(accountsDesc, registers)
	gauge(registeredDesc, registered)
	type key struct {
		role  string
		state engine.CallState
	}
	calls := make(map[key]int)
	for role, states := range callStates {
		for _, s := range states {
			calls[key{role, s}] = 0
		}
	}
	for _, c := range snap.Calls {
		// One that has just begun is in the state NULL for a moment.
		if k := (key{c.Role, c.State}); c.State != engine.StateNull {
			calls[k]++
		}
	}
	for k, v := range calls {
		gauge(callsDesc, v, k.role, string(k.state))
	}
	ch <- prometheus.MustNewConstMetric(eventsDesc, prometheus.CounterValue, float64(snap.Seq))
}
