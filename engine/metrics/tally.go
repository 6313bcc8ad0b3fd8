package metrics

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/offhook-voip/offhook/engine"
)

// tally counts events.
type tally struct {
	registrations, calls, rejected                  *prometheus.CounterVec
	setup, duration                                 *prometheus.HistogramVec
	ringing, roundTrip                              prometheus.Histogram
	packets, lost                                   *prometheus.CounterVec
	discarded, eventsLost, received                 prometheus.Counter
	jitter, mos                                     *prometheus.HistogramVec
	digits, messages, transfers, failures, webhooks *prometheus.CounterVec

	mu   sync.Mutex
	live map[engine.CallID]*liveCall // that are not over
}

// liveCall is what has to be known of a call until it ends.
type liveCall struct {
	began    time.Time // zero: before we listened
	rang     bool
	answered bool
	rx, tx   flow // what was counted
}

// flow are packets of one direction.
type flow struct{ packets, lost, discarded uint64 }

// The bounds of the histograms. A timer of SIP that runs out is 32 s.
var (
	setupBounds    = []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 120}
	durationBounds = []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200}
	jitterBounds   = []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2}
	tripBounds     = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1}
	mosBounds      = []float64{1.5, 2, 2.5, 3, 3.25, 3.5, 3.75, 4, 4.1, 4.2, 4.3, 4.4}
)

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func plain(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func histogram(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds}, labels)
}

func plainHistogram(name, help string, bounds []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: bounds})
}

func newTally() *tally {
	return &tally{
		registrations: counter("offhook_registrations_total", "Outcomes of REGISTER requests, by the class of the answer's code.", "code"),
		calls:         counter("offhook_calls_total", "Calls that are over, by their last status code.", "role", "code"),
		rejected:      counter("offhook_calls_rejected_total", "INVITEs that were refused before they became a call.", "code"),
		setup:         histogram("offhook_call_setup_seconds", "From the INVITE to the answer, of calls that were answered.", setupBounds, "role"),
		ringing:       plainHistogram("offhook_call_ringing_seconds", "From the INVITE of a call of ours to the first 18x.", setupBounds),
		duration:      histogram("offhook_call_duration_seconds", "From the answer to the end, of calls that were answered.", durationBounds, "role"),
		packets:       counter("offhook_rtp_packets_total", "RTP packets.", "direction"),
		lost:          counter("offhook_rtp_packets_lost_total", "RTP packets that did not arrive; of tx, as the far ends report.", "direction"),
		discarded:     plain("offhook_rtp_frames_discarded_total", "Frames of audio that came too late or found no room in the jitter buffer."),
		jitter:        histogram("offhook_rtp_jitter_seconds", "Mean jitter of a call; of tx, as the far end reports.", jitterBounds, "direction"),
		roundTrip:     plainHistogram("offhook_rtp_round_trip_seconds", "Mean round trip of a call, by RTCP.", tripBounds),
		mos:           histogram("offhook_call_mos", "Estimated MOS of a call, from 1 to 4.41.", mosBounds, "direction"),
		digits:        counter("offhook_dtmf_digits_total", "DTMF digits.", "direction", "method"),
		received:      plain("offhook_messages_received_total", "SIP MESSAGEs that came."),
		messages:      counter("offhook_messages_sent_total", "SIP MESSAGEs that were sent, by the class of the answer's code.", "code"),
		transfers:     counter("offhook_transfers_total", "Transfers of ours that are over.", "outcome"),
		eventsLost:    plain("offhook_events_lost_total", "Events that nobody counted, as the engine or the counting was too far behind."),
		failures:      counter("offhook_failures_total", "Hooks, recordings and files of the engine's own that failed.", "kind"),
		webhooks:      counter("offhook_webhook_changes_total", "Receivers of webhooks that went away or came back.", "state"),
		live:          make(map[engine.CallID]*liveCall),
	}
}

func (t *tally) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		t.registrations, t.calls, t.rejected, t.setup, t.ringing, t.duration, t.packets, t.lost, t.discarded, t.jitter,
		t.roundTrip, t.mos, t.digits, t.received, t.messages, t.transfers, t.eventsLost, t.failures, t.webhooks,
	}
}

