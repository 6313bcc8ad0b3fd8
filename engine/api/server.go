package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/hashicorp/go-hclog"
)

// Config is what [NewServer] needs. Only Softphone is required.
type Config struct {
	Softphone Softphone
	// Events has a value of each type that the softphone's event streams give, for the
	// schema. Their JSON has "seq", "time" and "type".
	Events []any
	// Tokens are needed by [Server.ServeTCP]; without them it refuses everybody.
	Tokens *Tokens
	// Hosts are names that requests may have as their host, beside localhost and
	// addresses.
	Hosts []string
	// Prompts and Recordings are folders; where one is empty there are no such files.
	Prompts    string
	Recordings string
	Version    string // of the program
	ConfigFile string // told in the status
	// Metrics answers GET /metrics; nil: there are none.
	Metrics http.Handler
	// Answered is told of each answer, those of refused requests included, when it begins;
	// nil: nobody is. It is called from several goroutines.
	Answered func(method string, status int)
	Limits   Limits
	Log      hclog.Logger
}

// Limits bound what clients may ask for. 0 is the default of each.
type Limits struct {
	Body   int64 // bytes of a request's body; 64 KiB
	Prompt int64 // bytes of a prompt; 64 MiB
	// Requests in a second for each token, and for each address without one; 100, of
	// which Burst may come at once; 200. A socket has no such limit.
	Requests float64
	Burst    int
	Watchers int // readers of events at a time; 1000
	Backlog  int // events that a reader may be behind before it is cut off; 4096
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	if l.Body <= 0 {
		l.Body = 64 << 10
	}
	if l.Prompt <= 0 {
		l.Prompt = 64 << 20
	}
	if l.Requests <= 0 {
		l.Requests = 100
	}
	set(&l.Burst, 200)
	set(&l.Watchers, 1000)
	set(&l.Backlog, 4096)
	return l
}

// Server serves a [Softphone] on any number of listeners.
type Server struct {
	cfg     Config
	limits  Limits
	phone   Softphone
	log     hclog.Logger
	hosts   []string
	limiter *limiter
	ready   func() error // makes mux, api, spec and events
	mux     *http.ServeMux
	api     huma.API
	spec    []byte       // the OpenAPI document
	events  []byte       // the schema of events
	watch   atomic.Int64 // readers of events now
	cuts    atomic.Int64 // those that were cut off so far
	cutTime time.Duration

	ctx    context.Context // ends with the server: long requests do
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	https  []*http.Server
	where  []string
	active sync.WaitGroup // streams of events, which http.Server does not wait for
}

// NewServer checks cfg and makes a server that listens nowhere yet.
func NewServer(cfg Config) (*Server, error) {
	if cfg.Softphone == nil {
		return nil, errors.New("api: no softphone")
	}
	if cfg.Log == nil {
		cfg.Log = hclog.NewNullLogger()
	}
	limits := cfg.Limits.withDefaults()
	s := &Server{
		cfg: cfg, limits: limits, phone: cfg.Softphone, log: cfg.Log,
		limiter: newLimiter(limits.Requests, float64(limits.Burst)),
		mux:     http.NewServeMux(),
		cutTime: cutTime,
	}
	for _, h := range cfg.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(h))
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.ready = sync.OnceValue(s.routes)
	return s, nil
}

