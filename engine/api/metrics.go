package api

import (
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

const metricsPath = "/metrics" // where Prometheus looks unless it is told

func (s *Server) metricsRoute() {
	s.handleRaw(route{
		method: "GET", path: metricsPath, id: "metrics", tag: "softphone", scope: ScopeRead,
		summary:     "Counters and gauges for Prometheus",
		description: "docs/metrics.md describes them.",
	}, func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "Prometheus' text format, or what the request's Accept asks for",
			Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}, s.serveMetrics)
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if s.cfg.Metrics == nil {
		return Errorf(http.StatusNotFound, CodeNotFound, "this program has no metrics")
	}
	s.cfg.Metrics.ServeHTTP(w, r)
	return nil
}

// toldWriter tells the status of an answer.
type toldWriter struct {
	http.ResponseWriter
	tell func(status int)
	once sync.Once
}

// Unwrap lets [http.ResponseController] find what the connection can do.
func (w *toldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *toldWriter) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols { // the others are not the last
		w.once.Do(func() { w.tell(status) })
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *toldWriter) Write(b []byte) (int, error) {
	w.end()
	return w.ResponseWriter.Write(b)
}

// end tells the status that an answer has without a WriteHeader.
func (w *toldWriter) end() { w.once.Do(func() { w.tell(http.StatusOK) }) }