// count counts an event.
func (t *tally) count(ev engine.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch ev := ev.(type) {
	case engine.RegistrationChanged:
		if !ev.Unregistering {
			t.registrations.WithLabelValues(classOf(ev.Code)).Inc()
		}
	case engine.CallStateChanged:
		t.stateLocked(ev)
	case engine.CallQuality:
		if c := t.live[ev.Call]; c != nil {
			// RX is since the CallQuality before, TX of the whole call.
			t.flowLocked("rx", &c.rx, flow{c.rx.packets + ev.RX.Packets, c.rx.lost + ev.RX.Lost, c.rx.discarded + ev.RX.Discarded})
			t.flowLocked("tx", &c.tx, flow{ev.TX.Packets, ev.TX.Lost, 0})
		}
	case engine.CallEnded:
		t.endLocked(ev)
	case engine.CallRejected:
		t.rejected.WithLabelValues(codeOf(ev.Code)).Inc()
	case engine.DTMFReceived:
		t.digits.WithLabelValues("rx", ev.Method).Inc()
	case engine.DTMFSent:
		t.digits.WithLabelValues("tx", ev.Method).Add(float64(len(ev.Digits)))
	case engine.MessageReceived:
		t.received.Inc()
	case engine.MessageStatus:
		t.messages.WithLabelValues(classOf(ev.Code)).Inc()
	case engine.TransferEnded:
		t.transfers.WithLabelValues(ev.Outcome).Inc()
	case engine.EventsLost:
		t.eventsLost.Add(float64(ev.Count))
	case engine.HookFailed:
		t.failures.WithLabelValues("hook").Inc()
	case engine.RecordingFailed:
		t.failures.WithLabelValues("recording").Inc()
	case engine.FileFailed:
		t.failures.WithLabelValues("file").Inc()
	case engine.WebhookChanged:
		t.webhooks.WithLabelValues(map[bool]string{true: "up", false: "down"}[ev.Up]).Inc()
	}
}

func (t *tally) stateLocked(ev engine.CallStateChanged) {
	if ev.State == engine.StateDisconnected {
		return // CallEnded says all
	}
	c := t.live[ev.Call]
	if c == nil {
		c = &liveCall{}
		if ev.State == engine.StateCalling || ev.State == engine.StateIncoming {
			c.began = ev.Time
		}
		t.live[ev.Call] = c
	}
	if c.began.IsZero() {
		return
	}
	took := ev.Time.Sub(c.began).Seconds()
	switch {
	case ev.State == engine.StateEarly && ev.Role == "UAC" && !c.rang:
		c.rang = true
		t.ringing.Observe(took)
	case ev.State == engine.StateConfirmed && !c.answered:
		c.answered = true
		t.setup.WithLabelValues(ev.Role).Observe(took)
	}
}

func (t *tally) endLocked(ev engine.CallEnded) {
	t.calls.WithLabelValues(ev.Role, codeOf(ev.Code)).Inc()
	c := t.live[ev.Call]
	if c == nil {
		c = &liveCall{}
	}
	delete(t.live, ev.Call)
	if ev.DurationMS > 0 {
		t.duration.WithLabelValues(ev.Role).Observe(float64(ev.DurationMS) / 1000)
	}
	t.flowLocked("rx", &c.rx, flow{ev.RX.Packets, ev.RX.Lost, ev.RX.Discarded})
	t.flowLocked("tx", &c.tx, flow{ev.TX.Packets, ev.TX.Lost, 0})
	reports := ev.RTTMS > 0 // the far end has told what it hears
	if ev.RX.Packets > 0 {
		t.jitter.WithLabelValues("rx").Observe(ev.RX.JitterMS / 1000)
	}
	if reports {
		t.jitter.WithLabelValues("tx").Observe(ev.TX.JitterMS / 1000)
		t.roundTrip.Observe(ev.RTTMS / 1000)
	}
	if ev.RX.MOS > 0 {
		t.mos.WithLabelValues("rx").Observe(ev.RX.MOS)
	}
	if ev.TX.MOS > 0 {
		t.mos.WithLabelValues("tx").Observe(ev.TX.MOS)
	}
}

// flowLocked counts what a call has now and had not before. A loss that turned out to be
// none cannot be taken back.
func (t *tally) flowLocked(direction string, had *flow, has flow) {
	more := func(now uint64, before *uint64) float64 {
		if now <= *before {
			return 0
		}
		d := now - *before
		*before = now
		return float64(d)
	}
	t.packets.WithLabelValues(direction).Add(more(has.packets, &had.packets))
	t.lost.WithLabelValues(direction).Add(more(has.lost, &had.lost))
	t.discarded.Add(more(has.discarded, &had.discarded))
}

// keep forgets all calls but these, after events were missed.
func (t *tally) keep(calls []engine.CallInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	live := make(map[engine.CallID]*liveCall)
	for _, info := range calls {
		if c, ok := t.live[info.ID]; ok {
			live[info.ID] = c
		}
	}
	t.live = live
}

// classOf is the label of a code's class, "none" where there was no answer.
func classOf(code int) string {
	if code < 100 || code > 699 {
		return "none"
	}
	return fmt.Sprintf("%dxx", code/100)
}

// codeOf is the label of a code. The far end chooses it, so one that is not registered
// (RFC 3261 and IANA's list) is told as its class.
func codeOf(code int) string {
	switch {
	case code >= 200 && code <= 204, code >= 300 && code <= 305, code == 380,
		code >= 400 && code <= 417, code >= 420 && code <= 440, code == 469, code == 470,
		code >= 480 && code <= 494, code >= 500 && code <= 505, code == 513, code == 555,
		code == 580, code >= 600 && code <= 608:
		return strconv.Itoa(code)
	}
	return classOf(code)
}
