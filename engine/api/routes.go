package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// route is one line of the API.
type route struct {
	method, path string
	id           string // name of the operation in the OpenAPI document
	tag          string
	scope        Scope
	summary      string
	description  string
	status       int // of success; 200 where there is an answer, else 204
}

func (rt route) operation() huma.Operation {
	return huma.Operation{
		OperationID: rt.id, Method: rt.method, Path: rt.path, Tags: []string{rt.tag},
		Summary: rt.summary, Description: rt.description, DefaultStatus: rt.status,
		Security: []map[string][]string{{"token": {rt.scope.String()}}},
		// guard bounds bodies, in size and in time.
		MaxBodyBytes: -1, BodyReadTimeout: -1,
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if err := allowed(ctx.Context(), rt.scope); err != nil {
				_, w := humago.Unwrap(ctx)
				writeError(w, err)
				return
			}
			next(ctx)
		}},
	}
}

// handle adds a request whose body and answer are types.
func handle[I, O any](s *Server, rt route, fn func(context.Context, *I) (*O, error)) {
	register(s, rt.operation(), fn)
}

func register[I, O any](s *Server, op huma.Operation, fn func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := fn(ctx, in)
		if err == nil {
			return out, nil
		}
		problem := asError(err)
		if problem.Status >= 500 {
			s.log.Warn("request failed", "request", op.OperationID, "error", problem.Detail)
		}
		return nil, problem
	})
}

// handleRaw adds a request that reads or writes what is no JSON. op documents it.
func (s *Server) handleRaw(rt route, document func(*huma.Operation), fn func(http.ResponseWriter, *http.Request) error) {
	op := rt.operation()
	op.Responses = map[string]*huma.Response{}
	document(&op)
	s.api.OpenAPI().AddOperation(&op)
	s.mux.HandleFunc(rt.method+" "+rt.path, s.raw(rt.scope, fn))
}

// raw lets those who have a scope call fn.
func (s *Server) raw(scope Scope, fn func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := allowed(r.Context(), scope)
		if err == nil {
			if failed := fn(w, r); failed != nil {
				err = asError(failed)
			}
		}
		if err != nil {
			writeError(w, err)
		}
	}
}

// schemaOf returns a reference to the schema of v's type.
func (s *Server) schemaOf(v any) *huma.Schema {
	return s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// The shapes that huma takes for inputs and outputs. It does not look into embedded types
// that are not exported, so none are embedded.
type (
	nothing       struct{}
	answer[T any] struct{ Body T }
	may[T any]    struct{ Body *T } // a request that can do without a body
	callPath      struct {
		Call callRef `path:"call"`
	}
	withBody[T any] struct {
		Call callRef `path:"call"`
		Body T
	}
	mayHaveBody[T any] struct {
		Call callRef `path:"call"`
		Body *T
	}
	accountPath struct {
		Account int `path:"account" minimum:"0" doc:"Number of the account, 0 for the local one"`
	}
	withAccount[T any] struct {
		Account int `path:"account" minimum:"0" doc:"Number of the account, 0 for the local one"`
		Body    T
	}
)

// callRef is a call in a path.
type callRef string

// Schema implements huma.SchemaProvider.
func (callRef) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{
		Type: huma.TypeString, Pattern: "^([1-9][0-9]{0,17}|selected)$",
		Description: "The call's id, or selected for the one that MicroSIP would choose",
	}
	s.PrecomputeMessages()
	return s
}

func (r callRef) id() CallID {
	id, _ := strconv.ParseInt(string(r), 10, 64) // 0 for selected; huma has checked it
	return CallID(id)
}

func (in *callPath) id() CallID       { return in.Call.id() }
func (in *withBody[T]) id() CallID    { return in.Call.id() }
func (in *mayHaveBody[T]) id() CallID { return in.Call.id() }
func (in *mayHaveBody[T]) body() T    { return (&may[T]{in.Body}).body() }

func (in *may[T]) body() (body T) {
	if in.Body != nil {
		body = *in.Body
	}
	return body
}

type list[T any] struct{ Body []T }

// listOf is never null in JSON.
func listOf[T any](items []T) *list[T] {
	if items == nil {
		items = []T{}
	}
	return &list[T]{items}
}

func (s *Server) softphoneRoutes() {
	handle(s, route{
		method: "GET", path: "/v1/status", id: "status", tag: "softphone", scope: ScopeRead, summary: "How the softphone is",
	}, func(context.Context, *nothing) (*answer[Status], error) {
		st := s.phone.Status()
		st.Version, st.Config, st.Watchers = s.cfg.Version, s.cfg.ConfigFile, int(s.watch.Load())
		st.CutOff, st.API = int(s.cuts.Load()), s.addresses()
		if st.Transports == nil {
			st.Transports = []TransportAddress{}
		}
		return &answer[Status]{st}, nil
	})
	handle(s, route{
		method: "POST", path: "/v1/stop", id: "stop", tag: "softphone", scope: ScopeAdmin, status: http.StatusAccepted,
		summary: "Hang up, unregister and end", description: "The engine has ended when its stream of events has.",
	}, func(context.Context, *nothing) (*nothing, error) {
		s.phone.Stop()
		return &nothing{}, nil
	})
	handle(s, route{
		method: "POST", path: "/v1/reload", id: "reload", tag: "softphone", scope: ScopeAdmin,
		summary: "Read the configuration again", description: "Only what changed is changed, and no call ends. With a mistake in the configuration nothing changes.",
	}, func(ctx context.Context, _ *nothing) (*answer[Reloaded], error) {
		r, err := s.phone.Reload(ctx)
		if err != nil {
			return nil, err
		}
		r.Changed, r.Restart = listOf(r.Changed).Body, listOf(r.Restart).Body
		return &answer[Reloaded]{r}, nil
	})
}

func (s *Server) accountRoutes() {
	const tag = "accounts"
	handle(s, route{
		method: "GET", path: "/v1/accounts", id: "accounts", tag: tag, scope: ScopeRead, summary: "All accounts",
	}, func(context.Context, *nothing) (*list[Account], error) { return listOf(s.phone.Accounts()), nil })
	handle(s, route{
		method: "POST", path: "/v1/accounts/{account}/register", id: "register", tag: tag, scope: ScopeAdmin, status: http.StatusAccepted,
		summary: "Send a REGISTER now", description: "The outcome is a RegistrationChanged event.",
	}, func(ctx context.Context, in *accountPath) (*nothing, error) {
		return &nothing{}, s.phone.Register(ctx, in.Account)
	})
	handle(s, route{
		method: "POST", path: "/v1/accounts/{account}/unregister", id: "unregister", tag: tag, scope: ScopeAdmin, status: http.StatusAccepted,
		summary: "End the registration", description: "The account stays, and does not register again by itself.",
	}, func(ctx context.Context, in *accountPath) (*nothing, error) {
		return &nothing{}, s.phone.Unregister(ctx, in.Account)
	})
}