// answer makes the table of requests when the first one comes: it takes more memory than
// all else of an engine that nobody asks for anything.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == metricsPath {
		// Of many engines nothing else is ever asked.
		s.raw(ScopeRead, s.serveMetrics)(w, r)
		return
	}
	if err := s.ready(); err != nil {
		s.refuse(w, r, Errorf(http.StatusInternalServerError, CodeInternal, "%v", err))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// routes fills the table of requests and makes the OpenAPI document of it.
func (s *Server) routes() error {
	s.api = humago.New(s.mux, s.humaConfig())
	s.softphoneRoutes()
	s.commandRoutes()
	s.levelRoutes()
	s.callRoutes()
	s.moreCallRoutes()
	s.conferenceRoutes()
	s.messageRoutes()
	s.logRoutes()
	s.contactRoutes()
	s.accountRoutes()
	s.changeAccountRoutes()
	s.fileRoutes()
	s.metricsRoute()
	if err := s.eventRoutes(); err != nil {
		return err
	}
	s.mux.HandleFunc("GET /openapi.json", s.serveSpec)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, Errorf(http.StatusNotFound, CodeNotFound, "there is no %s %s; GET /openapi.json has what there is", r.Method, r.URL.Path))
	})
	doc := s.api.OpenAPI()
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if op != nil {
				s.ourErrors(op)
			}
		}
	}
	// Of huma's own errors, which no answer is.
	delete(doc.Components.Schemas.Map(), "ErrorModel")
	delete(doc.Components.Schemas.Map(), "ErrorDetail")
	spec, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return fmt.Errorf("api: OpenAPI document: %w", err)
	}
	s.spec = append(spec, '\n')
	return nil
}

func (s *Server) humaConfig() huma.Config {
	cfg := huma.DefaultConfig("Offhook", "1")
	cfg.Info.Description = "Commands a running Offhook softphone. On its Unix socket, which on Windows is a named pipe, no token is needed; on TCP every request has Authorization: Bearer TOKEN, with a token of the scope that the request names or of a wider one (read, call, admin)."
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil // no $schema in the answers
	cfg.RejectUnknownQueryParameters = true
	cfg.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	cfg.Transformers = []huma.Transformer{func(_ huma.Context, _ string, v any) (any, error) {
		if m, ok := v.(*huma.ErrorModel); ok {
			return fromHuma(m), nil
		}
		return v, nil
	}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of the token file. The scopes are read, call, and admin; each includes those before it."},
	}
	return cfg
}

// ourErrors documents the error that the server really answers with.
func (s *Server) ourErrors(op *huma.Operation) {
	op.Responses["default"] = &huma.Response{
		Description: "Error",
		Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: s.schemaOf(Error{})}},
	}
}

func (s *Server) serveSpec(w http.ResponseWriter, r *http.Request) {
	if err := allowed(r.Context(), ScopeRead); err != nil {
		s.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(s.spec) // the reader may have gone
}

// OpenAPI returns the OpenAPI 3.1 document that GET /openapi.json answers.
func (s *Server) OpenAPI() []byte {
	if s.ready() != nil {
		return nil
	}
	return s.spec
}

// ServeSocket serves a listener to which only those can connect who may do everything,
// until it is closed or the server is.
func (s *Server) ServeSocket(l net.Listener) error { return s.serve(l, true) }

// ServeTCP serves a listener to which strangers can connect: requests need a token.
func (s *Server) ServeTCP(l net.Listener) error { return s.serve(l, false) }

func (s *Server) serve(l net.Listener, local bool) error {
	srv := &http.Server{
		Handler:           s.guard(local, http.HandlerFunc(s.answer)),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ErrorLog:          log.New(s.log.Named("http").StandardWriter(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}), "", 0),
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return l.Close()
	}
	s.https = append(s.https, srv)
	if at := l.Addr().String(); local {
		s.where = slices.Insert(s.where, 0, at)
	} else {
		s.where = append(s.where, at)
	}
	s.mu.Unlock()
	err := srv.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("api: %w", err)
}

// addresses returns where the server listens, sockets first.
func (s *Server) addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.where...)
}

// Shutdown lets the requests that are being answered, and the streams of a softphone that
// has ended, come to their end within ctx, and then closes everything.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	servers := s.https
	s.mu.Unlock()
	streams := make(chan struct{})
	go func() {
		s.active.Wait()
		close(streams)
	}()
	var errs []error
	for _, srv := range servers {
		if err := srv.Shutdown(ctx); err != nil {
			errs = append(errs, srv.Close())
		}
	}
	select {
	case <-streams:
	case <-ctx.Done():
	}
	s.cancel()
	<-streams
	return errors.Join(errs...)
}
